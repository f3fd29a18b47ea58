"""What the declarations of subcommands share: the modules that do their work, loaded now."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sim.cli.options import Level


def work(module: str, level: Level) -> Any:
    """The module that does a subcommand's work."""
    import_module("sim.cli.logs").set_up(level.value)
    return import_module(f"sim.cli.commands.{module}")


def asking(**options: Any) -> Any:
    """How real models are asked."""
    return import_module("sim.cli.asking").Asking(**options)


def terms(**options: Any) -> Any:
    """On what terms trials are carried out."""
    return import_module("sim.cli.carrying").Terms(**options)
