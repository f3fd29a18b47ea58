"""What a tournament will take, before a call is made: debates, verdicts, tokens, money."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.calls.prices import Prices
from sim.engine import play
from sim.planning import Trial
from sim.runs.estimate import (
    PLAYED_ON,
    Count,
    Counting,
    Estimate,
    priced,
    with_count,
)
from sim.stage.base import Request, Stage
from sim.stage.open import open_model
from sim.store import VerdictKey, open_store
from sim.tournament.formats import Meeting
from sim.tournament.judge_prompt import blinded, judge_prompt, orders
from sim.tournament.judging import Panel, judge_asked
from sim.tournament.rubric import verdict_schema
from sim.tournament.tournament import Leg, Tournament
from sim.transcript import Transcript

_SAMPLES = 4
"""Debates that are played for each stage, to see what they take."""

_ORDERS = len(orders(("", "")))


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many debates and verdicts there will be, how many debates are ``there`` already and are
    not counted, and what the rest will take by stage."""

    debates: int
    verdicts: int
    there: int
    estimates: tuple[Estimate, ...]


def debates_of(tournament: Tournament) -> int:
    """How many debates a tournament has.

    Where a round depends on those before, as many as if all matches were tied, which in the formats
    that ship is as many as in any case.
    """
    legs = tournament.sides if tournament.swap else 1
    before: list[Meeting] = []
    for number in range(1, tournament.rounds + 1):
        pairs = tournament.pairings(number, before)
        before += [Meeting(number, pair, (0.5,) * len(pair)) for pair in pairs]
    return legs * sum(len(meeting.entrants) > 1 for meeting in before)


async def estimate_tournament(
    tournament: Tournament,
    stages: Mapping[str, Stage],
    identities: Mapping[str, str],
    store: Path | str | None = None,
    prices: Prices | None = None,
) -> Forecast:
    """Estimate what a tournament will take. Nothing is asked, and nothing is written.

    A few debates are played on the exact stage, in memory, for each of the stages; debates and
    verdicts in ``store`` are not counted. See ``sim.runs.estimate``.
    """
    legs, trials = _known(tournament, identities)
    total = debates_of(tournament)
    panel = Panel(tournament, legs, identities)
    sides = {trial: _sides(tournament, leg) for trial, leg in legs.items()}
    there, later, verdicts = _there(store, tournament.identity(identities), panel, list(trials))
    wanted: dict[str, float] = defaultdict(float)
    for trial in trials:
        for name in () if trial in there else sides[trial]:
            wanted[name] += 1
    for verdict in verdicts:
        wanted[judge_asked(verdict.judge)] += 1 / _ORDERS
    # What is known now stands for the rounds that are not.
    unknown = max(0, total - len(trials) - later)
    if unknown:
        every = Counter(name for trial in trials for name in (*sides[trial], *panel.stages))
        for name, times in every.items():
            wanted[name] += unknown * times / len(trials)
    counts: dict[str, Count] = {}
    played: dict[str, int] = Counter()
    exact = open_model(PLAYED_ON)
    for trial in sorted(trials, key=lambda trial: trial in there):
        names = [name for name in (*sides[trial], *panel.stages) if name in wanted]
        if all(played[name] >= _SAMPLES for name in names):
            continue
        counting = Counting(exact, trials[trial])
        told = await play(trials[trial].scene, counting, seed=trials[trial].seed)
        await _judged(panel, legs[trial], told, counting)
        for name in names:
            played[name] += 1
        for name, count in counting.counts.items():
            _add(counts, name or tournament.stage, count)
    estimates: list[Estimate] = []
    table = prices or Prices.load()
    # As the tournament names them, whatever the pairings of the first rounds.
    known = {name: (name, name) for name in (tournament.stage, *tournament.model_strings)}
    for judge in tournament.judges:
        known[judge_asked(judge.known_as)] = (f"{judge.known_as} (judge)", judge.stage)
    for name, (shown, stage) in known.items():
        if played[name]:
            found = with_count(Estimate(shown, round(wanted[name]), 0), counts[name])
            found = _scaled(found, wanted[name] / played[name])
            estimates.append(priced(found, stages[identities[stage]], table))
    asked = total * len(tournament.judges) * _ORDERS
    return Forecast(total, asked, len(there) + later, tuple(estimates))


def _known(
    tournament: Tournament, identities: Mapping[str, str]
) -> tuple[dict[str, Leg], dict[str, Trial]]:
    """The debates that can be told now: all of them, or those of the first round."""
    legs: dict[str, Leg] = {}
    trials: dict[str, Trial] = {}
    rounds = 1 if tournament.typed_format.adaptive else tournament.rounds
    for found in tournament.compiled(1, rounds):
        for leg in found.legs:
            trial = tournament.trial(leg, identities)
            legs[trial.id], trials[trial.id] = leg, trial
    return legs, trials


def _there(
    store: Path | str | None, tournament: str, panel: Panel, trials: Sequence[str]
) -> tuple[set[str], int, set[VerdictKey]]:
    """Those of the trials that are over, how many of later rounds are, and the verdicts on the
    trials that are still to be asked for."""
    wanted = panel.wanted(trials)
    if store is None or not Path(store).exists():
        return set(), 0, wanted
    with open_store(store) as reader:
        known = {leg.trial for leg in reader.matches(tournament) if leg.trial is not None}
        later = reader.ended(known - panel.legs.keys())
        return reader.ended(trials), len(later), wanted - panel.there(reader, trials)


def _sides(tournament: Tournament, leg: Leg) -> list[str]:
    """The stages that play a debate."""
    return list(dict.fromkeys(side.entrant.stage or tournament.stage for side in leg.sides))


async def _judged(panel: Panel, leg: Leg, told: Transcript, counting: Counting) -> None:
    """Ask for the verdicts, so that they are counted."""
    tournament = panel.tournament
    rubric, motion = tournament.rubric, tournament.motions[leg.motion]
    schema = verdict_schema(len(leg.sides), tuple(rubric.criteria))
    for shown in orders(leg.actors):
        prompt = judge_prompt(rubric, blinded(motion, leg.sides, told.events, shown))
        for name in panel.stages:
            request = Request(prompt, 1, name, "verdict", schema=schema, stage=name)
            await counting.perform(request)


def _add(counts: dict[str, Count], name: str, more: Count) -> None:
    count = counts.setdefault(name, Count())
    count.calls += more.calls
    count.written += more.written
    count.prefix_cache.tokens += more.prefix_cache.tokens
    count.prefix_cache.computed += more.prefix_cache.computed


def _scaled(found: Estimate, factor: float) -> Estimate:
    usage = found.usage
    return replace(
        found,
        calls=round(found.calls * factor),
        usage=replace(
            usage,
            prompt_tokens=round(usage.prompt_tokens * factor),
            completion_tokens=round(usage.completion_tokens * factor),
        ),
        computed_tokens=round(found.computed_tokens * factor),
    )
