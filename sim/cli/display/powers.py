"""How large a study has to be, as tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block

Record = Mapping[str, Any]


def show(record: Record, console: Console) -> None:
    """Print what was found."""
    _print(console, _head(record), "bold")
    if record["plans"]:
        _plans(record, console)
    else:
        _print(console, "Say what should be found: --effect SIZE, or --margin SIZE.", "")
    _powers(record, console)
    if record["topics"]:
        _topics(record, console)
    pilot = record["pilot"]
    if pilot is not None and record["effect"] is not None:
        _turns(pilot, console)
    for sentence in record["sentences"]:
        _print(console, sentence, "dim")


def _head(record: Record) -> str:
    sd, low, high = record["sd"]
    limits = "" if low is None else f" [{low:.2f}, {high:.2f}]"
    about = f"sd of a block's difference {sd:.2f}{limits}"
    topics = record["sd_of_topics"][0]
    if topics is not None:
        about += f", between topics {topics:.2f}"
    pilot = record["pilot"]
    if pilot is None:
        return f"{record['measure'] or 'A study'}: {about}"
    arms = f"{one_line(pilot['a'])} less {one_line(pilot['b'])}" if pilot["b"] else pilot["a"]
    return f"{record['measure']}, {arms}: pilot of {pilot['blocks']} blocks, {about}"


def _plans(record: Record, console: Console) -> None:
    numbers = ("blocks", "typical", "at twice the effect", *_costs(record))
    rows = table("design", *numbers, right=numbers)
    for plan in record["plans"]:
        spread = "" if plan["low"] is None else f" [{plan['low']:,}–{plan['high']:,}]"
        rows.add_row(
            Text(plan["design"]),
            Text(NONE if plan["blocks"] is None else f"{plan['blocks']:,}{spread}"),
            Text(_whole(plan["median"])),
            Text(_whole(plan["median_at_twice"])),
            *_taken(plan, record),
        )
    aims = []
    if record["effect"] is not None:
        aims.append(f"an effect of {record['effect']:g}")
    if record["margin"] is not None:
        aims.append(f"no difference beyond ±{record['margin']:g}")
    _print(
        console,
        f"For {' and '.join(aims)} (power {record['power']:.0%}, error rate {record['alpha']:.0%}, "
        "two-sided):",
        "",
    )
    print_block(console, rows)
    _print(
        console,
        "A block is a topic and a seed, played in both arms. Of a rule, blocks are how many there "
        "can be, and typical is the median of what it plays if there is that effect.",
        "dim",
    )


def _powers(record: Record, console: Console) -> None:
    powers = () if record["effect"] is None else ("power",)
    smallest = f"smallest effect ({record['power']:.0%})"
    numbers = ("blocks", *powers, smallest, *_costs(record))
    rows = table(*numbers, right=numbers)
    for each in record["powers"]:
        power = [] if record["effect"] is None else [Text(f"{each['power']:.0%}")]
        rows.add_row(
            Text(f"{each['blocks']:,}"),
            *power,
            Text(f"{each['smallest_effect']:.2f}"),
            *_taken(each, record),
        )
    print_block(console, rows)


def _topics(record: Record, console: Console) -> None:
    rows = table("seeds a topic", "topics", "blocks", right=("seeds a topic", "topics", "blocks"))
    for each in record["topics"]:
        topics = each["topics"]
        blocks = None if topics is None else topics * each["seeds"]
        rows.add_row(Text(f"{each['seeds']}"), Text(_whole(topics)), Text(_whole(blocks)))
    _print(console, "To speak of all topics like these:", "")
    print_block(console, rows)


def _turns(pilot: Record, console: Console) -> None:
    numbers = ("turns", "difference", "sd", "blocks", "tokens a block", "tokens in all")
    rows = table(*numbers, right=numbers)
    whole = pilot["turns"][-1]["blocks"]
    for each in pilot["turns"]:
        blocks, share = each["blocks"], each["tokens"]
        total = None if None in (blocks, share, whole) else blocks * share / whole
        rows.add_row(
            Text(f"{each['turns']}"),
            Text(NONE if each["difference"] is None else f"{each['difference']:+.2f}"),
            Text(NONE if each["sd"] is None else f"{each['sd']:.2f}"),
            Text(_whole(blocks)),
            Text(NONE if share is None else f"{share:.0%}"),
            Text(NONE if total is None else f"{total:.0%}"),
        )
    _print(console, "If scenes had ended sooner (a fixed number of blocks, the same effect):", "")
    print_block(console, rows)
    _print(console, "Fewer turns help only where the effect is there by then.", "dim")


def _costs(record: Record) -> tuple[str, ...]:
    """The columns of what a plan takes, if a pilot says it."""
    return () if record["pilot"] is None else ("trials", "tokens", "USD", "hours")


def _taken(each: Record, record: Record) -> list[Text]:
    if record["pilot"] is None:
        return []
    usd = each["usd"]
    price = NONE if usd is None else f"${usd:,.2f}"
    hours = each["hours"]
    return [
        Text(_whole(each["trials"])),
        Text(_whole(each["tokens"])),
        Text("free" if record.get("free") and usd is not None else price),
        Text(NONE if hours is None else f"{hours:,.1f}" if hours >= 0.05 else "< 0.1"),
    ]


def _whole(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _print(console: Console, text: str, style: str) -> None:
    console.print(Text(text, style), soft_wrap=not console.is_terminal)
