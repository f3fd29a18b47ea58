"""Populations of minds: one kind or two, on answers that heap; tails against a comparison arm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.measures.population import Population
from analysis.stats.modes import (
    OneMode,
    bimodality,
    components,
    coverage,
    folding,
    polarisation,
    two_normals,
)
from analysis.tables import Record, tables_from
from sim.errors import BadRequest
from sim.events import Answer

HEAPS = np.array([1.0, 0.5, 0.1])


def heaped(generator: np.random.Generator, values: Any) -> Any:
    """Answers as people and models give them: 0, ±0.5 and ±1 more often than the rest."""
    coarse = HEAPS[generator.choice(3, size=values.shape, p=[0.3, 0.4, 0.3])]
    return np.round(np.clip(values, -1, 1) / coarse) * coarse


def answers(generator: np.random.Generator, minds: Any, items: int = 3, times: int = 2) -> Any:
    """Answers around minds: minds by items by samples."""
    some = minds[:, None, None] + generator.normal(scale=0.15, size=(len(minds), items, 1))
    return heaped(generator, some + generator.normal(scale=0.1, size=(len(minds), items, times)))


def records(values: Any, model: str = "m", turned: bool = False) -> list[Record]:
    """A trial for each mind, asked at the start and, in other words, once more at the end."""
    made = []
    for seed, own in enumerate(values):
        said = [
            Answer(0, "A", f"stance:{'xyzuvw'[item]}", float(-value if turned and item else value),
                   sample=sample)
            for item, samples in enumerate(own) for sample, value in enumerate(samples)
        ]  # fmt: skip
        said += [Answer(9, "A", "stance:x", 0.0, sample=0), Answer(0, "A", "mood", "well")]
        made.append(Record(f"{model}{seed}", [{"name": "A"}], said, model=model, seed=seed))
    return made


def two(generator: np.random.Generator, count: int, apart: float = 0.7) -> Any:
    return np.where(generator.random(count) < 0.5, -apart, apart) + generator.normal(
        scale=0.15, size=count
    )


# -- planted ---------------------------------------------------------------------------------------


def test_two_kinds_of_minds_are_two() -> None:
    generator = np.random.default_rng(1)
    result = Population(tables_from(records(answers(generator, two(generator, 60)))), draws=99)
    rows = result.by_arm.set_index("quantity")
    assert rows.loc["p", "value"] <= 0.05
    for name in ("bimodality", "mixture", "polarisation"):
        assert rows.loc[name, "value"] > rows.loc[name, "null_high"], name
    assert rows.loc["folding", "value"] < rows.loc["folding", "null_low"]
    assert 0.3 < rows.loc["upper", "value"] < 0.7
    assert rows.loc["reliability", "value"] > 0.9


@pytest.mark.parametrize("shape", ["normal", "uniform", "skew"])
def test_one_kind_on_a_grid_of_heaps_is_one(shape: str) -> None:
    """The level of ``p``: at most 5%, heaps or not."""
    generator = np.random.default_rng(2)
    false, runs = 0, 8
    for _ in range(runs):
        minds = {
            "normal": generator.normal(0.1, 0.35, 40),
            "uniform": generator.uniform(-1, 1, 40),
            "skew": 1 - 2 * generator.beta(1.2, 4, 40),
        }[shape]
        result = Population(tables_from(records(answers(generator, minds))), draws=39)
        false += result.estimate("p").value <= 0.05
    assert binomtest(false, runs, 0.05, alternative="greater").pvalue > 0.001, false


def test_each_trial_has_its_part_of_the_variance_between_minds() -> None:
    generator = np.random.default_rng(9)
    values = answers(generator, two(generator, 40))
    result = Population(tables_from(records(values)), draws=19)
    parts, scores = result.by_trial, result.by_actor["score"]
    moment = parts["within"].mean() / values[0].size
    assert parts["between"].mean() == pytest.approx(scores.var() - moment)
    assert parts["between"].mean() == pytest.approx(result.estimate("between").value, rel=0.05)


def test_items_that_ask_the_other_way_are_turned() -> None:
    generator = np.random.default_rng(3)
    values = answers(generator, two(generator, 40))
    plain = Population(tables_from(records(values)), draws=19).by_actor["score"]
    turned = Population(tables_from(records(values, turned=True)), draws=19).by_actor["score"]
    assert np.abs(plain).to_numpy() == pytest.approx(np.abs(turned).to_numpy())
    assert np.abs(plain).mean() > 0.5


def test_bimodal_is_both_tails_against_the_comparison() -> None:
    generator = np.random.default_rng(4)
    base = records(answers(generator, generator.normal(0, 0.25, 60)), "base")
    split = records(answers(generator, two(generator, 60)), "split")
    moved = records(answers(generator, generator.normal(0.7, 0.2, 60)), "moved")
    result = Population(tables_from([*base, *split, *moved]), draws=19)
    both = {one: result.tails(one, "base").set_index("tail")["p"] for one in ("split", "moved")}
    assert both["split"]["both"] < 0.01
    # One tail alone is a shift and no second kind of mind.
    assert both["moved"]["high"] < 0.01
    assert both["moved"]["both"] > 0.5
    with pytest.raises(BadRequest, match="no mind of 'nobody'"):
        result.tails("nobody", "base")
    row = result.compare("split", "base").set_index("quantity").loc["low_tail"]
    assert row.low > 0


# -- what is missing -------------------------------------------------------------------------------


def test_what_cannot_be_said_is_missing_with_its_reason() -> None:
    generator = np.random.default_rng(5)
    few = Population(tables_from(records(answers(generator, two(generator, 5)))))
    assert few.estimate("p").note.startswith("5 minds with whole answers; 8 are needed")
    once = Population(tables_from(records(answers(generator, two(generator, 20), times=1))),
                      draws=19)  # fmt: skip
    assert "asked once" in once.estimate("within").note
    assert once.estimate("p").known
    assert once.estimate("p").note == "every item was asked once"
    same = Population(tables_from(records(np.full((10, 2, 2), 0.5))))
    assert same.estimate("p").note == "all minds have the same score"
    gone = records(answers(generator, two(generator, 20)))
    events = list(gone[0].events)
    events[0] = Answer(0, "A", "stance:x", None, missing="no number")
    gone[0] = Record("m0", [{"name": "A"}], events, model="m")
    result = Population(tables_from(gone), draws=19)
    assert result.estimate("score").n == 19
    assert result.estimate("score").note == "1 minds of the scenario with missing answers left out"


def test_the_first_answers_count_unless_a_turn_is_named() -> None:
    generator = np.random.default_rng(6)
    tables = tables_from(records(answers(generator, two(generator, 10))))
    assert Population(tables, ["stance:x"], turn=9).by_actor["score"].eq(0).all()
    assert Population(tables, ["stance:x"]).by_actor["score"].abs().mean() > 0.3
    assert Population(tables, actor="Nobody").by_actor.empty


# -- statistics ------------------------------------------------------------------------------------


def test_one_mode_answers_as_it_was_fitted() -> None:
    generator = np.random.default_rng(7)
    values = answers(generator, generator.normal(0.2, 0.3, 400))
    model = OneMode.fitted(values, generator)
    drawn = model.draw(30, 400, 2, generator)
    assert components(drawn).mean(axis=0) == pytest.approx(components(values[None])[0], abs=0.02)
    for heap in (0.0, 0.5, 1.0):
        assert np.mean(drawn == heap) == pytest.approx(np.mean(values == heap), abs=0.04)
    assert (min(model.a, model.b)) >= 1


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=30), st.floats(0.1, 3), st.floats(-1, 1))
@settings(deadline=None)
def test_shape_has_no_place_and_no_scale(values: list[float], scale: float, shift: float) -> None:
    sample = np.round(np.array([values]), 3)
    moved = scale * sample + shift
    for statistic in (bimodality, folding, lambda some: two_normals(some)[0]):
        one, other = statistic(sample)[0], statistic(moved)[0]
        assert one == pytest.approx(other, rel=1e-3, abs=1e-3, nan_ok=True)
    assert 0 <= polarisation(sample)[0] <= 1 + 1e-9


def test_known_values() -> None:
    generator = np.random.default_rng(8)
    normal, uniform = generator.normal(size=(1, 9999)), generator.uniform(size=(1, 9999))
    assert bimodality(normal)[0] == pytest.approx(1 / 3, abs=0.02)
    assert bimodality(uniform)[0] == pytest.approx(5 / 9, abs=0.02)
    assert folding(uniform)[0] == pytest.approx(1, abs=0.03)
    assert folding(normal)[0] > 1.2
    assert two_normals(normal)[0][0] < 0
    gain, weight = two_normals(np.array([[-1.0] * 30 + [1.0] * 70]) + normal[:, :100] / 9)
    assert gain[0] > 50
    assert weight[0] == pytest.approx(0.7, abs=0.02)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20))
def test_coverage_is_a_share(counts: list[int]) -> None:
    found = coverage(counts)
    assert 0 <= found <= 1
    if 1 not in counts:
        assert found == 1


def test_coverage_is_right_on_average() -> None:
    generator = np.random.default_rng(9)
    chances = generator.dirichlet(np.full(60, 0.5))
    errors = []
    for _ in range(300):
        counts = generator.multinomial(80, chances)
        errors.append(coverage([int(c) for c in counts if c]) - chances[counts > 0].sum())
    assert np.mean(errors) == pytest.approx(0, abs=0.01)
