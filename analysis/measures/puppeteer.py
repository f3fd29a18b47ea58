"""Is everybody pulled one way, beyond what they do to one another?

*Evidence*: P, the off-stage answers to ``stance:ISSUE``, asked before the scene and at regular
turns.

*Definition.* ``pull`` is beta b of Friedkin and Johnsen's model with a bias node
(``analysis.opinions.models``): how far all actors are pulled in one wave, beyond the weights that
they give to one another and to where they began. ``displacement`` is how far the pull alone has
carried them by the last wave, on average; ``shift`` how far they went, whatever moved them; what is
left, ``interaction``, is what they did to one another. ``p`` is of a score test in the model
without a pull (bias node at 0): each trial's score is given a random sign.

*Polarity.* An actor that says yes to anything is pulled by the wording, not by the topic. Where a
parameter of the scenario (``polarity``) says that the motion was negated, the answers of these
trials are turned round, both arms become one, ``pull`` is the pull on the topic, and ``wording``
the pull toward whatever the motion says.

*Null.* Interaction alone: ``null`` of ``pull`` has the mean and the range, under random signs, of
the trials' scores. An influential actor moves the mean of all (``shift``) and is no puppeteer.

*Limits.* **A prior about the topic looks the same in transcripts.** Stages that hold a view, or
have learned what is said on the topic, pull everybody as a puppeteer would; only experiments part
the two (a stage with other weights, contexts apart, a pull that is blocked and comes back another
way). A pull of one actor alone is spread over all. A pull to the middle of the scale is ``beta``,
which noise on a bounded scale looks like, and is not counted. Where everybody begins at one place
in all trials only a large pull is found: vary the personas' stances. Base against tuned stages of
one family: ``compare``.

*References.* Friedkin and Johnsen 1990; score test: Rao 1948; shared drift of debating models:
arXiv 2402.04049.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.measures.opinion_dynamics import noted, readings, why_not, within
from analysis.opinions.fit import Fit, fit_pull, pull_test
from analysis.opinions.models import Coefficients, Susceptibility
from analysis.opinions.panel import Panel
from analysis.opinions.reading import Reading, issue_of
from analysis.results import GROUP, Arm, ArmEstimate, Paired, Result
from analysis.stats import UNKNOWN, Floats, Interval, mean_interval, paired_difference, sign_flip
from analysis.tables import ARM, Data
from sim.errors import BadRequest

NEGATED = (True, 1, -1, "negated", "true")
"""Values of a polarity that say that the motion was negated."""

PRIOR = "a prior about the topic looks the same"


@dataclass(frozen=True)
class Pulled:
    """What was fitted to an arm: the law with a pull, the test without, and each trial's part."""

    reading: Reading
    fitted: Fit
    p: float
    scores: Floats

    @property
    def panel(self) -> Panel:
        """The stances."""
        return self.reading.panel

    def numbers(self, law: Coefficients) -> Floats:
        """Pull, displacement (of scenes as long as they were), wording and beta of a law."""
        lengths, scenes = np.unique(self.panel.waves, return_counts=True)
        carried = np.array([law.displacement(int(waves)) for waves in lengths])
        displacement = float(carried @ scenes / scenes.sum())
        return np.array([law.drift, displacement, law.wording, law.beta])


