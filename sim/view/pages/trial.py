"""A trial as a play script, with its graph, its marks, its verdicts and its timeline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sim.events import Event, Turn, Usage
from sim.html import Html, Speakers, anchor, cast, element, joined, name, transcript
from sim.html import Notes as Beside
from sim.html.figures.network import Edge, Network, Node
from sim.html.figures.svg import svg
from sim.html.markup import Part
from sim.html.numbers import counted, number
from sim.scene.audience import heard_by
from sim.store import StoredTrial
from sim.store.tournaments import StoredVerdict
from sim.view.library import Library, Row
from sim.view.notes import LABEL, Note, by_turn
from sim.view.pages.alternatives import Alternatives, both_bars
from sim.view.pages.frame import address, frame, sign, trail
from sim.view.pages.timeline import timeline
from sim.view.pages.verdicts import verdicts_of
from sim.view.readings import Mark

_LETTERS = 40_000
"""So many letters of a line come onto the page."""


@dataclass(frozen=True)
class Played:
    """All that the page of a trial shows."""

    trial: StoredTrial
    short: str
    events: Sequence[Event]
    marks: Sequence[Mark]
    verdicts: Sequence[StoredVerdict]
    family: Sequence[Row]
    alternatives: Mapping[int, Alternatives]
    notes: Sequence[Note]
    labels: Sequence[str]
    forkable: str
    """Why it cannot be forked from the page; blank if it can."""

    @property
    def turns(self) -> list[Turn]:
        return [event for event in self.events if isinstance(event, Turn)]

    @property
    def names(self) -> list[str]:
        return [str(persona["name"]) for persona in self.trial.cast]


def trial_page(library: Library, played: Played) -> str:
    """The page of a trial."""
    trial = played.trial
    speakers = Speakers(played.names)
    marks = all_marks(played)
    return frame(
        f"{trial.title} {played.short}",
        trail(("/", "Trials"), *_parents(played)),
        _head(played),
        element(
            "div",
            element(
                "section", _script(played, speakers, marks), id="script", aria_label="Transcript"
            ),
            element("aside", _aside(played, speakers, marks), id="aside"),
            class_="stage",
        ),
        timeline(played.turns, marks, speakers),
        _note_dialog(played),
        store=library.path,
        page="trial",
        facts={
            "trial": trial.id,
            "status": trial.status,
            "key": state_of(library, trial),
            "labels": json.dumps(list(played.labels)),
            "at": trial.at or "",
            "of": trial.of if trial.at is not None else "",
        },
    )


def state_of(library: Library, trial: StoredTrial) -> str:
    """A text that is another one when the page of the trial is."""
    return f"{trial.turns}.{trial.status}.{library.measured.version}"


def all_marks(played: Played) -> list[Mark]:
    """What was measured, and the strangers that the engine recorded; in the order of turns."""
    strangers = [
        Mark(
            turn.index, "stranger", turn.speaker, f"{', '.join(turn.strangers)} spoke in this reply"
        )
        for turn in played.turns
        if turn.strangers
    ]
    return sorted([*played.marks, *strangers], key=lambda mark: (mark.turn, mark.kind))


def _parents(played: Played) -> list[tuple[str, str]]:
    """The trials that this one branches off, with the addresses where it does."""
    by_id = {row.id: row for row in played.family}
    steps: list[tuple[str, str]] = []
    row = by_id.get(played.trial.id)
    while row is not None and row.at is not None and row.of in by_id and len(steps) < 20:
        parent = by_id[row.of]
        place = anchor("t", max(row.at - 1, 1))
        steps.insert(0, (address("trial", parent.id, fragment=place), parent.short))
        row = parent
    return steps


def _head(played: Played) -> Html:
    trial = played.trial
    cost = _total(played.turns)
    facts: list[Part] = [
        name(trial.model),
        f"seed {trial.seed}",
        element("b", trial.arm) if trial.arm != "live" else None,
        counted(len(played.turns), "turn"),
        element("span", trial.status, class_=f"status {trial.status}"),
        *cost,
    ]
    parameters = ", ".join(f"{key}={value}" for key, value in trial.parameters.items())
    links: list[Part] = []
    if trial.entrants:
        # To the next of all: whoever sees this page knows who debates in it.
        links.append(element("a", "judge debates, blind", href="/judge"))
    if len(played.family) > 1:
        count = sum(row.at is not None for row in played.family)
        links.append(
            element(
                "a", counted(count, "branch", "branches"), href=address("trial", trial.id, "tree")
            )
        )
    if trial.at is not None and trial.of is not None:
        links.append(
            element("a", "beside its parent", href=address("compare", a=trial.of, b=trial.id))
        )
    return element(
        "div",
        element("h1", name(trial.title), " ", element("small", played.short)),
        element("p", _dotted([*facts, *links]), class_="facts-line"),
        element("p", parameters[:600], class_="muted small") if parameters else None,
        element("p", trial.topic[:2_000], class_="topic") if trial.topic else None,
        element(
            "details",
            element("summary", f"The cast ({len(trial.cast)})"),
            cast(trial.cast, Speakers(played.names)),
        ),
        class_="head",
        id="head",
    )


def _dotted(parts: Iterable[Part]) -> list[Part]:
    told: list[Part] = []
    for part in parts:
        if part is not None:
            told += [" · " if told else None, part]
    return told


def _total(turns: Sequence[Turn]) -> list[Part]:
    """What the turns of a trial took, where a model was asked."""
    paid = [turn for turn in turns if turn.usage.prompt_tokens or turn.usage.completion_tokens]
    if not paid:
        return []
    usage = Usage(usd=0.0)
    for turn in paid:
        usage = usage + turn.usage
    parts: list[Part] = [f"{usage.prompt_tokens + usage.completion_tokens:,} tokens"]
    # An unknown price of one turn makes the sum unknown.
    if usage.usd:
        parts.append(money(usage.usd))
    return parts


def _script(played: Played, speakers: Speakers, marks: Sequence[Mark]) -> Html:
    told: dict[int, list[str]] = {}
    for mark in marks:
        if mark.kind != "stranger":  # The line itself says so.
            told.setdefault(mark.turn, []).append(mark.told)
    notes = by_turn(played.notes)
    below = {turn.index: _below(played, turn, notes.get(turn.index, ())) for turn in played.turns}
    shared = (played.trial.at or 1) - 1
    return joined(
        element(
            "p",
            f"The first {counted(shared, 'turn')} are those of the parent.",
            class_="muted small",
        )
        if shared
        else None,
        transcript(
            played.events, speakers, place="t", notes=Beside(marks=told, lines=below), most=_LETTERS
        ),
    )


def _below(played: Played, turn: Turn, notes: Sequence[Note]) -> list[Part]:
    """What stands below a line: its alternatives, labels, notes, and what can be done with it."""
    parts: list[Part] = []
    others = played.alternatives.get(turn.index)
    if others is not None:
        parts.append(
            element(
                "a",
                both_bars(others),
                f" {counted(others.count, 'alternative')}",
                href=address("trial", played.trial.id, "turn", turn.index),
                class_="others",
            )
        )
    labels = [note for note in notes if note.kind == LABEL]
    if labels:
        parts.append(
            element(
                "span",
                [
                    element("span", note.text, class_="label", title=f"{note.by}, {note.at}")
                    for note in labels
                ],
                class_="labels",
            )
        )
    parts += [
        element("span", f"{note.by}: {note.text}", class_="note", title=note.at, dir="auto")
        for note in notes
        if note.kind != LABEL
    ]
    heard = _heard(played, turn)
    if heard:
        parts.append(heard)
    parts.append(element("span", _tools(played, turn), class_="tools", data_cost=cost_of(turn)))
    return parts


def _heard(played: Played, turn: Turn) -> str:
    """Who heard a line that was for all, where somebody did not."""
    if turn.audience is not None or not turn.text:
        return ""
    others = [who for who in played.names if who != turn.speaker]
    heard = [who for who in others if heard_by(who, turn)]
    return "" if len(heard) == len(others) else f"heard by {', '.join(heard) or 'nobody'}"


def _tools(played: Played, turn: Turn) -> list[Part]:
    """What can be done with a line."""
    trial = played.trial.id
    fork = address("trial", trial, "fork", at=turn.index)
    without = address("trial", trial, "fork", at=turn.index, change="drop")
    tools: list[Part] = [element("a", "fork", href=fork, class_="to-fork")]
    if turn.prompt:
        prompt = address("trial", trial, "prompt", turn.index)
        tools.insert(0, element("a", "prompt", href=prompt, class_="to-prompt"))
    tools += [
        element("button", "note", type="button", class_="plain to-note", data_turn=turn.index),
        element("a", "without it", href=without, class_="to-without"),
    ]
    return [joined(tool, " ") for tool in tools]


def cost_of(turn: Turn) -> str:
    """What a turn took, in words; blank if nothing is known.

    >>> from sim.events import Usage
    >>> cost_of(Turn(1, "Ada", "Yes.", usage=Usage(812, 34, 700, 0.0004), seconds=1.23))
    '812 + 34 tokens (700 from the cache), $0.0004, 1.2 s'
    """
    usage = turn.usage
    parts = []
    if usage.prompt_tokens or usage.completion_tokens:
        cached = f" ({usage.cached_tokens:,} from the cache)" if usage.cached_tokens else ""
        parts.append(f"{usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens{cached}")
        if usage.usd:
            parts.append(money(usage.usd))
    if turn.seconds >= 0.05:
        parts.append(f"{number(turn.seconds, 1)} s")
    return ", ".join(parts)


def money(usd: float) -> str:
    """A small amount of money, with two digits that say something.

    >>> money(0.0004), money(1.5)
    ('$0.0004', '$1.5')
    """
    return f"${float(f'{usd:.2g}'):.10f}".rstrip("0").rstrip(".")


def _aside(played: Played, speakers: Speakers, marks: Sequence[Mark]) -> Html:
    return joined(
        _graph(played, speakers),
        element("p", class_="muted small", id="cost"),
        _marks(marks),
        verdicts_of(played.verdicts),
        element(
            "p",
            "Labels: ",
            [
                joined(element("kbd", str(place)), f" {label}  ")
                for place, label in enumerate(played.labels, start=1)
            ],
            class_="muted small keys-of-labels",
        ),
        element("p", played.forkable, class_="muted small") if played.forkable else None,
    )


def _graph(played: Played, speakers: Speakers) -> Html | None:
    turns = played.turns
    if not turns:
        return None
    said = Counter(turn.speaker for turn in turns)
    names = [*played.names, *(who for who in said if who not in played.names)]
    follows: Counter[tuple[str, str]] = Counter()
    for one, other in pairwise(turns):
        follows[one.speaker, other.speaker] += 1
    nodes = [Node(who, speakers[who].name, said[who]) for who in names]
    edges = [
        Edge(one, other, count, told=f"{other} after {one}: {count}")
        for (one, other), count in follows.items()
    ]
    seats = {who: seat for seat, who in enumerate(names)}
    # Who speaks at each turn, and who hears it; by their places in the graph.
    course = [
        [
            seats[turn.speaker],
            [seats[who] for who in names if who != turn.speaker and heard_by(who, turn)],
        ]
        for turn in turns
    ]
    drawn = Network("Who speaks after whom", nodes, edges, height=220, counts=len(names) <= 6)
    return element(
        "div",
        svg(drawn(320), "Who speaks after whom, and how often", "graph"),
        id="graph",
        data_course=json.dumps(course, separators=(",", ":")),
    )


def _marks(marks: Sequence[Mark]) -> Html | None:
    if not marks:
        return None
    items = [
        element(
            "li", element("a", sign(mark.kind), f" {mark.turn} ", mark.told, href=f"#t-{mark.turn}")
        )
        for mark in marks[:60]
    ]
    more = len(marks) - len(items)
    return element(
        "details",
        element("summary", counted(len(marks), "mark")),
        element("ol", items),
        element("p", f"and {more} more, in the timeline", class_="muted small") if more else None,
        class_="mark-list",
        open=True,
    )


def _note_dialog(played: Played) -> Html:
    return element(
        "dialog",
        element(
            "form",
            element("h2", "A note on turn ", element("span", id="note-turn")),
            element("input", type="hidden", name="turn", id="note-at"),
            element("input", type="hidden", name="kind", value="note"),
            element(
                "label",
                element("span", "Note", class_="unseen-label"),
                element("textarea", name="text", id="note-text", rows="5", maxlength="20000"),
            ),
            element("p", "Blank takes it back. Ctrl+Enter keeps it.", class_="muted small"),
            element(
                "p",
                [
                    element("button", label, type="button", class_="label", data_label=label)
                    for label in played.labels
                ],
            ),
            element("button", "Keep"),
            element("button", "Cancel", type="button", class_="plain", id="note-cancel"),
            method="post",
            action=address("trial", played.trial.id, "notes"),
            id="note-form",
        ),
        id="note",
        aria_label="Note",
    )
