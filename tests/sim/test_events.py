"""Events are frozen facts, and every kind has its name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from typing import get_args

import pytest

from sim.events import Answer, Ended, Event, Failure, FellBack, Forgot, Intervened, Turn

EXAMPLES = [
    Turn(1, "Ada", "Well?"),
    Answer(0, "Ada", "stance:sell", 0.5),
    Failure(1, "Ada", "turn", "empty", "Ada said nothing"),
    Forgot(9, "Ada", "forget", 4, "", 8000),
    Intervened(4, "0:enter", "enter", "Ben", "(Ben enters.)", detail={"why": ["he can"]}),
    FellBack(3, "Ada", "floor:next", "no answer named anybody"),
    Ended(1, "after 1 turns"),
]


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EXAMPLES} == set(get_args(Event))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_events_are_frozen_values(event: Event) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(event, fields(event)[0].name, 9)
    assert not hasattr(event, "__dict__")
    twin = replace(event)
    assert twin == event
    assert twin is not event
    assert hash(twin) == hash(event)


def test_kinds_are_distinct() -> None:
    kinds = [event.kind for event in EXAMPLES]
    assert kinds == [
        "turn", "probe", "failure", "forgot", "intervention", "fallback", "ended",
    ]  # fmt: skip


def test_a_gauge_is_no_probe() -> None:
    assert Answer(0, "Ada", "stance:sell", 0.5, gauge=True).kind == "gauge"
