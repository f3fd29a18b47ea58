"""The phase diagram: dose by repair, for each memory policy and direction."""

from __future__ import annotations

from math import nan

from analysis.waluigi import GROUPS, Estimates
from sim.html import Figure, Table
from sim.html.figures.heat import Heat
from sim.study.waluigi.results import Results


def phase_diagram(results: Results, found: Estimates) -> Figure:
    """How likely the opposite's line is, by how many lines were flipped, and how many own followed.

    One panel for each memory policy. Cells are means of forced choices between matched held-out
    lines; at 0.5 the actor is between both.
    """
    panels = []
    for memory in results.memories:
        rows: list[str] = []
        values: list[list[float]] = []
        groups: dict[int, str] = {}
        for group in GROUPS:
            if (memory, group, 0, 0) not in found.phases:
                continue
            groups[len(rows)] = group
            for repair in results.repairs:
                rows.append(f"{repair} own")
                values.append(
                    [found.phases.get((memory, group, repair, k), nan) for k in results.doses]
                )
        panels.append(
            Heat(
                f"memory: {memory}", rows, [str(dose) for dose in results.doses], values,
                below="share of choices for the opposite's line", x_label="flipped lines",
                groups=groups,
            )
        )  # fmt: skip
    table = Table(
        ["memory", "direction", "flipped lines", "own lines after", "opposite"],
        [
            (memory, group, dose, repair, value)
            for (memory, group, repair, dose), value in found.phases.items()
        ],
    )
    name = results.model.identity.partition("?")[0]
    return Figure(
        "waluigi",
        f"What turns an actor, and what brings it back: {name}",
        f"{len(results.pairs)} pairs; the last lines of {results.earlier} are the opposite's, then "
        "some of its own follow. 0.5 is the boundary; a heat map shows no interval.",
        panels,
        table,
        least=300.0,
        most=2,
    )
