"""Instrument error: what is known of how often a measure errs on the models that were measured.

A calibration is of one version of an instrument and of one stage; of others nothing is known, and
that is said, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isnan

from analysis.calibration.instruments.identity import name_of, version_of_ours
from analysis.calibration.scoring import Calibration
from analysis.calibration.stored import error_of, find, folder_of, known
from analysis.estimates import InstrumentError
from analysis.stats import Interval

INSTRUMENT: Mapping[str, Mapping[str, str]] = {
    "flips": dict.fromkeys(("flip",), "flips"),
    "triggered_flips": dict.fromkeys(("flip",), "triggered_flips"),
    "spoken_flips": dict.fromkeys(("flipped", "share"), "spoken_flips"),
    "collapse": dict.fromkeys(("collapse",), "collapse"),
    "conflict": dict.fromkeys(("hostility", "episode_length"), "hostility"),
}
"""Which instrument stands behind which quantities of a measure."""


def calibration_of(measure: str, stage: str, by: str = "") -> Calibration | None:
    """What is known of a measure on a stage; ``by`` is the evidence that it reads, where it may
    read several."""
    if not known(folder_of()):
        return None  # The version is a hash of many files, and nothing could be found by it.
    behind = next(iter(INSTRUMENT.get(measure, {}).values()), None)
    if behind is None:
        return None
    name = name_of(behind, by)
    return find(name, version_of_ours(name), stage)


def error_on(measure: str, quantity: str, stage: str, by: str = "") -> InstrumentError | None:
    """The instrument error of one quantity of a measure on a stage, if it is known."""
    if quantity not in INSTRUMENT.get(measure, {}):
        return None
    found = calibration_of(measure, stage, by)
    return None if found is None or isnan(found.sensitivity.estimate) else error_of(found)


def told(
    measures: Iterable[str],
    stages: Iterable[tuple[str, str]],
    by: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Sentences on the error of measures on stages, the unknown ones in one. ``stages`` are pairs
    of a stage's identity and the model as it is called; ``by`` says by measure which evidence it
    read."""
    unknown: dict[str, list[str]] = {}
    played = list(dict.fromkeys(stages))
    for measure in dict.fromkeys(measures):
        for stage, model in played:
            found = calibration_of(measure, stage, (by or {}).get(measure, ""))
            if found is None:
                unknown.setdefault(model, []).append(measure)
            else:
                yield sentence(measure, model, found)
    for names in dict.fromkeys(tuple(each) for each in unknown.values()):
        models = [model for model, each in unknown.items() if tuple(each) == names]
        yield (
            f"Instrument error of {_listed(names)} on {_listed(models)}: none is known, so what "
            f"was found may be the instrument's{_measurable(names)}."
        )


def _measurable(names: Sequence[str]) -> str:
    able = [name for name in names if name in INSTRUMENT]
    return f" (elsinore calibrate measures that of {_listed(able)})" if able else ""


def sentence(measure: str, model: str, found: Calibration) -> str:
    """The error of one measure on one model, in words."""
    plan = found.plan
    return (
        f"Instrument error of {measure} on {model}: sensitivity to planted "
        f"{'swaps' if found.detects == 'flip' else found.detects} {_share(found.sensitivity)}, "
        f"alarms in {_share(found.sham_alarms)} of shams, {_number(found.false_alarms)} false in "
        f"1,000 turns ({found.scenes} scenes of {plan.get('turns')} turns in {plan.get('layout')})."
    )


def _share(each: Interval) -> str:
    return _limits(each, lambda value: f"{100 * value:.0f}%")


def _number(each: Interval) -> str:
    return _limits(each, lambda value: f"{value:.1f}")


def _limits(each: Interval, written: Callable[[float], str]) -> str:
    if isnan(each.estimate):
        return "unknown"
    if isnan(each.low):
        return written(each.estimate)
    return f"{written(each.estimate)} [{written(each.low)}, {written(each.high)}]"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
