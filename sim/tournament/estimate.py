"""Estimates of a tournament before a call is made: debates, verdicts, tokens, money."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sim.calls.prices import Prices
from sim.engine import play
from sim.planning import Trial
from sim.runs.estimate import (
    PLAYED_ON,
    Count,
    Counting,
    Estimate,
    priced,
    with_count,
)
from sim.stage.base import Request, Stage
from sim.stage.open import open_model
from sim.store import VerdictKey, open_store
from sim.tournament.formats import Meeting
from sim.tournament.judge_prompt import blinded, judge_prompt, orders
from sim.tournament.judging import Panel, judge_asked
from sim.tournament.rubric import verdict_schema
from sim.tournament.tournament import Leg, Tournament
from sim.transcript import Transcript

_SAMPLES = 4
"""Debates that are played for each stage, to count their calls."""

_ORDERS = len(orders(("", "")))


@dataclass(frozen=True, slots=True)
class Forecast:
    """The number of debates and verdicts, and the estimates by stage.

    ``there`` debates are in the store already and are not counted in ``estimates``.
    """

    debates: int
    verdicts: int
    there: int
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class _Debate:
    """A debate that is compiled: its leg, its trial, and the stages that play it."""

    leg: Leg
    trial: Trial
    stages: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Samples:
    """Debates that were played to be counted: how many, and their calls, by stage."""

    played: Counter[str] = field(default_factory=Counter)
    counts: dict[str, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _InStore:
    """What a store has of a tournament.

    ``ended`` are those of the trials that are at their end, ``later`` counts those of rounds that
    are not compiled yet, and ``to_ask`` are the verdicts on the trials that it lacks.
    """

    ended: set[str]
    later: int
    to_ask: set[VerdictKey]


def debates_of(tournament: Tournament) -> int:
    """How many debates a tournament has.

    In an adaptive format the number for tied matches, which in the formats that ship is the number
    for all results.
    """
    legs = tournament.sides if tournament.swap else 1
    before: list[Meeting] = []
    for number in range(1, tournament.rounds + 1):
        pairs = tournament.pairings(number, before)
        before += [Meeting(number, pair, (0.5,) * len(pair)) for pair in pairs]
    return legs * sum(len(meeting.entrants) > 1 for meeting in before)


async def estimate_tournament(
    tournament: Tournament,
    stages: Mapping[str, Stage],
    identities: Mapping[str, str],
    store: Path | str | None = None,
    prices: Prices | None = None,
) -> Forecast:
    """Estimate what a tournament will take. Nothing is asked, and nothing is written.

    A few debates are played on the exact stage, in memory, for each of the stages; debates and
    verdicts in ``store`` are not counted. See ``sim.runs.estimate``.
    """
    debates = _compiled(tournament, identities)
    total = debates_of(tournament)
    panel = Panel(tournament, {trial: debate.leg for trial, debate in debates.items()}, identities)
    stored = _in_store(store, tournament.identity(identities), panel, list(debates))
    wanted = _wanted(debates, panel, stored, total)
    samples = await _sampled(debates, panel, wanted, stored.ended)
    estimates: list[Estimate] = []
    table = prices or Prices.load()
    # In the order in which the tournament names the stages, whatever the pairings.
    known = {name: (name, name) for name in (tournament.stage, *tournament.model_strings)}
    for judge in tournament.judges:
        known[judge_asked(judge.known_as)] = (f"{judge.known_as} (judge)", judge.stage)
    for name, (shown, stage) in known.items():
        if samples.played[name]:
            estimate = with_count(Estimate(shown, round(wanted[name]), 0), samples.counts[name])
            estimate = _scaled(estimate, wanted[name] / samples.played[name])
            estimates.append(priced(estimate, stages[identities[stage]], table))
    asked = total * len(tournament.judges) * _ORDERS
    return Forecast(total, asked, len(stored.ended) + stored.later, tuple(estimates))


def _compiled(tournament: Tournament, identities: Mapping[str, str]) -> dict[str, _Debate]:
    """The debates that can be compiled now, by trial: all, or in an adaptive format the first
    round."""
    debates: dict[str, _Debate] = {}
    rounds = 1 if tournament.typed_format.adaptive else tournament.rounds
    for compiled in tournament.compiled(1, rounds):
        for leg in compiled.legs:
            trial = tournament.trial(leg, identities)
            debates[trial.id] = _Debate(leg, trial, _sides(tournament, leg))
    return debates


def _wanted(
    debates: Mapping[str, _Debate], panel: Panel, stored: _InStore, total: int
) -> dict[str, float]:
    """How many debates are still to be played or judged, by stage."""
    wanted: dict[str, float] = defaultdict(float)
    for trial, debate in debates.items():
        for name in () if trial in stored.ended else debate.stages:
            wanted[name] += 1
    for verdict in stored.to_ask:
        wanted[judge_asked(verdict.judge)] += 1 / _ORDERS
    # Rounds that are not compiled yet are taken to be like those that are.
    unknown = max(0, total - len(debates) - stored.later)
    if unknown:
        every = Counter(
            name for debate in debates.values() for name in (*debate.stages, *panel.stages)
        )
        for name, times in every.items():
            wanted[name] += unknown * times / len(debates)
    return wanted


async def _sampled(
    debates: Mapping[str, _Debate], panel: Panel, wanted: Mapping[str, float], ended: set[str]
) -> _Samples:
    """Play and judge a few debates of each stage that is wanted, those not in the store first."""
    samples = _Samples()
    exact = open_model(PLAYED_ON)
    for trial in sorted(debates, key=lambda trial: trial in ended):
        debate = debates[trial]
        names = [name for name in (*debate.stages, *panel.stages) if name in wanted]
        if all(samples.played[name] >= _SAMPLES for name in names):
            continue
        counting = Counting(exact, debate.trial)
        transcript = await play(debate.trial.scene, counting, seed=debate.trial.seed)
        await _judged(panel, debate.leg, transcript, counting)
        for name in names:
            samples.played[name] += 1
        for name, count in counting.counts.items():
            _add(samples.counts, name or panel.tournament.stage, count)
    return samples


def _in_store(
    store: Path | str | None, tournament: str, panel: Panel, trials: Sequence[str]
) -> _InStore:
    wanted = panel.wanted(trials)
    if store is None or not Path(store).exists():
        return _InStore(set(), 0, wanted)
    with open_store(store) as reader:
        known = {leg.trial for leg in reader.matches(tournament) if leg.trial is not None}
        later = reader.ended(known - panel.legs.keys())
        return _InStore(reader.ended(trials), len(later), wanted - panel.stored(reader, trials))


def _sides(tournament: Tournament, leg: Leg) -> list[str]:
    """The stages that play a debate."""
    return list(dict.fromkeys(side.entrant.stage or tournament.stage for side in leg.sides))


async def _judged(panel: Panel, leg: Leg, transcript: Transcript, counting: Counting) -> None:
    """Ask the counting stage for the verdicts on a debate."""
    tournament = panel.tournament
    rubric, motion = tournament.rubric, tournament.motions[leg.motion]
    schema = verdict_schema(len(leg.sides), tuple(rubric.criteria))
    for shown in orders(leg.actors):
        prompt = judge_prompt(rubric, blinded(motion, leg.sides, transcript.events, shown))
        for name in panel.stages:
            request = Request(prompt, 1, name, "verdict", schema=schema, stage=name)
            await counting.perform(request)


def _add(counts: dict[str, Count], name: str, more: Count) -> None:
    """Add a count to that of a stage."""
    count = counts.setdefault(name, Count())
    count.calls += more.calls
    count.written += more.written
    count.prefix_cache.tokens += more.prefix_cache.tokens
    count.prefix_cache.computed += more.prefix_cache.computed


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    """An estimate of ``factor`` times as many debates."""
    usage = estimate.usage
    return replace(
        estimate,
        calls=round(estimate.calls * factor),
        usage=replace(
            usage,
            prompt_tokens=round(usage.prompt_tokens * factor),
            completion_tokens=round(usage.completion_tokens * factor),
        ),
        computed_tokens=round(estimate.computed_tokens * factor),
    )
