"""``elsinore power``: how large a study has to be, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan, nan, sqrt
from typing import Any, NamedTuple, get_args

from analysis.pilot import Pilot
from analysis.power import (
    ALPHA,
    MOST,
    Spread,
    blocks_for,
    blocks_for_equivalence,
    blocks_for_rule,
    plan_of,
    power_of,
    smallest_effect,
    topics_for,
)
from analysis.stats import Interval
from analysis.stopping import Method
from sim.errors import BadRequest

Record = dict[str, Any]

GRID = (6, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000)
"""Numbers of blocks in the table of powers."""

SEEDS = (1, 2, 4, 8)
"""Seeds a topic in the table of topics."""


class Wanted(NamedTuple):
    """What a study should find: an effect, or that there is none beyond a margin (None: not asked
    for), with this power. ``widest`` is the largest difference that there can be."""

    effect: float | None
    margin: float | None
    power: float
    widest: float


class BlockCost(NamedTuple):
    """What a block takes: trials, tokens, money (None: unknown), and hours of a run at the given
    concurrency (NaN: unknown)."""

    trials: int
    tokens: float
    usd: float | None
    hours: float


def planned(wanted: Wanted, spread: Spread, cost: BlockCost | None) -> Record:
    """The plans, with what they take. Raises ``BadRequest`` for numbers that make no plan."""
    sd = spread.seeds.estimate
    if wanted.effect is not None and not 0 < abs(wanted.effect) <= wanted.widest:
        raise BadRequest(
            f"--effect {wanted.effect:g}: give the smallest difference that would matter, up to "
            f"{wanted.widest:g}"
        )
    if wanted.margin is not None and not 0 < wanted.margin < wanted.widest:
        raise BadRequest(
            f"--margin {wanted.margin:g}: give a number between 0 and {wanted.widest:g}"
        )
    if not 0.5 <= wanted.power < 1:
        raise BadRequest(f"--power {wanted.power:g}: give a probability from 0.5 to below 1")
    plans = [] if wanted.effect is None else _plans(wanted, abs(wanted.effect), spread.seeds)
    if wanted.margin is not None:
        fewest = blocks_for_equivalence(wanted.margin, sd, wanted.power)
        plans.append(_plan("alike, fixed number", fewest, spread.seeds))
    return {
        "effect": wanted.effect,
        "margin": wanted.margin,
        "power": wanted.power,
        "alpha": ALPHA,
        "widest": wanted.widest,
        "sd": _limits(spread.seeds),
        "sd_of_topics": _limits(spread.topics),
        "plans": [{**plan, **_taken(plan["blocks"], cost)} for plan in plans],
        "powers": [
            {
                "blocks": count,
                "smallest_effect": smallest_effect(count, sd, wanted.power),
                "power": None if wanted.effect is None else power_of(count, wanted.effect, sd),
                **_taken(count, cost),
            }
            for count in _counts(wanted, sd)
        ],
        "topics": _topics(wanted, spread),
    }


def _counts(wanted: Wanted, sd: float) -> list[int]:
    """Numbers of blocks for the table of powers: up to the first at which power is nearly 1."""
    if wanted.effect is None:
        return list(GRID)
    weak = [count for count in GRID if power_of(count, wanted.effect, sd) < 0.995]
    return list(GRID[: len(weak) + 1])


def _plans(wanted: Wanted, effect: float, sd: Interval) -> list[Record]:
    plans = [_plan("fixed number", blocks_for(effect, sd.estimate, wanted.power), sd)]
    methods: tuple[Method, ...] = get_args(Method)
    for method in methods:
        # Betting is simulated, and a law with this effect and deviation has to exist.
        blocks = blocks_for_rule(method, effect, sd.estimate, wanted.widest, wanted.power)
        made = _plan(f"until decided, {method}", blocks, sd)
        if blocks is not None:
            plan = plan_of(method, blocks, effect, sd.estimate, wanted.widest)
            made |= {"median": plan.median, "median_at_twice": plan.twice}
        plans.append(made)
    return plans


def _plan(design: str, blocks: int | None, sd: Interval) -> Record:
    """A plan; ``low`` and ``high`` are about how many blocks it takes at the limits of the
    standard deviation, since they go by its square."""

    def at(limit: float) -> int | None:
        if blocks is None or not isfinite(limit) or not sd.estimate:
            return None
        return max(2, round(blocks * (limit / sd.estimate) ** 2))

    return {
        "design": design, "blocks": blocks, "low": at(sd.low), "high": at(sd.high),
        "median": None, "median_at_twice": None,
    }  # fmt: skip


def _taken(blocks: int | None, cost: BlockCost | None) -> Record:
    if blocks is None or cost is None:
        return dict.fromkeys(("trials", "tokens", "usd", "hours"))
    return {
        "trials": blocks * cost.trials,
        "tokens": round(blocks * cost.tokens),
        "usd": None if cost.usd is None else blocks * cost.usd,
        "hours": None if isnan(cost.hours) else blocks * cost.hours,
    }


def _topics(wanted: Wanted, spread: Spread) -> list[Record]:
    if wanted.effect is None or not isfinite(spread.topics.estimate):
        return []
    return [
        {"seeds": seeds, "topics": topics_for(abs(wanted.effect), spread, seeds, wanted.power)}
        for seeds in SEEDS
    ]


def of_pilot(pilot: Pilot, spread: Spread, wanted: Wanted) -> Record:
    """What the pilot was, and what fewer turns would have done to the plan."""
    known = pilot.known
    return {
        "a": pilot.a,
        "b": pilot.b or None,
        "blocks": len(known),
        "missing": sum(len(values) for values in pilot.differences) - len(known),
        "topics": len(pilot.topics),
        "difference": float(known.mean()) if pilot.b else None,
        "turns": [
            {
                "turns": each.turns,
                "difference": None if isnan(each.difference) else each.difference,
                "sd": None if isnan(each.sd) else each.sd,
                "tokens": None if isnan(each.tokens) else each.tokens,
                "blocks": None
                if wanted.effect is None or isnan(each.sd)
                else blocks_for(abs(wanted.effect), each.sd, wanted.power),
            }
            for each in pilot.shorter
        ],
        "standard_error": spread.seeds.estimate / sqrt(len(known)),
    }


def _limits(found: Interval) -> list[float | None]:
    return [None if isnan(value) else value for value in (found.estimate, found.low, found.high)]


def assumed(sd: float, topics: float | None) -> Spread:
    """A spread that is assumed, without an uncertainty. Raises ``BadRequest``."""
    for name, value in (("--sd", sd), ("--topic-sd", topics)):
        if value is not None and not (isfinite(value) and value > 0):
            raise BadRequest(f"{name} {value:g}: is no standard deviation; give more than 0")
    between = nan if topics is None else topics
    return Spread(Interval(sd, nan, nan), Interval(between, nan, nan), 0, 0)


def told(record: Record, topics: Sequence[str]) -> list[str]:
    """What has to be said beside the tables."""
    said = [
        f"{plan['design']}: more than {MOST:,} blocks."
        for plan in record["plans"]
        if plan["blocks"] is None
    ]
    pilot = record.get("pilot")
    if pilot is not None:
        low, high = record["sd"][1:]
        if low is not None:
            hence = ": hence the ranges in brackets" if record["plans"] else ""
            said.append(
                f"All of this rests on a standard deviation from {pilot['blocks']} blocks, which "
                f"may be {low:.2g} or {high:.2g} (95%){hence}."
            )
        if pilot["b"] is None:
            said.append(
                "The pilot has one arm alone: the other is taken to vary as much, independently."
            )
        if pilot["missing"]:
            said.append(f"{pilot['missing']} blocks of the pilot have no number, and are left out.")
        if pilot["difference"] is not None:
            said.append(
                "Plan for the smallest effect that would matter: the pilot's own difference "
                f"({pilot['difference']:+.2f}, standard error {pilot['standard_error']:.2f}) is "
                "too uncertain, and inflated if it is why a larger study is planned."
            )
    if not record["topics"] and record["sd_of_topics"][0] is None:
        about = (
            "For this topic only" if len(topics) <= 1 else f"For these {len(topics)} topics only"
        )
        said.append(
            f"{about}: more seeds do not shrink the variance between topics; a pilot of several "
            "topics (or --topic-sd) says how many would be needed to speak of others."
        )
    return said
