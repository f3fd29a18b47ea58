"""Options that several subcommands share, alone and in groups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.calls.guard import ModelOptions
    from sim.calls.prices import Prices
    from sim.runs.executors import Executor
    from sim.runs.options import RunOptions
    from sim.stage.providers.sampling import Sampling


class Durable(StrEnum):
    """What a stored turn survives."""

    normal = "normal"
    full = "full"


class InDoubt(StrEnum):
    """What is done with a call that was under way when a run was killed."""

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
    author_script = "author_script"


LogLevel = Annotated[
    Level,
    typer.Option(
        "--log-level",
        envvar="ELSINORE_LOG_LEVEL",
        help="How much to log to standard error. debug shows tracebacks.",
        callback=lambda value: _log_from(value),
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing unless something is wrong.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Estimate calls, tokens and money, and play nothing. Nothing is asked."
    ),
]
Store = Annotated[
    Path,
    typer.Argument(
        metavar="STORE", autocompletion=completion.stores, help="A store: runs/mousetrap.db"
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
MaybeTrial = Annotated[
    str | None,
    typer.Argument(
        metavar="[TRIAL]",
        autocompletion=completion.trials,
        help="A trial, by the beginning of its id. Without it, all of them.",
    ),
]
ArmFacts = Annotated[
    list[str] | None,
    typer.Option(
        "--arm",
        metavar="NAME=VALUE",
        autocompletion=completion.arms,
        help="Only trials of this arm: scenario, model, version, layout, wording, arm, or a "
        "parameter; may be given several times.",
    ),
]
Pool = Annotated[
    bool, typer.Option("--pool", help="Take trials of different arms together, as if of one.")
]
StandIn = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        autocompletion=completion.models,
        help="The model that plays, where nobody was played: in an imported conversation.",
    ),
]
WhichTournament = Annotated[
    str | None,
    typer.Option(
        "--tournament",
        "-t",
        metavar="NAME",
        help="Which one: its name, or the beginning of its id.",
        show_default="the one that was held last",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-P",
        "--parameter",
        metavar="NAME=VALUE",
        autocompletion=completion.parameters,
        help="A parameter of the scenario. Several values (-P change=true,false, or the option "
        "again) are arms with the same seeds, compared.",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option("--temperature", envvar="ELSINORE_TEMPERATURE", help="Of a real model."),
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
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", envvar="ELSINORE_TIMEOUT", help="Seconds for one call (real models)."
    ),
]


def _log_from(level: Level) -> Level:
    """Log everything from this level on."""
    from sim.cli.logs import set_up

    set_up(level.value)
    return level


@dataclass(frozen=True)
class SamplingOptions:
    """How a real model is asked. None: the provider's own default."""

    temperature: Temperature = None
    top_p: Annotated[
        float | None, typer.Option("--top-p", envvar="ELSINORE_TOP_P", help="Of a real model.")
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens", envvar="ELSINORE_MAX_TOKENS", help="Tokens of a reply at most."
        ),
    ] = None
    stop: Annotated[
        list[str] | None,
        typer.Option(
            "--stop",
            metavar="TEXT",
            help="A text that ends a turn, besides the layout's own; may be given several times.",
        ),
    ] = None
    no_seeds: Annotated[
        bool,
        typer.Option("--no-seeds", help="Requests do not carry their seed (real models)."),
    ] = False
    base_url: BaseUrl = None
    extra_body: ExtraBody = None
    timeout: Timeout = None

    def sampling(self) -> Sampling | None:
        """The sampling; None if nothing was asked for. Raises ``BadRequest``."""
        given: dict[str, Any] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "base_url": self.base_url,
            "timeout": self.timeout,
        }
        set_ = {name: value for name, value in given.items() if value is not None}
        if self.stop:
            set_["stop"] = tuple(self.stop)
        if self.no_seeds:
            set_["seed"] = False
        if self.extra_body is not None:
            set_["extra_body"] = _object(self.extra_body)
        if not set_:
            return None
        from sim.stage.providers.sampling import Sampling

        return Sampling.read(set_, "options")


@dataclass(frozen=True)
class LimitOptions:
    """The limits of an account, and the attempts at a call."""

    requests_per_minute: Annotated[
        int | None,
        typer.Option(
            "--requests-per-minute",
            envvar="ELSINORE_REQUESTS_PER_MINUTE",
            help="A provider's limit, never exceeded.",
        ),
    ] = None
    tokens_per_minute: Annotated[
        int | None,
        typer.Option(
            "--tokens-per-minute",
            envvar="ELSINORE_TOKENS_PER_MINUTE",
            help="Likewise, prompts and replies.",
        ),
    ] = None
    provider_concurrency: Annotated[
        int | None,
        typer.Option(
            "--provider-concurrency",
            min=1,
            envvar="ELSINORE_PROVIDER_CONCURRENCY",
            help="Calls in flight at each provider at most (--concurrency bounds the whole run).",
        ),
    ] = None
    attempts: Annotated[
        int,
        typer.Option(
            "--attempts",
            min=1,
            envvar="ELSINORE_ATTEMPTS",
            help="Attempts at a call that may go through later.",
        ),
    ] = 6

    def models(self, sampling: Sampling | None) -> ModelOptions:
        """How models are asked."""
        from sim.calls.guard import ModelOptions

        return ModelOptions(
            sampling,
            self.requests_per_minute,
            self.tokens_per_minute,
            self.provider_concurrency,
            self.attempts,
        )


@dataclass(frozen=True)
class AskingOptions(LimitOptions, SamplingOptions):
    """How models are asked: sampling, the limits of an account, attempts."""

    def asked(self) -> ModelOptions:
        """How models are asked. Raises ``BadRequest``."""
        return self.models(self.sampling())


