"""Does an actor that is asked the same thing again, at the same point, say something else?

*Evidence*: P, the samples of a question off stage. Each is asked as if for the first time, and
enters nobody's context.

*Definition.* *differ* is the share of pairs of samples that are not the same: Simpson's index of
diversity without replacement, 1 - sum n_k (n_k - 1) / (n (n - 1)), unbiased for the probability
that two answers differ. Texts are the same if they are equal without case, punctuation and a
leading article; numbers and options if they are equal. Points at which fewer than two samples have
an answer are left out.

*Null.* None: compare with an actor that was told the answer.

*References.* Simpson 1949 (Nature 163); the superposition of characters: arXiv 2305.16367.

*Traps.* Two wordings of one thing differ here ("a watch", "my watch"), which bounds the share from
above in arms that are free to word it. At temperature 0 nothing differs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from analysis.estimates import Quantities, Quantity
from analysis.results import Result
from analysis.tables import Data
from sim.transcript import FLOOR

_ARTICLE = re.compile(r"^(an?|the|my|his|her|our|their|its)\s+")
_MARKS = re.compile(r"[^\w\s]+")


class Indecision(Result):
    """How often two answers to one question, at one point, differ. ``key`` is the question (None:
    all that were asked more than once at a point).

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(4, "Mila", "thing", value, sample=n) for n, value in
    ...         enumerate(["A watch.", "the watch", "a bell"])]
    >>> row = Indecision(tables_from([Record("t", [{"name": "Mila"}], said)])).by_trial.iloc[0]
    >>> round(float(row.differ), 3)
    0.667
    """

    measure = "indecision"
    evidence = "P"
    actor: ClassVar[Quantities] = {
        "differ": Quantity("share of pairs of samples that differ", low=0, high=1),
        "samples": Quantity("samples that have an answer", "count"),
    }
    trial: ClassVar[Quantities] = {"differ": actor["differ"]}
    arm: ClassVar[Quantities] = trial

    def __init__(self, data: Data, key: str | None = None) -> None:
        super().__init__(data)
        self.key = key

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        answers = self.tables.answers[~self.tables.answers["gauge"]]
        answers = answers[~answers["key"].str.startswith(FLOOR)]
        if self.key is not None:
            answers = answers[answers["key"] == self.key]
        points: dict[tuple[str, str], list[tuple[float, int]]] = {}
        for (trial, actor, _, _), rows in answers.groupby(
            ["trial", "actor", "key", "turn"], sort=False
        ):
            said = [plain(value) for value in rows["value"] if value is not None and value == value]
            if len(said) > 1:
                points.setdefault((str(trial), str(actor)), []).append((differing(said), len(said)))
        for (trial, actor), some in points.items():
            shares = [share for share, _ in some]
            yield trial, actor, sum(shares) / len(shares), sum(count for _, count in some)


def plain(answer: object) -> object:
    """An answer as it is compared: texts without case, punctuation and a leading article.

    >>> plain("The silver Watch!"), plain(0.5)
    ('silver watch', 0.5)
    """
    if not isinstance(answer, str):
        return answer if isinstance(answer, int | float) else repr(answer)
    words = " ".join(_MARKS.sub(" ", answer.casefold()).split())
    return _ARTICLE.sub("", words)


def differing(said: list[object]) -> float:
    """The share of pairs that differ."""
    count = len(said)
    same = sum(n * (n - 1) for n in Counter(said).values())
    return 1.0 - same / (count * (count - 1))
