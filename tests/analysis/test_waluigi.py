"""The statistics of the Waluigi number: laws, missing answers, and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.waluigi import Outcome, crossing, estimates, over_lines, slope

DOSES = (0, 1, 2, 4, 8)
REPAIRS = (0, 2, 4)

numbers = st.floats(-20, 20, allow_nan=False)


def outcomes(
    slopes: dict[str, tuple[float, float]],
    noise: float = 0.0,
    lines: int = 3,
    seed: int = 0,
    repair: float = 0.0,
) -> list[Outcome]:
    """Straight curves: pairs that begin with m are moral; a slope for each of their two ends."""
    generator = np.random.default_rng(seed)
    found = []
    for pair, both in slopes.items():
        kind = "moral" if pair.startswith("m") else "neutral"
        for end, rate in zip(("first", "second"), both, strict=True):
            tilts = rate + noise * generator.normal(size=lines)
            for dose in DOSES:
                for own in REPAIRS:
                    values = tuple(-2 + dose * tilts - repair * own)
                    found.append(
                        Outcome(pair, kind, end, "lines", "whole", dose, own, dose, values)
                    )
    return found


@given(st.lists(numbers, min_size=4, max_size=4), st.lists(numbers, min_size=4, max_size=4))
def test_the_number_is_the_difference_of_differences(
    first: Sequence[float], second: Sequence[float]
) -> None:
    names = ("m1", "m2", "n1", "n2")
    both = dict(zip(names, zip(first, second, strict=True), strict=True))
    gaps = {name: a - b for name, (a, b) in both.items()}
    found = estimates(outcomes(both)).numbers[0]
    expected = (gaps["m1"] + gaps["m2"] - gaps["n1"] - gaps["n2"]) / 2
    assert found.number.estimate == pytest.approx(expected, abs=1e-9)
    # Whoever calls the bad ones good, and turns the neutral pairs round, has the opposite number.
    turned = {name: (b, a) for name, (a, b) in both.items()}
    other = estimates(outcomes(turned)).numbers[0]
    assert other.number.estimate == pytest.approx(-expected, abs=1e-9)
    assert other.p == pytest.approx(found.p)


def test_few_pairs_decide_nothing() -> None:
    some = {"m1": (1.0, 0.2), "m2": (1.1, 0.2), "n1": (0.5, 0.5), "n2": (0.5, 0.51)}
    found = estimates(outcomes(some)).numbers[0]
    assert found.least == 0.125
    assert isnan(found.new_pairs.low)
    assert "cannot reach 0.05" in found.sentence
    more = {f"m{n}": (1.0 + n / 100, 0.2) for n in range(4)}
    more |= {f"n{n}": (0.5, 0.5 + n / 1000) for n in range(4)}
    decided = estimates(outcomes(more)).numbers[0]
    assert decided.p <= 0.05
    assert "good turn bad more easily" in decided.sentence
    assert decided.new_pairs.low > 0


def test_a_missing_line_is_left_out_and_counted() -> None:
    some = outcomes({"m1": (1.0, 0.5), "n1": (0.5, 0.5)}, noise=0.1)
    holed = [
        replace(each, values=(nan, *each.values[1:]))
        if (each.pair, each.persona, each.dose, each.repair) == ("m1", "first", 4, 0)
        else each
        for each in some
    ]
    found = estimates(holed)
    assert found.missing == 1
    kept = [replace(e, values=e.values[1:]) if e.pair == "m1" else e for e in some]
    assert found.numbers[0].number.estimate == pytest.approx(
        estimates(kept).numbers[0].number.estimate
    )
    gone = [
        replace(each, values=(nan,) * 3) if (each.pair, each.dose) == ("m1", 4) else each
        for each in some
    ]
    lost = estimates(gone)
    assert isnan(lost.numbers[0].number.estimate)
    assert lost.numbers[0].unfit == ("m1",)
    assert "too many answers are missing" in lost.numbers[0].sentence


def test_doses_beyond_what_was_tried_are_censored() -> None:
    found = estimates(outcomes({"m1": (0.5, 0.1), "n1": (0.5, 0.5)}, repair=0.75))
    turned, never = found.directions[0], found.directions[1]
    assert turned.turning.estimate == pytest.approx(4.0)
    assert turned.repair.estimate == pytest.approx(2 / 0.75)
    assert never.turning.estimate == inf
    assert isnan(never.repair.estimate)
    assert turned.mending.estimate == pytest.approx(-0.75)


def test_what_stays_turned_has_a_negative_area() -> None:
    stays = estimates(outcomes({"m1": (0.5, 0.5), "n1": (0.5, 0.5)}, repair=0.0)).directions[0]
    # Down the outcome stays at that of dose 8, up it falls by 0.5 a line: the triangle 4 by 2.
    assert stays.area.estimate == pytest.approx(-4.0)
    returns = estimates(outcomes({"m1": (0.5, 0.5), "n1": (0.5, 0.5)}, repair=0.5)).directions[0]
    assert returns.area.estimate == pytest.approx(0.0)


def test_intervals_over_lines_cover() -> None:
    """Of 400 samples 95% hold the truth; below 91.5% or above 98% has a chance of 0.4%."""
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        parts = [generator.normal(size=4) * scale for scale in (0.5, 1.0, 1.0, 2.0)]
        found = over_lines(parts, [0.5, 0.5, -0.5, -0.5])
        held += found.low <= 0 <= found.high
    assert 366 <= held <= 392


def test_slopes_and_crossings() -> None:
    assert slope(DOSES, np.array([[2.0 * dose] for dose in DOSES]))[0] == pytest.approx(2.0)
    assert crossing(DOSES, [-1, -1, -1, nan, 1]) != crossing(DOSES, [-1, -1, -1, 0, 1])
    assert isnan(over_lines([np.array([nan, nan])]).estimate)
    assert isnan(over_lines([np.array([1.0])]).low)
