"""The formats by name, and how a file's format is found by its content.

Other packages add formats by entry points in ``elsinore.formats`` (``sim.extensions``): an object
with what ``sim.formats.format.Format`` asks for.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sim import extensions
from sim.errors import BadRequest
from sim.formats.format import HEAD, FormatError, Head
from sim.text.suggestions import nearest

if TYPE_CHECKING:
    from sim.formats.format import Format

log = logging.getLogger(__name__)

FORMATS = (
    "elsinore", "csv", "tsv", "script", "whatsapp", "telegram", "slack", "discord", "openai",
    "sharegpt", "claude", "chatgpt", "convokit", "inspect", "petri", "loom", "parquet", "jsonl",
)  # fmt: skip
"""The names of our formats. Each is loaded when it is used."""

LEAST = 0.25
"""A file that fits no format better than this is of none."""


def named(name: str) -> Format:
    """A format by its name. Raises ``BadRequest`` with the names that there are.

    >>> named("csv").name
    'csv'
    """
    match name:
        case "elsinore":
            from sim.formats import elsinore_export

            return elsinore_export.ELSINORE
        case "csv":
            from sim.formats import delimited

            return delimited.CSV
        case "tsv":
            from sim.formats import delimited

            return delimited.TSV
        case "script":
            from sim.formats import script

            return script.SCRIPT
        case "whatsapp":
            from sim.formats import whatsapp

            return whatsapp.WHATSAPP
        case "telegram":
            from sim.formats import telegram

            return telegram.TELEGRAM
        case "slack":
            from sim.formats import slack

            return slack.SLACK
        case "discord":
            from sim.formats import discord

            return discord.DISCORD
        case "openai":
            from sim.formats import openai_messages

            return openai_messages.OPENAI
        case "sharegpt":
            from sim.formats import sharegpt

            return sharegpt.SHAREGPT
        case "claude":
            from sim.formats import claude_account

            return claude_account.CLAUDE
        case "chatgpt":
            from sim.formats import chatgpt_account

            return chatgpt_account.CHATGPT
        case "convokit":
            from sim.formats import convokit

            return convokit.CONVOKIT
        case "inspect":
            from sim.formats import inspect_logs

            return inspect_logs.INSPECT
        case "petri":
            from sim.formats import petri

            return petri.PETRI
        case "loom":
            from sim.formats import loom

            return loom.LOOM
        case "jsonl":
            from sim.formats import json_rows

            return json_rows.JSON_ROWS
        case "parquet":
            from sim.formats import parquet

            return parquet.PARQUET
        case _:
            added = extensions.find("formats", name)
            if added is not None:
                return from_package(added)
            known = nearest(name, (*FORMATS, *extensions.names("formats", FORMATS)))
            raise BadRequest(f"--format {name}: there is no such format{known}")


def from_package(added: extensions.Extension) -> Format:
    """The format that an entry point of another package names.

    Raises ``ExtensionError`` if it does not load or lacks what a format has.
    """
    form: Format = added.load()
    lacks = [
        part
        for part in ("name", "about", "loses", "tried", "fits", "read", "write")
        if not hasattr(form, part)
    ]
    if lacks:
        raise added.wrong(f"is no format: it has no {', '.join(lacks)}")
    if form.name != added.name:
        raise added.wrong(f"is called {form.name!r} by itself; let both names be the same")
    return form


def head_of(path: Path) -> Head:
    """The beginning of a file, or the names in a folder or a zip. Raises ``FormatError``."""
    try:
        if path.is_dir():
            names = sorted(each.name for each in path.iterdir())
            return Head(path, names=tuple(names))
        if not path.is_file():
            what = "is no regular file" if path.exists() else "there is no such file"
            raise FormatError(f"{path}: {what}; name a file or a folder")
        with path.open("rb") as file:
            data = file.read(HEAD)
        names = []
        if data.startswith(b"PK"):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
    except (OSError, zipfile.BadZipFile, UnicodeError, RuntimeError) as error:
        # A damaged zip may have names in no encoding, or parts that nobody knows.
        told = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path}: cannot be read ({told})") from None
    return Head(path, data, tuple(names))


def detected(path: Path) -> Format:
    """The format that fits a file best. Raises ``FormatError`` if none does."""
    head = head_of(path)
    if not head.data and not head.names:
        raise FormatError(f"{path}: is empty; give a file with a conversation in it")
    scores = {name: named(name).fits(head) for name in FORMATS}
    scores |= dict(_fits_of_packages(head))
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < LEAST:
        raise FormatError(
            f"{path}: is of no format that is known by its content; say --format, one of "
            f"{', '.join(scores)}"
        )
    return named(best)


def _fits_of_packages(head: Head) -> Iterator[tuple[str, float]]:
    """How well the formats of other packages fit. One that is broken is named and left out: it
    must not keep anybody from a file of another format."""
    for added in extensions.usable("formats", FORMATS):
        try:
            if isinstance(added, extensions.ExtensionError):
                raise added
            form = from_package(added)
            try:
                yield added.name, float(form.fits(head))
            except Exception as error:  # It is somebody else's code and may raise anything.
                raise added.wrong(
                    f"fails on {head.path} ({type(error).__name__}: {error})"
                ) from error
        except extensions.ExtensionError as error:
            log.warning("%s", error)
