"""``elsinore import``: other people's transcripts become trials of a store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import Json, Level, LogLevel
from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.formats.format import ReadOptions
    from sim.runs.importing import Imported, Preview


@dataclass(frozen=True)
class ReadingOptions:
    """How files are to be read, where that is not to be guessed."""

    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            autocompletion=completion.transcript_formats,
            metavar="FORMAT",
            show_default="found by content",
            help="The format of the files.",
        ),
    ] = None
    speaker: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the speaker.", show_default="guess")
    ] = ""
    text: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the words.", show_default="guess")
    ] = ""
    conversation: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="The column of the conversation.", show_default="guess"
        ),
    ] = ""
    time: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the time.", show_default="guess")
    ] = ""
    system: Annotated[
        bool, typer.Option("--system", help="Take in system messages of chats as turns.")
    ] = False
    encoding: Annotated[
        str,
        typer.Option(metavar="NAME", help="The encoding of text files.", show_default="utf-8"),
    ] = ""


@grouped
def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Files, or folders of formats that are folders."),
    ],
    reading: ReadingOptions,
    store: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="STORE",
            help="The store, which may be there already.",
            show_default="runs/imported.db",
        ),
    ] = None,
    personas: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help='Personas by speaker or pattern: ["Dr*"] with brief, opposite, traits, ...',
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first turns as understood, and stop.")
    ] = False,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Make other people's transcripts (CSV, chats, logs) into trials of a store.

    All of a file, or none. They are of the arm "imported": show, graph, analyze and export work on
    them as on trials that were played.
    """
    from sim.cli.display.terminal import out
    from sim.formats.format import ReadOptions
    from sim.runs.importing import import_file, personas_of, preview

    form = reading.form
    how = ReadOptions(
        reading.speaker, reading.text, reading.conversation, reading.time, reading.system,
        reading.encoding,
    )  # fmt: skip
    given = personas_of(personas) if personas is not None else []
    if dry_run:
        seen = [preview(file, form, how) for file in files]
        if as_json:
            out().out(json.dumps({"files": [_preview_record(each) for each in seen]}))
            return
        for one in seen:
            _show_preview(one, how)
        return
    target = store or Path("runs") / "imported.db"
    if target.suffix.lower() not in (".db", ".sqlite", ".sqlite3") and target in files:
        raise BadRequest(f"--output {target}: is one of the files; name a store")
    done = [import_file(file, target, form=form, how=how, personas=given) for file in files]
    if as_json:
        out().out(json.dumps({"store": str(target), "files": [_record(each) for each in done]}))
        return
    for each in done:
        out().print(_told(each), soft_wrap=True)
    from sim.cli.display.terminal import command_line

    out().print(f"Next: {command_line('analyze', target)}", style="dim", soft_wrap=True)


def _told(found: Imported) -> str:
    from sim.cli.display.terminal import one_line

    told = (
        f"{one_line(str(found.path))} ({found.format.name}): "
        f"{_count(found.conversations, 'conversation')}, {_count(found.turns, 'turn')}, "
        f"{_count(found.speakers, 'speaker')}"
    )
    if found.known:
        told += f"; {found.known:,} {'was' if found.known == 1 else 'were'} there already"
    if found.left_out:
        # System messages come in when asked for, so the option is named where they were left out.
        each = (f"{what} ({number:,})" for what, number in found.left_out.items())
        told += f". Left out: {', '.join(each)}"
        if "system messages" in found.left_out:
            told += "; --system takes system messages in"
    if found.format.name == "elsinore":
        told += ". An export has no prompts, replies, times and hidden truths"
    if not found.format.tried:
        told += ". This format was not tried on a real export: look at what came of it"
    return told


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _show_preview(found: Preview, how: ReadOptions) -> None:
    from rich.text import Text

    from sim.cli.display.terminal import one_line, out, shortened, visible

    console = out()
    console.print(
        Text(f"{one_line(str(found.path))}: {found.format.name}, {found.format.about}", "bold")
    )
    columns = getattr(found.format, "columns", None)
    if columns is not None:
        console.print(Text(f"columns: {one_line(str(columns(found.path, how)))}"))
    for turn in found.turns:
        where = f"{one_line(turn.conversation)}  " if turn.conversation else ""
        line = Text(where, style="dim")
        line.append(f"{one_line(turn.speaker)}: ", style="bold not dim")
        line.append(shortened(visible(" ".join(turn.text.split())), 100), style="not dim")
        console.print(line)
    if not found.turns:
        console.print(Text("nobody says anything in it", style="yellow"))


def _preview_record(found: Preview) -> dict[str, Any]:
    return {
        "file": str(found.path),
        "format": found.format.name,
        "turns": [
            {"conversation": turn.conversation, "speaker": turn.speaker, "text": turn.text,
             "at": turn.at, "line": turn.line}
            for turn in found.turns
        ],
    }  # fmt: skip


def _record(found: Imported) -> dict[str, Any]:
    return {
        "file": str(found.path),
        "format": found.format.name,
        "conversations": found.conversations,
        "turns": found.turns,
        "speakers": found.speakers,
        "known": found.known,
        "left_out": dict(found.left_out),
        "trials": list(found.trials),
    }
