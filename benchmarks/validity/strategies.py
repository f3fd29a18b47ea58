"""Negotiation strategies: F1 of a reader of turns, against annotators, split by dialogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.evidence.acts import design
from analysis.evidence.embeddings import Embedder
from analysis.evidence.linear import Grams, logistic, probabilities, softmax
from benchmarks.validity.labelled import Flags, by_length, cell, macro_f1

_FOLDS = 5
_PENALTY = 0.3
_FEWEST = 3
_SAID = 0.3
"""A strategy is said to be used from this probability on: for a reader whose best F1 is 0.6 the
best threshold is half of it (Lipton et al., ECML 2014). It was not tuned here."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Annotated turns: the dialogue of each, its text, the text before, and its strategies."""

    dialogues: list[str]
    texts: list[str]
    before: list[str]
    names: list[str]
    used: Flags


def read_turns(path: Path) -> Turns:
    """The annotated turns of a file with a dialogue a line."""
    dialogues: list[str] = []
    texts: list[str] = []
    before: list[str] = []
    strategies: list[list[str]] = []
    for line in path.read_text("utf-8").splitlines():
        dialogue = json.loads(line)
        last = ""
        for turn in dialogue["turns"]:
            if turn.get("strategies"):
                dialogues.append(str(dialogue["id"]))
                texts.append(turn["text"])
                before.append(last)
                strategies.append(turn["strategies"])
            last = turn["text"]
    names = sorted({name for some in strategies for name in some})
    used = np.array([[name in some for name in names] for some in strategies], dtype=bool)
    return Turns(dialogues, texts, before, names, used)


def out_of_fold(turns: Turns, by: Embedder | None) -> tuple[Flags, Flags]:
    """What readers that were fitted to other dialogues say of each turn: by its words, and by its
    length alone."""
    order = {name: place for place, name in enumerate(dict.fromkeys(turns.dialogues))}
    fold = np.array([order[name] % _FOLDS for name in turns.dialogues])
    said, by_words = np.zeros_like(turns.used), np.zeros_like(turns.used)
    for number in range(_FOLDS):
        inside, out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        texts = [turns.texts[k] for k in inside]
        known = Grams.of(texts, _FEWEST)
        rows = design(known, texts, [turns.before[k] for k in inside], by)
        tried = [turns.texts[k] for k in out]
        others = design(known, tried, [turns.before[k] for k in out], by)
        for column in range(len(turns.names)):
            labels = turns.used[inside, column].astype(np.int64)
            weights = logistic(rows, labels, 2, _PENALTY)
            said[out, column] = probabilities(others, weights)[:, 1] > _SAID
            short = softmax(by_length(texts, labels, 2, tried))
            by_words[out, column] = short[:, 1] > _SAID
    return said, by_words


def report(path: Path, readers: dict[str, Embedder | None]) -> list[str]:
    """The figures as a table and what is to be said of them."""
    turns = read_turns(path)
    said = {name: out_of_fold(turns, by) for name, by in readers.items()}
    always = np.ones_like(turns.used)
    columns = [found for found, _ in said.values()]
    columns += [next(iter(said.values()))[1], always]
    lines = [
        f"| strategy | turns | {' | '.join(readers)} | length only | said of every turn |",
        "|---|---|" + "---|" * (len(readers) + 2),
    ]
    for place, name in enumerate(turns.names):
        one = [
            macro_f1(turns.used[:, [place]], each[:, [place]], turns.dialogues) for each in columns
        ]
        count = int(turns.used[:, place].sum())
        lines.append(f"| {name} | {count} | {' | '.join(map(cell, one))} |")
    mean = [macro_f1(turns.used, each, turns.dialogues) for each in columns]
    lines.append(f"| mean of all | {len(turns.texts)} | {' | '.join(map(cell, mean))} |")
    told = (
        f"*Negotiation strategies*: F1 of each against annotators, {len(set(turns.dialogues))} "
        f"dialogues in {_FOLDS} folds, whole dialogues left out; intervals over dialogues. No "
        "strategy is used in most turns, so the majority (never) has F1 0."
    )
    return [told, "\n".join(lines)]
