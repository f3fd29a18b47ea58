"""The laws of motion: what they keep, and what of them can be read off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.opinions.models import KINDS, Coefficients, basis
from analysis.stats import Floats
from sim.errors import BadRequest


@st.composite
def laws(draw: st.DrawFn) -> tuple[Coefficients, Floats, Floats, float, float]:
    """A law, with the W, alpha, beta and b that it was made of."""
    count = draw(st.integers(2, 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = generator.uniform(0.01, 1, (count, count))
    weights /= weights.sum(axis=1, keepdims=True)
    alpha = generator.uniform(0.05, 1, count)
    beta, place = draw(st.floats(0, 0.9)), draw(st.floats(-1, 1))
    return Coefficients.of(weights, alpha, beta, place), weights, alpha, beta, place


@given(laws())
def test_what_was_planted_is_read_off(
    planted: tuple[Coefficients, Floats, Floats, float, float],
) -> None:
    law, weights, alpha, beta, place = planted
    np.testing.assert_allclose(law.weights, weights, atol=1e-9)
    np.testing.assert_allclose(law.susceptibility, alpha, atol=1e-9)
    assert law.beta == pytest.approx(beta, abs=1e-9)
    assert law.drift == pytest.approx(beta * place, abs=1e-12)


@given(laws(), st.integers(0, 2**32 - 1))
def test_nobody_leaves_the_scale(
    planted: tuple[Coefficients, Floats, Floats, float, float], seed: int
) -> None:
    law = planted[0]
    path = law.path(np.random.default_rng(seed).uniform(-1, 1, len(law.anchor)), 12)
    assert np.abs(path).max() <= 1 + 1e-9


@given(laws(), st.integers(0, 2**32 - 1))
def test_the_scale_turned_round_is_the_same_law_with_the_pull_turned_round(
    planted: tuple[Coefficients, Floats, Floats, float, float], seed: int
) -> None:
    law = planted[0]
    begin = np.random.default_rng(seed).uniform(-1, 1, len(law.anchor))
    mirrored = Coefficients(law.transition, law.anchor, -law.drift)
    np.testing.assert_allclose(mirrored.path(-begin, 8), -law.path(begin, 8), atol=1e-12)


@given(laws(), st.integers(0, 2**32 - 1))
def test_displacement_is_what_the_pull_adds_wherever_actors_begin(
    planted: tuple[Coefficients, Floats, Floats, float, float], seed: int
) -> None:
    law = planted[0]
    begin = np.random.default_rng(seed).uniform(-1, 1, len(law.anchor))
    without = Coefficients(law.transition, law.anchor)
    added = law.path(begin, 7)[-1] - without.path(begin, 7)[-1]
    assert law.displacement(7) == pytest.approx(added.mean(), abs=1e-12)


def test_distances_shrink_by_the_second_eigenvalue() -> None:
    """In a symmetric ring, where every difference lies in the slowest mode's space."""
    ring = 0.5 * np.eye(4) + 0.25 * (np.roll(np.eye(4), 1, axis=0) + np.roll(np.eye(4), -1, axis=0))
    law = Coefficients.of(ring, 1.0)
    path = law.path(np.array([1.0, 0.0, -1.0, 0.0]), 5)
    apart = path[:, 0] - path[:, 2]
    np.testing.assert_allclose(apart[1:] / apart[:-1], law.second_eigenvalue)


@pytest.mark.parametrize(
    ("weights", "alpha", "beta", "place"),
    [
        ([[0.5, 0.6], [0.5, 0.5]], 0.5, 0.0, 0.0),
        ([[1.5, -0.5], [0.5, 0.5]], 0.5, 0.0, 0.0),
        ([[0.5, 0.5], [0.5, 0.5]], 1.5, 0.0, 0.0),
        ([[0.5, 0.5], [0.5, 0.5]], 0.5, -0.1, 0.0),
        ([[0.5, 0.5], [0.5, 0.5]], 0.5, 0.1, 1.5),
    ],
)
def test_what_is_no_law_is_refused(
    weights: list[list[float]], alpha: float, beta: float, place: float
) -> None:
    with pytest.raises(BadRequest, match=r"Coefficients\.of"):
        Coefficients.of(np.array(weights), alpha, beta, place)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_model_is_what_its_name_says(kind: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    heard = generator.random((4, 4)) < 0.6
    plane = basis(kind, heard, worded=True)  # type: ignore[arg-type]
    law = plane.law(generator.normal(size=len(plane)))
    total = law.transition.sum(axis=1)
    # Nobody weighs with who did not hear it.
    assert not law.transition[~(heard | np.eye(4, dtype=bool))].any()
    if kind == "stay":
        np.testing.assert_array_equal(law.transition, np.eye(4))
    if kind in ("stay", "degroot"):
        np.testing.assert_allclose(total, 1)
        np.testing.assert_array_equal(law.anchor, 0)
    # One beta for all.
    left = total + law.anchor
    np.testing.assert_allclose(left, left[0])
    if kind not in ("centred", "biased"):
        np.testing.assert_allclose(left, 1)
    assert (law.drift != 0) == (kind == "biased")
    assert (law.wording != 0) == (kind in ("centred", "biased"))


def test_one_susceptibility_for_all() -> None:
    plane = basis("biased", np.ones((3, 3), dtype=bool), "common")
    law = plane.law(np.random.default_rng(0).normal(size=len(plane)))
    assert len(plane) == 6 + 1 + 2
    np.testing.assert_allclose(law.susceptibility, law.susceptibility[0])
