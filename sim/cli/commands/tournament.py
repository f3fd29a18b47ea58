"""``elsinore tournament``: hold a tournament, with a live table, and say who stands where."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sim.calls.prices import Prices
from sim.cli.asking import Asking, guarded
from sim.cli.carrying import Terms, is_free, leave, on_a_loop
from sim.cli.casting import People, open_cast
from sim.cli.display.terminal import out
from sim.cli.display.tournament_progress import TournamentProgress
from sim.errors import BadRequest, ModelError, RunFailed, SceneError
from sim.planning.scenarios import files, find, make, names, own, read
from sim.scene.actor import HUMAN
from sim.stage.base import Stage
from sim.stage.open import is_real, open_stage
from sim.stage.providers.sampling import Sampling
from sim.tournament import FORMATS, Tournament, read_format
from sim.tournament.estimate import debates_of, foresee
from sim.tournament.run import TournamentReport, hold, stages_of
from sim.tournament.toml_file import read_tournament

_DEFAULT_FOLDER = Path("runs")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. None and empty: as the tournament has it."""

    source: str
    parameters: tuple[str, ...]
    form: str | None
    rounds: int | None
    judges: tuple[str, ...]
    model: str | None
    seed: int | None
    store: Path | None
    asking: Asking
    people: People
    terms: Terms
    dry_run: bool
    as_json: bool


def command(options: Options) -> None:
    """Hold what was asked for.

    Leaves with 1 if a debate failed, the budget was spent or no judge has a verdict, and with 130
    after Ctrl-C.
    """
    terms = options.terms
    terms.budget()  # Refused now, rather than after everything was opened.
    prices = terms.table()
    tournament = changed(_read(options), options)
    stages, identities = open_for(tournament, options.asking, options.people)
    if options.dry_run:
        _foresee(tournament, stages, identities, prices, options)
        return
    if not terms.quiet:
        own("analysis")
    store = _store(options, tournament)
    played_by_a_person = HUMAN in stages_of(tournament)
    how = terms.keywords()
    if played_by_a_person:
        # A person debates one debate at a time, and types where a table would be drawn.
        how["concurrency"] = 1
    free, drawn = is_free(stages), not played_by_a_person
    progress = TournamentProgress(tournament, debates_of(tournament), free, terms.console(), drawn)
    report = on_a_loop(
        progress,
        stages,
        lambda: hold(tournament, stages, store, identities=identities, watch=progress, **how),
    )
    if not terms.quiet or options.as_json:
        _tell(report, tournament, store, free, options)
    leave(report.run, store, terms.in_doubt)
    if report.missing_verdicts and not report.verdicts:
        raise RunFailed(
            f"none of {report.missing_verdicts:,} verdicts could be had; "
            f"elsinore standings {store} says why"
        )


def _read(options: Options) -> Tournament:
    """The tournament in a file, or the one that a function makes."""
    source = options.source
    if source.endswith(".toml"):
        if options.parameters:
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
    given: dict[str, str] = {}
    for text in options.parameters:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadRequest(f"-P {text}: is no parameter; write -P name=value")
        given[name] = value
    return make(scenario, read(scenario, given), Tournament)


def changed(tournament: Tournament, options: Options) -> Tournament:
    """The tournament with what the options change of it. Raises ``BadRequest``."""
    fields: dict[str, Any] = {
        name: getattr(tournament, name) for name in type(tournament).model_fields
    }
    try:
        if options.form is not None or options.rounds is not None:
            fields["format"] = _format(tournament, options)
        if options.judges:
            fields["judges"] = options.judges
        if options.model is not None:
            fields["stage"] = options.model
        if options.seed is not None:
            fields["seed"] = options.seed
        return Tournament(**fields)
    except SceneError as error:
        raise BadRequest(str(error)) from None


def _format(tournament: Tournament, options: Options) -> Any:
    """The format that was asked for; ``--rounds`` is what the format counts by."""
    counted = {"round-robin": "times", "swiss": "rounds"}
    name = options.form or next(
        (name for name, kind in FORMATS.items() if isinstance(tournament.format, kind)), None
    )
    if name is None:
        raise BadRequest("--rounds: this tournament has a format of its own; change it there")
    same = isinstance(tournament.format, FORMATS.get(name, ()))
    given = tournament.format.model_dump() if same else {}
    if options.rounds is not None:
        if name not in counted:
            raise BadRequest(f"--rounds: a {name} has as many as it takes; leave it out")
        given[counted[name]] = options.rounds
    return read_format(name, given)


