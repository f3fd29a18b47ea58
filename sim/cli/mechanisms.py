"""What ``elsinore why`` plays: which turns, in which conditions. Loads SciPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.evidence.scoring import Asked
from analysis.stats.decomposition import Crossed
from sim.calls.guard import ModelOptions, open_stage
from sim.cli.arms import trials_of_an_arm
from sim.cli.display.terminal import command_line
from sim.errors import BadRequest
from sim.planning import Trial
from sim.planning.branches import played_by
from sim.runs.stages import reopen, stages_of, stand_in
from sim.scene.actor import HUMAN
from sim.stage.base import Stage
from sim.store import Store, StoredTrial, open_store
from sim.study.fillers import sentences
from sim.study.mechanisms import Moment, design_without, plan_moment, rewriter_for
from sim.study.moments import Candidate, Case, at_turn, in_which_it_happened
from sim.study.readings import LineOutcome, outcome_named
from sim.study.reasons import ByModel, Rewriter
from sim.transcript import Transcript

if TYPE_CHECKING:
    from sim.cli.commands.why import DesignOptions, TurnOptions

_MOST_LINES = 2000
"""Off-topic talk is drawn from at most so many sentences."""

_MOST_MATCHES = 40
"""For one trial matched turns are looked for in at most so many others of its arm."""


@dataclass(frozen=True)
class Plan:
    """What is played: cases, their branches by cell, all trials, and the stages."""

    title: str
    cases: tuple[Case, ...]
    outcome: LineOutcome
    design: Crossed
    rolled: tuple[tuple[list[list[Trial]], list[list[Trial]] | None], ...]
    stages: dict[str, Stage]
    chosen: bool
    off_topic: str
    rewriter: str
    refused: int
    rewritten: int
    one_trial: bool

    @property
    def trials(self) -> list[Trial]:
        """All branches, each once: a turn can be a match of several."""
        groups = chain.from_iterable((own, beside or []) for own, beside in self.rolled)
        flat = chain.from_iterable(chain.from_iterable(cells) for cells in groups)
        return list({trial.id: trial for trial in flat}.values())


def planned(
    which: TurnOptions, how: DesignOptions, models: ModelOptions, *, ask: bool = True
) -> Plan:
    """What is to be played. Raises ``BadRequest``.

    ``ask`` is False where nothing may be asked: then a rewriter's place is taken by rules.
    """
    outcome = outcome_named(which.outcome)
    design = design_without(how.leave_out or ())
    with open_store(which.store) as store:
        trials, others = _trials(store, which)
        for trial in trials:
            if HUMAN in trial.stages.values():
                raise BadRequest(
                    f"trial {trial.id[:8]}: a person plays in it, and cannot say a turn again; "
                    "choose trials without one"
                )
        other = stand_in(trials, how.model, models)
        _check_issue(outcome, trials)
        _check_actor(which.actor, trials)
        stage = trials[0].stage if other is None else other[0]
        topics, pool = _talk_of_other_things(store, trials, stage)
        with _rewriting(how.rewriter if ask else None, stage, which.store) as rewriter:
            moment = partial(Moment, pool=pool, rewriter=rewriter)
            candidates = [_candidate(trial, how.model, other, moment) for trial in trials]
            if which.at is not None:
                cases = at_turn(candidates, which.at, which.actor)
            else:
                beside = [_candidate(trial, how.model, other, moment) for trial in others]
                cases = in_which_it_happened(candidates, outcome, which.actor, among=beside)
                if not which.matched:
                    cases = [replace(case, matched=None) for case in cases]
            heard = _heard(cases)
            if isinstance(rewriter, ByModel):
                rewriter.prepare(heard)
    plan = partial(plan_moment, n=how.branches, design=design)
    rolled = tuple(
        (
            plan(case.live, case.moment, outcome),
            None if case.matched is None
            else plan(case.matched.live, case.matched.moment, outcome),
        )
        for case in cases
    )  # fmt: skip
    return Plan(
        trials[0].scenario,
        tuple(cases),
        outcome,
        design,
        rolled,
        reopen(stages_of(trials), models) if other is None else dict([other]),
        which.at is None,
        f"lines of {topics} other topics of this store" if topics else "lines that ship",
        rewriter.name,
        rewriter.refused if isinstance(rewriter, ByModel) else 0,
        len(heard),
        which.trial is not None,
    )


@contextmanager
def _rewriting(model: str | None, stage: str, store: Path) -> Iterator[Rewriter]:
    """Who takes the reasons out of lines. A model is closed at the end; what it said is kept."""
    if model is None:
        yield rewriter_for(stage)
        return
    with Asked(open_stage(model), store.with_name(f"{store.name}.positions.jsonl")) as asked:
        yield ByModel(asked)


def _heard(cases: Sequence[Case]) -> list[str]:
    """All lines that were heard before the turns of cases and of their matches, each once."""
    every = [one for case in cases for one in (case, case.matched) if one is not None]
    return list(dict.fromkeys(line for one in every for line in one.moment.heard))


def _trials(store: Store, which: TurnOptions) -> tuple[list[StoredTrial], list[StoredTrial]]:
    """The trials that were asked for, and others of the arm of a single one."""
    told = command_line("why", which.store)
    if which.trial is None:
        trials = trials_of_an_arm(store, which.arm or (), told, pool=which.pool)
        return trials[: which.scenes], []
    if which.arm:
        raise BadRequest("--arm: it chooses among all trials; leave out the trial, or --arm")
    trial = store.trial(which.trial)
    if trial.at is not None or trial.focal is not None:
        raise BadRequest(
            f"trial {trial.id[:8]}: is a branch or a surrogate; take the trial that it is of "
            f"({(trial.of or '')[:8]})"
        )
    same = [
        each
        for each in store.trials()
        if each.status == "done"
        and each.id != trial.id
        and (each.scenario, each.model, each.layout, each.wording, each.arm, each.parameters)
        == (trial.scenario, trial.model, trial.layout, trial.wording, trial.arm, trial.parameters)
    ]
    return [trial], same[:_MOST_MATCHES]


def _check_issue(outcome: LineOutcome, trials: Sequence[StoredTrial]) -> None:
    known = dict.fromkeys(
        issue for trial in trials for persona in trial.cast for issue in persona.get("stances", ())
    )
    if outcome.issue is not None and outcome.issue not in known:
        raise BadRequest(
            f"--outcome stance:{outcome.issue}: nobody has a stance on it; "
            + (f"there are {', '.join(known)}" if known else "these scenes have no issues")
        )


def _check_actor(actor: str | None, trials: Sequence[StoredTrial]) -> None:
    names = dict.fromkeys(persona["name"] for trial in trials for persona in trial.cast)
    if actor is not None and actor not in names:
        raise BadRequest(f"--actor {actor}: is not in the cast; use one of {', '.join(names)}")


def _candidate(
    trial: StoredTrial, model: str | None, other: tuple[str, Stage] | None, moment: Any
) -> Candidate:
    """A stored trial as a scene whose turns can be spoken again."""
    live, transcript = trial.planned(), trial.transcript
    if other is not None:
        live = played_by(live, model or "", other[0])
        transcript = Transcript(transcript.events, scene=live.scene, seed=live.seed)
    return Candidate(live, transcript, partial(moment, transcript))


def _talk_of_other_things(
    store: Store, trials: Sequence[StoredTrial], stage: str
) -> tuple[int, tuple[str, ...]]:
    """Sentences of scenes of the store on other topics, and how many topics.

    None for the embedded stage: a line of it states a stance, and its hearer cannot tell on what.
    """
    if stage.startswith("embedded:"):
        return 0, ()
    own = {str(trial.canonical.get("topic")) for trial in trials}
    lines: list[str] = []
    topics: set[str] = set()
    for trial in store.trials():
        topic = str(trial.canonical.get("topic"))
        if topic in own or trial.at is not None or len(lines) >= _MOST_LINES:
            continue
        topics.add(topic)
        lines += [part for turn in trial.transcript.turns for part in sentences(turn.text)]
    return len(topics), tuple(dict.fromkeys(lines[:_MOST_LINES]))
