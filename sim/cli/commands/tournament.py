"""``elsinore tournament``: run a tournament, with a live table, and say who stands where."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import (
    AskingOptions,
    Level,
    LogLevel,
    OutputOptions,
    Parameters,
    PlayingOptions,
    ResumeOptions,
    given_parameters,
    run_options,
)
from sim.cli.stopping_options import ContestOptions
from sim.errors import BadRequest, RunFailed, SceneError
from sim.text.printing import command_line

if TYPE_CHECKING:
    from sim.calls.guard import ModelOptions
    from sim.calls.prices import Prices
    from sim.cli.display.decisions import Outcome
    from sim.cli.display.tournament_progress import TournamentProgress
    from sim.cli.people import People
    from sim.runs.options import RunOptions
    from sim.runs.stages import Cast
    from sim.study.contest import Contest
    from sim.tournament import Tournament
    from sim.tournament.run import TournamentReport


@dataclass(frozen=True)
class TournamentOptions:
    """Which tournament, and the fields that are changed. None: as the tournament has it."""

    source: Annotated[
        str,
        typer.Argument(
            metavar="TOURNAMENT",
            autocompletion=completion.tournaments,
            help="FILE.toml, my_file.py:my_tournament, or a name (see elsinore list).",
        ),
    ]
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            autocompletion=completion.formats,
            help="round-robin, swiss or knockout.",
            show_default="the tournament's own",
        ),
    ] = None
    rounds: Annotated[
        int | None,
        typer.Option(min=1, help="Rounds of a swiss; of a round-robin: how often all meet all."),
    ] = None
    judges: Annotated[
        list[str] | None,
        typer.Option(
            "--judges",
            "-j",
            metavar="MODEL",
            autocompletion=completion.models,
            help="A judge; may be given several times, or several with commas between them.",
            show_default="the tournament's own",
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            autocompletion=completion.models,
            help="Plays the entrants who have no stage of their own.",
            show_default="the tournament's own",
        ),
    ] = None
    seed: Annotated[
        int | None, typer.Option(min=0, show_default="the tournament's own", help="For all draws.")
    ] = None
    parameter: Parameters = None
    store: Annotated[
        Path | None,
        typer.Option(
            envvar="ELSINORE_STORE",
            autocompletion=completion.stores,
            show_default="runs/TOURNAMENT.db",
            help="Where everything is kept. What is there already is neither played nor asked.",
        ),
    ] = None


@grouped
def tournament(
    which: TournamentOptions,
    until: ContestOptions,
    spend: PlayingOptions,
    resume: ResumeOptions,
    asking: AskingOptions,
    output: OutputOptions,
    human_seconds: Annotated[
        float | None,
        typer.Option(
            "--human-seconds",
            metavar="SECONDS",
            help="How long a person who debates (an entrant with the stage human) has for a turn.",
            show_default="no limit",
        ),
    ] = None,
    log_level: LogLevel = Level.warning,
) -> None:
    """Run a tournament of debates: play, judge, rate. Resumes one that was stopped.

    Try: elsinore tournament example_tournament
    """
    from sim.cli.display.tournament_progress import TournamentProgress
    from sim.cli.execution import default_store, is_free, leave, on_a_loop, progress_console
    from sim.cli.people import People
    from sim.planning.scenarios import own
    from sim.scene.actor import HUMAN
    from sim.tournament.estimate import debates_of
    from sim.tournament.run import run_tournament
    from sim.tournament.stages import stages_named

    people = People((), human_seconds)
    until.refuse_alone(until.between)
    options = run_options(spend, resume)  # Refused now, rather than after everything was opened.
    cup = changed(_read(which), which)
    contest = None if until.until is None else _contest(cup, until)
    if contest is not None:
        cup = contest.tournament
    cast = _open(cup, asking.asked(), people)
    name = default_name(which.source)
    if output.dry_run:
        _estimate(cup, cast, options.prices, which, output.as_json)
        return
    if not output.quiet:
        own("analysis")
    store = default_store(which.store, name)
    a_person_plays = HUMAN in stages_named(cup)
    if a_person_plays:
        # A person plays one debate at a time, and types where the table would be drawn.
        options = replace(options, concurrency=1)
    free, console = is_free(cast.stages), progress_console(output.quiet)
    progress = TournamentProgress(cup, debates_of(cup), free, console, not a_person_plays)
    found: Outcome | None = None
    if contest is None:
        report = on_a_loop(
            progress,
            cast.stages,
            lambda: run_tournament(
                cup, cast.stages, store, options, identities=cast.identities, watch=progress
            ),
        )
    else:
        report, found = _until_decided(contest, cast, store, options, progress)
    if not output.quiet or output.as_json:
        _print_standings(report, store, free, output.as_json, found)
    elif found is not None:
        _print_decision(found)
    leave(report.run, store, options.in_doubt)
    if report.missing_verdicts and not report.verdicts:
        raise RunFailed(
            f"none of {report.missing_verdicts:,} verdicts could be had; "
            f"{command_line('standings', store)} says why"
        )


def _contest(cup: Tournament, until: ContestOptions) -> Contest:
    """The contest that is played until it is decided. Raises ``BadRequest``."""
    from sim.planning.scenarios import own
    from sim.scene.actor import HUMAN
    from sim.tournament.stages import stages_named

    own("analysis")
    if HUMAN in stages_named(cup):
        raise BadRequest("--until decided: a person cannot debate for so long; leave it out")
    from sim.study.contest import Contest

    return Contest.of(cup, until.between or (), margin=until.margin, method=until.chosen)


def _until_decided(
    contest: Contest, cast: Cast, store: Path, options: RunOptions, progress: TournamentProgress
) -> tuple[TournamentReport, Outcome]:
    """Play until it is decided; the tournament, and the decision."""
    from sim.cli.display.decisions import Outcome
    from sim.cli.execution import is_free, on_a_loop
    from sim.cli.until import saved, stopped_early
    from sim.study.contest import MEASURE, run_contest

    done = on_a_loop(
        progress,
        cast.stages,
        lambda: run_contest(
            contest, cast.stages, store, options, identities=cast.identities, watch=progress
        ),
    )
    report = done.tournament
    begun = [trial.id for trial in report.run.trials]
    cup, rule = contest.tournament, contest.rule
    return report, Outcome(
        MEASURE, contest.a, contest.b, rule, done.decision, done.missing,
        [motion.topic for motion in cup.motions],
        saved(store, begun, len(report.meetings), rule.blocks), is_free(cast.stages),
        stopped_early(report.run),
    )  # fmt: skip


def _print_decision(found: Outcome) -> None:
    from sim.cli.display.decisions import sentences
    from sim.cli.display.terminal import out

    console = out()
    for sentence in sentences(found):
        console.print(sentence, soft_wrap=not console.is_terminal, highlight=False, markup=False)


def _read(which: TournamentOptions) -> Tournament:
    """The tournament in a file, or the one that a function makes."""
    from sim.planning.scenarios import files, find, make, names, read
    from sim.tournament import Tournament
    from sim.tournament.toml_file import read_tournament

    source = which.source
    if source.endswith(".toml"):
        if which.parameter:
            raise BadRequest("-P: a file of TOML has no parameters; change the file")
        return read_tournament(source)
    if Path(source).suffix not in ("", ".py") and ":" not in source:
        raise BadRequest(
            f"{source}: is neither a tournament nor a file of one; use FILE.toml, "
            "my_file.py:my_tournament, or a name from elsinore list"
        )
    if source in files():
        return read_tournament(files()[source])
    if source not in names() and not source.endswith(".py") and ":" not in source:
        near = f"{source}.toml"
        hint = f"; did you mean {near}?" if Path(near).exists() else ""
        raise BadRequest(f"{source}: there is no such tournament{hint} (see elsinore list)")
    scenario = find(source)
    return make(scenario, read(scenario, given_parameters(which.parameter)), Tournament)


def changed(cup: Tournament, which: TournamentOptions) -> Tournament:
    """The tournament with the changes of the options. Raises ``BadRequest``."""
    changes: dict[str, Any] = {}
    judges = tuple(one for text in which.judges or () for one in text.split(",") if one)
    try:
        if which.form is not None or which.rounds is not None:
            changes["format"] = _format(cup, which)
        if judges:
            changes["judges"] = judges
        if which.model is not None:
            changes["stage"] = which.model
        if which.seed is not None:
            changes["seed"] = which.seed
        return cup.replace(**changes)
    except SceneError as error:
        raise BadRequest(str(error)) from None


def _format(cup: Tournament, which: TournamentOptions) -> Any:
    """The format that was asked for; ``--rounds`` is what the format counts by."""
    from sim.tournament import FORMATS, read_format

    counted = {"round-robin": "times", "swiss": "rounds"}
    name = which.form or next(
        (name for name, kind in FORMATS.items() if isinstance(cup.format, kind)), None
    )
    if name is None:
        raise BadRequest("--rounds: this tournament has a format of its own; change it there")
    same = isinstance(cup.format, FORMATS.get(name, ()))
    given = cup.format.model_dump() if same else {}
    if which.rounds is not None:
        if name not in counted:
            raise BadRequest(f"--rounds: a {name} has as many as it takes; leave it out")
        given[counted[name]] = which.rounds
    return read_format(name, given)


def _open(cup: Tournament, options: ModelOptions, people: People) -> Cast:
    """The stages of a tournament, the person at the terminal among them."""
    from sim.scene.actor import HUMAN
    from sim.tournament.stages import open_stages, stages_named

    cast = open_stages(cup, options)
    if HUMAN in stages_named(cup):
        own = cast.identities[cup.stage]
        people.join(cast, {own: cast.stages[own]})
    return cast


def default_name(source: str) -> str:
    """The file of a tournament's store.

    >>> default_name("scenarios/cup.toml"), default_name("cups.py:spring_cup")
    ('cup.db', 'spring_cup.db')
    """
    path, colon, function = source.rpartition(":")
    return f"{function if colon and path else Path(source).stem}.db"


def _estimate(
    cup: Tournament, cast: Cast, prices: Prices | None, which: TournamentOptions, as_json: bool
) -> None:
    """Print what a tournament would take, without a call."""
    import asyncio

    from sim.calls.prices import Prices
    from sim.cli.display.costs import show_forecast
    from sim.cli.display.terminal import out
    from sim.cli.execution import DEFAULT_FOLDER
    from sim.tournament.estimate import estimate_tournament

    table = prices or Prices.load()
    store = which.store or DEFAULT_FOLDER / default_name(which.source)
    forecast = asyncio.run(estimate_tournament(cup, cast.stages, cast.identities, store, table))
    if as_json:
        record = {
            "dry_run": True,
            "prices_of": table.date,
            "debates": forecast.debates,
            "verdicts": forecast.verdicts,
            "there": forecast.there,
            "estimates": [asdict(each) for each in forecast.estimates],
        }
        out().out(json.dumps(record, allow_nan=False))
        return
    there = f", {forecast.there:,} of them in the store already" if forecast.there else ""
    out().print(
        f"{cup.name}: {len(cup.entrants)} entrants, "
        f"{debates_told(forecast.debates)}{there}; {forecast.verdicts:,} verdicts"
    )
    show_forecast(forecast.estimates, table.date)


def debates_told(count: int) -> str:
    """A number of debates in words."""
    return f"{count:,} debate{'' if count == 1 else 's'}"


def _print_standings(
    report: TournamentReport, store: Path, free: bool, as_json: bool, found: Outcome | None = None
) -> None:
    """Rate, and print the standings. Loads pandas and scipy, which are slow, only here."""
    from sim.cli.display.costs import summary
    from sim.cli.display.standings import show
    from sim.cli.display.terminal import out
    from sim.cli.ratings import measured

    record = measured(store, report.id)
    record |= {
        "rounds": report.rounds,
        "of_rounds": report.of,
        "verdicts": report.verdicts,
        "missing_verdicts": report.missing_verdicts,
    }
    if found is not None:
        from sim.cli.display.decisions import record as decision

        record["until"] = decision(found)
    if as_json:
        out().out(json.dumps(record, allow_nan=False))
        return
    console = out()
    show(record, console)
    spent = summary(report.run, free)
    if spent is not None:
        console.print(spent)
    if found is not None:
        _print_decision(found)
