"""Judging by people: sheets of blinded debates, each in one order, and the verdicts on them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.output_files import spreadsheet_cell
from sim.seeds import Stream, derive
from sim.store import StoredMatch, VerdictKey, Writer, open_store
from sim.tournament import Entrant, Motion, Rubric, Side, Verdict
from sim.tournament.judge_prompt import Blinded, blinded, orders
from sim.tournament.judging import shown_as, unblinded
from sim.tournament.rubric import LETTERS, TIE, Reason

HUMAN = "human:"
"""How the name of a judge who is a person begins."""

_MARGIN = "margin"

_DELIMITERS = ",;\t"
"""Delimiters of cells: where the decimal point is a comma, spreadsheet programs write
semicolons."""

_LONGEST = 1 << 30
"""Letters of a cell at most. Python's own limit is shorter than a long debate."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A debate as it is shown to a person, and what is asked."""

    trial: str
    page: Blinded
    rubric: Rubric

    @property
    def id(self) -> str:
        """What the sheet is known by in a file: the trial, and whether its order was turned."""
        shown = self.page.shown
        return f"{self.trial[:12]}{'-' if shown[0] < shown[-1] else '+'}"

    @property
    def letters(self) -> str:
        """The letters of the sides."""
        return LETTERS[: len(self.page.shown)]


def sheets_for(
    store: Path | str, tournament: str, name: str, *, most: int | None = None, seed: int = 0
) -> list[Sheet]:
    """The debates of a tournament that a person has not judged yet, in random order.

    ``tournament`` is its id. Each debate is shown in one order of the sides, which is drawn by the
    seed, the person and the debate, so that it is the same every time.
    """
    with open_store(store) as reader:
        rubric = _rubric(reader.tournament(tournament).definition)
        judged = reader.judged_by(HUMAN + name)
        matches = reader.matches(tournament)
        done = {
            trial.id
            for trial in reader.trials([leg.trial for leg in matches if leg.trial is not None])
            if trial.status == "done"
        }
        # One debate may be the leg of two matches, and is judged once.
        debates: dict[str, StoredMatch] = {}
        for leg in matches:
            if leg.trial is not None and leg.trial in done:
                debates.setdefault(leg.trial, leg)
        drawn = Stream(derive(seed, "sheets", name))
        waiting = drawn.shuffled(trial for trial in debates if trial not in judged)
        sheets = []
        for trial in waiting[:most]:
            motion, sides = _debate(debates[trial].motion, debates[trial].sides)
            actors = [side.actor for side in sides]
            shown = orders(actors)[derive(seed, "shown", name, trial) % 2]
            events = reader.transcript(trial).events
            sheets.append(Sheet(trial, blinded(motion, sides, events, shown), rubric))
    return sheets


def _rubric(definition: Mapping[str, Any]) -> Rubric:
    fields = {name: value for name, value in definition["rubric"].items() if name != "$type"}
    return Rubric(**fields)


def _debate(topic: str, stored: Sequence[Mapping[str, Any]]) -> tuple[Motion, list[Side]]:
    positions = [side["text"] for side in sorted(stored, key=lambda side: side["position"])]
    sides = [
        Side(Entrant(name=side["entrant"]), side["actor"], side["position"], side["place"])
        for side in stored
    ]
    return Motion(topic=topic, positions=tuple(positions)), sides


def keep(store: Path | str, name: str, given: Iterable[tuple[Sheet, Verdict]]) -> int:
    """Store the verdicts of a person, all or none; their number."""
    verdicts = [
        (
            VerdictKey(
                sheet.trial, HUMAN + name, sheet.rubric.form("human"), shown_as(sheet.page.shown)
            ),
            unblinded(verdict, sheet.page.shown, (), "human"),
        )
        for sheet, verdict in given
    ]
    writer = Writer.open(store)
    try:
        writer.verdicts_now(verdicts)
    finally:
        writer.close()
    return len(verdicts)


# --- Files ---------------------------------------------------------------------------------------


def columns_of(rubric: Rubric, letters: str) -> list[str]:
    """The columns of a sheet: what is shown, and what is to be filled in."""
    scores = [f"{name} {letter}" for name in rubric.criteria for letter in letters]
    return ["id", "debate", "winner", _MARGIN, *scores, "why"]


