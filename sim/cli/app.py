"""The command's declaration: subcommands, options, help. No work is done here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from sim import __version__
from sim.cli import completion, settings
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
    LayoutOption,
    Level,
    LogLevel,
    MaxTokens,
    NoCache,
    PricesFile,
    ProviderConcurrency,
    Quiet,
    RequestsPerMinute,
    SendSeed,
    Stop,
    Temperature,
    Timeout,
    TokensPerMinute,
    TopP,
)

app = typer.Typer(
    name="elsinore",
    # Plain help: rich's would triple the time that it takes to appear.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 something failed, 2 bad request, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elsinore {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A laboratory for simulated minds: one language model plays several people.

    Start with: elsinore run mousetrap

    Options come before the environment (ELSINORE_MODEL, ELSINORE_TRIALS, ...), and that before
    elsinore.toml in the working directory ([run] with trials = 20, say).
    """
    context.default_map = settings.read()


@app.command("list")
def _list(json: Json = False, log_level: LogLevel = Level.warning) -> None:
    """List the scenarios with their parameters, and the models."""
    work("list", log_level).command(as_json=json)


@app.command("run")
def _run(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            autocompletion=completion.scenarios,
            help="A name (see elsinore list), or my_file.py:my_scenario",
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            envvar="ELSINORE_MODEL",
            autocompletion=completion.models,
            metavar="MODEL",
            show_default="embedded:base",
            help="The stage that plays. Given several times: arms with the same seeds, compared.",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            "-n",
            min=1,
            envvar="ELSINORE_TRIALS",
            show_default="20 on embedded stages, all of a recording, 1 where it may cost money "
            "or a person plays",
            help="Trials per model.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, envvar="ELSINORE_SEED", help="Seed of the first trial.")
    ] = 0,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-P",
            "--parameter",
            metavar="NAME=VALUE",
            autocompletion=completion.parameters,
            help="A parameter of the scenario; may be given several times.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            envvar="ELSINORE_STORE",
            autocompletion=completion.stores,
            show_default="runs/SCENARIO.db",
            help="Where everything is kept. What is there already is not played again.",
        ),
    ] = None,
    concurrency: Concurrency = 16,
    durable: DurableOption = Durable.normal,
    in_doubt: InDoubtOption = InDoubt.ask,
    yoked: Annotated[
        bool,
        typer.Option(
            "--yoked",
            envvar="ELSINORE_YOKED",
            help="Also play surrogates that tell a shared pull from interaction.",
        ),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Play failed trials of the store again.")
    ] = False,
    temperature: Temperature = None,
    top_p: TopP = None,
    max_tokens: MaxTokens = None,
    stop: Stop = None,
    seeds: SendSeed = True,
    base_url: BaseUrl = None,
    extra_body: ExtraBody = None,
    timeout: Timeout = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    provider_concurrency: ProviderConcurrency = None,
    attempts: Attempts = 6,
    layout: LayoutOption = None,
    human: Annotated[
        list[str] | None,
        typer.Option(
            "--human",
            metavar="NAME",
            help="Play this actor yourself, at the terminal; may be given several times.",
        ),
    ] = None,
    human_seconds: Annotated[
        float | None,
        typer.Option(
            "--human-seconds",
            metavar="SECONDS",
            help="How long a person has for a turn.",
            show_default="no limit",
        ),
    ] = None,
    human_otherwise: Annotated[
        str,
        typer.Option(
            "--human-otherwise",
            metavar="LINE",
            help="What is said when a person says nothing in time: model (the model speaks), "
            "or a line.",
        ),
    ] = "model",
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
    """Play a scenario, keep it in a store, and say what became of the actors.

    A run that was interrupted or killed goes on where it was when it is started again.
    """
    playing = work("run", log_level)
    models = tuple(model or ["embedded:base"])
    playing.command(
        playing.Options(
            scenario=scenario,
            models=models,
            asking=asking(
                temperature=temperature,
                top_p=top_p,
                max_tokens=max_tokens,
                stop=tuple(stop or ()),
                send_seed=seeds,
                base_url=base_url,
                extra_body=extra_body,
                timeout=timeout,
                requests_per_minute=requests_per_minute,
                tokens_per_minute=tokens_per_minute,
                provider_concurrency=provider_concurrency,
                attempts=attempts,
            ),
            trials=trials or (1 if human else _sensible(models, scenario)),
            seed=seed,
            parameters=tuple(parameter or ()),
            layout=None if layout is None else layout.value,
            store=store,
            yoked=yoked,
            people=people(tuple(human or ()), human_seconds, human_otherwise),
            terms=terms(
                concurrency=1 if human else concurrency,
                durable=durable.value,
                in_doubt=in_doubt.value,
                retry_failed=retry_failed,
                cache=not no_cache,
                budget_usd=budget_usd,
                budget_tokens=budget_tokens,
                budget_minutes=budget_minutes,
                prices=prices,
                quiet=quiet,
                draw=not human,
            ),
            dry_run=dry_run,
            as_json=json,
        )
    )


@app.command("check")
def _check(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="openai:NAME, completions:NAME")],
    temperature: Temperature = None,
    base_url: BaseUrl = None,
    extra_body: ExtraBody = None,
    timeout: Timeout = None,
    json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Ask a model's server what it can do: about ten short calls, with the time of each."""
    checking = work("check", log_level)
    how = asking(temperature=temperature, base_url=base_url, extra_body=extra_body, timeout=timeout)
    checking.command(model, how, as_json=json)


@app.command("serve")
def _serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            envvar="ELSINORE_SERVE_MODEL",
            autocompletion=completion.models,
            metavar="MODEL",
            show_default="every kind, with any parameters",
            help="Serve this model, and no others but those named. May be given several times.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(envvar="ELSINORE_SERVE_HOST", help="An address of this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, envvar="ELSINORE_SERVE_PORT", help="0 is any that is free."),
    ] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="ELSINORE_SERVE_TOKEN",
            help="What clients have to send as their API key. Best set in the environment, since "
            "options can be seen in the list of processes.",
        ),
    ] = None,
    log_level: LogLevel = Level.warning,
) -> None:
    """Serve the embedded stage over the OpenAI protocol, to clients on this machine.

    Models, chat, completions, streams and log-probabilities. Prints the base URL. Ctrl-C ends it.
    """
    work("serve", log_level).command(tuple(model or ()), host=host, port=port, token=token)


def people(names: tuple[str, ...], seconds: float | None, otherwise: str) -> Any:
    """Who is played by a person."""
    return import_module("sim.cli.casting").People(names, seconds, otherwise)


def _sensible(models: tuple[str, ...], scenario: str) -> int:
    """Enough trials for an interval where they are free, one where they may cost money, and all
    that were recorded."""
    if all(model.startswith("recorded:") for model in models):
        return int(import_module("sim.cli.replaying").trials_recorded(models, scenario))
    return 20 if all(model.startswith(("embedded:", "fixed:")) for model in models) else 1
