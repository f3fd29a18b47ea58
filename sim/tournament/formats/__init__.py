"""Formats of tournaments: who meets whom in which round.

A format is anything with the three members of ``Format``; those that are shipped have a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sim.errors import SceneError
from sim.text.suggestions import meant, nearest
from sim.tournament.formats.base import Format, Meeting, Standing, standings
from sim.tournament.formats.knockout import Knockout
from sim.tournament.formats.round_robin import RoundRobin
from sim.tournament.formats.swiss import Swiss

__all__ = [
    "FORMATS",
    "Format",
    "Knockout",
    "Meeting",
    "RoundRobin",
    "Standing",
    "Swiss",
    "read_format",
    "standings",
]

FORMATS: Mapping[str, type[RoundRobin | Swiss | Knockout]] = MappingProxyType(
    {"round-robin": RoundRobin, "swiss": Swiss, "knockout": Knockout}
)
"""The formats that have a name, by it."""


def read_format(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> Format:
    """The format of that name, with these options, as a tournament's file gives them.

    Raises ``SceneError`` for an unknown name or option, with the most similar one, and for a value
    that an option cannot have.

    >>> read_format("swiss", {"rounds": 7}).rounds(200, 2)
    7
    >>> read_format("swis")
    Traceback (most recent call last):
    sim.errors.SceneError: no format 'swis'; did you mean swiss? Known: round-robin, swiss, knockout
    """
    kind = FORMATS.get(name)
    if kind is None:
        raise SceneError(f"no format {name!r}{nearest(name, FORMATS)}")
    known = [field.alias or field_name for field_name, field in kind.model_fields.items()]
    for option in options:
        if option not in known:
            raise SceneError(
                f"format {name!r}: no option {option!r}{meant(str(option), known)}; there are: "
                f"{', '.join(known)}"
            )
    return kind(**options)
