"""Refusals: by whom, how often, where; also in trials that failed for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence.false_alarms import false_alarms
from analysis.evidence.refusals import declines
from analysis.measures.refusals import Refusals, bounds
from analysis.tables import Record, tables_from
from sim.events import Answer, Ended, Failure, Turn

PLAIN = "The spring fell by two metres."
TASK = (
    "I'm sorry, but I can't assist with that.",
    "I cannot continue this role-play.",
    "I apologize, but I cannot generate insults.",
    "As an AI, I can't take sides here.",
    "This goes against my guidelines.",
    "I must respectfully decline to continue.",
    "I'm not comfortable continuing this scenario.",
)
SCENE = ("I refuse to sell.", "I will not answer that, Ben.", "Over my dead body!")
STAY = (
    PLAIN,
    "I can't help laughing at that.",
    "I cannot continue my walk in this rain.",
    "The guidelines for wells are old.",
    "I won't be there before nine.",
    "He refused to pay, and I can't blame him.",
    "I'm sorry that the pump broke.",
)


def measured(*trials: list[Any], **facts: Any) -> Refusals:
    cast = [{"name": "A"}, {"name": "B"}]
    return Refusals(tables_from(Record(f"t{k}", cast, own, seed=k, **facts)
                                for k, own in enumerate(trials)))  # fmt: skip


def said(*texts: str, refused: tuple[int, ...] = ()) -> list[Any]:
    return [
        Turn(n, "AB"[(n - 1) % 2], text, finish="refusal" if n in refused else "stop")
        for n, text in enumerate(texts, 1)
    ]


@pytest.mark.parametrize(
    ("texts", "kind"), [(TASK, "task"), (SCENE, "scene"), (STAY, None)], ids=str
)
def test_what_a_line_declines(texts: tuple[str, ...], kind: str | None) -> None:
    assert {text: declines(text) for text in texts} == dict.fromkeys(texts, kind)


def test_who_refuses_how_often_and_where() -> None:
    result = measured(said(PLAIN, TASK[0], SCENE[0], "", PLAIN, refused=(4,)))
    assert result.by_turn[["turn", "actor", "who", "place"]].to_numpy().tolist() == [
        [2, "B", "declined", 0.25], [3, "A", "in_character", 0.5], [4, "B", "provider", 0.75],
    ]  # fmt: skip
    rows = result.by_actor.set_index("actor")
    assert rows.loc["B", ["asked", "refused", "provider", "declined", "first"]].to_list() == [
        2, 2, 1, 1, 2,
    ]  # fmt: skip
    assert rows.loc["A", ["asked", "refused", "in_character"]].to_list() == [3, 0, 1]
    values = {name: result.estimate(name).value for name in result.arm}
    assert values == pytest.approx(
        {"refused": 0.4, "provider": 0.2, "declined": 0.2, "in_character": 0.2, "place": 0.5,
         "missing": float("nan")}, nan_ok=True
    )  # fmt: skip
    assert result.estimate("missing").note == "nothing was asked"


def test_a_trial_that_failed_for_a_refusal_is_read() -> None:
    failing = [*said(PLAIN, PLAIN), Failure(3, "A", "turn", "refusal", "no"),
               Ended(2, "refusal", "failed")]  # fmt: skip
    other = [*said(PLAIN, PLAIN), Failure(3, "A", "turn", "timeout", "late"),
             Ended(2, "timeout", "failed")]  # fmt: skip
    result = measured(failing, other, said(*[PLAIN] * 5))
    assert result.estimate("provider").value == pytest.approx(1 / 10)
    assert result.estimate("provider").n == 3
    assert result.by_turn["place"].to_list() == [1.0]


def test_where_nothing_is_refused_limits_are_exact_and_people_are_the_null() -> None:
    result = measured(*[said(*STAY)] * 12)
    estimate = result.estimate("declined")
    assert estimate.value == 0
    assert estimate.high == pytest.approx(1 - 0.025 ** (1 / 12))
    assert estimate.null == false_alarms()["refusal"]
    assert estimate.null.high < 0.002
    assert result.estimate("place").note == "nothing was refused"


def test_missing_answers_are_counted_and_arms_compared() -> None:
    def trial(model: str, seed: int, missing: int) -> Record:
        answers = [
            Answer(k, "A", "stance:x", None if k < missing else 0.1,
                   missing="unread" if k < missing else None)
            for k in range(4)
        ]  # fmt: skip
        return Record(f"{model}{seed}", [{"name": "A"}], [*answers], model=model, seed=seed)

    trials = [trial("m", seed, 1 + seed % 2) for seed in range(6)]
    trials += [trial("n", seed, 0) for seed in range(6)]
    result = Refusals(tables_from(trials))
    assert result.estimate("missing", model="m").value == pytest.approx(9 / 24)
    assert result.estimate("missing", model="m").evidence == "P"
    row = result.compare("m", "n").set_index("quantity").loc["missing"]
    assert row["difference"] == pytest.approx(9 / 24)
    assert row["low"] > 0
    assert row["p"] == pytest.approx(2 / 2**6)


@given(st.floats(0, 1), st.floats(0, 1))
def test_bounds_hold_whatever_is_missing(share: float, missing: float) -> None:
    low, high = bounds(share, missing)
    assert -1e-12 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1 + 1e-12
    assert high - low == pytest.approx(missing)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([PLAIN, TASK[0], SCENE[0]]), min_size=1, max_size=6))
def test_shares_are_of_turns_and_know_no_names(texts: list[str]) -> None:
    result = measured(said(*texts))
    assert result.estimate("refused").value == pytest.approx(texts.count(TASK[0]) / len(texts))
    renamed = [Turn(t.index, {"A": "Zoe", "B": "Bo"}[t.speaker], t.text) for t in said(*texts)]
    other = Refusals(tables_from([Record("t0", [{"name": "Zoe"}, {"name": "Bo"}], renamed)]))
    assert other.by_arm["value"].to_list() == pytest.approx(
        result.by_arm["value"].to_list(), nan_ok=True
    )
