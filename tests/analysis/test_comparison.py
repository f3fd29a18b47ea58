"""Arms beside each other: planted differences, none, and what makes a comparison weak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import analysis
from analysis.comparison import compare
from analysis.stats.effects import cliffs_delta
from analysis.tables import Record, Tables, tables_from
from analysis.weaknesses import _uneven
from sim.errors import BadRequest
from sim.events import Answer, Turn

LOUD, CALM = "You idiot, you ruin everything!", "I see, thank you."
ASKED = ["conflict.hostility", "conflict.negative"]


def played(
    hostile: dict[str, float], trials: int = 12, *, seeds: int = 0, more: Sequence[Any] = (),
    **facts: Any,
) -> Tables:  # fmt: skip
    """Trials of models that are hostile in so large a share of their turns."""
    records = []
    for model, share in hostile.items():
        generator = np.random.default_rng(len(model))
        for seed in range(trials):
            said = [LOUD if generator.random() < share else CALM for _ in range(10)]
            turns = [Turn(n, "AB"[n % 2], text) for n, text in enumerate(said, 1)]
            shifted = seed + seeds * list(hostile).index(model)
            records.append(Record(f"{model}{seed}", [{"name": "A"}, {"name": "B"}],
                                  [*turns, *more], model=model, seed=shifted, scenario="s",
                                  **facts))  # fmt: skip
    return tables_from(records)


def test_a_planted_difference_is_found_and_none_is_not() -> None:
    found = compare(played({"a": 0.2, "bb": 0.7}), measures=ASKED).differences[0]
    assert (found.a, found.b, found.primary, found.paired, found.n_a) == ("bb", "a", True, True, 12)
    assert found.difference.low > 0
    assert found.delta.low > 0
    assert found.ratio.low > 1
    assert found.adjusted < 0.01
    assert "bb" in found.sentence
    assert "more by" in found.sentence
    none = compare(played({"a": 0.4, "cc": 0.4}), measures=ASKED).differences[0]
    assert not none.difference.excludes_zero
    assert "no difference was shown" in none.sentence


def test_sides_are_exchanged_with_the_sign() -> None:
    data = played({"a": 0.2, "bb": 0.7})
    there = compare(data, measures=ASKED, against="a").differences[0]
    back = compare(data, measures=ASKED, against="bb").differences[0]
    assert there.difference.estimate == pytest.approx(-back.difference.estimate)
    assert there.delta.estimate == pytest.approx(-back.delta.estimate)
    assert there.ratio.estimate == pytest.approx(1 / back.ratio.estimate)
    assert there.p == back.p


def test_arms_without_common_seeds_are_independent_samples() -> None:
    found = compare(played({"a": 0.2, "bb": 0.7}, seeds=100), measures=ASKED)
    first = found.differences[0]
    assert not first.paired
    assert (first.n_a, first.n_b) == (12, 12)
    assert first.difference.low > 0
    assert any("share seeds" in warning for warning in found.warnings)


def test_several_trials_of_a_seed_are_one_member_of_a_pair() -> None:
    def record(trial: str, model: str, seed: int, *lines: str) -> Record:
        turns = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
        return Record(trial, [{"name": "A"}], turns, model=model, seed=seed, scenario="s")

    once = [record(f"a{seed}", "a", seed, *[LOUD] * (seed + 1), CALM) for seed in range(8)]
    calm = [record(f"b{seed}", "b", seed, CALM, CALM) for seed in range(8)]
    again = [record(f"again {each.trial}", each.model, each.seed, LOUD, LOUD) for each in calm]
    for more in (once + calm + again, calm + once + again):
        [found] = compare(tables_from(more), measures=["conflict.hostility"]).differences
        # The mean of a calm trial and of a loud one, eight times.
        assert (found.paired, found.n_a, found.n_b) == (True, 8, 8)
        one, two = (
            np.array(analysis.conflict(tables_from(some)).by_trial["hostility"], dtype=float)
            for some in (once, [calm[0], again[0]])
        )
        assert found.delta == cliffs_delta(np.full(8, two.mean()), one, paired=True)


def test_who_says_nothing_says_less() -> None:
    def record(model: str, seed: int) -> Record:
        turns = [Turn(1, "A", LOUD)] if model == "loud" else []
        return Record(f"{model}{seed}", [{"name": "A"}], turns, model=model, seed=seed)

    records = [record(model, seed) for model in ("loud", "mute") for seed in range(6)]
    found = compare(tables_from(records), measures=["loops.repetitions", "flips.flip"])
    assert any("words a trial: loud: 5, mute: 0" in each for each in found.warnings)
    silent = [record("mute", seed) for seed in range(6)]
    assert list(_uneven(tables_from(silent), "model")) == []


def test_scenarios_are_never_paired() -> None:
    one, other = played({"a": 0.2}), played({"bb": 0.7})
    records = [
        Record(str(trial), [{"name": "A"}, {"name": "B"}],
               [Turn(int(row.turn), str(row.speaker), str(row.text))
                for row in data.turns[data.turns["trial"] == trial].itertuples()],
               model="m", seed=seed, scenario=scenario,
               parameters={"k": 1} if scenario == "s" else {})
        for scenario, data in (("s", one), ("t", other))
        for seed, trial in enumerate(data.trials["trial"])
    ]  # fmt: skip
    found = compare(tables_from(records), "scenario", measures=ASKED)
    assert {(each.a, each.b, each.paired) for each in found.differences} == {("t", "s", False)}
    assert found.differences[0].difference.low > 0
    assert not any("One topic" in warning for warning in found.warnings)


def test_a_parameter_tells_arms() -> None:
    records = []
    for k, share in ((1, 0.2), (2, 0.8)):
        data = played({"a": share})
        for seed, trial in enumerate(data.trials["trial"]):
            rows = data.turns[data.turns["trial"] == trial].itertuples()
            records.append(Record(f"{k}{trial}", [{"name": "A"}, {"name": "B"}],
                                  [Turn(int(r.turn), str(r.speaker), str(r.text)) for r in rows],
                                  model="m", seed=seed, parameters={"k": k}))  # fmt: skip
    found = compare(tables_from(records), "k", measures=ASKED).differences[0]
    assert (found.a, found.b, found.paired) == ("2", "1", True)
    assert found.difference.low > 0


def test_a_parameter_may_be_called_as_a_column_of_trials_is() -> None:
    records = [
        Record(f"{at}{seed}", [{"name": "A"}], [Turn(1, "A", text)], seed=seed,
               parameters={"at": at})
        for at, text in ((2, LOUD), (6, "I see.")) for seed in range(6)
    ]  # fmt: skip
    found = compare(tables_from(records), "at", measures=["conflict.hostility"])
    assert (found.differences[0].a, found.differences[0].b) == ("6", "2")
    assert any("words a trial: at=2: 5, at=6: 2" in each for each in found.warnings)


def test_alike_is_said_within_a_margin_alone() -> None:
    data = played({"a": 0.4, "cc": 0.4}, trials=40)
    wide = compare(data, measures=ASKED, margins={"conflict.hostility": 0.5}).differences[0]
    narrow = compare(data, measures=ASKED, margins={"conflict.hostility": 0.001}).differences[0]
    assert wide.equivalent is True
    assert "alike, within ±0.5" in wide.sentence
    assert narrow.equivalent is False
    assert "no difference was shown" in narrow.sentence
    assert compare(data, measures=ASKED).differences[0].equivalent is None


def test_false_findings_keep_to_their_rate() -> None:
    # Of 30 studies without a difference 1.5 are expected; more than 6 once in a thousand times.
    alarms = 0
    for study in range(30):
        generator = np.random.default_rng(study)
        records = [
            Record(f"{model}{seed}", [{"name": "A"}],
                   [Turn(n, "A", LOUD if generator.random() < 0.3 else CALM) for n in range(1, 7)],
                   model=model, seed=seed)
            for model in ("x", "y") for seed in range(8)
        ]  # fmt: skip
        found = compare(tables_from(records), measures=["conflict.hostility"]).differences[0]
        alarms += found.adjusted <= 0.05
    assert alarms <= 6


def test_weak_designs_are_said_to_be_weak() -> None:
    few = compare(played({"a": 0.2, "bb": 0.7}, trials=3), measures=ASKED)
    assert any(w.startswith("Few seeds: of 3 pairs") for w in few.warnings)
    assert any(w.startswith("One topic") for w in few.warnings)
    assert any("on a and bb: none is known" in w for w in few.warnings)
    long, short = (played({name: 0.3}) for name in ("a", "bb"))
    records = []
    for name, data, count in (("a", long, 10), ("bb", short, 3)):
        for seed, trial in enumerate(data.trials["trial"]):
            rows = list(data.turns[data.turns["trial"] == trial].itertuples())[:count]
            missing = [Answer(0, "A", "stance:x", None, missing="refusal") if name == "a" else
                       Answer(0, "A", "stance:x", 0.1)]  # fmt: skip
            records.append(Record(f"{name}{seed}", [{"name": "A"}, {"name": "B"}],
                                  [*missing, *(Turn(int(r.turn), str(r.speaker), str(r.text))
                                               for r in rows)],
                                  model=name, seed=seed))  # fmt: skip
    uneven = compare(tables_from(records), measures=ASKED).warnings
    assert any(w.startswith("Unequal lengths") for w in uneven)
    assert any("missing unevenly (a: 100%, bb: 0%)" in w for w in uneven)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"by": "modl"}, "--by modl: trials do not differ in it; did you mean model"),
        ({"by": "scenario"}, "--by scenario: there is one value alone"),
        ({"measures": ["konflict"]}, "did you mean conflict"),
        ({"measures": ["conflict.hostlity"]}, "did you mean hostility"),
        ({"measures": ["conformity"]}, "conformity needs to be told more"),
        ({"against": "c"}, "--against c: no model is called so"),
    ],
)
def test_what_is_unknown_is_named(how: dict[str, Any], message: str) -> None:
    given = {"measures": ASKED, **how}
    with pytest.raises(BadRequest, match=message):
        compare(played({"a": 0.2, "bb": 0.7}, trials=2), **given)


def test_the_table_has_what_the_sentences_say() -> None:
    found = analysis.compare(played({"a": 0.2, "bb": 0.7}), measures=ASKED)
    assert list(found.table["sentence"]) == list(found.sentences)
    assert found.table["primary"].tolist() == [True, False]
    assert found.table["low"].iloc[0] == found.differences[0].difference.low
