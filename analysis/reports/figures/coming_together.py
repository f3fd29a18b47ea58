"""How fast and how far speakers come together, arm by arm."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from analysis.estimates import Estimate
from analysis.reports.answer import distance_gone
from analysis.reports.material import Material
from sim.html import Figure, Table
from sim.html.figures.forest import Forest, Row
from sim.html.numbers import MISSING, interval, number

_TOLD = {
    "agreed": "share of trials that end in agreement",
    "time_to_agreement": "turns to agreement",
    "half_life": "half-life in turns",
    "shared": "C of yoked trials: the pull of the stage",
    "interaction": "C less that of yoked trials",
    "alone": "C of mute trials",
    "chance": "C of partners of other trials",
    "coupling": "C less that of partners of other trials",
}


def coming_together(material: Material) -> Iterator[Figure]:
    """Half-lives of the distance, and C, by arm."""
    if material.debates or material.convergence.by_trial["c"].isna().all():
        return
    labels = {arm.key: arm.label for arm in material.arms}
    found = [each for each in material.convergence_read.estimates if each.arm in labels]
    half = [each for each in found if each.quantity == "half_life"]
    rows = [_row(labels[each.arm], each.estimate) for each in half]
    some = any(not isnan(row.value) for row in rows)
    table = Table(
        ["arm", "quantity", "value", "low", "high", "n", "note"],
        [
            (labels[each.arm], _TOLD.get(each.quantity, each.quantity), each.estimate.value,
             each.estimate.low, each.estimate.high, each.estimate.n, each.estimate.note)
            for each in found
        ],
    )  # fmt: skip
    if some:
        yield Figure(
            "half-life",
            "How long it takes to halve the distance",
            "Half-life, in turns, of the distance to where it settles, in "
            f"{material.of_how_many}; lines are 95% intervals (jackknife over trials, on the log). "
            "Evidence P.",
            [Forest(rows, "turns", None)],
            table,
        )
    gone, sizes = [], []
    for arm in material.arms:
        c = distance_gone(material, arm.trials)
        gone.append(Row(arm.label, c.value, c.low, c.high))
        sizes.append(c.n)
    controls = [
        (
            each.estimate.n,
            Row(labels[each.arm], each.estimate.value, each.estimate.low, each.estimate.high,
                group=_group(each.quantity), strong=False),
        )
        for name in ("shared", "interaction", "alone", "chance")
        for each in found
        if each.quantity == name and each.estimate.known
    ]  # fmt: skip
    live = [Row(row.label, row.value, row.low, row.high, group=_group("c")) for row in gone]
    yield Figure(
        "c",
        "How much of the distance is gone at the end",
        "C = 1 − E[D at the end] / E[D at the start]: 1 is consensus, 0 is none, below 0 they "
        f"moved apart. Live trials: all {sum(len(arm.trials) for arm in material.arms):,}. Lines "
        "are 95% intervals (jackknife over trials). Rings are controls: what comes about "
        "without an exchange is no work of the talk. Evidence P.",
        [Forest([*live, *(row for _, row in controls)], "C")],
        Table(["what", "arm", "C", "low", "high", "trials"],
              [(row.group, row.label, row.value, row.low, row.high, size)
               for size, row in (*zip(sizes, live, strict=True), *controls)]),
        notes=[] if some else [
            "The half-life of the distance is identifiable in no arm: too few turns were asked "
            "after, or the distance does not decay within the scene."
        ],
    )  # fmt: skip


def _group(quantity: str) -> str:
    return {
        "c": "live",
        "shared": "yoked: partners say lines of another talk",
        "interaction": "live less yoked: what the exchange adds",
        "alone": "mute: partners say nothing",
        "chance": "partners of other trials, paired by chance",
    }[quantity]


def _row(label: str, estimate: Estimate) -> Row:
    told = (
        f"{number(estimate.value, 1)} {interval(estimate.low, estimate.high, 1)}"
        if estimate.known
        else f"{MISSING} {estimate.note}"
    )
    return Row(label, estimate.value, estimate.low, estimate.high, told)
