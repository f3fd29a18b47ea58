"""``elsinore list``: what can be played, and by which models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sim.cli.options import Json, Level, LogLevel

if TYPE_CHECKING:
    from pathlib import Path

    from sim.planning.scenarios import Scenario


def list_scenarios(as_json: Json = False, log_level: LogLevel = Level.warning) -> None:
    """List the scenarios with their parameters, the studies, and the models."""
    from rich.text import Text

    from sim.cli.display.terminal import out, visible
    from sim.planning.scenarios import available, files
    from sim.planning.studies import describe_study, study_names
    from sim.scene.scene import Scene
    from sim.stage.open import known_models

    scenarios, models = available(), known_models()
    studies = [describe_study(name) for name in study_names()]
    console = out()
    if as_json:
        record = {
            "scenarios": [_record(one) for one in scenarios],
            "tournaments": [
                {"name": name, "summary": _first_line(path)} for name, path in files().items()
            ],
            "studies": [_record(one) for one in studies],
            "models": list(models),
        }
        console.out(json.dumps(record))
        return
    for scenario in [*scenarios, *studies]:
        title = Text(scenario.name, style="bold")
        if scenario.returns is not Scene:
            title.append(f"  {scenario.returns.__name__.lower()}", style="not bold cyan")
        title.append(f"  {visible(scenario.summary)}", style="not bold")
        console.print(title)
        for parameter in scenario.parameters:
            default = parameter.default
            line = Text.assemble(
                "    -P ",
                (parameter.name, "cyan"),
                f"={default if isinstance(default, str) else repr(default)}",
                (f"  {parameter.type_name}", "dim"),
            )
            console.print(line)
    for name, path in files().items():
        title = Text(name, style="bold")
        title.append("  tournament", style="not bold cyan")
        title.append(f"  {visible(_first_line(path))}", style="not bold")
        console.print(title)
    console.print()
    console.print(Text("models", style="bold"), Text("  " + ", ".join(models)), sep="")


def _first_line(path: Path) -> str:
    """The summary of a tournament's file: the comment on its first line."""
    first, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
    return first.lstrip("# ")


def _record(scenario: Scenario) -> dict[str, object]:
    return {
        "name": scenario.name,
        "summary": scenario.summary,
        "makes": scenario.returns.__name__,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type_name,
                "default": parameter.plain(parameter.default),
            }
            for parameter in scenario.parameters
        ],
    }
