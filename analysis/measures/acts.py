"""What do the actors do with their words? Dialogue acts, agreement, manner and politeness, by turn.

*Evidence*: T. ``evidence.acts`` reads each turn together with the turn that it answers
(``graphs.reply_links``), ``evidence.politeness`` by itself. With the extra ``embeddings`` both read
the meaning of sentences, too; ``Acts.reader`` and the notes of estimates say which.

*Definition.* Of each turn: its likeliest act, and how sure that is; whom it answers, and whether it
agrees or disagrees with it; its marks, each from a probability of one half on. *Shares* are of the
turns in which an actor, or anybody in a trial, said something; of an arm, the mean over its trials.
*Politeness*: mean log-odds that people find a turn polite rather than impolite.

*Null.* None: that everybody asks or agrees equally often is a comparison, of actors or arms.

*References.* Stolcke et al., Computational Linguistics 26, 2000; Danescu-Niculescu-Mizil et al.,
ACL 2013. What the acts are: ``docs/dialogue-acts.md``. How well they are read:
``docs/validity-details.md``, "Small classifiers of language".

*Traps.* The reader was fitted to few lines of English by one hand. Its errors are not the same for
every act, so a share is biased by what the others are mistaken for: compare shares between arms
that talk alike, rather than with a norm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.acts import ACTS, read
from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.politeness import politenesses
from analysis.graphs.reply_links import links
from analysis.graphs.speech import Played, played
from analysis.results import ArmEstimate, Result
from analysis.stats import Floats
from analysis.tables import Data

_SAID = 0.5

_SIGNS = {
    "agrees": Quantity("share of turns that agree with whom they answer", low=0, high=1),
    "disagrees": Quantity("share of turns that disagree with whom they answer", low=0, high=1),
}
# In the order of the columns of ``_Read.values``.
_SHARES: Quantities = {
    **{act: Quantity(f"share of turns whose act is {act}", low=0, high=1) for act in ACTS},
    **_SIGNS,
    "hostile": Quantity("share of turns that are hostile to somebody", low=0, high=1),
    "hedge": Quantity("share of turns that hedge", low=0, high=1),
    "assistant": Quantity("share of turns that talk as an assistant does", low=0, high=1),
    "platitude": Quantity("share of turns with a platitude", low=0, high=1),
    "politeness": Quantity("mean log-odds of polite against impolite", low=-6, high=6),
}


class _Read(NamedTuple):
    """What was read of a turn. ``values`` are numbers in the order of ``_SHARES``."""

    trial: str
    turn: int
    actor: str
    act: str
    sure: float
    to: str | None
    values: Floats


class Acts(Result):
    """What each turn does, and the shares of acts by actor, trial and arm.

    ``by`` is an embedder or its name; None is the best that is installed. Only ``minilm`` knows
    meaning; with any other, words and cues are read alone. Turns without words are left out. Raises
    ``ValueError`` for an unknown embedder.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [("A", "Good evening!"), ("B", "Shall we sell the spring?"), ("A", "I disagree.")]
    >>> turns = [Turn(place, *line) for place, line in enumerate(said, 1)]
    >>> data = tables_from([Record("t", [{"name": "A"}, {"name": "B"}], turns)])
    >>> result = Acts(data, by="hashing")
    >>> result.by_turn["act"].tolist()
    ['greeting', 'proposal', 'disagreement']
    >>> result.estimate("disagrees").note
    'read from words and cues'
    """

    measure = "acts"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "act": Quantity("the likeliest dialogue act", "text"),
        "sure": Quantity("its probability", low=0, high=1),
        "to": Quantity("whom it answers", "text"),
        "agrees": Quantity("it agrees with whom it answers", "share", 0, 1),
        "disagrees": Quantity("it disagrees with whom it answers", "share", 0, 1),
        "hostile": Quantity("it is hostile to somebody", "share", 0, 1),
        "hedge": Quantity("it hedges", "share", 0, 1),
        "assistant": Quantity("it talks as an assistant does", "share", 0, 1),
        "platitude": Quantity("it says a platitude", "share", 0, 1),
        "politeness": Quantity("log-odds of polite against impolite", low=-6, high=6),
    }
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns in which it said something", "count"),
        **_SHARES,
    }
    trial: ClassVar[Quantities] = {
        "turns": Quantity("turns in which something was said", "count"),
        **_SHARES,
    }
    arm: ClassVar[Quantities] = _SHARES

    def __init__(self, data: Data, by: Embedder | str | None = None) -> None:
        super().__init__(data)
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by

    @property
    def reader(self) -> str:
        """What the reader reads."""
        meaning = self.embedder.name == "minilm"
        return "words, cues and the meaning of sentences" if meaning else "words and cues"

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        kept = len(ACTS)
        for one in self._read:
            flags = [bool(value) for value in one.values[kept:-1]]
            yield (one.trial, one.turn, one.actor, one.act, one.sure, one.to, *flags,
                   float(one.values[-1]))  # fmt: skip

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        own: dict[tuple[str, str], list[Floats]] = {}
        for one in self._read:
            own.setdefault((one.trial, one.actor), []).append(one.values)
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
            yield (trial, actor, *_shares(own.get((str(trial), str(actor)), [])))

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        said: dict[str, list[Floats]] = {}
        for one in self._read:
            said.setdefault(one.trial, []).append(one.values)
        for trial in self.tables.trials["trial"]:
            yield (trial, *_shares(said.get(str(trial), [])))

    def _arms(self) -> Iterable[ArmEstimate]:
        for each in super()._arms():
            note = "; ".join(filter(None, [each.estimate.note, f"read from {self.reader}"]))
            yield each._replace(estimate=replace(each.estimate, note=note))

    @cached_property
    def _read(self) -> list[_Read]:
        return [one for scene in played(self.tables, pool=True) for one in self._of(scene)]

    def _of(self, scene: Played) -> list[_Read]:
        """The turns of a trial with words, read together with what they answer."""
        answered = {one.position: one.candidates[0] for one in links(scene.lines, scene.names)}
        said = [place for place, line in enumerate(scene.lines) if line.text.strip()]
        if not said:
            return []
        meant = [answered.get(place) for place in said]
        texts = [scene.lines[place].text for place in said]
        before = ["" if place is None else scene.lines[place].text for place in meant]
        found = read(texts, before, self.embedder)
        acts = found.acts.argmax(axis=1)
        values = np.column_stack(
            [
                np.eye(len(ACTS))[acts],
                found.sign() > 0,
                found.sign() < 0,
                found.marks >= _SAID,
                politenesses(texts, self.embedder),
            ]
        )
        return [
            _Read(
                scene.trial,
                scene.lines[place].turn,
                scene.lines[place].speaker,
                ACTS[act],
                float(sure),
                None if other is None else scene.lines[other].speaker,
                row,
            )
            for place, act, sure, other, row in zip(
                said, acts, found.acts.max(axis=1), meant, values, strict=True
            )
        ]


def _shares(values: list[Floats]) -> list[Any]:
    """How many turns, and the mean of each column; missing if there is none."""
    if not values:
        return [0, *[nan] * len(_SHARES)]
    return [len(values), *map(float, np.mean(values, axis=0))]
