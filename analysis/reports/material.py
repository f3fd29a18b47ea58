"""What a report is made of: tables, arms, and measures, each computed once and when it is needed.

A large store is measured on a part of its trials: whole seeds in an order that their numbers fix by
a hash, the same in every arm, so that pairs stay pairs and nothing is chosen by its outcome. What
is cheap (where actors stand, how far they come together) is measured on all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from analysis.measures.collapse import Collapse
from analysis.measures.competing_risks import CompetingRisks
from analysis.measures.conflict import Conflict
from analysis.measures.convergence import Convergence
from analysis.measures.fates import opposed
from analysis.measures.flips import Flips
from analysis.measures.loops import Loops
from analysis.reports.arms import ArmLabel, arms_of
from analysis.reports.contests import Rated, rated
from analysis.tables import Tables, load
from sim.errors import BadRequest
from sim.html import Speakers
from sim.planning.trials import SURROGATES, WHOLE
from sim.store import StoredTrial, open_store

MOST_TURNS = 3_000
"""So many turns are read by the measures that read words, unless more are asked for."""


@dataclass(frozen=True)
class Material:
    """A store, measured. ``most`` bounds the turns whose words are read; 0 is no bound. ``only``
    are the ids of the trials that it is about; None: all."""

    path: Path
    most: int = MOST_TURNS
    only: frozenset[str] | None = None

    @cached_property
    def loaded(self) -> Tables:
        """What the store has of these trials, unfinished ones among them."""
        return load(self.path, trials=self.only)

    @cached_property
    def whole(self) -> Tables:
        """The trials that came to their end. Raises ``BadRequest`` if there is none."""
        tables = self.loaded.measured()
        if tables.trials.empty:
            raise BadRequest(f"{self.path}: no trial came to its end; there is nothing to report")
        return tables

    @cached_property
    def played(self) -> Tables:
        """Those of them that were played or imported as they are: no branches, no surrogates."""
        trials = self.whole.trials
        kept = trials["at"].isna() & trials["arm"].isin(WHOLE)
        return self.whole.only(trials.loc[kept, "trial"])

    @cached_property
    def debates(self) -> bool:
        """Whether the trials are debates of a tournament."""
        return any("entrants" in dict(each) for each in self.whole.trials["parameters"])

    @cached_property
    def arms(self) -> list[ArmLabel]:
        """The arms of what was played, each with its trials, in the order of their labels."""
        return arms_of(self.played.trials)

    @cached_property
    def label_of(self) -> Mapping[str, str]:
        """The label of the arm of each trial."""
        return {trial: arm.label for arm in self.arms for trial in arm.trials}

    # --- What is measured ------------------------------------------------------------------------

    @cached_property
    def sample(self) -> Tables:
        """The trials whose words are read, with their surrogates."""
        trials = self.whole.trials
        kept = trials["at"].isna() & trials["arm"].isin((*WHOLE, *SURROGATES))
        trials = trials.loc[kept]
        order = sorted(set(trials["seed"]), key=_shuffled)
        sizes = trials.groupby("seed")["turns"].sum()
        chosen: list[int] = []
        turns = 0
        for seed in order:
            if self.most and chosen and turns + int(sizes[seed]) > self.most:
                break
            chosen.append(seed)
            turns += int(sizes[seed])
        return self.whole.only(trials.loc[trials["seed"].isin(chosen), "trial"])

    @cached_property
    def read(self) -> Tables:
        """The trials whose words are read, without surrogates."""
        played = set(self.played.trials["trial"])
        return self.sample.only(each for each in self.sample.trials["trial"] if each in played)

    @property
    def sampled(self) -> bool:
        """Whether words are read in a part of the trials alone."""
        return len(self.read.trials) < len(self.played.trials)

    @property
    def of_how_many(self) -> str:
        """How many trials were read, and of how many."""
        read, played = len(self.read.trials), len(self.played.trials)
        if not self.sampled:
            return f"all {played:,} trials" if played > 1 else "the one trial"
        return f"{read:,} of {played:,} trials, whole seeds in a fixed random order"

    @cached_property
    def convergence(self) -> Convergence:
        """How far actors come together, on all trials: made for comparisons."""
        return Convergence(self.played)

    @cached_property
    def convergence_read(self) -> Convergence:
        """The same on the trials that are read, with its half-lives and surrogates."""
        return Convergence(self.sample)

    @cached_property
    def flips(self) -> Flips:
        """Who turned into the opposite."""
        return Flips(self.read)

    @cached_property
    def collapse(self) -> Collapse:
        """Who became a polite assistant."""
        return Collapse(self.read)

    @cached_property
    def loops(self) -> Loops:
        """Who began to loop."""
        return Loops(self.read, draws=1)

    @cached_property
    def conflict(self) -> Conflict:
        """Who is hostile, and who contradicts whom."""
        return Conflict(self.read, draws=20)

    @cached_property
    def risks(self) -> CompetingRisks:
        """What becomes of actors first, by what is measured already."""
        made = {"flip": self.flips, "collapse": self.collapse, "loop": self.loops}
        return CompetingRisks(self.read, made=made)

    @cached_property
    def onsets(self) -> dict[str, dict[str, dict[str, int | None]]]:
        """Flip, collapse and loop by trial and actor: the turn, or None."""
        found: dict[str, dict[str, dict[str, int | None]]] = {}
        for kind, result in (("flip", self.flips), ("collapse", self.collapse),
                             ("loop", self.loops)):  # fmt: skip
            table = result.by_actor
            for trial, actor, at in zip(table["trial"], table["actor"], table[kind], strict=True):
                key = (str(trial), str(actor))
                told = (
                    None if pd.isna(at) or (kind == "flip" and key not in self.opposed) else int(at)
                )
                found.setdefault(key[0], {}).setdefault(key[1], {})[kind] = told
        return found

    @cached_property
    def opposed(self) -> set[tuple[str, str]]:
        """The actors, by trial, whose persona has an opposite to turn into."""
        return opposed(self.read)

    @cached_property
    def contests(self) -> list[Rated]:
        """The tournaments of the store that have verdicts."""
        return list(rated(self.path))

    # --- Names -----------------------------------------------------------------------------------

    @cached_property
    def stored(self) -> dict[str, StoredTrial]:
        """What the store says of each trial, its scene not among it."""
        with open_store(self.path) as store:
            return {trial.id: trial for trial in store.trials()}

    @cached_property
    def short(self) -> dict[str, str]:
        """The shortest beginnings of ids that tell trials apart."""
        with open_store(self.path) as store:
            return store.short_ids()

    @cached_property
    def casts(self) -> dict[str, list[str]]:
        """The names of the cast of each trial, by seat."""
        cast = self.whole.cast.sort_values(["trial", "seat"], kind="stable")
        names: dict[str, list[str]] = {}
        for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
            names.setdefault(str(trial), []).append(str(actor))
        return names

    def speakers(self, trial: str) -> Speakers:
        """The colours of a trial's cast."""
        return Speakers(self.casts.get(trial, ()))


def _shuffled(seed: int) -> bytes:
    """A place in an order that has nothing to do with what was played."""
    return blake2b(str(int(seed)).encode(), digest_size=8).digest()
