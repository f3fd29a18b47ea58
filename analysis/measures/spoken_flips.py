"""Does an actor begin to speak as its opposite, in language of any kind, and from which turn on?

*Evidence*: that which is given (``evidence.readings``): T, the meaning of the actor's own lines by
sentence embeddings, unless another is named; L, log-probabilities of a language model; J, a judge;
P, answers off stage; or several that were fitted together. ``flips`` reads words of a lexicon.

*Definition.* A persona and its opposite are known by one sentence each, their descriptions, or by
lines that each could have said. A scan over the turn of one change of level
(``stats.change_point``), in which the persona's own zero is unknown, gives the log Bayes factor of
one flip against none. An actor has flipped if that exceeds the level of ``Scale.alarm``, measured
on other personas, and what nine in ten random orders of its own lines give: a test by permutation,
whose level of 10% holds for any persona whose lines have no course. The share of an arm's actors
that flip is estimated apart from alarms, by maximum likelihood from all factors.

*Null.* The lines of each actor in random orders, which keeps how it speaks and destroys when; of
``MOST`` actors of an arm at most.

*References.* Chernoff and Zacks 1964; Reimers and Gurevych 2019. How well it finds flips of
statements of people's views: ``docs/validity-details.md``, "Flips in real language".

*Traps.* An actor without a description or an opposite, or with fewer than ``FEWEST`` lines, is
missing. A change to a third character, or of the subject, raises alarms, too: ``stranger`` is how
likely it is that an actor went half way only, as somebody would who is neither. So does a persona
whose description says little of how it speaks. Scales were fitted to short statements in English.
Who has no opposite can still be seen to change: ``changes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import numpy as np
from scipy import special

from analysis.estimates import Quantities, Quantity
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import Evidence, Personas, Reading
from analysis.results import ArmEstimate, Result, by_arm_of
from analysis.stats import Floats, Interval, share_of
from analysis.stats.random_orders import DRAWS, alarming, share_by_chance
from analysis.tables import Data

FEWEST = 4
"""Of fewer lines nothing is said: there is no turn with two lines before it and two after."""

MOST = 200

_WILKS = 3.841459
"""The 95% quantile of chi squared with one degree of freedom."""

_CHANCES = np.linspace(0, 1, 501)
"""Shares among which the likeliest is looked for."""

UNREAD = f"nobody has a description, an opposite and {FEWEST} lines"


class SpokenFlips(Result):
    """Which actors began to speak as their opposite, and when. Missing without an opposite.

    ``by`` is the evidence, or the name of an embedder; None is the best embedder that is installed
    ("minilm" with the extra ``embeddings``, else "wordllama" or "hashing", which knows letters and
    no meaning). ``personas`` gives sides for names of speakers, or patterns of names; else they are
    those of the cast. Random orders are drawn from ``seed`` and the lines of the actor alone, so
    nothing depends on other actors. Raises ``ValueError`` for an unknown embedder.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> ann = {"name": "Ann", "brief": "I love music.", "opposite": "I hate music."}
    >>> loves, hates = "I love all kinds of music.", "I hate all kinds of music."
    >>> said = [Turn(t, "Ann", loves if t < 6 else hates) for t in range(1, 11)]
    >>> data = tables_from([Record("t", [ann], said)])
    >>> int(SpokenFlips(data, by="hashing").by_actor.iloc[0].flip)
    6
    """

    measure = "spoken_flips"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "evidence": Quantity("log-likelihood ratio of the opposite against the own character"),
        "chance": Quantity("P(it flipped here, if it flipped)", low=0, high=1),
    }
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns in which it said something", "count"),
        "factor": Quantity("log Bayes factor of one flip against none"),
        "sure": Quantity("P(it flipped), given the share of all actors that flip", low=0, high=1),
        "stranger": Quantity(
            "P(it turned into somebody else | into its opposite or somebody else)", low=0, high=1
        ),
        "flip": Quantity("the turn from which it spoke as its opposite", "onset"),
        "flipped": Quantity("it spoke as its opposite from some turn on", "share", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        "flipped": Quantity("share of the actors that flipped, of those that can be read",
                            low=0, high=1),
    }  # fmt: skip
    arm: ClassVar[Quantities] = {
        **trial,
        "share": Quantity("share of the actors that flip, by maximum likelihood", low=0, high=1),
    }

    def __init__(
        self,
        data: Data,
        by: Evidence | str | None = None,
        personas: Personas | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(data)
        self.by = Meaning(by) if by is None or isinstance(by, str) else by
        self.evidence = self.by.kind
        self.personas = personas
        self.seed = seed
        # Alarms and the null of an arm read the same orders.
        self._orders: dict[tuple[str, str], Floats] = {}

    @property
    def reads_by(self) -> str:
        return self.by.name

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for each in self._readings:
            if not _readable(each):
                continue
            chances = np.zeros(len(each.turns))
            chances[np.flatnonzero(each.known)[1:]] = each.change.chances
            for turn, value, chance in zip(each.turns, each.ratios, chances, strict=True):
                yield (each.trial, turn, each.actor, value, chance)

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each in self._readings:
            count = sum(each.said)
            if not _readable(each) or each.scale is None:
                yield (each.trial, each.actor, count, nan, nan, nan, None, None)
                continue
            change = each.change
            flipped = change.evidence > each.scale.alarm and alarming(
                change.evidence, self._in_random_orders(each)
            )
            turns = [turn for turn, known in zip(each.turns, each.known, strict=True) if known]
            turn = turns[change.place] if flipped else None
            sure = chance_given(change.evidence, self._prior)
            yield (
                each.trial, each.actor, count, change.evidence, sure, each.stranger, turn,
                float(flipped),
            )  # fmt: skip

    def _arms(self) -> Iterable[ArmEstimate]:
        groups = by_arm_of(self.arm_of(), self._readings, lambda each: each.trial)
        for arm, members in groups.items():
            rows = self.by_actor[self.by_actor["trial"].isin({each.trial for each in members})]
            rows = rows[rows["flipped"].notna()]
            trials = rows["trial"].nunique()
            if not trials:
                for name in self.arm:
                    nothing = self.made(name, Interval(nan, nan, nan), 0, note=UNREAD)
                    yield ArmEstimate(arm, name, nothing)
                continue
            counts = rows["flipped"].groupby(rows["trial"]).agg(["sum", "size"])
            flipped = share_of(*counts.to_numpy(dtype=np.float64).T)
            null = self._dealt(members)
            yield ArmEstimate(arm, "flipped", self.made("flipped", flipped, trials, null=null))
            factors = [
                part.to_numpy(dtype=np.float64) for _, part in rows.groupby("trial")["factor"]
            ]
            yield ArmEstimate(arm, "share", self.made("share", self._share(factors), trials))

    @cached_property
    def _readings(self) -> list[Reading]:
        """Everybody, in the order of trials and seats."""
        return self.by.readings(self.tables, self.personas)

    @cached_property
    def _prior(self) -> float:
        """The likeliest share of actors that flip, of all arms together: a prior that differed by
        arm would make their difference larger. Kept off 0 and 1, which would leave no doubt."""
        factors = [each.change.evidence for each in self._readings if _readable(each)]
        share = likeliest_share(np.array(factors)).estimate
        least = 1 / (len(factors) + 2) if factors else 0.5
        return min(max(share, least), 1 - least)

    def _in_random_orders(self, each: Reading) -> Floats:
        key = (each.trial, each.actor)
        if key not in self._orders:
            self._orders[key] = each.in_random_orders(DRAWS, self.seed)
        return self._orders[key]

    def _dealt(self, members: list[Reading]) -> Interval:
        """The share of alarms among an arm's actors with their lines in random orders."""
        read = [(each, each.scale) for each in members if _readable(each) and each.scale][:MOST]
        return share_by_chance(
            [self._in_random_orders(each) for each, _ in read],
            [scale.alarm for _, scale in read if scale is not None],
        )

    def _share(self, factors: list[Floats]) -> Interval:
        """The likeliest share of actors that flip, given the factors of each trial's actors.

        The limits are the wider of two: those of the likelihood ratio (Wilks 1938), which hold at
        the ends of the scale but take actors as independent, and the bootstrap over trials, which
        does not, but has no width where all samples are at an end.
        """
        found = likeliest_share(np.concatenate(factors))
        if len(factors) < 2:
            return found
        by_trial = np.array([_log_likelihoods(part) for part in factors])
        generator = np.random.default_rng(self.seed)
        count = len(factors)
        drawn = generator.multinomial(count, np.full(count, 1 / count), size=200)
        likeliest = (drawn @ by_trial).argmax(axis=1)
        low, high = np.quantile(_CHANCES[likeliest], [0.025, 0.975])
        return Interval(found.estimate, min(found.low, float(low)), max(found.high, float(high)))


