"""Arms on the command line: which trials of a store are meant, and what tells them apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import BadRequest
from sim.planning.trials import WHOLE
from sim.store import Store, StoredTrial
from sim.text.suggestions import nearest

FACTS = ("scenario", "version", "model", "layout", "wording", "arm")
"""What tells arms apart, besides parameters."""

MOST = 8
"""A message lists at most so many arms."""


def facts_of(trial: StoredTrial, version: str = "") -> dict[str, str]:
    """What tells the arm of a trial: each fact as a person types it; parameters by their names.

    A parameter that has the name of another fact stands as ``parameter.NAME``.
    """
    known = {
        "scenario": trial.scenario,
        "version": version,
        "model": trial.model,
        "layout": trial.layout,
        "wording": trial.wording,
        "arm": trial.arm,
    }
    own = {
        f"parameter.{name}" if name in FACTS else name: typed(value)
        for name, value in trial.parameters.items()
    }
    return {**known, **own}


def typed(value: Any) -> str:
    """A value of a parameter as a person types it."""
    return value if isinstance(value, str) else json.dumps(value)


def chosen(
    trials: Sequence[StoredTrial], wanted: Sequence[str], versions: Mapping[str, str]
) -> list[StoredTrial]:
    """The trials with all of the facts ``wanted`` (NAME=VALUE). Raises ``BadRequest`` if a fact is
    unknown or no trial has them all."""
    facts = {trial.id: facts_of(trial, versions.get(trial.id, "")) for trial in trials}
    names = list(dict.fromkeys(name for each in facts.values() for name in each))
    kept = list(trials)
    for each in wanted:
        name, equals, value = each.partition("=")
        if not equals:
            raise BadRequest(f"--arm {each}: write NAME=VALUE, as in --arm model=embedded:rlhf")
        if name not in names:
            raise BadRequest(f"--arm {each}: trials have no {name!r}{nearest(name, names)}")
        there = list(dict.fromkeys(facts[trial.id].get(name, "") for trial in kept))
        kept = [trial for trial in kept if _same(facts[trial.id].get(name), value)]
        if not kept:
            raise BadRequest(f"--arm {each}: no trial has it{nearest(value, sorted(there))}")
    return kept


def _same(one: str | None, other: str) -> bool:
    """Whether two values are the same, as they stand or as numbers.

    >>> _same("1.0", "1"), _same("true", "1"), _same("blunt", "blunt")
    (True, False, True)
    """
    if one is None or one == other:
        return one == other
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def differing(trials: Sequence[StoredTrial], versions: Mapping[str, str]) -> list[str]:
    """The names of the facts in which trials differ: the scenario, and what differs within one."""
    facts = [facts_of(trial, versions.get(trial.id, "")) for trial in trials]
    several = len({each["scenario"] for each in facts}) > 1
    values: dict[tuple[str, str], set[str | None]] = {}
    for each in facts:
        for name in each:
            values.setdefault((each["scenario"], name), set()).add(each[name])
    within = {name for (_, name), some in values.items() if len(some) > 1}
    names = dict.fromkeys(name for each in facts for name in each)
    return [name for name in names if name in within or (several and name == "scenario")]


def one_arm(trials: Sequence[StoredTrial], versions: Mapping[str, str], what: str) -> None:
    """Raise ``BadRequest`` if the trials are of several arms: ``what`` would pool them."""
    names = differing(trials, versions)
    if not names:
        return
    arms: dict[str, int] = {}
    for trial in trials:
        facts = facts_of(trial, versions.get(trial.id, ""))
        told = " ".join(f"--arm {name}={facts[name]}" for name in names if name in facts)
        arms[told] = arms.get(told, 0) + 1
    listed = [f"{told} ({count})" for told, count in sorted(arms.items())[:MOST]]
    if len(arms) > MOST:
        listed.append(f"and {len(arms) - MOST} more")
    raise BadRequest(
        f"{what}: these {len(trials)} trials are of {len(arms)} arms; name one, or take them "
        f"together with --pool: {'; '.join(listed)}"
    )


def versions_of(store: Store) -> dict[str, str]:
    """The version of each trial's scenario; blank where it was never edited."""
    from sim.planning.scenarios import own

    own("analysis")
    from analysis.versions import made_in, versions

    return dict(versions(made_in(store, store.trials())))


def trials_of_an_arm(
    store: Store, wanted: Sequence[str], what: str, *, pool: bool = False
) -> list[StoredTrial]:
    """The trials of a store that came to their end and have all of the facts ``wanted``.

    Branches repeat turns of live trials, and in surrogates nobody answers: both are left out unless
    a fact ``arm=...`` asks for them. Raises ``BadRequest`` if nothing is left, or if trials of
    several arms are and ``pool`` is not given.
    """
    trials = store.trials()
    labels = versions_of(store)
    named = any(each.startswith("arm=") for each in wanted)
    kept = [trial for trial in trials if trial.status == "done" and (named or trial.arm in WHOLE)]
    if not kept:
        raise BadRequest(f"{what}: no trial came to its end")
    kept = chosen(kept, wanted, labels)
    if not pool:
        one_arm(kept, labels, what)
    return kept


def arm_labels(store: Store, trials: Sequence[StoredTrial]) -> dict[str, str]:
    """What tells the arms of trials apart, by trial; blank if nothing does."""
    labels = versions_of(store)
    names = differing(trials, labels)
    facts = {trial.id: facts_of(trial, labels.get(trial.id, "")) for trial in trials}
    return {
        trial: " ".join(
            own[name] if name in FACTS else f"{name}={own[name]}" for name in names if name in own
        )
        for trial, own in facts.items()
    }
