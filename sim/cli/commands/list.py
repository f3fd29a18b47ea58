"""``elsinore list``: what can be played, by which models, and what other packages add."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sim.cli.options import Json, Level, LogLevel

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from sim.cli.added import Added
    from sim.planning.scenarios import Scenario


def list_scenarios(as_json: Json = False, log_level: LogLevel = Level.warning) -> None:
    """List the scenarios, the studies, the models, and what other packages add."""
    from rich.text import Text

    from sim.cli.added import everything
    from sim.cli.display.terminal import err, one_line, out, visible
    from sim.extensions import ExtensionError
    from sim.planning.scenarios import available, files
    from sim.planning.studies import describe_study, study_names
    from sim.stage.open import known_models

    models, found = known_models(), list(everything())
    added = [each for each in found if not isinstance(each, ExtensionError)]
    broken = [one_line(str(each)) for each in found if isinstance(each, ExtensionError)]
    scenarios = [*available(), *_of_packages(added, "scenarios")]
    studies = [*(describe_study(name) for name in study_names()), *_of_packages(added, "studies")]
    console = out()
    if as_json:
        record = {
            "scenarios": [_record(one) for one in scenarios],
            "tournaments": [
                {"name": name, "summary": _first_line(path)} for name, path in files().items()
            ],
            "studies": [_record(one) for one in studies],
            "models": list(models),
            "added": [_addition(one) for one in added],
            "broken": broken,
        }
        console.out(json.dumps(record))
        return
    for scenario in [*scenarios, *studies]:
        _print_scenario(scenario, console)
    for name, path in files().items():
        title = Text(name, style="bold")
        title.append("  tournament", style="not bold cyan")
        title.append(f"  {visible(_first_line(path))}", style="not bold")
        console.print(title)
    console.print()
    console.print(Text("models", style="bold"), Text("  " + ", ".join(models)), sep="")
    for group in dict.fromkeys(each.extension.group for each in added if not each.scenario):
        console.print()
        console.print(Text(f"{group} of other packages", style="bold"))
        for each in added:
            if each.extension.group == group:
                line = Text.assemble("    ", (each.extension.name, "cyan"))
                line.append(f"  {visible(each.about)}").append(
                    f"  from {each.extension.origin}", style="dim"
                )
                console.print(line)
    for what in broken:
        err().print(Text(f"elsinore: {what}"), soft_wrap=True)


def _of_packages(added: list[Added], group: str) -> list[Scenario]:
    return [
        each.scenario
        for each in added
        if each.scenario is not None and each.extension.group == group
    ]


def _print_scenario(scenario: Scenario, console: Console) -> None:
    from rich.text import Text

    from sim.cli.display.terminal import visible
    from sim.scene.scene import Scene

    title = Text(scenario.name, style="bold")
    if scenario.returns is not Scene:
        title.append(f"  {scenario.returns.__name__.lower()}", style="not bold cyan")
    title.append(f"  {visible(scenario.summary)}", style="not bold")
    if scenario.origin:
        title.append(f"  from {scenario.origin}", style="not bold dim")
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


def _first_line(path: Path) -> str:
    """The summary of a tournament's file: the comment on its first line."""
    first, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
    return first.lstrip("# ")


def _addition(added: Added) -> dict[str, str]:
    return {
        "group": added.extension.group,
        "name": added.extension.name,
        "about": added.about,
        "package": added.extension.package,
        "version": added.extension.version,
    }


def _record(scenario: Scenario) -> dict[str, object]:
    return {
        "name": scenario.name,
        "summary": scenario.summary,
        "makes": scenario.returns.__name__,
        "from": scenario.origin or "elsinore",
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type_name,
                "default": parameter.plain(parameter.default),
            }
            for parameter in scenario.parameters
        ],
    }
