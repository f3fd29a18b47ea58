"""Fit the weights in ``reply_links.tsv`` to chat logs with reply links.

Run as ``python -m analysis.graphs.fit_reply_links FOLDER [OUTPUT]`` with the folder of the logs:
``*.jsonl``, with ``id``, ``kind``, ``speaker``, ``text``, ``annotated`` and ``reply_to`` of each
line. Every other log in the order of their names is fitted, beginning with the first; the others
are checked (``benchmarks.validity.replies`` reports them in full). The weights shipped are that
fit, so that the check stays one. Lines of the server are left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import optimize

from analysis.graphs.reply_links import FEATURES, START, candidates_of, links
from analysis.graphs.speech import Said
from analysis.stats import Floats

PENALTY = 2.0


@dataclass(frozen=True, slots=True)
class Log:
    """One log. ``gold`` has the positions that each annotated line answers, or ``{START}``."""

    name: str
    names: tuple[str, ...]
    lines: tuple[Said, ...]
    gold: dict[int, frozenset[int]]


def read_log(path: Path) -> Log:
    """Read one log. Everybody who speaks anywhere in it hears every line."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    spoken = [row for row in rows if row["kind"] != "system"]
    names = tuple(dict.fromkeys(row["speaker"] for row in spoken))
    heard = frozenset(names)
    places = {row["id"]: place for place, row in enumerate(spoken)}
    gold: dict[int, frozenset[int]] = {}
    for place, row in enumerate(spoken):
        if row["annotated"]:
            meant = frozenset(places[other] for other in row["reply_to"] if other in places)
            if meant or not row["reply_to"]:
                gold[place] = meant or frozenset((START,))
    lines = (
        Said(place + 1, row["speaker"], row["text"], heard, place)
        for place, row in enumerate(spoken)
    )
    return Log(path.stem, names, tuple(lines), gold)


def split(folder: Path) -> tuple[list[Log], list[Log]]:
    """The logs to fit, and the others."""
    logs = [read_log(path) for path in sorted(folder.glob("*.jsonl"))]
    return logs[::2], logs[1::2]


def fit(logs: Sequence[Log], penalty: float = PENALTY) -> dict[str, float]:
    """Ridge-penalised maximum likelihood of the conditional logit.

    The likelihood of a line is the probability that it answers one of the lines in ``gold``.
    """
    blocks: list[Floats] = []
    marks: list[Floats] = []
    for log in logs:
        for position, candidates, rows in candidates_of(
            log.lines, log.names, own=True, starts=True, of=log.gold
        ):
            meant = np.array([float(c in log.gold[position]) for c in candidates])
            if meant.any():
                blocks.append(rows)
                marks.append(meant)
    design, meant = np.vstack(blocks), np.concatenate(marks)
    sizes = np.array([len(block) for block in blocks])
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    group = np.repeat(np.arange(len(blocks)), sizes)

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = design @ weights
        share = np.exp(score - np.maximum.reduceat(score, first)[group])
        total, right = np.add.reduceat(share, first), np.add.reduceat(share * meant, first)
        value = -float(np.log(right / total).sum()) + penalty / 2 * float(weights @ weights)
        pull = share * meant / right[group] - share / total[group]
        return value, penalty * weights - design.T @ pull

    result = optimize.minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B")
    return dict(zip(FEATURES, map(float, result.x), strict=True))


def right(log: Log, weights: dict[str, float] | None = None) -> tuple[int, int]:
    """The number of annotated lines that are linked rightly, and of all annotated lines."""
    linked = links(log.lines, log.names, own=True, starts=True, weights=weights, of=log.gold)
    hits = sum(link.candidates[0] in log.gold[link.position] for link in linked)
    return hits, len(log.gold)


def main(folder: str, output: str | None = None) -> None:
    """Fit, check, and print (or write) the weights."""
    fitted, checked = split(Path(folder))
    weights = fit(fitted)
    share = {}
    for name, logs in (("fitted", fitted), ("held-out", checked)):
        counts = np.array([right(log, weights) for log in logs]).sum(axis=0)
        share[name] = counts[0] / counts[1]
        sys.stdout.write(f"{name} logs: {share[name]:.3f} of {counts[1]} lines linked rightly\n")
    if output is not None:
        lines = [
            "# Weights (log-odds) of what is known of a turn that a line may answer.",
            "# Fitted by analysis/graphs/fit_reply_links.py to every other log of the development",
            "# part of the IRC disentanglement corpus (Kummerfeld et al. 2019; CC BY 4.0). No line",
            f"# is copied. {', '.join(log.name for log in fitted)}.",
            f"# Held-out logs: {share['held-out']:.3f} of the lines linked rightly.",
        ]
        lines += [f"{name}\t{weights[name]:.2f}\t{what}" for name, what in FEATURES.items()]
        Path(output).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
