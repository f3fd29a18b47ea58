"""``elsinore power``: how many seeds, topics and turns a study needs, with money and hours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import ArmFacts, Json, Level, LogLevel
from sim.errors import BadRequest

if TYPE_CHECKING:
    from analysis.pilot import Pilot
    from analysis.primary import Primary
    from sim.cli.powers import BlockCost
    from sim.store import StoredTrial


@dataclass(frozen=True)
class AimOptions:
    """What the study should find."""

    effect: Annotated[
        float | None,
        typer.Option(
            metavar="SIZE", help="The smallest difference between arms that would matter."
        ),
    ] = None
    margin: Annotated[
        float | None,
        typer.Option(
            metavar="SIZE", help="How small a difference is none: to show that arms are alike."
        ),
    ] = None
    power: Annotated[
        float, typer.Option(metavar="CHANCE", help="How likely the study is to find it.")
    ] = 0.9


@dataclass(frozen=True)
class VarianceOptions:
    """How much differences vary, without a pilot."""

    sd: Annotated[
        float | None,
        typer.Option(
            "--sd",
            metavar="SIZE",
            help="Standard deviation of the difference between arms over seeds.",
            show_default="the pilot's",
        ),
    ] = None
    topic_sd: Annotated[
        float | None,
        typer.Option(
            "--topic-sd",
            metavar="SIZE",
            help="The same between topics.",
            show_default="the pilot's, if it has several",
        ),
    ] = None
    limits: Annotated[
        str | None,
        typer.Option(
            "--range",
            metavar="LOW,HIGH",
            show_default="the measure's own; 0,1 without a pilot",
            help="The bounds of the quantity.",
        ),
    ] = None


@dataclass(frozen=True)
class PilotOptions:
    """What is read from the pilot, and at what pace the study would run."""

    measure: Annotated[
        str | None,
        typer.Option(
            "--measure",
            metavar="NAME",
            autocompletion=completion.measures,
            show_default="convergence.end",
            help="The quantity that decides, as in conflict.hostility.",
        ),
    ] = None
    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            show_default="model, or the one parameter with two values",
            help="What tells the arms apart: model or a parameter. Whatever else differs makes "
            "topics.",
        ),
    ] = None
    concurrency: Annotated[int, typer.Option(min=1, help="Scenes at once, for the hours.")] = 16


@grouped
def power(
    aim: AimOptions,
    variance: VarianceOptions,
    pilot: PilotOptions,
    store: Annotated[
        Path | None,
        typer.Argument(
            metavar="[STORE]",
            autocompletion=completion.stores,
            help="A pilot: a store with some blocks of both arms (or of one).",
        ),
    ] = None,
    arm: ArmFacts = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """How many seeds, topics and turns a study needs, with money and hours.

    From a pilot (elsinore power runs/pilot.db --effect 0.2), or from an assumed variance
    (elsinore power --effect 0.2 --sd 0.6).
    """
    from sim.planning.scenarios import own

    own("analysis")
    from sim.cli.display.powers import show
    from sim.cli.display.terminal import out

    if store is None:
        record = _without_a_pilot(aim, variance, pilot, arm)
    else:
        record = _from_a_pilot(store, aim, variance, pilot, arm or [])
    if as_json:
        out().out(json.dumps(record, allow_nan=False))
    else:
        show(record, out())


def _without_a_pilot(
    aim: AimOptions, variance: VarianceOptions, pilot: PilotOptions, arm: list[str] | None
) -> dict[str, Any]:
    from analysis.primary import Primary
    from sim.cli.powers import Wanted, assumed, planned, told
    from sim.cli.until import limits_of

    if pilot.by is not None or arm:
        raise BadRequest("--by, --arm: are of a pilot; name its store")
    if variance.sd is None:
        raise BadRequest(
            "power: name a pilot, as in elsinore power runs/pilot.db --effect 0.2, or say how much "
            "differences vary, as in --effect 0.2 --sd 0.6"
        )
    limits = limits_of(variance.limits)
    if pilot.measure is not None:
        primary = Primary.named(pilot.measure, limits)
        limits = (primary.low, primary.high)
    low, high = limits or (0.0, 1.0)
    spread = assumed(variance.sd, variance.topic_sd)
    record = planned(Wanted(aim.effect, aim.margin, aim.power, high - low), spread, None)
    record |= {"measure": pilot.measure, "pilot": None}
    return {**record, "sentences": told(record, ())}


def _from_a_pilot(
    store: Path, aim: AimOptions, variance: VarianceOptions, asked: PilotOptions, facts: list[str]
) -> dict[str, Any]:
    from dataclasses import replace

    from analysis.power import spread_of
    from analysis.primary import DEFAULT, Primary
    from analysis.stats import Interval
    from sim.cli.arms import trials_of_an_arm
    from sim.cli.display.terminal import command_line, err
    from sim.cli.powers import Wanted, assumed, of_pilot, planned, told
    from sim.cli.until import limits_of
    from sim.store import open_store

    primary = Primary.named(asked.measure or DEFAULT, limits_of(variance.limits))
    with open_store(store) as opened, err().status("measuring"):
        trials = trials_of_an_arm(opened, facts, command_line("power", store), pool=True)
        pilot = _pilot(opened, trials, primary, asked.by)
        cost = _cost(pilot, trials[0], asked.concurrency)
    spread = spread_of(pilot.differences)
    if variance.sd is not None:
        spread = replace(spread, seeds=assumed(variance.sd, None).seeds)
    if variance.topic_sd is not None:
        spread = replace(spread, topics=Interval(variance.topic_sd, float("nan"), float("nan")))
    if not spread.seeds.estimate > 0:
        raise BadRequest(
            f"{store}: {primary.name} does not vary over the seeds of this pilot, which says "
            "nothing of a study; play more seeds, choose another --measure, or assume an --sd"
        )
    wanted = Wanted(aim.effect, aim.margin, aim.power, primary.high - primary.low)
    record = planned(wanted, spread, cost)
    record |= {
        "measure": primary.name,
        "store": str(store),
        "free": pilot.spent.usage.usd == 0,
        "concurrency": asked.concurrency,
        "pilot": of_pilot(pilot, spread, wanted),
    }
    return {**record, "sentences": told(record, pilot.topics)}


def _pilot(store: Any, trials: list[StoredTrial], primary: Primary, by: str | None) -> Pilot:
    """The pilot of a store: its arms by ``by``, its topics by whatever else differs."""
    from analysis.pilot import pilot_of
    from sim.cli.arms import differing, facts_of, versions_of
    from sim.text.suggestions import nearest

    versions = versions_of(store)
    names = differing(trials, versions)
    facts = {trial.id: facts_of(trial, versions.get(trial.id, "")) for trial in trials}
    several = [name for name in names if len({each.get(name) for each in facts.values()}) == 2]
    if by is None:
        by = "model" if "model" in names or not several else several[0]
        if "model" not in names and len(several) > 1:
            raise BadRequest(
                f"power: these trials differ in {', '.join(names)}; say which tells the arms "
                "apart, as in --by " + several[0]
            )
    elif by not in names:
        raise BadRequest(f"--by {by}: trials do not differ in it{nearest(by, names)}")
    values = list(dict.fromkeys(facts[trial.id].get(by, "") for trial in trials))
    if len(values) > 2:
        raise BadRequest(
            f"power: a study compares two arms, and here {by} is {', '.join(values)}; play a pilot "
            "of two, or leave one out with --arm, which then stands for both"
        )
    kept = by
    return pilot_of(
        store,
        trials,
        primary,
        lambda trial: facts[trial.id].get(kept, ""),
        lambda trial: " ".join(
            f"{name}={facts[trial.id].get(name, '')}" for name in names if name != kept
        ),
    )


def _cost(pilot: Pilot, trial: StoredTrial, concurrency: int) -> BlockCost:
    """What a block takes, by what the pilot took; the price of today where none is stored."""
    from sim.calls.prices import Prices
    from sim.cli.powers import BlockCost

    usage = pilot.spent.usage
    usd = usage.usd
    if usd is None:
        price = Prices.load().of(trial.stage)
        usd = None if price is None else price.of(usage)
    tokens = 2 * (usage.prompt_tokens + usage.completion_tokens)
    hours = 2 * pilot.spent.seconds / concurrency / 3600
    return BlockCost(2, tokens, None if usd is None else 2 * usd, hours)
