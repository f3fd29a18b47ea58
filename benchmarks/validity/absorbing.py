"""May a switch be called absorbing? How often it is, where it is not and where it is.

Studies of 50 to 400 scenes (three actors, ten own turns each) are drawn from pools of scenes of the
tests' ancestral simulator at the level of decoded evidence (``benchmarks.validity.decoded``), in
which rates depend on what is heard. The rule is the one of ``analysis.stats.absorbing``, on the
grid that it would choose; what differs between studies is which scenes of a pool are in them. Of
each truth there are several pools, so that no pool's luck decides.

- *Nothing absorbs*: M0 (returns as often as switches); the boundary (pooled q10 = 0.1 q01); the
  boundary where returns differ between actors (a gamma law of mean 1 and variance 2); the boundary
  where shadows leave for a loop; M1 (shadows from the start, who never switched).
- *It absorbs*: M2, over exposure, and over *false returns*: at so many flipped turns in 1,000 the
  instrument loses sight of the shadow and reads the self for four turns on average.
- *M1 against M2*: which ``switching.mechanisms`` calls the best by more than 6 of BIC.

Readings are the exact filter's and the lexicon's. An actor is watched until its first repeated
line. A miss is more than 5% false claims by an exact binomial test at p < 0.001.

    .venv/bin/python -m benchmarks.validity.absorbing [--studies 1000] [--cells FILE] [--write]

It goes on where it was stopped: cells that are done are in FILE (``benchmarks.validity.cells``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from scipy.stats import binomtest

from analysis.stats import Floats
from analysis.stats.absorbing import (
    BAR,
    VARIANTS,
    each_likelihood,
    grid_for,
    likelihoods,
    upper_limit,
)
from analysis.stats.switching import mechanism_points, ranked
from benchmarks.validity.cells import FOLDER, Cells
from benchmarks.validity.decoded import SELF, SHADOW, Decoded, Laws, Twist, scenes
from benchmarks.validity.document import write_section
from benchmarks.validity.exact_stage import table
from sim.seeds import derive
from sim.stage.exact.grammar import parse

KAPPAS = (0.0, 0.5, 0.8)
SIZES = (50, 150, 400)
"""Scenes in a study."""

READINGS = ("exact", "lexicon")
FALSE_RETURNS = (0.0005, 0.001, 0.002, 0.005)
SPELL = 4
"""Turns for which the instrument has lost sight of a shadow, on average."""

_POOL = 1000
_POOLS = {"exact": 3, "lexicon": 1}
"""Pools of a truth, by reading."""

_GRID = (12, 22, 6)
_PLAYERS = 3
_SMALL = 400
_NO_LIMIT = 9.0
"""Scenes in a pool, points of the grid, actors of a scene, scenes in a pool for M1 against M2, what
stands for no limit."""

TRUTHS = ("M0", "boundary", "boundary, returns differ", "boundary, loops", "M1", "M2")


@cache
def _laws(mechanism: str, kappa: float) -> Laws:
    return Laws(mechanism, kappa)


@cache
def boundary(kappa: float) -> float:
    """The share of the hazard at which shadows return, for which pooled q10 = 0.1 q01."""
    drawn = scenes(_laws("M2", kappa), 4000, np.random.default_rng([5, int(10 * kappa)]),
                   Twist(back=BAR))  # fmt: skip
    switched, returned, _ = drawn.hazards
    return BAR * BAR * switched / returned


def pool_of(truth: str, kappa: float, number: int, count: int = _POOL) -> Decoded:
    """A pool of scenes in which a truth is planted."""
    generator = np.random.default_rng([TRUTHS.index(truth), int(10 * kappa), number])
    if truth in ("M0", "M1", "M2"):
        return scenes(_laws(truth, kappa), count, generator)
    twist = Twist(
        boundary(kappa),
        returning=2.0 if truth.endswith("differ") else 0.0,
        looping=0.05 if truth.endswith("loops") else 0.0,
    )
    return scenes(_laws("M2", kappa), count, generator, twist)


def evidence(pool: Decoded, reading: str, false_returns: float, seed: int = 7) -> Floats:
    """What is read of each turn, until the actor's first repeated line; NaN from there on."""
    values = (pool.exact if reading == "exact" else pool.lexicon).copy()
    generator = np.random.default_rng(seed)
    own = values[(pool.character == SELF) & ~np.isnan(values)]
    lost = np.zeros(len(values), dtype=np.bool_)
    for turn in range(values.shape[1]):
        begins = (pool.character[:, turn] == 1) & (generator.random(len(values)) < false_returns)
        lost = (lost & (generator.random(len(values)) > 1 / SPELL)) | begins
        values[lost, turn] = generator.choice(own, int(lost.sum()))
    repeated = np.maximum.accumulate(np.isnan(pool.exact), axis=1)
    return np.where(repeated, np.nan, values)


