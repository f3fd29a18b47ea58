"""What labels are drawn from: every line of the trials that count, with its arm and its scores."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measure_names import names, own
from analysis.measures_by_name import measured, named
from analysis.tables import ARM, Tables
from analysis.topics import topics_of
from sim.errors import BadRequest
from sim.input_files import read_text
from sim.planning.trials import WHOLE
from sim.text.suggestions import nearest

THRESHOLD = 0.5
"""The score from which on a judge says that a line is an event, unless another is given."""

_PUT_IN = "intervention"
"""The source of lines that the experimenter put into somebody's mouth: they are no data."""


@dataclass(frozen=True)
class Population:
    """The lines, in order of trials and turns.

    ``lines`` has the columns ``trial``, ``turn``, ``actor`` and a score for each of ``instruments``
    (NaN: it says nothing of this line). ``facts`` tells the arm of each trial, ``seeds`` its seed,
    ``topics`` its topic.
    """

    lines: pd.DataFrame
    instruments: tuple[str, ...]
    facts: Mapping[str, Mapping[str, str]]
    seeds: Mapping[str, int]
    topics: Mapping[str, str]

    def arms(self) -> dict[str, str]:
        """The name of each trial's arm: the facts in which arms differ."""
        names = list(dict.fromkeys(name for each in self.facts.values() for name in each))
        differ = [
            name for name in names if len({each.get(name) for each in self.facts.values()}) > 1
        ]
        return {
            trial: " ".join(
                each[name] if name in ARM else f"{name}={each[name]}"
                for name in differ
                if name in each
            )
            for trial, each in self.facts.items()
        }

    def clusters(self) -> dict[str, tuple[str, str | int]]:
        """The independent unit that each trial belongs to, with its kind.

        A seed (one scene in each arm); the topic, where an arm has several and some are played more
        than once, since scenes of one topic are alike; else the trial itself. Arms whose clusters
        are the same seeds or topics can be compared in pairs.
        """
        members: dict[str, list[str]] = {}
        for trial, arm in self.arms().items():
            members.setdefault(arm, []).append(trial)
        found: dict[str, tuple[str, str | int]] = {}
        for trials in members.values():
            topics = {self.topics[trial] for trial in trials}
            seeds = {self.seeds[trial] for trial in trials}
            for trial in trials:
                if 1 < len(topics) < len(trials):
                    found[trial] = ("topic", self.topics[trial])
                elif len(seeds) == len(trials):
                    found[trial] = ("seed", self.seeds[trial])
                else:
                    found[trial] = ("trial", trial)
        return found


def population(tables: Tables, instruments: Sequence[str]) -> Population:
    """The lines of trials that came to their end, without branches, surrogates, blank lines and
    lines that an experimenter put in.

    Instruments are ``MEASURE.QUANTITY`` (its number for each turn), ``MEASURE.QUANTITY=VALUE``
    (whether it is that value, or with ``*`` any), or ``FILE.csv:COLUMN`` (a table with the columns
    trial and turn).
    Raises ``BadRequest`` if one is unknown, or if there is no line.
    """
    kept = tables.measured()
    trials = kept.trials[kept.trials["at"].isna() & kept.trials["arm"].isin(WHOLE)]
    kept = kept.only(trials["trial"])
    turns = kept.turns
    said = turns["text"].fillna("").str.strip().ne("") & turns["source"].fillna("").ne(_PUT_IN)
    lines = turns.loc[said, ["trial", "turn", "speaker"]]
    lines = lines.rename(columns={"speaker": "actor"}).sort_values(["trial", "turn"], kind="stable")
    lines = lines.reset_index(drop=True)
    if lines.empty:
        raise BadRequest("label: there is no line of a trial that came to its end")
    for name in dict.fromkeys(instruments):
        lines[name] = _scores(kept, name, lines)
    facts = {str(row["trial"]): _facts(row) for row in kept.trials.to_dict("records")}
    seeds = {
        str(trial): int(seed)
        for trial, seed in zip(kept.trials["trial"], kept.trials["seed"], strict=True)
    }
    topics = dict(zip(kept.trials["trial"].map(str), topics_of(kept.trials), strict=True))
    return Population(lines, tuple(dict.fromkeys(instruments)), facts, seeds, topics)


def _facts(trial: Mapping[Any, Any]) -> dict[str, str]:
    """What tells the arm of a trial, as a person types it."""
    found = {name: str(trial[name] or "") for name in ARM if name != "parameters"}
    for name, value in dict(trial["parameters"]).items():
        found[f"parameter.{name}" if name in found else name] = str(value)
    return found


def _scores(tables: Tables, name: str, lines: pd.DataFrame) -> Any:
    """The score of each line, as an array of shape (lines)."""
    path, colon, column = name.rpartition(":")
    if colon and path.lower().endswith((".csv", ".tsv")):
        table, value = _from_file(Path(path), column), ""
    else:
        table, value = _from_measure(tables, name)
    found: dict[tuple[str, int], list[float]] = {}
    for trial, turn, score in table:
        found.setdefault((trial, turn), []).append(score)
    # A measure may say several things of one line: of what is there or not, any of them counts.
    one = max if value else np.nanmean
    nothing = 0.0 if value else nan
    keys = zip(lines["trial"].map(str), lines["turn"].map(int), strict=True)
    scores = np.array([float(one(found[key])) if key in found else nothing for key in keys])
    if np.isnan(scores).all():
        raise BadRequest(f"--instrument {name}: it has no number for any line")
    return scores


Rows = list[tuple[str, int, float]]
"""A trial, a turn, and a score."""


def _from_measure(tables: Tables, name: str) -> tuple[Rows, str]:
    """The scores of a measure by turn, and the value that was asked for, if there was one."""
    what, _, value = name.partition("=")
    measure, _, quantity = what.partition(".")
    asked = f"--instrument {name}"
    if measure not in names():
        able = [each for each in own() if named(each, asked).turn]
        raise BadRequest(
            f"{asked}: no measure of turns is called {measure!r}{nearest(measure, able)}; or write "
            "FILE.csv:COLUMN"
        )
    kinds = named(measure, asked).turn
    if quantity not in kinds:
        raise BadRequest(
            f"{asked}: {measure} has no {quantity!r} for each turn{nearest(quantity, list(kinds))}"
        )
    if kinds[quantity].kind == "text" and not value:
        raise BadRequest(f"--instrument {name}: {quantity} is a text; write {what}=VALUE")
    table = measured(measure, tables, asked).by_turn
    column = table[quantity]
    if value:
        is_it = column.notna() if value == "*" else column.astype("str") == value
        scores = is_it.astype("float64")
    else:
        scores = column.astype("Float64").astype("float64")
    rows = zip(table["trial"].map(str), table["turn"].map(int), scores, strict=True)
    return list(rows), value


def _from_file(path: Path, column: str) -> Rows:
    """The scores in a table of somebody's own; blank cells say nothing."""
    where = f"--instrument {path}:{column}"
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    text = read_text(path, "--instrument")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    for name in ("trial", "turn", column):
        if name not in (reader.fieldnames or ()):
            there = list(reader.fieldnames or ())
            raise BadRequest(f"{where}: has no column {name!r}{nearest(name, there)}")
    rows: Rows = []
    for number, row in enumerate(reader, 2):
        try:
            score = float(row[column]) if (row[column] or "").strip() else nan
            rows.append((row["trial"].strip(), int(row["turn"]), score))
        except ValueError:
            raise BadRequest(f"{where}, row {number}: the turn or the score is no number") from None
    return rows
