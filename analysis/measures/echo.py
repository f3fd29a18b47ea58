"""Does an actor begin to speak as its partner: in its partner's words, or in its voice?

*Evidence*: T. *Copying* reads words, *voice* the meaning of lines by sentence embeddings
(``evidence.persona``). Two kinds of evidence that are not added up: each has its onset, and *echo*
is the earlier one.

*Definition.* A turn copies if it is nearly a line that a partner said before in the scene (Jaccard
similarity of three-word shingles at least 0.8, as in ``loops``); copying begins at the first of two
such turns among three of the actor's in a row. The voice changes if one change of level, along the
axis from the actor's own description to a partner's, is more likely than none (``spoken_flips``,
with the partner in the place of the opposite), more likely than nine in ten fitted actors show
without any, and than in each of ``DRAWS`` random orders of its lines: a test of level 1 in
``DRAWS`` + 1 for any persona, with several partners, too, of whom the likeliest counts. And the
lines after it have to be nearer to the partner than a third person's would be.

*Null.* Partners of other trials. Copying: lines of the partners' namesakes in the next trial, since
lines that are alike across trials are the stage's repertoire. Voice: in the place of its partners
the actor is given as many personas from other trials who are not in its cast; missing if the data
have none.

*References.* arXiv 2511.09710 (identity drift in talks of models); Broder 1997 (shingles).

*Traps.* Quoting somebody is copying once, and so no onset. Who spoke as its partner from its first
line on has no change of voice. Personas whose descriptions read alike cannot be told apart, and
agreeing with the partner's opinion is a change of voice where descriptions state opinions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import Lines, Reading, Sides
from analysis.evidence.repetition import alike, shingles
from analysis.measures.fates import share_with
from analysis.measures.series import Line, lines_of
from analysis.results import ArmEstimate, Result, by_arm_of
from analysis.stats import UNKNOWN, Interval, share_of
from analysis.tables import Data

DRAWS = 39
"""Random orders; a change of voice has to beat each of them."""

FEWEST = 6
"""Of fewer lines nothing is said of the voice: three before a change and three after it."""

MOST = 100
"""So many actors of an arm are given other partners."""

_WORDS = 4


class Voice(NamedTuple):
    """Whether and from which of its lines (by place) an actor speaks as somebody else."""

    factor: float
    place: int | None
    partner: str


class Member(NamedTuple):
    """An actor: its lines, how many are copies, and what its description reads."""

    trial: str
    actor: str
    lines: tuple[Line, ...]
    copies: tuple[bool, ...]
    elsewhere: int | None


class Echo(Result):
    """Which actors begin to speak as a partner, from when on, in words or in voice.

    ``by`` is an embedder or its name; None is the best that is installed. Random orders and other
    partners are drawn from ``seed``. Raises ``ValueError`` for an unknown embedder.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [f"The number {word} is my own choice." for word in ("one", "two", "three", "four")]
    >>> lines = [line for one in said for line in (one, one)]
    >>> turns = [Turn(n, "AB"[(n - 1) % 2], line) for n, line in enumerate(lines, 1)]
    >>> result = Echo(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], turns)]), "hashing")
    >>> result.by_actor[["actor", "copies", "echo"]].to_numpy().tolist()
    [['A', 0, <NA>], ['B', 4, 2]]
    """

    measure = "echo"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns of its own", "count"),
        "copies": Quantity("turns that nearly are what a partner said before", "count"),
        "elsewhere": Quantity(
            "turns that nearly are what its partners' namesakes had said by then in the next "
            "trial, missing if there is none", "count"),
        "copying": Quantity("the turn from which it speaks in a partner's words", "onset"),
        "factor": Quantity("log Bayes factor of one change to a partner's voice against none"),
        "voice": Quantity("the turn from which it speaks in a partner's voice", "onset"),
        "partner": Quantity("whose voice is the likeliest", "text"),
        "echo": Quantity("the earlier of both", "onset"),
    }  # fmt: skip
    trial: ClassVar[Quantities] = {
        "echo": Quantity("share of the actors that speak as a partner", low=0, high=1),
        "copying": Quantity("share of the actors that speak in a partner's words", low=0, high=1),
        "voice": Quantity("share of the actors that speak in a partner's voice", low=0, high=1),
        "copies": Quantity("share of the turns that copy a partner", low=0, high=1),
    }
    arm: ClassVar[Quantities] = trial

    def __init__(self, data: Data, by: Embedder | str | None = None, seed: int = 0) -> None:
        super().__init__(data)
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by
        self.seed = seed

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each in self._members:
            turns = [line.turn for line in each.lines]
            copying = _onset(each.copies)
            voice = self._voice(each, self._partners(each))
            onsets = [turns[place] for place in (copying, voice.place) if place is not None]
            yield (
                each.trial,
                each.actor,
                len(turns),
                sum(each.copies),
                each.elsewhere,
                None if copying is None else turns[copying],
                voice.factor,
                None if voice.place is None else turns[voice.place],
                voice.partner or None,
                min(onsets, default=None),
            )

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial, rows in self.by_actor.groupby("trial", sort=False):
            shares = (rows[name].notna().mean() for name in ("echo", "copying", "voice"))
            turns = int(rows["turns"].sum())
            yield (trial, *shares, int(rows["copies"].sum()) / turns if turns else nan)

    def _arms(self) -> Iterable[ArmEstimate]:
        groups = by_arm_of(self.arm_of(), self._members, lambda each: each.trial)
        for arm, members in groups.items():
            trials = {each.trial for each in members}
            rows = self.by_actor[self.by_actor["trial"].isin(trials)]
            for name in ("echo", "copying", "voice"):
                null = self._with_others(members) if name == "voice" else UNKNOWN
                estimate = self.made(name, share_with(rows, name), len(trials))
                yield ArmEstimate(arm, name, replace(estimate, null=null))
            spoken = [each for each in members if each.lines]
            found = _share(spoken, [sum(each.copies) for each in spoken])
            compared = [each for each in spoken if each.elsewhere is not None]
            null = _share(compared, [each.elsewhere or 0 for each in compared])
            speaking = len({each.trial for each in spoken})
            note = "" if speaking else "nobody said anything"
            estimate = self.made("copies", found, speaking, note=note)
            yield ArmEstimate(arm, "copies", replace(estimate, null=null))

    # --- Words -----------------------------------------------------------------------------------

    @cached_property
    def _members(self) -> list[Member]:
        """Everybody, in the order of trials and seats."""
        spoken = lines_of(self.tables)
        arms = self.arm_of()
        ordered = sorted(arms, key=lambda trial: (arms[trial], trial))
        following = {
            trial: other
            for trial, other in zip(ordered, [*ordered[1:], *ordered[:1]], strict=True)
            if trial != other and arms[trial] == arms[other]
        }
        found = []
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, actor in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            every = spoken.get(trial, [])
            own = tuple(line for line in every if line.speaker == actor and line.text.strip())
            other = spoken.get(following.get(trial, ""))
            found.append(
                Member(
                    trial,
                    actor,
                    own,
                    tuple(_copies(own, actor, every)),
                    None if other is None else sum(_copies(own, actor, other)),
                )
            )
        return found

    # --- Voice -----------------------------------------------------------------------------------

    @cached_property
    def _casts(self) -> dict[str, dict[str, str]]:
        """How everybody is described, by trial and actor."""
        casts: dict[str, dict[str, str]] = {}
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        columns = (cast[name] for name in ("trial", "actor", "brief", "traits", "points"))
        for trial, actor, brief, traits, points in zip(*columns, strict=True):
            told = " ".join(map(str, [brief, *traits, *points])).strip()
            casts.setdefault(str(trial), {})[str(actor)] = told
        return casts

    def _partners(self, each: Member) -> dict[str, str]:
        return {name: told for name, told in self._casts[each.trial].items() if name != each.actor}

    def _voice(self, each: Member, partners: dict[str, str]) -> Voice:
        """The likeliest change to the voice of one of these partners."""
        if len(each.lines) < FEWEST:
            return Voice(nan, None, "")
        own = self._casts[each.trial][each.actor]
        known = {name: reading for name, told in partners.items()
                 if (reading := self._reading(each, own, told)) is not None}  # fmt: skip
        if not known:
            return Voice(nan, None, "")
        found = {name: reading.change for name, reading in known.items()}
        partner = max(found, key=lambda name: (found[name].evidence, name))
        change, scale = found[partner], known[partner].scale
        if scale is None or not change.evidence > scale.alarm:
            return Voice(change.evidence, None, partner)
        # The orders depend on the lines alone, so they are the same with every partner.
        orders = [reading.in_random_orders(DRAWS, self.seed) for reading in known.values()]
        highest = float(np.max(orders, axis=0).max())
        # Whoever leaves its own voice for a third one moves half a step along the axis, to its
        # zero; so the lines have to be beyond half of the other half.
        after = known[partner].positions[change.place :].mean()
        arrived = after > scale.shift.zero + scale.shift.step / 4
        taken = arrived and change.evidence > highest
        return Voice(change.evidence, change.place if taken else None, partner)

    def _reading(self, each: Member, own: str, partner: str) -> Reading | None:
        """The lines between the actor's own description and a partner's; None if either is missing
        or both read the same."""
        if not own or not partner:
            return None
        turns, texts = zip(*((line.turn, line.text) for line in each.lines), strict=True)
        lines = Lines(each.trial, each.actor, turns, texts, Sides((own,), (partner,)))
        [reading] = Meaning(self.embedder).read([lines])
        return None if reading.scale is None else reading

    def _with_others(self, members: Sequence[Member]) -> Interval:
        """The share of actors that change to the voice of somebody from another trial."""
        every = sorted({told for cast in self._casts.values() for told in cast.values() if told})
        generator = np.random.default_rng(self.seed)
        counts: dict[str, list[int]] = {}
        for each in members[:MOST]:
            here = set(self._casts[each.trial].values())
            others = [told for told in every if told not in here]
            number = min(len(others), len(self._partners(each)))
            if len(each.lines) < FEWEST or not number:
                continue
            drawn = generator.choice(len(others), number, replace=False)
            voice = self._voice(each, {f"{place}": others[place] for place in drawn})
            counts.setdefault(each.trial, []).append(voice.place is not None)
        if not counts:
            return UNKNOWN
        pairs = np.array([[sum(found), len(found)] for found in counts.values()], dtype=np.float64)
        return share_of(pairs[:, 0], pairs[:, 1])


def _copies(own: Sequence[Line], actor: str, every: Sequence[Line]) -> list[bool]:
    """Of each line of an actor, whether somebody else had said nearly the same before."""
    theirs = [(line.turn, shingles(line.text)) for line in every if line.speaker != actor]
    found = []
    for line in own:
        mine = shingles(line.text)
        long = len(line.text.split()) >= _WORDS
        found.append(long and any(turn < line.turn and alike(mine, one) for turn, one in theirs))
    return found


def _onset(copies: Sequence[bool]) -> int | None:
    """The first of two copies among three turns in a row."""
    for place, copied in enumerate(copies):
        if copied and any(copies[place + 1 : place + 3]):
            return place
    return None


def _share(members: Sequence[Member], counts: Sequence[int]) -> Interval:
    """A share of turns, over trials."""
    totals: dict[str, list[int]] = {}
    for each, count in zip(members, counts, strict=True):
        total = totals.setdefault(each.trial, [0, 0])
        total[0] += count
        total[1] += len(each.lines)
    if not totals:
        return UNKNOWN
    pairs = np.array(list(totals.values()), dtype=np.float64)
    return share_of(pairs[:, 0], pairs[:, 1])
