"""When a scene is over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Probe, Question, after, agreement, ask_stance, said, unanimous
from sim.errors import SceneError
from sim.events import Turn
from sim.planning.canonical_form import plain
from sim.scene.answers import Choice, Distribution, Explained, FreeText, Ranking
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


ORDER = Probe(question=Question(key="q", text="?", answer=Ranking(options=("a", "b", "c"))))
DRINK = Probe(question=Question(key="q", text="?", answer=Choice(options=("tea", "coffee"))))
YES = Probe(question=Question(key="q", text="?", answer=Explained(options=("yes", "no"))))


def answers(*values: Any) -> PublicView:
    return PublicView(None, 4, {"q": dict(zip("ABC", values, strict=False))})


@pytest.mark.parametrize(
    ("ending", "values", "reason"),
    [
        (agreement(gauge=DRINK), ("tea", "tea"), "agreement on q: tea"),
        (agreement(gauge=DRINK), ("tea", "coffee"), None),
        (agreement(gauge=DRINK), ("tea", None), None),
        (agreement(gauge=DRINK), ("tea",), None),
        (unanimous(DRINK), ("tea", "tea", "tea"), "agreement on q: tea"),
        (
            unanimous(YES),
            ({"answer": "no", "because": "x"}, {"answer": "no", "because": "y"}),
            "agreement on q: no",
        ),
        (unanimous(ORDER), (["a", "b", "c"], ["a", "b", "c"]), "agreement on q within 0"),
        (unanimous(ORDER), (["a", "b", "c"], ["a", "c", "b"]), None),
        (agreement(gauge=ORDER, within=0.4), (["a", "b", "c"], ["a", "c", "b"]),
         "agreement on q within 0.4"),
        (agreement(gauge=ORDER, within=0.4), (["a", "b", "c"], ["c", "a", "b"]), None),
    ],
)  # fmt: skip
def test_agreement_on_a_choice_or_a_ranking(
    ending: Ending, values: tuple[Any, ...], reason: str | None
) -> None:
    assert ending.reached(answers(*values)) == reason


def test_unanimous_on_a_number() -> None:
    assert unanimous(GAUGE).reached(view(4, A=0.5, B=0.5)) == "agreement on sell within 0"
    assert unanimous(GAUGE).reached(view(4, A=0.5, B=0.51)) is None


@pytest.mark.parametrize("kind", [FreeText(), Distribution(options=("a", "b"))])
def test_what_cannot_be_compared_is_refused(kind: Any) -> None:
    gauge = Probe(question=Question(key="q", text="?", answer=kind))
    for make in (lambda: agreement(gauge=gauge), lambda: unanimous(gauge)):
        with pytest.raises(SceneError, match="cannot be compared; ask for"):
            make()


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("deal", "It's a deal!", True),
        ("deal", "DEAL", True),
        ("deal", "An ideal solution.", False),
        ("deal", "We dealt with it. Deals were made.", False),
        ("deal", "A deal-breaker.", False),
        ("deal", "No big-deal, please.", False),
        ("deal", "“Deal,” she says.", True),
        ("deal", "*deal*", True),
        ("it's a deal", "Well, it’s  a\ndeal then.", True),
        ("no", "Now!", False),
        ("no", "No.", True),
        ("schluß", "SCHLUSS jetzt.", True),
        ("ende", "Das Geländende.", False),
        ("cafe", "Im Cafe\u0301.", False),
        ("caf\u00e9", "Im Cafe\u0301.", True),
        ("done!", "Done! Done.", True),
        ("done!", "Done.", False),
        ("終わり", "「終わり」", True),
    ],
)
def test_a_phrase_is_said_as_words(phrase: str, text: str, found: bool) -> None:
    assert (said(phrase).reached(view(1, text)) is not None) == found


def test_said_in_the_last_line_and_outside_of_quotations() -> None:
    text = "Deal, you say?\nNever.\n"
    assert said("deal").reached(view(1, text)) is not None
    assert said("deal", last=True).reached(view(1, text)) is None
    assert said("never", last=True).reached(view(1, text)) is not None
    assert said("deal", last=True).reached(view(1, "")) is None
    for quoted in ('He said "deal".', "He said “deal”.", "He said 'deal'.", "«Deal», he said."):
        assert said("deal", quoted=False).reached(view(1, quoted)) is None, quoted
        assert said("deal").reached(view(1, quoted)) is not None
    plain_speech = "It's Ann's deal, don't you see?"
    assert said("deal", quoted=False).reached(view(1, plain_speech)) is not None


def test_an_ending_of_an_older_store_keeps_its_form_and_is_read() -> None:
    old = {"$type": "Said", "phrase": "tea", "by": None}
    assert plain(said("tea"), "x") == old
    assert plain(said("tea", last=True, quoted=False), "x") == {
        **old, "last": True, "quoted": False,
    }  # fmt: skip


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
