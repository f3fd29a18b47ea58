"""``elsinore check``: what a model's server can do, and how fast it answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from sim.cli.asking import Asking, open_stages
from sim.cli.display.terminal import err, one_line, out, print_block
from sim.errors import BadRequest, RunFailed
from sim.stage.base import Stage
from sim.stage.open import close_stage, is_real
from sim.stage.providers.capabilities import Report, check

_STYLES = {"yes": "green", "no": "red", "unknown": "yellow"}


def command(model: str, asking: Asking, *, as_json: bool) -> None:
    """Ask the server, and print what it can do."""
    if not is_real(model):
        raise BadRequest(
            f"{model}: there is no server to ask; check is for models like openai:NAME"
        )
    stages, _ = open_stages([model], asking)
    stage = next(iter(stages.values()))
    if err().is_terminal and not as_json:
        with err().status(f"asking {model} ..."):
            report = asyncio.run(_ask(stage))
    else:
        report = asyncio.run(_ask(stage))
    if as_json:
        found = {"model": report.model, "capabilities": [asdict(c) for c in report.capabilities]}
        out().out(json.dumps(found))
    else:
        print_block(out(), _table(report))
    if not any(each.verdict == "yes" for each in report.capabilities):
        raise RunFailed(f"{model}: the server did none of this; the reasons are in the table")


async def _ask(stage: Stage) -> Report:
    try:
        return await check(stage)
    finally:
        await close_stage(stage)


def _table(report: Report) -> Table:
    table = Table(
        title=Text(one_line(report.model)), box=None, title_justify="left", pad_edge=False
    )
    for name in ("capability", "", "took", "reason"):
        table.add_column(name, justify="right" if name == "took" else "left")
    for found in report.capabilities:
        table.add_row(
            found.name,
            Text(found.verdict, style=_STYLES[found.verdict]),
            "" if found.seconds is None else f"{found.seconds * 1000:.0f} ms",
            Text(one_line(found.reason)),
        )
    return table
