"""The measures of a viewer, and who looks at it. Loads pandas when something is measured."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path

from sim.errors import BadRequest
from sim.events import Turn
from sim.transcript import Transcript
from sim.view.readings import Mark, Marks, Measures

_TOLD = {
    "flip": "turns into the opposite",
    "collapse": "falls back into the assistant",
    "loop": "begins to loop",
}


def measures() -> Measures:
    """What the viewer measures: the same as ``elsinore show``, so that both say the same."""
    return Measures(marks_of_store, who_speaks)


def marks_of_store(store: Path) -> Marks:
    """Flips, collapses and loops of all trials, and concessions in debates."""
    from analysis.measures.concessions import Concessions
    from analysis.tables import load
    from sim.cli.outcomes import OUTCOMES, outcomes_by_trial

    tables = load(store)
    marks: dict[str, list[Mark]] = {}
    if tables.trials.empty:
        return marks
    for trial, actors in outcomes_by_trial(tables).items():
        for actor, found in actors.items():
            for kind in OUTCOMES:
                if found[kind] is not None:
                    mark = Mark(found[kind], kind, actor, f"{actor} {_TOLD[kind]}")
                    marks.setdefault(trial, []).append(mark)
    debates = _debates(store)
    if debates:
        rows = Concessions(tables.only(debates)).by_turn
        for trial, turn, actor in zip(rows["trial"], rows["turn"], rows["actor"], strict=True):
            mark = Mark(int(turn), "concession", str(actor), f"{actor} concedes")
            marks.setdefault(str(trial), []).append(mark)
    return marks


def _debates(store: Path) -> set[str]:
    """The trials that are debates: only debaters can concede a point."""
    from sim.store import open_store

    with open_store(store) as opened:
        return {trial.id for trial in opened.trials() if trial.entrants}


def who_speaks(transcript: Transcript, turn: Turn, before: Sequence[Turn]) -> str:
    """Who speaks in a turn, by its words."""
    from sim.study.appearance import who_speaks as read

    return read(transcript, turn, list(before))


def coder_name(given: str | None) -> str:
    """The name of who labels. Raises ``BadRequest`` for a blank one."""
    if given is not None:
        if not given.strip() or not given.isprintable() or len(given) > 80:
            raise BadRequest("--coder: write a name")
        return given.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # Nobody has to have a name here.
        return "somebody"
