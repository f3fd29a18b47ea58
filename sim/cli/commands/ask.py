"""``elsinore ask``: questions to actors of stored trials, as they were after any turn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import (
    ArmFacts,
    Json,
    Level,
    LimitOptions,
    LogLevel,
    Quiet,
    SamplingOptions,
    SpendOptions,
    StandIn,
    Store,
    Timeout,
    run_options,
)
from sim.errors import BadRequest, RunFailed

if TYPE_CHECKING:
    from sim.runs.ask import AskReport
    from sim.scene.probes import Question
    from sim.store import StoredTrial

ALL = "all"


@dataclass(frozen=True)
class QuestionOptions:
    """What is asked of whom."""

    store: Store
    trial: Annotated[
        str,
        typer.Argument(
            metavar="TRIAL",
            autocompletion=completion.trials,
            help="A trial, by the beginning of its id; all asks in every trial that is over.",
        ),
    ]
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="{name} becomes the actor's name.")
    ]
    actor: Annotated[
        list[str] | None,
        typer.Option(
            "--actor",
            "-a",
            metavar="NAME",
            help="Whom to ask; may be given several times.",
            show_default="the whole cast",
        ),
    ] = None
    at: Annotated[
        int | None,
        typer.Option(
            "--at", min=0, metavar="TURN", help="As it was after this turn.", show_default="the end"
        ),
    ] = None
    samples: Annotated[int, typer.Option("--samples", "-n", min=1, help="How often to ask.")] = 1
    choices: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="The answer is one of these.")
    ] = None
    scale: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="The answer is a number: --scale=-1,1"),
    ] = None
    arm: ArmFacts = None
    model: StandIn = None


@grouped
def ask(
    asked: QuestionOptions,
    spend: SpendOptions,
    limits: LimitOptions,
    timeout: Timeout = None,
    as_json: Json = False,
    quiet: Quiet = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Put a question to an actor, off stage, as it was after any turn of a stored trial.

    The answers are kept as probes of the trial; asking again asks only for what is missing.
    """
    import asyncio
    from contextlib import nullcontext

    from sim.cli.arms import arm_labels
    from sim.cli.display.answers import show
    from sim.cli.display.terminal import err, out
    from sim.cli.execution import is_free
    from sim.runs.ask import Respondents, ask_actors
    from sim.runs.stages import close_all, reopen, stages_of, stand_in
    from sim.store import open_store

    question = question_of(asked.question, asked.choices, asked.scale)
    trials = _trials(asked)
    models = limits.models(SamplingOptions(timeout=timeout).sampling())
    other = stand_in(trials, asked.model, models)
    if other is None:
        stages = reopen(stages_of(trials), models)
    else:
        identity, stage = other
        stages = {trial.stage: stage for trial in trials}
        # Another model's answer is another answer.
        question = question.model_copy(update={"key": f"{question.key} on {identity}"})
    whom = Respondents([trial.id for trial in trials], asked.actor or None, asked.at, asked.samples)
    options = run_options(spend)

    async def answers() -> AskReport:
        try:
            return await ask_actors(asked.store, stages, question, whom, options)
        finally:
            await close_all(stages.values())

    console = err()
    shown = console.is_terminal and not quiet
    with console.status("asking") if shown else nullcontext():
        report = asyncio.run(answers())
    if as_json:
        out().out(json.dumps(_record(asked, question, report), allow_nan=False))
    elif not quiet:
        with open_store(asked.store) as store:
            labels = arm_labels(store, trials)
        show(question, labels, report, is_free(stages))
    if report.stopped is not None:
        raise RunFailed(f"{report.stopped}; run the same command with a larger budget to go on")


def _trials(asked: QuestionOptions) -> list[StoredTrial]:
    """The trials whose actors are asked. Raises ``BadRequest`` if there are none."""
    from sim.cli.arms import chosen, versions_of
    from sim.store import open_store

    with open_store(asked.store) as store:
        if asked.trial != ALL:
            if asked.arm:
                raise BadRequest("--arm: it chooses among all trials; write all, or leave it out")
            return [store.trial(asked.trial)]
        trials = [trial for trial in store.trials() if trial.status == "done"]
        if not trials:
            raise BadRequest(f"{asked.store} holds no trial that is at its end")
        return chosen(trials, asked.arm or (), versions_of(store))


def question_of(text: str, choices: str | None, scale: str | None) -> Question:
    """The question on the command line, in which ``{name}`` stands for the actor's name."""
    from sim.scene.answers import Choice, FreeText, Number
    from sim.scene.probes import Question, literal

    if not text.strip():
        raise BadRequest("the question is blank; give it words")
    if choices is not None and scale is not None:
        raise BadRequest("--choices and --scale: an answer has one form; use one of them")
    words = literal(text).replace("{{name}}", "{name}")
    # The form of the answer is part of the key: with another form it is another question.
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


def _record(asked: QuestionOptions, question: Question, report: AskReport) -> dict[str, Any]:
    return {
        "store": str(asked.store),
        "question": asked.question,
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
