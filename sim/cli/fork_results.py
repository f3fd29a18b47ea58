"""The results of ``elsinore fork``: both arms by their outcomes, and who appeared. Loads SciPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from analysis.stats import Interval, clopper_pearson, entropy
from sim.cli.display.terminal import one_line, shortened
from sim.cli.outcomes import number
from sim.planning import Trial
from sim.store import Store, StoredTrial, open_store
from sim.study.appearance import WHO, who_speaks
from sim.study.effects import Comparison, compared
from sim.study.outcomes import Outcome, final_stance, flips
from sim.transcript import Transcript

if TYPE_CHECKING:
    from sim.cli.commands.fork import Arm, BranchOptions

Record = dict[str, Any]


def measured(
    stored: StoredTrial,
    transcript: Transcript,
    arms: Sequence[Arm],
    planned: Sequence[Sequence[Trial]],
    which: BranchOptions,
) -> Record:
    """The results of a fork, as ``--json`` prints them."""
    turn = which.at
    said = transcript.turns[turn - 1] if turn <= len(transcript) else None
    with open_store(which.store) as store:
        ids = store.short_ids()
        branches = [[_branch(store, trial) for trial in arm] for arm in planned]
    comparisons = [
        compared(branches[0], branches[1], outcome, turn)
        for outcome in outcomes(transcript, which.within)
    ]
    again = next((place for place, arm in enumerate(arms) if arm.rolls_again(turn)), None)
    return {
        "store": str(which.store),
        "trial": stored.id,
        "scenario": stored.scenario,
        "model": stored.model,
        "at": turn,
        "speaker": None if said is None else said.speaker,
        "text": None if said is None else said.text,
        "branches": which.branches,
        "arms": [planned[0][0].arm, planned[1][0].arm],
        "told": [_told(arm, turn) for arm in arms],
        "outcomes": [_comparison(each) for each in comparisons],
        "appears": None if again is None else appears(transcript, branches[again], turn),
        "trials": [[ids[trial.id] for trial in arm] for arm in planned],
    }


def _branch(store: Store, planned: Trial) -> Transcript:
    """The stored transcript of a branch, with the scene that was planned."""
    return store.transcript(planned.id, find_scene=lambda: planned.scene)


def outcomes(transcript: Transcript, within: int | None) -> Iterator[Outcome]:
    """The outcomes of branches: flips of each actor, and final stances where they are probed."""
    scene = transcript.scene
    for name in scene.names:
        yield flips(name, within)
    for probe in scene.probes:
        if probe.issue is not None and probe.question.key.startswith("stance:"):
            for name in probe.to or scene.names:
                yield final_stance(name, probe.issue)


def appears(transcript: Transcript, branches: Sequence[Transcript], turn: int) -> Record:
    """Who appears when a turn is generated again: counts, shares, and their entropy in bits."""
    generated = [branch.turns[turn - 1] for branch in branches if len(branch) >= turn]
    before = transcript.turns[: turn - 1]
    counts = Counter(who_speaks(transcript, each, before) for each in generated)
    shares = {who: clopper_pearson(counts[who], len(generated)) for who in WHO if counts[who]}
    return {
        "counts": {who: counts[who] for who in WHO if counts[who]},
        "shares": {who: _interval(share) for who, share in shares.items()},
        "bits": number(entropy([counts[who] for who in WHO])),
        "distinct": len({each.text for each in generated}),
        "of": len(generated),
    }


def _interval(interval: Interval) -> Record:
    return {
        "estimate": number(interval.estimate),
        "low": number(interval.low),
        "high": number(interval.high),
    }


def _comparison(comparison: Comparison) -> Record:
    return {
        "outcome": comparison.outcome,
        "one": _interval(comparison.one),
        "other": _interval(comparison.other),
        "difference": _interval(comparison.difference),
        "pairs": comparison.pairs,
        "missing": comparison.missing,
    }


def _told(arm: Arm, turn: int) -> str:
    """The description of an arm."""
    if not arm.change:
        return f"turn {turn} {'as it was' if arm.at > turn else 'generated again'}"
    if arm.label == "drop":
        return f"turn {turn} struck"
    return shortened(one_line(arm.label))