@dataclass(frozen=True)
class SpendOptions:
    """How many calls are made at once, and what may be spent."""

    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            min=1,
            envvar="ELSINORE_CONCURRENCY",
            help="Calls to the model in flight at most.",
        ),
    ] = 16
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache",
            envvar="ELSINORE_NO_CACHE",
            help="Ask the model also what another trial of the store has asked it already.",
        ),
    ] = False
    budget_usd: Annotated[
        float | None,
        typer.Option(
            "--budget-usd",
            metavar="USD",
            envvar="ELSINORE_BUDGET_USD",
            help="Stop before these trials cost more, earlier runs of theirs included.",
        ),
    ] = None
    budget_tokens: Annotated[
        int | None,
        typer.Option(
            "--budget-tokens",
            metavar="TOKENS",
            envvar="ELSINORE_BUDGET_TOKENS",
            help="The same in tokens, of prompts and replies.",
        ),
    ] = None
    budget_minutes: Annotated[
        float | None,
        typer.Option(
            "--budget-minutes",
            metavar="MINUTES",
            envvar="ELSINORE_BUDGET_MINUTES",
            help="Stop when this run has taken so long.",
        ),
    ] = None
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices",
            metavar="FILE",
            envvar="ELSINORE_PRICES",
            help="Prices of your own (TOML), before those that ship.",
        ),
    ] = None

    def own_prices(self) -> Prices | None:
        """The user's own prices, if there are any. Raises ``BadRequest``."""
        if self.prices is None:
            return None
        from sim.calls.prices import Prices

        return Prices.load(self.prices)


class Where(StrEnum):
    """Where trials are played."""

    local = "local"
    ray = "ray"


@dataclass(frozen=True)
class PlaceOptions:
    """Where trials are played and measured."""

    executor: Annotated[
        Where,
        typer.Option(
            "--executor",
            envvar="ELSINORE_EXECUTOR",
            help="Where trials are played and measured: here (local), or on a cluster (ray).",
        ),
    ] = Where.local
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            envvar="ELSINORE_ADDRESS",
            show_default="a cluster of this machine's own",
            help="The head of the Ray cluster, or auto for the one that runs here.",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            envvar="ELSINORE_WORKERS",
            show_default="one for each processor of the cluster",
            help="Processes that play, on the cluster. --concurrency is divided among them.",
        ),
    ] = None

    def where(self) -> Executor | None:
        """What plays and measures; None for this process. Raises ``BadRequest``."""
        if self.executor is Where.ray:
            from sim.runs.executors.ray import RayExecutor

            return RayExecutor(self.address, workers=self.workers)
        for name, value in (("address", self.address), ("workers", self.workers)):
            if value is not None:
                raise BadRequest(f"--{name} {value}: is for a cluster; add --executor ray")
        return None


@dataclass(frozen=True)
class PlayingOptions(PlaceOptions, SpendOptions):
    """How many calls are made at once, what may be spent, and where trials are played."""


@dataclass(frozen=True)
class ResumeOptions:
    """Durability, and how a run resumes an earlier one."""

    durable: Annotated[
        Durable,
        typer.Option(
            "--durable",
            envvar="ELSINORE_DURABLE",
            help="normal: turns survive a killed process. full: a power cut, too.",
        ),
    ] = Durable.normal
    in_doubt: Annotated[
        InDoubt,
        typer.Option(
            "--in-doubt",
            envvar="ELSINORE_IN_DOUBT",
            help="Calls that were under way when a run was killed: ask again, or leave missing.",
        ),
    ] = InDoubt.ask
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Play what has failed again, and ask for missing verdicts again.",
        ),
    ] = False


@dataclass(frozen=True)
class OutputOptions:
    """What is printed, and whether anything is played."""

    dry_run: DryRun = False
    as_json: Json = False
    quiet: Quiet = False


def run_options(spend: SpendOptions, resume: ResumeOptions | None = None) -> RunOptions:
    """How trials are carried out. Raises ``BadRequest``."""
    from sim.calls.budget import Budget
    from sim.runs.options import RunOptions

    limits = (spend.budget_usd, spend.budget_tokens, spend.budget_minutes)
    how = resume or ResumeOptions()
    return RunOptions(
        concurrency=spend.concurrency,
        durable="full" if how.durable is Durable.full else "normal",
        in_doubt="missing" if how.in_doubt is InDoubt.missing else "ask",
        retry_failed=how.retry_failed,
        cache=False if spend.no_cache else None,
        budget=None if limits == (None, None, None) else Budget(*limits),
        prices=spend.own_prices(),
        executor=spend.where() if isinstance(spend, PlayingOptions) else None,
    )


def given_parameters(texts: list[str] | None) -> dict[str, str]:
    """What was given as ``-P NAME=VALUE``. Raises ``BadRequest``."""
    given = given_values(texts)
    for name, values in given.items():
        if len(values) > 1:
            raise BadRequest(f"-P {name}={values[1]}: {name} is given twice; give it once")
    return {name: values[0] for name, values in given.items()}


def given_values(texts: list[str] | None) -> dict[str, list[str]]:
    """What was given as ``-P NAME=VALUE``, each name perhaps several times. Raises
    ``BadRequest``."""
    given: dict[str, list[str]] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadRequest(f"-P {text}: is no parameter; write -P name=value")
        given.setdefault(name, []).append(value)
    return given


def _object(text: str) -> dict[str, Any]:
    import json

    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"--extra-body: is no JSON ({error}); write '{{\"top_k\": 40}}'") from None
    except RecursionError:
        raise BadRequest("--extra-body: nests too deep; write '{\"top_k\": 40}'") from None
    if not isinstance(value, dict):
        raise BadRequest("--extra-body: is no JSON object; write '{\"top_k\": 40}'")
    return value
