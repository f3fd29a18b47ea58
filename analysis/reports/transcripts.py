"""The transcripts that a report holds: those that stand behind sentences, and more if few."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.reports.examples import Shelf
from analysis.reports.material import Material
from analysis.reports.sections import Section
from sim.html import Html, Notes, cast, element, marks_of, transcript
from sim.html.numbers import counted
from sim.store import Store, StoredTrial, open_store
from sim.text.printing import command_line

MOST_BYTES = 5_000_000
"""So large are all transcripts of a report together, at most."""

MOST_LETTERS = 20_000
"""So many letters of one line come onto the page."""


def transcripts(material: Material, shelf: Shelf) -> Section:
    """The section with the transcripts; links lead to their turns."""
    wanted = list(shelf.trials)
    read = [str(trial) for trial in material.read.trials["trial"]]
    wanted += [trial for trial in read if trial not in shelf.trials]
    made: list[Html] = []
    size = 0
    with open_store(material.path) as store:
        for trial in wanted[: shelf.most]:
            drawn = _trial(store, material, shelf, trial)
            size += len(drawn)
            # What a sentence leads to has to be there; others only where there is room.
            if size > MOST_BYTES and trial not in shelf.trials:
                break
            made.append(drawn)
    played = len(material.played.trials)
    left = played - len(made)
    about = (
        f"{counted(len(made), 'trial')} of {played:,}: first those behind the sentences above. "
        f"All others: {command_line('show', material.path.name)}."
        if left > 0
        else "Every trial, with what happened marked at its turn."
    )
    return Section("The turns behind it", about, tuple(made))


def _trial(store: Store, material: Material, shelf: Shelf, trial: str) -> Html:
    [stored] = store.trials([trial])
    speakers = material.speakers(trial)
    events = list(store.transcript(trial).events)
    notes = Notes(marks_of(material.onsets.get(trial, {})) if not material.debates else {})
    place = shelf.place(trial)
    return element(
        "details",
        element(
            "summary",
            element("b", material.short.get(trial, trial)),
            " ",
            element("span", " · ".join(_facts(material, stored)), class_="muted"),
        ),
        # The place is within what opens, so that a link to it opens it.
        element(
            "div",
            element("p", stored.topic, class_="topic") if stored.topic else None,
            cast(stored.cast, speakers),
            transcript(events, speakers, place=place, notes=notes, most=MOST_LETTERS),
            _verdicts(store, trial) if material.debates else None,
            id=place,
            class_="within",
        ),
        class_="trial",
    )


def _facts(material: Material, stored: StoredTrial) -> Iterator[str]:
    label = material.label_of.get(stored.id, stored.model)
    yield stored.title if material.debates else label
    yield f"seed {stored.seed}"
    yield counted(stored.turns, "turn")
    marks = [
        f"{actor}: {kind}"
        for actor, found in ({} if material.debates else material.onsets.get(stored.id, {})).items()
        for kind, at in found.items()
        if at is not None
    ]
    if marks:
        yield ", ".join(marks)


def _verdicts(store: Store, trial: str) -> Html | None:
    """What judges said of a debate."""
    lines = []
    for each in store.verdicts(trial):
        told = each.record()
        winner = told.get("winner") or f"missing ({told.get('missing')})"
        lines.append(element("li", f"{each.judge}: {winner}"))
    if not lines:
        return None
    return element("ul", lines, class_="cast")
