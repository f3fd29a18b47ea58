"""``elsinore ask``: questions to actors after the curtain."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from sim.cli.asking import Asking
from sim.cli.carrying import Terms, is_free
from sim.cli.casting import reopened
from sim.cli.display.run_tables import NONE, table
from sim.cli.display.terminal import err, one_line, out, print_block, visible
from sim.cli.stored import StoredTrial, all_trials, one_trial, opened, short
from sim.errors import BadRequest, RunFailed
from sim.runs import Asked, AskReport, ask
from sim.scene.answers import Choice, FreeText, Number
from sim.scene.probes import Question, literal
from sim.stage.open import close_stage

ALL = "all"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    store: Path
    trial: str
    question: str
    actors: tuple[str, ...]
    at: int | None
    samples: int
    choices: str | None
    scale: str | None
    asking: Asking
    terms: Terms
    as_json: bool


def command(options: Options) -> None:
    """Ask, store the answers as probes, and print them."""
    question = question_of(options.question, options.choices, options.scale)
    with opened(options.store) as connection:
        if options.trial == ALL:
            trials = [trial for trial in all_trials(connection) if trial.status == "done"]
        else:
            trials = [one_trial(connection, options.store, options.trial)]
    if not trials:
        raise BadRequest(f"{options.store} holds no trial that is at its end")
    played = [
        pair for trial in trials for pair in ((trial.model, trial.stage), *trial.stages.items())
    ]
    stages = reopened(played, options.asking)
    terms = options.terms

    async def asked() -> AskReport:
        try:
            return await ask(
                options.store,
                stages,
                question,
                trials=[trial.id for trial in trials],
                actors=options.actors or None,
                at=options.at,
                samples=options.samples,
                concurrency=terms.concurrency,
                budget=terms.budget(),
                prices=terms.table(),
                cache=None if terms.cache else False,
            )
        finally:
            for stage in stages.values():
                await close_stage(stage)

    console = err()
    with console.status("asking") if console.is_terminal and not terms.quiet else _Nothing():
        report = asyncio.run(asked())
    if options.as_json:
        out().out(json.dumps(_record(options, question, report), allow_nan=False))
    elif not terms.quiet:
        _show(question, trials, report, is_free(stages))
    if report.stopped is not None:
        raise RunFailed(f"{report.stopped}; run the same command with a larger budget to go on")


class _Nothing:
    """No line of progress."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *what: object) -> None:
        return None


def question_of(text: str, choices: str | None, scale: str | None) -> Question:
    """The question that was put on the command line. ``{name}`` becomes the actor's name."""
    if not text.strip():
        raise BadRequest("the question is blank; give it words")
    if choices is not None and scale is not None:
        raise BadRequest("--choices and --scale: an answer has one form; use one of them")
    words = literal(text).replace("{{name}}", "{name}")
    # Another form of the answer is another question.
    key = f"ask:{text}"
    if choices is not None:
        options = tuple(part.strip() for part in choices.split(",") if part.strip())
        key = f"{key} [{','.join(options)}]"
        return Question(key=key, text=words, answer=Choice(options=options))
    if scale is not None:
        low, _, high = scale.partition(",")
        try:
            kind = Number(field="value", low=float(low), high=float(high))
        except ValueError as error:
            raise BadRequest(
                f"--scale {scale}: write two numbers, as in --scale=-1,1 ({error})"
            ) from None
        return Question(key=f"{key} [{scale}]", text=words, answer=kind)
    return Question(key=key, text=words, answer=FreeText())


def _record(options: Options, question: Question, report: AskReport) -> dict[str, Any]:
    return {
        "store": str(options.store),
        "question": options.question,
        "key": question.key,
        "calls": report.calls,
        "stopped": report.stopped,
        "answers": [
            {
                "trial": each.trial,
                "actor": each.answer.actor,
                "turn": each.answer.turn,
                "sample": each.answer.sample,
                "value": each.answer.value,
                "missing": each.answer.missing,
                "known": each.known,
            }
            for each in report.answers
        ],
    }


def _show(question: Question, trials: Sequence[StoredTrial], report: AskReport, free: bool) -> None:
    console = out()
    names = short(trial.id for trial in trials)
    if isinstance(question.answer, FreeText):
        for each in report.answers:
            said = each.answer
            line = Text(f"{names[each.trial]}  " if len(trials) > 1 else "", style="dim")
            line.append(one_line(said.actor), style="bold not dim")
            line.append(f", after turn {said.turn}: ")
            if said.missing is None:
                line.append(visible(str(said.value)), style="not dim")
            else:
                line.append(f"missing ({one_line(said.missing)})", style="yellow not dim")
            console.print(line, soft_wrap=not console.is_terminal)
    else:
        counted = ("turn", "answers", "missing")
        made = table("actor", *counted, "summary", right=counted)
        for row in _summaries(report.answers):
            made.add_row(*row)
        print_block(console, made)
    facts = [f"{report.calls:,} calls"]
    if report.hits:
        facts.append(f"{report.hits:,} answered by the store")
    facts.append("free" if free else _money(report))
    key = f"stored as probes with the key {question.key!r}"
    console.print(Text(" · ".join([*facts, one_line(key)]), style="dim"), soft_wrap=True)


def _money(report: AskReport) -> str:
    usd = report.usage.usd
    return "price unknown (see --prices)" if usd is None else f"${usd:.4f}"


def _summaries(answers: Sequence[Asked]) -> Iterator[tuple[Text, ...]]:
    """By actor and turn, over samples and trials: the mean, or how often each option was chosen."""
    groups: dict[tuple[str, int], list[Asked]] = {}
    for each in answers:
        groups.setdefault((each.answer.actor, each.answer.turn), []).append(each)
    for (actor, turn), some in groups.items():
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
            Text(one_line(actor), style="bold"),
            Text(str(turn)),
            Text(str(len(values))),
            Text(str(len(some) - len(values))),
            Text(one_line(summary)),
        )
