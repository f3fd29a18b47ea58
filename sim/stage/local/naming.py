"""What comes after ``gguf:``: a name or a file, and how it is to be run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from sim.errors import ModelError
from sim.stage.local.header import is_gguf
from sim.stage.local.weights import PACKAGED, Weights, join, packaged, sha256_of
from sim.text.suggestions import meant, nearest

CONTEXT = 4096
"""The tokens of a prompt and its reply together, unless ``context=`` says otherwise."""

SLOTS = 4
"""The prompts that are kept and continued at once, unless ``slots=`` says otherwise."""

_NUMBERS = {"threads": (1, 1024), "context": (256, 1 << 20), "slots": (1, 64)}
_SUM = re.compile(r"[0-9a-f]{16,64}")
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model of this machine, and how it is run. ``threads`` is None for a trial at the start.

    The identity holds what changes replies: the name, the weights by their SHA-256, and the context
    if it is not the usual one (a prompt that is too long is a failure). Threads and slots change
    the speed only.
    """

    model: str
    name: str
    sha256: str
    path: Path | None
    threads: int | None = None
    context: int = CONTEXT
    slots: int = SLOTS

    @property
    def identity(self) -> str:
        """The name with what changes replies."""
        context = "" if self.context == CONTEXT else f"&context={self.context}"
        return f"gguf:{self.name}?sha256={self.sha256[:_SHOWN]}{context}"

    def weights(self) -> Weights:
        """The file. Packaged weights are joined at the first call, which takes a second."""
        return Weights(join(self.name) if self.path is None else self.path, self.sha256)


def read_model(model: str) -> LocalModel:
    """The model that a string names.

    A file is looked for if the name has a folder or the ending ``.gguf``. Raises ``ModelError``.

    >>> read_model("gguf:gemma3-270m?slot=2")
    Traceback (most recent call last):
    ...
    sim.errors.ModelError: model 'gguf:gemma3-270m?slot=2': no setting 'slot'; did you mean slots?
    """
    name, question, query = model.removeprefix("gguf:").rpartition("?")
    if not question:
        name, query = query, ""
    given = _settings(model, query)
    wanted = given.pop("sha256", "")
    numbers = {key: _number(model, key, value) for key, value in given.items()}
    known = PACKAGED.get(name)
    if known is not None:
        packaged(name)
        shown, path, sha256 = name, None, known.sha256
    else:
        shown, path, sha256 = _file(model, name)
    if not sha256.startswith(wanted):
        raise ModelError(
            f"model {model!r}: the file's SHA-256 is {sha256}; these are other weights than those "
            "that are asked for"
        )
    return LocalModel(
        model,
        shown,
        sha256,
        path,
        numbers.get("threads"),
        numbers.get("context", CONTEXT),
        numbers.get("slots", SLOTS),
    )


class _File(NamedTuple):
    """A file of weights: the name that is shown, where it is, and its SHA-256."""

    shown: str
    path: Path
    sha256: str


def _file(model: str, name: str) -> _File:
    path = Path(name).expanduser()
    if not path.is_file():
        if path.suffix == ".gguf" or len(path.parts) > 1:
            raise ModelError(f"model {model!r}: there is no file {name}; check the path")
        raise ModelError(
            f"model {model!r}: no such weights{nearest(name, PACKAGED)}; a file is gguf:FILE.gguf"
        )
    try:
        if not is_gguf(path):
            raise ModelError(
                f"model {model!r}: {name} is no GGUF file; convert the weights, or name another"
            )
        return _File(path.name, path, sha256_of(path))
    except OSError as error:
        raise ModelError(f"model {model!r}: {name} cannot be read ({error.strerror})") from None


def _settings(model: str, query: str) -> dict[str, str]:
    """The settings behind the question mark."""
    known = (*_NUMBERS, "sha256")
    settings: dict[str, str] = {}
    for part in query.split("&") if query else ():
        key, _, value = part.partition("=")
        if key not in known:
            raise ModelError(
                f"model {model!r}: no setting {key!r}{meant(key, known) or nearest(key, known)}"
            )
        if key in settings:
            raise ModelError(f"model {model!r}: {key!r} is given twice; give it once")
        settings[key] = unquote(value)
    if "sha256" in settings and not _SUM.fullmatch(settings["sha256"]):
        raise ModelError(
            f"model {model!r}: sha256 has 16 to 64 digits of 0-9a-f; leave it out to take any file"
        )
    return settings


def _number(model: str, key: str, value: str) -> int:
    least, most = _NUMBERS[key]
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ModelError(
            f"model {model!r}: {key}={value} is no whole number from {least} to {most}"
        )
    return int(value)