def open_for(
    tournament: Tournament, asking: Asking, people: People
) -> tuple[dict[str, Stage], dict[str, str]]:
    """The stages of a tournament by identity, and the identities by model string or name."""
    stages: dict[str, Stage] = {}
    identities: dict[str, str] = {}
    plain = [name for name in stages_of(tournament) if name not in tournament.stages]
    for name in stages_of(tournament):
        if name in tournament.stages:
            stage = _named(name, tournament.stages[name], asking)
        elif name == HUMAN:
            continue
        elif is_real(name):
            stage = guarded(open_stage(name, asking.sampling()), name, asking)
        else:
            stage = _plain(name, tournament)
        stages.setdefault(stage.identity, stage)
        identities[name] = stage.identity
    if asking != Asking() and not any(is_real(name) for name in plain):
        raise BadRequest(
            "options for real models: all stages are embedded, or asked as [stages] says; "
            "leave those options out"
        )
    if HUMAN in stages_of(tournament):
        opener = {identities[tournament.stage]: stages[identities[tournament.stage]]}
        more, known = open_cast([HUMAN], opener, asking, people)
        stages |= more
        identities |= known
    return stages, identities


def _plain(name: str, tournament: Tournament) -> Stage:
    """A stage by its model string. Raises ``ModelError``, which says who asked for it."""
    try:
        return open_stage(name)
    except ModelError as error:
        entrants = [f"entrant {each.name!r}" for each in tournament.entrants if each.stage == name]
        judges = [f"judge {each.known_as!r}" for each in tournament.judges if each.stage == name]
        who = [*entrants, *judges, "the tournament"][0]
        known = ", ".join(tournament.stages)
        own = f", or one of its own [stages]: {known}" if known else ""
        raise ModelError(f"stage of {who}: {error}{own}") from None


def _named(name: str, table: Mapping[str, Any], asking: Asking) -> Stage:
    """A stage that the tournament gives a name: ``{"model": ..., "temperature": ...}``."""
    how = dict(table)
    model = how.pop("model", None)
    if not isinstance(model, str):
        raise BadRequest(f'stages.{name}: has no model; write model = "openai:..."')
    if not is_real(model):
        if how:
            raise BadRequest(
                f"stages.{name}: {model} takes no {next(iter(how))}; "
                "write embedded:base?kappa=0.8 for parameters"
            )
        return open_stage(model)
    sampling = Sampling.read(how, f"stages.{name}")
    return guarded(open_stage(model, sampling), model, asking)


def _store(options: Options, tournament: Tournament) -> Path:
    """Where it is kept. Only the default folder is created: a misspelt one should not be."""
    if options.store is not None:
        return options.store
    try:
        _DEFAULT_FOLDER.mkdir(exist_ok=True)
    except OSError as error:
        raise RunFailed(f"the folder runs cannot be created ({error.strerror})") from error
    return _DEFAULT_FOLDER / default_name(options.source)


def default_name(source: str) -> str:
    """The file of a tournament's store.

    >>> default_name("scenarios/cup.toml"), default_name("cups.py:spring_cup")
    ('cup.db', 'spring_cup.db')
    """
    path, colon, function = source.rpartition(":")
    return f"{function if colon and path else Path(source).stem}.db"


def _foresee(
    tournament: Tournament,
    stages: dict[str, Stage],
    identities: dict[str, str],
    prices: Prices | None,
    options: Options,
) -> None:
    """Say what it would take, without a call."""
    table = prices or Prices.load()
    store = options.store or _DEFAULT_FOLDER / default_name(options.source)
    found = asyncio.run(foresee(tournament, stages, identities, store, table))
    if options.as_json:
        record = {
            "dry_run": True,
            "prices_of": table.date,
            "debates": found.debates,
            "verdicts": found.verdicts,
            "there": found.there,
            "estimates": [asdict(each) for each in found.estimates],
        }
        out().out(json.dumps(record, allow_nan=False))
        return
    spending = import_module("sim.cli.display.costs")
    there = f", {found.there:,} of them in the store already" if found.there else ""
    out().print(
        f"{tournament.name}: {len(tournament.entrants)} entrants, "
        f"{debates_told(found.debates)}{there}; {found.verdicts:,} verdicts"
    )
    spending.show_forecast(found.estimates, table.date)


def debates_told(count: int) -> str:
    """A number of debates in words."""
    return f"{count:,} debate{'' if count == 1 else 's'}"


def _tell(
    report: TournamentReport, tournament: Tournament, store: Path, free: bool, options: Options
) -> None:
    """Rate, and print the standings. What rates is loaded now: pandas and scipy are slow."""
    standing = import_module("sim.cli.commands.standings")
    found = standing.measured(store, report.id)
    found |= {
        "rounds": report.rounds,
        "of_rounds": report.of,
        "verdicts": report.verdicts,
        "missing_verdicts": report.missing_verdicts,
    }
    if options.as_json:
        out().out(json.dumps(found, allow_nan=False))
        return
    console = out()
    import_module("sim.cli.display.standings_tables").show(found, console)
    spent = import_module("sim.cli.display.costs").summary(report.run, free)
    if spent is not None:
        console.print(spent)
