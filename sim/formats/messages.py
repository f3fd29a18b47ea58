"""Messages as makers of language models write them: a role, and a text or a list of parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sim.formats.json_files import Record, sound

INSTRUCTIONS = frozenset({"system", "developer"})
"""Roles that instruct a model: no turns of a conversation."""

TOOLS = frozenset({"tool", "function", "function_call", "observation", "tool_call",
                   "tool_response", "ipython"})  # fmt: skip
"""Roles in which programs answer."""

_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_THOUGHTS = {"reasoning": "reasoning", "thinking": "thinking"}
_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says, what its author thought before, and parts that are neither, counted."""

    text: str
    thought: str = ""
    left_out: Counter[str] = field(default_factory=Counter)


def content_of(message: Record, name: str = "content") -> Content:
    """The content of a message: a text, or parts of several kinds. Raises ``FormatError``.

    >>> parts = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]
    >>> content_of(Record("chat.json", 1, {"content": [*parts, {"type": "image"}]}))
    Content(text='Yes.', thought='Hm.', left_out=Counter({'image parts': 1}))
    """
    value = message.fields.get(name)
    if not isinstance(value, list):
        return Content(message.text(name))
    texts: list[str] = []
    thoughts: list[str] = []
    left_out: Counter[str] = Counter()
    for number, each in enumerate(value, start=1):
        if isinstance(each, str):
            texts.append(sound(each))
            continue
        part = message.inside(f"{name} {number}", each)
        kind = part.text("type")
        if kind in _TEXTS:
            texts.append(part.text(_TEXTS[kind]))
        elif kind in _THOUGHTS:
            # Where a maker keeps thoughts to itself, there may be a summary.
            thoughts.append(part.text(_THOUGHTS[kind]) or part.text("summary"))
        else:
            left_out[f"{kind or 'other'} parts"] += 1
    return Content(_joined(texts), _joined(thoughts), left_out)


def _joined(texts: list[str]) -> str:
    return _BETWEEN.join(text for text in texts if text.strip())
