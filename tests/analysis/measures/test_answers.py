"""What actors answered to one question, whatever the form of the answers."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.measures.answers import Answers, asked
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Answer

CAST = [{"name": "Kim"}, {"name": "Lou"}]


def tables(*trials: list[tuple[int, str, str, object]]) -> Tables:
    """Trials of answers: turn, actor, key, value (None: missing)."""
    return tables_from(
        Record(f"t{number}", CAST, [Answer(*answer) for answer in trial], model="m", seed=number)
        for number, trial in enumerate(trials)
    )


def test_a_price_at_the_start_and_at_the_end() -> None:
    first = [(0, "Kim", "price", 10.0), (9, "Kim", "price", 20.0), (0, "Lou", "price", 30.0),
             (9, "Lou", "price", 20.0)]  # fmt: skip
    second = [(0, "Kim", "price", 20.0), (9, "Kim", "price", 30.0)]
    result = Answers(tables(first, second), scale=(0.0, 100.0))
    assert result.by_trial[["start", "end", "change"]].to_numpy().tolist() == [
        [20.0, 20.0, 0.0],
        [20.0, 30.0, 10.0],
    ]
    end = result.estimate("end")
    assert (end.value, end.n) == (25.0, 2)
    assert 0.0 <= end.low < 25.0 < end.high <= 100.0, "Student's limits at n = 2, within the scale"
    change = result.estimate("change")
    assert -100.0 <= change.low <= 5.0 <= change.high <= 100.0


def test_samples_are_averaged_and_what_is_missing_is_counted() -> None:
    said = [(0, "Kim", "p", 0.2), (9, "Kim", "p", None), (0, "Lou", "p", 0.4), (9, "Lou", "p", 0.6)]
    result = Answers(tables([*said, (9, "Lou", "p", 0.8)]))
    lou = result.by_actor.set_index("actor").loc["Lou"]
    assert lou["end"] == pytest.approx(0.7)
    kim = result.by_actor.set_index("actor").loc["Kim"]
    assert np.isnan(kim["end"])
    assert (kim["asked"], kim["missing"]) == (2, 1)
    assert result.by_trial["end"].iloc[0] == pytest.approx(0.7), "missing is not zero"


def test_asked_once_there_is_an_end_and_no_start() -> None:
    result = Answers(tables([(9, "Kim", "p", 1.0)]))
    assert np.isnan(result.by_actor["start"].iloc[0])
    assert result.by_actor["end"].iloc[0] == 1.0
    assert not result.estimate("start").known


@pytest.mark.parametrize(
    ("values", "option", "ends"),
    [
        (["yes", "no"], "yes", [1.0, 0.0]),
        ([{"answer": "no", "because": "It leaks."}, {"answer": "no", "because": "So."}], "no",
         [1.0, 1.0]),
        ([["tea", "ale"], ["ale", "tea"]], "ale", [0.0, 1.0]),
        ([{"a": 0.25, "b": 0.75}, {"a": 1.0, "b": 0.0}], "a", [0.25, 1.0]),
    ],
)  # fmt: skip
def test_an_option_is_counted_in_every_form(
    values: list[object], option: str, ends: list[float]
) -> None:
    data = tables([(9, "Kim", "q", values[0]), (9, "Lou", "q", values[1])])
    assert Answers(data, "q", option).by_actor["end"].tolist() == ends
    with pytest.raises(BadRequest, match="those to 'q' are no numbers; say which to count"):
        Answers(data, "q")
    with pytest.raises(BadRequest, match="known: "):
        Answers(data, "q", "nothing of it")


def test_shares_have_exact_limits() -> None:
    votes = [[(9, "Kim", "vote", "yes" if number else "no")] for number in range(4)]
    share = Answers(tables(*votes), "vote", "yes").estimate("end")
    assert (share.value, share.n) == (0.75, 4)
    assert (round(share.low, 3), round(share.high, 3)) == (0.194, 0.994), "Clopper and Pearson"


def test_which_questions_there_are() -> None:
    data = tables([
        (0, "Kim", "price", 1.0), (0, "Kim", "vote", "yes"), (0, "Lou", "vote", "no"),
        (0, "Kim", "why", "Because of the long rain, and of all that it has brought to us."),
        (0, "Kim", "floor:next", "Lou"),
    ])  # fmt: skip
    assert [(each.key, each.kind, each.options) for each in asked(data)] == [
        ("price", "number", ()),
        ("vote", "option", ("no", "yes")),
        ("why", "text", ()),
    ]
    with pytest.raises(BadRequest, match="name one question; known: price, vote, why"):
        Answers(data)
    with pytest.raises(BadRequest, match="'prize' was never asked; did you mean price"):
        Answers(data, "prize")
    with pytest.raises(BadRequest, match="those to 'why' are texts"):
        Answers(data, "why")
