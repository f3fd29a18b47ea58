"""A turn as a line of a play: who, to whom, what; and below it what happened there."""

from __future__ import annotations

from collections.abc import Sequence

from sim.events import Turn
from sim.html.markup import Html, Part, element, escaped, joined, name
from sim.html.numbers import counted
from sim.html.speakers import Speakers

SHORT = 1_500
"""So many letters of a line are seen at once; the rest opens."""


def turn(
    said: Turn,
    speakers: Speakers,
    *,
    place: str = "",
    marks: Sequence[str] = (),
    notes: Sequence[Part] = (),
    most: int | None = None,
) -> Html:
    """A turn, as an item of a list.

    ``place`` is the id of its place on the page, to which its number links. ``marks`` are what
    happened there (a flip, a loop), ``notes`` further lines. ``most`` is how many letters of the
    line come onto the page at all; None: all of them.
    """
    look = speakers[said.speaker]
    number = element("a", said.index, href=f"#{place}", class_="at", aria_label=_label(said))
    classes = ["line", look.classes]
    if said.audience is not None:
        classes.append("secret")
    return element(
        "li",
        number if place else element("span", said.index, class_="at"),
        element("span", name(said.speaker), class_="who"),
        element(
            "div",
            _said(said, most),
            _heard(said),
            _thought(said),
            [element("p", f"▲ {each}", class_="mark") for each in marks],
            [element("p", each, class_="also") for each in notes],
            class_="body",
        ),
        class_=" ".join(classes),
        id=place or None,
    )


def _label(said: Turn) -> str:
    return f"turn {said.index}"


def _said(said: Turn, most: int | None) -> Html:
    if not said.text:
        told = "declined to answer" if said.finish == "refusal" else "struck: nobody heard it"
        return element("p", f"({told})", class_="also")
    return long_text(said.text, most=most, class_="said")


def long_text(text: str, *, most: int | None = None, class_: str = "said") -> Html:
    """A text whose beginning is seen, and whose rest opens.

    >>> print(long_text("short"))
    <p class="said">short</p>
    >>> long_text("a" * 9000, most=3000).count("a") < 3200
    True
    """
    direction = None if text.isascii() else "auto"
    if len(text) <= SHORT:
        return element("p", text, class_=class_, dir=direction)
    whole = text if most is None else text[:most]
    left = len(text) - len(whole)
    more = element("span", "…", class_="muted")
    return joined(
        element("p", whole[:SHORT], more, class_=class_, dir=direction),
        element(
            "details",
            element("summary", f"the rest ({counted(len(text) - SHORT, 'letter')} more)"),
            element("p", whole[SHORT:], class_=class_, dir=direction) if whole[SHORT:] else None,
            element(
                "p",
                f"({counted(left, 'letter')} are left out here; elsinore show prints all)",
                class_="also",
            )
            if left
            else None,
        ),
    )


def _heard(said: Turn) -> Html | None:
    """Who heard a line that was not for all, and how it came to be where that is not plain."""
    told: list[Part] = []
    if said.audience is not None:
        names = ", ".join(said.audience)
        told.append(f"to {names} alone" if names else "aside: nobody hears it")
    if said.overheard:
        told.append(f"overheard by {', '.join(said.overheard)}")
    if said.source == "human":
        told.append("said by a person")
    elif said.source == "intervention" and said.text:
        told.append("put there by the experimenter")
    if said.finish not in ("stop", "refusal"):
        told.append(f"ended by {said.finish}")
    if said.strangers:
        told.append(f"strangers spoke: {', '.join(said.strangers)}")
    if said.cut:
        told.append(joined("cut, heard by nobody: ", escaped(said.cut[:SHORT])))
    if not told:
        return None
    parts = [part for each in told for part in (" · ", each)][1:]
    return element("p", parts, class_="heard")


def _thought(said: Turn) -> Html | None:
    if not said.thought:
        return None
    return element(
        "details",
        element("summary", "a thought, heard by nobody"),
        long_text(said.thought, most=20_000, class_="also"),
    )
