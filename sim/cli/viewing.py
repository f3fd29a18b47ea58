"""The measures of a viewer, and who looks at it. Loads pandas when something is measured."""

from __future__ import annotations

import getpass
import json
import multiprocessing
import os
import secrets
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from sim.cli.display.terminal import err, out
from sim.errors import BadRequest, ElsinoreError, RunFailed
from sim.events import Turn
from sim.serve.server import listening, origin, serve
from sim.transcript import Transcript
from sim.view.readings import Mark, Measures, Reading

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from analysis.tables import Tables

_LARGE = 16 << 20
"""A store of more bytes takes seconds to be measured."""

_MOST_VALUES = 8
"""Arms of so many values are compared on a page; of more, the command has the table."""

_TOLD = {
    "flip": "turns into the opposite",
    "collapse": "falls back into the assistant",
    "loop": "begins to loop",
}


def measures() -> Measures:
    """What the viewer measures: the same as ``elsinore show``, so that both say the same."""
    return Measures(read, who_speaks)


def read(store: Path) -> Reading:
    """Flips, collapses, loops and concessions of all trials, and how far arms converge.

    A large store is read by a process of its own: a thread would hold up every page for as long.
    """
    return _read(store) if store.stat().st_size <= _LARGE else _read_by_a_child(store)


def _read_by_a_child(store: Path) -> Reading:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    # Daemonic: it ends with the viewer, however far it is.
    child = context.Process(target=_send, args=(store, theirs), name="marks", daemon=True)
    child.start()
    theirs.close()
    try:
        found: Reading | str = ours.recv()
    except EOFError:
        raise RunFailed("the process that measured has died") from None
    finally:
        ours.close()
        child.join()
    if isinstance(found, str):
        raise RunFailed(found)
    return found


def _send(store: Path, pipe: Connection) -> None:
    """What the child does. Ctrl-C is for the viewer, which ends it; and pages come first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)
    try:
        pipe.send(_read(store))
    except ElsinoreError as error:
        pipe.send(str(error))


def _read(store: Path) -> Reading:
    from analysis.tables import load

    tables = load(store)
    if tables.trials.empty:
        return Reading()
    return Reading(_marks(tables, _debates(store)), _together(tables), _contrasts(store, tables))


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


def _contrasts(store: Path, tables: Tables) -> list[str]:
    """Whether arms differ in how far they converge, as ``elsinore analyze --by`` says it: by model,
    and by each parameter of which there are several values."""
    from analysis.comparison import compare
    from sim.cli.contrasts import STOPPED
    from sim.store import open_store
    from sim.study.sequential import stored_rules

    with open_store(store) as opened:
        played = [trial for trial in opened.trials() if trial.at is None]
        ruled = next(stored_rules(opened), None)
        varied: dict[str, set[str]] = {"model": {trial.model for trial in played}}
        for trial in played:
            for name, value in trial.parameters.items():
                varied.setdefault(name, set()).add(str(value))
    told: list[str] = []
    for by, values in varied.items():
        if not 2 <= len(values) <= _MOST_VALUES or by == "entrants":
            continue
        # Nothing that both arms have an answer to: then there is nothing to be said of them.
        with suppress(BadRequest):
            found = compare(tables, by, measures=("convergence.c",))
            # Rows that join several topics stand first, and the topics below them.
            told += [
                f"By {by}: {each.sentence.partition(': ')[2]}"
                for each in found.differences
                if each.primary and each.n_a
            ]
    return [*told[:_MOST_VALUES], *([STOPPED] if told and ruled is not None else [])]


def _debates(store: Path) -> set[str]:
    """The trials that are debates: only debaters can concede a point."""
    from sim.store import open_store

    with open_store(store) as opened:
        return {trial.id for trial in opened.trials() if trial.entrants}


def who_speaks(transcript: Transcript, turn: Turn, before: Sequence[Turn]) -> str:
    """Who speaks in a turn, by its words."""
    from sim.study.appearance import who_speaks as appears

    return appears(transcript, turn, list(before))


def announced(
    made: Callable[[str, str], ASGIApp],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    as_json: bool = False,
) -> None:
    """Serve an application until Ctrl-C, at an address that is printed when it can be opened.

    ``made`` makes the application for its origin and its token.
    """
    token = secrets.token_urlsafe(24)
    listener = listening(host, port)
    here = origin(listener)

    def ready() -> None:
        if as_json:
            out().out(json.dumps({"address": f"{here}/?token={token}"}))
            return
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
