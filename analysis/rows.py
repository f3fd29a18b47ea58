"""Events and casts as the rows of tables, in the order of ``analysis.tables.COLUMNS``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sim.events import Answer, Event, Failure, FellBack, Intervened, Turn

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows by table."""


def event_rows(rows: Rows, trial: str, events: Iterable[Event]) -> None:
    """Add the rows of a trial's events."""
    for event in events:
        if isinstance(event, Turn):
            rows["turns"].append(
                (
                    trial,
                    event.index,
                    event.speaker,
                    event.text,
                    event.audience,
                    event.finish,
                    event.cut,
                    event.strangers,
                    event.exact,
                    event.overheard,
                    event.absent,
                    event.source,
                    event.cued,
                    event.over,
                )
            )
        elif isinstance(event, Answer):
            rows["answers"].append(
                (
                    trial,
                    event.turn,
                    event.actor,
                    event.key,
                    event.sample,
                    event.gauge,
                    event.value,
                    event.missing,
                )
            )
        elif isinstance(event, Failure):
            rows["failures"].append(
                (trial, event.turn, event.actor, event.doing, event.reason, event.message)
            )
        elif isinstance(event, Intervened):
            rows["interventions"].append(
                (
                    trial,
                    event.turn,
                    event.key,
                    event.what,
                    event.actor,
                    event.text,
                    dict(event.detail),
                )
            )
        elif isinstance(event, FellBack):
            rows["fallbacks"].append((trial, event.turn, event.actor, event.key, event.reason))


_DESCRIBES = (
    "brief", "opposite", "traits", "stances", "goals", "points", "secret", "voice", "lines",
)  # fmt: skip
"""The fields of a persona that say what it is like; one without any of them is blank."""


def cast_rows(trial: str, personas: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """The rows of a trial's cast, in the order of the seats."""
    return [
        (
            trial,
            persona["name"],
            seat,
            persona.get("brief") or "",
            persona.get("opposite"),
            tuple(persona.get("traits") or ()),
            tuple(persona.get("points") or ()),
            dict(persona.get("stances") or {}),
            persona.get("secret"),
            not any(persona.get(field) for field in _DESCRIBES),
            dict(persona.get("attributes") or {}),
            tuple(persona.get("opposites") or ()),
        )
        for seat, persona in enumerate(personas)
    ]
