"""Commands that have commands of their own: ``elsinore personas``, ``label``, ``bench``."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Subcommands(TyperGroup):
    """A group whose help prints the whole summary of each command: by default they are cut off in
    the middle of a sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the names with the first paragraphs of their help."""
        every = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, " ".join((each.help or "").partition("\n\n")[0].split()))
                    for name, each in every
                    if each is not None
                ]
            )
