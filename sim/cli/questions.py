"""What actors answered off stage in a run, by question and arm, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from analysis.estimates import Estimate
from analysis.measures.answers import Answers, asked
from analysis.tables import ARM, Tables
from sim.planning import Trial
from sim.planning.trials import LIVE
from sim.scene.answers import Number
from sim.scene.probes import Probe, Question

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """A question whose answers are measured: numbers, or (``option``) the share that chose it."""

    question: Question
    option: str | None
    result: Answers

    @property
    def key(self) -> str:
        """The question's key."""
        return self.question.key

    @property
    def title(self) -> str:
        """The question, with the option if there is one."""
        return self.key if self.option is None else f"{self.key} = {self.option}"

    def records(self, labels: Mapping[tuple[str, str], str]) -> list[Record]:
        """One record for each arm. ``labels`` are the names of arms, by the model and the
        parameters that tables have. Missing numbers are None."""
        return _records(self.result, self.question, self.option, labels)


def measured_questions(tables: Tables, trials: Sequence[Trial]) -> list[Measured]:
    """The questions of the scenes that were answered, in the order of the scenes; those that are
    answered by texts are left out."""
    found: list[Measured] = []
    known = {each.key: each for each in asked(tables.measured())}
    for key, question in questions_of(trials).items():
        if key not in known or known[key].kind == "text":
            continue
        answer = question.answer
        scale = (answer.low, answer.high) if isinstance(answer, Number) else (-inf, inf)
        found += [
            Measured(question, option, Answers(tables, key, option, scale))
            for option in known[key].options or (None,)
        ]
    return found


def questions_of(trials: Sequence[Trial]) -> dict[str, Question]:
    """The questions that the scenes of a run ask, by their keys."""
    found: dict[str, Question] = {}
    for trial in trials:
        scene = trial.scene
        probes: tuple[Probe, ...] = (*scene.probes, *scene.gauges, *scene.ends.gauges())
        for probe in probes:
            found.setdefault(probe.question.key, probe.question)
    return found


def _records(
    result: Answers, question: Question, option: str | None, labels: Mapping[tuple[str, str], str]
) -> list[Record]:
    by_arm: dict[tuple[str, ...], dict[str, Estimate]] = {}
    for each in result.estimates:
        if each.arm[ARM.index("arm")] == LIVE:
            by_arm.setdefault(each.arm, {})[each.quantity] = each.estimate
    counts = result.by_actor.groupby("trial")[["asked", "missing"]].sum()
    arms = result.arm_of()
    answer = question.answer
    number = isinstance(answer, Number)
    records = []
    for arm, estimates in by_arm.items():
        mine = [trial for trial in counts.index if arms[str(trial)] == arm]
        facts = dict(zip(ARM, arm, strict=True))
        records.append(
            {
                "key": question.key,
                "option": option,
                "low": answer.low if isinstance(answer, Number) else 0.0,
                "high": answer.high if isinstance(answer, Number) else 1.0,
                "unit": answer.unit if isinstance(answer, Number) else "",
                "arm": labels.get((facts["model"], facts["parameters"]), facts["model"]),
                "number": number,
                **{
                    f"{name}{end}": value
                    for name, estimate in estimates.items()
                    for end, value in _limits(estimate).items()
                },
                "trials": estimates["end"].n,
                "asked": int(counts.loc[mine, "asked"].sum()),
                "missing": int(counts.loc[mine, "missing"].sum()),
            }
        )
    return records


def _limits(estimate: Estimate) -> dict[str, float | None]:
    return {
        end: None if value != value else value
        for end, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high))
    }
