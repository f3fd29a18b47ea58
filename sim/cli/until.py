"""``--until decided``: the study that a command line asks for, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import NamedTuple

from analysis.primary import DEFAULT, Primary
from analysis.stopping import Decision, Method, StoppingRule
from sim.cli.arms import typed
from sim.cli.comparisons import varied
from sim.cli.display.decisions import Outcome, limits_told
from sim.cli.display.progress import Progress
from sim.cli.execution import is_free, on_a_loop, progress_console
from sim.errors import BadRequest
from sim.events import Usage
from sim.planning import Trial
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.stage.base import Stage
from sim.store import open_store
from sim.study.sequential import (
    Block,
    BlockPlan,
    SequentialReport,
    random_order,
    run_until_decided,
)

Planned = Callable[[int], list[Trial]]
"""The trials of all arms and topics with so many seeds each."""


class Wanted(NamedTuple):
    """What the options say of a stopping rule."""

    measure: str | None
    limits: str | None
    margin: float | None
    method: Method


def study_of(wanted: Wanted, planned: Planned, seeds: int, seed: int) -> BlockPlan:
    """The study of two models, or of two values of a parameter, with ``seeds`` seeds a topic.

    Whatever else differs (parameters) makes topics. Raises ``BadRequest`` if there are no two arms,
    or if the quantity is none.
    """
    primary = Primary.named(wanted.measure or DEFAULT, limits_of(wanted.limits))
    arms = _arms(planned(1))
    order = random_order(len(arms.topics), seeds, seed)
    rule = StoppingRule(primary.low, primary.high, len(order), wanted.margin, wanted.method)
    most = max(place for _, place in order) + 1
    by_cell: dict[tuple[str, str], list[Trial]] = {}
    for trial in planned(most):
        by_cell.setdefault((arms.arm(trial), arms.topic(trial)), []).append(trial)
    blocks = tuple(
        Block(
            topic,
            by_cell[arms.a, arms.topics[topic]][place],
            by_cell[arms.b, arms.topics[topic]][place],
        )
        for topic, place in order
    )
    return BlockPlan(primary, rule, arms.a, arms.b, arms.topics, blocks)


@dataclass(frozen=True, slots=True)
class _Arms:
    """What tells the two arms apart (a parameter; blank: the model), their names, the topics."""

    by: str
    a: str
    b: str
    topics: tuple[str, ...]

    def arm(self, trial: Trial) -> str:
        """The name of a trial's arm."""
        return f"{self.by}={typed(trial.parameters[self.by])}" if self.by else trial.model

    def topic(self, trial: Trial) -> str:
        """What else its parameters are."""
        return _topic(trial, self.by)


def _topic(trial: Trial, by: str) -> str:
    return " ".join(f"{name}={typed(v)}" for name, v in trial.parameters.items() if name != by)


def _arms(trials: Sequence[Trial]) -> _Arms:
    models = list(dict.fromkeys(trial.model for trial in trials))
    several = varied(trials)
    two = [name for name, values in several.items() if len(values) == 2]
    if len(models) == 2:
        by = ""
    elif len(models) == 1 and len(two) == 1:
        by = two[0]
    else:
        raise BadRequest(
            "--until decided: needs two arms to compare, and here "
            f"{'is 1 model' if len(models) == 1 else f'are {len(models)} models'}"
            + "".join(f" and {len(v)} values of {name}" for name, v in several.items())
            + "; name two models (-m A -m B), or one model and two values of one parameter"
        )
    arms = _Arms(by, "", "", ())
    # As in the summary of a run: a further arm less the first.
    b, a = dict.fromkeys(map(arms.arm, trials))
    return _Arms(by, a, b, tuple(dict.fromkeys(map(arms.topic, trials))))


def limits_of(text: str | None) -> tuple[float, float] | None:
    """What was given as ``--range``. Raises ``BadRequest``."""
    if text is None:
        return None
    low, comma, high = text.partition(",")
    try:
        limits = float(low), float(high)
    except ValueError:
        limits = 1.0, 0.0
    if not comma or not limits[0] < limits[1]:
        raise BadRequest(f"--range {text}: write --range=LOW,HIGH, as in --range=-1,1")
    return limits


def carry_out(
    title: str,
    plan: BlockPlan,
    stages: Mapping[str, Stage],
    store: Path,
    options: RunOptions,
    *,
    quiet: bool,
) -> SequentialReport:
    """Play a study, with a line of progress that says how far the decision is. Closes the
    stages."""
    longest = {trial.id: trial.scene.ends.bound() or 1 for trial in plan.trials}
    name = title.rpartition("/")[2]
    console = progress_console(quiet)
    progress = Progress(name, len(plan.trials), longest, is_free(stages), console)

    def told(decision: Decision) -> None:
        found = decision.difference
        if not isnan(found.low):
            progress.note = (
                f"{plan.primary.name}: {plan.a} less {plan.b}: "
                f"{limits_told(found.estimate, found.low, found.high)}, "
                f"{decision.blocks} of {plan.rule.blocks} blocks"
            )

    return on_a_loop(
        progress,
        stages,
        lambda: run_until_decided(plan, stages, store, options, watch=progress, told=told),
    )


def outcome(plan: BlockPlan, report: SequentialReport, store: Path, free: bool) -> Outcome:
    """What became of a study."""
    begun = {trial.id for trial in report.run.trials}
    played = [block for block in plan.blocks if begun >= set(block.ids)]
    return Outcome(
        plan.primary.name, plan.a, plan.b, plan.rule, report.decision, report.missing,
        plan.topics, saved(store, sorted(begun), len(played), plan.rule.blocks), free,
        stopped_early(report.run),
    )  # fmt: skip


def stopped_early(report: RunReport) -> bool:
    """Whether a run was stopped by somebody or by its budget."""
    return report.interrupted or report.stopped is not None


def saved(store: Path, begun: Sequence[str], played: int, blocks: int) -> Usage | None:
    """What the blocks that were not played would have used, as those did that were."""
    left = blocks - played
    if not left or not played:
        return None
    with open_store(store) as opened:
        used = opened.usage(begun)
    return Usage(
        round(used.prompt_tokens * left / played),
        round(used.completion_tokens * left / played),
        0,
        None if used.usd is None else used.usd * left / played,
    )
