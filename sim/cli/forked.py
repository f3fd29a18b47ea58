"""What became of the actors in the branches of a fork. Loads pandas and scipy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from analysis.stats import Interval, clopper_pearson, entropy
from sim.cli.commands.fork import Arm, Options
from sim.cli.display.run_tables import NONE, table
from sim.cli.display.terminal import one_line, print_block
from sim.cli.results import number
from sim.cli.stored import StoredTrial, short_ids
from sim.planning import Trial
from sim.study.appearance import WHO, who_speaks
from sim.study.effects import Comparison, compared
from sim.study.outcomes import Outcome, final_stance, flips
from sim.transcript import Transcript

Record = dict[str, Any]

_SHOWN = 60


def measured(
    stored: StoredTrial,
    transcript: Transcript,
    arms: Sequence[Arm],
    planned: Sequence[Sequence[Trial]],
    branches: Sequence[Sequence[Transcript]],
    options: Options,
) -> Record:
    """Everything that was found, as ``--json`` prints it."""
    turn = options.at
    said = transcript.turns[turn - 1] if turn <= len(transcript) else None
    names = [planned[0][0].arm, planned[1][0].arm]
    comparisons = [
        compared(branches[0], branches[1], outcome, turn)
        for outcome in outcomes(transcript, options.within)
    ]
    again = next((place for place, arm in enumerate(arms) if _rolled(arm, turn)), None)
    ids = short_ids(options.store)
    return {
        "store": str(options.store),
        "trial": stored.id,
        "scenario": stored.scenario,
        "model": stored.model,
        "at": turn,
        "speaker": None if said is None else said.speaker,
        "text": None if said is None else said.text,
        "branches": options.branches,
        "arms": names,
        "told": [_told(arm, turn) for arm in arms],
        "outcomes": [_comparison(each) for each in comparisons],
        "appears": None if again is None else appears(transcript, branches[again], turn),
        "trials": [[ids[trial.id] for trial in arm] for arm in planned],
    }


def _rolled(arm: Arm, turn: int) -> bool:
    return arm.at == turn and not arm.change


def outcomes(transcript: Transcript, within: int | None) -> Iterator[Outcome]:
    """What branches are judged by: who flips, and where those end up whose stance is asked."""
    scene = transcript.scene
    for name in scene.names:
        yield flips(name, within)
    for probe in scene.probes:
        if probe.issue is not None and probe.question.key.startswith("stance:"):
            for name in probe.to or scene.names:
                yield final_stance(name, probe.issue)


def appears(transcript: Transcript, branches: Sequence[Transcript], turn: int) -> Record:
    """Who appears when a turn is generated again, with the entropy over these in bits."""
    generated = [branch.turns[turn - 1] for branch in branches if len(branch) >= turn]
    before = transcript.turns[: turn - 1]
    found = Counter(who_speaks(transcript, each, before) for each in generated)
    shares = {who: clopper_pearson(found[who], len(generated)) for who in WHO if found[who]}
    return {
        "counts": {who: found[who] for who in WHO if found[who]},
        "shares": {who: _interval(share) for who, share in shares.items()},
        "bits": number(entropy([found[who] for who in WHO])),
        "distinct": len({each.text for each in generated}),
        "of": len(generated),
    }


def _interval(found: Interval) -> Record:
    return {
        "estimate": number(found.estimate), "low": number(found.low), "high": number(found.high),
    }  # fmt: skip


def _comparison(found: Comparison) -> Record:
    return {
        "outcome": found.outcome,
        "one": _interval(found.one),
        "other": _interval(found.other),
        "difference": _interval(found.difference),
        "pairs": found.pairs,
        "missing": found.missing,
    }


def show(found: Record, console: Console) -> None:
    """Print it for people."""
    said = found["text"]
    title = Text(one_line(found["scenario"]), style="bold")
    title.append(f" on {one_line(found['model'])}, from turn {found['at']} on", style="not bold")
    console.print(title)
    if said is not None:
        line = f"turn {found['at']} was {found['speaker']}: {said}" if said else "a turn unsaid"
        console.print(Text(one_line(line), style="italic"), soft_wrap=not console.is_terminal)
    one, other = found["told"]
    console.print(Text(f"{found['branches']} branches each: {one}; against: {other}"))
    console.print()
    titles = ("after it", "this [95%]", "against [95%]", "difference [95%]", "pairs")
    rows = table(*titles, right=("pairs",))
    for each in found["outcomes"]:
        if each["pairs"] == 0:
            continue
        rows.add_row(
            Text(one_line(each["outcome"])),
            _cell(each["one"]),
            _cell(each["other"]),
            _cell(each["difference"], signed=True),
            Text(str(each["pairs"])),
        )
    print_block(console, rows)
    again = found["appears"]
    if again is not None:
        counts = ", ".join(f"{who} {count}" for who, count in again["counts"].items())
        console.print(
            Text(
                f"In {again['of']} generations of turn {found['at']}: {counts}; "
                f"{again['bits']:.2f} bits, {again['distinct']} different texts."
            )
        )
    if str(found["model"]).startswith("embedded:"):
        console.print(
            Text(
                "An embedded stage is no language model: these numbers test the instruments.",
                style="dim",
            )
        )
    first = found["trials"][0][0]
    console.print(
        Text(f"Read a branch: elsinore show {found['store']} {first}", style="dim"), soft_wrap=True
    )


def _told(arm: Arm, turn: int) -> str:
    """An arm in words."""
    if not arm.change:
        return f"turn {turn} {'as it was' if arm.at > turn else 'generated again'}"
    if arm.label == "drop":
        return f"turn {turn} struck"
    line = one_line(arm.label)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _cell(found: Mapping[str, float | None], signed: bool = False) -> Text:
    values = [found["estimate"], found["low"], found["high"]]
    if values[0] is None:
        return Text(NONE, style="dim")
    sign = "+" if signed else ""
    shown = [NONE if value is None else f"{value:{sign}.2f}" for value in values]
    low, high = found["low"], found["high"]
    clear = signed and low is not None and high is not None and (low > 0 or high < 0)
    return Text(f"{shown[0]} [{shown[1]}, {shown[2]}]", style="bold" if clear else "")
