"""Figures of results and of comparisons: what ``.plot()`` draws, and what notebooks show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING

from analysis.tables import side_named
from sim.html import Figure, Table
from sim.html.figures.forest import Forest, Row
from sim.html.numbers import interval, number, probability

if TYPE_CHECKING:
    from analysis.comparison import Difference
    from analysis.estimates import Quantity
    from analysis.results import ArmEstimate

MOST = 40

NAMES = {
    "convergence.c": "distance gone at the end",
    "flips.flip": "turned into the opposite",
    "collapse.collapse": "became the assistant",
    "loops.loop": "began to loop",
    "loops.repetitions": "lines said again",
    "loops.self_similarity": "likeness of own lines",
    "loops.compression": "how well lines compress",
    "conflict.hostility": "hostility",
    "conflict.negative": "share of contradictions",
    "conflict.balanced": "balanced triads",
    "conflict.distance": "distance of stances",
}
"""Quantities in words; the table has their names."""


def effects(differences: Sequence[Difference], by: str = "") -> Figure | None:
    """Cliff's delta of every difference, with the difference itself in words; None if none is
    known. ``by`` is what arms were compared by."""
    known = [each for each in differences if not isnan(each.delta.estimate)]
    rows = []
    of = told_apart(each.of for each in known if each.clusters <= 1)
    for each in sorted(known, key=lambda each: (each.a, each.b, each.of)):
        shown = not isnan(each.adjusted) and each.adjusted <= 0.05
        where = of.get(each.of, each.of)
        gap = each.difference
        told = f"{number(gap.estimate, sign=True)} {interval(gap.low, gap.high, sign=True)}"
        group = f"{side_named(by, each.a)} less {side_named(by, each.b)}"
        rows.append(
            Row(
                NAMES.get(each.quantity, each.quantity), each.delta.estimate, each.delta.low,
                each.delta.high, told,
                f"{group}: {where}" if where else group, strong=shown,
            )
        )  # fmt: skip
    if not rows:
        return None
    table = Table(
        ["quantity", "of", "a", "b", "n a", "n b", "paired", "value a", "value b", "difference",
         "low", "high", "delta", "delta low", "delta high", "p", "corrected", "evidence",
         "sentence"],
        [
            (each.quantity, each.of, each.a, each.b, each.n_a, each.n_b, each.paired, each.value_a,
             each.value_b, each.difference.estimate, each.difference.low, each.difference.high,
             each.delta.estimate, each.delta.low, each.delta.high, each.p, each.adjusted,
             each.evidence, each.sentence)
            for each in differences
        ],
    )  # fmt: skip
    primary = next(each for each in differences if each.primary)
    notes = [f"The first {MOST} of {len(rows)} are drawn."] if len(rows) > MOST else []
    return Figure(
        "effects",
        "All that was compared",
        "Marks are Cliff's delta: how much oftener a trial of the first arm lies above one of the "
        "second than below, from −1 to 1; lines are 95% intervals. At the right the difference in "
        "its own unit, with its 95% interval. Full marks differ after correction "
        f"(p ≤ 0.05). The primary quantity is {primary.quantity}, corrected by Holm "
        f"(p = {probability(primary.adjusted)}); the others are exploratory, corrected together by "
        "Benjamini and Hochberg.",
        [Forest(rows[:MOST], x=(-1, 1), ends=("less in the first", "more in the first"))],
        table,
        notes=notes,
    )


def told_apart(names: Iterable[str]) -> Mapping[str, str]:
    """Names of arms, each a row of facts, without the facts that all of them share.

    >>> list(told_apart(["well plain-1 rounds=2", "well plain-1 rounds=3"]).values())
    ['rounds=2', 'rounds=3']
    """
    facts = {name: name.split(" ") for name in dict.fromkeys(names)}
    shared = set.intersection(*map(set, facts.values())) if len(facts) > 1 else set()
    return {
        name: " ".join(fact for fact in each if fact not in shared) or name
        for name, each in facts.items()
    }


def forest_of_arms(
    measure: str,
    name: str,
    about: Quantity,
    estimates: Sequence[ArmEstimate],
    labelled: Callable[[tuple[str, ...]], str],
) -> Figure:
    """The estimates of one quantity, arm by arm, each over what the same procedure gives where
    there is nothing."""
    rows = [
        Row(
            labelled(each.arm), each.estimate.value, each.estimate.low, each.estimate.high,
            null=(each.estimate.null.low, each.estimate.null.high),
        )
        for each in estimates
        if each.quantity == name
    ]  # fmt: skip
    nulls = any(row.null is not None and not isnan(row.null[0]) for row in rows)
    evidence = sorted({each.estimate.evidence for each in estimates if each.quantity == name})
    said = "; grey is what the same procedure gives where there is nothing" if nulls else ""
    return Figure(
        name,
        f"{measure}: {name}",
        f"{about.about[:1].upper()}{about.about[1:]}. Lines are 95% intervals{said}. "
        f"Evidence {', '.join(evidence) or 'unknown'}.",
        [Forest(rows, name, 0.0)],
        Table(
            ["arm", "value", "low", "high", "n", "null", "note"],
            [
                (
                    labelled(each.arm), each.estimate.value, each.estimate.low, each.estimate.high,
                    each.estimate.n, each.estimate.null.estimate, each.estimate.note,
                )
                for each in estimates
                if each.quantity == name
            ],
        ),
    )  # fmt: skip
