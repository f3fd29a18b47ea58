"""Debates of two entrants until it is decided who wins more: a tournament that ends early.

A block is a meeting: the debate with the sides one way, and the other way. Its number is the score
of one entrant less that of the other. Meetings go through all motions in random order, again and
again, and the rule looks after each whole round of motions: motions that are dealt without
replacement are no independent draws, but over whole deals the capital of the bets has a mean of 1
at most all the same (by the inequality of the arithmetic and the geometric mean).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, isnan, nan
from pathlib import Path

from analysis.stopping import Decision, Method, StoppingRule, decide
from sim.errors import BadRequest
from sim.runs.options import RunOptions
from sim.runs.report import Watcher
from sim.stage.base import Stage
from sim.study.sequential import refuse_without_rule, stored_facts
from sim.tournament.formats import Meeting, RoundRobin
from sim.tournament.run import TournamentReport, run_tournament
from sim.tournament.tournament import Tournament

MEASURE = "win share"
"""What is decided: the share of an entrant's meetings that it wins, ties counting half."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A tournament of two entrants, and the rule by which it ends.

    The difference is the share of ``a`` less that of ``b``.
    """

    tournament: Tournament
    rule: StoppingRule

    @property
    def a(self) -> str:
        """The first entrant."""
        return self.tournament.entrants[0].name

    @property
    def b(self) -> str:
        """The second entrant."""
        return self.tournament.entrants[1].name

    @classmethod
    def of(
        cls,
        tournament: Tournament,
        between: Sequence[str] = (),
        *,
        margin: float | None = None,
        method: Method = "betting",
    ) -> Contest:
        """The contest of the two entrants that are named, or of the only two there are, over as
        many whole rounds of motions as the tournament has rounds for. Raises ``BadRequest``."""
        names = [entrant.name for entrant in tournament.entrants]
        for name in between:
            if name not in names:
                raise BadRequest(f"--between {name}: is no entrant; known: {', '.join(names)}")
        chosen = list(dict.fromkeys(between)) or names
        if len(chosen) != 2:
            raise BadRequest(
                f"--until decided: decides between two entrants, and here are {len(chosen)}; name "
                f"two, as in --between '{names[0]}' --between '{names[-1]}', who then meet alone"
            )
        form = tournament.format
        if not isinstance(form, RoundRobin) or form.self_play or tournament.sides != 2:
            raise BadRequest(
                "--until decided: needs a round-robin of two sides without self-play, in which the "
                "same two meet again and again; use --format round-robin --rounds 200"
            )
        if not tournament.judges:
            raise BadRequest("--until decided: nobody judges; name judges (--judges)")
        motions = len(tournament.motions)
        if form.times < 2 * motions:
            raise BadRequest(
                f"--until decided: {form.times} meetings are less than two rounds of {motions} "
                f"motions; say how often they meet at most, as in --rounds {20 * motions}"
            )
        times = form.times - form.times % motions
        two = [
            entrant for name in chosen for entrant in tournament.entrants if entrant.name == name
        ]
        return cls(
            tournament.replace(entrants=two, format=RoundRobin(times=times)),
            StoppingRule(0.0, 1.0, times, margin, method, every=motions),
        )


@dataclass(slots=True)
class _Decided:
    """Asks the rule after some rounds of motions, as many as fill the places for debates."""

    contest: Contest
    step: int
    decision: Decision = field(init=False)
    missing: int = 0

    def __post_init__(self) -> None:
        self.decision = decide(self.contest.rule, [])

    def reached(self, meetings: Sequence[Meeting]) -> bool:
        """Whether the rule decides on the meetings so far."""
        differences = [_difference(meeting) for meeting in meetings]
        self.decision = decide(self.contest.rule, differences)
        self.missing = sum(map(isnan, differences[: self.decision.blocks]))
        return self.decision.decided


def _difference(meeting: Meeting) -> float:
    """The score of entrant 0 less that of entrant 1; NaN without a verdict."""
    if meeting.scores is None:
        return nan
    by = dict(zip(meeting.entrants, meeting.scores, strict=True))
    return by[0] - by[1]


@dataclass(frozen=True, slots=True)
class ContestReport:
    """What a contest came to: the tournament as far as it was played, the decision, and how many of
    the meetings that it looked at have no verdict."""

    tournament: TournamentReport
    decision: Decision
    missing: int


async def run_contest(
    contest: Contest,
    stages: Mapping[str, Stage],
    store: Path | str,
    options: RunOptions | None = None,
    *,
    identities: Mapping[str, str],
    watch: Watcher | None = None,
) -> ContestReport:
    """Play meetings until the rule decides, or all are played.

    The rule is committed before the first debate. What was played before is refused, and so is
    another rule; a contest that was killed goes on, and decides the same. Raises ``BadRequest``,
    and what ``run_tournament`` raises.
    """
    how, cup, path = options or RunOptions(), contest.tournament, Path(store)
    if how.retry_failed:
        raise BadRequest(
            "--retry-failed: a meeting that was looked at must not change; leave it out, and "
            "debates without a verdict count as missing"
        )
    trials = [
        cup.trial(leg, identities)
        for compiled in cup.compiled(1, cup.rounds)
        for leg in compiled.legs
    ]
    facts = stored_facts(
        contest.rule, MEASURE, (contest.a, contest.b),
        [motion.topic for motion in cup.motions], trials,
    )  # fmt: skip
    refuse_without_rule(trials, facts, path)
    motions, legs = len(cup.motions), 2 if cup.swap else 1
    waves = max(1, ceil(how.concurrency / (motions * legs)))
    decided = _Decided(contest, motions * waves)
    report = await run_tournament(
        cup, stages, path, replace(how, stopping=facts), identities=identities, watch=watch,
        enough=decided,
    )  # fmt: skip
    return ContestReport(report, decided.decision, decided.missing)
