"""What ``elsinore label`` prints: what was drawn, how far coders agree, and repaired estimates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from analysis.labels import Drawn, Labels, Marked, Plan, Repair
from analysis.stats import Interval
from analysis.stats.prediction_powered import ENOUGH
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, one_line, print_block

_WHAT = {
    "share": "share of all lines",
    "mean": "mean over all lines",
    "hazard": "first events per own turn at risk",
}


def show_drawn(found: Drawn, plan: Plan, instruments: Sequence[str], console: Console) -> None:
    """What was drawn, and what comes next."""
    unit = "scenes" if plan.whole_scenes else "lines"
    total = sum(found.units.values())
    lines = f" ({sum(found.lines.values())} lines)" if plan.whole_scenes else ""
    _say(console, f"{total} {unit}{lines} in {one_line(str(found.folder))}, for {plan.coders} "
                  f"coder{'' if plan.coders == 1 else 's'}")  # fmt: skip
    for arm, count in found.units.items():
        seen = (
            "" if found.events is None else f"; the judge sees {found.events[arm]} events in them"
        )
        _say(console, f"  {one_line(arm) or 'all'}: {count} {unit}{seen}")
    if found.events is not None and any(
        count < ENOUGH or (not plan.whole_scenes and found.lines[arm] - count < ENOUGH)
        for arm, count in found.events.items()
    ):
        more = "" if plan.how == "score" else "; --how score draws more of them"
        _say(console, f"An arm with fewer than {ENOUGH} labelled events (or non-events) is not "
                      f"repaired: draw more with -n{more}.", "yellow")  # fmt: skip
    if not instruments:
        _say(console, "No judge was named (--instrument): there will be labels alone.", "dim")
    if plan.tuning:
        _say(console, "These labels are for choosing a threshold and will not repair.", "dim")
    code = command_line("label", "code", found.folder, "--coder", "NAME")
    _say(console, f"Next: {code}, or fill in coder-1.csv (or coder-1.txt), ...; then: "
                  f"{command_line('label', 'read', found.folder)}")  # fmt: skip
    _say(
        console, "Coders need items.json or a sheet alone; .key.json tells arms and scores.", "dim"
    )


def show_marked(found: Marked, label: str, console: Console) -> None:
    """What labels of the viewer became, and what they are good for."""
    for coder, count in found.lines.items():
        _say(console, f"{one_line(coder)}: {count} line{'' if count == 1 else 's'} with a label, "
                      f"{found.events[coder]} called {one_line(label)}")  # fmt: skip
    if found.left_out:
        _say(console, f"{found.left_out} labels are on lines that do not count: of branches, "
                      "surrogates or unfinished trials, put in, or of a whole trial.")  # fmt: skip
    _say(console, "Not blind, on lines that coders chose: they say how far coders agree, and "
                  "repair nothing.", "yellow")  # fmt: skip
    _say(console, f"Next: {command_line('label', 'read', found.folder)}")


def show_labels(
    labels: Labels, folder: Path, console: Console, *, by: str | None, against: str | None,
    not_blind: bool, as_json: bool,
) -> None:  # fmt: skip
    """Agreement, the judge's errors, and repaired estimates."""
    may = not (labels.chose_threshold or labels.plan.tuning) and (labels.blind or not_blind)
    repaired = labels.repair(by=by, against=against, not_blind=not_blind) if may else None
    if as_json:
        console.out(json.dumps(record(labels, repaired, folder), allow_nan=False))
        return
    _coders(labels, console)
    if not labels.blind:
        _beside_judge(labels, console)
        if repaired is None:
            _say(console, "Not blind: who labelled saw the arm and the marks, and chose the lines. "
                          "So these labels repair nothing (--not-blind lets them); draw lines with "
                          "elsinore label draw.", "yellow")  # fmt: skip
            return
        _say(console, "Not blind. What follows holds only if the lines that have a label are as "
                      "good as drawn by chance in each arm, and would be labelled so blind, too. "
                      "Nothing here shows that; no interval covers it.", "yellow")  # fmt: skip
    if repaired is None:
        _say(console, "These labels chose a threshold, or were drawn for it: they may not repair. "
                      "Draw others.", "yellow")  # fmt: skip
        return
    _estimates(labels, repaired, console)


def record(labels: Labels, repaired: Repair | None, folder: Path) -> dict[str, Any]:
    """Everything as plain values; what is missing is None."""
    return {
        "folder": str(folder),
        "question": labels.question.text,
        "values": list(labels.question.values),
        "event": labels.question.wanted or None,
        "drawn": len(labels.drawn),
        "how": labels.plan.how if labels.blind else "chosen",
        "blind": labels.blind,
        "whole_scenes": labels.plan.whole_scenes,
        "coders": {name: len(given) for name, given in labels.by_coder.items()},
        "coded_twice": labels.twice,
        "alpha": _plain(labels.agreement),
        "confusion": labels.confusion.to_dict("index"),
        "judge": labels.population.instruments[0] if labels.population.instruments else None,
        "threshold": labels.plan.threshold,
        "beside_judge": labels.beside_judge.to_dict("index"),
        "errors": {name: _plain(each) for name, each in labels.errors.items()},
        "what": None if repaired is None else repaired.what,
        "arms": None if repaired is None else _rows(repaired.by_arm),
        "differences": None if repaired is None else _rows(repaired.differences),
    }


