"""Thinking is not speech: a reply parted into what was thought and what was said.

Models that reason write it down first, between tags (``<think>…</think>`` and its like) or in a
channel of its own. Nobody on stage hears that. A tag that is never closed hides everything after
it, since a thought that ran out of tokens has said nothing; a closing tag without its opening one
(templates write that one for the model) hides everything before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_TAGS: Final = r"think|thinking|thoughts?|reasoning|reflection|scratchpad|inner_monologue"
_TAG: Final = re.compile(
    rf"(?P<open><(?:{_TAGS})(?:\s[^<>\n]{{0,80}})?>|\[THINK\]|◁think▷)|</(?:{_TAGS})>|\[/THINK\]|◁/think▷",
    re.I,
)
_CHANNEL: Final = re.compile(
    r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>(?P<channel>\w+)[^<]*<\|message\|>"
)
_CHANNEL_END: Final = re.compile(r"<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)")
_STRIPPED: Final = re.compile(r"\s*analysis(?P<thought>.*?)assistantfinal(?P<said>.*)", re.S)
_FENCED: Final = re.compile(
    r"\s*(?P<open>```(?:thinking|thoughts?|reasoning)[ \t]*\n)"
    r"(?P<thought>(?:(?!```).)*)(?P<close>```)",
    re.S | re.I,
)
_MARKS: Final = ("<", "[", "◁", "analysis", "```")


class Parted(NamedTuple):
    """What was thought, what was said, and the marks between them."""

    thought: str
    speech: str
    marks: tuple[str, ...] = ()


def thought_and_speech(text: str) -> tuple[str, str]:
    """What was thought, and what was said. Several thoughts are joined by a blank line.

    >>> thought_and_speech("<think>He lies.</think>I believe you.")
    ('He lies.', 'I believe you.')
    >>> thought_and_speech("<think>He lies, so I"), thought_and_speech("He lies.</think>Yes.")
    (('He lies, so I', ''), ('He lies.', 'Yes.'))
    """
    parted = part(text)
    return parted.thought, parted.speech


def both(*thoughts: str) -> str:
    """Several thoughts as one.

    >>> both("He lies.", ""), both("He lies.", "Or not.")
    ('He lies.', 'He lies.\\n\\nOr not.')
    """
    return "\n\n".join(filter(None, (thought.strip() for thought in thoughts)))


def part(text: str) -> Parted:
    """The same, with the marks that were left out, so that every character is accounted for."""
    if not any(mark in text for mark in _MARKS):
        return Parted("", text)
    if "<|channel|>" in text:
        return _by_channel(text)
    fenced = _FENCED.match(text)
    if fenced is not None:
        rest = _by_tags(text[fenced.end() :])
        marks = (fenced["open"], fenced["close"], *rest.marks)
        return Parted(both(fenced["thought"], rest.thought), rest.speech, marks)
    stripped = _STRIPPED.fullmatch(text)
    if stripped is not None:
        thought = stripped["thought"].strip()
        return Parted(thought, stripped["said"], ("analysis", "assistantfinal"))
    return _by_tags(text)


def _by_tags(text: str) -> Parted:
    thoughts: list[str] = []
    said: list[str] = []
    marks: list[str] = []
    for kind, piece in _pieces(text):
        if kind == "mark":
            marks.append(piece)
        elif kind == "before a stray close":
            # Also what looked like speech: it came before the end of a thought.
            thoughts += [*said, piece]
            said.clear()
        else:
            (thoughts if kind == "thought" else said).append(piece)
    found = (thought.strip() for thought in thoughts)
    return Parted("\n\n".join(thought for thought in found if thought), "".join(said), tuple(marks))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    at, thinking = 0, False
    for tag in _TAG.finditer(text):
        opens = tag["open"] is not None
        if opens and thinking:
            continue
        closing = "thought" if thinking else "before a stray close"
        yield "speech" if opens else closing, text[at : tag.start()]
        yield "mark", tag.group()
        at, thinking = tag.end(), opens
    yield ("thought" if thinking else "speech"), text[at:]


def _by_channel(text: str) -> Parted:
    """Channels as gpt-oss writes them: only what is on ``final`` is said."""
    thoughts: list[str] = []
    said: list[str] = []
    marks: list[str] = []
    at = 0
    while (begun := _CHANNEL.search(text, at)) is not None:
        said.append(text[at : begun.start()])
        marks.append(begun.group())
        ended = _CHANNEL_END.search(text, begun.end())
        stop, at = (len(text), len(text)) if ended is None else ended.span()
        (said if begun["channel"] == "final" else thoughts).append(text[begun.end() : stop])
        marks.append(text[stop:at])
    said.append(text[at:])
    found = (thought.strip() for thought in thoughts)
    return Parted(
        "\n\n".join(thought for thought in found if thought),
        "".join(said),
        tuple(mark for mark in marks if mark),
    )
