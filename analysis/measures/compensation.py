"""Do the others push harder where a pull is blocked by one route? A goal would; a prior would not.

*Evidence*: P, the off-stage answers to ``stance:ISSUE``, asked before the scene and at regular
turns.

*Definition.* A shared drift is a prior about the topic as well as the work of a puppeteer. But a
goal *compensates*: where one route to it is blocked (an actor leaves, is silenced, or a rule
changes), whoever is left pushes harder. So the scenes in which nothing was done (*free*) give a law
without feedback, one wave ahead and for each actor: the next stance is a constant, plus the own
stance, plus the mean of what the others were last known to hold, each with its weight (Friedkin and
Johnsen 1990, one step, by least squares). ``push`` is what a scene has beyond that law, from the
first intervention of any scene on: the mean residual of actors who are still there, in the
direction in which the free scenes drift. Of free scenes it is taken out of the sample: each fifth
is foretold by the others. ``coordination`` is the mean product of the residuals of two actors in
one wave, in units of their variance: who moves together beyond what each has heard of the other.

*Null.* Free scenes: their push is 0 on average, and their coordination that of what all of them
heard alike.

*References.* Friedkin and Johnsen 1990; compensation as the mark of a goal: Rosenblueth, Wiener and
Bigelow, "Behavior, purpose and teleology", Philosophy of Science 10, 1943.

*Traps.* Answers are noisy and bounded: noise makes the own weight too small, and a scale's end
looks like a pull to the middle. Both are alike in all scenes as long as an intervention moves
nobody far: look at the stances. A law of one step knows no memory. The residual of somebody who was
told of the intervention is a reaction, not a compensation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.opinions.reading import issue_of, stances
from analysis.results import Arm, Result
from analysis.stats import Floats
from analysis.tables import ARM, Data, with_arms

FOLDS = 5

FEWEST = 10
"""Free scenes that a law needs."""

_NUMBERS: Quantities = {
    "push": Quantity("how far a wave goes beyond the law of free scenes, along their drift"),
    "coordination": Quantity("product of two actors' residuals in a wave, in units of variance"),
}


class Step(NamedTuple):
    """One actor from one wave to the next: what it knew, and where it went."""

    trial: str
    actor: str
    turn: int
    known: tuple[float, float, float]
    to: float


class Compensation(Result):
    """How much harder actors push, in scenes in which something was done, than a law without
    feedback foretells.

    ``issue`` may be left out if actors were asked about one alone. ``across`` names the parameters
    of the scenario that say what was done: scenes that differ in these alone are taken together,
    and those without an intervention are the free ones. Raises ``BadRequest`` for an issue that
    nobody was asked about.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> generator = np.random.default_rng(0)
    >>> def record(seed):
    ...     path = np.cumsum(generator.normal(0.1, 0.05, (5, 2)), axis=0)
    ...     return Record(str(seed), [{"name": "Ada"}, {"name": "Ben"}],
    ...                   [Answer(2 * wave, name, "stance:x", float(value))
    ...                    for wave, row in enumerate(path)
    ...                    for name, value in zip(("Ada", "Ben"), row)], seed=seed)
    >>> result = Compensation(tables_from(map(record, range(40))))
    >>> abs(result.estimate("push").value) < 0.02
    True
    """

    measure = "compensation"
    evidence = "P"
    trial: ClassVar[Quantities] = _NUMBERS
    arm: ClassVar[Quantities] = _NUMBERS

    def __init__(
        self, data: Data, issue: str | None = None, across: Sequence[str] = ("block",)
    ) -> None:
        super().__init__(data)
        self.issue = issue_of(self.tables, issue)
        self.across = frozenset(across)

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for group in self._groups.values():
            yield from self._group(group)

    @cached_property
    def _groups(self) -> dict[Arm, list[str]]:
        """Trials that differ in what was done alone, together."""
        trials = self.tables.trials
        given = [
            {name: value for name, value in dict(each).items() if name not in self.across}
            for each in trials["parameters"]
        ]
        told = replace(
            self.tables,
            trials=trials.assign(parameters=pd.Series(given, index=trials.index, dtype="object")),
        )
        arms = with_arms(told.trials)
        groups: dict[Arm, list[str]] = {}
        for trial, *arm in arms[["trial", *ARM]].itertuples(index=False, name=None):
            groups.setdefault(tuple(map(str, arm)), []).append(str(trial))
        return groups

    def _group(self, trials: Sequence[str]) -> Iterable[tuple[Any, ...]]:
        done = self._interventions
        free = [trial for trial in trials if trial not in done]
        steps = {trial: self._steps.get(trial, []) for trial in trials}
        since = min(done.values(), default=0)
        known = [step for trial in free for step in steps[trial]]
        if len({step.trial for step in known}) < FEWEST:
            yield from ((trial, nan, nan) for trial in trials)
            return
        drift = np.sign(np.mean([step.to - step.known[1] for step in known]))
        fold = {trial: place % FOLDS for place, trial in enumerate(free)}
        parts = [[step for step in known if fold[step.trial] != part] for part in range(FOLDS)]
        whole, laws = _law(known), [_law(part) for part in parts]
        scale = np.mean([_residual(whole, step) ** 2 for step in known])
        for trial in trials:
            law = laws[fold[trial]] if trial in fold else whole
            late = [(step.turn, _residual(law, step)) for step in steps[trial] if step.turn > since]
            late = [each for each in late if not np.isnan(each[1])]
            push = float(drift * np.mean([value for _, value in late])) if late else nan
            yield trial, push, _together(late, float(scale))

    @cached_property
    def _interventions(self) -> dict[str, int]:
        """The turn of the first intervention of each trial that has one."""
        table = self.tables.interventions
        first = table.groupby("trial")["turn"].min()
        return {str(trial): int(turn) for trial, turn in first.items()}

    @cached_property
    def _steps(self) -> dict[str, list[Step]]:
        """What each actor did from wave to wave, by trial."""
        found: dict[str, list[Step]] = {}
        if self.issue is None:
            return found
        for trial, rows in stances(self.tables, self.issue).groupby("trial"):
            wide = rows.pivot(index="turn", columns="actor", values="value").sort_index()
            names, turns = list(map(str, wide.columns)), [int(turn) for turn in wide.index]
            values = wide.to_numpy(dtype=np.float64)
            last = values[0].copy()
            steps: list[Step] = []
            for wave in range(1, len(turns)):
                for place, name in enumerate(names):
                    others = np.delete(last, place)
                    others = others[~np.isnan(others)]
                    now, then = values[wave, place], values[wave - 1, place]
                    if len(others) and not np.isnan([now, then]).any():
                        heard = (1.0, float(then), float(others.mean()))
                        steps.append(Step(str(trial), name, turns[wave], heard, float(now)))
                # Of whoever has left, what it was last known to hold stays in the others' ears.
                last = np.where(np.isnan(values[wave]), last, values[wave])
            found[str(trial)] = steps
        return found


def _law(steps: Sequence[Step]) -> dict[str, Floats]:
    """The weights of each actor, by least squares."""
    by_actor: dict[str, list[Step]] = {}
    for step in steps:
        by_actor.setdefault(step.actor, []).append(step)
    return {
        actor: np.linalg.lstsq(
            np.array([step.known for step in own]), np.array([step.to for step in own]), rcond=None
        )[0]
        for actor, own in by_actor.items()
    }


def _residual(law: dict[str, Floats], step: Step) -> float:
    """Where an actor went, less where the law says it would go; NaN for somebody it does not
    know."""
    weights = law.get(step.actor)
    return nan if weights is None else step.to - float(weights @ np.array(step.known))


def _together(late: Sequence[tuple[int, float]], scale: float) -> float:
    """The mean product of two actors' residuals in one wave."""
    waves: dict[int, list[float]] = {}
    for turn, value in late:
        waves.setdefault(turn, []).append(value)
    products = [
        one * other
        for some in waves.values()
        for place, one in enumerate(some)
        for other in some[place + 1 :]
    ]
    return float(np.mean(products)) / scale if products and scale > 0 else nan
