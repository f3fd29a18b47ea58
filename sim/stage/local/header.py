"""What a GGUF file says of itself: the name of the model, its context, its chat template."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"GGUF"

_FORMATS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_TEXT, _ARRAY = 8, 9


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata that matter here. ``context`` is the one that the model was trained with.

    >>> Header("gemma3", 32768, None).is_chat
    False
    """

    architecture: str
    context: int | None
    chat_template: str | None

    @property
    def is_chat(self) -> bool:
        """Whether the model was tuned to answer chat messages: it has a template for them."""
        return bool(self.chat_template)


def is_gguf(path: Path) -> bool:
    """Whether a file begins as a GGUF file does."""
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def read_header(path: Path) -> Header:
    """The header of a GGUF file. Raises ``ValueError`` if it cannot be read.

    >>> read_header(Path(__file__))
    Traceback (most recent call last):
    ...
    ValueError: it does not begin with GGUF
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != MAGIC:
            raise ValueError("it does not begin with GGUF")
        try:
            facts = _facts(data)
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise ValueError(f"its metadata cannot be read ({error!r})") from None
    architecture = str(facts.get("general.architecture", "unknown"))
    context = facts.get(f"{architecture}.context_length")
    template = facts.get("tokenizer.chat_template")
    return Header(
        architecture,
        context if isinstance(context, int) else None,
        template if isinstance(template, str) else None,
    )


def _facts(data: mmap.mmap) -> dict[str, Any]:
    """The metadata of a file, arrays left out."""
    place = 16  # after the magic, the version, and the number of tensors
    count, place = _number(data, place, "Q")
    facts: dict[str, Any] = {}
    for _ in range(count):
        name, place = _text(data, place)
        kind, place = _number(data, place, "I")
        if kind == _ARRAY:
            place = _after_array(data, place)
        elif kind == _TEXT:
            facts[name], place = _text(data, place)
        else:
            facts[name], place = _number(data, place, _FORMATS[kind])
    return facts


def _number(data: mmap.mmap, place: int, form: str) -> tuple[Any, int]:
    [value] = struct.unpack_from(f"<{form}", data, place)
    return value, place + struct.calcsize(form)


def _text(data: mmap.mmap, place: int) -> tuple[str, int]:
    length, place = _number(data, place, "Q")
    if length > len(data) - place:
        raise struct.error(f"a text of {length} bytes in a file of {len(data)}")
    return data[place : place + length].decode(), place + length


def _after_array(data: mmap.mmap, place: int) -> int:
    kind, place = _number(data, place, "I")
    count, place = _number(data, place, "Q")
    if kind == _ARRAY:
        for _ in range(count):
            place = _after_array(data, place)
    elif kind == _TEXT:
        length = struct.Struct("<Q").unpack_from
        for _ in range(count):
            place += 8 + length(data, place)[0]
    else:
        place += count * struct.calcsize(_FORMATS[kind])
    return place
