"""The results of a run, for people."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block

_BREAK = "\n"
_WIDE = 100
"""From so many columns on, how often and when stand on one line."""

_TITLES = {"flip": "flipped", "collapse": "collapsed", "loop": "looped"}

Record = Mapping[str, Any]


def show(found: Record, console: Console) -> None:
    """Print what became of the actors, how far they converged, and where to read it."""
    arms = found["arms"]
    several = len(arms) > 1
    console.print(_headline(found))
    if any(arm["outcomes"] for arm in arms):
        narrow = console.width < _WIDE
        print_block(console, _outcomes(arms, found["trials"], several, narrow))
    if any(arm["convergence"]["used"] for arm in arms):
        print_block(console, _convergence(arms))
    for comparison in found["comparisons"]:
        console.print(_comparison(comparison))
    if all(str(arm["model"]).startswith("embedded:") for arm in arms):
        console.print(
            Text(
                "An embedded stage is no language model: these numbers test the instruments.",
                style="dim",
            )
        )
    console.print(_where(found), soft_wrap=True)


def _headline(found: Record) -> Text:
    trials, turns = len(found["trials"]), sum(arm["turns"] for arm in found["arms"])
    models = ", ".join(arm["model"] for arm in found["arms"])
    failed = sum(arm["failed"] for arm in found["arms"])
    text = Text(one_line(found["scenario"]), style="bold")
    text.append(
        f" on {one_line(models)}: {_count(trials, 'trial')}, {_count(turns, 'turn')}",
        style="not bold",
    )
    if found["surrogates"]:
        text.append(f", {_count(found['surrogates'], 'surrogate')}", style="not bold")
    if failed:
        text.append(f", {failed} failed", style="not bold red")
    return text


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _outcomes(arms: list[Record], trials: list[Record], several: bool, narrow: bool) -> Table:
    """Actor by actor: in a single trial when it happened, over many how often and when."""
    single = all(arm["trials"] == 1 for arm in arms)
    titles = ["flip", "collapse", "loop"] if single else [f"{t} [95%]" for t in _TITLES.values()]
    made = table("actor", *(["model"] if several else []), *titles)
    actors = list(dict.fromkeys(actor for arm in arms for actor in arm["outcomes"]))
    for actor in actors:
        for arm in arms:
            if actor not in arm["outcomes"]:
                continue
            cells = [Text(one_line(actor), style="bold")]
            if several:
                cells.append(Text(one_line(arm["model"])))
            if single:
                trial = next(each for each in trials if each["model"] == arm["model"])
                cells += [_once(trial["outcomes"][actor], kind) for kind in _TITLES]
            else:
                cells += [_often(arm["outcomes"][actor][kind], narrow) for kind in _TITLES]
            made.add_row(*cells)
    return made


def _once(outcomes: Record, kind: str) -> Text:
    if outcomes[kind] is None:
        return Text(NONE, style="dim")
    sure = outcomes["flip_confidence"] if kind == "flip" else None
    told = "" if sure is None else f" (p {sure:.2f})"
    return Text(f"turn {outcomes[kind]}{told}", style="red")


def _often(times: Record, narrow: bool) -> Text:
    if not times["of"]:
        return Text(NONE, style="dim")
    text = Text(f"{times['count']}/{times['of']}", style="red" if times["count"] else "dim")
    text.append(f" [{100 * times['low']:.0f}–{100 * times['high']:.0f}%]", style="dim")
    if times["median"] is not None:
        text.append(f"{_BREAK if narrow else ' '}at turn {times['median']:g}")
        if times["median_low"] is not None:
            text.append(f" [{times['median_low']}–{times['median_high']}]", style="dim")
    return text


def _convergence(arms: list[Record]) -> Table:
    split = any(arm["convergence"]["shared"] is not None for arm in arms)
    made = table(
        "convergence",
        "C [95%]",
        "distance",
        "agreed",
        *(["shared pull", "interaction"] if split else []),
    )
    for arm in arms:
        found = arm["convergence"]
        cells = [Text(one_line(arm["model"])), _estimate(found, "c")]
        if found["used"]:
            cells.append(Text(f"{found['start']:.2f} → {found['end']:.2f}"))
            cells.append(Text(f"{found['agreed']}/{found['used']}"))
        else:
            cells += [Text(NONE, style="dim")] * 2
        if split:
            cells += [_estimate(found, "shared"), _estimate(found, "interaction")]
        made.add_row(*cells)
    return made


def _estimate(found: Record, name: str, sign: str = "") -> Text:
    """A number with its interval, as far as both are known."""
    value, low, high = (found[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return Text(NONE, style="dim")
    text = Text(f"{value:{sign}.2f}")
    if low is not None and high is not None:
        text.append(f" [{low:{sign}.2f}, {high:{sign}.2f}]", style="dim")
    return text


def _comparison(found: Record) -> Text:
    text = Text(f"{one_line(found['a'])} − {one_line(found['b'])}: ")
    if found["difference"] is None:
        return text.append("no pairs to compare")
    text.append("C ").append_text(_estimate(found, "difference", "+"))
    text.append(f", {_count(found['pairs'], 'pair')}")
    if found["p"] is not None:
        text.append(f", p {found['p']:.3f}" if found["p"] >= 0.001 else ", p < 0.001")
    if found["left_out"]:
        text.append(f" ({found['left_out']} left out: a number is missing)")
    return text


def _where(found: Record) -> Text:
    """Where the transcripts lie, and how to read one: the first in which something happened."""
    trials = found["trials"]
    eventful = [t for t in trials if any(f["flip"] is not None for f in t["outcomes"].values())]
    chosen = (eventful or trials)[0]
    command = f"elsinore show {shlex.quote(found['store'])} {chosen['short']}"
    return Text.assemble("Read it: " if len(trials) == 1 else "Read one: ", (command, "bold cyan"))
