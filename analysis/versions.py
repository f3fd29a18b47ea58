"""Versions of a scenario: its trials before and after somebody edited it are no replications.

What tells versions apart is the source of the scenario when a trial was played, where that is
known, and else the scene itself. An edit that makes the same scene (a comment) makes no version,
and the scenes that one source makes (other parameters, a cast that is drawn) are of one version.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sim.store import Store, StoredTrial

_NOTHING = object()
_SHOWN, _LETTERS = 3, 40


class Made(NamedTuple):
    """How the scene of a trial was made.

    ``alike`` are parameters, layout and wording: with the same source and these, the same scene
    comes out. ``scene`` is a hash of it, ``of`` the trial of which this is a branch or a surrogate.
    ``order`` says which trials are older.
    """

    trial: str
    scenario: str
    alike: tuple[str, ...]
    source: str
    scene: str
    of: str | None = None
    order: int = 0


def versions(made: Sequence[Made]) -> dict[str, str]:
    """The version of each trial: ``"1"``, ``"2"``, ... by age, blank where a scenario has but one.

    >>> plays = [Made("a", "tea", ("{}",), "s1", "x", order=1),
    ...          Made("b", "tea", ("{}",), "s2", "x", order=2),
    ...          Made("c", "tea", ("{}",), "s3", "y", order=3)]
    >>> versions(plays), versions(plays[:2])
    ({'a': '1', 'b': '1', 'c': '2'}, {'a': '', 'b': ''})
    """
    own = sorted((each for each in made if each.of is None), key=lambda each: each.order)
    found: dict[str, str] = {}
    scenarios: dict[str, list[Made]] = defaultdict(list)
    for each in own:
        scenarios[each.scenario].append(each)
    for plays in scenarios.values():
        found |= _of_scenario(plays)
    parents = {each.trial: each.of for each in made if each.of is not None}
    for trial in parents:
        root, seen = trial, {trial}
        while root in parents and parents[root] not in seen:
            root = parents[root]
            seen.add(root)
        found[trial] = found.get(root, "")
    return {each.trial: found[each.trial] for each in made}


def made_in(store: Store, trials: Iterable[StoredTrial]) -> list[Made]:
    """How the scenes of a store's trials were made."""
    sources = store.sources()
    forms: dict[str, tuple[str, str]] = {}  # A scene is read once for all of its trials.
    made: list[Made] = []
    for trial in trials:
        scene = trial.scene_digest
        if scene not in forms:
            forms[scene] = (trial.layout, trial.wording)
        alike = (json.dumps(trial.parameters, sort_keys=True), *forms[scene])
        source, run = sources[trial.id].source, sources[trial.id].run
        made.append(Made(trial.id, trial.scenario, alike, source, scene, trial.of, run))
    return made


def told_apart(
    store: Store, every: Sequence[StoredTrial] | None = None, known: Sequence[Made] | None = None
) -> list[str]:
    """A sentence for each scenario that has versions in a store: what differs between them.

    ``every`` and ``known`` are all of its trials and how they were made, where they were read.
    """
    trials = {trial.id: trial for trial in (store.trials() if every is None else every)}
    made = made_in(store, trials.values()) if known is None else known
    labels = versions(made)
    told: list[str] = []
    for scenario in dict.fromkeys(each.scenario for each in made):
        scenes: dict[tuple[str, ...], dict[str, StoredTrial]] = defaultdict(dict)
        for each in made:
            if each.scenario == scenario and each.of is None and labels[each.trial]:
                scenes[each.alike].setdefault(labels[each.trial], trials[each.trial])
        count = len({label for some in scenes.values() for label in some})
        if count < 2:
            continue
        several = next(some for some in scenes.values() if len(some) > 1)
        first, last = min(several, key=int), max(several, key=int)
        found = differences(several[first].canonical, several[last].canonical)
        told.append(
            f"{scenario} has {count} versions here, which are measured apart; "
            f"{last} differs from {first} in {'; '.join(found[:_SHOWN])}"
            + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        )
    return told


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two values of JSON differ, by the path to each place.

    >>> differences({"topic": "Tea?", "cast": [{"name": "Ada"}]},
    ...             {"topic": "Tea!", "cast": [{"name": "Ada"}], "words": 9})
    ["topic ('Tea?' → 'Tea!')", 'words (nothing → 9)']
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            difference
            for name in dict.fromkeys([*one, *other])
            for difference in differences(
                one.get(name, _NOTHING), other.get(name, _NOTHING), f"{where}.{name}".lstrip(".")
            )
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            difference
            for number, (left, right) in enumerate(zip(one, other, strict=True))
            for difference in differences(left, right, f"{where}.{number}")
        ]
    return [] if one == other else [f"{where} ({_short(one)} → {_short(other)})"]


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


def _of_scenario(plays: Iterable[Made]) -> dict[str, str]:
    """The versions of one scenario's own trials, which are in order of age."""
    plays = list(plays)
    groups = _Groups()
    scenes: dict[tuple[tuple[str, ...], str], str] = {}
    for each in plays:
        key = _key(each)
        groups.add(key)
        # The same scene came out: what differs in the sources makes no difference.
        groups.join(scenes.setdefault((each.alike, each.scene), key), key)
    kinds: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for each in plays:
        kinds[each.alike].add(groups.of(_key(each)))
    if all(len(several) == 1 for several in kinds.values()):
        return {each.trial: "" for each in plays}
    numbers: dict[str, str] = {}
    for each in plays:
        numbers.setdefault(groups.of(_key(each)), str(len(numbers) + 1))
    return {each.trial: numbers[groups.of(_key(each))] for each in plays}


def _key(each: Made) -> str:
    """What makes the version of a trial: the source or, without one, the scene."""
    return f"source {each.source}" if each.source else f"scene {each.scene} {each.alike}"


class _Groups:
    """Disjoint sets of names."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def add(self, name: str) -> None:
        self._parents.setdefault(name, name)

    def of(self, name: str) -> str:
        """The name that stands for the set."""
        while self._parents[name] != name:
            name = self._parents[name]
        return name

    def join(self, one: str, other: str) -> None:
        self._parents[self.of(other)] = self.of(one)
