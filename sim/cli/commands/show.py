"""``elsinore show``: the trials of a store, or the transcript of one."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.option_groups import grouped
from sim.cli.options import ArmFacts, Json, Level, LogLevel, MaybeTrial, Store
from sim.errors import BadRequest, RunFailed

if TYPE_CHECKING:
    from sim.cli.outcomes import Outcomes
    from sim.events import Event
    from sim.store import StoredTrial


@dataclass(frozen=True)
class ReadingOptions:
    """What is shown of a transcript, and how."""

    probes: Annotated[
        bool, typer.Option("--probes", help="Also show what the actors answered off stage.")
    ] = False
    thoughts: Annotated[
        bool,
        typer.Option(
            "--thoughts", help="Also show what models thought before they spoke; nobody heard it."
        ),
    ] = False
    plain: Annotated[
        bool, typer.Option("--plain", help="Print without a pager and without colours.")
    ] = False


@grouped
def show(
    store: Store,
    reading: ReadingOptions,
    trial: MaybeTrial = None,
    arm: ArmFacts = None,
    prompt: Annotated[
        int | None,
        typer.Option(metavar="TURN", min=1, help="Print the exact prompt that this turn answered."),
    ] = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """List the trials of a store, or print the transcript of one."""
    from sim.store import open_store

    if trial is None:
        if prompt is not None:
            raise BadRequest("--prompt: say of which trial; elsinore show STORE TRIAL --prompt 3")
        _list(store, arm or (), as_json, plain=reading.plain)
        return
    if arm:
        raise BadRequest("--arm: it chooses trials for the list; leave it, or the trial, out")
    with open_store(store) as opened:
        stored = opened.trial(trial)
        events = stored.events
        if prompt is not None:
            _prompt(stored, events, prompt, as_json)
            return
        verdicts = [verdict.record() for verdict in stored.verdicts]
        stored.parameters  # noqa: B018 - read while the store is open
        # Rates of flips are learned from the trials of an arm.
        arm_of = [
            each.id
            for each in opened.trials()
            if (each.scenario, each.model, each.arm) == (stored.scenario, stored.model, stored.arm)
        ]
    outcomes = _outcomes(store, arm_of).get(stored.id, {})
    # Only a debate has debaters who could concede a point.
    granted = _concessions(stored, events) if stored.entrants else []
    if as_json:
        _print_json(store, stored, events, outcomes, verdicts, granted, thoughts=reading.thoughts)
        return
    from sim.cli.display.terminal import paged
    from sim.cli.display.transcripts import print_transcript
    from sim.cli.display.verdicts import print_verdicts

    with paged(plain=reading.plain) as console:
        print_transcript(
            console, stored, events, outcomes, granted,
            probes=reading.probes, thoughts=reading.thoughts,
        )  # fmt: skip
        if verdicts:
            print_verdicts(console, verdicts, stored.entrants)


def _outcomes(store: Path, trials: Collection[str]) -> Outcomes:
    """Flips, collapses and loops of the actors, measured over whole arms, as by ``run``."""
    from sim.planning.scenarios import own

    own("analysis")
    from sim.cli.outcomes import outcomes_of_store

    return outcomes_of_store(store, trials)


def _concessions(trial: StoredTrial, events: list[Event]) -> list[dict[str, Any]]:
    """Who gives in where, by the words of the debate."""
    from analysis.measures.concessions import Concessions
    from analysis.tables import Record, tables_from

    record = Record(trial.id, trial.cast, events, parameters=trial.parameters)
    table = Concessions(tables_from([record])).by_turn.drop(columns="trial")
    table = table.rename(columns={"actor": "speaker"})
    records = table.astype("object").where(table.notna(), None).to_dict("records")
    return [
        {str(name): value for name, value in each.items()} | {"turn": int(each["turn"])}
        for each in records
    ]


def _list(store: Path, wanted: Sequence[str], as_json: bool, *, plain: bool) -> None:
    from sim.cli.arms import chosen
    from sim.cli.display.stores import MOST_LISTED, print_cut, print_left_out, print_trials
    from sim.cli.display.terminal import out, paged
    from sim.planning.scenarios import own
    from sim.planning.trials import WHY
    from sim.store import open_store, short_ids

    own("analysis")
    from analysis.versions import made_in, told_apart, versions

    with open_store(store) as opened:
        every = trials = opened.trials()
        made = made_in(opened, trials)
        labels, told = versions(made), told_apart(opened, trials, made)
        names = short_ids(trial.id for trial in trials)
        trials = chosen(trials, wanted, labels)
        # elsinore why plays hundreds of branches for a turn, which would bury everything else.
        listed = [each for each in trials if wanted or as_json or f" {WHY} " not in each.arm]
        arms = {(each.scenario, each.model, each.arm) for each in listed}
        measured = [each.id for each in every if (each.scenario, each.model, each.arm) in arms]
        long = len(listed) > MOST_LISTED and not as_json
        outcomes = _outcomes(store, measured) if listed and not long else {}
        if not as_json:
            with paged(plain=plain) as console:
                first = listed[:MOST_LISTED]
                print_trials(console, store, first, names, None if long else outcomes, labels, told)
                if long:
                    print_cut(console, store, len(first), len(listed))
                if len(listed) < len(trials):
                    print_left_out(console, len(trials) - len(listed), "why")
            return
        records = [
            {
                **trial.facts(),
                "version": labels[trial.id],
                "short": names[trial.id],
                "outcomes": outcomes.get(trial.id, {}),
            }
            for trial in trials
        ]
    out().out(json.dumps({"store": str(store), "trials": records}, allow_nan=False))


def _print_json(
    store: Path,
    trial: StoredTrial,
    events: list[Event],
    outcomes: dict[str, Any],
    verdicts: list[dict[str, Any]],
    granted: list[dict[str, Any]],
    *,
    thoughts: bool,
) -> None:
    from sim.cli.display.terminal import out

    record = {
        "store": str(store),
        **trial.facts(),
        "topic": trial.canonical.get("topic"),
        "cast": [persona["name"] for persona in trial.cast],
        "outcomes": outcomes,
        "verdicts": verdicts,
        "concessions": granted,
        "events": [_event_record(event, thoughts=thoughts) for event in events],
    }
    out().out(json.dumps(record, allow_nan=False))


def _event_record(event: Event, *, thoughts: bool) -> dict[str, Any]:
    """An event as JSON has it; thoughts only where they are asked for."""
    record = {"kind": event.kind, **asdict(event)}
    if not (thoughts and record.get("thought")):
        record.pop("thought", None)
    return record


def _prompt(trial: StoredTrial, events: list[Event], index: int, as_json: bool) -> None:
    """Render a turn's prompt again and print it. Raises ``RunFailed`` if its hash has changed."""
    from sim.cli.display.terminal import out
    from sim.cli.display.transcripts import print_prompt
    from sim.runs.prompts import prompt_of

    found = prompt_of(trial, events, index)
    told, stored = found.prompt.digest.hex(), found.turn.prompt
    if as_json:
        record = {
            "trial": trial.id,
            "turn": index,
            "speaker": found.turn.speaker,
            "hash": told,
            "stored_hash": stored,
            "same": found.same,
            "messages": [
                {"role": each.role, "text": each.text} for each in found.prompt.messages()
            ],
        }
        out().out(json.dumps(record))
    else:
        print_prompt(out(), found.prompt)
    if not found.same:
        raise RunFailed(
            f"this is not the prompt that was sent (hash {told[:12]}, stored "
            f"{stored[:12] or 'none'}): the layout or the store has changed since"
        )
