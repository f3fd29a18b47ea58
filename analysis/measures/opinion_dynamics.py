"""By which law do stances move: who weighs with whom, how susceptible are they, is there a pull?

*Evidence*: P, the off-stage answers to ``stance:ISSUE``, asked before the scene and at regular
turns.

*Definition.* With x_t the stances of the actors at wave t (a wave is a turn at which all were
asked), the models of ``analysis.opinions.models`` are fitted to all trials of an arm at once:

    x_{t+1,i} = (1 - beta) [alpha_i sum_j W_ij x_{t,j} + (1 - alpha_i) x_{0,i}] + beta b

*biased* is this; *centred* has b = 0, *friedkin_johnsen* also beta = 0, *degroot* also alpha = 1,
*stay* also W = I. W_ij can be above zero only where i heard j. Answers are read with noise of
unknown size, which is fitted with the rest: a regression of answers on answers would find too small
weights and a pull to the middle. ``error_MODEL`` is the root of the mean squared error of answers
one wave ahead, in trials that the model was not fitted to; ``gain_MODEL`` what it takes off the
squared error of *stay*. ``second_eigenvalue`` is how much of a distance the fitted law leaves after
one wave, ``decay`` how much was left, by an exponential that was fitted to the distances alone.

*Null.* Everybody stays: gains of zero. They can be negative.

*Limits.* What is known is W, alpha, beta and the product beta b (``pull``), and not b. Who holds
still has alpha_i = 0 or W_ii = 1: the stances are the same. W and alpha are of waves, not of turns:
with several turns between waves who is heard by way of somebody else weighs, too. ``beta`` alone is
also what noise does on a bounded scale, whose ends can only be left. Where everybody begins at one
place in all trials, weights are not shown and the rest is rough: vary the personas' stances.
Intervals are clustered by trial and need about thirty trials; with fewer they are too narrow
(``docs/validity-details.md``), and notes say so.

*References.* DeGroot 1974; Friedkin and Johnsen 1990; errors in variables: Fuller 1987; errors by
cluster: White 1982.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import nan, sqrt
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import ESTIMATE, Estimate, Quantities, Quantity, cells
from analysis.measures.half_life import half_life
from analysis.opinions.fit import FEWEST_WAVES, Fit, fit_pull
from analysis.opinions.models import KINDS, Coefficients, Kind, Susceptibility
from analysis.opinions.panel import Panel
from analysis.opinions.prediction import FOLDS, held_out
from analysis.opinions.reading import Reading, issue_of, read, stances
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import UNKNOWN, Floats, Interval, jackknife_ratio
from analysis.tables import ARM, Data, frame, with_arms
from sim.planning.trials import SURROGATES

MANY_SCENES = 30
"""With fewer the intervals are too narrow: ``benchmarks.validity.opinions``."""

FEWEST_SCENES = 10

ONE_PLACE = "not identifiable: actors begin at one place in all trials"
ROUGH = "rough: actors begin at one place in all trials"


class OpinionDynamics(Result):
    """The law by which stances move, for each arm.

    ``issue`` may be left out if actors were asked about one alone. ``susceptibility`` says whether
    each actor has an alpha of its own ("actor") or all have one ("common"). ``steady`` False lets
    shocks differ at the first step: on a bounded scale they do where everybody begins at one place
    in all trials, near the ends. Raises ``BadRequest`` for an issue that nobody was asked about.

    >>> from analysis.opinions.models import Coefficients
    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> generator = np.random.default_rng(0)
    >>> law = Coefficients.of(np.array([[0.7, 0.3], [0.3, 0.7]]), 0.8)
    >>> def record(seed):
    ...     path = law.path(generator.uniform(-1, 1, 2), 6)
    ...     said = np.clip(path + generator.normal(0, 0.05, path.shape), -1, 1)
    ...     return Record(str(seed), [{"name": "Ada"}, {"name": "Ben"}],
    ...                   [Answer(2 * wave, name, "stance:x", float(value))
    ...                    for wave, row in enumerate(said)
    ...                    for name, value in zip(("Ada", "Ben"), row)], seed=seed)
    >>> result = OpinionDynamics(tables_from(map(record, range(100))))
    >>> table = result.weights
    >>> table[["listener", "speaker", "value"]].round(1).to_numpy().tolist()
    [['Ada', 'Ada', 0.7], ['Ada', 'Ben', 0.3], ['Ben', 'Ada', 0.3], ['Ben', 'Ben', 0.7]]
    """

    measure = "opinion_dynamics"
    evidence = "P"
    trial: ClassVar[Quantities] = {
        f"error_{kind}": Quantity(
            f"error of answers one wave ahead by {kind}, fitted to other trials", low=0
        )
        for kind in KINDS
    }
    arm: ClassVar[Quantities] = {
        "alpha": Quantity("susceptibility, the mean over actors", low=0, high=1),
        "beta": Quantity("how strongly a bias node pulls everybody", low=0, high=1),
        "pull": Quantity("beta b: how far the bias node pulls in one wave", low=-1, high=1),
        "second_eigenvalue": Quantity("what the fitted law leaves of a distance in a wave", low=0),
        "decay": Quantity("what was left of a distance after a wave", low=0, high=1),
        **trial,
        **{
            f"gain_{kind}": Quantity(f"what {kind} takes off the squared error of stay", high=1)
            for kind in KINDS[1:]
        },
    }

    def __init__(
        self,
        data: Data,
        issue: str | None = None,
        susceptibility: Susceptibility = "actor",
        steady: bool = True,
    ) -> None:
        super().__init__(data)
        self.issue = issue_of(self.tables, issue)
        self.susceptibility: Susceptibility = susceptibility
        self.steady = steady

    @cached_property
    def weights(self) -> pd.DataFrame:
        """W: a row for each arm, listener and speaker that it heard, with an estimate's columns."""
        columns = dict.fromkeys((*ARM, "listener", "speaker"), "str") | dict(ESTIMATE)
        rows = []
        for arm, fitted in self._fits.items():
            names = self._readings[arm].panel.names
            heard = fitted.likelihood.plane.transition.any(axis=0) | np.eye(len(names), dtype=bool)
            for listener, speaker in np.argwhere(heard):
                estimate = self._weight(arm, fitted, int(listener), int(speaker))
                rows.append((*arm, names[listener], names[speaker], *cells(estimate)))
        return frame(rows, columns)

    @cached_property
    def susceptibilities(self) -> pd.DataFrame:
        """alpha: a row for each arm and actor, with an estimate's columns."""
        columns = dict.fromkeys((*ARM, "actor"), "str") | dict(ESTIMATE)
        rows = []
        for arm, fitted in self._fits.items():
            intervals = fitted.intervals(lambda law: law.susceptibility)
            shown = fitted.possible.susceptibility
            for name, value, interval in zip(
                self._readings[arm].panel.names, shown, intervals, strict=True
            ):
                estimate = self._shown(value, interval, fitted, self._note(arm))
                rows.append((*arm, name, *cells(estimate)))
        return frame(rows, columns)

    def _weight(self, arm: Arm, fitted: Fit, listener: int, speaker: int) -> Estimate:
        if fitted.one_place:
            return Estimate.of(UNKNOWN, fitted.scenes, evidence=self.evidence, note=ONE_PLACE)
        (moved,) = fitted.intervals(lambda law: law.susceptibility[[listener]])
        if not moved.low > 0:
            note = "not identifiable: the listener may be moved by nobody"
            return Estimate.of(UNKNOWN, fitted.scenes, evidence=self.evidence, note=note)
        (interval,) = fitted.intervals(lambda law: law.weights[listener, [speaker]])
        value = float(fitted.possible.weights[listener, speaker])
        return self._shown(value, interval, fitted, self._note(arm))

    def _shown(self, value: float, interval: Interval, fitted: Fit, note: str) -> Estimate:
        """An estimate within [0, 1], from an interval that knows no bounds."""
        if np.isnan(interval.estimate):
            note = "not identifiable" if fitted.converged else "no fit"
            return Estimate.of(UNKNOWN, fitted.scenes, evidence=self.evidence, note=note)
        return Estimate.of(
            within(value, interval, 0, 1), fitted.scenes, evidence=self.evidence, note=note
        )

    # --- The protocol ----------------------------------------------------------------------------

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for arm, reading in self._readings.items():
            errors = self._errors.get(arm)
            for place, trial in enumerate(reading.panel.scenes):
                if errors is not None:
                    yield (trial, *(sqrt(errors[kind][place]) for kind in KINDS))

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm, why in self._missing.items():
            for name in self.arm:
                yield ArmEstimate(arm, name, self.made(name, UNKNOWN, 0, note=why))
        for arm, fitted in self._fits.items():
            yield from self._law(arm, fitted)
            panel = self._readings[arm].panel
            decay = distance_decay(panel)
            note = "not identifiable" if np.isnan(decay.estimate) else ""
            yield ArmEstimate(arm, "decay", self.made("decay", decay, fitted.scenes, note=note))
            yield from self._foretold(arm)

    def _law(self, arm: Arm, fitted: Fit) -> Iterable[ArmEstimate]:
        possible = fitted.possible
        names = ("alpha", "beta", "pull", "second_eigenvalue")
        for name, value, interval in zip(
            names, _numbers(possible), fitted.intervals(_numbers), strict=True
        ):
            about = self.arm[name]
            note = self._note(arm)
            if not np.isnan(interval.estimate):
                # The pull has no bound of its own: its estimate is the one its interval is about.
                shown = interval.estimate if name == "pull" else float(value)
                interval = within(shown, interval, about.low, about.high)
            else:
                note = "not identifiable" if fitted.converged else "the fit did not come to an end"
            yield ArmEstimate(arm, name, self.made(name, interval, fitted.scenes, note=note))

    def _foretold(self, arm: Arm) -> Iterable[ArmEstimate]:
        errors = self._errors.get(arm)
        trials = len(self._readings[arm].panel.scenes)
        stay = None if errors is None else errors["stay"]
        for kind in KINDS:
            squares = None if errors is None else errors[kind]
            note = f"fewer than {2 * FOLDS} trials"
            if squares is None or stay is None:
                for name in (f"error_{kind}", f"gain_{kind}"):
                    if name in self.arm:
                        missing = self.made(name, UNKNOWN, trials, note=note)
                        yield ArmEstimate(arm, name, missing)
                continue
            name = f"error_{kind}"
            yield ArmEstimate(arm, name, self.mean(pd.Series(np.sqrt(squares)), self.arm[name]))
            if kind != "stay":
                known = ~np.isnan(squares) & ~np.isnan(stay)
                ratio = jackknife_ratio(squares[known], stay[known])
                gain = Interval(1 - ratio.estimate, 1 - ratio.high, 1 - ratio.low)
                name = f"gain_{kind}"
                yield ArmEstimate(arm, name, self.made(name, gain, int(known.sum())))

    # --- What it is made of ----------------------------------------------------------------------

    @cached_property
    def _all_readings(self) -> dict[Arm, Reading | None]:
        return readings(self, self.issue, {})

    @cached_property
    def _missing(self) -> dict[Arm, str]:
        """Arms of which nothing can be said, and why."""
        found: dict[Arm, str] = {}
        for arm, reading in self._all_readings.items():
            why = why_not(reading)
            if why:
                found[arm] = why
        return found

    @cached_property
    def _readings(self) -> dict[Arm, Reading]:
        return {
            arm: reading
            for arm, reading in self._all_readings.items()
            if reading is not None and arm not in self._missing
        }

    @cached_property
    def _fits(self) -> dict[Arm, Fit]:
        return {
            arm: fit_pull(reading.panel, self.susceptibility, steady=self.steady)[1]
            for arm, reading in self._readings.items()
        }

    @cached_property
    def _errors(self) -> Mapping[Arm, Mapping[Kind, Floats]]:
        return {
            arm: held_out(reading.panel, KINDS, self.susceptibility)
            for arm, reading in self._readings.items()
            if len(reading.panel.scenes) >= 2 * FOLDS
        }

    def _note(self, arm: Arm) -> str:
        place = ROUGH if self._fits[arm].one_place else ""
        return "; ".join(filter(None, [noted(self._readings[arm]), place]))


