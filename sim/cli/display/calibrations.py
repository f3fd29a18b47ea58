"""What ``elsinore calibrate`` found, printed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from rich.console import Console
from rich.text import Text

from analysis.calibration.scoring import EXACTLY, Calibration
from analysis.calibration.thresholds import FITTED, GIVEN, OWN, TOO_FEW
from analysis.stats import Interval
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block

SCORES = ("area under the curve", "of length alone", "exact limit", "share of it", "reliability")
ALARMS = ("planted found", "alarms in shams", "false in 1,000 turns", "F1 within ±1", "delay")
"""The columns of the two tables."""


def scores(found: Calibration) -> tuple[str, ...]:
    """The cells of the first table: how well scores tell plants from shams."""
    return (
        interval(found.area),
        interval(found.length_area),
        interval(found.limit),
        interval(found.share_of_limit),
        interval(found.reliability),
    )


def alarms(found: Calibration) -> tuple[str, ...]:
    """The cells of the second table: what its alarms are worth."""
    return (
        counted(found.sensitivity, found.scenes),
        counted(found.sham_alarms, found.shams),
        interval(found.false_alarms, 1),
        interval(found.f1),
        interval(found.delay, 1),
    )


def interval(each: Interval, digits: int = 2) -> str:
    """An estimate with its limits."""
    if isnan(each.estimate):
        return NONE
    limits = "" if isnan(each.low) else f" [{each.low:.{digits}f}, {each.high:.{digits}f}]"
    return f"{each.estimate:.{digits}f}{limits}"


def counted(each: Interval, of: int) -> str:
    """A share as a count, with its limits in percent."""
    if isnan(each.estimate):
        return NONE
    limits = "" if isnan(each.low) else f" [{percent(each.low)}, {percent(each.high)}]"
    return f"{round(each.estimate * of)}/{of}{limits}"


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f}%"


def show(found: Sequence[Calibration], folder: Path, console: Console) -> None:
    """Print what each instrument is worth, whether the model did what it was told, and what else
    raised alarms."""
    first = found[0]
    plan = first.plan
    told = (
        f": {plan['scenes']} scenes of {plan['turns']} turns in {plan['layout']}, {plan['wording']}"
    )
    console.print(Text(one_line(first.model), "bold").append(told, "not bold"))
    rows = table("instrument", "for", *SCORES)
    for each in found:
        rows.add_row(Text(one_line(each.instrument), "bold"), Text(each.detects),
                     *map(Text, scores(each)))  # fmt: skip
    print_block(console, rows)
    rows = table("instrument", "alarms by", *ALARMS)
    for each in found:
        rows.add_row(Text(one_line(each.instrument), "bold"), Text(by(each)),
                     *map(Text, alarms(each)))  # fmt: skip
    print_block(console, rows)
    for line in sentences(found):
        console.print(Text(line), soft_wrap=not console.is_terminal)
    console.print(
        Text(
            "Sensitivity is to planted changes: instructed, abrupt, whole. It says little of those "
            "that grow, and no share found elsewhere is to be corrected by it. Limits: 95%, over "
            f"pairs of characters. Kept in {folder}; elsinore analyze prints it.",
            "dim",
        ),
        soft_wrap=not console.is_terminal,
    )


def by(found: Calibration) -> str:
    """Where alarms come from."""
    if found.alarms_by == OWN:
        return OWN
    if found.alarms_by == TOO_FEW:
        return TOO_FEW
    return f"{found.threshold:.3g} ({'given' if found.alarms_by == GIVEN else 'fitted'})"


def sentences(found: Sequence[Calibration]) -> list[str]:
    """What stands under the tables, in words."""
    lines = []
    swaps = [each for each in found if each.complied_by]
    if swaps:
        each = swaps[0]
        chance = "" if each.complied_by == EXACTLY else "; one in ten would by chance"
        lines.append(
            f"Did the model follow a swap? In {interval_percent(each.compliance)} of the scenes "
            f"(by {each.complied_by}{chance})."
        )
    for each in found:
        name = one_line(each.instrument)
        if each.doses and not isnan(each.sensitivity.estimate):
            doses = ", ".join(
                f"{plant} {interval_percent(share)}" for plant, share in each.doses.items()
            )
            lines.append(f"{name}, by dose: {doses}.")
        if not isnan(each.sensitivity_if_complied.estimate):
            lines.append(
                f"{name}, where the model followed: "
                f"{interval_percent(each.sensitivity_if_complied)} found."
            )
        if each.grown is not None:
            lines.append(_grown(each))
        known = {
            plant: share.estimate
            for plant, share in each.others.items()
            if not isnan(share.estimate)
        }
        others = [f"{plant} {percent(share)}" for plant, share in known.items() if share]
        if known:
            lines.append(f"{name}, alarms at other plants: {', '.join(others) or 'none'}.")
        if each.missing > 0:
            lines.append(f"{name}: no score for {percent(each.missing)} of the turns.")
        if each.alarms_by == FITTED:
            lines.append(
                f"{name}: a threshold was fitted for one alarm in ten talks at most; of the shams "
                f"that it was not fitted on {interval_percent(each.any_alarm)} have one."
            )
        if each.alarms_by == TOO_FEW:
            lines.append(
                f"{name}: too few shams to fit a threshold at one false alarm in ten talks; play "
                "more scenes, or give it a threshold."
            )
    return lines


def _grown(found: Calibration) -> str:
    grown = found.grown
    assert grown is not None
    name = one_line(found.instrument)
    if not grown.events:
        return f"{name}, what grew by itself: nothing did, in {grown.talks} talks."
    return (
        f"{name}, what grew by itself ({grown.events} of {grown.talks} talks, no prompt changed): "
        f"area {interval(grown.area)}, exact limit {interval(grown.limit)}, share of it "
        f"{interval(grown.share_of_limit)}; found {interval_percent(grown.sensitivity)}, false "
        f"{interval(grown.false_alarms, 1)} in 1,000 turns."
    )


def interval_percent(each: Interval) -> str:
    """A share with its limits, in percent."""
    if isnan(each.estimate):
        return NONE
    limits = "" if isnan(each.low) else f" [{percent(each.low)}, {percent(each.high)}]"
    return f"{percent(each.estimate)}{limits}"
