"""Arms of a run, compared with the first: models with models, values of a parameter with values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from analysis.results import Result
from sim.cli.arms import typed
from sim.planning import Trial

Record = dict[str, Any]


class Arm(NamedTuple):
    """A model and parameters (as canonical JSON) of a run, and how to call the two together."""

    model: str
    parameters: str
    label: str


def arms_of(trials: Sequence[Trial]) -> list[Arm]:
    """The arms of a run, in the order of the plan; the parameters are named where they differ."""
    several = varied(trials)
    arms: dict[tuple[str, str], Arm] = {}
    for trial in trials:
        parameters = json.dumps(trial.parameters, sort_keys=True)
        told = [f"{name}={typed(trial.parameters[name])}" for name in several]
        label = " ".join([trial.model, *told])
        arms.setdefault((trial.model, parameters), Arm(trial.model, parameters, label))
    return list(arms.values())


def varied(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """The parameters with several values in a run, and these values as JSON."""
    values: dict[str, list[str]] = {}
    for trial in trials:
        for name, value in trial.parameters.items():
            text = json.dumps(value, sort_keys=True)
            if text not in values.setdefault(name, []):
                values[name].append(text)
    return {name: texts for name, texts in values.items() if len(texts) > 1}


def compared(
    result: Result, quantity: str, title: str, trials: Sequence[Trial], named: Mapping[str, str]
) -> list[Record]:
    """A quantity of each further arm less that of the first: for models, and for each parameter
    with several values. ``title`` is what the quantity is called, ``named`` how tables call the
    models of the run.
    """
    models = list(dict.fromkeys(trial.model for trial in trials))
    several = varied(trials)
    found: list[Record] = []
    for model in models[1:]:
        for row in _rows(result.compare(named[model], named[models[0]]), quantity):
            told = _told(json.loads(row["parameters"]), several)
            found.append(_comparison(row, title, named[model], named[models[0]], told))
    for name, values in several.items():
        others = [other for other in several if other != name]
        for value in values[1:]:
            for row in _rows(result.compare(value, values[0], by=name), quantity):
                given = json.loads(row["parameters"])
                told = " ".join(filter(None, (given["model"], _told(given, others))))
                first, second = (f"{name}={typed(json.loads(each))}" for each in (value, values[0]))
                found.append(_comparison(row, title, first, second, told))
    return found


def _told(parameters: Mapping[str, Any], names: Iterable[str]) -> str:
    """Some parameters with their values."""
    return " ".join(f"{name}={typed(parameters[name])}" for name in names)


def _rows(table: pd.DataFrame, quantity: str) -> list[dict[Any, Any]]:
    return table[table["quantity"] == quantity].to_dict("records")


def _comparison(row: Mapping[Any, Any], title: str, a: str, b: str, of: str) -> Record:
    return {
        "quantity": title,
        "a": a,
        "b": b,
        "of": of,
        "pairs": int(row["pairs"]),
        "left_out": int(row["left_out"]),
        **{
            name: None if pd.isna(row[column]) else float(row[column])
            for name, column in (
                ("value_a", "value_a"), ("value_b", "value_b"), ("difference", "difference"),
                ("difference_low", "low"), ("difference_high", "high"), ("p", "p"),
            )
        },
    }  # fmt: skip
