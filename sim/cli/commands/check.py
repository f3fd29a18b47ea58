"""``elsinore check``: what a model's server can do, and how fast it answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.option_groups import grouped
from sim.cli.options import (
    BaseUrl,
    ExtraBody,
    Json,
    Level,
    LimitOptions,
    LogLevel,
    SamplingOptions,
    Temperature,
)
from sim.errors import BadRequest, RunFailed

if TYPE_CHECKING:
    from sim.stage.base import Stage
    from sim.stage.providers.capabilities import Report


@grouped
def check(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="openai:NAME, completions:NAME, gguf:NAME")
    ],
    temperature: Temperature = None,
    base_url: BaseUrl = None,
    extra_body: ExtraBody = None,
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, help="Seconds after which a test is stopped."),
    ] = 60.0,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Ask a model's server what it can do: about ten short calls, with the time of each."""
    import asyncio
    from dataclasses import asdict

    from sim.calls.guard import open_models
    from sim.cli.display.capabilities import table
    from sim.cli.display.terminal import err, out, print_block
    from sim.stage.open import is_real

    if not is_real(model):
        raise BadRequest(
            f"{model}: there is no server to ask; check is for models like openai:NAME"
        )
    sampling = SamplingOptions(
        temperature=temperature, base_url=base_url, extra_body=extra_body, timeout=timeout + 1
    )
    opened = open_models([model], LimitOptions().models(sampling.sampling()))
    [stage] = opened.stages.values()
    if err().is_terminal and not as_json:
        with err().status(f"asking {model} ..."):
            report = asyncio.run(_ask(stage, timeout))
    else:
        report = asyncio.run(_ask(stage, timeout))
    if as_json:
        record = {"model": report.model, "capabilities": [asdict(c) for c in report.capabilities]}
        out().out(json.dumps(record))
    else:
        print_block(out(), table(report))
    if not any(each.verdict == "yes" for each in report.capabilities):
        raise RunFailed(f"{model}: the server did none of this; the reasons are in the table")


async def _ask(stage: Stage, at_most: float) -> Report:
    from sim.stage.base import close_stage
    from sim.stage.providers.capabilities import check

    try:
        return await check(stage, at_most)
    finally:
        await close_stage(stage)
