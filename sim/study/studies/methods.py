"""The paragraph on methods that a publication needs, written from what was fixed and played."""

from __future__ import annotations

from collections.abc import Iterator

from sim.html.numbers import counted
from sim.study.studies.conduct import Registered
from sim.study.studies.verdicts import Finding, Verdict


def methods(verdict: Verdict, registered: Registered) -> str:
    """What was played and how it was measured, in plain sentences, with the hash to cite."""
    return " ".join(_sentences(verdict, registered))


def _sentences(verdict: Verdict, registered: Registered) -> Iterator[str]:
    facts, design = registered.facts, registered.design
    study = design.study
    played = ", ".join(f"{model} as {role}" for role, model in design.models.items())
    topics = len(facts["topics"])
    over = f", in each of {counted(topics, 'topic')}" if topics else ""
    yield (
        f"We played the study {study.name} with Elsinore {facts['version']} on {played}: "
        f"{counted(len(study.arms), 'arm')} ({', '.join(study.arms)}) with "
        f"{counted(facts['seeds']['count'], 'seed')} each{over}, "
        f"{counted(len(design.trials), 'trial')} in all."
    )
    identities = sorted({each.trial.stage for each in design.planned})
    yield f"The stages' identities, with all settings that change replies: {'; '.join(identities)}."
    yield from verdict.differ
    yield (
        f"Arms, topics, seeds, measures and the primary {_plural('contrast', study.primary)} were "
        f"stored before the first trial (registration {registered.hash})."
    )
    for each in verdict.primary:
        yield _tested(each)
    if len(study.primary) > 1:
        yield "All of them had to hold (an intersection-union test, without correction)."
    if study.exploratory:
        were = "was" if len(study.exploratory) == 1 else "were"
        yield (
            f"{counted(len(study.exploratory), 'further contrast')} {were} exploratory and not "
            "corrected."
        )
    lost = sum(sum(each.result.missing.values()) for each in verdict.primary)
    yield (
        f"{counted(verdict.unfinished, 'trial')} did not come to an end and were left out; "
        f"{counted(lost, 'number')} of the primary "
        f"{_plural('contrast', study.primary)} were missing."
    )
    for told in verdict.deviations:
        yield f"Deviation from the registration: {told}."


def _tested(each: Finding) -> str:
    result, what = each.result, each.contrast
    weights = ", ".join(f"{weight:+g} {arm}" for arm, weight in what.weights.items() if weight)
    test = {
        "topic": "over topics: Student's limits, exact or sampled sign flips of topics",
        "block": "over blocks of a shared seed: limits within topics, sign flips of blocks",
        "trial": "of independent samples: Welch's limits",
    }[result.unit]
    equal = (
        f", and two one-sided tests against a margin of {what.margin:g}"
        if what.margin is not None
        else ""
    )
    return f"Primary: {what.name} ({weights}), {test}; expected {what.expected}{equal}."


def _plural(word: str, several: tuple[object, ...]) -> str:
    return word if len(several) == 1 else f"{word}s"
