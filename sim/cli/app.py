"""The command's declaration: subcommands, options, help. No work is done here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from sim import __version__
from sim.cli import completion, settings
from sim.cli.options import (
    Attempts,
    BaseUrl,
    Durable,
    ExtraBody,
    Format,
    InDoubt,
    Json,
    LayoutOption,
    Level,
    LogLevel,
    MaxTokens,
    ProviderConcurrency,
    RequestsPerMinute,
    SendSeed,
    Stop,
    Store,
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
    _work("listing", log_level).command(as_json=json)


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
            show_default="20 on embedded stages, all of a recording, 1 where it may cost money",
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
    concurrency: Annotated[
        int,
        typer.Option(
            min=1, envvar="ELSINORE_CONCURRENCY", help="Calls to the model in flight at most."
        ),
    ] = 16,
    durable: Annotated[
        Durable,
        typer.Option(
            envvar="ELSINORE_DURABLE",
            help="normal: turns survive a killed process. full: a power cut, too.",
        ),
    ] = Durable.normal,
    in_doubt: Annotated[
        InDoubt,
        typer.Option(
            envvar="ELSINORE_IN_DOUBT",
            help="Calls that were under way when a run was killed: ask again, or leave missing.",
        ),
    ] = InDoubt.ask,
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
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache",
            envvar="ELSINORE_NO_CACHE",
            help="Ask the model also what another trial of the store has asked it already.",
        ),
    ] = False,
    budget_usd: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            envvar="ELSINORE_BUDGET_USD",
            help="Stop before these trials cost more, earlier runs of theirs included.",
        ),
    ] = None,
    budget_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="TOKENS",
            envvar="ELSINORE_BUDGET_TOKENS",
            help="The same in tokens, of prompts and replies.",
        ),
    ] = None,
    budget_minutes: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES",
            envvar="ELSINORE_BUDGET_MINUTES",
            help="Stop when this run has taken so long.",
        ),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="ELSINORE_PRICES",
            help="Prices of your own (TOML), before those that ship.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Estimate calls, tokens and money, and play nothing. Nothing is asked.",
        ),
    ] = False,
    json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing unless something is wrong.")
    ] = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Play a scenario, keep it in a store, and say what became of the actors.

    A run that was interrupted or killed goes on where it was when it is started again.
    """
    work = _work("playing", log_level)
    models = tuple(model or ["embedded:base"])
    work.command(
        work.Options(
            scenario=scenario,
            models=models,
            asking=_asking(
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
            trials=trials or _sensible(models, scenario),
            seed=seed,
            parameters=tuple(parameter or ()),
            layout=None if layout is None else layout.value,
            store=store,
            concurrency=concurrency,
            durable=durable.value,
            in_doubt=in_doubt.value,
            yoked=yoked,
            retry_failed=retry_failed,
            cache=not no_cache,
            budget_usd=budget_usd,
            budget_tokens=budget_tokens,
            budget_minutes=budget_minutes,
            prices=prices,
            dry_run=dry_run,
            as_json=json,
            quiet=quiet,
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
    work = _work("checking", log_level)
    asking = _asking(
        temperature=temperature, base_url=base_url, extra_body=extra_body, timeout=timeout
    )
    work.command(model, asking, as_json=json)


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
    _work("showing", log_level).command(store, trial, probes=probes, prompt=prompt, as_json=json)


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
    _work("exporting", log_level).command(store, out, form.value)


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
    _work("serving", log_level).command(tuple(model or ()), host=host, port=port, token=token)


def _asking(**options: Any) -> Any:
    """How real models are asked, as the work wants it."""
    return import_module("sim.cli.asking").Asking(**options)


def _sensible(models: tuple[str, ...], scenario: str) -> int:
    """Enough trials for an interval where they are free, one where they may cost money, and all
    that were recorded."""
    if all(model.startswith("recorded:") for model in models):
        return int(import_module("sim.cli.replaying").trials_recorded(models, scenario))
    return 20 if all(model.startswith(("embedded:", "fixed:")) for model in models) else 1


def _work(module: str, level: Level) -> Any:
    """The module that does a subcommand's work, loaded now."""
    import_module("sim.cli.logs").set_up(level.value)
    return import_module(f"sim.cli.{module}")