class Puppeteer(Result):
    """Whether all actors of an arm are pulled one way.

    ``issue`` may be left out if actors were asked about one alone. ``polarity`` is the name of a
    parameter of the scenario that is one of ``NEGATED`` in trials whose motion was negated.
    ``susceptibility`` is as in ``analysis.opinion_dynamics``. Raises ``BadRequest`` for an issue
    that nobody was asked about, and for a polarity that no trial has.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> generator = np.random.default_rng(0)
    >>> law = Coefficients.of(np.array([[0.7, 0.3], [0.3, 0.7]]), 0.8, beta=0.2, place=0.5)
    >>> def record(seed):
    ...     path = law.path(generator.uniform(-1, 1, 2), 6)
    ...     said = np.clip(path + generator.normal(0, 0.05, path.shape), -1, 1)
    ...     return Record(str(seed), [{"name": "Ada"}, {"name": "Ben"}],
    ...                   [Answer(2 * wave, name, "stance:x", float(value))
    ...                    for wave, row in enumerate(said)
    ...                    for name, value in zip(("Ada", "Ben"), row)], seed=seed)
    >>> pull = Puppeteer(tables_from(map(record, range(100)))).estimate("pull")
    >>> round(pull.value, 1), pull.low > 0, pull.value > pull.null.high
    (0.1, True, True)
    """

    measure = "puppeteer"
    evidence = "P"
    trial: ClassVar[Quantities] = {
        "shift": Quantity("last stance less first, the mean over actors", low=-2, high=2),
    }
    arm: ClassVar[Quantities] = {
        "pull": Quantity("beta b: how far all are pulled in one wave", low=-1, high=1),
        "displacement": Quantity("how far the pull has carried all by the last wave"),
        "shift": Quantity("last stance less first, the mean over actors", low=-2, high=2),
        "interaction": Quantity("the shift less the displacement"),
        "wording": Quantity("the pull toward whatever the motion says", low=-1, high=1),
        "beta": Quantity("how strongly a bias node pulls; noise looks the same", low=0, high=1),
        "p": Quantity("of the score test for a pull", low=0, high=1),
    }

    def __init__(
        self,
        data: Data,
        issue: str | None = None,
        polarity: str | None = None,
        susceptibility: Susceptibility = "actor",
    ) -> None:
        super().__init__(data)
        self.issue = issue_of(self.tables, issue)
        self.susceptibility: Susceptibility = susceptibility
        self.negated: dict[str, bool] = {}
        if polarity is not None:
            self._turn_round(polarity)

    def _turn_round(self, polarity: str) -> None:
        """Take the polarity out of what tells arms, and remember it by trial."""
        trials = self.tables.trials
        given = [dict(each) for each in trials["parameters"]]
        if trials.shape[0] and not any(polarity in each for each in given):
            raise BadRequest(f"puppeteer: no trial has the parameter {polarity!r}")
        values = [each.pop(polarity, False) for each in given]
        self.negated = {
            str(trial): value in NEGATED
            for trial, value in zip(trials["trial"], values, strict=True)
        }
        parameters = pd.Series(given, index=trials.index, dtype="object")
        self.tables = replace(self.tables, trials=trials.assign(parameters=parameters))

    # --- The protocol ----------------------------------------------------------------------------

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for reading in self._readings.values():
            if reading is not None:
                yield from zip(reading.panel.scenes, _shifts(reading.panel), strict=True)

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm, reading in self._readings.items():
            pulled = self._pulled.get(arm)
            if pulled is None:
                for name in self.arm:
                    missing = self.made(name, UNKNOWN, 0, note=why_not(reading))
                    yield ArmEstimate(arm, name, missing)
            else:
                yield from self._estimated(arm, pulled)

    def _estimated(self, arm: Arm, pulled: Pulled) -> Iterable[ArmEstimate]:
        fitted, scenes = pulled.fitted, pulled.fitted.scenes
        note = "; ".join(filter(None, [PRIOR, noted(pulled.reading)]))
        unknown = "not identifiable" if fitted.converged else "the fit did not come to an end"
        pull, displacement, wording, beta = fitted.intervals(pulled.numbers)
        if not np.isnan(beta.estimate):
            beta = within(max(fitted.possible.beta, 0.0), beta, 0, 1)
        shifts = _shifts(pulled.panel)
        found = {
            "pull": pull, "displacement": displacement, "shift": mean_interval(shifts),
            "interaction": _rest(pulled, shifts), "wording": wording, "beta": beta,
            "p": Interval(pulled.p, nan, nan),
        }  # fmt: skip
        for name, interval in found.items():
            more: dict[str, Any] = {"note": note if name in ("pull", "displacement") else ""}
            if np.isnan(interval.estimate):
                more["note"] = unknown
            if name == "wording" and not pulled.panel.worded:
                interval, more["note"] = UNKNOWN, "the motion has one polarity alone"
            if name == "pull" and not np.isnan(interval.estimate):
                more["null"] = _null(pulled.scores)
            yield ArmEstimate(arm, name, self.made(name, interval, scenes, **more))

    def _compare(self, a: str, b: str) -> Iterable[tuple[Any, ...]]:
        """Pulls and displacements of trials paired by seed, by their influence on either fit."""
        yield from super()._compare(a, b)
        seeds = {
            str(trial): int(seed)
            for trial, seed in zip(
                self.tables.trials["trial"], self.tables.trials["seed"], strict=True
            )
        }
        model, keys = ARM.index("model"), [ARM.index(name) for name in GROUP]
        for arm, one in self._pulled.items():
            others = [
                other
                for name, other in self._pulled.items()
                if arm[model] == a and name[model] == b
                if all(arm[place] == name[place] for place in keys)
            ]
            for other in others:
                group = tuple(arm[place] for place in keys)
                yield from self._compared(a, b, group, (one, other), seeds)

    def _compared(
        self, a: str, b: str, group: tuple[str, ...], both: tuple[Pulled, Pulled],
        seeds: dict[str, int],
    ) -> Iterable[tuple[Any, ...]]:  # fmt: skip
        parts = [_parts(each) for each in both]
        rows: list[dict[tuple[int, float], Floats]] = [
            {
                (seeds[scene], sign): part
                for scene, sign, part in zip(each.panel.scenes, each.panel.sign, some, strict=True)
            }
            for each, some in zip(both, parts, strict=True)
        ]
        shared = [key for key in rows[0] if key in rows[1]]
        left_out = len(set(rows[0]) | set(rows[1])) - len(shared)
        for place, name in enumerate(("pull", "displacement")):
            first, second = (np.array([row[key][place] for key in shared]) for row in rows)
            values = tuple(float(part[:, place].mean()) for part in parts)
            interval = paired_difference(first, second, share=False) if shared else UNKNOWN
            pair = Paired(group, first[:, None], second[:, None], left_out)
            p = sign_flip(first, second) if shared else nan
            yield self.comparison(
                name, a, b, pair, values=(values[0], values[1]), interval=interval, p=p
            )

    # --- What it is made of ----------------------------------------------------------------------

    @cached_property
    def _readings(self) -> dict[Arm, Reading | None]:
        return readings(self, self.issue, self.negated)

    @cached_property
    def _pulled(self) -> dict[Arm, Pulled]:
        found: dict[Arm, Pulled] = {}
        for arm, reading in self._readings.items():
            if reading is None or why_not(reading):
                continue
            without, fitted = fit_pull(reading.panel, self.susceptibility)
            p, scores = pull_test(without, reading.panel)
            found[arm] = Pulled(reading, fitted, p, scores)
        return found


def _shifts(panel: Panel) -> Floats:
    """How far the actors of each scene went, on average."""
    last = panel.waves - 1
    return np.asarray((panel.values[np.arange(len(last)), last] - panel.values[:, 0]).mean(axis=1))


def _rest(pulled: Pulled, shifts: Floats) -> Interval:
    """The mean shift less the displacement; scenes move both, so they are taken together."""
    displacement = _parts(pulled)[:, 1]
    return mean_interval(shifts - displacement) if pulled.fitted.converged else UNKNOWN


def _parts(pulled: Pulled) -> Floats:
    """The estimates of pull and displacement as means over scenes: estimate plus influence."""
    values = pulled.numbers(pulled.fitted.law)[:2]
    moved = pulled.fitted.contributions(lambda law: pulled.numbers(law)[:2])
    return np.asarray(values + moved - moved.mean(axis=0))


def _null(scores: Floats, draws: int = 2000) -> Interval:
    """Mean and 95% range of the mean of scores whose signs are drawn."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(draws, len(scores)))
    means = signs @ scores / len(scores)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(means.mean()), float(low), float(high))
