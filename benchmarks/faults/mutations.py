"""Inputs that nobody expects, made from inputs that are right: of bytes, of texts, of JSON values.

Everything is drawn from the generator that is given, so that an input can be made again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

ODD_TEXTS = (
    "", " ", "\x00", "\x1b[2J\x1b]0;x\x07", "\ufeff", "\ud83d", "\udc80", "\u202e", "\u2028", "\r",
    "\r\n", "\x85", "\x7f", "\U0010ffff", "é" * 40, "\u0301" * 60, "NaN", "Infinity", "-1e999",
    "9" * 5000, "-0", "0x10", "1_000", "１２", "½", "true", "null", "None", "[]", "{}", '{"a":',
    "[" * 3000, '{"a":' * 3000, "]" * 300, '"', "'", "\\", "\\u0000", "\\ud800", "```", "```json\n",
    "<think>", "</think>", "<|channel|>analysis<|message|>", "**", "*", "_", "(", "（", ":", "：",
    "Ada:", "Ben: ", "**Ada:** ", "A: ", "[A1] ", "Turn 1:", "#", "---", "\n\n", "\t", "%s",
    "{name}", "{0}", "${HOME}", "$type", "=1+1", "@", "a" * 3000, "a b " * 3000, "a.b " * 600,
    "((" * 900, "1, " * 2000, "..." * 300, "<!--", "]]>", "../../x", "C:\\x.db", "file:///x",
    "sk-" + "a" * 40,
)  # fmt: skip
"""Texts that readers stumble over."""

ODD_BYTES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\xbd", b"\xf5\x80\x80\x80",
    b"\r\n", b"\n\n", b"\x1a", b"\x80" * 9, b"\x00" * 500, b"\x1f\x8b\x08\x00", b"%00", b"\\u0000",
)  # fmt: skip
"""Bytes that are no text, or end one."""

_DEEP = "\ue000deep\ue000"
"""Stands in a value for JSON that nests too deep to be built."""


def odd_value(dice: Random, depth: int = 0) -> Any:
    """A JSON value of any type, often at the edge of it."""
    kind = dice.randrange(12 if depth < 3 else 8)
    if kind == 0:
        return None
    if kind == 1:
        return dice.random() < 0.5
    if kind == 2:
        return dice.choice(
            [0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 10**400, dice.randrange(9)]
        )
    if kind == 3:
        return dice.choice([0.5, -0.0, 1e308, -1e-320, float("nan"), float("inf"), float("-inf")])
    if kind in (4, 5, 6):
        return odd_text(dice)
    if kind == 7:
        return _DEEP if dice.random() < 0.3 else {}
    if kind in (8, 9):
        return [odd_value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {odd_text(dice)[:200]: odd_value(dice, depth + 1) for _ in range(dice.randrange(4))}


def odd_text(dice: Random) -> str:
    """A text, often an odd one or several."""
    if dice.random() < 0.2:
        return "".join(chr(dice.choice([dice.randrange(32, 127), dice.randrange(0xD7FF)])) for _ in
                       range(dice.randrange(30)))  # fmt: skip
    return "".join(dice.choice(ODD_TEXTS) for _ in range(dice.choice([1, 1, 1, 2, 3])))


def odd_bytes(content: bytes, dice: Random, times: int = 3) -> bytes:
    """Bytes with a few mistakes: flipped, cut, doubled, overwritten, put in."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, times)):
        at = dice.randrange(len(changed) + 1)
        length = dice.choice([1, 1, 2, 8, 64, 700])
        kind = dice.randrange(6)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            changed[at:at] = bytes(changed[at : at + length]) * dice.choice([1, 2, 50])
        elif kind == 3:
            changed[at : at + length] = dice.randbytes(length)
        elif kind == 4:
            del changed[at:]
        else:
            changed[at:at] = dice.choice(ODD_BYTES) * dice.choice([1, 1, 20])
    return bytes(changed)


def odd_version(text: str, dice: Random, words: Sequence[str] = ()) -> str:
    """A text with a few mistakes; ``words`` are put in, too, besides odd texts."""
    for _ in range(dice.choice([1, 1, 2, 3, 6])):
        at = dice.randrange(len(text) + 1)
        length = dice.choice([1, 1, 3, 10, 60])
        kind = dice.randrange(7)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + text[at : at + length] * dice.choice([2, 3, 200]) + text[at:]
        elif kind == 2:
            text = text[:at]
        elif kind == 3:
            other = dice.randrange(len(text) + 1)
            text = text[:at] + text[other : other + length] + text[at:]
        elif kind == 4 and words:
            text = text[:at] + dice.choice(words) + text[at:]
        else:
            text = text[:at] + odd_text(dice) + text[at + dice.choice([0, 0, length]) :]
    return text


def odd_json(value: Any, dice: Random) -> str:
    """A JSON value with a few mistakes in its structure, as a text that may be no JSON at all."""
    changed = copy.deepcopy(value)
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        changed = _with_a_mistake(changed, dice)
    text = json.dumps(changed, ensure_ascii=dice.random() < 0.5)
    for mark in (json.dumps(_DEEP), json.dumps(_DEEP, ensure_ascii=False)):
        if mark in text:
            depth = dice.choice([90, 900, 30_000])
            opened, closed = dice.choice([("[", "]"), ('{"a":', "}")])
            text = text.replace(mark, opened * depth + "1" + closed * depth)
    if dice.random() < 0.1:
        text = odd_version(text, dice)
    return text


def _with_a_mistake(value: Any, dice: Random) -> Any:
    """A value, itself or some part of it replaced, removed, renamed, doubled or wrapped."""
    if not isinstance(value, dict | list) or not value or dice.random() < 0.12:
        return dice.choice([odd_value(dice), [value], {"value": value}, str(value)])
    places: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = dice.choice(places)
    if dice.random() < 0.65:
        value[place] = _with_a_mistake(value[place], dice)
        return value
    kind = dice.randrange(4)
    if kind == 0:
        del value[place]
    elif kind == 1:
        value[place] = odd_value(dice)
    elif isinstance(value, list):
        value[place:place] = [copy.deepcopy(value[place])] * dice.choice([1, 2, 100])
    elif kind == 2:
        value[odd_text(dice)[:300]] = value.pop(place)
    else:
        value[odd_text(dice)[:300]] = odd_value(dice)
    return value


def as_bytes(text: str, dice: Random) -> bytes:
    """A text as bytes in UTF-8, with half surrogate pairs and, now and then, a mark before it."""
    content = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.03:
        content = b"\xef\xbb\xbf" + content
    if dice.random() < 0.08:
        content = odd_bytes(content, dice)
    return content


def as_text(content: bytes) -> str:
    """The text that a model's reply can hold: any letters, no half of a surrogate pair."""
    return content.decode("utf-8", "replace")
