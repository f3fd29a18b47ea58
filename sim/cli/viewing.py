"""The measures of a viewer, and who looks at it. Loads pandas when something is measured."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from sim.cli.display.terminal import err, out
from sim.errors import BadRequest
from sim.events import Turn
from sim.serve.server import listening, origin, serve
from sim.transcript import Transcript
from sim.view.readings import Mark, Measures, Reading

if TYPE_CHECKING:
    from analysis.tables import Tables

_TOLD = {
    "flip": "turns into the opposite",
    "collapse": "falls back into the assistant",
    "loop": "begins to loop",
}


def measures() -> Measures:
    """What the viewer measures: the same as ``elsinore show``, so that both say the same."""
    return Measures(read, who_speaks)


def read(store: Path) -> Reading:
    """Flips, collapses, loops and concessions of all trials, and how far arms converge."""
    from analysis.tables import load

    tables = load(store)
    if tables.trials.empty:
        return Reading()
    return Reading(_marks(tables, _debates(store)), _together(tables))


def _marks(tables: Tables, debates: set[str]) -> dict[str, list[Mark]]:
    from analysis.measures.concessions import Concessions
    from sim.cli.outcomes import OUTCOMES, outcomes_by_trial

    marks: dict[str, list[Mark]] = {}
    for trial, actors in outcomes_by_trial(tables).items():
        for actor, found in actors.items():
            for kind in OUTCOMES:
                if found[kind] is not None:
                    mark = Mark(found[kind], kind, actor, f"{actor} {_TOLD[kind]}")
                    marks.setdefault(trial, []).append(mark)
    if debates:
        rows = Concessions(tables.only(debates)).by_turn
        for trial, turn, actor in zip(rows["trial"], rows["turn"], rows["actor"], strict=True):
            mark = Mark(int(turn), "concession", str(actor), f"{actor} concedes")
            marks.setdefault(str(trial), []).append(mark)
    return marks


def _together(tables: Tables) -> dict[str, str]:
    """The convergence of each trial's arm, where it has an estimate."""
    from analysis.measures.convergence import Convergence
    from sim.html.numbers import interval, number

    convergence = Convergence(tables)
    told = {
        each.arm: f"{number(each.estimate.value)} {interval(each.estimate.low, each.estimate.high)}"
        for each in convergence.estimates
        if each.quantity == "c" and each.estimate.value is not None
        and not isnan(each.estimate.value)
    }  # fmt: skip
    return {trial: told[arm] for trial, arm in convergence.arm_of().items() if arm in told}


def _debates(store: Path) -> set[str]:
    """The trials that are debates: only debaters can concede a point."""
    from sim.store import open_store

    with open_store(store) as opened:
        return {trial.id for trial in opened.trials() if trial.entrants}


def who_speaks(transcript: Transcript, turn: Turn, before: Sequence[Turn]) -> str:
    """Who speaks in a turn, by its words."""
    from sim.study.appearance import who_speaks as appears

    return appears(transcript, turn, list(before))


def announced(made: Callable[[str, str], ASGIApp], host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve an application until Ctrl-C, at an address that is printed when it can be opened.

    ``made`` makes the application for its origin and its token.
    """
    token = secrets.token_urlsafe(24)
    listener = listening(host, port)
    here = origin(listener)

    def ready() -> None:
        out().print(f"{here}/?token={token}", soft_wrap=True, highlight=False)
        err().print("Open it in a browser on this machine. Ctrl-C ends it.")

    serve(made(here, token), listener, ready)


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
