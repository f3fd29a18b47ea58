"""Lines: frames with slots, and the parser that recovers all derivations of a text.

A line is a frame with its slots filled (``frames``) and, in a stanced act, a sentence that states
the stance (``stances``). ``parse`` removes a stance sentence at either end, looks up candidate
frames by their first or last few literal characters, and then finds every way to split the text at
the literals of the frame. It is complete even for a name that contains half a frame, and needs no
knowledge of names, points or topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from sim.stage.exact.frames import FRAMES
from sim.stage.exact.stances import STANCES


@dataclass(frozen=True, slots=True)
class Slots:
    """The values with which a speaker can fill frames.

    ``own`` is the speaker's name, ``name`` the name of the addressee, ``points`` the speaker's
    talking points, ``heard`` the point that another speaker brought up last (a ``Parse.point``).
    """

    own: str
    name: str
    points: tuple[str, ...]
    heard: str | None
    topic: str


@dataclass(frozen=True, slots=True)
class Parse:
    """One derivation of a text: its act, frame, stance level and fillers.

    ``point`` and ``name`` are as in the text: "your well" for what another calls "my well" (see
    ``turned``), and "Mayor" for "The Mayor" when spoken to (see ``called``).
    """

    act: str
    frame: int
    level: int | None
    point: str | None
    name: str | None
    phrase: int | None


Manner = Literal["spoken to", "spoken of", "first"]


def called(name: str, manner: Manner) -> str:
    """A name or role as it is written in a sentence: only a leading "The" can change.

    >>> called("The Mayor", "spoken to"), called("The Mayor", "spoken of"), called("Ada", "first")
    ('Mayor', 'the Mayor', 'Ada')
    """
    if manner == "first" or not name.startswith("The ") or len(name) == 4:
        return name
    return name[4:] if manner == "spoken to" else f"t{name[1:]}"


def _manner(act: str, before: str, after: str) -> Manner:
    if before.endswith(("(", ". ")):
        return "first"
    if act != "narrate" and (before.endswith(", ") or after.startswith((",", ".", ";", ":", "?"))):
        return "spoken to"
    return "spoken of"


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as literals[0] slots[0] literals[1] ..., with a stance sentence before or after."""

    number: int
    act: str
    held: bool
    stance_at: Literal["none", "head", "tail"]
    literals: tuple[str, ...]
    slots: tuple[str, ...]
    manners: tuple[Manner, ...]
    text: str

    def render(self, slots: Slots, point: str | None, phrase: int | None) -> str:
        """The line: this frame with its slots filled.

        ``point`` fills ``{point}`` or ``{heard}``, ``phrase`` is the number of a stance sentence.
        """
        pieces = [self.literals[0]]
        for slot, manner, literal in zip(self.slots, self.manners, self.literals[1:], strict=True):
            if slot == "name":
                pieces.append(called(slots.name, manner))
            elif slot == "self":
                pieces.append(called(slots.own, manner))
            elif slot == "topic":
                pieces.append(slots.topic)
            else:
                assert point is not None
                pieces.append(point)
            pieces.append(literal)
        if phrase is not None:
            if self.stance_at == "head":
                pieces[0] = f"{PHRASES[phrase]} {pieces[0]}"
            else:
                pieces.append(f" {PHRASES[phrase]}")
        return "".join(pieces)


PHRASES: Final = tuple(sentence for level in STANCES for sentence in level)
"""All stance sentences; a phrase number is an index into this."""

_LEVEL_OF: Final = tuple(level for level, sentences in enumerate(STANCES) for _ in sentences)

_SLOT: Final = re.compile(r"\{(name|self|point|heard|topic)\}")


def _frames() -> tuple[Frame, ...]:
    frames: list[Frame] = []
    for act, texts in FRAMES.items():
        for index, text in enumerate(texts):
            core = text
            at: Literal["none", "head", "tail"] = "none"
            if text.startswith("{stance} "):
                core, at = text.removeprefix("{stance} "), "head"
            elif text.endswith(" {stance}"):
                core, at = text.removesuffix(" {stance}"), "tail"
            pieces = _SLOT.split(core)
            frames.append(
                Frame(
                    number=len(frames),
                    act=act,
                    held=index % 2 == 1,
                    stance_at=at,
                    literals=tuple(pieces[::2]),
                    slots=tuple(pieces[1::2]),
                    manners=tuple(
                        _manner(act, before, after) for before, after in pairwise(pieces[::2])
                    ),
                    text=text,
                )
            )
    return tuple(frames)


ALL_FRAMES: Final = _frames()
"""Every frame, by its global number."""


# --- Parsing -----------------------------------------------------------------------------------

_EDGE: Final = 6  # Characters by which frames are looked up. Tests check that all frames fit.
_STANCE_EDGE: Final = 12