def chance_given(evidence: float, prior: float) -> float:
    """P(flipped) by Bayes' rule, from a log Bayes factor and a prior chance within (0, 1).

    >>> round(chance_given(0.0, 0.2), 3), round(chance_given(3.0, 0.5), 3)
    (0.2, 0.953)
    """
    return float(special.expit(evidence + special.logit(prior)))


def _readable(each: Reading) -> bool:
    return each.scale is not None and each.known.sum() >= FEWEST


def likeliest_share(evidence: Floats) -> Interval:
    """The likeliest share of actors that flip, given the log Bayes factor of each, with the 95%
    limits of the likelihood ratio.

    The maximum over p of the sum of log(1 - p + p exp(evidence)): each actor's factor under its own
    prior chance p. In steps of 1/500; NaN for nobody.

    >>> likeliest_share(np.array([9.0, 9.0, -9.0, -9.0]))
    Interval(estimate=0.5, low=0.108, high=0.892)
    """
    if not len(evidence):
        return Interval(nan, nan, nan)
    likelihood = _log_likelihoods(evidence)
    within = np.flatnonzero(2 * (likelihood.max() - likelihood) <= _WILKS)
    estimate, low, high = (
        float(_CHANCES[place]) for place in (likelihood.argmax(), within[0], within[-1])
    )
    return Interval(estimate, low, high)


def _log_likelihoods(evidence: Floats) -> Floats:
    """The log-likelihood of every share in ``_CHANCES``, given log Bayes factors."""
    chances = _CHANCES[:, None]
    with np.errstate(divide="ignore"):
        parts = np.logaddexp(np.log1p(-chances), np.log(chances) + evidence)
    return np.asarray(parts.sum(axis=1))
