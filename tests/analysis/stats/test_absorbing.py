"""What may be claimed of returns: the likelihood by hand, the exact limit where states are seen,
and no claim where there are returns, differences between actors, or a static mixture."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from backstage.effort import effort
from scipy import integrate
from scipy import stats as distributions

from analysis.stats import Floats
from analysis.stats.absorbing import (
    FRAILTIES,
    VARIANTS,
    Absorbing,
    Grid,
    absorbing,
    grid_for,
    likelihoods,
    upper_limit,
)
from analysis.stats.switching import log_likelihood, padded_rows

CLEAR = 6.0
"""Evidence that leaves no doubt about the state of a turn."""


def actor(
    generator: np.random.Generator, turns: int, q01: float, q10: float, share: float = 0.0
) -> Floats:
    other, seen = bool(generator.random() < share), []
    for _ in range(turns):
        other = not (generator.random() < q10) if other else bool(generator.random() < q01)
        seen.append(CLEAR if other else -CLEAR)
    return np.array(seen)


def test_without_frailty_it_is_the_likelihood_of_switching() -> None:
    generator = np.random.default_rng(1)
    series = [generator.normal(0, 2, count) for count in (5, 9, 1)]
    rows, _ = padded_rows(series)
    grid = Grid.over((0.02, 0.3), (0.0, 0.9), (3, 4, 2))
    first, second, kappa = np.meshgrid(grid.q01, grid.ratio, grid.concealment, indexing="ij")
    found = likelihoods(rows, grid)
    for number, (start, theta) in enumerate(VARIANTS):
        if theta == 0:
            q01, q10 = first.ravel(), np.minimum(first * second, 0.95).ravel()
            expected = log_likelihood(series, q01, q10, kappa.ravel(), np.full(len(q01), start))
            assert found[number].sum(axis=0).ravel() == pytest.approx(expected)


def test_a_frailty_is_a_gamma_mixture_over_returns() -> None:
    rows, _ = padded_rows([np.array([-4.0, 4.0, 4.0, -4.0, -4.0])])
    grid = Grid(np.array([0.1]), np.concatenate([[0.0], np.geomspace(0.004, 5, 60)]),
                np.array([0.05]))  # fmt: skip
    found = likelihoods(rows, grid)
    plain = np.exp(found[0, 0, 0, :, 0])
    theta = FRAILTIES[1]
    place = 40
    law = distributions.gamma(1 / theta, scale=theta)

    h = np.linspace(1e-6, 30, 30_001)
    part = np.interp(grid.ratio[place] * h, grid.ratio, plain) * law.pdf(h)
    expected = integrate.simpson(part, x=h)
    assert np.exp(found[1, 0, 0, place, 0]) == pytest.approx(expected, rel=0.02)


def test_where_states_are_seen_the_limit_is_clopper_and_pearsons() -> None:
    generator = np.random.default_rng(2)
    series = [actor(generator, 30, 0.08, 0.0) for _ in range(80)]
    rows, _ = padded_rows(series)
    grid = grid_for(rows, sizes=(20, 60, 4))
    total = likelihoods(rows, grid)[:1].sum(axis=1)
    # Of the variants the first alone: nobody from the start (but one in a hundred), no frailty.
    kept = np.full((len(VARIANTS), *grid.shape), -inf)
    kept[0] = total[0]
    limit, frailty = upper_limit(kept, grid)
    other = np.concatenate([part > 0 for part in series])
    flips = sum(bool((part > 0).any()) for part in series)
    flipped = other.sum() - flips  # A return needs a turn after the flip.
    own = (~other).sum() + flips
    beyond = 1 - 0.025 ** (1 / flips)
    assert frailty == 0
    assert limit == pytest.approx(beyond / (1 - beyond) * own / flipped, rel=0.08)


def test_exposure_is_needed_and_told() -> None:
    turned = np.array([-CLEAR] * 4 + [CLEAR] * 4)
    few, many = absorbing([turned] * 20), absorbing([turned] * 200)
    assert few.verdict == "not established"
    assert f"{few.flipped:.0f} flipped turns, of {few.needed:.0f} that it takes" in str(few)
    assert few.flipped < few.needed
    assert many.verdict == "absorbing"
    assert many.flipped > many.needed
    assert "false returns of the instrument are not known" in str(many)


def test_false_returns_forbid_the_claim() -> None:
    turned = np.array([-CLEAR] * 4 + [CLEAR] * 4)
    good = absorbing([turned] * 200, false_returns=0.0005)
    blind = absorbing([turned] * 200, false_returns=0.03)
    assert str(good).startswith("absorbing: q10 / q01 < ")
    assert "not known" not in str(good)
    assert str(blind).startswith("cannot be claimed with this instrument")


def test_nothing_is_claimed_without_switches() -> None:
    assert absorbing([]).verdict == "not established"
    assert absorbing([np.full(20, -CLEAR)] * 50).limit == inf
    assert isnan(Absorbing(inf, 0.0, 0.0, 1.0).false_returns)


@pytest.mark.parametrize(
    ("q10", "spread", "share"),
    [(0.1, 0, 0), (0.01, 0, 0), (0.01, 3, 0), (0.0, 0, 0.3)],
    ids=["M0", "boundary", "frailty", "from the start"],
)
def test_false_claims_keep_to_their_rate(q10: float, spread: float, share: float) -> None:
    """In 6 studies of each, of 0.3 expected claims, more than 3 come once in ten thousand times.
    ``benchmarks.validity.absorbing`` has 1,000, with words that leave doubt."""
    claims = 0
    for study in range(effort(6, 60)):
        generator = np.random.default_rng([study, int(1000 * q10), spread])
        series = []
        for _ in range(100):
            rate = q10 * (generator.gamma(1 / spread, spread) if spread else 1.0)
            q01 = 0.0 if share else 0.1
            series.append(actor(generator, 20, q01, min(0.9, rate), share))
        claims += absorbing(series).verdict == "absorbing"
    assert claims <= effort(3, 10)
