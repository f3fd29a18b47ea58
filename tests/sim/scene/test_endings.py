"""When a scene is over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import after, agreement, ask_stance, said
from sim.errors import SceneError
from sim.events import Turn
from sim.scene.endings import Ending
from sim.scene.graph import PublicView

GAUGE = ask_stance("sell", every=2)


def view(turns: int = 0, text: str | None = None, **answers: float | None) -> PublicView:
    last = None if text is None else Turn(max(turns, 1), "Ada", text)
    return PublicView(last, turns, {"stance:sell": dict(answers)} if answers else {})


def test_after() -> None:
    ending = after(turns=3)
    assert [ending.reached(view(turns)) for turns in (0, 2)] == [None, None]
    assert ending.reached(view(3)) == ending.reached(view(4)) == "after 3 turns"
    assert ending.bound() == 3


@pytest.mark.parametrize(
    ("answers", "reached"),
    [
        ({}, False),
        ({"A": 0.5}, False),
        ({"A": 0.5, "B": 0.75}, True),
        ({"A": 0.5, "B": 0.751}, False),
        ({"A": 0.5, "B": 0.6, "C": 0.8}, False),
        # Missing is not zero, and no agreement.
        ({"A": 0.0, "B": None}, False),
        ({"A": None, "B": None}, False),
    ],
)
def test_agreement(answers: dict[str, float | None], reached: bool) -> None:
    ending = agreement(gauge=GAUGE, within=0.25)
    reason = ending.reached(view(4, **answers))
    assert reason == ("agreement on sell within 0.25" if reached else None)
    assert ending.bound() is None
    assert ending.gauges() == (GAUGE,)


def test_agreement_reads_its_own_gauge_only() -> None:
    ending = agreement(gauge=ask_stance("buy"), within=2)
    assert ending.reached(view(4, A=0.5, B=0.5)) is None


def test_said() -> None:
    ending = said("Good Night")
    assert ending.reached(view(1, "And so, good night, all.")) == "Ada said 'Good Night'"
    assert ending.reached(view(1, "Good day.")) is None
    assert ending.reached(view()) is None
    assert ending.bound() is None


def test_said_by_somebody() -> None:
    assert said("no", by="Ben").reached(view(1, "No.")) is None
    assert said("no", by="Ada").reached(view(1, "No.")) == "Ada said 'no'"
    assert said("no", by="Ben").names() == ("Ben",)


def test_either_and_both() -> None:
    bye, late = said("bye"), after(turns=5)
    assert (bye | late).reached(view(2, "Bye.")) == "Ada said 'bye'"
    assert (bye | late).reached(view(5, "Hm.")) == "after 5 turns"
    assert (bye & late).reached(view(2, "Bye.")) is None
    assert (bye & late).reached(view(5, "Hm.")) is None
    assert (bye & late).reached(view(6, "Bye.")) == "Ada said 'bye', and after 5 turns"


def endings() -> st.SearchStrategy[Ending]:
    leaves = (
        st.integers(1, 9).map(lambda turns: after(turns=turns))
        | st.just(said("bye", by="Ada"))
        | st.just(agreement(gauge=GAUGE, within=0.2))
    )
    pair = lambda inner: st.tuples(inner, inner)  # noqa: E731
    return st.recursive(
        leaves,
        lambda inner: (
            pair(inner).map(lambda two: two[0] | two[1])
            | pair(inner).map(lambda two: two[0] & two[1])
        ),
        max_leaves=6,
    )


@given(endings(), st.booleans())
def test_a_bound_is_kept_whatever_is_said(ending: Ending, talkative: bool) -> None:
    bound = ending.bound()
    if bound is not None:
        text = "Bye." if talkative else "Hm."
        assert any(ending.reached(view(turns, text)) for turns in range(1, bound + 1))


@given(endings())
def test_a_gauge_on_which_two_endings_depend_is_asked_once(ending: Ending) -> None:
    assert len(ending.gauges()) == len({gauge.question.key for gauge in ending.gauges()}) <= 1


@pytest.mark.parametrize(
    ("build", "parts"),
    [
        (lambda: after(turns=0), ("after.turns", "0", "from 1 on")),
        (lambda: after(turns=-2), ("after.turns", "-2", "from 1 on")),
        (lambda: after(turns=1.5), ("after.turns", "1.5", "a whole number")),
        (lambda: after(turns="3"), ("after.turns", "'3'", "a whole number")),
        (lambda: after(turns=True), ("after.turns", "True", "a whole number")),
        (lambda: agreement(gauge=GAUGE, within=-0.1), ("agreement.within", "-0.1", "0 or more")),
        (lambda: agreement(gauge=GAUGE, within=float("nan")), ("agreement.within", "nan")),
        (lambda: said("  "), ("said.phrase", "blank", "give it words")),
    ],
)
def test_what_is_refused_and_how(build: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(SceneError) as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message
