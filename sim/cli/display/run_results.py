"""The results of ``elsinore run``, printed."""

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
"""The least width, in columns, at which counts and turns stand on one line."""

_TITLES = {"flip": "flipped", "collapse": "collapsed", "loop": "looped"}

Record = Mapping[str, Any]


def show(record: Record, console: Console) -> None:
    """Print the outcomes of the actors, their convergence, and where to read a transcript."""
    arms = record["arms"]
    several = len(arms) > 1
    console.print(_headline(record))
    if any(arm["outcomes"] for arm in arms):
        narrow = console.width < _WIDE
        print_block(console, _outcomes(arms, record["trials"], several, narrow))
    if any(arm["convergence"]["used"] for arm in arms):
        print_block(console, _convergence(arms))
    silent = _silent(record["trials"])
    if silent is not None:
        console.print(silent)
    for comparison in record["comparisons"]:
        console.print(_comparison(comparison))
    for versions in record["versions"]:
        console.print(Text(one_line(versions), style="yellow"))
    if all(str(arm["model"]).startswith("embedded:") for arm in arms):
        console.print(
            Text(
                "An embedded stage is no language model: these numbers test the instruments.",
                style="dim",
            )
        )
    console.print(_where(record), soft_wrap=True)


def _silent(trials: list[Record]) -> Text | None:
    """Who never spoke, and in how many of the trials that came to their end; None if all did."""
    ended = [trial["silent"] for trial in trials if trial["silent"] is not None]
    names = list(dict.fromkeys(name for each in ended for name in each))
    if not names:
        return None
    text = Text("Never spoke: ", style="yellow")
    counts = [sum(name in each for each in ended) for name in names]
    told = [one_line(name) for name in names]
    if len(ended) > 1:
        told = [
            f"{name} (in {count} of {len(ended)} trials)"
            for name, count in zip(told, counts, strict=True)
        ]
    return text.append(", ".join(told))


def _headline(record: Record) -> Text:
    trials, turns = len(record["trials"]), sum(arm["turns"] for arm in record["arms"])
    models = ", ".join(dict.fromkeys(arm["model"] for arm in record["arms"]))
    failed = sum(arm["failed"] for arm in record["arms"])
    text = Text(one_line(record["scenario"]), style="bold")
    text.append(
        f" on {one_line(models)}: {_count(trials, 'trial')}, {_count(turns, 'turn')}",
        style="not bold",
    )
    if record["surrogates"]:
        text.append(f", {_count(record['surrogates'], 'surrogate')}", style="not bold")
    if failed:
        text.append(f", {failed} failed", style="not bold red")
    return text


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _outcomes(arms: list[Record], trials: list[Record], several: bool, narrow: bool) -> Table:
    """The outcomes by actor: in single trials their turn, in several how often and when."""
    single = all(arm["trials"] == 1 for arm in arms)
    titles = ["flip", "collapse", "loop"] if single else [f"{t} [95%]" for t in _TITLES.values()]
    by_model = len({arm["model"] for arm in arms}) == len(arms)
    rows = table("actor", *(["model" if by_model else "arm"] if several else []), *titles)
    actors = list(dict.fromkeys(actor for arm in arms for actor in arm["outcomes"]))
    for actor in actors:
        for arm in arms:
            if actor not in arm["outcomes"]:
                continue
            cells = [Text(one_line(actor), style="bold")]
            if several:
                cells.append(Text(one_line(arm["label"])))
            if single:
                trial = next(each for each in trials if each["arm"] == arm["label"])
                cells += [_once(trial["outcomes"][actor], kind) for kind in _TITLES]
            else:
                cells += [_often(arm["outcomes"][actor][kind], narrow) for kind in _TITLES]
            rows.add_row(*cells)
    return rows


def _once(outcomes: Record, kind: str) -> Text:
    if outcomes[kind] is None:
        return Text(NONE, style="dim")
    sure = outcomes["flip_confidence"] if kind == "flip" else None
    confidence = "" if sure is None else f" (chance {sure:.2f})"
    return Text(f"turn {outcomes[kind]}{confidence}", style="red")


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
    rows = table(
        "convergence",
        "C [95%]",
        "distance",
        "agreed",
        *(["shared pull", "interaction"] if split else []),
    )
    for arm in arms:
        convergence = arm["convergence"]
        cells = [Text(one_line(arm["label"])), _estimate(convergence, "c")]
        if convergence["used"]:
            cells.append(Text(f"{convergence['start']:.2f} → {convergence['end']:.2f}"))
            cells.append(Text(f"{convergence['agreed']}/{convergence['used']}"))
        else:
            cells += [Text(NONE, style="dim")] * 2
        if split:
            cells += [_estimate(convergence, "shared"), _estimate(convergence, "interaction")]
        rows.add_row(*cells)
    return rows


def _estimate(record: Record, name: str, sign: str = "") -> Text:
    """A number with its interval, as far as both are known."""
    value, low, high = (record[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return Text(NONE, style="dim")
    text = Text(f"{value:{sign}.2f}")
    if low is not None and high is not None:
        text.append(f" [{low:{sign}.2f}, {high:{sign}.2f}]", style="dim")
    return text


def _comparison(comparison: Record) -> Text:
    of = f" ({one_line(comparison['of'])})" if comparison["of"] else ""
    text = Text(f"{one_line(comparison['a'])} − {one_line(comparison['b'])}{of}: ")
    if comparison["difference"] is None:
        return text.append("no pairs to compare")
    text.append("C ").append_text(_estimate(comparison, "difference", "+"))
    text.append(f", {_count(comparison['pairs'], 'pair')}")
    if comparison["p"] is not None:
        text.append(f", p {comparison['p']:.3f}" if comparison["p"] >= 0.001 else ", p < 0.001")
    if comparison["left_out"]:
        text.append(f" ({comparison['left_out']} left out: a number is missing)")
    return text


def _where(record: Record) -> Text:
    """The command that shows a transcript: the first with a flip, or else the first."""
    trials = record["trials"]
    eventful = [t for t in trials if any(f["flip"] is not None for f in t["outcomes"].values())]
    chosen = (eventful or trials)[0]
    command = f"elsinore show {shlex.quote(record['store'])} {chosen['short']}"
    return Text.assemble("Read it: " if len(trials) == 1 else "Read one: ", (command, "bold cyan"))
