"""The command's declaration, continued: tournaments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.app import app, people
from sim.cli.loading import asking, terms, work
from sim.cli.options import (
    Attempts,
    BaseUrl,
    BudgetMinutes,
    BudgetTokens,
    BudgetUsd,
    Concurrency,
    DryRun,
    Durable,
    DurableOption,
    ExtraBody,
    InDoubt,
    InDoubtOption,
    Json,
    Level,
    LogLevel,
    MaxTokens,
    NoCache,
    PricesFile,
    ProviderConcurrency,
    Quiet,
    RequestsPerMinute,
    SendSeed,
    Store,
    Temperature,
    Timeout,
    TokensPerMinute,
    TopP,
)

Which = Annotated[
    str | None,
    typer.Option(
        "--tournament",
        "-t",
        metavar="NAME",
        help="Which one: its name, or the beginning of its id.",
        show_default="the one that was held last",
    ),
]


@app.command("tournament")
def _tournament(
    source: Annotated[
        str,
        typer.Argument(
            metavar="TOURNAMENT",
            autocompletion=completion.tournaments,
            help="FILE.toml, my_file.py:my_tournament, or a name (see elsinore list).",
        ),
    ],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            autocompletion=completion.formats,
            help="round-robin, swiss or knockout.",
            show_default="the tournament's own",
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=1, help="Rounds of a swiss; of a round-robin: how often all meet all."),
    ] = None,
    judges: Annotated[
        list[str] | None,
        typer.Option(
            "--judges",
            "-j",
            metavar="MODEL",
            autocompletion=completion.models,
            help="A judge; may be given several times, or several with commas between them.",
            show_default="the tournament's own",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            autocompletion=completion.models,
            help="Plays the entrants who have no stage of their own.",
            show_default="the tournament's own",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, show_default="the tournament's own", help="For all draws.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-P",
            "--parameter",
            metavar="NAME=VALUE",
            autocompletion=completion.parameters,
            help="A parameter of the function; may be given several times.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            envvar="ELSINORE_STORE",
            autocompletion=completion.stores,
            show_default="runs/TOURNAMENT.db",
            help="Where everything is kept. What is there already is neither played nor asked.",
        ),
    ] = None,
    concurrency: Concurrency = 16,
    durable: DurableOption = Durable.normal,
    in_doubt: InDoubtOption = InDoubt.ask,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="Play failed debates and ask for missing verdicts again."
        ),
    ] = False,
    temperature: Temperature = None,
    top_p: TopP = None,
    max_tokens: MaxTokens = None,
    seeds: SendSeed = True,
    base_url: BaseUrl = None,
    extra_body: ExtraBody = None,
    timeout: Timeout = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    provider_concurrency: ProviderConcurrency = None,
    attempts: Attempts = 6,
    human_seconds: Annotated[
        float | None,
        typer.Option(
            "--human-seconds",
            metavar="SECONDS",
            help="How long a person who debates (an entrant with the stage human) has for a turn.",
            show_default="no limit",
        ),
    ] = None,
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
    """Hold a tournament of debates: play, judge, rate. Killed, it goes on where it was.

    Try: elsinore tournament example_tournament
    """
    tournaments = work("tournament", log_level)
    tournaments.command(
        tournaments.Options(
            source=source,
            parameters=tuple(parameter or ()),
            form=form,
            rounds=rounds,
            judges=tuple(one for text in judges or () for one in text.split(",") if one),
            model=model,
            seed=seed,
            store=store,
            asking=asking(
                temperature=temperature,
                top_p=top_p,
                max_tokens=max_tokens,
                send_seed=seeds,
                base_url=base_url,
                extra_body=extra_body,
                timeout=timeout,
                requests_per_minute=requests_per_minute,
                tokens_per_minute=tokens_per_minute,
                provider_concurrency=provider_concurrency,
                attempts=attempts,
            ),
            people=people((), human_seconds, "model"),
            terms=terms(
                concurrency=concurrency,
                durable=durable.value,
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


@app.command("standings")
def _standings(
    store: Store,
    which: Which = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the table of ratings as CSV."),
    ] = None,
    judges: Annotated[
        bool, typer.Option("--judges", help="Also say what the judges are like.")
    ] = False,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Also show who is expected to beat whom.")
    ] = False,
    ties: Annotated[
        str,
        typer.Option(
            metavar="half|davidson", help="A tie is half a win each, or an outcome of its own."
        ),
    ] = "half",
    margins: Annotated[
        bool, typer.Option("--margins", help="Rate by margins instead of wins.")
    ] = False,
    concessions: Annotated[
        bool, typer.Option("--concessions", help="Also show who gives in how often.")
    ] = False,
    adjusted: Annotated[
        bool,
        typer.Option(
            "--adjusted",
            help="Rate by verdicts from which the judges' biases were taken out, each judge "
            "weighted by its reliability.",
        ),
    ] = False,
    json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Who is how strong, and how sure that is: ratings, ranks, effects and cycles."""
    work("standings", log_level).command(
        store, which, csv=csv, judges=judges, matrix=matrix, concessions=concessions, ties=ties,
        margins=margins, adjusted=adjusted, as_json=json,
    )  # fmt: skip


@app.command("judge")
def _judge(
    store: Store,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Who judges: verdicts are by human:NAME.")
    ],
    which: Which = None,
    debates: Annotated[
        int | None,
        typer.Option("--debates", "-n", min=1, help="So many at most.", show_default="all"),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="Write a sheet (CSV) to fill in, instead of asking here."
        ),
    ] = None,
    given: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Read a sheet that was filled in.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For which debates, in what order.")] = 0,
    log_level: LogLevel = Level.warning,
) -> None:
    """Judge debates of a tournament yourself, blind: at the terminal, or on a sheet."""
    work("judge", log_level).command(
        store, which, name, debates=debates, to=to, given=given, seed=seed
    )
