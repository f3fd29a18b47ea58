"""Fit ``tables/acts.tsv`` and ``tables/acts_minilm.tsv`` to labelled lines.

Run as ``python -m analysis.evidence.fit_acts FILE.tsv [FOLDER]``, with the columns of ``Line``: it
fits to the lines of the fit half and to the build half of the exact stage's sentences, and writes
both tables into FOLDER. A line's features have the line before it, in the same scene, as context.
``benchmarks.validity.language`` reports on the other halves.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.evidence.acts import (
    ACTS,
    FITTED_MARKS,
    HEADS,
    MARKS,
    SIGNS,
    Readings,
    cue_names,
    design,
    readings,
)
from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.linear import Grams, logistic, scores, write
from sim.stage.exact.frames import FRAMES
from sim.stage.exact.stances import STANCES

PENALTY = 0.3
_FEWEST = 2


class Line(NamedTuple):
    """A labelled line. ``half`` is "fit" or "report", by scene; ``to`` is whom it agrees or
    disagrees with; ``marks`` are parted by blanks; ``second_...`` are a second labelling, blind
    to the first (empty in the fit half)."""

    register: str
    scene: str
    half: str
    speaker: str
    to: str
    act: str
    sign: str
    marks: str
    second_act: str
    second_sign: str
    second_marks: str
    text: str


def read_lines(path: Path) -> list[Line]:
    """The lines of a table. Raises ValueError for an unknown act, sign or mark."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        _, *cells = (row for row in rows if not row[0].startswith("#"))
    lines = [Line(*row) for row in cells]
    for line in lines:
        if line.act not in ACTS or line.sign not in SIGNS or {*line.marks.split()} - {*MARKS}:
            raise ValueError(f"{path}: {line.text!r} has an unknown label")
    return lines


def before(lines: Sequence[Line]) -> list[str]:
    """The text of the line before each, empty at the start of a scene."""
    last = [None, *lines[:-1]]
    return [
        one.text if one is not None and one.scene == line.scene else ""
        for one, line in zip(last, lines, strict=True)
    ]


_ACT_THERE = {
    "assert": ("statement", "neither", ""),
    "rebut": ("disagreement", "disagrees", ""),
    "concede": ("concession", "agrees", ""),
    "agree": ("agreement", "agrees", ""),
    "question": ("question", "neither", ""),
    "hedge": ("statement", "neither", "hedge"),
    "platitude": ("statement", "neither", "platitude"),
    "insult": ("attack", "neither", "hostile"),
    "disclaim": ("statement", "neither", "assistant"),
    "narrate": ("statement", "neither", ""),
}
"""The acts of the exact stage in the terms of the coding rules. Who drops a mask (``reveal``) and
who says a line again have no place in them."""

_FILLED = {
    "name": "Ben",
    "self": "Ada",
    "point": "the cost of the bridge",
    "heard": "the cost of the bridge",
    "topic": "The town should build the bridge.",
}
_BEFORE_THERE = "The cost of the bridge is what we should talk about."


def of_exact_stage(half: Literal["build", "held"]) -> tuple[list[Line], list[str]]:
    """The sentences of one half of the exact stage as labelled lines, and the line before each.

    A stance sentence of the same half goes with each that takes one, in turn.
    """
    first = 0 if half == "build" else 1
    stances = [sentence for level in STANCES for sentence in level[first::2]]
    lines: list[Line] = []
    for act, (name, sign, marks) in _ACT_THERE.items():
        for frame in FRAMES[act][first::2]:
            text = frame.format(stance=stances[len(lines) % len(stances)], **_FILLED)
            lines.append(
                Line(
                    "exact", f"exact {act}", half, "Ada", "Ben", name, sign, marks, "", "", "", text
                )
            )
    return lines, [_BEFORE_THERE] * len(lines)


class Reader(NamedTuple):
    """A reader that was fitted to some lines."""

    grams: Grams
    weights: NDArray[np.float64]
    embedder: Embedder | None

    def read(self, texts: Sequence[str], ahead: Sequence[str]) -> Readings:
        """What lines do, each given the line before."""
        rows = design(self.grams, texts, ahead, self.embedder)
        return readings(texts, scores(rows, self.weights))


def fit(
    lines: Sequence[Line],
    ahead: Sequence[str],
    by: Embedder | None = None,
    penalty: float = PENALTY,
) -> Reader:
    """Logistic regressions of acts, signs and each mark on one design."""
    texts = [line.text for line in lines]
    known = Grams.of(texts, _FEWEST)
    rows = design(known, texts, ahead, by)

    def labels(names: Sequence[str], given: Sequence[str]) -> NDArray[np.int64]:
        return np.array([names.index(name) for name in given])

    heads = [
        logistic(rows, labels(ACTS, [line.act for line in lines]), len(ACTS), penalty),
        logistic(rows, labels(SIGNS, [line.sign for line in lines]), len(SIGNS), penalty),
    ]
    for mark in FITTED_MARKS:
        has = np.array([int(mark in line.marks.split()) for line in lines])
        both = logistic(rows, has, 2, penalty)
        heads.append(both[:, 1:] - both[:, :1])
    return Reader(known, np.hstack(heads), by)


def main(path: str, folder: str | None = None) -> None:
    """Fit, and write the tables."""
    lines = read_lines(Path(path))
    ahead = before(lines)
    chosen = [place for place, line in enumerate(lines) if line.half == "fit"]
    more, before_more = of_exact_stage("build")
    fitted = [*(lines[k] for k in chosen), *more]
    ahead_of = [*(ahead[k] for k in chosen), *before_more]
    for by in (None, embedder("minilm")):
        reader = fit(fitted, ahead_of, by)
        name = "acts" if by is None else f"acts_{by.name}"
        others = cue_names()
        others += [] if by is None else [f"<{by.name} {place}>" for place in range(1, 385)]
        sys.stdout.write(f"{name}: {len(reader.grams.weights)} grams of {len(fitted)} lines\n")
        if folder is not None:
            head = (
                "Version 1. Weights (hundredths of log-odds) of words and pairs of words, of cues,",
                "and of the dimensions of a sentence's vector, for acts, signs and marks.",
                "Fitted by analysis/evidence/fit_acts.py to the fit half of lines that were",
                "written for it (benchmarks/validity/acts.tsv), and to the build half of the exact",
                "stage's sentences.",
            )
            target = Path(folder) / f"{name}.tsv"
            write(target, head, HEADS, reader.grams, others, reader.weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
