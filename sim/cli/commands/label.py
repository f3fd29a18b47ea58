"""``elsinore label``: people code a few lines, blind; their labels repair a judge's estimates."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import completion
from sim.cli.groups import Subcommands
from sim.cli.option_groups import grouped
from sim.cli.options import ArmFacts, Json, Level, LogLevel, Store
from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.cli.coding_sitting import Sitting

app = typer.Typer(
    cls=Subcommands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="A folder that elsinore label draw made."),
]


class How(StrEnum):
    """Ways to draw."""

    simple = "simple"
    actor = "actor"
    score = "score"
    disagreement = "disagreement"


@dataclass(frozen=True)
class QuestionOptions:
    """What is asked of each line."""

    question: Annotated[
        str,
        typer.Option("--question", "-q", metavar="TEXT", help="What is asked of each line."),
    ]
    values: Annotated[
        str,
        typer.Option(metavar="A,B,...", help="The answers: yes,no or 0,1,2,3 (numbers: a mean)."),
    ] = "yes,no"
    event: Annotated[
        str,
        typer.Option(
            metavar="VALUE", help="The answer whose share is wanted.", show_default="the first"
        ),
    ] = ""


@dataclass(frozen=True)
class JudgeOptions:
    """Whose scores are repaired."""

    instruments: Annotated[
        list[str] | None,
        typer.Option(
            "--instrument",
            "-i",
            metavar="NAME",
            autocompletion=completion.instruments,
            help="MEASURE.QUANTITY (conflict.hostility), MEASURE.QUANTITY=VALUE "
            "(refusals.who=declined; * for any), or FILE.csv:COLUMN with columns trial and turn. "
            "The first is the judge that is repaired. May be repeated.",
        ),
    ] = None
    threshold: Annotated[
        float, typer.Option(help="The score from which on the judge sees an event.")
    ] = 0.5


@dataclass(frozen=True)
class DrawOptions:
    """How much is drawn, and how."""

    count: Annotated[
        int, typer.Option("-n", min=1, help="Lines, or scenes with --whole-scenes.")
    ] = 120
    how: Annotated[
        How,
        typer.Option(
            help="simple; equally many of each actor; score: half of them events by the judge; "
            "disagreement: more where instruments disagree.",
        ),
    ] = How.simple
    whole_scenes: Annotated[
        bool,
        typer.Option(
            "--whole-scenes",
            help="For hazards: whole scenes, coded up to the first event of each actor.",
        ),
    ] = False
    tuning: Annotated[
        bool,
        typer.Option(
            "--tuning", help="The labels are to choose a threshold; they will never repair."
        ),
    ] = False
    seed: Annotated[int, typer.Option(min=0, help="For what is drawn.")] = 0


@dataclass(frozen=True)
class SheetOptions:
    """What coders get."""

    coders: Annotated[int, typer.Option(min=1, help="Sheets, each in another order.")] = 2
    context: Annotated[int, typer.Option(min=0, help="Lines shown before a line.")] = 6
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="A new folder.")] = (
        Path("labels")
    )


@app.callback()
def label() -> None:
    """People code a few lines, blind: their agreement, and a judge's estimates, repaired.

    First draw, then code (or fill in sheets), then read.
    """


@app.command("draw")
@grouped
def draw(
    store: Store,
    asked: QuestionOptions,
    judge: JudgeOptions,
    drawn: DrawOptions,
    sheets: SheetOptions,
    arm: ArmFacts = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Draw lines of a store for people to code, blind.

    Makes a folder with sheets, and a key that stays with you. Every line has a known probability
    to be drawn; arms have equal shares. Who codes sees the line, what was said before it, and
    nothing that tells the model, the arm or a score.
    """
    from sim.cli.arms import trials_of_an_arm
    from sim.cli.display.labels import show_drawn
    from sim.cli.display.terminal import command_line, err, out
    from sim.planning.scenarios import own
    from sim.store import open_store

    own("analysis")
    from analysis import labels
    from analysis.tables import load

    question = labels.Question(
        asked.question, tuple(value.strip() for value in asked.values.split(",")), asked.event
    )
    plan = labels.Plan(
        count=drawn.count, how=drawn.how.value, whole_scenes=drawn.whole_scenes,
        coders=sheets.coders, context=sheets.context, threshold=judge.threshold,
        tuning=drawn.tuning, seed=drawn.seed,
    )  # fmt: skip
    with open_store(store) as opened:
        what = command_line("label", "draw", store)
        trials = [trial.id for trial in trials_of_an_arm(opened, arm or (), what, pool=True)]
    with err().status("measuring"):
        found = labels.draw(
            load(store).only(trials), question, sheets.out,
            instruments=judge.instruments or (), plan=plan,
        )  # fmt: skip
    if as_json:
        told = {"store": str(store), "folder": str(sheets.out), "question": question.text}
        out().out(json.dumps({**told, "values": list(question.values), "coders": plan.coders,
                              "units": found.units, "lines": found.lines,
                              "events": found.events}))  # fmt: skip
        return
    show_drawn(found, plan, judge.instruments or (), out())


