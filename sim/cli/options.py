"""Options that subcommands share, and the choices that some of them have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion


class Durable(StrEnum):
    """What a stored turn survives."""

    normal = "normal"
    full = "full"


class InDoubt(StrEnum):
    """What becomes of a call that was under way when a run was killed."""

    ask = "ask"
    missing = "missing"


class Level(StrEnum):
    """Levels of logging."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class Layout(StrEnum):
    """How what an actor sees becomes a prompt."""

    persona_first = "persona_first"
    transcript_first = "transcript_first"
    screenplay = "screenplay"
    author = "author"


class Format(StrEnum):
    """Formats of an export."""

    jsonl = "jsonl"


LogLevel = Annotated[
    Level,
    typer.Option(
        "--log-level",
        envvar="ELSINORE_LOG_LEVEL",
        help="How much to log to standard error. debug shows tracebacks.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Temperature = Annotated[
    float | None,
    typer.Option("--temperature", envvar="ELSINORE_TEMPERATURE", help="Of a real model."),
]
TopP = Annotated[
    float | None, typer.Option("--top-p", envvar="ELSINORE_TOP_P", help="Of a real model.")
]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", envvar="ELSINORE_MAX_TOKENS", help="Tokens of a reply at most."),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        envvar="ELSINORE_BASE_URL",
        help="Where a server of your own is: http://localhost:8000/v1",
    ),
]
ExtraBody = Annotated[
    str | None,
    typer.Option("--extra-body", metavar="JSON", help="More for the body of each request."),
]
Stop = Annotated[
    list[str] | None,
    typer.Option(
        "--stop",
        metavar="TEXT",
        help="A text that ends a turn, besides the layout's own; may be given several times.",
    ),
]
SendSeed = Annotated[
    bool,
    typer.Option("--seeds/--no-seeds", help="Whether requests carry their seed (real models)."),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", envvar="ELSINORE_TIMEOUT", help="Seconds for one call (real models)."
    ),
]
Store = Annotated[
    Path,
    typer.Argument(
        metavar="STORE", autocompletion=completion.stores, help="A store: runs/mousetrap.db"
    ),
]
RequestsPerMinute = Annotated[
    int | None,
    typer.Option(
        "--requests-per-minute",
        envvar="ELSINORE_REQUESTS_PER_MINUTE",
        help="A provider's limit, never exceeded.",
    ),
]
TokensPerMinute = Annotated[
    int | None,
    typer.Option(
        "--tokens-per-minute",
        envvar="ELSINORE_TOKENS_PER_MINUTE",
        help="Likewise, prompts and replies.",
    ),
]
ProviderConcurrency = Annotated[
    int | None,
    typer.Option(
        "--provider-concurrency",
        min=1,
        envvar="ELSINORE_PROVIDER_CONCURRENCY",
        help="Calls in flight at each provider at most (--concurrency bounds the whole run).",
    ),
]
Attempts = Annotated[
    int,
    typer.Option(
        "--attempts",
        min=1,
        envvar="ELSINORE_ATTEMPTS",
        help="Attempts at a call that may go through later.",
    ),
]
LayoutOption = Annotated[
    Layout | None,
    typer.Option(
        "--layout",
        envvar="ELSINORE_LAYOUT",
        show_default="the scenario's own",
        help="How what an actor sees becomes a prompt. screenplay is for base models.",
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency",
        min=1,
        envvar="ELSINORE_CONCURRENCY",
        help="Calls to the model in flight at most.",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        envvar="ELSINORE_NO_CACHE",
        help="Ask the model also what another trial of the store has asked it already.",
    ),
]
BudgetUsd = Annotated[
    float | None,
    typer.Option(
        "--budget-usd",
        metavar="USD",
        envvar="ELSINORE_BUDGET_USD",
        help="Stop before these trials cost more, earlier runs of theirs included.",
    ),
]
BudgetTokens = Annotated[
    int | None,
    typer.Option(
        "--budget-tokens",
        metavar="TOKENS",
        envvar="ELSINORE_BUDGET_TOKENS",
        help="The same in tokens, of prompts and replies.",
    ),
]
BudgetMinutes = Annotated[
    float | None,
    typer.Option(
        "--budget-minutes",
        metavar="MINUTES",
        envvar="ELSINORE_BUDGET_MINUTES",
        help="Stop when this run has taken so long.",
    ),
]
PricesFile = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        metavar="FILE",
        envvar="ELSINORE_PRICES",
        help="Prices of your own (TOML), before those that ship.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Estimate calls, tokens and money, and play nothing. Nothing is asked."
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing unless something is wrong.")
]
InDoubtOption = Annotated[
    InDoubt,
    typer.Option(
        "--in-doubt",
        envvar="ELSINORE_IN_DOUBT",
        help="Calls that were under way when a run was killed: ask again, or leave missing.",
    ),
]
DurableOption = Annotated[
    Durable,
    typer.Option(
        "--durable",
        envvar="ELSINORE_DURABLE",
        help="normal: turns survive a killed process. full: a power cut, too.",
    ),
]
Trial = Annotated[
    str,
    typer.Argument(
        metavar="TRIAL",
        autocompletion=completion.trials,
        help="A trial, by the beginning of its id (see elsinore show STORE).",
    ),
]