_Index = dict[str, tuple[Frame, ...]]


class _FrameIndexes(NamedTuple):
    """Frames by the place of their stance sentence: by their first characters, by their last
    characters, and those whose literals are too short for both."""

    heads: dict[str, _Index]
    tails: dict[str, _Index]
    others: dict[str, tuple[Frame, ...]]


def _index() -> _FrameIndexes:
    heads: dict[str, _Index] = {"none": {}, "head": {}, "tail": {}}
    tails: dict[str, _Index] = {"none": {}, "head": {}, "tail": {}}
    others: dict[str, tuple[Frame, ...]] = {"none": (), "head": (), "tail": ()}
    for frame in ALL_FRAMES:
        first, last, at = frame.literals[0], frame.literals[-1], frame.stance_at
        if len(first) >= _EDGE:
            key = first[:_EDGE]
            heads[at][key] = (*heads[at].get(key, ()), frame)
        elif len(last) >= _EDGE:
            key = last[-_EDGE:]
            tails[at][key] = (*tails[at].get(key, ()), frame)
        else:
            others[at] = (*others[at], frame)
    return _FrameIndexes(heads, tails, others)


_HEADS, _TAILS, _OTHERS = _index()


def _index_stances() -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    heads: dict[str, list[int]] = {}
    tails: dict[str, list[int]] = {}
    for phrase, sentence in enumerate(PHRASES):
        heads.setdefault(sentence[:_STANCE_EDGE], []).append(phrase)
        tails.setdefault(sentence[-_STANCE_EDGE:], []).append(phrase)
    return heads, tails


_STANCE_HEADS, _STANCE_TAILS = _index_stances()


def _cuts(frame: Frame, core: str) -> Iterator[tuple[str, ...]]:
    """Every way to read ``core`` as the frame: the fillers of its slots, in order."""
    literals = frame.literals
    first, last = literals[0], literals[-1]
    if not frame.slots:
        if core == first:
            yield ()
        return
    start, stop = len(first), len(core) - len(last)
    if start > stop or not core.startswith(first) or not core.endswith(last):
        return
    inner = literals[1:-1]
    if not inner:
        yield (core[start:stop],)
        return
    for literal in inner:  # a cheap test that excludes most candidates
        if literal not in core:
            return
    stack: list[tuple[int, tuple[str, ...]]] = [(start, ())]
    while stack:
        begin, fillers = stack.pop()
        if len(fillers) == len(inner):
            yield (*fillers, core[begin:stop])
            continue
        literal = inner[len(fillers)]
        at = core.find(literal, begin, stop)
        while at >= 0:
            stack.append((at + len(literal), (*fillers, core[begin:at])))
            at = core.find(literal, at + 1, stop)


def _parses_of(core: str, at: str, phrase: int | None) -> Iterator[Parse]:
    candidates = (
        *_HEADS[at].get(core[:_EDGE], ()),
        *_TAILS[at].get(core[-_EDGE:], ()),
        *_OTHERS[at],
    )
    level = None if phrase is None else _LEVEL_OF[phrase]
    for frame in candidates:
        for fillers in _cuts(frame, core):
            filled: dict[str, str] = {}
            for slot, filler in zip(frame.slots, fillers, strict=True):
                if filled.setdefault(slot, filler) != filler:
                    break  # a slot that occurs twice has one filler
            else:
                yield Parse(
                    frame.act,
                    frame.number,
                    level,
                    filled.get("point", filled.get("heard")),
                    filled.get("name"),
                    phrase,
                )


@lru_cache(maxsize=1 << 16)
def parse(text: str) -> tuple[Parse, ...]:
    """All derivations of a text, over both halves and all speakers; () for foreign text.

    >>> parse("Facts first, feelings later. I am firmly against this.")[0].level
    1
    >>> [p.act for p in parse("You are a fraud, Ada, and not even a careful one.")]
    ['insult']
    >>> parse("To be, or not to be.")
    ()
    """
    parses = list(_parses_of(text, "none", None))
    for phrase in _STANCE_HEADS.get(text[:_STANCE_EDGE], ()):
        sentence = PHRASES[phrase]
        if text.startswith(sentence) and text.startswith(" ", len(sentence)):
            parses.extend(_parses_of(text[len(sentence) + 1 :], "head", phrase))
    for phrase in _STANCE_TAILS.get(text[-_STANCE_EDGE:], ()):
        sentence = PHRASES[phrase]
        if text.endswith(sentence):
            core = text[: -len(sentence)]
            if core.endswith(" "):
                parses.extend(_parses_of(core[:-1], "tail", phrase))
    if len(parses) > 1:
        # Two splits may differ only in fillers that a ``Parse`` does not hold.
        parses = sorted(dict.fromkeys(parses), key=lambda one: one.frame)
    return tuple(parses)