@app.command("code")
def code(
    folder: Folder,
    coder: Annotated[
        str, typer.Option("--coder", "-c", metavar="NAME", help="Who codes: names the answers.")
    ],
    browser: Annotated[
        bool,
        typer.Option(
            "--browser", help="Print an address at which a browser on this machine shows the lines."
        ),
    ] = False,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Code the lines of a draw at the terminal, or in a browser.

    One key a line; back, skip, quit, and resume with the same command. Each answer is on the disk
    before the next line is shown.
    """
    from sim.planning.scenarios import own

    own("analysis")
    from analysis.labels.folder import Answers, check_coder, read_shown
    from sim.cli.coding_dialogue import Dialogue
    from sim.cli.coding_sitting import Sitting
    from sim.cli.display.terminal import err, out
    from sim.cli.keyboard import Keyboard

    shown = read_shown(folder)
    check_coder(coder)
    if not browser and not sys.stdin.isatty():
        raise BadRequest(
            "label code: there is no terminal; add --browser, or fill in a sheet of the folder"
        )
    answers = Answers(folder, coder)
    sitting = Sitting(shown, shown.for_coder(coder), answers)
    try:
        if browser:
            _code_in_browser(sitting)
        else:
            with Keyboard() as key:
                Dialogue(sitting, err(), key).run()
    finally:
        answers.close()
    done = len(answers.given)
    if as_json:
        told = {"folder": str(folder), "coder": coder, "answers": str(answers.path)}
        out().out(json.dumps({**told, "labelled": done, "of": len(shown.items)}))
        return
    out().print(f"{done} of {len(shown.items)} lines have a label by {coder}; kept in "
                f"{answers.path}")  # fmt: skip


def _code_in_browser(sitting: Sitting) -> None:
    """Serve the lines until Ctrl-C: the lines alone, so that coding is blind here, too."""
    from sim.cli.viewing import announced
    from sim.view.coding import application

    announced(lambda origin, token: application(sitting, origin, token))


@app.command("import")
@grouped
def import_marks(
    store: Store,
    label: Annotated[
        str,
        typer.Option(
            "--label", metavar="LABEL", help="The label that is asked for: is a line called so?"
        ),
    ],
    judge: JudgeOptions,
    notes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Labels that the viewer saved: the CSV of its page /notes, or a .notes.jsonl.",
            show_default="STORE.notes.jsonl",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="A new folder.")] = (
        Path("labels")
    ),
    arm: ArmFacts = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Take labels that people put on lines in elsinore view, as labels that are not blind.

    A line with any label of a coder is coded by that coder: yes if it has this one, else no. What
    elsinore label read says of such a folder is how far coders agree; it repairs nothing, unless
    --not-blind is given.
    """
    from sim.cli.arms import trials_of_an_arm
    from sim.cli.display.labels import show_marked
    from sim.cli.display.terminal import command_line, err
    from sim.cli.display.terminal import out as console
    from sim.planning.scenarios import own
    from sim.store import open_store
    from sim.view.notes import LABEL, Notes, exported

    own("analysis")
    from analysis import labels
    from analysis.tables import load

    found = Notes(store).every() if notes is None else exported(notes)
    marks = [
        labels.Mark(each.trial, each.turn, each.text, each.by)
        for each in found
        if each.kind == LABEL
    ]
    with open_store(store) as opened:
        what = command_line("label", "import", store)
        trials = [trial.id for trial in trials_of_an_arm(opened, arm or (), what, pool=True)]
    with err().status("measuring"):
        made = labels.from_marks(
            load(store).only(trials), marks, label, out,
            instruments=judge.instruments or (), threshold=judge.threshold,
        )  # fmt: skip
    if as_json:
        told = {"folder": str(made.folder), "label": label, "blind": False}
        counts = {"lines": dict(made.lines), "events": dict(made.events)}
        console().out(json.dumps({**told, **counts, "left_out": made.left_out}))
        return
    show_marked(made, label, console())


@app.command("read")
def read(
    folder: Folder,
    event: Annotated[
        str,
        typer.Option(
            metavar="VALUE",
            help="The answer whose share is wanted.",
            show_default="that of the draw",
        ),
    ] = "",
    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Compare arms that differ in this alone: stage, scenario, layout, a parameter.",
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="VALUE", help="What all others are compared with.")
    ] = None,
    choose_threshold: Annotated[
        bool,
        typer.Option(
            "--choose-threshold",
            help="Print the judge's threshold with the best F1. The labels may never repair then.",
        ),
    ] = False,
    not_blind: Annotated[
        bool,
        typer.Option(
            "--not-blind",
            help="Let labels of the viewer repair, as if their lines were drawn by chance. "
            "Nothing shows that they are.",
        ),
    ] = False,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Read labels back: agreement, and repaired estimates."""
    from sim.cli.display.labels import show_labels
    from sim.cli.display.terminal import out
    from sim.planning.scenarios import own

    own("analysis")
    from analysis import labels

    if choose_threshold:
        best = labels.choose_threshold(folder)
        if as_json:
            out().out(json.dumps({"folder": str(folder), "threshold": best}))
            return
        out().print(f"{best:g}: the threshold with the best F1; these labels may not repair now")
        return
    show_labels(labels.read(folder, event=event), folder, out(), by=by, against=against,
                not_blind=not_blind, as_json=as_json)  # fmt: skip
