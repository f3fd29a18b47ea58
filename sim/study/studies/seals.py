"""Sealed studies: a design in a file, fixed now, to be carried out once on a model of the future.

A seal holds what the study fixes (``registration``), which models may play each role (by the
beginnings of their names), a *canary*: a text that nobody has published, by which a later model
that repeats it shows that it has read the seal, and a hash of all three. The first model that is
eligible opens it; another is refused from then on, since who tries several models and reports one
has chosen by the outcome.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from sim.errors import BadRequest
from sim.input_files import read_text
from sim.output_files import write_text
from sim.study.studies.design import Design
from sim.study.studies.deviations import deviations
from sim.study.studies.registration import digest, facts_of

KIND = "elsinore study seal, version 2"

_HASHED = ("facts", "eligible", "canary")
"""What the hash is of. ``opened`` comes later, and the study's name is one of its facts."""

_LATER = ("models", "stages", "version")
"""What is not fixed by a seal: models come later, and so does the version that plays them."""


def seal(design: Design, eligible: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The seal of a design. ``eligible`` are the beginnings of the names of models, by role."""
    fixed = {
        "eligible": {role: list(names) for role, names in eligible.items()},
        "canary": f"elsinore canary {uuid4()}",
        "facts": _fixed(facts_of(design)),
    }
    name = design.study.name
    return {"kind": KIND, "study": name, "hash": digest(fixed), "opened": None, **fixed}


def write_seal(path: Path, made: Mapping[str, Any]) -> None:
    """Write a seal to a new file. Raises ``BadRequest`` if there is one: a seal that was written
    anew would be another one, which nobody has opened."""
    if path.is_file():
        raise BadRequest(f"--seal {path}: is there already; name a file that is not")
    write_text(path, json.dumps(made, indent=2) + "\n", "--seal")


def read_seal(path: Path) -> dict[str, Any]:
    """A seal from its file. Raises ``BadRequest`` if it is none, or was changed."""
    text = read_text(path, "--open")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"--open {path}: is no JSON ({error})") from None
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise BadRequest(f"--open {path}: is no seal; elsinore study NAME --seal FILE writes one")
    now = digest({name: found.get(name) for name in _HASHED})
    if now != found.get("hash") or not isinstance(found.get("opened"), dict | None):
        raise BadRequest(
            f"--open {path}: was changed after it was sealed (its hash was {found.get('hash')}); "
            "use the file as it was written"
        )
    return found


def check_seal(found: Mapping[str, Any], design: Design, path: Path) -> None:
    """Check that this design may open a seal, and open nothing.

    Raises ``BadRequest`` if the study is no longer what was sealed, if a model is not eligible, or
    if another one has opened it.
    """
    name = found["facts"]["study"]
    if name != design.study.name:
        raise BadRequest(f"--open {path}: seals the study {name}, not {design.study.name}")
    changed = deviations(found["facts"], _fixed(facts_of(design)))
    if changed:
        raise BadRequest(f"--open {path}: the study is not what was sealed: {changed[0]}")
    for role, model in design.models.items():
        names = found["eligible"].get(role, [])
        if names and not any(model.startswith(name) for name in names):
            raise BadRequest(
                f"--open {path}: {model} may not play {role}; eligible: {', '.join(names)}"
            )
    models = dict(design.models)
    if found["opened"] not in (None, models):
        told = ", ".join(f"{role}={model}" for role, model in found["opened"].items())
        raise BadRequest(f"--open {path}: was opened for {told} already, and is for one alone")


def open_seal(found: Mapping[str, Any], design: Design, path: Path) -> None:
    """Open a seal for these models, and note that in its file. Raises as ``check_seal`` does."""
    check_seal(found, design, path)
    if found["opened"] is None:
        opened = {**found, "opened": dict(design.models)}
        write_text(path, json.dumps(opened, indent=2) + "\n", "--open")


def _fixed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without what comes later. The ids of trials hold the stages' identities, so the
    scenes are known by their scenarios and parameters here."""
    return {name: value for name, value in facts.items() if name not in (*_LATER, "trials")}
