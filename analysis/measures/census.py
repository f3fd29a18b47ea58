"""Who appears when nobody is asked for, over many trials: kinds, names, and how many are unseen.

*Evidence*: T. Read is the first line of each trial with words in it, and what was cut from it
(``evidence.characters``): a label, what the speaker says of itself, who is said to speak.

*Definition.* A trial has one *kind* (named, role, unnamed, narrator, assistant, text, nobody) and
one *who*: the name, or what it is, or the kind. Of an arm: the share of each kind; ``bits``, the
entropy over kinds (Miller and Madow); ``who_bits``, that over who (Chao and Shen); ``people``, how
many there are at least, seen or not (Chao1); ``unseen``, the probability that the next is somebody
who has not come yet (Good and Turing). Limits of the last three by a bootstrap of the assemblage
(``stats.richness``). Traits: ``hostility``, ``warmth`` and ``politeness`` of what was said.

*Null.* Of a single census there is none. ``apart(a, b)`` compares two stages by Jensen and
Shannon's divergence, with trials dealt anew to the stages.

*References.* arXiv 2305.16367 (as cited); Chao 1984; Chao and Shen 2003; Lin 1991. Scenario:
``empty_stage``.

*Traps.* What appears is a draw from the stage given the head of the script, the temperature and the
layout: compare within one head. A reader of few expressions takes somebody who says what she is in
other words for unnamed, so kinds have an error of their own; read some of the transcripts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.characters import KINDS, Character, character_in
from analysis.evidence.text import score
from analysis.results import ArmEstimate, Result
from analysis.stats import UNKNOWN, Interval, entropy_interval
from analysis.stats.richness import (
    divergence_test,
    entropy_of_kinds,
    kinds_interval,
    richness,
    unseen_share,
)
from analysis.tables import Data, frame
from sim.errors import BadRequest

APART: Mapping[str, str] = {
    **dict.fromkeys(("scenario", "of", "a", "b"), "str"),
    **dict.fromkeys(("n_a", "n_b"), "Int64"),
    **dict.fromkeys(("divergence", "expected", "excess", "p"), "float64"),
}
"""The columns of ``Census.apart``."""

_TRAITS = ("hostility", "warmth", "politeness")


class Seen(NamedTuple):
    """Who appeared in a trial, in which turn, and what it is like."""

    turn: int
    speaker: str
    character: Character
    traits: tuple[float, ...]


class Census(Result):
    """Who appeared, trial by trial, and what that says of who else is there.

    ``draws`` of bootstraps and deals, from ``seed`` and what appeared. Trials without any turn are
    of the kind "nobody".

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = ["I am a nurse.", "My name is Jane.", "The rain has stopped."]
    >>> records = [Record(f"t{place}", [{"name": "Somebody"}], [Turn(1, "Somebody", text)])
    ...            for place, text in enumerate(said)]
    >>> result = Census(tables_from(records))
    >>> list(result.by_trial.who)
    ['nurse', 'jane', 'text']
    """

    measure = "census"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "kind": Quantity("what appeared: named, role, unnamed, narrator, assistant, text, nobody",
                         "text"),
        "who": Quantity("its name, or what it is", "text"),
    }  # fmt: skip
    trial: ClassVar[Quantities] = {
        "kind": Quantity("what appeared first", "text"),
        "who": Quantity("its name, or what it is, or its kind", "text"),
        **{kind: Quantity(f"what appeared first is of the kind {kind}", "share", low=0, high=1)
           for kind in KINDS},
        "told_of": Quantity("how many are named or told of", "count", low=0),
        "hostility": Quantity("hostility of what was said", low=0, high=1),
        "warmth": Quantity("warmth of what was said", low=0, high=1),
        "politeness": Quantity("politeness of what was said"),
    }  # fmt: skip
    arm: ClassVar[Quantities] = {
        "people": Quantity("how many there are at least, seen or not (Chao1)", low=0),
        "seen": Quantity("how many were seen", "count", low=0),
        "unseen": Quantity("probability that the next was not seen yet", low=0, high=1),
        "who_bits": Quantity("entropy over who appears, seen or not", low=0),
        "bits": Quantity("entropy over kinds", low=0),
        **{kind: Quantity(f"share of trials in which the kind {kind} appears", "share",
                          low=0, high=1) for kind in KINDS},
        "hostility": Quantity("hostility of what was said", low=0, high=1),
        "warmth": Quantity("warmth of what was said", low=0, high=1),
        "politeness": Quantity("politeness of what was said"),
    }  # fmt: skip

    def __init__(self, data: Data, seed: int = 0, draws: int = 400) -> None:
        super().__init__(data)
        self.seed = seed
        self.draws = draws

    @cached_property
    def appeared(self) -> dict[str, Seen]:
        """Who appeared, by trial."""
        found = {
            str(trial): Seen(0, "", Character("nobody"), (nan,) * len(_TRAITS))
            for trial in self.tables.trials["trial"]
        }
        turns = self.tables.turns.sort_values(["trial", "turn"], kind="stable")
        turns = turns[turns["source"].fillna("stage") != "intervention"]
        columns = (turns[name] for name in ("trial", "turn", "speaker", "text", "cut", "strangers"))
        for trial, turn, speaker, text, cut, strangers in zip(*columns, strict=True):
            if found[str(trial)].turn or not (isinstance(text, str) and text.strip()):
                continue
            named = tuple(map(str, strangers)) if isinstance(strangers, tuple) else ()
            whole = f"{text}\n\n{cut}" if isinstance(cut, str) and cut else text
            scores = score(text)
            found[str(trial)] = Seen(
                int(turn),
                str(speaker),
                character_in(whole, named),
                tuple(float(getattr(scores, name)) for name in _TRAITS),
            )
        return found

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for trial, seen in self.appeared.items():
            if seen.turn:
                yield trial, seen.turn, seen.speaker, seen.character.kind, seen.character.who

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial, seen in self.appeared.items():
            character = seen.character
            yield (
                trial, character.kind, character.who,
                *(character.kind == kind for kind in KINDS),
                len(character.others), *seen.traits,
            )  # fmt: skip

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm, rows in self.trials_of_arms():
            characters = [self.appeared[str(trial)].character for trial in rows["trial"]]
            who = list(Counter(each.who for each in characters).values())
            kinds = Counter(each.kind for each in characters)
            generator = _stream(self.seed, sorted(each.who for each in characters))
            intervals = {
                "people": kinds_interval(who, richness, generator, self.draws),
                "seen": Interval(float(len(who)), nan, nan) if who else UNKNOWN,
                "unseen": kinds_interval(who, unseen_share, generator, self.draws),
                "who_bits": kinds_interval(who, entropy_of_kinds, generator, self.draws),
                "bits": entropy_interval([kinds[kind] for kind in KINDS]),
            }
            for name, quantity in self.arm.items():
                if name in intervals:
                    note = "" if who else "no trial"
                    if name in ("people", "unseen") and who and max(who) == 1 and len(who) > 1:
                        note = "nobody came twice: there are far more, and no telling how many"
                    estimate = self.made(name, intervals[name], len(characters), note=note)
                else:
                    estimate = self.mean(rows[name], quantity)
                yield ArmEstimate(arm, name, estimate)

    def apart(self, a: str, b: str, by: str = "model") -> pd.DataFrame:
        """How far two arms are apart in who appears: a row for kinds and one for who.

        ``divergence`` is Jensen and Shannon's in bits, ``expected`` its mean where trials are dealt
        anew to the arms, ``excess`` the difference, ``p`` the share of deals that reach it. ``by``
        is "model" or a parameter, whose values are given as JSON (see ``compare``). Raises
        ``BadRequest`` if an arm has no trial.
        """
        result = self if by == "model" else self._beside(by)
        trials = result.tables.trials
        for each in (a, b):
            if each not in set(trials["model"]):
                raise BadRequest(
                    f"census.apart: no trial of {each!r}; use one of "
                    f"{', '.join(sorted(set(map(str, trials['model'])))) or 'none'}"
                )
        rows: list[tuple[Any, ...]] = []
        for scenario, some in trials.groupby(trials["scenario"].fillna(""), sort=True):
            sides = [
                [self.appeared[str(trial)].character
                 for trial in some.loc[some["model"] == side, "trial"]]
                for side in (a, b)
            ]  # fmt: skip
            if not all(sides):
                continue
            for of in ("kind", "who"):
                first, second = (Counter(getattr(each, of) for each in side) for side in sides)
                generator = _stream(self.seed, [of, *sorted((first + second).elements())])
                observed, expected, p = divergence_test(first, second, generator)
                sizes = (len(sides[0]), len(sides[1]))
                rows.append(
                    (scenario, of, a, b, *sizes, observed, expected, observed - expected, p)
                )
        return frame(rows, APART)


def _stream(seed: int, words: Sequence[str]) -> np.random.Generator:
    digest = blake2b(ascii((seed, list(words))).encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
