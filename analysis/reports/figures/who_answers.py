"""Who answers whom, how often, and whether they agree; and who is hostile when."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

import numpy as np

from analysis import graphs
from analysis.reports.material import Material
from sim.html import Figure, Speakers, Table
from sim.html.figures.drawing import Panel
from sim.html.figures.heat import Heat
from sim.html.figures.network import Edge, Network, Node
from sim.html.numbers import counted, share

MOST_ARMS = 6
MOST_BINS = 16


def who_answers(material: Material) -> Iterator[Figure]:
    """The graph of replies with their signs, a panel for each arm."""
    panels: list[Panel] = []
    rows: list[tuple[object, ...]] = []
    if material.debates:
        return
    kept = set(material.read.trials["trial"])
    for arm in material.arms[:MOST_ARMS]:
        trials = [trial for trial in arm.trials if trial in kept]
        if not trials:
            continue
        tables = material.read.only(trials)
        agreement = graphs.agreement(tables, pool=True)
        taking = graphs.turn_taking(tables, pool=True)
        names = list(agreement.nodes)
        looks = Speakers(names)
        count = len(trials)
        edges = []
        for source, target, facts in agreement.edges(data=True):
            signs = (facts["positive"], facts["negative"], facts["neutral"])
            whole = sum(signs)
            sign = (signs[0] - signs[1]) / whole if whole else 0.0
            after = taking.get_edge_data(target, source, {}).get("weight", 0)
            told = (
                f"{source} answers {target}: {counted(whole, 'reply', 'replies')}, "
                f"{signs[0]} agree, {signs[1]} contradict"
            )
            edges.append(Edge(source, target, whole / count, sign, told))
            rows.append((arm.label, source, target, whole, *signs, sign, after, count))
        nodes = [
            Node(name, looks[name].name, float(agreement.nodes[name].get("turns", 0)))
            for name in names
        ]
        panels.append(Network(arm.label, nodes, edges, counted(count, "trial")))
    if any(rows):
        more = len(material.arms) - MOST_ARMS
        yield Figure(
            "graph",
            "Who answers whom",
            "An arrow leads from who replies to whom the reply is for; its width and number are "
            "replies a trial. Blue-green arrows agree more than they contradict, dashed red-brown "
            "ones contradict more, grey ones do neither. Discs grow with turns taken. Where arrows "
            "are many, the most frequent have a number, and the table has all. In "
            f"{material.of_how_many}; counts, so without an interval. Evidence T.",
            panels,
            Table(
                ["arm", "who replies", "to whom", "replies", "agree", "contradict", "neither",
                 "sign", "speaks right after", "trials"],
                rows,
            ),
            least=250,
            notes=[f"{more} more arms are not drawn."] if more > 0 else [],
        )  # fmt: skip


def conflict(material: Material) -> Iterator[Figure]:
    """Hostility by speaker and turn, as a heat map."""
    table = material.conflict.by_turn.dropna(subset=["hostility"])
    if table.empty or material.debates:
        return
    table = table.assign(arm=table["trial"].map(dict(material.label_of)))
    last = int(table["turn"].max())
    # Columns are so wide that everybody speaks in each, where speakers take turns.
    cast = max(len(material.casts[str(trial)]) for trial in table["trial"].unique())
    bins = min(MOST_BINS, max(1, last // min(cast, 4)))
    edges = np.linspace(0, last, bins + 1)
    place = np.clip(np.ceil(table["turn"].to_numpy(dtype=float) / last * bins) - 1, 0, bins - 1)
    table = table.assign(bin=place.astype(int))
    columns = [_span(edges, each) for each in range(bins)]
    names: list[str] = []
    colours: list[str] = []
    values: list[list[float]] = []
    groups: dict[int, str] = {}
    rows: list[tuple[object, ...]] = []
    for arm in material.arms[:MOST_ARMS]:
        part = table[table["arm"] == arm.label]
        if part.empty:
            continue
        looks = Speakers(material.casts[str(part["trial"].iloc[0])])
        groups[len(names)] = arm.label
        for actor in looks:
            own = part[part["actor"] == actor].groupby("bin")["hostility"]
            means, sizes = own.mean().to_dict(), own.size().to_dict()
            if not means:
                continue
            names.append(actor)
            colours.append(looks[actor].name)
            values.append([float(means.get(each, nan)) for each in range(bins)])
            rows += [
                (arm.label, actor, columns[each], means.get(each), sizes.get(each, 0))
                for each in range(bins)
            ]
    most = max((value for row in values for value in row if value == value), default=0.0)
    top = max(0.2, float(np.ceil(most * 10) / 10))
    negative = material.conflict.by_trial["negative"].astype("float64").dropna()
    contradicted = (
        f" Of the replies with a sign, {share(float(negative.mean()))} contradict, on average over "
        "trials."
        if len(negative)
        else ""
    )
    yield Figure(
        "conflict",
        "Where it gets hostile",
        "Hostility of the words from 0 to 1, the mean over all lines of a speaker at these turns; "
        f"a dash is: no line. In {material.of_how_many}; means, without an interval. "
        f"Evidence T, by a lexicon.{contradicted}",
        [Heat("", names, columns, values, 0.0, top, x_label="turn", colours=colours,
              groups=groups)],
        Table(["arm", "speaker", "turns", "hostility", "lines"], rows),
    )  # fmt: skip


def _span(edges: np.ndarray, place: int) -> str:
    """The turns of a column.

    >>> _span(np.array([0.0, 2.0, 4.0]), 1), _span(np.array([0.0, 1.0]), 0)
    ('3–4', '1')
    """
    first, last = int(np.floor(edges[place])) + 1, int(np.floor(edges[place + 1]))
    return str(last) if first >= last else f"{first}–{last}"
