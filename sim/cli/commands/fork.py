"""``elsinore fork``: what would have happened otherwise, from a turn of a stored trial."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sim.cli.option_groups import grouped
from sim.cli.options import (
    Level,
    LimitOptions,
    LogLevel,
    OutputOptions,
    ResumeOptions,
    SamplingOptions,
    SpendOptions,
    StandIn,
    Store,
    Timeout,
    Trial,
    run_options,
)
from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.calls.guard import ModelOptions
    from sim.runs.stages import Cast
    from sim.scene.interventions import Intervention
    from sim.stage.base import Stage
    from sim.store import StoredTrial
    from sim.transcript import Transcript

_LINE = re.compile(r"\s*(?P<name>[^:>]+?)\s*(?:>\s*(?P<to>[^:]*?)\s*)?:\s*(?P<text>.+)", re.S)

KEPT, REROLL = "kept", "reroll"


@dataclass(frozen=True)
class ChangeOptions:
    """The change: exactly one, or none with ``reroll``."""

    drop: Annotated[bool, typer.Option("--drop", help="The turn is struck: nobody heard it.")] = (
        False
    )
    reroll: Annotated[
        bool,
        typer.Option("--reroll", help="The turn is generated again. Shows what it did, as it was."),
    ] = False
    say: Annotated[
        str | None,
        typer.Option(metavar="LINE", help='Another line in its place: --say "Ada: I was wrong."'),
    ] = None
    whisper: Annotated[
        str | None,
        typer.Option(metavar="LINE", help='For some alone: --whisper "Ada > Ben: He lies."'),
    ] = None
    replace: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Other words of the same speaker."),
    ] = None
    note: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help='A stage direction: --note "(A shot is heard.)"'),
    ] = None
    noise: Annotated[
        int | None, typer.Option(min=1, metavar="WORDS", help="Random text before it.")
    ] = None
    restage: Annotated[
        str | None,
        typer.Option(metavar="NAME=MODEL", help="Another stage plays an actor from there on."),
    ] = None
    against: Annotated[
        str | None,
        typer.Option(
            metavar="kept|reroll",
            help="What to compare with: the turn as it was, or generated again.",
            show_default="reroll; with --reroll, kept",
        ),
    ] = None


@dataclass(frozen=True)
class BranchOptions:
    """Which branches are played, and how far."""

    store: Store
    trial: Trial
    at: Annotated[
        int,
        typer.Option(
            "--at", min=1, metavar="TURN", help="The turn from which on everything is played anew."
        ),
    ]
    branches: Annotated[
        int, typer.Option("--branches", "-n", min=1, help="Branches in each of the two arms.")
    ] = 20
    turns: Annotated[
        int | None,
        typer.Option(min=1, help="End branches after so many turns; else they play to the end."),
    ] = None
    within: Annotated[
        int | None,
        typer.Option(min=1, metavar="TURNS", help="Count flips within so many turns after --at."),
    ] = None
    model: StandIn = None


@dataclass(frozen=True, slots=True)
class Arm:
    """Branches with one change: its label, the first turn that is new, and the change."""

    label: str
    at: int
    change: tuple[Intervention, ...] = ()

    def rolls_again(self, turn: int) -> bool:
        """Whether the turn is generated again, and nothing else is different."""
        return self.at == turn and not self.change


@grouped
def fork(
    which: BranchOptions,
    change: ChangeOptions,
    spend: SpendOptions,
    resume: ResumeOptions,
    limits: LimitOptions,
    output: OutputOptions,
    timeout: Timeout = None,
    log_level: LogLevel = Level.warning,
) -> None:
    """What would have happened otherwise: play a trial again from a turn on, many times.

    Two arms share everything before the turn and, branch by branch, their random draws. The model
    is asked as it was when the trial was played. Branches are kept in the store.
    """
    from sim.cli.display.terminal import out
    from sim.cli.execution import carry_out, is_free, leave, show_estimate
    from sim.planning.branches import branch_trials, played_by
    from sim.planning.scenarios import own
    from sim.runs.stages import stand_in
    from sim.store import open_store
    from sim.transcript import Transcript

    options = run_options(spend, resume)
    with open_store(which.store) as store:
        stored = store.trial(which.trial)
        transcript = stored.transcript
        live = stored.planned()
    arms = _arms(change, which.at, transcript)
    models = limits.models(SamplingOptions(timeout=timeout).sampling())
    other = stand_in([stored], which.model, models)
    if other is not None:
        live = played_by(live, which.model or "", other[0])
        transcript = Transcript(transcript.events, scene=live.scene, seed=live.seed)
    cast = _stages(stored, arms, models, other)
    planned = [
        branch_trials(
            live, transcript, at=arm.at, n=which.branches, change=arm.change, label=arm.label,
            # All arms end at the same turn.
            turns=None if which.turns is None else which.turns + which.at - arm.at,
            stages=cast.identities,
        )
        for arm in arms
    ]  # fmt: skip
    trials = [trial for arm in planned for trial in arm]
    if output.dry_run:
        show_estimate(trials, cast.stages, which.store, options, output.as_json)
        return
    if not output.quiet:
        own("analysis")
    title = f"{stored.scenario} at turn {which.at}"
    report = carry_out(title, trials, cast.stages, which.store, options, quiet=output.quiet)
    early = report.interrupted or report.stopped is not None
    if not early and (not output.quiet or output.as_json):
        from sim.cli.fork_results import measured

        record = measured(stored, transcript, arms, planned, which)
        if output.as_json:
            out().out(json.dumps(record, allow_nan=False))
        else:
            from sim.cli.display.costs import summary
            from sim.cli.display.forks import show

            show(record, out())
            spent = summary(report, is_free(cast.stages))
            if spent is not None:
                out().print(spent)
    leave(report, which.store, options.in_doubt)


def _arms(asked: ChangeOptions, at: int, transcript: Transcript) -> list[Arm]:
    """The two arms: with the change, and the one that it is compared with."""
    changes = list(_changes(asked, at, transcript))
    if len(changes) + asked.reroll != 1:
        raise BadRequest(
            "fork: say what is to be different, once: --drop, --reroll, --say, --whisper, "
            "--replace, --note, --noise or --restage"
        )
    # The effect of a turn as it was shows against what its speaker might have said instead; the
    # effect of a change against the same turn generated without it.
    against = asked.against or (KEPT if asked.reroll else REROLL)
    if against not in (KEPT, REROLL):
        raise BadRequest(f"--against {against}: use {KEPT} or {REROLL}")
    baseline = Arm(REROLL, at + 1 if against == KEPT else at)
    if asked.reroll:
        if against == REROLL:
            raise BadRequest("--against reroll: that is the same arm; use --against kept")
        return [Arm(REROLL, at), baseline]
    label, change = changes[0]
    return [Arm(label, at, (change,)), baseline]


class _Line(NamedTuple):
    """A line on the command line: who says it, to whom (empty: to all), and its text."""

    name: str
    to: tuple[str, ...]
    text: str


def _changes(
    asked: ChangeOptions, at: int, transcript: Transcript
) -> Iterator[tuple[str, Intervention]]:
    """The changes that were asked for, each with its label."""
    from sim.planning.branches import dropped
    from sim.scene.interventions import Noise, Note, ReplaceTurn, Restage, Say, Whisper

    if asked.drop:
        yield "drop", dropped(transcript, at)
    if asked.say is not None:
        line = _line("--say", asked.say)
        yield f"say {line.name}: {line.text}", Say(speaker=line.name, text=line.text, at=at)
    if asked.whisper is not None:
        line = _line("--whisper", asked.whisper)
        label = f"whisper {line.name} > {', '.join(line.to)}: {line.text}"
        yield label, Whisper(speaker=line.name, to=line.to, text=line.text, at=at)
    if asked.replace is not None:
        yield f"replace {asked.replace}", ReplaceTurn(text=asked.replace, at=at)
    if asked.note is not None:
        yield f"note {asked.note}", Note(text=asked.note, at=at)
    if asked.noise is not None:
        yield f"noise {asked.noise}", Noise(words=asked.noise, at=at)
    if asked.restage is not None:
        name, equals, model = asked.restage.partition("=")
        if not equals or not name.strip() or not model.strip():
            raise BadRequest(f"--restage {asked.restage}: write --restage NAME=MODEL")
        moved = Restage(name=name.strip(), stage=model.strip(), at=at)
        yield f"restage {asked.restage}", moved


def _line(option: str, text: str) -> _Line:
    """The line of an option: ``Ada: ...``, or for --whisper ``Ada > Ben, Cleo: ...``.

    Raises ``BadRequest`` if it is not written like that.
    """
    parts = _LINE.fullmatch(text)
    whispered = option == "--whisper"
    if parts is None or (parts["to"] is not None) != whispered:
        form = '"Ada > Ben: He lies."' if whispered else '"Ada: I was wrong."'
        raise BadRequest(f"{option} {text!r}: write it as {option} {form}")
    to = tuple(name.strip() for name in (parts["to"] or "").split(",") if name.strip())
    return _Line(parts["name"], to, parts["text"].strip())


def _stages(
    stored: StoredTrial,
    arms: Sequence[Arm],
    models: ModelOptions,
    other: tuple[str, Stage] | None,
) -> Cast:
    """All stages that play in the branches, and the identities of those that the changes name."""
    from sim.runs.stages import Cast, open_cast, reopen, stages_of
    from sim.scene.actor import HUMAN
    from sim.scene.interventions import Restage

    if HUMAN in stored.stages.values():
        raise BadRequest(
            f"trial {stored.id[:8]}: a person plays in it, and cannot play its branches; "
            "fork a trial without one"
        )
    stages = reopen(stages_of([stored]), models) if other is None else dict([other])
    new = [each for arm in arms for each in arm.change if isinstance(each, Restage)]
    named = [each.stage for each in new if each.stage]
    cast = open_cast(named, stages, models)
    return Cast({**stages, **cast.stages}, cast.identities)
