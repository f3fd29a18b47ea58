"""Typed answers: checks whether a text fits a JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.text.typed_answers import read_answer

REPAIR = (
    "That is no valid answer: {problem}. "
    "Answer with one JSON object of this schema and nothing else: {schema}"
)
"""The request for another answer after one that could not be read."""


def complaint(text: str, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer, or None if it can be read.

    Everything is accepted that ``sim.scene.answers`` can read: JSON in the middle of prose, a bare
    number for a schema with one number, bare words for one with one text or choice.

    >>> schema = {"type": "object", "required": ["stance"],
    ...           "properties": {"stance": {"type": "number", "minimum": -1, "maximum": 1}}}
    >>> complaint('I would say {"stance": 0.5}.', schema)
    >>> complaint('{"stance": 7}', schema)
    'stance: 7 is more than 1'
    >>> complaint("Perhaps.", schema)
    'there is no JSON object in it'
    """
    _, problem = read_answer(text, schema)
    return None if problem is None else problem.text
