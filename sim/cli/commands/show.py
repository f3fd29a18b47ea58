"""``elsinore show``: the trials of a store, or the transcript of one."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from rich.text import Text

from sim.cli.display.run_tables import NONE, table
from sim.cli.display.terminal import one_line, out, print_block, visible
from sim.cli.display.transcripts import print_transcript
from sim.cli.display.verdicts import print_verdicts
from sim.cli.stored import StoredTrial, all_trials, events, one_trial, opened, short, verdicts
from sim.errors import BadRequest, RunFailed
from sim.events import Event, Turn
from sim.layouts import before, render
from sim.layouts.prompt import Prompt
from sim.planning.decoder import scene_for_prompts
from sim.planning.scenarios import own
from sim.scene.actor import LayoutName
from sim.scene.scene import Scene

Fates = dict[str, dict[str, dict[str, Any]]]


def command(
    store: Path, trial: str | None, *, probes: bool, prompt: int | None, as_json: bool
) -> None:
    """Print the list, the transcript, or a prompt."""
    if trial is None:
        if prompt is not None:
            raise BadRequest("--prompt: say of which trial; elsinore show STORE TRIAL --prompt 3")
        _list(store, as_json)
        return
    with opened(store) as connection:
        found = one_trial(connection, store, trial)
        happened = events(connection, found.id)
        judged = verdicts(connection, found.id)
    if prompt is not None:
        _prompt(found, happened, prompt, as_json)
        return
    fates = _fates(store).get(found.id, {})
    # Only a debate has debaters who could concede a point.
    granted = _concessions(found, happened) if found.entrants else []
    if as_json:
        _print_json(store, found, happened, fates, judged, granted)
        return
    print_transcript(out(), found, happened, fates, granted, probes=probes)
    if judged:
        print_verdicts(out(), judged, found.entrants)


def _fates(store: Path) -> Fates:
    """What became of the actors. Measured over the whole store, as ``run`` does."""
    own("analysis")
    results = import_module("sim.cli.results")
    fates: Fates = results.fates_of_store(store)
    return fates


def _concessions(trial: StoredTrial, happened: list[Event]) -> list[dict[str, Any]]:
    """Who gives in where, by the words of the debate."""
    loading = import_module("analysis.tables")
    measure = import_module("analysis.measures.concessions")
    record = loading.Record(trial.id, trial.cast, happened, parameters=trial.parameters)
    table = measure.found(loading.tables_from([record])).drop(columns="trial")
    records: list[dict[str, Any]] = (
        table.astype("object").where(table.notna(), None).to_dict("records")
    )
    return [each | {"turn": int(each["turn"])} for each in records]


def _list(store: Path, as_json: bool) -> None:
    with opened(store) as connection:
        trials = all_trials(connection)
    fates = _fates(store) if trials else {}
    names = short(trial.id for trial in trials)
    console = out()
    if as_json:
        records = [
            {
                **_facts(trial),
                "short": names[trial.id],
                "outcomes": fates.get(trial.id, {}),
            }
            for trial in trials
        ]
        console.out(json.dumps({"store": str(store), "trials": records}, allow_nan=False))
        return
    if not trials:
        console.print(Text(f"{store} holds no trials."))
        return
    surrogates = any(trial.arm != "live" for trial in trials)
    made = table(
        "trial",
        "scenario",
        "model",
        *(["arm"] if surrogates else []),
        "seed",
        "status",
        "turns",
        "flips",
        right=("seed", "turns"),
    )
    for trial in trials:
        cells = [
            Text(names[trial.id], style="bold cyan"),
            Text(one_line(trial.title)),
            Text(one_line(trial.model)),
        ]
        if surrogates:
            cells.append(Text(one_line(trial.arm + (f" {trial.focal}" if trial.focal else ""))))
        cells += [
            Text(str(trial.seed)),
            _status(trial),
            Text(str(trial.turns)),
            _flips(fates.get(trial.id, {})),
        ]
        made.add_row(*cells)
    print_block(console, made)
    console.print(Text(f"Read one: elsinore show {store} {names[trials[0].id]}", style="dim"))


def _status(trial: StoredTrial) -> Text:
    style = {"done": "green", "failed": "red"}.get(trial.status, "yellow")
    return Text(one_line(trial.status), style=style)


def _flips(fates: dict[str, dict[str, Any]]) -> Text:
    flips = [(fate["flip"], actor) for actor, fate in fates.items() if fate["flip"] is not None]
    if not flips:
        return Text(NONE, style="dim")
    return Text(
        ", ".join(f"{one_line(actor)} {turn}" for turn, actor in sorted(flips)), style="red"
    )


def _facts(trial: StoredTrial) -> dict[str, Any]:
    """What is known of a trial, under the names that ``run --json`` uses."""
    facts = asdict(trial)
    del facts["scene"]
    return facts


def _print_json(
    store: Path,
    trial: StoredTrial,
    happened: list[Event],
    fates: dict[str, Any],
    judged: list[dict[str, Any]],
    granted: list[dict[str, Any]],
) -> None:
    record = {
        "store": str(store),
        **_facts(trial),
        "topic": trial.scene.get("topic"),
        "cast": [persona["name"] for persona in trial.cast],
        "outcomes": fates,
        "verdicts": judged,
        "concessions": granted,
        "events": [{"kind": event.kind, **asdict(event)} for event in happened],
    }
    out().out(json.dumps(record, allow_nan=False))


def _prompt(trial: StoredTrial, happened: list[Event], index: int, as_json: bool) -> None:
    """Render a turn's prompt again, and see by its hash that it is the one that was sent."""
    turns = [event for event in happened if isinstance(event, Turn)]
    wanted = next((turn for turn in turns if turn.index == index), None)
    if wanted is None:
        raise BadRequest(f"trial {trial.id[:8]} has no turn {index}; it has {len(turns)}")
    scene = _scene(trial)
    # An author wrote the turns of a block in answer to one prompt.
    block = [turn for turn in turns if turn.prompt == wanted.prompt] or [wanted]
    first = block[0] if scene.layout == "author" else wanted
    order = [turn.speaker for turn in block]
    prompt = render(scene, before(happened, first), wanted.speaker, order)
    same = prompt.digest.hex() == wanted.prompt
    if as_json:
        record = {
            "trial": trial.id,
            "turn": index,
            "speaker": wanted.speaker,
            "hash": prompt.digest.hex(),
            "stored_hash": wanted.prompt,
            "same": same,
            "messages": [{"role": each.role, "text": each.text} for each in prompt.messages()],
        }
        out().out(json.dumps(record))
    else:
        _print_prompt(prompt)
    if not same:
        raise RunFailed(
            f"this is not the prompt that was sent (hash {prompt.digest.hex()[:12]}, stored "
            f"{wanted.prompt[:12] or 'none'}): the layout or the store has changed since"
        )


def _scene(trial: StoredTrial) -> Scene:
    """As much of the scene as a prompt depends on. The hash shows whether that was all."""
    layout = trial.scene.get("layout")
    if layout not in get_args(LayoutName):
        raise BadRequest(f"trial {trial.id[:8]}: this version has no layout {layout!r}")
    return scene_for_prompts(trial.scene)


def _print_prompt(prompt: Prompt) -> None:
    console = out()
    for message in prompt.messages():
        console.print(Text(f"[{message.role}]", style="dim"))
        console.print(Text(visible(message.text)), soft_wrap=not console.is_terminal)
        console.print()
