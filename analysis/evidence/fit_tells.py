"""Fit the weights of ``evidence.tells`` to the lines of ``tables/tells.tsv``.

    python -m analysis.evidence.fit_tells

writes ``tables/tells_words.tsv``, and ``tables/tells_minilm.tsv`` if ``elsinore[embeddings]`` is
installed: multinomial logistic regression with a ridge for the kinds, a ridge for the side. Sides
are learned from sentences in pairs that differ in nothing but the side, made from the patterns
below. No sentence of the exact stage is fitted to.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy import sparse

from analysis.evidence.embeddings import available
from analysis.evidence.lexicon import rows
from analysis.evidence.linear import CONSTANT, logistic, ridge
from analysis.evidence.tells import EXPRESSIONS, KINDS, SIDED, features, tokens
from analysis.stats import Floats

RIDGE = 0.1
SIDE_RIDGE = 5.0
SIDED_LINES = 60.0
"""Sentences that take a side count together like so many lines: the patterns give many."""
FEWEST = 2
FEWEST_SIDED = 5
"""A word or pair of words is read if so many lines, or sentences that take a side, have it."""

PAIRS = (
    ("I support {it}.", "I oppose {it}."),
    ("I am for {it}.", "I am against {it}."),
    ("I am in favour of {it}.", "I reject {it}."),
    ("Yes, we should do {it}.", "No, we should not do {it}."),
    ("My vote is yes.", "My vote is no."),
    ("I say yes.", "I say no."),
    ("I agree with {it}.", "I disagree with {it}."),
    ("I think {it} is a good idea.", "I think {it} is a bad idea."),
    ("{It} would help us.", "{It} would hurt us."),
    ("{It} is right.", "{It} is wrong."),
    ("I welcome {it}.", "I resist {it}."),
    ("I approve of {it}.", "I disapprove of {it}."),
    ("I like {it}.", "I dislike {it}."),
    ("I hope that {it} happens.", "I hope that {it} never happens."),
    ("We must do {it}.", "We must not do {it}."),
    ("I will vote for {it}.", "I will vote against {it}."),
    ("I back {it}.", "I will fight {it}."),
    (
        "The benefits of {it} are larger than the harm.",
        "The harm of {it} is larger than the benefits.",
    ),
    ("I accept {it}.", "I refuse {it}."),
    ("I trust {it}.", "I distrust {it}."),
    ("I believe in {it}.", "I do not believe in {it}."),
    ("I want {it}.", "I do not want {it}."),
    ("Let us go ahead with {it}.", "Let us stop {it}."),
    ("I am a supporter of {it}.", "I am an opponent of {it}."),
    ("The arguments for {it} convince me.", "The arguments against {it} convince me."),
    ("I am pleased with {it}.", "I am worried about {it}."),
    ("I have a good feeling about {it}.", "I have a bad feeling about {it}."),
    ("I would allow {it}.", "I would forbid {it}."),
    ("It deserves a yes.", "It deserves a no."),
    ("I find {it} sensible.", "I find {it} foolish."),
)
"""Sentences for and against."""

OPENINGS = {
    1.0: (
        "I am absolutely certain: ",
        "Without any doubt, ",
        "With all my strength, ",
        "Always and under all conditions: ",
        "I would stake my life on it: ",
    ),
    0.6: ("", "In my view: ", "After some thought, ", "As far as I can see, "),
    0.25: (
        "I am not sure, but perhaps ",
        "If I really had to choose, ",
        "Only just: ",
        "With hesitation, ",
        "Slightly more than not: ",
    ),
}
"""How sentences begin, by how far to its side they put a speaker."""

UNDECIDED = (
    "I am undecided.",
    "I have no opinion on {it}.",
    "I cannot choose between yes and no.",
    "I am neutral about {it}.",
    "I do not know whether I am for or against {it}.",
    "Both sides seem equally good to me.",
    "I do not lean either way.",
    "I have not decided yet.",
    "It could go either way for me.",
    "I see as many reasons for {it} as against {it}.",
)
ISSUES = ("this", "it", "the plan", "that")


def sided() -> dict[str, float]:
    """Sentences that take a side, and where they put a speaker on [-1, 1]."""
    found: dict[str, float] = {}
    for number, pair in enumerate(PAIRS):
        for sign, pattern in zip((1, -1), pair, strict=True):
            for far, openings in OPENINGS.items():
                for place, opening in enumerate(openings):
                    issue = ISSUES[(number + place) % len(ISSUES)]
                    text = pattern.format(it=issue, It=issue.capitalize())
                    first = text[0] if text.startswith(("I ", "My ")) else text[0].lower()
                    found[f"{opening}{first}{text[1:]}" if opening else text] = sign * far
    for pattern in UNDECIDED:
        for issue in ISSUES:
            found[pattern.format(it=issue)] = 0.0
    return found


def fit(by: str) -> dict[str, Floats]:
    """The weights of each feature: of the kinds, of taking a side, and of the side."""
    lines, sides = rows("tells.tsv"), sided()
    texts = [text for _, text in lines]
    counts = Counter(token for text in texts for token in set(tokens(text)))
    of_sides = Counter(token for text in sides for token in set(tokens(text)))
    names = sorted(
        {token for token, count in counts.items() if count >= FEWEST}
        | {token for token, count in of_sides.items() if count >= FEWEST_SIDED}
    )
    known = {name: place for place, name in enumerate(names)}
    design = features([*texts, *sides], known, by)
    kinds = np.array([KINDS.index(kind) for kind, _ in lines] + [SIDED] * len(sides))
    counted = np.ones(len(kinds))
    counted[len(texts) :] = SIDED_LINES / len(sides)
    table = logistic(sparse.csr_matrix(design), kinds, len(KINDS) + 1, RIDGE, counted)
    taking = design[len(texts) :]
    # The lexicon's expressions take no side on an issue.
    taking[:, len(names) : len(names) + EXPRESSIONS] = 0.0
    side = ridge(sparse.csr_matrix(taking), np.array(list(sides.values())), SIDE_RIDGE)
    columns = np.column_stack([table, side])
    others = design.shape[1] - len(names)
    named = [*names, *(f"<{place}>" for place in range(others)), CONSTANT]
    return dict(zip(named, columns, strict=True))


def main() -> None:
    """Fit and write the tables."""
    for by in ("words", "minilm"):
        if by not in ("words", *available()):
            sys.stdout.write(f"{by} is not installed: its table stays as it is\n")
            continue
        found = fit(by)
        lines = [
            "# Weights of evidence/tells.py: feature, one for each kind, one for taking a side,",
            "# one for which side. Fitted by analysis/evidence/fit_tells.py to tells.tsv.",
            *("\t".join([name, *(f"{value:.3f}" for value in row)]) for name, row in found.items()),
        ]
        path = Path(__file__).parent / "tables" / f"tells_{by}.tsv"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        sys.stdout.write(f"{path.name}: {len(found)} features\n")


if __name__ == "__main__":
    main()
