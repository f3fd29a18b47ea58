"""What ``elsinore why`` makes of what it played: records of contributions. Loads SciPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from analysis.contributions import Contribution, Contributions, contributions, excess
from analysis.stats import Floats, Interval
from analysis.stats.decomposition import FEWEST
from sim.cli.mechanisms import Plan
from sim.cli.outcomes import number
from sim.planning import Trial
from sim.store import Store, open_store
from sim.study.mechanisms import Moment, conditions_of, mechanisms_in
from sim.study.moments import Case
from sim.study.readings import outcomes_of
from sim.transcript import Transcript

if TYPE_CHECKING:
    from sim.cli.commands.why import TurnOptions

Record = dict[str, Any]

_MANY_SCENES = 40
"""From so many scenes on limits cover also what few scenes carry (``docs/validity-details.md``)."""

_SMALL = 0.02
"""Of a contribution that is smaller nobody is warned."""


def measured(plan: Plan, which: TurnOptions) -> Record:
    """The results, as ``--json`` prints them."""
    with open_store(which.store) as store:
        own = _read(store, plan, [(case.moment, cells) for case, (cells, _) in _pairs(plan)])
        both = [
            (place, case.matched.moment, beside)
            for place, (case, (_, beside)) in enumerate(_pairs(plan))
            if case.matched is not None and beside is not None
        ]
        matched = _read(store, plan, [(moment, cells) for _, moment, cells in both])
    found = _contributions(plan, own)
    beside = _contributions(plan, matched) if both else None
    apart = own[[place for place, *_ in both]]
    names = mechanisms_in(plan.design)

    def more(weights: Floats) -> Record:
        return _interval(
            excess(apart, matched, weights, plan.outcome.limits, share=plan.outcome.share)
        )

    return {
        "store": str(which.store),
        "scenario": plan.title,
        "model": plan.cases[0].live.model,
        "outcome": plan.outcome.name,
        "evidence": plan.outcome.evidence,
        "share": plan.outcome.share,
        "chosen": plan.chosen,
        "one_trial": plan.one_trial,
        "turns": [_turn(case) for case in plan.cases],
        "branches": len(plan.rolled[0][0][0]),
        "order": names,
        "off_topic": plan.off_topic,
        "rewriter": plan.rewriter,
        "found": _record(found, plan),
        "matched": None if beside is None else _record(beside, plan),
        "more_than_matched": None
        if beside is None
        else {
            "total": more(plan.design.total),
            "mechanisms": {
                name: more(row) for name, row in zip(names, plan.design.in_order, strict=True)
            },
        },
        "sentence": found.sentence,
        "notes": list(_notes(plan, found)),
    }


def _pairs(plan: Plan) -> list[tuple[Case, tuple[list[list[Trial]], list[list[Trial]] | None]]]:
    return list(zip(plan.cases, plan.rolled, strict=True))


def _read(store: Store, plan: Plan, rolled: Sequence[tuple[Moment, list[list[Trial]]]]) -> Floats:
    """The outcomes of stored branches, scenes by branches by cells."""
    played = [
        (moment, [[_branch(store, trial, moment) for trial in cell] for cell in cells])
        for moment, cells in rolled
    ]
    return outcomes_of(plan.outcome, played)


def _branch(store: Store, trial: Trial, moment: Moment) -> Transcript:
    """A stored branch. Its parent is at hand, and is not read again for each of them."""
    return store.transcript(trial.id, parent_of=lambda _: moment.transcript)


def _contributions(plan: Plan, values: Floats) -> Contributions:
    return contributions(
        values,
        plan.design,
        mechanisms_in(plan.design),
        outcome=plan.outcome.name,
        limits=plan.outcome.limits,
        share=plan.outcome.share,
    )


def _turn(case: Case) -> Record:
    beside = case.matched
    return {
        "trial": case.live.id,
        "turn": case.moment.turn,
        "actor": case.moment.actor,
        "text": case.moment.said.text,
        "matched": None
        if beside is None
        else {"trial": beside.live.id, "turn": beside.moment.turn},
    }


def _record(found: Contributions, plan: Plan) -> Record:
    labels = [condition.label for condition in conditions_of(plan.design)]
    return {
        "scenes": found.scenes,
        "by": found.by,
        "everything": number(found.everything),
        "nothing": number(found.nothing),
        "total": _interval(found.total),
        "total_bounds": [number(limit) for limit in found.total_bounds],
        "mechanisms": [_mechanism(each) for each in found.steps],
        "interaction": _interval(found.interaction),
        "conditions": [
            {"condition": label, "mean": number(mean), "branches": rolled, "missing": missing}
            for label, mean, rolled, missing in zip(
                labels, found.means, found.rolled, found.missing, strict=True
            )
        ],
    }


def _mechanism(each: Contribution) -> Record:
    return {
        "mechanism": each.mechanism,
        "in_order": _interval(each.in_order),
        "alone": _interval(each.alone),
        "shapley": _interval(each.shapley),
        "share": _interval(each.share),
        "never": each.never,
        "acting": each.acting,
    }


def _interval(interval: Interval) -> Record:
    return {
        "estimate": number(interval.estimate),
        "low": number(interval.low),
        "high": number(interval.high),
    }


def _notes(plan: Plan, found: Contributions) -> Iterable[str]:
    """What has to be known to believe it."""
    if found.by == "re-rolls":
        yield (
            f"With fewer than {FEWEST} scenes nothing is said of other scenes: the limits are of "
            "re-rolls of these alone."
        )
    elif len({case.moment.scene.topic for case in plan.cases}) == 1:
        yield "All scenes are about one topic: the limits are for this topic alone."
    few = [
        f"{each.mechanism} ({each.acting} of {found.scenes})"
        for each in found.steps
        if 0 < each.acting < max(FEWEST, found.scenes / 3) and abs(each.in_order.estimate) >= _SMALL
    ]
    if found.by == "scenes" and few and found.scenes < _MANY_SCENES:
        yield f"Few scenes carry these, and their limits can be too narrow: {', '.join(few)}."
    if plan.chosen:
        yield (
            "Turns were chosen because the outcome was read in them. The original turn counts for "
            "nothing; what it takes to be such a turn shows beside matched turns."
        )
    if any(found.missing):
        low, high = found.total_bounds
        most = max(found.missing)
        yield (
            f"Some branches have no outcome (up to {most} of {found.rolled[0]} in a condition); "
            f"they could move the total from {low:+.2f} to {high:+.2f}."
        )
    if plan.cases[0].live.stage.startswith("embedded:"):
        yield (
            "The embedded stage is no language model and has no reasons: what distinguishes lines "
            "from their positions there is their tone."
        )
    else:
        left = f" ({plan.refused} of {plan.rewritten} by rule)" if plan.refused else ""
        yield (
            f"Positions were taken out of lines {plan.rewriter}{left}; off-topic talk is "
            f"{plan.off_topic}. Read some of both: elsinore show STORE BRANCH."
        )
