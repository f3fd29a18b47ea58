"""Do two minds err on the same items? Replicas with people, beside people with people.

*Evidence*: T, what is said after a statement is read out ("true", "false"); of actors who hardly
say either, P, their off-stage stance on it (for: true, against: false).

*Definition.* Two minds that answer the same items are both right or both wrong on some of them by
chance: with shares p and q of right answers on p q + (1 - p)(1 - q). *Error consistency* is what
they share beyond that, as a part of what they could: kappa = (c_obs - c_exp) / (1 - c_exp), 1 for
the same errors, 0 for independent ones. ``kappa`` of a trial is the mean over its actors and the
people of all other trials. ``part`` has the same mean, and is what arms are compared in: of people
it is each trial's *part* of their mean (the jackknife's pseudo-value of a U-statistic), less its
part of the replicas' mean, so that trials are independent in first order though all are compared
with the same people.

*People* are imported transcripts, and trials whose scenario was told ``people`` (stand-ins, in a
twin of a study).

*Null.* People with people. Independent errors have 0.

*References.* Geirhos, Meding and Wichmann, "Beyond accuracy: quantifying trial-by-trial behaviour
of CNNs and humans by measuring error consistency", NeurIPS 2020; kappa: Cohen 1960; pseudo-values:
Arvesen, Annals of Mathematical Statistics 40, 1969.

*Traps.* Kappa says nothing of how many errors there are: look at ``right``, too. With few items it
is coarse, and missing where both are always right. Whoever hears another answer an item first has
errors in common with it: people of one conversation are compared with those of others alone. A
reply that says neither "true" nor "false" is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.repetition import words_of
from analysis.measures.series import lines_of
from analysis.opinions.reading import STANCE
from analysis.results import Result
from analysis.stats import Floats
from analysis.tables import Data
from sim.errors import BadRequest
from sim.planning.trials import IMPORTED

FEWEST = 6
"""Items that two minds have to have answered, both of them."""

HEAD = 8
"""An answer stands among so many first words of a reply."""

_ANSWER = re.compile(
    r"\b(?:(?P<no>not (?:true|right|correct)|isn't (?:true|right)|untrue|false|no|wrong|nonsense)|"
    r"(?P<yes>true|yes|right|correct))\b"
)

_TRIAL: Quantities = {
    "right": Quantity("share of the items that are answered rightly", low=0, high=1),
    "kappa": Quantity("error consistency with the people of other trials", low=-1, high=1),
    "part": Quantity("the trial's part of that mean"),
}


class ErrorConsistency(Result):
    """Whether actors err on the items on which people err.

    ``items`` has a statement and whether it is true, by the name of the item, which is also the
    issue of the stance that is asked off stage. Raises ``BadRequest`` for items that are none.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> cast = [{"name": "Q"}, {"name": "A"}]
    >>> items = {"a": ("An octopus has three hearts.", True)}
    >>> said = [Turn(1, "Q", "True or false? An octopus has three hearts."), Turn(2, "A", "True.")]
    >>> result = ErrorConsistency(tables_from([Record("t", cast, said)]), items)
    >>> result.by_actor[["answered", "right"]].to_numpy().tolist()
    [[0, nan], [1, 1.0]]
    """

    measure = "error_consistency"
    evidence = "T, P"
    actor: ClassVar[Quantities] = {
        "answered": Quantity("items that are answered", "count"),
        "right": Quantity("share of them that are answered rightly", low=0, high=1),
    }
    trial: ClassVar[Quantities] = _TRIAL
    arm: ClassVar[Quantities] = _TRIAL

    def __init__(self, data: Data, items: Mapping[str, tuple[str, bool]] | None = None) -> None:
        super().__init__(data)
        self.items = dict(items or {})
        for name, item in self.items.items():
            if len(item) != 2 or not isinstance(item[0], str) or not isinstance(item[1], bool):
                raise BadRequest(
                    f"error_consistency: the item {name!r} is {item!r}; give a statement and "
                    "whether it is true"
                )

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            known = [value for value in self._answers.get(key, []) if not np.isnan(value)]
            yield (*key, len(known), float(np.mean(known)) if known else nan)

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        trials = [str(trial) for trial in self.tables.trials["trial"]]
        minds: dict[str, list[Floats]] = {trial: [] for trial in trials}
        for (trial, _), values in self._answers.items():
            minds[trial].append(np.array(values))
        answering = [trial for trial in trials if minds[trial]]
        people = [trial for trial in answering if trial in self._people]
        others = [trial for trial in answering if trial not in self._people]
        among = np.array([[_between(minds[a], minds[b]) if a != b else nan for b in people]
                          for a in people]).reshape(len(people), len(people))  # fmt: skip
        beside = np.array([[_between(minds[a], minds[b]) for b in people]
                           for a in others]).reshape(len(others), len(people))  # fmt: skip
        kappas = dict(zip(people, _means(among), strict=True))
        kappas |= dict(zip(others, _means(beside), strict=True))
        own, theirs = parts_of(among, beside)
        parts = dict(zip(people, own, strict=True)) | dict(zip(others, theirs, strict=True))
        for trial in trials:
            known = [value for mind in minds[trial] for value in mind if not np.isnan(value)]
            right = float(np.mean(known)) if known else nan
            yield trial, right, kappas.get(trial, nan), parts.get(trial, nan)

    @cached_property
    def _people(self) -> set[str]:
        """The trials in which people speak, or stand-ins for them."""
        columns = (self.tables.trials[name] for name in ("trial", "arm", "parameters"))
        return {
            str(trial)
            for trial, arm, parameters in zip(*columns, strict=True)
            if str(arm).startswith(IMPORTED) or dict(parameters).get("people") is True
        }

    @cached_property
    def _answers(self) -> dict[tuple[str, str], list[float]]:
        """Whether each item was answered rightly (1, 0, or NaN), by trial and actor, for all who
        answered one at least."""
        apart, aloud = self._apart(), dict(self._aloud())
        # Whoever says "no" once in a while has not answered a quiz.
        fewest = min(FEWEST, len(self.items))
        said = {
            key: values
            for key, values in aloud.items()
            if key not in apart or np.sum(~np.isnan(values)) >= fewest
        }
        return apart | said

    def _aloud(self) -> Iterable[tuple[tuple[str, str], list[float]]]:
        asked = {" ".join(words_of(text)): name for name, (text, _) in self.items.items()}
        names = list(self.items)
        for trial, lines in lines_of(self.tables).items():
            found: dict[str, list[float]] = {}
            item, host, done = "", "", set[str]()
            for line in lines:
                words = " ".join(words_of(line.text))
                read = next((name for text, name in asked.items() if text in words), "")
                if read and line.speaker not in done - {host}:
                    item, host, done = read, line.speaker, {line.speaker}
                elif item and line.speaker not in done:
                    done.add(line.speaker)
                    begins = " ".join(words_of(line.text)[:HEAD])
                    if (said := _ANSWER.search(begins)) is not None:
                        own = found.setdefault(line.speaker, [nan] * len(names))
                        right = (said["yes"] is not None) == self.items[item][1]
                        own[names.index(item)] = float(right)
            yield from (((trial, speaker), values) for speaker, values in found.items())

    def _apart(self) -> dict[tuple[str, str], list[float]]:
        names = list(self.items)
        found: dict[tuple[str, str], list[float]] = {}
        answers = self.tables.answers
        answers = answers[answers["key"].isin([STANCE + name for name in names])]
        columns = (answers[name] for name in ("trial", "actor", "key", "value"))
        for trial, actor, key, value in zip(*columns, strict=True):
            name = str(key).removeprefix(STANCE)
            number = nan if value is None else float(value)
            if not np.isnan(number) and number != 0:
                own = found.setdefault((str(trial), str(actor)), [nan] * len(names))
                own[names.index(name)] = float((number > 0) == self.items[name][1])
        return found


def error_consistency(one: Floats, other: Floats) -> float:
    """Kappa of two minds whose answers to the same items are right (1), wrong (0) or missing (NaN).

    NaN for fewer than ``FEWEST`` items, and where both are always right, or always wrong.

    >>> error_consistency(np.array([1.0, 1, 1, 0, 0, 0]), np.array([1.0, 1, 1, 0, 0, 0]))
    1.0
    """
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < FEWEST:
        return nan
    first, second = one[both], other[both]
    p, q = float(first.mean()), float(second.mean())
    expected = p * q + (1 - p) * (1 - q)
    if expected > 1 - 1e-12:
        return nan
    return (float(np.mean(first == second)) - expected) / (1 - expected)


def parts_of(among: Floats, beside: Floats) -> tuple[Floats, Floats]:
    """Each trial's part of the mean kappa: of people, and of replicas.

    ``among`` is people by people (NaN on its diagonal), ``beside`` replicas by people. Parts of
    people add up to their mean, less what each of them adds to the mean of the replicas.
    """
    people = _pseudo_values(among)
    if len(beside):
        shared = _means(beside.T)
        known = shared[~np.isnan(shared)]
        people = people - np.nan_to_num(shared - (known.mean() if len(known) else 0.0))
    return people, _means(beside)


def _between(some: list[Floats], others: list[Floats]) -> float:
    """The mean over the minds of two trials."""
    found = [error_consistency(one, other) for one in some for other in others]
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else nan


def _means(rows: Floats) -> Floats:
    """The mean of each row, of what is known."""
    known = ~np.isnan(rows)
    counts = known.sum(axis=1)
    sums = np.where(known, rows, 0.0).sum(axis=1)
    return np.array([s / c if c else nan for s, c in zip(sums, counts, strict=True)])


def _pseudo_values(among: Floats) -> Floats:
    """n U - (n - 1) U without each, of U the mean over pairs."""
    count = len(among)
    if count < 3:
        return np.full(count, nan)
    known = ~np.isnan(among)
    sums, counts = np.where(known, among, 0.0).sum(axis=1), known.sum(axis=1)
    total, pairs = sums.sum() / 2, counts.sum() / 2
    if not pairs:
        return np.full(count, nan)
    left = pairs - counts
    with np.errstate(divide="ignore", invalid="ignore"):
        without = np.where(left > 0, (total - sums) / left, nan)
    return np.asarray(count * total / pairs - (count - 1) * without, dtype=np.float64)