def claimed(
    truth: str, kappa: float, reading: str, studies: int, false_returns: float = 0.0
) -> dict[str, Any]:
    """How many studies of each size claim, and how many flipped turns there were to see."""
    claims = dict.fromkeys(SIZES, 0)
    limits: dict[int, list[float]] = {size: [] for size in SIZES}
    planted: list[tuple[float, float, float]] = []
    pools = _POOLS[reading]
    each = -(-studies // pools)
    for number in range(pools):
        pool = pool_of(truth, kappa, number)
        planted.append(pool.hazards)
        rows = evidence(pool, reading, false_returns)
        grid = grid_for(rows[: _PLAYERS * SIZES[1]], sizes=_GRID)
        points = len(VARIANTS) * int(np.prod(grid.shape))
        totals = np.empty((_POOL, points), dtype=np.float32)
        for place in range(0, _POOL, 100):
            part = rows[_PLAYERS * place : _PLAYERS * (place + 100)]
            some = likelihoods(part, grid).reshape(len(VARIANTS), 100, _PLAYERS, -1).sum(axis=2)
            totals[place : place + 100] = some.transpose(1, 0, 2).reshape(100, points)
        totals -= totals.max(axis=1, keepdims=True)
        generator = np.random.default_rng([number, 11])
        for size in SIZES:
            chosen = generator.multinomial(size, np.full(_POOL, 1 / _POOL), each)
            for total in chosen.astype(np.float32) @ totals:
                every = total.astype(np.float64).reshape(len(VARIANTS), *grid.shape)
                limit, _ = upper_limit(every, grid)
                claims[size] += limit < BAR
                limits[size].append(limit)
    switched, returned, flipped = np.mean(planted, axis=0)
    return {
        "q01": float(switched), "q10": float(returned),
        "flipped": float(flipped) / _POOL, "studies": each * pools,
        "claims": [claims[size] for size in SIZES],
        "limits": [min(_NO_LIMIT, float(np.median(limits[size]))) for size in SIZES],
    }  # fmt: skip


def same_laws(kappa: float) -> list[str]:
    """Switches, shadows and hostile lines of scenes with words and of scenes without."""
    laws = _laws("M2", kappa)
    switched, at_risk, shadows, hostile, lines = 0, 0, 0, 0, 0
    for number in range(300):
        before: dict[str, str] = {}
        for one in laws.world.play(laws.cast, 30, Random(derive(19, "words", number))):
            last = before.get(one.speaker)
            at_risk += last == "self"
            switched += last == "self" and one.character == "shadow"
            before[one.speaker] = one.character
            shadows += one.character == "shadow"
            hostile += parse(one.text)[0].act in ("insult", "reveal")
            lines += 1
    drawn = scenes(laws, 3000, np.random.default_rng(20))
    return [
        f"{kappa:g}", "words", "300", f"{switched / at_risk:.3f}", f"{shadows / lines:.3f}",
        f"{hostile / lines:.3f}",
        f"{kappa:g}", "acts", "3000", f"{drawn.hazards[0]:.3f}",
        f"{(drawn.character == SHADOW).mean():.3f}", f"{(drawn.hostile >= 2).mean():.3f}",
    ]  # fmt: skip


def told_apart(truth: str, kappa: float, reading: str, studies: int) -> dict[str, Any]:
    """What is called the best mechanism, in studies of 20 and of 100 scenes."""
    frail = truth.endswith("differ")
    if frail:
        pool = scenes(_laws("M2", kappa), _SMALL, np.random.default_rng([9, int(10 * kappa)]),
                      Twist(0.0, switching=1.0))  # fmt: skip
    else:
        pool = pool_of(truth, kappa, 7, _SMALL)
    rows = evidence(pool, reading, 0.0)
    totals = [
        each_likelihood(rows, *points).reshape(_SMALL, _PLAYERS, -1).sum(axis=1)
        for points in mechanism_points()
    ]
    generator = np.random.default_rng(13)
    found: dict[str, Any] = {"studies": studies}
    for size in (20, 100):
        names = dict.fromkeys(("M0", "M1", "M2", "none"), 0)
        chosen = generator.multinomial(size, np.full(_SMALL, 1 / _SMALL), studies)
        every = [chosen.astype(np.float64) @ total for total in totals]
        for values in zip(*every, strict=True):
            fits = ranked(values, _PLAYERS * size)
            clear = fits[1].bic - fits[0].bic > 6
            names[fits[0].name if clear else "none"] += 1
        found[str(size)] = names
    return found


# --- The report -------------------------------------------------------------------------------


def share(count: int, of: int, *, false: bool = False) -> str:
    """A share; *miss* where it is false claims and 5% is refused."""
    refused = false and binomtest(count, of, 0.05, alternative="greater").pvalue < 0.001
    return f"{count / of:.1%}{' **miss**' if refused else ''}"


def _limit(value: float) -> str:
    return "none" if value >= _NO_LIMIT else f"{value:.2g}"


def report(studies: int, cells: Cells) -> list[str]:
    """All tables."""
    sizes = [f"{size} scenes" for size in SIZES]
    false = []
    for truth in TRUTHS[:-1]:
        for kappa in KAPPAS:
            for reading in READINGS:
                key = f"claimed|{truth}|{kappa}|{reading}|{studies}"
                one = cells.made(key, partial(claimed, truth, kappa, reading, studies))
                false.append([
                    truth, f"{kappa:g}", reading, f"{one['q01']:.3f}", f"{one['q10']:.4f}",
                    *(share(count, one["studies"], false=True) for count in one["claims"]),
                ])  # fmt: skip
    same = [
        [str(cell) for cell in cells.made(f"same|{kappa}", partial(same_laws, kappa))]
        for kappa in (0.0, 0.8)
    ]
    power, lost = [], []
    for kappa in KAPPAS:
        best: list[int] = []
        for reading in READINGS:
            key = f"claimed|M2|{kappa}|{reading}|{studies}"
            one = cells.made(key, partial(claimed, "M2", kappa, reading, studies))
            best = best or one["claims"]
            row = [f"{kappa:g}", reading]
            each = zip(SIZES, one["claims"], best, one["limits"], strict=True)
            for size, count, most, limit in each:
                exposure = size * one["flipped"] * BAR * one["q01"] / 3.7
                told = f"{share(count, one['studies'])} at {exposure:.1f}, limit {_limit(limit)}"
                part = f", {count / most:.0%} of the exact" if reading != "exact" and most else ""
                row.append(told + part)
            power.append(row)
        for rate in FALSE_RETURNS:
            key = f"claimed|M2|{kappa}|exact|{rate}|{studies}"
            one = cells.made(key, partial(claimed, "M2", kappa, "exact", studies, rate))
            lost.append([
                f"{kappa:g}", f"{1000 * rate:g}", f"{rate / (BAR * one['q01']):.2f}",
                *(share(count, one["studies"]) for count in one["claims"]),
            ])  # fmt: skip
    apart = []
    for truth in ("M1", "M2", "M2, actors differ"):
        for kappa in KAPPAS:
            for reading in READINGS:
                key = f"apart|{truth}|{kappa}|{reading}|{studies}"
                one = cells.made(key, partial(told_apart, truth, kappa, reading, studies))
                row = [truth, f"{kappa:g}", reading]
                wrong = "M1" if truth.startswith("M2") else "M2"
                for few in ("20", "100"):
                    names = one[few]
                    row += [
                        share(names[truth[:2]], one["studies"]),
                        share(names["none"], one["studies"]),
                        share(names["M0"], one["studies"]),
                        share(names[wrong], one["studies"], false=True),
                    ]
                apart.append(row)
    kinds = ("right", "none", "M0", "wrong")
    calls = [f"{what}, {scenes_}" for scenes_ in (20, 100) for what in kinds]
    return [
        f"`python -m benchmarks.validity.absorbing --studies {studies} --write`: scenes of 30 "
        "turns of three speakers at the level of decoded evidence; the laws are those of the "
        "tests' ancestral simulator (M2, kind `base`, words of the held half). A study is a draw "
        f"of scenes from a pool of {_POOL} (three pools for the exact reading). *Exact* reads act "
        "and stance with the simulator's tables, *lexicon* the words with "
        "`analysis.evidence.text`. κ is concealment.",
        "The simulator in words, and what is drawn here at the level of acts:",
        table(
            ["κ", "drawn", "scenes", "q01", "turns as a shadow", "hostile lines"],
            [row[place : place + 6] for row in same for place in (0, 6)],
        ),
        "### Claimed where nothing absorbs",
        "q01 and q10 are pooled over turns, as planted.",
        table(["truth", "κ", "reading", "q01", "q10", *sizes], false),
        "### Claimed where it absorbs (M2)",
        "At so many times the flipped turns that it takes if states are seen and none returns, "
        "3.7 / (0.1 q01), and with the median of the upper limit of q10 / q01.",
        table(["κ", "reading", *sizes], power),
        "### ... and where the instrument loses sight",
        f"False returns in 1,000 flipped turns, each of {SPELL} turns on average, and as a share "
        "of 0.1 q01; exact reading otherwise. A user whose instrument has as many as 0.1 q01 is "
        'told "cannot be claimed with this instrument".',
        table(["κ", "in 1,000", "of 0.1 q01", *sizes], lost),
        "### M1 against M2",
        "What `mechanisms` calls best by more than 6 of BIC, in studies of 20 and of 100 scenes; "
        '*none* is "not identifiable".',
        table(["truth", "κ", "reading", *calls], apart),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--cells", type=Path, default=FOLDER / "absorbing.jsonl")
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    parts = report(chosen.studies, Cells(chosen.cells))
    print("\n\n".join(parts))
    if chosen.write:
        write_section("benchmarks.validity.absorbing", "What may be called absorbing", parts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
