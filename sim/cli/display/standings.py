"""Standings, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block

Record = Mapping[str, Any]

_EFFECTS = {
    "side": "arguing for the motion",
    "order": "speaking first",
    "tie": "ties (Davidson's nu)",
    "spread": "spread of the side's effect over topics",
}
_BIASES = {
    "position": "shown first",
    "length": "twice as long",
    "self": "its own model",
    "side": "arguing for",
    "order": "speaking first",
}


def show(found: Record, console: Console, *, judges: bool = False, matrix: bool = False) -> None:
    """Print who stands where, effects, cycles, and if asked for the judges and the matrix."""
    console.print(_headline(found))
    groups = found["components"]
    if len(groups) < 2:
        print_block(console, _table(found, None))
    else:
        for number, names in enumerate(groups, 1):
            console.print(Text(f"group {number}: never met the others, and is ranked apart"))
            print_block(console, _table(found, names))
        rated = {name for names in groups for name in names}
        if rest := [each["entrant"] for each in found["standings"] if each["entrant"] not in rated]:
            console.print(Text("not rated: no verdict is about them"))
            print_block(console, _table(found, rest))
    effects = [each for each in found["effects"] if each["effect"] in _EFFECTS]
    for each in effects:
        console.print(_effect(each))
    if found["cycles"] is not None:
        console.print(_cycles(found["cycles"]))
    if found["judges"] is not None:
        _show_judges(found["judges"], console, judges)
    if found.get("concessions"):
        print_block(console, _concessions(found))
    if matrix:
        print_block(console, _matrix(found))
    for note in found["notes"]:
        console.print(Text(one_line(note), style="dim"))


def _headline(found: Record) -> Text:
    text = Text(one_line(found["name"]), style="bold")
    entrants = len(found["standings"])
    told = f": {entrants} entrants, {found['debates']:,} debates"
    if found["judged"] < found["debates"]:
        told += f", {found['judged']:,} judged"
    if found.get("rounds", 0) < found.get("of_rounds", 0):
        told += f", {found['rounds']:,} of {found['of_rounds']:,} rounds are over"
    form = found["format"]
    return text.append(told + (f" ({form})" if form else ""), style="not bold")


def _table(found: Record, names: list[str] | None) -> Any:
    made = table("rank", "entrant", "rating [95%]", "best", "points", "won", "tied", "lost",
                 right=("best", "points", "won", "tied", "lost"))  # fmt: skip
    # Where it is narrow, names give way, and not numbers.
    made.columns[2].no_wrap = True
    for each in found["standings"]:
        if names is not None and each["entrant"] not in names:
            continue
        best = each.get("p_best")
        made.add_row(
            _rank(each),
            Text(one_line(each["entrant"]), style="bold"),
            interval(each, "rating"),
            Text(NONE if best is None else f"{100 * best:.0f}%"),
            Text(f"{each['points']:g}"),
            Text(str(each["wins"])),
            Text(str(each["ties"])),
            Text(str(each["losses"])),
        )
    return made


def _rank(each: Record) -> Text:
    if each.get("rank") is None:
        return Text(NONE, style="dim")
    text = Text(str(each["rank"]))
    low, high = each["rank_low"], each["rank_high"]
    if low is not None and high is not None and (low, high) != (each["rank"], each["rank"]):
        text.append(f" [{low}–{high}]", style="dim")
    return text


def interval(found: Record, name: str, low: str = "low", high: str = "high") -> Text:
    """A number with its interval, as far as both are known."""
    value = found.get(name)
    if value is None:
        return Text(NONE, style="dim")
    text = Text(f"{value:+.2f}")
    if found.get(low) is not None and found.get(high) is not None:
        text.append(f" [{found[low]:+.2f}, {found[high]:+.2f}]", style="dim")
    return text


def _effect(found: Record) -> Text:
    return Text(f"{_EFFECTS[found['effect']]}: ").append_text(interval(found, "estimate"))


def _cycles(found: Record) -> Text:
    p = found["p"]
    told = f"p {p:.3f}" if p > 0.001 else "p ≤ 0.001"
    share, expected = found["share"], found["expected"]
    shares = (
        "" if share is None else f", cyclic share {share:.2f} where chance makes {expected:.2f}"
    )
    if p >= 0.05:
        return Text(f"no cycles beyond chance ({told}{shares})", style="dim")
    text = Text("cycles", style="red").append(f" ({told}{shares})", style="not red")
    for each in found["strongest"]:
        if each["p"] is not None and each["p"] < 0.05:
            names = [one_line(each[place]) for place in ("first", "second", "third", "first")]
            text.append(f"\n  {' > '.join(names)}")
    return text


def _show_judges(found: Record, console: Console, whole: bool) -> None:
    for each in found["alpha"]:
        line = Text(f"judges agree on the {each['what']}: α ").append_text(interval(each, "alpha"))
        if each["alpha"] is None and each["missing"]:
            line.append(f" ({one_line(each['missing'])})", style="dim")
        console.print(line)
    if whole:
        print_block(console, _judge_table(found))
        print_block(console, _bias_table(found))
    for note in found["notes"]:
        console.print(Text(one_line(note), style="yellow"))


def _judge_table(found: Record) -> Any:
    numbers = ("verdicts", "missing", "agrees", "consistent", "ties", "margin")
    made = table("judge", *numbers, right=numbers)
    for each in found["table"]:
        made.add_row(
            Text(one_line(each["judge"]), style="bold"),
            Text(str(each["verdicts"])),
            Text(str(each["missing"]), style="red" if each["missing"] else "dim"),
            *(_share(each[name]) for name in ("agreement", "consistency", "ties")),
            Text(NONE if each["margin"] is None else f"{each['margin']:.1f}"),
        )
    return made


def _share(value: float | None) -> Text:
    return Text(NONE if value is None else f"{100 * value:.0f}%")


def _bias_table(found: Record) -> Any:
    made = table("judge", "prefers", "logit [95%]", "")
    for each in found["biases"]:
        made.add_row(
            Text(one_line(each["judge"]), style="bold"),
            Text(_BIASES.get(each["bias"], each["bias"])),
            interval(each, "estimate"),
            Text(one_line(each["missing"] or ""), style="dim"),
        )
    return made


def _concessions(found: Record) -> Any:
    """Shares of turns, and of claims; in the order of the standings."""
    shares = {"concedes": "rate", "is conceded to": "received", "claims granted": "granted"}
    made = table("entrant", *(f"{name} [95%]" for name in shares), right=())
    by_name = {each["entrant"]: each for each in found["concessions"]}
    for each in found["standings"]:
        row = by_name.get(each["entrant"])
        if row is not None:
            name = Text(one_line(each["entrant"]), style="bold")
            made.add_row(name, *(_share_with_limits(row, share) for share in shares.values()))
    return made


def _share_with_limits(row: Record, name: str) -> Text:
    if row[name] is None:
        return Text(NONE, style="dim")
    text = Text(f"{100 * row[name]:.0f}%")
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is not None and high is not None:
        text.append(f" [{100 * low:.0f}–{100 * high:.0f}%]", style="dim")
    return text


def _matrix(found: Record) -> Any:
    names = [each["entrant"] for each in found["standings"] if each["entrant"] in found["expected"]]
    short = [one_line(name)[:8] for name in names]
    made = table("expected score", *short, right=tuple(short))
    for name in names:
        cells = []
        for other in names:
            value = found["expected"][name].get(other)
            cells.append(Text("" if name == other else NONE if value is None else f"{value:.2f}"))
        made.add_row(Text(one_line(name), style="bold"), *cells)
    return made
