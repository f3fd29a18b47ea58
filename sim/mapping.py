"""Calls of a function with each of several arguments, wherever they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol


class Mapper(Protocol):
    """Calls a function with each of several arguments, somewhere."""

    @property
    def workers(self) -> int:
        """How many calls are carried out at once."""
        ...

    def map(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterable[Any]:
        """What it returns for each, in their order."""
        ...
