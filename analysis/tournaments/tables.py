"""The tables of a tournament, from a store or from records in memory.

A missing value is never taken for zero: a verdict without a winner is a row whose ``missing`` says
why. Verdicts count if the tournament's definition names their form (the judge's stage and the
rubric). Verdicts of people, whose names begin with ``human:``, always count.

>>> sides = [{"entrant": "Ada", "actor": "Robin", "position": 0, "place": 0},
...          {"entrant": "Ben", "actor": "Noel", "position": 1, "place": 1}]
>>> leg = LegRecord(1, 1, 0, "t1", "Sell the spring.", sides)
>>> verdict = VerdictRecord("t1", "kim", "f", ("Robin", "Noel"), {"winner": "Noel", "margin": 3})
>>> judges = {"judges": [{"name": "kim", "stage": "embedded:base", "form": "f"}]}
>>> contest = contests_from([ContestRecord("x", judges, "Cup", [leg], [verdict])])[0]
>>> contest.verdicts[["judge", "winner", "position", "margin"]].to_numpy().tolist()
[['kim', 'Ben', 1, 3.0]]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.tables import frame
from sim.events import Turn
from sim.stage.surrogate import played_on
from sim.store import open_store

HUMAN = "human:"
"""How the name of a judge who is a person begins."""
TIE = "tie"

JUDGES = {"judge": "str", "stage": "str", "model": "str", "form": "str"}
MATCHES = {
    "round": "Int64",
    "match": "Int64",
    "leg": "Int64",
    "trial": "str",
    "motion": "str",
    "entrant": "str",
    "actor": "str",
    "position": "Int64",
    "text": "str",
    "place": "Int64",
    "stage": "str",
    "model": "str",
}
VERDICTS = {
    "trial": "str",
    "judge": "str",
    "form": "str",
    "shown": "object",
    "winner": "str",
    "position": "Int64",
    "margin": "float64",
    "missing": "str",
    "problems": "Int64",
}
SCORES = {
    "trial": "str",
    "judge": "str",
    "form": "str",
    "shown": "object",
    "criterion": "str",
    "entrant": "str",
    "position": "Int64",
    "score": "float64",
}
LENGTHS = {"trial": "str", "actor": "str", "turns": "Int64", "words": "Int64"}


@dataclass(frozen=True)
class Contest:
    """A tournament as tables.

    ``judges``: one row for each judge that the definition names, and for each person who judged;
    ``model`` is the model that its stage runs, without its options (a person has none).

    ``matches``: one row for each side of each leg. ``position`` (what it argues; ``text`` says it)
    and ``place`` (when it speaks) count from 0. A bye has one row and no trial.

    ``verdicts``: one row for each judge, trial and order in which the sides were ``shown`` (actors,
    a tuple). ``winner`` is the entrant that won, or "tie", and ``position`` the winner's (none for
    a tie); both are missing where there is no verdict, and ``missing`` says why. ``margin`` is from
    0 to 10. ``problems`` counts the answers of the judge that were rejected.

    ``scores``: one row for each criterion and side of a verdict. ``lengths``: the number of turns
    and of words of each actor of a trial.
    """

    tournament: str
    name: str
    definition: Mapping[str, Any]
    judges: pd.DataFrame
    matches: pd.DataFrame
    verdicts: pd.DataFrame
    scores: pd.DataFrame
    lengths: pd.DataFrame


@dataclass(frozen=True)
class LegRecord:
    """A leg of a match, in memory: a row of the store's ``matches``, and the trial's turns.

    ``sides`` have ``entrant``, ``actor``, ``position``, ``place``, and perhaps ``text`` and
    ``stage``. A bye has no trial.
    """

    round: int
    match: int
    leg: int
    trial: str | None
    motion: str
    sides: Sequence[Mapping[str, Any]]
    turns: Sequence[Turn] = ()


@dataclass(frozen=True)
class VerdictRecord:
    """A verdict in memory: a row of the store's ``verdicts``."""

    trial: str
    judge: str
    form: str
    shown: Sequence[str]
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class ContestRecord:
    """A tournament in memory. Of its ``definition`` only ``judges`` (``name``, ``stage``, ``form``,
    perhaps ``identity``) and ``identities`` of stages are read."""

    tournament: str
    definition: Mapping[str, Any]
    name: str = ""
    legs: Sequence[LegRecord] = ()
    verdicts: Sequence[VerdictRecord] = field(default_factory=tuple)


def load_contest(store_path: Path | str, tournament: str | None = None) -> Contest:
    """Read one tournament of a store, without changing it.

    ``tournament`` is its id, its name, or the beginning of one of these; None means the tournament
    that was started last. Raises ``BadRequest``, whose message lists the tournaments, if none or
    several match, and ``StoreRefused`` if the file is not a store of Elsinore.
    """
    with open_store(store_path) as store:
        chosen = store.tournament(tournament)
        turns = store.debates(chosen.id)
        legs = [
            LegRecord(
                leg.round, leg.match, leg.leg, leg.trial, leg.motion, leg.sides,
                turns.get(leg.trial or "", ()),
            )
            for leg in store.matches(chosen.id)
        ]  # fmt: skip
        verdicts = [
            VerdictRecord(each.trial, each.judge, each.form, each.shown, each.payload)
            for each in store.verdicts_of_tournament(chosen.id)
        ]
    record = ContestRecord(chosen.id, chosen.definition, chosen.name, legs, verdicts)
    return contests_from([record])[0]


