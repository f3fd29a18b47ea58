"""Grammars of typed answers in GBNF, the form of llama.cpp's server.

A base model that goes on with a script gives its answer in the script's words ("My number is 0.5"),
so what has to fit is the value alone or the JSON object that holds it, whichever comes. Every other
token is impossible. Answers of several fields, and those in free words, have no grammar.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil, floor
from typing import Any

_WIDEST = 200
"""The largest number of a scale whose whole numbers are all written into its grammar."""


def grammar_of(schema: Mapping[str, Any]) -> str | None:
    """The grammar of an answer with one number or one of several words; None for any other.

    >>> print(grammar_of({"properties": {"tea": {"type": "string", "enum": ["yes", "no"]}}}))
    root ::= " "? (value | object)
    object ::= "{" " "? "\\"tea\\"" ":" " "? quoted " "? "}"
    value ::= "yes" | "no"
    quoted ::= "\\"yes\\"" | "\\"no\\""
    >>> grammar_of({"properties": {"because": {"type": "string"}}})
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or len(properties) != 1:
        return None
    [(field, about)] = properties.items()
    if not isinstance(about, Mapping):
        return None
    options = about.get("enum")
    if isinstance(options, list) and options and all(isinstance(one, str) for one in options):
        rules = [
            f"value ::= {' | '.join(map(_text, options))}",
            f"quoted ::= {' | '.join(_text(_json(one)) for one in options)}",
        ]
    elif about.get("type") in ("number", "integer"):
        whole = about["type"] == "integer"
        rules = [*_number(about.get("minimum"), about.get("maximum"), whole), "quoted ::= value"]
    else:
        return None
    held = f'object ::= "{{" " "? {_text(_json(field))} ":" " "? quoted " "? "}}"'
    return "\n".join(['root ::= " "? (value | object)', held, *rules])


def _number(low: object, high: object, whole: bool) -> list[str]:
    """The rules of a number from ``low`` to ``high``, with at most three digits after the point.

    A scale that is wider than ``_WIDEST`` or has no ends only limits the digits; what is off it is
    refused by the reader.

    >>> _number(1, 3, True)
    ['value ::= "1" | "2" | "3"']
    >>> for rule in _number(-1, 2, False):
    ...     print(rule)
    value ::= "0" fraction? | "1" fraction? | "2" zeros? | "-" ("0" fraction? | "1" zeros?)
    fraction ::= "." [0-9]{1,3}
    zeros ::= "." "0"{1,3}
    """
    fraction = "" if whole else " fraction?"
    rules = [] if whole else ['fraction ::= "." [0-9]{1,3}', 'zeros ::= "." "0"{1,3}']
    ends = [float(end) for end in (low, high) if isinstance(end, int | float)]
    if len(ends) < 2 or max(map(abs, ends)) > _WIDEST:
        sign = "" if isinstance(low, int | float) and low >= 0 else '"-"? '
        digits = 'digits ::= "0" | [1-9] [0-9]{0,17}'
        return [f"value ::= {sign}digits{fraction}", digits, *rules[:1]]
    least, most = ends
    sides = _from_to(max(least, 0.0), most, whole) if most >= 0 else []
    if least < 0:
        below = _from_to(max(-most, 0.0), -least, whole)
        sides.append(f'"-" ({" | ".join(below)})')
    return [f"value ::= {' | '.join(sides)}", *rules]


def _from_to(low: float, high: float, whole: bool) -> list[str]:
    """Every whole number of a scale without negative ones, and what may follow it."""
    if whole:
        return [f'"{number}"' for number in range(ceil(low), floor(high) + 1)]
    return [
        f'"{number}" {"zeros?" if number == high else "fraction?"}'
        for number in range(floor(low), floor(high) + 1)
    ]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _text(text: str) -> str:
    r"""A text as it stands in a grammar.

    >>> print(_text('say "no"'))
    "say \"no\""
    """
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return f'"{"".join(escapes.get(letter, letter) for letter in text)}"'
