"""What every measure owes: one shape of results, whatever it measures and whatever it is given."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import analysis
import sim
from analysis.calibration.instruments.function import Detector, function_of
from analysis.estimates import Estimate, Quantity
from analysis.measures.answers import Answers, asked
from analysis.measures.conformity import Conformity
from analysis.results import Result
from analysis.spreading import spread_over
from analysis.tables import Record, Tables, tables_from
from analysis.testing import (
    can_be_read,
    check_instrument,
    check_measure,
    compares_both_ways,
    estimates_are_sound,
    has_its_columns,
    says_what_it_measures,
)
from sim.errors import BadRequest
from sim.events import Turn
from sim.testing import Broken

MODELS = ("embedded:base", "embedded:rlhf")
VERBS = {
    name: getattr(analysis, name)
    for name in analysis.__all__
    if isinstance(getattr(analysis, name), type) and issubclass(getattr(analysis, name), Result)
    and name not in ("Result", "influence_asymmetry")
}  # fmt: skip
"""Every measure that a store can be given to; influence needs a tournament beside it."""


SILENT = ("indecision", "retelling", "theory_of_mind")
"""In the scene that is played nobody is asked twice, passes a message on, or guesses."""


def made(measure: type[Result], tables: Tables) -> Result:
    if measure is Conformity:
        return measure(tables, "Ines")
    if measure is Answers and len(tables.answers):
        return measure(tables, asked(tables)[0].key)
    return measure(tables)


@pytest.fixture(scope="module")
def whole(played: Tables) -> Callable[[str], Result]:
    """Each measure of what was played, worked out once for all tests."""
    return cache(lambda name: made(VERBS[name], played))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Scenes on two models, with probes, guesses, and a yoked arm."""
    folder: Path = tmp_path_factory.mktemp("measures")
    results = sim.run(
        "cross_purposes", MODELS, trials=3, parameters={"turns": 8}, store=folder / "x.db",
        surrogates=["yoked", "mute"],
    )  # fmt: skip
    return analysis.load(results)


def test_all_measures_are_here() -> None:
    assert set(VERBS) >= {
        "convergence", "conflict", "conformity", "differentiation", "flips", "collapse", "loops",
        "outcomes", "theory_of_mind", "vote_swing", "concessions", "answers",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(VERBS))
def test_the_tables_have_the_declared_columns(
    name: str, played: Tables, whole: Callable[[str], Result]
) -> None:
    measure = VERBS[name]
    says_what_it_measures(measure)
    has_its_columns(measure, whole(name), played)
    for tables in (tables_from([]), tables_from([Record("t", [{"name": "Ines"}])])):
        if measure is Conformity and len(tables.trials) == 1:
            continue  # Somebody without a stance conforms to nothing, and is refused.
        has_its_columns(measure, made(measure, tables), tables)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_estimates_are_the_table_of_arms(name: str, whole: Callable[[str], Result]) -> None:
    result = whole(name)
    estimates_are_sound(result)
    assert len(result.by_arm) > 0 or name in SILENT


@pytest.mark.parametrize("name", sorted(VERBS))
def test_two_models_are_compared_both_ways(name: str, whole: Callable[[str], Result]) -> None:
    result = whole(name)
    compares_both_ways(result)
    for one in result.compare(*MODELS).itertuples():
        assert one.pairs + one.left_out == 3
    with pytest.raises(BadRequest, match=f"{result.measure}.compare: 'nobody' played no trial"):
        result.compare("nobody", MODELS[0])


@pytest.mark.parametrize("name", sorted(VERBS))
def test_a_result_can_be_read(name: str, whole: Callable[[str], Result]) -> None:
    result = whole(name)
    can_be_read(result)
    assert result.measure == name


