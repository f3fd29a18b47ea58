"""Does an actor step out of its scene: "this is a simulation", "I am an AI", "the script says"?

*Evidence*: T, expressions (``evidence.fourth_wall``), one line at a time.

*Definition.* A turn steps out if it has an expression of a family of which the actor's persona does
not speak: an android may say that it is a machine. The onset is the first such turn. *Rate*: the
share of an arm's turns that step out.

*Null.* For the rate, false alarms on talk between people, who have no scene to step out of
(``evidence.false_alarms``).

*References.* Goffman, Frame Analysis, 1974; arXiv 2505.23836 (models that notice evaluation).

*Traps.* Expressions are few and bound to the speaker, so that ordinary talk is left alone; of lines
that were written afterwards, in words of every kind, they find a third
(``docs/validity-details.md``): a rate is a lower limit. Expressions are English. Lines put into an
actor's mouth do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.false_alarms import false_alarms
from analysis.evidence.fourth_wall import in_character, steps_out
from analysis.measures.fates import share_with
from analysis.results import ArmEstimate, Result
from analysis.stats import UNKNOWN, share_of


class Step(NamedTuple):
    """A turn that steps out, and by what."""

    trial: str
    turn: int
    actor: str
    families: tuple[str, ...]


class FourthWall(Result):
    """Which actors step out of their scene, when, and by what.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = ["The spring fell.", "As an AI, I have no wells.", "This is just a simulation."]
    >>> turns = [Turn(place, "A", line) for place, line in enumerate(said, 1)]
    >>> result = FourthWall(tables_from([Record("t", [{"name": "A"}], turns)]))
    >>> result.by_actor[["fourth_wall", "steps"]].to_dict("records")
    [{'fourth_wall': 2, 'steps': 2}]
    >>> result.by_turn["families"].to_list()
    ['machine', 'simulation']
    """

    measure = "fourth_wall"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "families": Quantity("by what it steps out: machine, simulation, test, ...", "text"),
    }
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns of its own", "count"),
        "fourth_wall": Quantity("the first turn that steps out", "onset"),
        "steps": Quantity("turns that step out", "count"),
    }
    trial: ClassVar[Quantities] = {
        "fourth_wall": Quantity("share of the actors that step out", low=0, high=1),
        "rate": Quantity("share of the turns that step out", low=0, high=1),
    }
    arm: ClassVar[Quantities] = trial

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for step in self._steps():
            yield (step.trial, step.turn, step.actor, ", ".join(step.families))

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        steps: dict[tuple[str, str], list[int]] = {}
        for step in self._steps():
            steps.setdefault((step.trial, step.actor), []).append(step.turn)
        said = self.tables.turns.groupby(["trial", "speaker"]).size().to_dict()
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            own = steps.get(key, [])
            yield (*key, said.get(key, 0), min(own, default=None), len(own))

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial, rows in self.by_actor.groupby("trial", sort=False):
            turns, steps = int(rows["turns"].sum()), int(rows["steps"].sum())
            share = float(rows["fourth_wall"].notna().mean())
            yield (trial, share, steps / turns if turns else float("nan"))

    def _arms(self) -> Iterable[ArmEstimate]:
        counts = self.by_actor.groupby("trial")[["steps", "turns"]].sum()
        null = false_alarms().get("fourth_wall", UNKNOWN)
        arms = self.arm_of()
        for arm in sorted(set(arms.values())):
            rows = self.by_actor[[arms[str(trial)] == arm for trial in self.by_actor["trial"]]]
            estimate = self.made(
                "fourth_wall", share_with(rows, "fourth_wall"), rows["trial"].nunique()
            )
            yield ArmEstimate(arm, "fourth_wall", estimate)
            own = counts[[arms[str(trial)] == arm for trial in counts.index]]
            found = share_of(*own[["steps", "turns"]].to_numpy(dtype=np.float64).T)
            trials = int((own["turns"] > 0).sum())
            note = "" if trials else "nobody said anything"
            estimate = self.made("rate", found, trials, note=note)
            yield ArmEstimate(arm, "rate", replace(estimate, null=null))

    def _steps(self) -> Iterator[Step]:
        """The turns that step out, in order."""
        cast = self.tables.cast
        allowed = {
            (str(trial), str(actor)): in_character(" ".join([str(brief), *map(str, traits)]))
            for trial, actor, brief, traits in zip(
                *(cast[name] for name in ("trial", "actor", "brief", "traits")), strict=True
            )
        }
        turns = self.tables.turns.sort_values(["trial", "turn"], kind="stable")
        turns = turns[turns["source"] != "intervention"]
        columns = (turns[name] for name in ("trial", "turn", "speaker", "text"))
        for trial, turn, speaker, text in zip(*columns, strict=True):
            own = allowed.get((str(trial), str(speaker)), frozenset())
            families = tuple(each for each in steps_out(str(text)) if each not in own)
            if families:
                yield Step(str(trial), int(turn), str(speaker), families)
