"""What other installed packages add to Elsinore, found by their entry points.

A package declares in its ``pyproject.toml`` what it adds, one line each::

    [project.entry-points."elsinore.scenarios"]
    storm = "weather.scenes:storm"

Only the declarations are read to find out what there is; the package's code is imported when a name
of it is used. A package that does not load is an error for whoever names it, and for nobody else.

Entry points: https://packaging.python.org/specifications/entry-points
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sim.errors import BadRequest

GROUPS = {
    "scenarios": "a function that returns a Scene or a Tournament: elsinore run NAME",
    "studies": "a function that returns a Study: elsinore study NAME",
    "stages": "a function that opens a stage for what follows the scheme: --model NAME:...",
    "routers": "a class of routers, so that stored scenes with it can be played on",
    "measures": "a class derived from Result: elsinore analyze STORE --measure NAME",
    "instruments": "a detector, or an instrument: elsinore calibrate --instrument NAME",
    "formats": "a format of transcripts: elsinore import --format NAME, and export",
}
"""The groups, ``elsinore.scenarios`` and so on, and what an entry point of each names. A line here
makes a group: ``elsinore list`` shows it, and ``find`` finds its names."""


_BEFORE = "elsinore."
"""What stands before the name of a group in a package's declaration."""


class ExtensionError(BadRequest):
    """What a package declares does not load, or is not what its group asks for."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One thing that another package adds: its group, its name, and where it comes from."""

    group: str
    name: str
    package: str
    version: str
    entry: EntryPoint = field(repr=False)

    @property
    def origin(self) -> str:
        """The package and its version, as people read them."""
        return f"{self.package} {self.version}".strip()

    def load(self) -> Any:
        """What the entry point names. Raises ``ExtensionError`` if it cannot be imported."""
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            # It is somebody else's code and may raise anything, or call sys.exit().
            raise self.wrong(f"does not load ({type(error).__name__}: {error})") from error

    def wrong(self, what: str) -> ExtensionError:
        """The error that says what is wrong with it, where it is, and how to be rid of it."""
        return ExtensionError(
            f"{self.package}: its entry point {self.name!r} in elsinore.{self.group} "
            f"({self.entry.value}) {what}; mend the package, or uninstall it"
        )


def installed(group: str) -> tuple[Extension, ...]:
    """What other packages add to a group, by name. Nothing of theirs is imported.

    >>> [each.group for each in installed("scenarios") if each.group != "scenarios"]
    []
    """
    if group not in GROUPS:
        raise ValueError(f"{group} is no group; use one of {', '.join(GROUPS)}")
    return tuple(each for each in _declared(tuple(sys.path)) if each.group == group)


def misnamed() -> list[tuple[str, str]]:
    """Groups that packages declare as Elsinore's and that it does not have, after the package: what
    stands there is found by nobody.

    >>> misnamed()
    []
    """
    every = entry_points()
    declared = {
        (each.dist.name if each.dist is not None else each.value, group)
        for group in every.groups
        if group.startswith(_BEFORE) and group.removeprefix(_BEFORE) not in GROUPS
        for each in every.select(group=group)
    }
    return sorted(declared)


def packages() -> tuple[str, ...]:
    """The packages that add something, in alphabetical order."""
    return tuple(sorted({each.package for each in _declared(tuple(sys.path))}))


@lru_cache(maxsize=8)
def _declared(path: tuple[str, ...]) -> tuple[Extension, ...]:
    """All declarations in the folders from which Python imports, which are read once."""
    every = entry_points()
    found = {
        (group, each.name, each.value): Extension(
            group,
            each.name,
            each.dist.name if each.dist is not None else "",
            each.dist.version if each.dist is not None else "",
            each,
        )
        for group in GROUPS
        for each in every.select(group=f"{_BEFORE}{group}")
    }
    return tuple(sorted(found.values(), key=lambda each: (each.name, each.package)))


def names(group: str, but: Iterable[str] = ()) -> tuple[str, ...]:
    """The names that other packages add to a group, but those that are Elsinore's own."""
    own = frozenset(but)
    return tuple(dict.fromkeys(each.name for each in installed(group) if each.name not in own))


def find(group: str, name: str) -> Extension | None:
    """What adds this name to a group; None if nothing does.

    Raises ``ExtensionError`` if two packages do, since either could be meant.
    """
    fitting = [each for each in installed(group) if each.name == name]
    if len(fitting) > 1:
        raise ExtensionError(
            f"{name!r} in elsinore.{group} is declared by {' and by '.join(_origins(fitting))}; "
            "uninstall all but one"
        )
    return fitting[0] if fitting else None


def _origins(some: Iterable[Extension]) -> list[str]:
    return [each.origin for each in some]


def usable(group: str, but: Iterable[str] = ()) -> Iterator[Extension | ExtensionError]:
    """Each name that other packages add to a group: where it comes from, or what is wrong with it.

    ``but`` are Elsinore's own names, which no other package can take.
    """
    own = frozenset(but)
    for name in dict.fromkeys(each.name for each in installed(group)):
        try:
            found = find(group, name)
        except ExtensionError as error:
            yield error
            continue
        assert found is not None
        yield found.wrong("has the name of one of Elsinore's own") if name in own else found
