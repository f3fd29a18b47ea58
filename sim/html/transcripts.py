"""A transcript as a play script: directions, lines, what was asked beside them, and the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sim.events import Answer, Ended, Event, Failure, FellBack, Forgot, Intervened, Turn
from sim.html.markup import Html, Part, anchor, element, joined, name
from sim.html.numbers import number
from sim.html.speakers import Speakers
from sim.html.turns import turn
from sim.text.printing import value_text

_MARKS = {
    "flip": "turns into the opposite here",
    "collapse": "falls back into the assistant here",
    "loop": "begins to loop here",
}


@dataclass(frozen=True)
class Notes:
    """What stands beside turns: marks by turn (``marks_of`` makes them), further lines by turn, and
    whether answers off stage are shown."""

    marks: Mapping[int, Sequence[str]] = field(default_factory=dict)
    lines: Mapping[int, Sequence[Part]] = field(default_factory=dict)
    answers: bool = True


def marks_of(outcomes: Mapping[str, Mapping[str, int | None]]) -> dict[int, list[str]]:
    """The marks of a transcript from what became of each actor, and at which turn.

    >>> marks_of({"Ada": {"flip": 6, "loop": None}})
    {6: ['Ada turns into the opposite here']}
    """
    marks: dict[int, list[str]] = {}
    for actor, found in outcomes.items():
        for kind, words in _MARKS.items():
            at = found.get(kind)
            if at is not None:
                marks.setdefault(int(at), []).append(f"{actor} {words}")
    return marks


def transcript(
    events: Sequence[Event],
    speakers: Speakers,
    *,
    place: str = "",
    notes: Notes | None = None,
    most: int | None = None,
) -> Html:
    """A transcript, event after event. ``place`` begins the ids of its turns (``place-7``); with
    ``most``, no line brings more letters onto the page."""
    beside = notes or Notes()
    turns = [event for event in events if isinstance(event, Turn)]
    changes = [event for event in events if isinstance(event, Intervened | FellBack | Forgot)]
    answers = _by_turn(events) if beside.answers else {}
    items: list[Html] = [_also(answers[0])] if 0 in answers else []
    for said in turns:
        items += [_direction(each) for each in changes if each.turn == said.index]
        below: list[Part] = list(beside.lines.get(said.index, ()))
        below += answers.get(said.index, [])
        items.append(
            turn(
                said, speakers, marks=beside.marks.get(said.index, ()), notes=below, most=most,
                place=anchor(place, said.index) if place else "",
            )
        )  # fmt: skip
    last = turns[-1].index if turns else 0
    items += [_direction(each) for each in changes if each.turn > last]
    for event in events:
        if isinstance(event, Failure):
            told = f"{event.doing} of {event.actor} failed: {event.reason}: {event.message}"
            items.append(element("li", told[:2_000], class_="direction failed"))
    items.append(_end(events, last))
    return element("ol", items, class_="play")


def cast(personas: Iterable[Mapping[str, object]], speakers: Speakers) -> Html:
    """Who is who: a name and a brief each."""
    items = [
        element(
            "li",
            element("b", name(each.get("name", ""))),
            " ",
            element("span", str(each.get("brief") or "")[:1_000], class_="muted"),
            class_=speakers[str(each.get("name", ""))].classes,
        )
        for each in personas
    ]
    return element("ul", items, class_="cast")


def _by_turn(events: Iterable[Event]) -> dict[int, list[Part]]:
    """The answers off stage, by the turn after which they were given, a line for each question."""
    asked: dict[tuple[int, str], list[str]] = {}
    for event in events:
        if isinstance(event, Answer):
            key = f"{event.key} (gauge)" if event.gauge else event.key
            asked.setdefault((event.turn, key), []).append(f"{event.actor} {_value(event)}")
    found: dict[int, list[Part]] = {}
    for (turn_index, key), told in asked.items():
        line = joined(f"{key}: ", ", ".join(told))
        found.setdefault(turn_index, []).append(line)
    return found


def _value(answer: Answer) -> str:
    if answer.missing is not None or answer.value is None:
        return f"missing ({answer.missing or 'no answer'})"
    if isinstance(answer.value, float):
        return number(answer.value, sign=True)
    return value_text(answer.value)[:300]


def _also(lines: Sequence[Part]) -> Html:
    return element("li", [element("p", each, class_="also") for each in lines], class_="direction")


def _direction(change: Intervened | FellBack | Forgot) -> Html:
    """A stage direction: something entered, was put there, or was decided."""
    if isinstance(change, FellBack):
        who = f"{change.actor} was asked; " if change.actor else ""
        told = f"the fallback decides who is next: {who}{change.reason}"
    elif isinstance(change, Forgot):
        told = f"{change.actor} no longer sees what was said before turn {change.since}"
    else:
        told = " ".join(part for part in (change.what, change.actor) if part)
        if change.what == "phase":
            told = f"phase: {change.detail.get('phase', '')}"
        if change.text:
            told = f"{told}: {change.text}"
        if change.audience is not None:
            heard = f"for {', '.join(change.audience)} alone" if change.audience else ""
            told = f"{told} ({heard or 'nobody hears it'})"
        if "skipped" in change.detail:
            told = f"{told} (skipped: {change.detail['skipped']})"
    return element("li", told[:4_000], class_="direction")


def _end(events: Sequence[Event], last: int) -> Html:
    ended = next((event for event in events if isinstance(event, Ended)), None)
    if ended is None:
        return element("li", f"Incomplete after {last} turns.", class_="direction")
    failed = " failed" if ended.status == "failed" else ""
    return element("li", f"The end: {ended.reason}.", class_=f"direction{failed}")
