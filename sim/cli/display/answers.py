"""The answers of ``elsinore ask``, printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, out, print_block, visible
from sim.runs.ask import Asked, AskReport
from sim.scene.answers import FreeText
from sim.scene.probes import Question
from sim.store import short_ids


def show(question: Question, arms: Mapping[str, str], report: AskReport, free: bool) -> None:
    """Print the answers: each of them, or a summary by actor and turn where they have a form.

    ``arms`` are the trials that were asked, each with what tells its arm from the others' (blank:
    nothing does); trials of different arms are not taken together.
    """
    console = out()
    names = short_ids(arms)
    several = len(set(arms.values())) > 1
    if isinstance(question.answer, FreeText):
        for each in report.answers:
            said = each.answer
            line = Text(f"{names[each.trial]}  " if len(arms) > 1 else "", style="dim")
            line.append(one_line(said.actor), style="bold not dim")
            line.append(f", after turn {said.turn}: ")
            if said.missing is None:
                line.append(visible(str(said.value)), style="not dim")
            else:
                line.append(f"missing ({one_line(said.missing)})", style="yellow not dim")
            console.print(line, soft_wrap=not console.is_terminal)
    else:
        counted = ("turn", "answers", "missing")
        rows = table(*(["arm"] if several else []), "actor", *counted, "summary", right=counted)
        for label, *cells in _summaries(report.answers, arms):
            rows.add_row(*([label] if several else []), *cells)
        print_block(console, rows)
    facts = [f"{report.calls:,} calls"]
    if report.hits:
        facts.append(f"{report.hits:,} answered by the store")
    facts.append("free" if free else _money(report))
    key = f"stored as probes with the key {question.key!r}"
    console.print(Text(" · ".join([*facts, one_line(key)]), style="dim"), soft_wrap=True)


def _money(report: AskReport) -> str:
    usd = report.usage.usd
    return "price unknown (see --prices)" if usd is None else f"${usd:.4f}"


def _summaries(answers: Sequence[Asked], arms: Mapping[str, str]) -> Iterator[tuple[Text, ...]]:
    """By arm, actor and turn, over samples and trials: the mean, or how often each option was
    chosen."""
    groups: dict[tuple[str, str, int], list[Asked]] = {}
    for each in answers:
        key = (arms.get(each.trial, ""), each.answer.actor, each.answer.turn)
        groups.setdefault(key, []).append(each)
    for (arm, actor, turn), some in groups.items():
        values = [each.answer.value for each in some if each.answer.missing is None]
        if not values:
            summary = NONE
        elif isinstance(values[0], float):
            middle = sum(values) / len(values)
            sign = "+" if min(values) < 0 else ""
            spread = f"from {min(values):{sign}.2f} to {max(values):{sign}.2f}"
            summary = f"mean {middle:{sign}.2f}, {spread}"
        else:
            counts = Counter(map(str, values))
            summary = ", ".join(f"{option} {count}" for option, count in counts.most_common())
        yield (
            Text(one_line(arm)),
            Text(one_line(actor), style="bold"),
            Text(str(turn)),
            Text(str(len(values))),
            Text(str(len(some) - len(values))),
            Text(one_line(summary)),
        )
