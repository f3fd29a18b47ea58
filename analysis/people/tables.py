"""People as a table: attributes, and answers to items. From a CSV of the user's, or from a store.

A store's people are the actors of its trials: their attributes are those of their personas, their
answers those that they gave off stage (the first time that they were asked, the mean over samples).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats import Floats
from analysis.tables import Data, load
from sim.errors import BadRequest
from sim.input_files import read_text
from sim.scene.persona_files import number_or_text
from sim.text.suggestions import nearest

MOST_VALUES = 8
"""Numbers of more values than this are cut into groups."""

_STANCE = "stance:"


@dataclass(frozen=True)
class People:
    """People: ``attributes`` (a row each; missing is None or NaN), ``answers`` to items as numbers
    (a row each; NaN where one is missing), and ``clusters``, who was in one trial: a number each.
    ``texts`` are columns of a file that are no answers for a cell that is no number, with that cell
    in words.
    """

    attributes: pd.DataFrame
    answers: pd.DataFrame
    clusters: Sequence[int]
    texts: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.answers)

    def only(self, rows: Any) -> People:
        """Some of them, by a mask or places."""
        places = np.arange(len(self))[rows]
        return People(
            self.attributes.iloc[places].reset_index(drop=True),
            self.answers.iloc[places].reset_index(drop=True),
            [self.clusters[place] for place in places],
        )


def people_from_file(path: Path | str, what: str = "--humans") -> People:
    """People from a CSV: a row each, under a head. Columns whose cells are all numbers may be
    items; every column is an attribute, too; which of them count is decided beside the store.

    Raises ``BadRequest`` with the line for a file that is no such table.
    """
    where = f"{what} {path}"
    text = read_text(path, what, lenient=True)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    found: list[list[Any]] = []
    lines: list[int] = []
    try:
        head = [name.strip() for name in next(rows, [])]
        for number, name in enumerate(head):
            if not name or name in head[:number]:
                told = f"{name!r} is there twice" if name else "has no name"
                raise BadRequest(f"{where}, line 1: column {number + 1} {told}; name each once")
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                raise BadRequest(
                    f"{where}, line {rows.line_num}: {len(cells)} cells under {len(head)} columns; "
                    "put a cell that holds a comma in quotes"
                )
            lines.append(rows.line_num)
            found.append([number_or_text(cell.strip()) if cell.strip() else None for cell in cells])
    except csv.Error as error:
        raise BadRequest(f"{where}, line {rows.line_num}: is no CSV: {error}") from None
    if not found:
        raise BadRequest(f"{where}: has nobody in it; write a head, and a row for each person")
    table = pd.DataFrame(found, columns=head, dtype="object")
    numbers = {
        name: column.astype("float64")
        for name, column in table.items()
        if all(value is None or isinstance(value, int | float) for value in column)
        if any(value is not None for value in column)
    }
    texts = {
        str(name): next(
            f"line {line}: {value!r:.40}"
            for line, value in zip(lines, column, strict=True)
            if not (value is None or isinstance(value, int | float))
        )
        for name, column in table.items()
        if name not in numbers and column.notna().any()
    }
    answers = pd.DataFrame(numbers, index=table.index)
    return People(table, answers, list(range(len(table))), texts)


def people_from_store(data: Data) -> People:
    """The actors of a store, with the attributes of their personas and their answers off stage.

    Only answers that are numbers are items; ``stance:ISSUE`` is called ISSUE where nothing else is.
    Surrogates and branches are left out. Raises ``BadRequest`` if nobody has attributes or answers.
    """
    tables = load(data).measured()
    trials = tables.trials
    live = trials.loc[(trials["arm"] == "live") & trials["of"].isna(), "trial"]
    cast = tables.cast[tables.cast["trial"].isin(live)].reset_index(drop=True)
    asked = tables.answers[tables.answers["trial"].isin(live) & ~tables.answers["gauge"]]
    asked = asked.assign(number=pd.to_numeric(asked["value"], errors="coerce"))
    keys = ["trial", "actor", "key"]
    first = asked[asked["turn"] == asked.groupby(keys)["turn"].transform("min")]
    wide = first.pivot_table(
        index=["trial", "actor"], columns="key", values="number", aggfunc="mean", dropna=True
    )
    plain = {key: str(key).removeprefix(_STANCE) for key in wide.columns}
    if len(set(plain.values())) == len(plain):
        wide = wide.rename(columns=plain)
    people = pd.MultiIndex.from_frame(cast[["trial", "actor"]])
    answers = wide.reindex(people).reset_index(drop=True)
    answers.columns = [str(name) for name in answers.columns]
    attributes = pd.DataFrame(
        [dict(each) for each in cast["attributes"]], index=range(len(cast)), dtype="object"
    )
    if not len(answers.columns):
        raise BadRequest("no actor of the store answered a question with a number; ask_stance asks")
    if not len(attributes.columns):
        raise BadRequest(
            "no persona of the store has attributes; give them some (elsinore personas sample), "
            "since people are compared by them"
        )
    numbers = {trial: place for place, trial in enumerate(dict.fromkeys(cast["trial"]))}
    return People(attributes, answers, [numbers[trial] for trial in cast["trial"]])


def shared(
    minds: People, humans: People, wanted: Sequence[str], *, items: bool, what: str
) -> list[str]:
    """The items (or attributes) that both have: those that are wanted, or all.

    Raises ``BadRequest`` for one that is wanted and that a side lacks, and if there is none.
    """
    first, second = (
        [str(name) for name in (each.answers if items else each.attributes).columns]
        for each in (minds, humans)
    )
    both = [name for name in first if name in second]
    if items:
        _check_numbers(wanted or first, humans)
    for name in wanted:
        for side, names in (("the store", first), ("the table of people", second)):
            if name not in names:
                raise BadRequest(f"{what} {name}: {side} has no such column{nearest(name, names)}")
    if not (wanted or both):
        raise BadRequest(
            f"the store and the table of people share no {'item' if items else 'attribute'}; the "
            f"store has {', '.join(first)}; the table has {', '.join(second)}"
        )
    return list(wanted) or both


def _check_numbers(names: Sequence[str], humans: People) -> None:
    """Refuse an item whose column in the file holds something that is no number: without a word
    it would be compared with nobody."""
    for name in names:
        if name in humans.texts:
            raise BadRequest(
                f"the table of people: the item {name} has a cell that is no number "
                f"({humans.texts[name]}); write numbers with a point, and leave the cell blank "
                "where an answer is missing"
            )


def groups_of(minds: People, humans: People, attribute: str) -> tuple[list[str], list[str]]:
    """The group of everybody by one attribute, minds and humans; blank where it is unknown.

    Numbers of more than eight values are cut at the quartiles of the humans.
    """
    values = [list(each.attributes[attribute]) for each in (minds, humans)]
    known = [value for value in values[1] if _known(value)]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool)
                  for side in values for value in side if _known(value))  # fmt: skip
    if numeric and len(set(known)) > MOST_VALUES:
        cuts = np.unique(np.quantile(np.array(known, dtype=np.float64), [0.25, 0.5, 0.75]))
        names = [f"{attribute} <= {cuts[0]:g}",
                 *(f"{low:g} < {attribute} <= {high:g}"
                   for low, high in pairwise(cuts)),
                 f"{attribute} > {cuts[-1]:g}"]  # fmt: skip
        first, second = (
            [names[int(np.searchsorted(cuts, float(value)))] if _known(value) else ""
             for value in side] for side in values
        )  # fmt: skip
        return first, second
    first, second = ([_written(value) if _known(value) else "" for value in side]
                     for side in values)  # fmt: skip
    return first, second


def _known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and np.isnan(value))


def _written(value: Any) -> str:
    """A value as one group, however it was written: 1, 1.0 and "1" are the same; so are true and
    "True"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    return str(value).strip().casefold()


def standardised(minds: Floats, humans: Floats) -> tuple[Floats, Floats]:
    """Answers in standard deviations of the humans, item by item, about the humans' mean."""
    mean, spread = np.nanmean(humans, axis=0), np.nanstd(humans, axis=0, ddof=1)
    return (minds - mean) / spread, (humans - mean) / spread
