"""What makes a comparison of arms weak, in sentences that stand beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pandas as pd

from analysis.calibration import errors
from analysis.lineage import Lineage, differ_in
from analysis.tables import ARM, Tables, in_order, side_named, with_arms
from analysis.topics import topics_of

FEWEST = 6
"""Of fewer pairs no test by exchanging their members can reach p = 0.05: 2 / 2^5 is 0.06."""


class Compared(Protocol):
    """What is asked of a difference."""

    @property
    def quantity(self) -> str: ...
    @property
    def a(self) -> str: ...
    @property
    def b(self) -> str: ...
    @property
    def paired(self) -> bool: ...
    @property
    def clusters(self) -> int: ...
    @property
    def missing(self) -> tuple[int, int] | None: ...
    @property
    def n_a(self) -> int: ...
    @property
    def n_b(self) -> int: ...
    @property
    def left_out(self) -> int: ...


def weaknesses(
    tables: Tables, by: str, found: Sequence[Compared], declared: Mapping[str, Lineage]
) -> Iterator[str]:
    """What makes these differences weak; ``by`` tells their arms apart (a column of
    ``analysis.tables.ARM``, or a parameter). ``declared`` says what models are (``lineage``)."""
    trials = with_arms(tables.trials)
    if by == "model":
        yield from _models(tables, found, declared)
    if by != "scenario":
        topics = topics_of(trials).nunique()
        if topics == 1:
            yield "One topic: what was found holds for this scenario alone."
        elif topics < FEWEST:
            yield (
                f"Few topics: of {topics} no exact test over topics reaches p = 0.05, however many "
                f"seeds there are; {FEWEST} do."
            )
    known = [each for each in found if each.n_a and each.n_b]
    single = [each for each in known if each.clusters == 1]
    # Where several topics are joined, they are what there may be too few of.
    several = len(single) < len(known)
    few = [each for each in single if not several if min(each.n_a, each.n_b) < FEWEST]
    if few:
        least = min(min(each.n_a, each.n_b) for each in few)
        yield (
            f"Few seeds: of {least} {'pairs' if few[0].paired else 'trials'} no test by exchanging "
            f"them reaches p = 0.05; {FEWEST} do."
        )
    yield from _uneven(tables, by)
    lost = sorted({each.quantity for each in found if each.left_out})
    if lost:
        yield f"Left out: the number is missing in some trials ({', '.join(lost)})."
    yield from _missing(single, by)
    if not all(each.paired for each in known) and by != "scenario":
        yield "Not all arms share seeds: they are compared as independent samples."
    if trials["version"].nunique() > 1 and by != "version":
        yield "Several versions of a scenario are here: each is compared with itself alone."
    if by == "arm" and trials["focal"].notna().any():
        yield (
            "Surrogates have lines of nobody: numbers of whole trials have them, too; convergence "
            "has a split of its own (shared pull, interaction)."
        )
    stages = zip(trials["stage"].astype(str), trials["model"].astype(str), strict=True)
    yield from errors.told([each.quantity.partition(".")[0] for each in found], stages)
    if any(str(model).startswith("embedded:") for model in trials["model"]):
        yield "An embedded stage is no language model: these numbers test the instruments."


def _models(
    tables: Tables, found: Sequence[Compared], declared: Mapping[str, Lineage]
) -> Iterator[str]:
    """What the models that were compared differ in."""
    stages = dict(zip(tables.trials["model"], tables.trials["stage"], strict=True))
    for pair in dict.fromkeys((each.b, each.a) for each in found):
        if pair[0] in stages and pair[1] in stages:
            yield differ_in(pair, (stages[pair[0]], stages[pair[1]]), declared)


def _missing(found: Sequence[Compared], by: str) -> Iterator[str]:
    """A warning of numbers that are missing in one arm more than in the other."""
    told = [
        f"{each.quantity}: {each.missing[0]} of {side_named(by, each.a)}, {each.missing[1]} of "
        f"{side_named(by, each.b)}"
        for each in found
        if each.missing is not None and each.missing[0] != each.missing[1]
    ]
    if told:
        yield (
            f"Numbers are missing unevenly ({'; '.join(told[:3])}{'; ...' if told[3:] else ''}): "
            "what is left may differ for that alone; the worst cases stand beside the differences."
        )


def _uneven(tables: Tables, by: str) -> Iterator[str]:
    """Warnings of talks and of missing answers that differ between the arms."""
    trials = with_arms(tables.trials)
    labels = _labels(tables, by)
    counts = pd.Series([len(str(text).split()) for text in tables.turns["text"]], dtype="float64")
    words = counts.groupby(tables.turns["trial"].to_numpy()).sum()
    # Who had no turn said nothing, which is no missing number.
    own = words.reindex(trials["trial"].to_numpy()).fillna(0.0).to_numpy(dtype=float)
    said = pd.Series(own, index=trials.index).groupby(labels).mean()
    if said.min() < 0.8 * said.max():
        told = ", ".join(f"{label}: {said[label]:.0f}" for label in in_order(said.index))
        yield f"Unequal lengths (words a trial: {told}): length alone makes many measures differ."
    if len(tables.answers):
        missing = tables.answers["missing"].notna()
        arm = tables.answers["trial"].map(dict(zip(trials["trial"], labels, strict=True)))
        shares = missing.groupby(arm).mean()
        if shares.max() - shares.min() > 0.05:
            told = ", ".join(f"{label}: {shares[label]:.0%}" for label in in_order(shares.index))
            yield f"Answers are missing unevenly ({told}): that is an effect, too."


def unfinished(tables: Tables, by: str) -> Iterator[str]:
    """A warning of trials that did not come to their end, where one arm has more of them."""
    lost = (tables.trials["status"] != "done").groupby(_labels(tables, by)).agg(["sum", "mean"])
    if not tables.unfinished and lost["mean"].max() - lost["mean"].min() > 0.05:
        told = ", ".join(f"{label}: {lost['sum'][label]:.0f}" for label in in_order(lost.index))
        yield (
            f"Trials failed or were torn off unevenly ({told}), and are in no number: those that "
            "are left may differ for that alone."
        )


def _labels(tables: Tables, by: str) -> pd.Series:
    """The arm of each trial, in words."""
    trials = with_arms(tables.trials)
    # A parameter may be called as another column of trials is ("at", say).
    if by in ARM and by != "parameters":
        return trials[by].astype("str")
    given = [side_named(by, json.dumps(each.get(by))) for each in tables.trials["parameters"]]
    return pd.Series(given, index=trials.index)
