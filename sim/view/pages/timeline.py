"""The timeline: a stroke for each turn in the colour of who speaks, marks above it."""

from __future__ import annotations

from collections.abc import Sequence

from sim.events import Turn
from sim.html import Html, Speakers, element
from sim.view.pages.frame import SIGNS
from sim.view.readings import Mark

_NARROW = 240
"""Beyond so many turns strokes touch: gaps would be all that is seen."""


def timeline(turns: Sequence[Turn], marks: Sequence[Mark], speakers: Speakers) -> Html:
    """The timeline of a trial, a slider over its turns.

    Places are shares of the width, so that one drawing fits every screen.
    """
    count = max(len(turns), 1)
    longest = max((len(turn.text) for turn in turns), default=0)
    width = 100 / count
    gap = 0.15 if count <= _NARROW else 0.0
    strokes = [
        element(
            "rect",
            x=_percent(place * width + gap * width),
            width=_percent(width * (1 - 2 * gap)),
            y=_percent(100 - _height(turn, longest)),
            height=_percent(_height(turn, longest)),
            class_=f"a c-{speakers[turn.speaker].name}",
            data_turn=turn.index,
        )
        for place, turn in enumerate(turns)
    ]
    signs = [
        element(
            "a",
            SIGNS.get(mark.kind, "•"),
            href=f"#t-{mark.turn}",
            class_=f"sign sign-{mark.kind}",
            data_turn=mark.turn,
            title=f"{mark.turn}: {mark.told}",
            aria_label=f"turn {mark.turn}: {mark.told}",
            tabindex="-1",
        )
        for mark in marks
    ]
    drawn = Html(
        '<svg class="strokes" aria-hidden="true" width="100%" height="100%">'
        f"{''.join(strokes)}</svg>"
    )
    return element(
        "div",
        element("button", "▶", type="button", id="play", class_="plain", aria_label="Play"),
        element(
            "div",
            element(
                "div",
                drawn,
                element("div", class_="here", aria_hidden="true"),
                id="slider",
                role="slider",
                tabindex="0",
                aria_label="Turn",
                aria_valuemin=1,
                aria_valuemax=len(turns),
                aria_valuenow=1,
            ),
            # Beside the slider and not in it: what is in a slider is for no reader of screens.
            element("div", signs, class_="signs"),
            class_="track",
        ),
        element("output", f"{len(turns)}", id="now"),
        element(
            "label",
            element("span", "speed", class_="unseen-label"),
            element(
                "select",
                [
                    element("option", f"{speed}×", value=speed, selected=speed == 1)
                    for speed in (0.5, 1, 2, 4)
                ],
                id="speed",
            ),
        ),
        class_="timeline",
        id="timeline",
        role="group",
        aria_label="Timeline",
    )


def _height(turn: Turn, longest: int) -> float:
    """How high a stroke is, in percent: by the length of the line, so that its course is seen."""
    return 25 + 75 * len(turn.text) / max(longest, 1)


def _percent(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"
