"""Judging debates on a page, blind, as ``elsinore judge`` does: its sheets, and its command.

The verdict is checked here and kept by ``elsinore judge --from``, a child process: it is what a
person would type, the store has its one writer, and what is stored is the same to the letter.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from sim.errors import BadRequest
from sim.store import open_store
from sim.tournament.human_judging import Sheet, filled, number_of, sheets_for, verdict_of
from sim.tournament.rubric import TIE
from sim.view.forks import said_by


class Judging:
    """The debates that a person has not judged yet, one after the other, and their verdicts.

    Debates are known by the ids of their sheets. They are read once, and again when none is left.
    """

    def __init__(self, store: Path, by: str) -> None:
        self.store = store
        self.by = by
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, Sheet]] = []
        self._writing = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """How many debates are left."""
        return len(self._waiting)

    def next(self) -> Sheet | None:
        """The debate that is to be judged next; None if none is left. Raises ``StoreRefused``."""
        with self._lock:
            if not self._waiting:
                with open_store(self.store) as store:
                    tournaments = [each.id for each in store.tournaments()]
                found = {
                    sheet.id: (tournament, sheet)
                    for tournament in tournaments
                    for sheet in sheets_for(self.store, tournament, self.by)
                }
                self._waiting = list(found.values())
            return self._waiting[0][1] if self._waiting else None

    def skip(self, sheet: str) -> None:
        """Put a debate behind all others."""
        with self._lock:
            place = self._place(sheet)
            self._waiting.append(self._waiting.pop(place))

    async def give(self, sheet: str, form: Mapping[str, str]) -> None:
        """Store a verdict. Raises ``BadRequest`` with what is wrong with it, or with what the
        command said if it refused: that a run writes the store, for one."""
        with self._lock:
            tournament, shown = self._waiting[self._place(sheet)]
        cells = _cells(shown, form)
        async with self._writing:
            with tempfile.TemporaryDirectory(prefix="elsinore-") as folder:
                path = Path(folder) / "verdict.csv"
                path.write_text(filled(shown, cells), "utf-8", newline="")
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "sim.cli", "judge", str(self.store),
                    f"--name={self.by}", f"--tournament={tournament}", f"--from={path}",
                    stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE, start_new_session=True,
                )  # fmt: skip
                _, err = await process.communicate()
        if process.returncode:
            raise BadRequest(f"The verdict was not kept: {said_by(err)}")
        with self._lock:
            self._waiting = [each for each in self._waiting if each[1] is not shown]

    def _place(self, sheet: str) -> int:
        for place, (_, each) in enumerate(self._waiting):
            if each.id == sheet:
                return place
        raise BadRequest("This debate is not waiting to be judged; go on with the next one.")


def _cells(sheet: Sheet, form: Mapping[str, str]) -> dict[str, str]:
    """The cells of a sheet from the fields of a form. Raises ``BadRequest`` for a wrong one."""
    winner = form.get("winner", "").strip()
    if not winner:
        raise BadRequest("Say who debated better, or that it is a tie.")
    # The margin of a tie is none, whatever stands in the field.
    margin = "" if winner.casefold() == TIE else form.get("margin", "").strip()
    cells = {"winner": winner, "margin": margin, "why": form.get("why", "").strip()}
    scores: dict[str, dict[str, float]] = {}
    for place, name in enumerate(sheet.rubric.criteria):
        given = {each: form.get(f"score-{place}-{each}", "").strip() for each in sheet.letters}
        if not any(given.values()):
            continue
        if not all(given.values()):
            raise BadRequest(f"{name}: score every speaker, or none")
        scores[name] = {
            letter: number_of(value, f"{name}, Speaker {letter}") for letter, value in given.items()
        }
        cells |= {f"{name} {letter}": value for letter, value in given.items()}
    verdict_of(sheet, winner, margin, scores, "The verdict", cells["why"])
    return cells
