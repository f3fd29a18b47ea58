"""What ``elsinore analyze`` found, printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.analyzing import EVIDENCE
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, one_line, print_block

Record = Mapping[str, Any]

MOST_ACTORS = 15
MOST_PAIRS = 5
"""At most so many rows of a kind."""

_ANYTHING = 2.0
"""A C that varies by more where there is no course says nothing."""

_TITLES = {
    "flip": "flipped",
    "flip_in_meaning": "flipped in meaning",
    "change": "speaks otherwise",
    "collapse": "collapsed",
    "loop": "looped",
}


def show(records: Sequence[Record], store: Path, trial: str, console: Console) -> None:
    """Print one table for each arm, what it says in words, and what was read."""
    for record in records:
        console.print(_headline(record))
        print_block(console, _actors(record["actors"]))
        for line in _sentences(record):
            console.print(Text(line), soft_wrap=not console.is_terminal)
    told = "; ".join(f"{kind}: {about}" for kind, about in EVIDENCE.items())
    console.print(Text(f"Evidence {told}. What a column is: elsinore explain flipped", "dim"))
    if len(records) > 1:
        beside = f"{command_line('analyze', store)} --by stage (or scenario, a parameter, ...)"
        console.print(Text(f"Beside each other: {beside}", "dim"))
    console.print(Text(f"Read one: {command_line('show', store, trial[:8])}", "dim"))


def _headline(record: Record) -> Text:
    text = Text(one_line(record["arm"]), style="bold")
    left = "".join(f", {count} {status}: left out" for status, count in record["left_out"].items())
    facts = f": {_count(record['trials'], 'trial')}, {_count(record['turns'], 'turn')}{left}"
    return text.append(facts, style="not bold")


def _actors(actors: Sequence[Record]) -> Any:
    counted = ("turns", "hostility")
    kinds = [kind for kind in _TITLES if any(kind in each and each[kind]["of"] for each in actors)]
    titles = [f"{_TITLES[kind]} [95%]" for kind in kinds]
    rows = table("actor", *counted, *titles, right=counted)
    for each in actors[:MOST_ACTORS]:
        hostility = each["hostility"]
        rows.add_row(
            Text(one_line(each["actor"]), style="bold"),
            Text(f"{each['turns']:,}"),
            Text(NONE if hostility is None else f"{hostility:.2f}"),
            *(_times(each[kind]) for kind in kinds),
        )
    if len(actors) > MOST_ACTORS:
        rows.add_row(Text(f"and {len(actors) - MOST_ACTORS:,} more: --json has all", "dim"))
    return rows


def _times(times: Record) -> Text:
    if not times["of"]:
        return Text(NONE, style="dim")
    if times["of"] == 1:
        turns = times["turns"]
        return Text(f"turn {turns[0]}", "red") if turns else Text("no", "dim")
    text = Text(f"{times['count']}/{times['of']}", style="red" if times["count"] else "dim")
    return text.append(f" [{100 * times['low']:.0f}–{100 * times['high']:.0f}%]", style="dim")


def _alone(convergence: Record) -> str:
    """How far actors come together whom nobody answers."""
    told = [
        f"{_estimate(convergence[name])} {words}"
        for name, words in (
            ("shared", "if partners talk of other things"),
            ("alone", "if they say nothing"),
            ("chance", "between actors of different trials"),
        )
        if convergence[name]["value"] is not None
    ]
    return f" Without an answer: {', '.join(told)}." if told else ""


def _sentences(record: Record) -> list[str]:
    """Convergence, conflict and the pairs that contradict each other most, in words."""
    lines = [*_meaning(record["meaning"])]
    convergence = record["convergence"]
    if convergence["value"] is None:
        lines.append("Do they converge? Nobody was asked where it stands (evidence P): missing.")
    else:
        lines.append(
            f"Do they converge? C {_estimate(convergence)} (evidence P).{_alone(convergence)}"
        )
    contradicting = record["contradicting"]
    if contradicting["value"] is None:
        lines.append(
            "Do they fight? No reply to the line right before it agrees or contradicts in words "
            "(evidence T)."
        )
    else:
        lines.append(
            f"Do they fight? Of replies that agree or contradict, {_share(contradicting)} "
            f"contradict; hostility {_estimate(record['hostility'])} from 0 to 1 (evidence T)."
        )
    against = [each for each in record["pairs"] if each["negative"] > each["positive"]]
    if against:
        told = [
            f"{one_line(each['source'])} against {one_line(each['target'])} "
            f"({each['negative']} contradicting, {each['positive']} agreeing)"
            for each in against[:MOST_PAIRS]
        ]
        more = len(against) - MOST_PAIRS
        rest = f"; and {more} more" if more > 0 else ""
        lines.append(f"Who fights whom: {'; '.join(told)}{rest} (replies to earlier lines, too).")
    return [*lines, *record["instrument_error"]]


def _meaning(found: Record | None) -> list[str]:
    """How many flip and change in meaning, and whether they come to speak alike."""
    if found is None:
        return []
    by = f"(evidence {found['evidence']} by {found['reader']})"
    lines = []
    if _wide(found["share"], 0.9):
        lines.append(f"Do they flip in meaning? Too few actors to estimate how many {by}.")
    elif found["share"]["value"] is None:
        lines.append("Do they flip in meaning? Nobody has a description, an opposite and enough "
                     "lines: missing. --personas gives them.")  # fmt: skip
    else:
        chance = found["alarms_in_random_order"]
        lines.append(
            f"Do they flip in meaning? An estimated {_share(found['share'])} of the actors do; "
            f"alarms at {_share(found['alarms'])}, at {100 * chance:.0f}% with lines in a random "
            f"order {by}."
        )
    by = f"(evidence T by {found['embedder']})"
    if found["changed"]["value"] is not None:
        chance = found["changed_in_random_order"]
        lines.append(
            f"Does anybody begin to speak otherwise? {_share(found['changed'])} of the actors, "
            f"{100 * chance:.0f}% with lines in a random order {by}."
        )
    if found["alike"]["value"] is not None:
        low, high = found["alike_in_random_order"]
        told = (
            f"C {_estimate(found['alike'])}, {low:.2f} to {high:.2f} with lines in a random order"
        )
        if high - low > _ANYTHING:
            told = "Too few lines to tell"
        lines.append(f"Do they come to speak alike? {told} {by}.")
    return lines


def _wide(limits: Record, most: float) -> bool:
    """Whether an interval leaves room for nearly anything."""
    return limits["low"] is not None and limits["high"] - limits["low"] > most


def _estimate(record: Record) -> str:
    if record["value"] is None:
        return NONE
    limits = "" if record["low"] is None else f" [{record['low']:.2f}, {record['high']:.2f}]"
    return f"{record['value']:.2f}{limits}"


def _share(record: Record) -> str:
    low, high = record["low"], record["high"]
    limits = "" if low is None else f" [{100 * low:.0f}–{100 * high:.0f}%]"
    return f"{100 * record['value']:.0f}%{limits}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
