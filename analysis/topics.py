"""Several topics in an arm: each is one unit, whatever its number of seeds.

A topic is the scene's (``Scene.topic``); where a record has none, the scenario. Trials of one topic
are alike in more than their arm, so that more seeds do not shrink the variance between topics: an
arm's difference is the mean over topics of the difference within each, its limits are Student's
over topics, and its test exchanges the signs of topics. Below six topics no such test reaches 0.05.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stats import UNKNOWN, paired_difference, sign_flip
from analysis.stats.effects import cliffs_delta, ratio_of_means
from analysis.tables import ARM, with_arms

if TYPE_CHECKING:
    from analysis.comparison import Difference
    from analysis.results import Result

_OTHERS = [name for name in ARM if name != "model"]


def topics_of(trials: pd.DataFrame) -> pd.Series:
    """The topic of each trial, from a table of trials."""
    known = trials["topic"].fillna("").astype("str")
    return known.where(known != "", trials["scenario"].fillna("").astype("str"))


def topic_of(members: pd.DataFrame, otherwise: str) -> str:
    """The one topic of some trials; ``otherwise`` where they have several, or none is known."""
    found = set(members["topic"].fillna("").astype("str"))
    return next(iter(found)) if len(found) == 1 and "" not in found else otherwise


def by_topic(result: Result) -> Result:
    """The same result, its arms told apart by topic too where arms that are compared share several.

    Where every seed has a topic of its own, seeds are the units already.
    """
    trials = with_arms(result.tables.trials)
    topics = topics_of(trials)
    split = pd.Series(False, index=trials.index)
    for _, rows in trials.groupby(_OTHERS, sort=False, dropna=False):
        own = topics[rows.index]
        shared = rows.groupby(own)["model"].nunique() > 1
        played = rows[["model", "seed"]].assign(topic=own).drop_duplicates()
        repeated = played[["model", "seed"]].duplicated().any()
        alone = own.nunique() == rows["seed"].nunique() and not repeated
        if own.nunique() > 1 and shared.all() and not alone:
            split[rows.index] = True
    if not split.any():
        return result
    given = [
        {**dict(each), "topic": topic} if apart else dict(each)
        for each, topic, apart in zip(
            result.tables.trials["parameters"], topics, split, strict=True
        )
    ]
    apart = copy(result)
    for name in ("estimates", "by_arm"):
        apart.__dict__.pop(name, None)
    changed = result.tables.trials.assign(
        parameters=pd.Series(given, index=trials.index, dtype="object")
    )
    apart.tables = replace(result.tables, trials=changed)
    return apart


def joined(found: Sequence[Difference]) -> Iterator[Difference]:
    """A row for each quantity and two arms that share several topics, over these topics."""
    rows: dict[tuple[str, str, str], dict[str, list[Difference]]] = {}
    for each in found:
        if not isnan(each.difference.estimate):
            topics = rows.setdefault((each.quantity, each.a, each.b), {})
            topics.setdefault(each.topic, []).append(each)
    for topics in rows.values():
        if len(topics) > 1:
            yield _over(list(topics.values()))


def _over(topics: Sequence[Sequence[Difference]]) -> Difference:
    """Some topics as one row; what is several times in a topic is averaged there."""
    every = [each for some in topics for each in some]
    one = np.array([np.mean([each.value_a for each in some]) for some in topics])
    two = np.array([np.mean([each.value_b for each in some]) for some in topics])
    counted = [each.missing for each in every if each.missing is not None]
    positive = not all(isnan(each.ratio.estimate) for each in every)
    return replace(
        every[0],
        of=f"{len(topics)} topics",
        topic="",
        clusters=len(topics),
        paired=all(each.paired for each in every),
        n_a=sum(each.n_a for each in every),
        n_b=sum(each.n_b for each in every),
        left_out=sum(each.left_out for each in every),
        value_a=float(one.mean()),
        value_b=float(two.mean()),
        difference=paired_difference(one, two, share=False),
        delta=cliffs_delta(one, two, paired=True),
        ratio=ratio_of_means(one, two, paired=True) if positive else UNKNOWN,
        p=sign_flip(one, two),
        missing=(sum(a for a, _ in counted), sum(b for _, b in counted)) if counted else None,
        worst=UNKNOWN,
    )
