"""Texts with attributes in braces: ``A {job} of {age}.``

Only names stand in braces. Nothing of a value but its words comes into a text: templates are in
files that people send each other, and ``str.format`` would reach into Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sim.errors import SceneError

_FIELD: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|(?P<odd>[{}])")


def fields_of(template: str, where: str) -> list[str]:
    """The names in braces, in their order. Raises ``SceneError`` for braces that hold no name.

    >>> fields_of("A {job} of {age}.", "brief")
    ['job', 'age']
    """
    names = []
    for match in _FIELD.finditer(template):
        if match["odd"] or (match["name"] is not None and not match["name"].isidentifier()):
            raise SceneError(
                f"{where}: {match[0]!r:.40} in {template!r:.60} is no name in braces; double the "
                "braces that are meant as they stand"
            )
        if match["name"]:
            names.append(match["name"])
    return names


def filled(template: str, words: Mapping[str, str]) -> str:
    """A template with the words of attributes.

    >>> filled("A {job} of {age}, {{sic}}.", {"job": "baker", "age": "41"})
    'A baker of 41, {sic}.'
    """

    def word(match: re.Match[str]) -> str:
        return match[0][0] if match["name"] is None else words[match["name"]]

    return _FIELD.sub(word, template)


def word_of(value: Any, said: Mapping[Any, str]) -> str:
    """A value in words: what is said for it, or itself.

    >>> word_of(41.0, {}), word_of(True, {}), word_of("none", {"none": "out of work"})
    ('41', 'yes', 'out of work')
    """
    for known, text in said.items():
        if known == value and isinstance(known, bool) is isinstance(value, bool):
            return text
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
