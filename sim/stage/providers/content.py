"""What a message of a chat model holds: what is said, what was thought, a refusal.

Servers send the content as a text, as a list of parts, or not at all; thoughts come in fields of
their own (``reasoning_content``, ``reasoning``, ``thinking``) or as parts of the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
_THINKING: Final = ("thinking", "reasoning", "reasoning_content", "thought")


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a message. ``unknown`` is the type of a content that is none of ours."""

    text: str = ""
    thought: str = ""
    refusal: str = ""
    unknown: str = ""


def content_of(message: Mapping[str, Any]) -> Content:
    """What a message holds.

    >>> content_of({"content": "No.", "reasoning_content": "He lies."})
    Content(text='No.', thought='He lies.', refusal='', unknown='')
    >>> parts = [{"type": "thinking", "thinking": "He lies."}, {"type": "text", "text": "No."}]
    >>> content_of({"content": parts}) == content_of({"content": "No.", "reasoning": "He lies."})
    True
    """
    thoughts = list(_texts(next(filter(None, map(message.get, _THOUGHTS)), None)))
    refusals = [message["refusal"]] if isinstance(message.get("refusal"), str) else []
    said: list[str] = []
    content = message.get("content")
    parts = content if isinstance(content, list) else [] if content is None else [content]
    for part in parts:
        if isinstance(part, str):
            said.append(part)
            continue
        if not isinstance(part, Mapping):
            return Content(unknown=type(part).__name__)
        kind = str(part.get("type", "text"))
        if kind in _THINKING:
            thoughts += _texts(part)
        elif kind == "refusal":
            refusals += _texts(part.get("refusal"))
        elif isinstance(part.get("text"), str):
            said.append(part["text"])
    return Content(
        well_formed("".join(said)),
        well_formed("\n\n".join(filter(None, (each.strip() for each in thoughts)))),
        well_formed("".join(refusals)),
    )


def _texts(value: Any) -> Iterator[str]:
    """The texts in what servers send as a thought: a text, a part, or a list of either."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping):
        for name in ("thinking", "text", "content", "reasoning", "summary", "reasoning_content"):
            if value.get(name):
                yield from _texts(value[name])
                return


def well_formed(text: str) -> str:
    """A text in which each half of a surrogate pair that stands alone is U+FFFD: UTF-8, and with it
    a store, cannot hold it.

    >>> well_formed("a" + chr(0xD83D)), well_formed(chr(0xD83D) + chr(0xDE00)) == chr(0x1F600)
    ('a\\ufffd', True)
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
