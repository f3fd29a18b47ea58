"""Arms by short labels: what tells them apart, and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.tables import ARM, in_order, with_arms


@dataclass(frozen=True)
class ArmLabel:
    """An arm: what tells it from the others, its facts, its trials in order, its model."""

    label: str
    facts: Mapping[str, str]
    trials: Sequence[str]

    @property
    def key(self) -> tuple[str, ...]:
        """The arm as results have it: the values of ``ARM``."""
        return tuple(self.facts[name] for name in ARM)

    @property
    def scenario(self) -> str:
        """The scenario."""
        return self.facts["scenario"]


def arms_of(trials: pd.DataFrame) -> list[ArmLabel]:
    """The arms of some trials, by label; debates of a tournament are one arm for each scenario."""
    facts = with_arms(trials)
    debate = pd.Series(
        ["entrants" in dict(each) for each in trials["parameters"]], index=trials.index, dtype=bool
    )
    # The parameters of a debate say who met whom: no two are alike.
    facts = facts.assign(parameters=facts["parameters"].mask(debate, "{}"))
    for name in ("model", "layout", "wording", "version"):
        facts[name] = facts[name].astype("str").mask(debate, "")
    grouped = list(facts.groupby(list(ARM), sort=True, dropna=False))
    keys = [dict(zip(ARM, map(_text, key), strict=True)) for key, _ in grouped]
    arms = [
        ArmLabel(label, key, tuple(map(str, rows["trial"])))
        for label, key, (_, rows) in zip(_labels(keys), keys, grouped, strict=True)
    ]
    places = in_order(arm.label for arm in arms)
    return sorted(arms, key=lambda arm: places.index(arm.label))


def contrast_of(arms: Sequence[ArmLabel]) -> str | None:
    """The one fact by which arms are best compared, as ``analysis.compare`` takes it: the model
    where models differ, else layout, wording, version or a parameter. None: arms do not differ."""
    for name in ("model", "layout", "wording", "version"):
        if any(len(values) > 1 for values in _values(arms, name).values()):
            return name
    given: dict[str, dict[str, set[str]]] = {}
    for arm in arms:
        for name, value in json.loads(arm.facts["parameters"] or "{}").items():
            told = json.dumps(value, sort_keys=True)
            given.setdefault(arm.scenario, {}).setdefault(name, set()).add(told)
    for parameters in given.values():
        for name, values in sorted(parameters.items()):
            if len(values) > 1:
                return name
    return "scenario" if len({arm.scenario for arm in arms}) > 1 else None


def _values(arms: Sequence[ArmLabel], name: str) -> dict[str, set[str]]:
    """The values of a fact by scenario."""
    found: dict[str, set[str]] = {}
    for arm in arms:
        found.setdefault(arm.scenario, set()).add(arm.facts[name])
    return found


def _labels(keys: Sequence[Mapping[str, str]]) -> list[str]:
    """Labels of arms: the scenario where there are several, and what differs within one."""
    facts = [_flat(key) for key in keys]
    values: dict[tuple[str, str], set[str]] = {}
    for each in facts:
        for name, value in each.items():
            values.setdefault((each["scenario"], name), set()).add(value)
    several = len({each["scenario"] for each in facts}) > 1
    labels = []
    for each in facts:
        told = [each["scenario"]] if several else []
        for name, value in each.items():
            if name != "scenario" and value and len(values[each["scenario"], name]) > 1:
                told.append(value if name in ARM and name != "version" else f"{name}={value}")
        if not told:
            told = [each["model"] or each["scenario"] or "all trials"]
        labels.append(" ".join(told))
    return labels


def _flat(key: Mapping[str, str]) -> dict[str, str]:
    """The facts of an arm, each parameter by itself."""
    own = {name: value for name, value in key.items() if name != "parameters"}
    given = json.loads(key["parameters"] or "{}")
    return own | {name: _plain(value) for name, value in given.items() if name not in own}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
