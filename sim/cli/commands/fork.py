"""``elsinore fork``: what would have happened otherwise, from a turn of a stored trial."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sim.calls.prices import Prices
from sim.cli.asking import Asking
from sim.cli.carrying import Terms, carry_out, is_free, leave
from sim.cli.casting import People, open_cast, reopened
from sim.cli.display.terminal import out
from sim.cli.rebuilding import as_trial, whole_scene
from sim.cli.stored import StoredTrial, one_trial, opened
from sim.errors import BadRequest
from sim.planning import Trial
from sim.planning.scenarios import own
from sim.runs import estimate
from sim.scene.actor import HUMAN
from sim.scene.interventions import Intervention, Noise, Note, ReplaceTurn, Restage, Say, Whisper
from sim.stage.base import Stage
from sim.store import open_readonly, transcript_of
from sim.study.forks import branch_trials, dropped
from sim.transcript import Transcript

_LINE = re.compile(r"\s*(?P<name>[^:>]+?)\s*(?:>\s*(?P<to>[^:]*?)\s*)?:\s*(?P<text>.+)", re.S)

KEPT, REROLL = "kept", "reroll"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. Exactly one change, or none with ``reroll``."""

    store: Path
    trial: str
    at: int
    branches: int
    drop: bool
    reroll: bool
    say: str | None
    whisper: str | None
    replace: str | None
    note: str | None
    noise: int | None
    restage: str | None
    against: str | None
    turns: int | None
    within: int | None
    asking: Asking
    terms: Terms
    dry_run: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class Arm:
    """Branches with one change: what it is called, from which turn on, and the change."""

    label: str
    at: int
    change: tuple[Intervention, ...] = ()


def command(options: Options) -> None:
    """Play both arms, and say what became of the actors in them."""
    with opened(options.store) as connection:
        stored = one_trial(connection, options.store, options.trial)
        transcript = transcript_of(connection, stored.id)
    scene = whole_scene(stored)
    transcript.scene = scene
    live = as_trial(stored, scene)
    arms = _arms(options, transcript)
    stages, identities = _stages(stored, arms, options.asking)
    planned = [
        branch_trials(
            live, transcript, at=arm.at, n=options.branches, change=arm.change, label=arm.label,
            turns=_window(options, arm), stages=identities,
        )
        for arm in arms
    ]  # fmt: skip
    trials = [trial for arm in planned for trial in arm]
    if options.dry_run:
        table = options.terms.table() or Prices.load()
        found = asyncio.run(estimate(trials, stages, options.store, table))
        import_module("sim.cli.display.costs").show_estimates(found, table.date, options.as_json)
        return
    if not options.terms.quiet:
        own("analysis")
    title = f"{stored.scenario} at turn {options.at}"
    report = carry_out(title, trials, stages, options.store, options.terms)
    early = report.interrupted or report.stopped is not None
    if not early and (not options.terms.quiet or options.as_json):
        branches = [_transcripts(options.store, arm) for arm in planned]
        results = import_module("sim.cli.forked")
        record = results.measured(stored, transcript, arms, planned, branches, options)
        if options.as_json:
            out().out(json.dumps(record, allow_nan=False))
        else:
            results.show(record, out())
            spent = import_module("sim.cli.display.costs").summary(report, is_free(stages))
            if spent is not None:
                out().print(spent)
    leave(report, options.store, options.terms.in_doubt)


def _window(options: Options, arm: Arm) -> int | None:
    """How many turns of their own the branches of an arm have: all arms end at the same turn."""
    return None if options.turns is None else options.turns + options.at - arm.at


def _arms(options: Options, transcript: Transcript) -> list[Arm]:
    """What is changed, and what it is compared with."""
    at = options.at
    changes: list[tuple[str, Intervention]] = []
    if options.drop:
        changes.append(("drop", dropped(transcript, at)))
    if options.say is not None:
        name, _, text = _line("--say", options.say)
        changes.append((f"say {name}: {text}", Say(speaker=name, text=text, at=at)))
    if options.whisper is not None:
        name, to, text = _line("--whisper", options.whisper)
        label = f"whisper {name} > {', '.join(to)}: {text}"
        changes.append((label, Whisper(speaker=name, to=to, text=text, at=at)))
    if options.replace is not None:
        changes.append((f"replace {options.replace}", ReplaceTurn(text=options.replace, at=at)))
    if options.note is not None:
        changes.append((f"note {options.note}", Note(text=options.note, at=at)))
    if options.noise is not None:
        changes.append((f"noise {options.noise}", Noise(words=options.noise, at=at)))
    if options.restage is not None:
        name, equals, model = options.restage.partition("=")
        if not equals or not name.strip() or not model.strip():
            raise BadRequest(f"--restage {options.restage}: write --restage NAME=MODEL")
        moved = Restage(name=name.strip(), stage=model.strip(), at=at)
        changes.append((f"restage {options.restage}", moved))
    if len(changes) + options.reroll != 1:
        raise BadRequest(
            "fork: say what is to be different, once: --drop, --reroll, --say, --whisper, "
            "--replace, --note, --noise or --restage"
        )
    # What a turn did is seen against what its speaker might have said instead; what a change does
    # is seen against the same without it.
    against = options.against or (KEPT if options.reroll else REROLL)
    if against not in (KEPT, REROLL):
        raise BadRequest(f"--against {against}: use {KEPT} or {REROLL}")
    baseline = Arm(REROLL, at + 1 if against == KEPT else at)
    if options.reroll:
        if against == REROLL:
            raise BadRequest("--against reroll: that is the same arm; use --against kept")
        return [Arm(REROLL, at), baseline]
    label, change = changes[0]
    return [Arm(label, at, (change,)), baseline]


def _line(option: str, text: str) -> tuple[str, tuple[str, ...], str]:
    """Who says it, to whom, and what: ``Ada: ...`` or ``Ada > Ben, Cleo: ...``."""
    found = _LINE.fullmatch(text)
    whispered = option == "--whisper"
    if found is None or (found["to"] is not None) != whispered:
        form = '"Ada > Ben: He lies."' if whispered else '"Ada: I was wrong."'
        raise BadRequest(f"{option} {text!r}: write it as {option} {form}")
    to = tuple(name.strip() for name in (found["to"] or "").split(",") if name.strip())
    return found["name"], to, found["text"].strip()


def _stages(
    stored: StoredTrial, arms: Sequence[Arm], asking: Asking
) -> tuple[dict[str, Stage], dict[str, str]]:
    """All stages that play in the branches, and the identities of those that the changes name."""
    if HUMAN in stored.stages.values():
        raise BadRequest(
            f"trial {stored.id[:8]}: a person plays in it, who is not there for its branches; "
            "fork a trial without one"
        )
    played = [(stored.model, stored.stage), *stored.stages.items()]
    stages = reopened(played, asking)
    new = [each for arm in arms for each in arm.change if isinstance(each, Restage)]
    if not new:
        return stages, {}
    named = [each.stage for each in new if each.stage]
    more, identities = open_cast(named, stages, asking, People())
    return {**stages, **more}, identities


def _transcripts(store: Path, trials: Sequence[Trial]) -> list[Transcript]:
    """The branches as they are stored, in their order, with their scene."""
    found = []
    with closing(open_readonly(store)) as connection:
        for trial in trials:
            transcript = transcript_of(connection, trial.id)
            transcript.scene = trial.scene
            found.append(transcript)
    return found
