"""The standings of a tournament, printed."""

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
    "side or order": "arguing for the motion, or the place in which its side spoke",
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


def show(record: Record, console: Console, *, judges: bool = False, matrix: bool = False) -> None:
    """Print the standings, effects and cycles, and on request the judges and the matrix."""
    console.print(_headline(record))
    groups = record["components"]
    if len(groups) < 2:
        print_block(console, _table(record, None))
    else:
        for number, names in enumerate(groups, 1):
            console.print(Text(f"group {number}: never met the others, and is ranked apart"))
            print_block(console, _table(record, names))
        rated = {name for names in groups for name in names}
        if rest := [
            each["entrant"] for each in record["standings"] if each["entrant"] not in rated
        ]:
            console.print(Text("not rated: no verdict is about them"))
            print_block(console, _table(record, rest))
    effects = [each for each in record["effects"] if each["effect"] in _EFFECTS]
    for each in effects:
        console.print(_effect(each))
    if record["cycles"] is not None:
        console.print(_cycles(record["cycles"]))
    if record["judges"] is not None:
        _show_judges(record["judges"], console, judges)
    if record.get("concessions"):
        print_block(console, _concessions(record))
    if matrix:
        print_block(console, _matrix(record))
    for note in record["notes"]:
        console.print(Text(one_line(note), style="dim"))


def _headline(record: Record) -> Text:
    text = Text(one_line(record["name"]), style="bold")
    entrants = len(record["standings"])
    facts = f": {entrants} entrants, {record['debates']:,} debates"
    if record["judged"] < record["debates"]:
        facts += f", {record['judged']:,} judged"
    if record.get("rounds", 0) < record.get("of_rounds", 0):
        facts += f", {record['rounds']:,} of {record['of_rounds']:,} rounds are over"
    form = record["format"]
    return text.append(facts + (f" ({form})" if form else ""), style="not bold")


def _table(record: Record, names: list[str] | None) -> Any:
    rows = table("rank", "entrant", "rating [95%]", "best", "points", "won", "tied", "lost",
                 right=("best", "points", "won", "tied", "lost"))  # fmt: skip
    # On a narrow terminal names are wrapped, not numbers.
    rows.columns[2].no_wrap = True
    for each in record["standings"]:
        if names is not None and each["entrant"] not in names:
            continue
        best = each.get("p_best")
        rows.add_row(
            _rank(each),
            Text(one_line(each["entrant"]), style="bold"),
            interval(each, "rating"),
            Text(NONE if best is None else f"{100 * best:.0f}%"),
            Text(f"{each['points']:g}"),
            Text(str(each["wins"])),
            Text(str(each["ties"])),
            Text(str(each["losses"])),
        )
    return rows


def _rank(each: Record) -> Text:
    if each.get("rank") is None:
        return Text(NONE, style="dim")
    text = Text(str(each["rank"]))
    low, high = each["rank_low"], each["rank_high"]
    if low is not None and high is not None and (low, high) != (each["rank"], each["rank"]):
        text.append(f" [{low}–{high}]", style="dim")
    return text


def interval(record: Record, name: str, low: str = "low", high: str = "high") -> Text:
    """A number with its interval, as far as both are known."""
    value = record.get(name)
    if value is None:
        return Text(NONE, style="dim")
    text = Text(f"{value:+.2f}")
    if record.get(low) is not None and record.get(high) is not None:
        text.append(f" [{record[low]:+.2f}, {record[high]:+.2f}]", style="dim")
    return text


def _effect(effect: Record) -> Text:
    return Text(f"{_EFFECTS[effect['effect']]}: ").append_text(interval(effect, "estimate"))


def _cycles(cycles: Record) -> Text:
    p = cycles["p"]
    p_value = f"p {p:.3f}" if p > 0.001 else "p ≤ 0.001"
    share, expected = cycles["share"], cycles["expected"]
    shares = (
        "" if share is None else f", cyclic share {share:.2f} where chance makes {expected:.2f}"
    )
    if p >= 0.05:
        return Text(f"no cycles beyond chance ({p_value}{shares})", style="dim")
    text = Text("cycles", style="red").append(f" ({p_value}{shares})", style="not red")
    for each in cycles["strongest"]:
        if each["p"] is not None and each["p"] < 0.05:
            names = [one_line(each[place]) for place in ("first", "second", "third", "first")]
            text.append(f"\n  {' > '.join(names)}")
    return text


def _show_judges(judges: Record, console: Console, whole: bool) -> None:
    for each in judges["alpha"]:
        line = Text(f"judges agree on the {each['what']}: α ").append_text(interval(each, "alpha"))
        if each["alpha"] is None and each["missing"]:
            line.append(f" ({one_line(each['missing'])})", style="dim")
        console.print(line)
    if whole:
        print_block(console, _judge_table(judges))
        print_block(console, _bias_table(judges))
    for note in judges["notes"]:
        console.print(Text(one_line(note), style="yellow"))


def _judge_table(judges: Record) -> Any:
    numbers = ("verdicts", "missing", "agrees", "consistent", "ties", "margin")
    rows = table("judge", *numbers, right=numbers)
    for each in judges["table"]:
        rows.add_row(
            Text(one_line(each["judge"]), style="bold"),
            Text(str(each["verdicts"])),
            Text(str(each["missing"]), style="red" if each["missing"] else "dim"),
            *(_share(each[name]) for name in ("agreement", "consistency", "ties")),
            Text(NONE if each["margin"] is None else f"{each['margin']:.1f}"),
        )
    return rows


def _share(value: float | None) -> Text:
    return Text(NONE if value is None else f"{100 * value:.0f}%")


def _bias_table(judges: Record) -> Any:
    rows = table("judge", "prefers", "logit [95%]", "")
    for each in judges["biases"]:
        rows.add_row(
            Text(one_line(each["judge"]), style="bold"),
            Text(_BIASES.get(each["bias"], each["bias"])),
            interval(each, "estimate"),
            Text(one_line(each["missing"] or ""), style="dim"),
        )
    return rows


def _concessions(record: Record) -> Any:
    """Shares of turns, and of claims; in the order of the standings."""
    shares = {"concedes": "rate", "is conceded to": "received", "claims granted": "granted"}
    rows = table("entrant", *(f"{name} [95%]" for name in shares), right=())
    by_name = {each["entrant"]: each for each in record["concessions"]}
    for each in record["standings"]:
        row = by_name.get(each["entrant"])
        if row is not None:
            name = Text(one_line(each["entrant"]), style="bold")
            rows.add_row(name, *(_share_with_limits(row, share) for share in shares.values()))
    return rows


def _share_with_limits(row: Record, name: str) -> Text:
    if row[name] is None:
        return Text(NONE, style="dim")
    text = Text(f"{100 * row[name]:.0f}%")
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is not None and high is not None:
        text.append(f" [{100 * low:.0f}–{100 * high:.0f}%]", style="dim")
    return text


def _matrix(record: Record) -> Any:
    names = [
        each["entrant"] for each in record["standings"] if each["entrant"] in record["expected"]
    ]
    short = [one_line(name)[:8] for name in names]
    rows = table("expected score", *short, right=tuple(short))
    for name in names:
        cells = []
        for other in names:
            value = record["expected"][name].get(other)
            cells.append(Text("" if name == other else NONE if value is None else f"{value:.2f}"))
        rows.add_row(Text(one_line(name), style="bold"), *cells)
    return rows