def readings(
    result: Result, issue: str | None, negated: Mapping[str, bool]
) -> dict[Arm, Reading | None]:
    """The panel of each arm of a result's tables; surrogates are no arms here."""
    trials = with_arms(result.tables.trials)
    trials = trials[~trials["arm"].isin(SURROGATES)]
    if issue is None or trials.empty:
        return {}
    answers = stances(result.tables, issue)
    return {
        tuple(map(str, arm)): read(result.tables, answers, list(rows["trial"]), negated)
        for arm, rows in trials.groupby(list(ARM), sort=True, dropna=False)
    }


def why_not(reading: Reading | None) -> str:
    """Why no law can be fitted to an arm; blank if one can."""
    if reading is None:
        return "no two actors were asked twice"
    waves = int(reading.panel.waves.max())
    if waves < FEWEST_WAVES:
        return f"asked at {waves} waves: {FEWEST_WAVES} are needed"
    if len(reading.panel.scenes) < FEWEST_SCENES:
        return f"{len(reading.panel.scenes)} trials: {FEWEST_SCENES} are needed"
    return ""


def noted(reading: Reading) -> str:
    """What a reader has to know of an arm's intervals."""
    few = f"too few trials ({len(reading.panel.scenes)}): the interval is too narrow"
    notes = [few] if len(reading.panel.scenes) < MANY_SCENES else []
    return "; ".join([*notes, reading.note] if reading.note else notes)


def within(value: float, interval: Interval, low: float, high: float) -> Interval:
    """An estimate and its interval, cut to what is possible."""
    value = min(max(value, low), high)
    least, most = (min(max(each, low), high) for each in (interval.low, interval.high))
    return Interval(value, min(least, value), max(most, value))


def distance_decay(panel: Panel) -> Interval:
    """What is left of the mean distance between actors (above its plateau) after one wave."""
    first, second = np.triu_indices(len(panel.names), 1)
    apart = np.abs(panel.values[:, :, first] - panel.values[:, :, second]).mean(axis=2)
    half = half_life([pd.Series(row).dropna() for row in apart])
    if np.isnan(half.estimate):
        return Interval(nan, nan, nan)
    return Interval(0.5 ** (1 / half.estimate), 0.5 ** (1 / half.low), 0.5 ** (1 / half.high))


def _numbers(law: Coefficients) -> Floats:
    alpha = float(law.susceptibility.mean())
    return np.array([alpha, law.beta, law.drift, law.second_eigenvalue])
