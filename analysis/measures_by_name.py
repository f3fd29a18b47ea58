"""Measures by name: Elsinore's own, and those of other packages.

Another package adds a measure by an entry point in ``elsinore.measures`` (``sim.extensions``) that
names a class derived from ``analysis.results.Result``, whose ``measure`` is the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import analysis
from analysis.measure_names import names, own
from analysis.results import Result
from analysis.tables import Tables
from sim import extensions
from sim.errors import BadRequest
from sim.text.suggestions import nearest


def named(name: str, asked: str) -> type[Result]:
    """The measure of that name. ``asked`` is what the user wrote, as it stands in the message.

    Raises ``BadRequest`` if there is none, ``ExtensionError`` if the package that has it is broken.

    >>> named("conflict", "--measure conflict").measure
    'conflict'
    """
    if name in own():
        measure: type[Result] = getattr(analysis, name)
        return measure
    added = extensions.find("measures", name)
    if added is None:
        raise BadRequest(f"{asked}: there is no measure {name!r}{nearest(name, names())}")
    return from_package(added)


def from_package(added: extensions.Extension) -> type[Result]:
    """The measure that an entry point of another package names.

    Raises ``ExtensionError`` if it does not load or is no measure.
    """
    measure = added.load()
    if not (isinstance(measure, type) and issubclass(measure, Result)):
        raise added.wrong("is no class derived from analysis.Result")
    if getattr(measure, "measure", None) != added.name:
        told = getattr(measure, "measure", None)
        raise added.wrong(f"is called {told!r} by itself; let both names be the same")
    return measure


def measured(
    name: str, tables: Tables, asked: str, settings: Mapping[str, Any] | None = None
) -> Result:
    """What the measure of that name says of these tables, told ``settings`` by the names of its
    own parameters. Raises as ``check_told`` does."""
    return check_told(name, asked, settings)(tables, **(settings or {}))


def check_told(name: str, asked: str, settings: Mapping[str, Any] | None = None) -> type[Result]:
    """The measure of that name, which can be made when it is told ``settings`` besides the trials.

    Raises as ``named`` does, and ``BadRequest`` for a measure that needs to be told more, or takes
    no such setting.
    """
    measure = named(name, asked)
    told = settings or {}
    try:
        signature(measure).bind(None, **told)
    except TypeError as error:
        wrong = "needs to be told more than the trials"
        if told:
            wrong = f"has to be told other things than {', '.join(told)} ({error})"
        raise BadRequest(
            f"{asked}: {name} {wrong}; make it in Python, as in "
            f"analysis.{name}(data, ...), or give settings= in the contrast of a study"
        ) from None
    return measure
