"""The command's declaration, continued: what is done with a store that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.app import app
from sim.cli.loading import asking, terms, work
from sim.cli.options import (
    Attempts,
    BudgetMinutes,
    BudgetTokens,
    BudgetUsd,
    Concurrency,
    DryRun,
    Format,
    InDoubt,
    InDoubtOption,
    Json,
    Level,
    LogLevel,
    NoCache,
    PricesFile,
    Quiet,
    RequestsPerMinute,
    Store,
    Timeout,
    TokensPerMinute,
    Trial,
)


@app.command("show")
def _show(
    store: Store,
    trial: Annotated[
        str | None,
        typer.Argument(
            metavar="[TRIAL]",
            autocompletion=completion.trials,
            help="A trial, by the beginning of its id. Without it, all are listed.",
        ),
    ] = None,
    probes: Annotated[
        bool, typer.Option("--probes", help="Also show what the actors answered off stage.")
    ] = False,
    prompt: Annotated[
        int | None,
        typer.Option(metavar="TURN", min=1, help="Print the exact prompt that this turn answered."),
    ] = None,
    json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """List the trials of a store, or print the transcript of one."""
    work("show", log_level).command(store, trial, probes=probes, prompt=prompt, as_json=json)


@app.command("export")
def _export(
    store: Store,
    out: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")
    ],
    form: Annotated[
        Format, typer.Option("--format", help="jsonl: the canonical export, one record a line.")
    ] = Format.jsonl,
    log_level: LogLevel = Level.warning,
) -> None:
    """Write everything in a store to a file: the same trials give the same bytes."""
    work("export", log_level).command(store, out, form.value)


@app.command("fork")
def _fork(
    store: Store,
    trial: Trial,
    at: Annotated[
        int,
        typer.Option(
            "--at", min=1, metavar="TURN", help="The turn from which on everything is played anew."
        ),
    ],
    branches: Annotated[
        int, typer.Option("--branches", "-n", min=1, help="Branches in each of the two arms.")
    ] = 20,
    drop: Annotated[
        bool, typer.Option("--drop", help="The turn is struck: nobody heard it.")
    ] = False,
    reroll: Annotated[
        bool,
        typer.Option("--reroll", help="The turn is generated again. Shows what it did, as it was."),
    ] = False,
    say: Annotated[
        str | None,
        typer.Option(metavar="LINE", help='Another line in its place: --say "Ada: I was wrong."'),
    ] = None,
    whisper: Annotated[
        str | None,
        typer.Option(metavar="LINE", help='For some alone: --whisper "Ada > Ben: He lies."'),
    ] = None,
    replace: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Other words of the same speaker."),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help='A stage direction: --note "(A shot is heard.)"'),
    ] = None,
    noise: Annotated[
        int | None, typer.Option(min=1, metavar="WORDS", help="Random text before it.")
    ] = None,
    restage: Annotated[
        str | None,
        typer.Option(metavar="NAME=MODEL", help="Another stage plays an actor from there on."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="kept|reroll",
            help="What to compare with: the turn as it was, or generated again.",
            show_default="reroll; with --reroll, kept",
        ),
    ] = None,
    turns: Annotated[
        int | None,
        typer.Option(min=1, help="End branches after so many turns; else they play to the end."),
    ] = None,
    within: Annotated[
        int | None,
        typer.Option(min=1, metavar="TURNS", help="Count flips within so many turns after --at."),
    ] = None,
    concurrency: Concurrency = 16,
    in_doubt: InDoubtOption = InDoubt.ask,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Play failed branches again.")
    ] = False,
    timeout: Timeout = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    attempts: Attempts = 6,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    budget_minutes: BudgetMinutes = None,
    prices: PricesFile = None,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """What would have happened otherwise: play a trial again from a turn on, many times.

    Two arms share everything before the turn and, branch by branch, their random draws. The model
    is asked as it was when the trial was played. Branches are kept in the store.
    """
    forking = work("fork", log_level)
    forking.command(
        forking.Options(
            store=store,
            trial=trial,
            at=at,
            branches=branches,
            drop=drop,
            reroll=reroll,
            say=say,
            whisper=whisper,
            replace=replace,
            note=note,
            noise=noise,
            restage=restage,
            against=against,
            turns=turns,
            within=within,
            asking=asking(
                timeout=timeout,
                requests_per_minute=requests_per_minute,
                tokens_per_minute=tokens_per_minute,
                attempts=attempts,
            ),
            terms=terms(
                concurrency=concurrency,
                in_doubt=in_doubt.value,
                retry_failed=retry_failed,
                cache=not no_cache,
                budget_usd=budget_usd,
                budget_tokens=budget_tokens,
                budget_minutes=budget_minutes,
                prices=prices,
                quiet=quiet,
            ),
            dry_run=dry_run,
            as_json=json,
        )
    )


@app.command("ask")
def _ask(
    store: Store,
    trial: Annotated[
        str,
        typer.Argument(
            metavar="TRIAL",
            autocompletion=completion.trials,
            help="A trial, by the beginning of its id; all asks in every trial that is over.",
        ),
    ],
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="{name} becomes the actor's name.")
    ],
    actor: Annotated[
        list[str] | None,
        typer.Option(
            "--actor",
            "-a",
            metavar="NAME",
            help="Whom to ask; may be given several times.",
            show_default="the whole cast",
        ),
    ] = None,
    at: Annotated[
        int | None,
        typer.Option(
            "--at", min=0, metavar="TURN", help="As it was after this turn.", show_default="the end"
        ),
    ] = None,
    samples: Annotated[int, typer.Option("--samples", "-n", min=1, help="How often to ask.")] = 1,
    choices: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="The answer is one of these.")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="The answer is a number: --scale=-1,1"),
    ] = None,
    concurrency: Concurrency = 16,
    timeout: Timeout = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    attempts: Attempts = 6,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    prices: PricesFile = None,
    json: Json = False,
    quiet: Quiet = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Put a question to an actor, off stage, as it was after any turn of a stored trial.

    The answers are kept as probes of the trial; asking again asks only for what is missing.
    """
    questions = work("ask", log_level)
    questions.command(
        questions.Options(
            store=store,
            trial=trial,
            question=question,
            actors=tuple(actor or ()),
            at=at,
            samples=samples,
            choices=choices,
            scale=scale,
            asking=asking(
                timeout=timeout,
                requests_per_minute=requests_per_minute,
                tokens_per_minute=tokens_per_minute,
                attempts=attempts,
            ),
            terms=terms(
                concurrency=concurrency,
                cache=not no_cache,
                budget_usd=budget_usd,
                budget_tokens=budget_tokens,
                prices=prices,
                quiet=quiet,
            ),
            as_json=json,
        )
    )


@app.command("graph")
def _graph(
    store: Store,
    trial: Annotated[
        str | None,
        typer.Argument(
            metavar="[TRIAL]",
            autocompletion=completion.trials,
            help="A trial, by the beginning of its id. Without it, all live trials together.",
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            autocompletion=completion.graphs,
            metavar="KIND",
            help="turn_taking, replies, hearing, addressing or agreement.",
        ),
    ] = "replies",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it as GraphML."),
    ] = None,
    json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Who spoke after whom, answered, heard, addressed or agreed with whom."""
    work("graph", log_level).command(store, trial, kind, output, as_json=json)
