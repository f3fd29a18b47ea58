"""The results of ``elsinore run``, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, one_line, print_block
from sim.cli.glossary import legend

_BREAK = "\n"
_WIDE = 100
"""The least width, in columns, at which counts and turns stand on one line."""

MOST_QUESTIONS = 16
"""A table has at most so many rows of questions."""

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
    if record["questions"]:
        print_block(console, _questions(record["questions"], several))
    if (endings := _endings(arms, several)) is not None:
        console.print(endings)
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
    console.print(Text(_legend(record), style="dim"))
    console.print(_where(record), soft_wrap=True)


def _shown(arms: list[Record], trials: list[Record]) -> list[str]:
    """The outcomes that have a column: flips only if somebody has an opposite to turn into."""
    fates = [fate for trial in trials for fate in trial["outcomes"].values()]
    opposed = any(fate["opposed"] is not False for fate in fates)
    return [kind for kind in _TITLES if kind != "flip" or opposed]


def _legend(record: Record) -> str:
    """What the columns are, in a line, and the command that says more."""
    arms = record["arms"]
    columns: list[str] = []
    if any(arm["outcomes"] for arm in arms):
        columns += [_TITLES[kind] for kind in _shown(arms, record["trials"])]
    if any(arm["convergence"]["used"] for arm in arms):
        columns.append("C")
        if any(arm["convergence"]["shared"] is not None for arm in arms):
            columns += ["shared pull", "interaction"]
    if any(each["p"] is not None for each in record["comparisons"]):
        columns.append("p")
    example = "C" if "C" in columns or not columns else columns[0]
    return " · ".join([*legend(columns), f"more: elsinore explain {example}"])


def _endings(arms: list[Record], several: bool) -> Text | None:
    """How the trials ended, unless all of an arm ended after the same number of turns."""
    if all(
        len(arm["endings"]) < 2 and all(str(kind).startswith("after ") for kind in arm["endings"])
        for arm in arms
    ):
        return None
    told = []
    for arm in arms:
        each = ", ".join(
            f"{count} × {one_line(str(reason))}" for reason, count in arm["endings"].items()
        )
        told.append(f"{one_line(arm['label'])}: {each or NONE}" if several else each)
    return Text(f"Ended: {'; '.join(told)}")


def _questions(questions: list[Record], several: bool) -> Table:
    """The answers off stage: at the start and at the end, the mean over actors and trials."""
    rows = table("asked off stage", *(["arm"] if several else []), "start [95%]", "end [95%]",
                 "missing", right=("missing",))  # fmt: skip
    for each in questions[:MOST_QUESTIONS]:
        title = one_line(each["key"])
        unit = f" {one_line(each['unit'])}" if each["unit"] else ""
        title += (
            f" ({each['low']:g} to {each['high']:g}{unit})"
            if each["option"] is None
            else f" = {one_line(each['option'])}"
        )
        cells = [Text(title)]
        if several:
            cells.append(Text(one_line(each["arm"])))
        cells += [_answer(each, "start"), _answer(each, "end")]
        missing = Text(f"{each['missing']}/{each['asked']}", style="" if each["missing"] else "dim")
        rows.add_row(*cells, missing)
    if len(questions) > MOST_QUESTIONS:
        more = f"and {len(questions) - MOST_QUESTIONS} more: --json has all"
        rows.add_row(Text(more, style="dim"))
    return rows


def _answer(question: Record, name: str) -> Text:
    """A mean, or the share of those who chose an option, with its interval."""
    if question["option"] is None:
        return _estimate(question, name)
    value, low, high = (question[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return Text(NONE, style="dim")
    text = Text(f"{100 * value:.0f}%")
    if low is not None and high is not None:
        text.append(f" [{100 * low:.0f}–{100 * high:.0f}%]", style="dim")
    return text


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
    kinds = _shown(arms, trials)
    titles = [_TITLES[kind] if single else f"{_TITLES[kind]} [95%]" for kind in kinds]
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
                cells += [_once(trial["outcomes"][actor], kind) for kind in kinds]
            else:
                cells += [_often(arm["outcomes"][actor][kind], narrow) for kind in kinds]
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
        return text.append(f"no pairs to compare ({one_line(comparison['quantity'])})")
    text.append(f"{one_line(comparison['quantity'])} ").append_text(
        _estimate(comparison, "difference", "+")
    )
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
    command = command_line("show", record["store"], chosen["short"])
    return Text.assemble("Read it: " if len(trials) == 1 else "Read one: ", (command, "bold cyan"))
