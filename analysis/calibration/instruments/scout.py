"""A scanner of Inspect Scout as an instrument, where ``inspect-scout`` is installed.

``scout:MODULE:SCANNER`` names a function that was made a scanner by ``@scanner`` and reads messages
of transcripts. Each turn of the actor is scanned as the last message of a transcript that ends
there: the actor's lines are the assistant's, everybody else's are the user's. What the scanner
finds (``Result.value``) is the score: True is 1, a number itself, nothing is missing; of several
results the largest counts. A file counts as a module (``scout:my_scanners.py:hostile``).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, cast

import numpy as np

from analysis.calibration.instruments.base import Scored, rises, version_of
from analysis.calibration.talks import Shown, Talk
from sim.errors import BadRequest
from sim.planning.scenarios import load_file
from sim.text.suggestions import nearest


@dataclass(frozen=True)
class Scout:
    """A scanner of Inspect Scout. ``source`` is the file that defines it."""

    name: str
    scanner: Callable[..., Any] = field(repr=False)
    source: bytes = field(default=b"", repr=False)
    detects: str = "flip"
    threshold: float | None = None
    samples: bool = True

    @property
    def version(self) -> str:
        return version_of([self.name, self.source])

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        scan = self.scanner()

        async def scanned(talk: Talk) -> Scored:
            found = [await scan(_transcript(talk, place)) for place in talk.own]
            scores = np.array([value_of(each) for each in found], dtype=np.float64)
            if self.threshold is None and all(isinstance(_value(each), bool) for each in found):
                return Scored(scores, rises(scores, 1.0))  # Decisions: nothing is to be fitted.
            return Scored(scores)

        async def every() -> list[Scored]:
            return [await scanned(talk) for talk in shown.talks]

        # In a thread of its own, since whoever calls may be in a running loop (a notebook).
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, every()).result()


def value_of(found: Any) -> float:
    """The score in what a scanner returned; NaN for nothing, or a value that is no number.

    >>> class Result:
    ...     value = True
    >>> value_of(Result()), value_of([Result(), Result()]), value_of(None)
    (1.0, 1.0, nan)
    """
    if isinstance(found, list):
        known = [value for value in map(value_of, found) if not np.isnan(value)]
        return max(known, default=0.0)
    value = _value(found)
    return float(value) if isinstance(value, bool | int | float) else float("nan")


def _value(found: Any) -> Any:
    return getattr(found, "value", None)


def _transcript(talk: Talk, place: int) -> Any:
    """A talk up to one of its turns, as Scout has it."""
    # Imported where they are used: no dependency of ours.
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
    from inspect_scout import Transcript

    said = [
        (ChatMessageAssistant if turn.speaker == talk.actor else ChatMessageUser)(content=turn.text)
        for turn in talk.turns[: place + 1]
    ]
    return Transcript(
        transcript_id=f"{talk.trial}-{place}", source_type="elsinore", source_id=talk.trial,
        source_uri=f"elsinore:{talk.trial}", messages=said,
    )  # fmt: skip


def scanner_from(spec: str, detects: str | None = None) -> Scout:
    """The scanner that ``MODULE:SCANNER`` names. Raises ``BadRequest`` if there is none, or if
    Inspect Scout is not installed."""
    where = f"--instrument scout:{spec}"
    if find_spec("inspect_scout") is None:
        raise BadRequest(f"{where}: needs Inspect Scout; pip install inspect-scout")
    module_name, _, name = spec.rpartition(":")
    if not module_name:
        raise BadRequest(f"{where}: write scout:MODULE:SCANNER")
    scanner = _scanner(module_name, name, where)
    source = inspect.getsourcefile(inspect.unwrap(scanner))
    content = Path(source).read_bytes() if source else b""
    return Scout(f"scout:{name}", scanner, content, detects or "flip")


def _scanner(module: str, name: str, where: str) -> Callable[..., Any]:
    if module.endswith(".py"):
        loaded = load_file(Path(module))
        found = getattr(loaded, name, None)
        known = [each for each, value in vars(loaded).items() if callable(value)]
        if not callable(found):
            raise BadRequest(f"{where}: no such scanner{nearest(name, known)}")
        return cast(Callable[..., Any], found)
    try:
        return cast(Callable[..., Any], resolve_name(f"{module}:{name}"))
    except (ImportError, AttributeError, ValueError) as error:
        raise BadRequest(f"{where}: {error}") from None