def to_csv(sheets: Sequence[Sheet]) -> str:
    """Sheets as CSV: one row for each debate, with blank cells to fill in.

    A debate that a spreadsheet would take for a formula has an apostrophe before it.
    """
    text = io.StringIO()
    if sheets:
        first = sheets[0]
        writer = csv.DictWriter(text, columns_of(first.rubric, first.letters), lineterminator="\n")
        writer.writeheader()
        for sheet in sheets:
            writer.writerow({"id": sheet.id, "debate": spreadsheet_cell(sheet.page.page)})
    return text.getvalue()


def filled(sheet: Sheet, cells: Mapping[str, str]) -> str:
    """A sheet of one debate as CSV, with cells that are filled in, for ``from_csv``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(sheet.rubric, sheet.letters), lineterminator="\n")
    writer.writeheader()
    writer.writerow({"id": sheet.id, **cells})
    return text.getvalue()


def from_csv(text: str, sheets: Sequence[Sheet], where: str) -> list[tuple[Sheet, Verdict]]:
    """The verdicts of a sheet that was filled in. Rows without a winner are left out.

    Raises ``BadRequest`` with the row of the first cell that cannot be read.
    """
    by_id = {sheet.id: sheet for sheet in sheets}
    verdicts: list[tuple[Sheet, Verdict]] = []
    for number, row in enumerate(_rows(text, where), 2):
        if not (row["winner"] or "").strip():
            continue
        sheet = by_id.get((row["id"] or "").strip())
        if sheet is None:
            raise BadRequest(
                f"{where}, row {number}: there is no debate {row['id']!r} left to judge; "
                "use the same --name and --seed as for --to"
            )
        if any(sheet is other for other, _ in verdicts):
            raise BadRequest(f"{where}, row {number}: {sheet.id} is there twice")
        verdicts.append((sheet, _verdict(row, sheet, f"{where}, row {number}")))
    return verdicts


def _rows(text: str, where: str) -> list[dict[str, str]]:
    """The rows of a sheet, whichever delimiter it has. Raises ``BadRequest``."""
    csv.field_size_limit(_LONGEST)
    lacking = ""
    for delimiter in _DELIMITERS:
        # Line ends of every kind: some programs end a row with a carriage return alone.
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            columns = reader.fieldnames or ()
            missing = [name for name in ("id", "winner", _MARGIN) if name not in columns]
            if not missing:
                return list(reader)
        except csv.Error as error:
            raise BadRequest(f"{where}, line {reader.line_num}: is no CSV ({error})") from None
        if not lacking or len(missing) < 3:
            lacking = missing[0]
    raise BadRequest(f"{where}: has no column {lacking!r}; use a sheet that --to wrote")


def _verdict(row: Mapping[str, Any], sheet: Sheet, where: str) -> Verdict:
    winner = row["winner"].strip()
    scores: dict[str, dict[str, float]] = {}
    for name in sheet.rubric.criteria:
        cells = {letter: (row.get(f"{name} {letter}") or "").strip() for letter in sheet.letters}
        if any(cells.values()):
            scores[name] = {
                letter: number_of(cell, f"{where}: {name} {letter}")
                for letter, cell in cells.items()
            }
    margin, why = ((row.get(column) or "").strip() for column in (_MARGIN, "why"))
    return verdict_of(sheet, winner, margin, scores, where, why)


def verdict_of(
    sheet: Sheet, winner: str, margin: str, scores: Mapping[str, Mapping[str, float]], where: str,
    why: str = "",
) -> Verdict:  # fmt: skip
    """A verdict from a person's cells; it needs no quote. Raises ``BadRequest`` for a wrong
    cell."""
    known = {letter.casefold(): letter for letter in sheet.letters} | {TIE: TIE}
    named = known.get(winner.casefold())
    if named is None:
        options = ", ".join([*sheet.letters, TIE])
        raise BadRequest(f"{where}: the winner is {winner!r}; use one of {options}")
    points = 0.0 if named == TIE and not margin else number_of(margin, f"{where}: margin")
    if (named == TIE) != (points == 0):
        raise BadRequest(f"{where}: the margin is {points:g}; use 0 for a tie, and else 1 to 10")
    reasons = (Reason(turn=0, quote="", why=why),) if why else ()
    return Verdict(named, points, scores, reasons)


def number_of(text: str, where: str) -> float:
    """A number from 0 to 10, with a decimal point or comma. Raises ``BadRequest``.

    >>> number_of("3,5", "margin")
    3.5
    """
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 10:
        raise BadRequest(f"{where}: {text!r} is no number from 0 to 10")
    return value