def contests_from(records: Iterable[ContestRecord]) -> tuple[Contest, ...]:
    """Make tables from tournaments in memory, as ``load_contest`` makes them from a store."""
    return tuple(_contest(record) for record in records)


def _contest(record: ContestRecord) -> Contest:
    identities: Mapping[str, str] = record.definition.get("identities", {})
    verdicts = _counted(record)
    matches: list[tuple[Any, ...]] = []
    spoken: dict[str, Mapping[str, Sequence[Turn]]] = {}
    sides: dict[str, dict[str, tuple[int, str]]] = {}
    for leg in record.legs:
        for side in leg.sides:
            stage = side.get("stage")
            matches.append(
                (leg.round, leg.match, leg.leg, leg.trial, leg.motion or None, side["entrant"],
                 side["actor"], side.get("position"), side.get("text"), side.get("place"), stage,
                 model_of(identities.get(stage, stage) if stage else None))
            )  # fmt: skip
        if leg.trial is not None:
            sides[leg.trial] = {
                side["actor"]: (int(side["position"]), str(side["entrant"])) for side in leg.sides
            }
            if leg.turns:
                spoken[leg.trial] = {
                    actor: [turn for turn in leg.turns if turn.speaker == actor]
                    for actor in sides[leg.trial]
                }
    kept = [verdict for verdict in verdicts if verdict.trial in sides]
    judged = [_verdict_row(verdict, sides[verdict.trial]) for verdict in kept]
    scores = [row for verdict in kept for row in _score_rows(verdict, sides[verdict.trial])]
    return Contest(
        tournament=record.tournament,
        name=record.name,
        definition=record.definition,
        judges=frame(_judge_rows(record, kept), JUDGES),
        matches=frame(matches, MATCHES),
        verdicts=frame(judged, VERDICTS),
        scores=frame(scores, SCORES),
        lengths=frame(
            [
                (trial, actor, len(said), sum(len(turn.text.split()) for turn in said))
                for trial, by_actor in spoken.items()
                for actor, said in by_actor.items()
            ],
            LENGTHS,
        ),
    )


def _counted(record: ContestRecord) -> list[VerdictRecord]:
    """The verdicts that count, each under the judge's name in the definition.

    Verdicts of a judge that was renamed are stored under the old name. Their form identifies the
    judge, unless two judges have the same form.
    """
    named = {(str(judge["name"]), str(judge["form"])) for judge in record.definition["judges"]}
    uses = Counter(form for _, form in named)
    by_form = {form: name for name, form in named if uses[form] == 1}
    own = [
        verdict
        for verdict in record.verdicts
        if (verdict.judge, verdict.form) in named or verdict.judge.startswith(HUMAN)
    ]
    known = {(verdict.trial, verdict.form, tuple(verdict.shown)) for verdict in own}
    renamed = {
        (verdict.trial, verdict.form, tuple(verdict.shown)): VerdictRecord(
            verdict.trial, by_form[verdict.form], verdict.form, verdict.shown, verdict.payload
        )
        for verdict in record.verdicts
        if verdict.form in by_form and not verdict.judge.startswith(HUMAN)
    }
    return own + [verdict for key, verdict in renamed.items() if key not in known]


def _judge_rows(record: ContestRecord, verdicts: Sequence[VerdictRecord]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        (judge["name"], judge["stage"], model_of(judge.get("identity") or judge["stage"]),
         judge["form"])
        for judge in record.definition["judges"]
    ]  # fmt: skip
    people = sorted({verdict.judge for verdict in verdicts if verdict.judge.startswith(HUMAN)})
    return rows + [(person, "human", None, None) for person in people]


def _verdict_row(verdict: VerdictRecord, sides: Mapping[str, tuple[int, str]]) -> tuple[Any, ...]:
    payload = verdict.payload
    winner, margin, missing = payload.get("winner"), payload.get("margin"), payload.get("missing")
    position = None
    if missing is None and winner is None:
        missing = "no winner is named"
    elif missing is None and winner != TIE and winner not in sides:
        missing = f"the winner that it names, {winner!r}, was not in the debate"
    if missing is not None:
        winner = margin = None
    elif winner != TIE:
        position, winner = sides[str(winner)]
    return (
        verdict.trial,
        verdict.judge,
        verdict.form,
        tuple(verdict.shown),
        winner,
        position,
        margin,
        missing,
        len(payload.get("problems") or ()),
    )


def _score_rows(
    verdict: VerdictRecord, sides: Mapping[str, tuple[int, str]]
) -> list[tuple[Any, ...]]:
    if verdict.payload.get("missing") is not None:
        return []
    return [
        (verdict.trial, verdict.judge, verdict.form, tuple(verdict.shown), criterion,
         sides[actor][1], sides[actor][0], score)
        for criterion, by_actor in (verdict.payload.get("scores") or {}).items()
        for actor, score in by_actor.items()
        if actor in sides
    ]  # fmt: skip


def model_of(identity: str | None) -> str | None:
    """The model that a stage runs, without its options; None for a person, or if unknown.

    >>> model_of("openai:gpt-5-mini?temperature=0.7"), model_of("langchain:openai:gpt-5-mini")
    ('openai:gpt-5-mini', 'openai:gpt-5-mini')
    """
    if identity is None or identity == "human":
        return None
    name = played_on(identity).partition("?")[0]
    return name.removeprefix("langchain:")