def _coders(labels: Labels, console: Console) -> None:
    _say(console, labels.question.text, "bold")
    given = ", ".join(f"{one_line(name)} {len(own)}" for name, own in labels.by_coder.items())
    how = f"drawn ({labels.plan.how})" if labels.blind else "chosen by coders, not blind"
    _say(console, f"{len(labels.drawn)} lines {how}; labels: {given}")
    if len(labels.by_coder) < 2:
        _say(console, "One coder alone: how reliable the labels are is unknown.", "yellow")
        return
    for one, other in combinations(labels.by_coder, 2):
        if labels.by_coder[one] == labels.by_coder[other] and len(labels.by_coder[one]) >= ENOUGH:
            both = f"{one_line(one)} and {one_line(other)}"
            _say(console, f"{both} gave each line the same label: is one a copy?", "yellow")
    simple = labels.blind and labels.plan.how == "simple"
    lines = "drawn" if labels.blind else "that both chose"
    drawn = "" if simple else f", of the lines {lines}, not of all"
    _say(console, f"Krippendorff's alpha {_text(labels.agreement)}, {labels.twice} lines coded "
                  f"twice{drawn}")  # fmt: skip
    counts = labels.confusion
    rows = table("one coder \\ another", *counts.columns, right=tuple(counts.columns))
    for value, row in counts.iterrows():
        rows.add_row(one_line(str(value)), *(str(count) for count in row))
    print_block(console, rows)


def _beside_judge(labels: Labels, console: Console) -> None:
    """The judge's calls beside the labels of these lines, as counts alone."""
    counts = labels.beside_judge
    if not counts.size:
        return
    (both, missed), (alone, neither) = counts.to_numpy().tolist()
    _say(console, f"Events on these lines by the coders (half of them or more) and the judge "
                  f"{labels.population.instruments[0]}: both {both}, coders alone {missed}, judge "
                  f"alone {alone}, neither {neither}. These are no rates of other lines."
         )  # fmt: skip


def _estimates(labels: Labels, repaired: Repair, console: Console) -> None:
    judge = labels.population.instruments[0] if labels.population.instruments else None
    wanted = f" of {labels.question.wanted!r}" if labels.question.wanted else ""
    limit = "" if repaired.what == "mean" else f" from {labels.plan.threshold:g} on"
    console.print()
    _say(console, f"{_WHAT[repaired.what].capitalize()}{wanted}"
                  f"{f', judge {judge}{limit}' if judge else ''}", "bold")  # fmt: skip
    numbers = ("labelled", "events", "judge")
    rows = table("", *numbers, "labels alone [95%]", "repaired [95%]", right=numbers)
    for each in repaired.arms:
        count = f"{each.labelled} of {each.units}"
        rows.add_row(
            Text(one_line(each.arm) or "all", style="bold"), count, str(each.events),
            _number(each.judge), Text(_text(each.alone), style="dim"), _text(each.repaired),
        )  # fmt: skip
    print_block(console, rows)
    for each in repaired.arms:
        if each.note:
            _say(console, f"{one_line(each.arm) or 'all'}: {each.note}", "yellow")
    for contrast in repaired.contrasts:
        shown = contrast.alone if isnan(contrast.repaired.low) else contrast.repaired
        how = "labels alone" if isnan(contrast.repaired.low) else "repaired"
        pairs = ", in pairs" if contrast.paired else ""
        says = "" if isnan(contrast.judge) else f"; the judge says {contrast.judge:+.3f}"
        _say(console, f"{one_line(contrast.a)} less {one_line(contrast.b)}: {_text(shown, '+')} "
                      f"({how}{pairs}){says}")  # fmt: skip
    for name, interval in labels.errors.items():
        if not isnan(interval.estimate):
            _say(console, f"judge's {name.replace('_', ' ')}: {_text(interval)}", "dim")
    _say(console, "Repaired: the judge's estimate set right by the labels, clustered by scene. It "
                  "sets the judge right, not the coders.", "dim")  # fmt: skip


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def _number(value: float) -> str:
    return NONE if isnan(value) else f"{value:.3f}"


def _text(found: Interval, sign: str = "") -> str:
    if isnan(found.estimate):
        return NONE
    limits = "" if isnan(found.low) else f" [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"
    return f"{found.estimate:{sign}.3f}{limits}"


def _plain(found: Interval) -> dict[str, float | None]:
    parts = {"value": found.estimate, "low": found.low, "high": found.high}
    return {name: None if isnan(value) else value for name, value in parts.items()}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype("object").where(frame.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in plain.to_dict("records")]
