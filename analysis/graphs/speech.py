"""The trials of the tables as objects: the cast of each, its turns, and who heard each turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from analysis.tables import ARM, Tables, with_arms
from sim.errors import BadRequest
from sim.events import Turn
from sim.scene.audience import heard_by


@dataclass(frozen=True, slots=True)
class Said:
    """One turn. ``heard`` are the actors who heard it, with the speaker; empty for an empty turn.

    ``cued`` is the number of turns that had been said when the speaker was cued; only these can it
    answer. ``inserted`` says that the experimenter inserted the turn: others can answer it, but it
    does not count as an answer of its speaker.
    """

    turn: int
    speaker: str
    text: str
    heard: frozenset[str]
    cued: int
    inserted: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """One trial. ``names`` are the cast by seat, then other speakers in the order of turns."""

    trial: str
    scenario: str
    names: tuple[str, ...]
    seats: dict[str, int]
    briefs: dict[str, str]
    lines: tuple[Said, ...]


def played(tables: Tables, trial: str | None = None, *, pool: bool = False) -> list[Played]:
    """One trial, or all of an arm in the order of their ids (``pool``: of several arms).

    Older tables lack some columns. Their defaults: nobody (``overheard``, ``absent``), the stage
    (``source``), and all turns before (``cued``). Raises ``BadRequest`` if there is no such trial.

    >>> from analysis.tables import Record, tables_from
    >>> cast = [{"name": "Ada"}, {"name": "Ben"}, {"name": "Cleo"}]
    >>> whisper = Turn(1, "Ada", "He lies.", audience=("Ben",))
    >>> (one,) = played(tables_from([Record("t", cast, [whisper])]))
    >>> one.names, sorted(one.lines[0].heard)
    (('Ada', 'Ben', 'Cleo'), ['Ada', 'Ben'])
    """
    scenarios = {
        str(one): str(scenario)
        for one, scenario in zip(tables.trials["trial"], tables.trials["scenario"], strict=True)
    }
    if trial is not None and trial not in scenarios:
        raise BadRequest(f"graph of trial {trial!r}: there is no such trial; see tables.trials")
    if trial is None and not pool:
        _check_one_arm(tables)
    wanted = sorted(scenarios) if trial is None else [trial]
    cast, turns = _cast(tables), _turns(tables)
    return [_one(name, scenarios[name], cast.get(name, []), turns.get(name, [])) for name in wanted]


class _Member(NamedTuple):
    """A row of ``tables.cast``."""

    seat: int
    name: str
    brief: str


def _check_one_arm(tables: Tables) -> None:
    """Raise ``BadRequest`` if the trials are of several arms."""
    known = [name for name in ARM if name in tables.trials]
    arms = with_arms(tables.trials)[known].drop_duplicates()
    if len(arms) > 1:
        differ = [name for name in known if arms[name].nunique() > 1]
        raise BadRequest(
            f"graph: these {len(tables.trials)} trials are of {len(arms)} arms, which differ in "
            f"{' and '.join(differ)}; choose trials with tables.only(ids), or say pool=True"
        )


def _one(trial: str, scenario: str, cast: list[_Member], turns: list[Turn]) -> Played:
    names = tuple(
        dict.fromkeys([member.name for member in cast] + [turn.speaker for turn in turns])
    )
    lines = []
    for turn in sorted(turns, key=lambda turn: turn.index):
        heard = frozenset(name for name in names if heard_by(name, turn))
        cued = turn.index - 1 if turn.cued is None else turn.cued
        inserted = turn.source == "intervention"
        lines.append(Said(turn.index, turn.speaker, turn.text, heard, cued, inserted))
    return Played(
        trial,
        scenario,
        names,
        {member.name: member.seat for member in cast},
        {member.name: member.brief for member in cast},
        tuple(lines),
    )


def _cast(tables: Tables) -> dict[str, list[_Member]]:
    casts: dict[str, list[_Member]] = {}
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    for trial, seat, actor, brief in zip(
        cast["trial"], cast["seat"], cast["actor"], cast["brief"], strict=True
    ):
        casts.setdefault(str(trial), []).append(_Member(int(seat), str(actor), str(brief)))
    return casts


def _turns(tables: Tables) -> dict[str, list[Turn]]:
    table = tables.turns.sort_values(["trial", "turn"], kind="stable")
    by_trial: dict[str, list[Turn]] = {}
    for trial, index, speaker, text, audience, overheard, absent, source, cued in zip(
        table["trial"],
        table["turn"],
        table["speaker"],
        table["text"],
        table["audience"],
        *(_column(table, name) for name in ("overheard", "absent", "source", "cued")),
        strict=True,
    ):
        by_trial.setdefault(str(trial), []).append(
            Turn(
                int(index),
                str(speaker),
                "" if pd.isna(text) else str(text),
                audience=audience if isinstance(audience, tuple) else None,
                overheard=overheard if isinstance(overheard, tuple) else (),
                absent=absent if isinstance(absent, tuple) else (),
                source=source if isinstance(source, str) else "stage",
                cued=None if cued is None or pd.isna(cued) else int(cued),
            )
        )
    return by_trial


def _column(table: pd.DataFrame, name: str) -> Sequence[object]:
    return list(table[name]) if name in table else [None] * len(table)
