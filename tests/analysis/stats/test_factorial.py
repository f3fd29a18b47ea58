"""Two-level designs: orthogonal, folded, and honest about what they cannot tell apart."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from analysis.stats.factorial import SIZES, aliases, factorial, plackett_burman


@pytest.mark.parametrize("runs", [12, 24])
def test_a_design_of_plackett_and_burman_is_a_hadamard_matrix(runs: int) -> None:
    design = plackett_burman(runs)
    assert design.shape == (runs, runs - 1)
    assert (design.T @ design == runs * np.eye(runs - 1)).all()
    assert (design.sum(axis=0) == 0).all()


@pytest.mark.parametrize(("factors", "most"), list(product(range(1, 10), SIZES)))
def test_factors_are_balanced_orthogonal_and_begin_as_written(factors: int, most: int) -> None:
    design = factorial(factors, most)
    assert design.worlds <= most
    assert (design.levels.T @ design.levels == design.worlds * np.eye(factors)).all()
    assert (design.levels[0] == -1).all()
    assert len(np.unique(design.levels, axis=0)) >= design.worlds - 2


def test_the_full_factorial_is_played_where_it_fits() -> None:
    design = factorial(5, 48)
    assert (design.worlds, design.resolution) == (32, None)
    assert aliases(design, list("abcde")) == []


@pytest.mark.parametrize(("factors", "most"), [(7, 12), (7, 24), (7, 48), (6, 48)])
def test_the_table_of_aliases_is_what_estimates_do(factors: int, most: int) -> None:
    """An effect that is aliased with another is estimated where only the other is there."""
    names = list("abcdefghi"[:factors])
    design = factorial(factors, most)
    table = {frozenset(pair): value for *pair, value in aliases(design, names)}
    columns = {name: design.levels[:, place] for place, name in enumerate(names)}
    columns |= {f"{a} x {b}": columns[a] * columns[b] for a, b in combinations(names, 2)}
    for one, other in combinations(columns, 2):
        truth = 3.0 * columns[other]
        estimate = float(columns[one] @ truth) / design.worlds
        assert estimate == pytest.approx(3.0 * table.get(frozenset((one, other)), 0.0))
    clear = not any(len(set(pair) & set(names)) for pair in table)
    assert clear == (design.resolution == 4)


def test_sizes_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="use 12, 24 or 48"):
        factorial(3, 36)
    with pytest.raises(ValueError, match="too many"):
        factorial(12, 12)
    with pytest.raises(ValueError, match="use 12 or 24"):
        plackett_burman(20)
