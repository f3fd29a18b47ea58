"""What a tournament will take, before a call is made: debates, verdicts, tokens, money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sim.engine import play
from sim.planning import Trial
from sim.running.estimating import (
    PLAYED_ON,
    Count,
    Counting,
    Estimate,
    priced,
    with_count,
)
from sim.running.judging import Panel
from sim.running.stored import stored_trials
from sim.stage.base import Request, Stage
from sim.stage.models import open_stage
from sim.stage.prices import Prices
from sim.store import open_readonly
from sim.tournament.formats import Meeting
from sim.tournament.pages import blinded, judge_prompt, orders
from sim.tournament.rubric import verdict_schema
from sim.tournament.tournament import Leg, Tournament
from sim.transcript import Transcript

_SAMPLES = 4
"""Debates that are played for each stage, to see what they take."""

_PAIRED = 64
"""Entrants up to whom an adaptive format is run ahead, round by round, to count its meetings."""


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
    form, rounds = tournament.router_of_rounds, tournament.rounds
    legs = tournament.sides if tournament.swap else 1
    if form.adaptive and len(tournament.entrants) > _PAIRED:
        return rounds * len(tournament.legs(1))
    before: list[Meeting] = []
    for number in range(1, rounds + 1):
        pairs = tournament.pairings(number, before)
        before += [Meeting(number, pair, (0.5,) * len(pair)) for pair in pairs]
    return legs * sum(len(meeting.entrants) > 1 for meeting in before)


async def foresee(
    tournament: Tournament,
    stages: Mapping[str, Stage],
    identities: Mapping[str, str],
    store: Path | str | None = None,
    prices: Prices | None = None,
) -> Forecast:
    """Estimate what a tournament will take. Nothing is asked, and nothing is written.

    A few debates are played on the exact stage, in memory, for each of the stages; debates in
    ``store`` are not counted. See ``sim.running.estimating``.
    """
    legs, trials = _known(tournament, identities)
    total = debates_of(tournament)
    there = _there(store, list(trials))
    left = [trial for trial in trials if trial not in there]
    # What is known now stands for the rounds that are not.
    scale = max(0, total - len(there)) / len(left) if left else 0.0
    panel = Panel(tournament, legs, identities)
    counts: dict[str, Count] = {}
    played: dict[str, int] = {}
    wanted: dict[str, int] = {}
    exact = open_stage(PLAYED_ON)
    for trial in left:
        names = _names(tournament, legs[trial])
        for name in names:
            wanted[name] = wanted.get(name, 0) + 1
        if all(played.get(name, 0) >= _SAMPLES for name in names):
            continue
        counting = Counting(exact, trials[trial])
        told = await play(trials[trial].scene, counting, seed=trials[trial].seed)
        await _judged(panel, legs[trial], told, counting)
        for name in names:
            played[name] = played.get(name, 0) + 1
        for name, count in counting.counts.items():
            _add(counts, name or tournament.stage, count)
    estimates: dict[str, Estimate] = {}
    table = prices or Prices.load()
    # As the tournament names them, whatever the pairings of the first rounds.
    known = [tournament.stage, *tournament.model_strings]
    known += [f"judge:{judge.known_as}" for judge in tournament.judges]
    for name in [each for each in dict.fromkeys(known) if each in counts]:
        count = counts[name]
        model = name.partition("judge:")[2] or name
        stage_name = next(
            (judge.stage for judge in tournament.judges if f"judge:{judge.known_as}" == name), name
        )
        factor = scale * wanted[name] / played[name]
        shown = f"{model} (judge)" if name.startswith("judge:") else model
        found = _scaled(with_count(Estimate(shown, round(scale * wanted[name]), 0), count), factor)
        estimates[shown] = priced(found, stages[identities[stage_name]], table)
    verdicts = total * len(tournament.judges) * len(orders(["", ""]))
    return Forecast(total, verdicts, len(there), tuple(estimates.values()))


def _known(
    tournament: Tournament, identities: Mapping[str, str]
) -> tuple[dict[str, Leg], dict[str, Trial]]:
    """The debates that can be told now: all of them, or those of the first round."""
    legs: dict[str, Leg] = {}
    trials: dict[str, Trial] = {}
    rounds = 1 if tournament.router_of_rounds.adaptive else tournament.rounds
    for found in tournament.compiled(1, rounds):
        for leg in found.legs:
            trial = tournament.trial(leg, identities)
            legs[trial.id], trials[trial.id] = leg, trial
    return legs, trials


def _there(store: Path | str | None, trials: Sequence[str]) -> set[str]:
    if store is None or not Path(store).exists():
        return set()
    with closing(open_readonly(store)) as connection:
        known = stored_trials(connection, trials)
    return {trial for trial, stored in known.items() if stored.status != "planned"}


def _names(tournament: Tournament, leg: Leg) -> list[str]:
    """The stages that a debate asks: those of its sides, and its judges."""
    sides = [side.entrant.stage or tournament.stage for side in leg.sides]
    return [*dict.fromkeys(sides), *(f"judge:{judge.known_as}" for judge in tournament.judges)]


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
    count.economy.tokens += more.economy.tokens
    count.economy.computed += more.economy.computed


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
