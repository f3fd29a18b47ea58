"""Tournaments from TOML files.

name = "Cup"
stage = "embedded:base"
judges = ["embedded:base", { stage = "embedded:rlhf", name = "polite" }]

[format]
kind = "swiss"
rounds = 5

[debate]
rebuttals = 2

[[motions]]
topic = "The town should sell its spring."

[[entrants]]
name = "Stoic"
persona = { brief = "Never raises her voice.", traits = ["calm"] }
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import BadRequest, SceneError
from sim.input_files import read_toml
from sim.scene.base_model import AuthoredModel
from sim.tournament.entrants import Entrant, Motion
from sim.tournament.formats import read_format
from sim.tournament.rubric import Judge
from sim.tournament.tournament import Tournament


def read_tournament(path: Path | str, changes: Mapping[str, Any] | None = None) -> Tournament:
    """The tournament in a TOML file. ``changes`` replace its fields (``judges``, ...).

    Raises ``BadRequest`` with the file, the field, and how to correct it.
    """
    path = Path(path)
    table = read_toml(path)
    try:
        return tournament_from({"name": path.stem, **table, **(changes or {})})
    except SceneError as error:
        raise BadRequest(f"{path}: {error}") from None


def tournament_from(table: Mapping[str, Any]) -> Tournament:
    """A tournament from a table as a file has it. Raises ``SceneError``.

    >>> table = {"name": "Cup", "entrants": [{"name": "a"}, {"name": "b"}], "motions": ["Tea?"],
    ...          "format": {"kind": "round-robin", "times": 2}}
    >>> tournament_from(table).rounds
    2
    """
    fields = dict(table)
    for field in ("entrants", "motions"):
        if field not in fields:
            raise SceneError(f"Tournament.{field}: is missing; add [[{field}]] to the file")
        if not isinstance(fields[field], list | tuple):
            raise SceneError(f"Tournament.{field}: is no list; write [[{field}]], once for each")
    if not isinstance(fields.get("judges", ()), list | tuple):
        raise SceneError('Tournament.judges: is no list; write judges = ["embedded:base"]')
    for field, kind in (("entrants", Entrant), ("motions", Motion), ("judges", Judge)):
        if isinstance(fields.get(field), list | tuple):
            # One by one, so that a message can name the entry.
            fields[field] = [
                _one(kind, each, f"{field}, number {number}")
                for number, each in enumerate(fields[field], 1)
            ]
    stages = fields.get("stages")
    if isinstance(stages, Mapping):
        # small = "openai:gpt-5-mini" is short for a table with nothing but the model.
        fields["stages"] = {
            name: {"model": stage} if isinstance(stage, str) else stage
            for name, stage in stages.items()
        }
    form = fields.get("format", {})
    if isinstance(form, str):
        form = {"kind": form}
    if isinstance(form, Mapping):
        options = {name: value for name, value in form.items() if name != "kind"}
        fields["format"] = read_format(str(form.get("kind", "round-robin")), options)
    return Tournament(**fields)


def _one(kind: type[AuthoredModel], entry: Any, where: str) -> Any:
    """An entry of a list, which may be a text where its kind has a short form."""
    if isinstance(entry, str) and kind is not Entrant:
        entry = {"topic" if kind is Motion else "stage": entry}
    if isinstance(entry, kind):
        return entry
    if not isinstance(entry, Mapping):
        raise SceneError(f"{where}: {entry!r:.40} is no table; write {{ ... }} with its fields")
    name = entry.get("name")
    called = f" ({name})" if isinstance(name, str) else ""
    try:
        return kind(**entry)
    except SceneError as error:
        raise SceneError(f"{where}{called}: {error}") from None
