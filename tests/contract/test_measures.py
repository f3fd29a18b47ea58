"""What every measure owes: one shape of results, whatever it measures and whatever it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis
import sim
from analysis.estimates import ESTIMATE, Estimate, Quantity, cells
from analysis.measures.answers import Answers, asked
from analysis.measures.conformity import Conformity
from analysis.results import COMPARISON, KEYS, Result
from analysis.tables import ARM, Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn

MODELS = ("embedded:base", "embedded:rlhf")
VERBS = {
    name: getattr(analysis, name)
    for name in analysis.__all__
    if isinstance(getattr(analysis, name), type) and issubclass(getattr(analysis, name), Result)
    and name not in ("Result", "influence_asymmetry")
}  # fmt: skip
"""Every measure that a store can be given to; influence needs a tournament beside it."""


def made(measure: type[Result], tables: Tables) -> Result:
    if measure is Conformity:
        return measure(tables, "Ines")
    if measure is Answers and len(tables.answers):
        return measure(tables, asked(tables)[0].key)
    return measure(tables)


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
def test_the_tables_have_the_declared_columns(name: str, played: Tables) -> None:
    measure = VERBS[name]
    for tables in (played, tables_from([]), tables_from([Record("t", [{"name": "Ines"}])])):
        if measure is Conformity and len(tables.trials) == 1:
            continue  # Somebody without a stance conforms to nothing, and is refused.
        result = made(measure, tables)
        for level, table in (("turn", result.by_turn), ("actor", result.by_actor),
                             ("trial", result.by_trial)):  # fmt: skip
            declared: dict[str, Quantity] = dict(getattr(measure, level))
            more = measure.more_keys.get(level, {})  # type: ignore[call-overload]
            assert list(table.columns) == [*KEYS[level], *more, *declared]  # type: ignore[index]
            for column, quantity in declared.items():
                assert quantity.about, (level, column)
                values = pd.to_numeric(table[column], errors="coerce").dropna()
                if quantity.kind not in ("text", "count", "onset"):
                    assert (
                        (values >= quantity.low - 1e-9) & (values <= quantity.high + 1e-9)
                    ).all()
            known = set(tables.trials["trial"])
            assert set(table["trial"]) <= known
        assert list(result.by_arm.columns) == [*ARM, "quantity", *ESTIMATE]
        assert set(result.by_arm["quantity"]) <= set(measure.arm)
        assert list(result.null.columns) == [
            *ARM, "quantity", "value", "null", "null_low", "null_high"
        ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(VERBS))
def test_estimates_are_the_table_of_arms(name: str, played: Tables) -> None:
    result = made(VERBS[name], played)
    assert len(result.estimates) == len(result.by_arm)
    assert len(result.by_arm) > 0 or name == "theory_of_mind", "nobody guesses in this scene"
    for each, row in zip(result.estimates, result.by_arm.itertuples(), strict=True):
        assert (*each.arm, each.quantity) == tuple(
            getattr(row, column) for column in (*ARM, "quantity")
        )
        estimate = each.estimate
        assert estimate.evidence
        if estimate.known and not np.isnan(estimate.low):
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9
        if not estimate.known:
            assert estimate.note or estimate.n == 0 or estimate.n is None
        assert len(cells(estimate)) == len(ESTIMATE)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_two_models_are_compared_both_ways(name: str, played: Tables) -> None:
    result = made(VERBS[name], played)
    forth, back = result.compare(*MODELS), result.compare(*MODELS[::-1])
    assert list(forth.columns) == list(COMPARISON)
    for one, other in zip(forth.itertuples(), back.itertuples(), strict=True):
        assert one.difference == pytest.approx(-other.difference, nan_ok=True)
        assert one.p == pytest.approx(other.p, nan_ok=True)
        assert one.pairs + one.left_out == 3
    with pytest.raises(BadRequest, match=f"{result.measure}.compare: 'nobody' played no trial"):
        result.compare("nobody", MODELS[0])


@pytest.mark.parametrize("name", sorted(VERBS))
def test_a_result_can_be_read(name: str, played: Tables) -> None:
    result = made(VERBS[name], played)
    assert repr(result).startswith(f"{result.measure} of ")
    assert "<table" in result._repr_html_()
    assert result.measure == name
    assert (VERBS[name].__doc__ or "").strip()


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