class Pickled:
    """Calls a function with arguments that have travelled."""

    def __init__(self) -> None:
        self.parts = 0

    workers = 2

    def travelled(self, value: Any) -> Any:
        return pickle.loads(pickle.dumps(value))  # noqa: S301 - of this process

    def map(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterable[Any]:
        for part in parts:
            self.parts += 1
            yield self.travelled(work(self.travelled(part)))


@pytest.mark.parametrize("name", sorted(VERBS))
def test_rows_that_are_made_apart_are_those_that_are_made_together(
    name: str, played: Tables, whole: Callable[[str], Result]
) -> None:
    levels = ("by_turn", "by_actor", "by_trial", "by_arm")
    # A store is read in the order of ids; transcripts in memory come in any.
    backwards = replace(played, trials=played.trials.iloc[::-1].reset_index(drop=True))
    for tables in (played, backwards) if VERBS[name].trialwise else (played,):
        together = whole(name) if tables is played else made(VERBS[name], tables)
        here = [getattr(together, level) for level in levels]
        mapper = Pickled()
        with spread_over(mapper, least=2):
            spread = made(VERBS[name], tables)
            for level, wanted in zip(levels, here, strict=True):
                pd.testing.assert_frame_equal(wanted, getattr(spread, level), check_exact=True)
        assert mapper.parts == (8 if VERBS[name].trialwise else 0)


def test_an_estimate_is_asked_for_by_what_tells_its_arm(played: Tables) -> None:
    result = analysis.convergence(played)
    one = result.estimate(model=MODELS[0])
    assert isinstance(one, Estimate)
    assert one == result.estimate("c", model=MODELS[0], arm="live")
    with pytest.raises(BadRequest, match="2 arms fit"):
        result.estimate("c")
    with pytest.raises(BadRequest, match="0 arms fit"):
        result.estimate("c", model="nobody")
    with pytest.raises(BadRequest, match="'d' is no quantity; use c, "):
        result.estimate("d")
    with pytest.raises(BadRequest, match="'seed' tells no arm; use scenario, "):
        result.estimate("c", seed="1")


class Talkative(Result):
    """A measure of a user's own: how many words an actor says a turn."""

    measure = "talkative"
    evidence = "T"
    actor = {"words": Quantity("words a turn", low=0)}  # noqa: RUF012 - as a user would write it
    trial = actor
    arm = actor

    def _actors(self) -> list[tuple[str, str, float]]:
        turns = self.tables.turns.assign(words=self.tables.turns["text"].str.split().str.len())
        means = turns.groupby(["trial", "speaker"])["words"].mean()
        return [(*key, value) for key, value in means.items()]


def test_a_measure_of_one_s_own_needs_one_method() -> None:
    records = [
        Record(f"{model}{seed}", [{"name": "A"}], [Turn(1, "A", "word " * words)], model=model,
               seed=seed)
        for model, more in (("m", 0), ("n", 2)) for seed, words in enumerate((3, 5, 8), start=more)
    ]  # fmt: skip
    result = Talkative(tables_from(records))
    assert result.estimate(model="m").value == pytest.approx(16 / 3)
    assert result.compare("m", "n")["pairs"].to_list() == [1]


def test_the_checks_for_authors_pass_on_what_is_sound() -> None:
    check_measure(Talkative)
    check_measure(analysis.loops)
    check_instrument("hostility")


class Backwards(Talkative):
    """A measure that does not keep its promises: its values lie outside its own bounds."""

    measure = "backwards"
    actor = {"words": Quantity("words a turn", low=0, high=2)}  # noqa: RUF012
    trial = actor
    arm = actor


class Nameless(Talkative):
    measure = "name less"


@pytest.mark.parametrize(
    ("measure", "why"),
    [(Backwards, "has values outside 0 to 2"), (Nameless, "is no name")],
)
def test_the_check_for_authors_finds_a_measure_that_is_broken(
    measure: type[Result], why: str
) -> None:
    with pytest.raises(Broken, match=why):
        check_measure(measure)


@pytest.mark.parametrize(
    ("detector", "why"),
    [(lambda turns: [1.0], "returned 1 scores"), (lambda turns: [next(DRAWN) for _ in turns],
     "says otherwise when it is asked again")],
)  # fmt: skip
def test_the_check_for_authors_finds_an_instrument_that_is_broken(
    detector: Detector, why: str
) -> None:
    with pytest.raises(Broken, match=why):
        check_instrument(function_of("mine", detector, b"source", "flip"))


DRAWN = count()
"""Numbers that are never the same again."""
