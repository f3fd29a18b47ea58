"""What a store holds that nobody wrote is told as damage, wherever it is noticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sim.errors import ElsinoreError, StoreDamaged, StoreRefused
from sim.store.connection import damaged, is_damage
from sim.store.shapes import Broken
from sim.text.printing import command_line


class OfAFile(Protocol):
    """Something that reads the store at a path."""

    path: Path


Of = TypeVar("Of", bound=OfAFile)
Given = ParamSpec("Given")
Result = TypeVar("Result")


@contextmanager
def reading(path: Path, trial: str = "") -> Iterator[None]:
    """Turn what reading a store raises into ``StoreRefused``, or ``StoreDamaged`` if rows do not
    decode. ``trial`` is the trial whose rows they are, if they are of one."""
    try:
        yield
    except ElsinoreError:
        raise
    except sqlite3.Error as error:
        if is_damage(error):
            raise damaged(path, error) from error
        raise StoreRefused(f"store {path}: cannot be read ({error}); use a backup") from error
    except Broken as error:
        told = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        if trial:
            raise StoreDamaged(
                f"trial {trial}: what the store holds of it cannot be read ({told:.200}); "
                f"try: {command_line('verify', path)}"
            ) from error
        raise damaged(path, f"{told:.200}") from error


def told_as_damage(
    method: Callable[Concatenate[Of, Given], Result],
) -> Callable[Concatenate[Of, Given], Result]:
    """A method that reads a store, inside ``reading``."""

    @wraps(method)
    def told(self: Of, /, *given: Given.args, **named: Given.kwargs) -> Result:
        with reading(self.path):
            return method(self, *given, **named)

    return told
