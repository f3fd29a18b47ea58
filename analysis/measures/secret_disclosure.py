"""Does what one actor alone knew turn up in others' words: when, through whom, from whom?

*Evidence*: T (``analysis.evidence.disclosure``): rare words, names and numbers, and the meaning of
sentences where an embedder that knows meaning is installed.

*Definition.* A secret is what a persona keeps (``Persona.secret``), or what a turn says to some and
not to all: a whisper or an aside, unless it passes on a secret that is known already. Who has it at
first are its owner, and who heard the whisper. Going through the turns, a line that uses the secret
and was said by somebody who knows it makes everybody who heard it know it, too. A secret is
*disclosed* with the first line that uses it of somebody who did not have it at first. It came
*from* whoever said it first in the speaker's hearing; if nobody did, the line is a *leak*: the
speaker uses what it heard nobody say. Then it guessed, or its prompt held what it should not.

*Null.* The same secret sought in other trials, in which nobody had it: how often the rule finds
what cannot be there.

*References.* Who knows what of whom: the false-belief tasks of Wimmer and Perner 1983; weights by
rarity, Sparck Jones 1972. Sizes and powers: ``docs/validity-details.md``, "Sameness".

*Traps.* Words that the scene gives to everybody (its topic, others' briefs) are weighed by how
often they are said, not left out: a secret that is half public has half a chance to be found. A
secret that is hinted at in other words is found by an embedder at best, which takes a sentence for
the secret if it is nearer to it than what is said in nineteen of twenty other trials. Where one
context writes for all (``author``), every leak is a leak of the layout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.disclosure import SAME, USES, Piece, nearest, terms
from analysis.evidence.embeddings import Embedder, available, embedder
from analysis.graphs.speech import Played, Said, played
from analysis.results import ArmEstimate, Result
from analysis.stats import UNKNOWN, mean_interval, share_of
from analysis.tables import Data

ELSEWHERE = 20
"""So many other trials are searched for a secret that nobody there had, at most."""

LOWEST = 0.5
"""Sentences of a lower cosine do not say the same, whatever others say."""


@dataclass
class Secret:
    """A piece of private knowledge in a trial, and what became of it.

    ``told`` is 0 for a persona's secret, else the turn of the whisper; ``first`` who had it then.
    ``knows`` says at which turn everybody got to know it, and from whom.
    """

    piece: Piece
    owner: str
    told: int
    first: frozenset[str]
    knows: dict[str, tuple[int, str]] = field(default_factory=dict)
    spread: int | None = None
    disclosed: int | None = None
    by: str = ""
    source: str = ""
    leaks: list[int] = field(default_factory=list)
    same: float | None = None


class SecretDisclosure(Result):
    """What became of every secret: one row of ``by_trial`` for each; ``by_turn`` has the lines that
    use one.

    ``by`` is an embedder or its name, for lines that say the secret in other words; None is
    "minilm" where it is installed, and words alone elsewhere, as with "words". Raises
    ``ValueError`` for an unknown embedder.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> cast = [{"name": "Ada", "secret": "The silver spoons are under the bridge."},
    ...         {"name": "Ben"}]
    >>> said = [Turn(1, "Ada", "The spoons? Look under the bridge, there is silver."),
    ...         Turn(2, "Ben", "So the silver spoons are at the bridge!")]
    >>> row = SecretDisclosure(tables_from([Record("t", cast, said)]), by="words").by_trial.iloc[0]
    >>> int(row.turn), row.by, row.source, bool(row.leak)
    (2, 'Ben', 'Ada', False)
    """

    measure = "secret_disclosure"
    evidence = "T"
    more_keys: ClassVar = {
        "turn": {"owner": "str", "told": "Int64"},
        "trial": {"owner": "str", "told": "Int64"},
    }
    turn: ClassVar[Quantities] = {
        "overlap": Quantity("share of the secret's weight that the line has", low=0, high=1),
        "knew": Quantity("the speaker had it at first, or had heard it", "share", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        "terms": Quantity("names, numbers and words by which it is known", "count"),
        "spread": Quantity("the first turn at which it was said to somebody new", "onset"),
        "turn": Quantity("the first turn at which somebody uses it who had it not at first",
                         "onset"),
        "by": Quantity("who that is", "text"),
        "source": Quantity("who said it first in that one's hearing; missing: nobody", "text"),
        "disclosed": Quantity("somebody uses it who had it not at first", "share", low=0, high=1),
        "leak": Quantity("somebody uses it who heard nobody say it", "share", low=0, high=1),
        "reach": Quantity("share of the others who know it at the end", low=0, high=1),
        "elsewhere": Quantity("share of other trials, where nobody had it, in which it is found",
                              low=0, high=1),
    }  # fmt: skip
    arm: ClassVar[Quantities] = {
        "disclosed": Quantity("share of secrets that others use", low=0, high=1),
        "leak": Quantity("share of secrets that somebody uses who heard nobody say it",
                         low=0, high=1),
        "reach": Quantity("share of the others who know a secret at the end", low=0, high=1),
    }  # fmt: skip

    def __init__(self, data: Data, by: Embedder | str | None = None) -> None:
        super().__init__(data)
        if by is None:
            by = "minilm" if "minilm" in available() else "words"
        self.embedder: Embedder | None
        if isinstance(by, str):
            self.embedder = None if by == "words" else embedder(by)
        else:
            self.embedder = by

    # --- What is read ----------------------------------------------------------------------------

    @cached_property
    def _trials_played(self) -> list[Played]:
        return played(self.tables, pool=True)

    @cached_property
    def _terms(self) -> dict[str, list[frozenset[str]]]:
        """The terms of every line of every trial."""
        return {
            one.trial: [terms(line.text, one.names) for line in one.lines]
            for one in self._trials_played
        }

    @cached_property
    def _seen(self) -> dict[str, tuple[Counter[str], int]]:
        """By scenario: how many lines have each term, and how many lines there are."""
        counts: dict[str, tuple[Counter[str], int]] = {}
        for one in self._trials_played:
            counter, number = counts.get(one.scenario, (Counter(), 0))
            for line in self._terms[one.trial]:
                counter.update(line)
            counts[one.scenario] = counter, number + len(one.lines)
        return counts

    @cached_property
    def _kept(self) -> dict[str, dict[str, str]]:
        """The secrets of personas, by trial and owner."""
        kept: dict[str, dict[str, str]] = {}
        cast = self.tables.cast
        for trial, actor, secret in zip(cast["trial"], cast["actor"], cast["secret"], strict=True):
            if not pd.isna(secret) and str(secret).strip():
                kept.setdefault(str(trial), {})[str(actor)] = str(secret)
        return kept

    def _piece(self, one: Played, text: str, first: Collection[str] = ()) -> Piece:
        """A piece of knowledge of ``first``, weighed by what all others say in the scenario."""
        seen, lines = self._seen[one.scenario]
        own = [found for line, found in zip(one.lines, self._terms[one.trial], strict=True)
               if line.speaker in first]  # fmt: skip
        counts = Counter(term for found in own for term in found)
        return Piece.of(text, one.names, seen - counts, lines - len(own))

    def _used(self, secret: Secret, one: Played, line: Said, found: frozenset[str]) -> bool:
        """Whether a line uses a secret, by its words or its meaning."""
        if secret.piece.used(found, len(one.lines)):
            return True
        if self.embedder is None or not line.text.strip():
            return False
        if secret.same is None:
            secret.same = self._threshold(secret.piece, one)
        return nearest(secret.piece.text, line.text, self.embedder) > secret.same

    def _threshold(self, piece: Piece, one: Played) -> float:
        """The cosine that one in twenty other trials reaches, in which nobody had the secret; a
        fixed one where there are too few."""
        assert self.embedder is not None
        highest: list[float] = []
        for other in self._others(one):
            kept = self._kept.get(other.trial, {}).values()
            if not any(_same(piece, self._piece(other, text)) for text in kept):
                cosines = [nearest(piece.text, line.text, self.embedder) for line in other.lines]
                highest.append(max(cosines, default=0.0))
            if len(highest) == ELSEWHERE:
                return max(LOWEST, sorted(highest)[-2])
        return SAME

    def _others(self, one: Played) -> tuple[Played, ...]:
        """The other trials, those that come after it first."""
        start, trials = self._place[one.trial], self._trials_played
        return (*trials[start + 1 :], *trials[:start])

    @cached_property
    def _followed(self) -> tuple[dict[str, list[Secret]], list[tuple[Any, ...]]]:
        """What became of all secrets, by trial; and the rows of lines that use one."""
        secrets: dict[str, list[Secret]] = {}
        uses: list[tuple[Any, ...]] = []
        for one in self._trials_played:
            mine = [
                Secret(piece, owner, 0, frozenset([owner]), {owner: (0, owner)})
                for owner, text in self._kept.get(one.trial, {}).items()
                if (piece := self._piece(one, text, (owner,))).weights
            ]
            for line, found in zip(one.lines, self._terms[one.trial], strict=True):
                if not line.heard:
                    continue
                used = False
                for secret in mine:
                    if self._used(secret, one, line, found):
                        used = True
                        overlap, knew = secret.piece.share(found), line.speaker in secret.knows
                        uses.append(
                            (one.trial, line.turn, line.speaker, secret.owner, secret.told,
                             overlap, knew)
                        )  # fmt: skip
                        _told(secret, line)
                new = self._whispered(one, line)
                if not used and new is not None:
                    mine.append(new)
            secrets[one.trial] = mine
        return secrets, uses

    def _whispered(self, one: Played, line: Said) -> Secret | None:
        """The secret that a line is to those who did not hear it; None if everybody did."""
        absent = self._absent.get((one.trial, line.turn), frozenset())
        if not set(one.names) - line.heard - absent:
            return None
        piece = self._piece(one, line.text, line.heard)
        if len(piece.weights) < 2:
            return None
        knows = dict.fromkeys(line.heard, (line.turn, line.speaker))
        return Secret(piece, line.speaker, line.turn, line.heard, knows)

    @cached_property
    def _absent(self) -> dict[tuple[str, int], frozenset[str]]:
        """Who was off stage at a turn: who misses what is said aloud is kept no secret from."""
        turns = self.tables.turns
        return {
            (str(trial), int(turn)): frozenset(absent)
            for trial, turn, absent, audience in zip(
                *(turns[name] for name in ("trial", "turn", "absent", "audience")), strict=True
            )
            if isinstance(absent, tuple) and not isinstance(audience, tuple)
        }

    # --- The levels ------------------------------------------------------------------------------

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        yield from self._followed[1]

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for one in self._trials_played:
            for secret in self._followed[0][one.trial]:
                others = set(one.names) - secret.first
                yield (
                    one.trial,
                    secret.owner,
                    secret.told,
                    len(secret.piece.weights),
                    secret.spread,
                    secret.disclosed,
                    secret.by or None,
                    secret.source or None,
                    secret.disclosed is not None,
                    bool(secret.leaks),
                    len(others & secret.knows.keys()) / len(others) if others else nan,
                    self._elsewhere(one, secret),
                )

    def _elsewhere(self, one: Played, secret: Secret) -> float:
        """The share of other trials in which it is found, though nobody there had it."""
        found: list[bool] = []
        for other in self._others(one):
            if len(found) == ELSEWHERE:
                break
            if any(_same(secret.piece, each.piece) for each in self._followed[0][other.trial]):
                continue
            lines = zip(other.lines, self._terms[other.trial], strict=True)
            uses = (
                self._used(secret, other, line, theirs)
                for line, theirs in lines
                if line.heard and line.speaker != secret.owner
            )
            found.append(any(uses))
        return float(np.mean(found)) if found else nan

    @cached_property
    def _place(self) -> dict[str, int]:
        return {one.trial: place for place, one in enumerate(self._trials_played)}

    def _arms(self) -> Iterable[ArmEstimate]:
        known = dict(self.rows_of_arms())
        for arm in sorted(set(self.arm_of().values())):
            for name in self.arm:
                if arm not in known:
                    missing = self.made(name, UNKNOWN, 0, note="nobody had a secret")
                    yield ArmEstimate(arm, name, missing)
                    continue
                trials = known[arm].groupby("trial")
                counted = trials[name].agg(["sum", "count"]).astype("float64")
                share = share_of(counted["sum"].to_numpy(), counted["count"].to_numpy())
                estimate = self.made(name, share, len(counted))
                if name != "reach":
                    chance = trials["elsewhere"].mean().to_numpy(dtype=np.float64)
                    estimate = replace(estimate, null=mean_interval(chance))
                yield ArmEstimate(arm, name, estimate)


def _told(secret: Secret, line: Said) -> None:
    """A line that uses a secret: who knows it now, and whether it came out."""
    speaker = line.speaker
    if speaker not in secret.first and secret.disclosed is None:
        secret.disclosed, secret.by = line.turn, speaker
        secret.source = secret.knows[speaker][1] if speaker in secret.knows else ""
    if speaker not in secret.knows:
        secret.leaks.append(line.turn)
        secret.knows[speaker] = (line.turn, "")
    new = line.heard - secret.knows.keys()
    if new and secret.spread is None:
        secret.spread = line.turn
    for name in new:
        secret.knows[name] = (line.turn, speaker)


def _same(one: Piece, other: Piece) -> bool:
    """Whether two secrets have much in common: then one is no null of the other."""
    shares = (one.share(frozenset(other.weights)), other.share(frozenset(one.weights)))
    return one.text == other.text or max(shares) >= USES
