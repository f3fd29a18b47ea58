"""Two trials beside each other: what they share is dimmed, where they part is marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from sim.events import Event, Intervened, Turn
from sim.html import Html, Speakers, element, joined, name
from sim.html.markup import Part
from sim.html.numbers import counted
from sim.html.turns import long_text
from sim.store import StoredTrial
from sim.view.library import Library
from sim.view.pages.frame import address, frame, sign, trail
from sim.view.readings import Mark

_WORDS = 400
"""Longer lines are not compared word by word."""

_FOLDED = 6
"""So many shared turns before the difference are shown; the others are folded away."""


@dataclass(frozen=True)
class Side:
    """One of the two: a trial, its events and its marks."""

    trial: StoredTrial
    short: str
    events: Sequence[Event]
    marks: Sequence[Mark]

    @property
    def turns(self) -> list[Turn]:
        return [event for event in self.events if isinstance(event, Turn)]

    def changed(self, turn: int) -> list[Intervened]:
        """What the experimenter did at a turn."""
        return [
            event for event in self.events if isinstance(event, Intervened) and event.turn == turn
        ]


def parting(one: Sequence[Turn], other: Sequence[Turn]) -> int:
    """The first turn that differs in who speaks, what is heard or for whom; 0 if none does.

    >>> said = [Turn(1, "Ada", "Well?"), Turn(2, "Ben", "No.")]
    >>> other = [said[0], Turn(2, "Ben", "Yes.")]
    >>> parting(said, other), parting(said, said), parting(said, said[:1])
    (2, 0, 2)
    """
    for place, (here, there) in enumerate(zip_longest(one, other), start=1):
        if here is None or there is None or _heard(here) != _heard(there):
            return place
    return 0


def _heard(turn: Turn) -> tuple[object, ...]:
    return turn.speaker, turn.text, turn.audience


def comparison_page(library: Library, one: Side, other: Side) -> str:
    """The page of a comparison."""
    here, there = one.turns, other.turns
    first = parting(here, there)
    speakers = Speakers(dict.fromkeys([*_names(one), *_names(other)]))
    same = first - 1 if first else max(len(here), len(there))
    rows = [
        _row(one, other, place, pair, first, speakers)
        for place, pair in enumerate(zip_longest(here, there), start=1)
    ]
    hidden = max(same - _FOLDED, 0)
    return frame(
        f"{one.short} beside {other.short}",
        trail(
            ("/", "Trials"),
            (address("trial", one.trial.id), one.short),
            (address("trial", other.trial.id), other.short),
        ),
        element("h1", one.short, " beside ", other.short),
        element("p", _summary(one, other, first, same), class_="lede", id="summary"),
        element("p", element("a", "To the first difference", href=f"#d-{first}", id="to-first"))
        if first
        else None,
        element(
            "div",
            element("div", _title(one), class_="one"),
            element("div", _title(other), class_="other"),
            class_="pair titles",
        ),
        element(
            "details",
            element("summary", f"the first {counted(hidden, 'turn')}, which they share"),
            element("ol", rows[:hidden], class_="pairs"),
        )
        if hidden
        else None,
        element("ol", rows[hidden:], class_="pairs"),
        element(
            "div",
            element("p", _end(one), class_="one muted"),
            element("p", _end(other), class_="other muted"),
            class_="pair",
        ),
        store=library.path,
        page="compare",
        up=address("trial", one.trial.id, fragment=f"t-{first}" if first else ""),
        facts={"first": first},
    )


def _names(side: Side) -> list[str]:
    return [str(persona["name"]) for persona in side.trial.cast]


def _summary(one: Side, other: Side, first: int, same: int) -> str:
    if not first:
        return f"They are alike, all {counted(same, 'turn')}."
    shared = f"They share {counted(same, 'turn')} and part at turn {first}." if same else ""
    return shared or "They part at the first turn."


def _title(side: Side) -> Html:
    trial = side.trial
    arm = "" if trial.arm == "live" else f" · {trial.arm}"
    return joined(
        element("h2", element("a", side.short, href=address("trial", trial.id))),
        element(
            "p",
            name(trial.title),
            " · ",
            name(trial.model),
            f" · seed {trial.seed}",
            arm,
            class_="muted small",
        ),
        element("p", trial.topic[:600], class_="topic small") if trial.topic else None,
    )


def _end(side: Side) -> str:
    reason = f": {side.trial.reason}" if side.trial.reason else ""
    return f"{counted(len(side.turns), 'turn')}, {side.trial.status}{reason}"


def _row(
    one: Side,
    other: Side,
    place: int,
    pair: tuple[Turn | None, Turn | None],
    first: int,
    speakers: Speakers,
) -> Html:
    here, there = pair
    same = here is not None and there is not None and _heard(here) == _heard(there)
    classes = ["pair"]
    if first == 0 or place < first:
        classes.append("shared")
    elif place == first:
        classes.append("first")
    elif same:
        classes.append("same")
    left, right = _told(here, there)
    return element(
        "li",
        element("p", "Here they part", class_="parting") if place == first else None,
        element("div", _line(one, here, left, speakers), class_="one"),
        element("div", _line(other, there, right, speakers), class_="other"),
        class_=" ".join(classes),
        id=f"d-{place}",
        tabindex="-1",
    )


def _line(side: Side, turn: Turn | None, text: Part, speakers: Speakers) -> Html | None:
    if turn is None:
        return None
    look = speakers[turn.speaker]
    to = ""
    if turn.audience is not None:
        to = f" to {', '.join(turn.audience)} alone" if turn.audience else " aside"
    return joined(
        [
            element("p", f"{each.what} {each.actor}".strip(), class_="direction-of")
            for each in side.changed(turn.index)
        ],
        element(
            "p",
            element(
                "a",
                turn.index,
                href=address("trial", side.trial.id, fragment=f"t-{turn.index}"),
                class_="at",
                aria_label=f"turn {turn.index} of {side.short}",
            ),
            " ",
            element("b", name(turn.speaker), class_="who"),
            element("span", to, class_="muted") if to else None,
            class_=look.classes,
        ),
        text,
        [
            element("p", sign(mark.kind), f" {mark.told}", class_="mark")
            for mark in side.marks
            if mark.turn == turn.index
        ],
    )


def _told(here: Turn | None, there: Turn | None) -> tuple[Html | None, Html | None]:
    """The words of two lines, with those marked that the other has not."""
    one, other = (here.text if here else ""), (there.text if there else "")
    if not one or not other or one == other or len(one) + len(other) > _WORDS * 12:
        return _plain(here), _plain(there)
    left, right = re.findall(r"\s*\S+|\s+$", one), re.findall(r"\s*\S+|\s+$", other)
    if len(left) > _WORDS or len(right) > _WORDS:
        return _plain(here), _plain(there)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.3:  # Another line altogether: marks would be all over it.
        return _plain(here), _plain(there)
    blocks = matcher.get_opcodes()
    return (
        _marked((left[a:b], kind) for kind, a, b, _, _ in blocks),
        _marked((right[c:d], kind) for kind, _, _, c, d in blocks),
    )


def _plain(turn: Turn | None) -> Html | None:
    if turn is None:
        return None
    if not turn.text:
        return element("p", "(nothing was heard)", class_="also")
    return long_text(turn.text, most=20_000)


def _marked(parts: Iterable[tuple[Sequence[str], str]]) -> Html:
    told: list[Part] = []
    for words, kind in parts:
        text = "".join(words)
        told.append(
            text if kind == "equal" or not text else element("em", text, class_="other-words")
        )
    return element("p", told, class_="said", dir="auto")
