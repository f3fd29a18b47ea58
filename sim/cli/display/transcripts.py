"""A transcript, printed: a colour for each speaker, and marks at flips, collapses and loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from sim.cli.display.sparklines import Course, sparkline, stances
from sim.cli.display.terminal import one_line, visible
from sim.events import Answer, Ended, Event, Failure, FellBack, Intervened, Turn
from sim.layouts.prompt import Prompt
from sim.planning.trials import LIVE
from sim.store import StoredTrial
from sim.text.printing import value_text

# Without red, which marks failures.
_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
_SHORTEST_LINE = 24

_MARKS = {
    "flip": "turns into the opposite here",
    "collapse": "falls back into the assistant here",
    "loop": "begins to loop here",
}


def print_transcript(
    console: Console,
    trial: StoredTrial,
    events: Sequence[Event],
    outcomes: Mapping[str, Mapping[str, Any]],
    concessions: Iterable[Mapping[str, Any]] = (),
    *,
    probes: bool,
    thoughts: bool = False,
) -> None:
    """Print a transcript. Nothing in it is taken for markup, and controls show as escapes."""
    names = [str(persona["name"]) for persona in trial.cast]
    colours = {name: _COLOURS[seat % len(_COLOURS)] for seat, name in enumerate(names)}
    _print_head(console, trial)
    turns = [event for event in events if isinstance(event, Turn)]
    page = _Page(console, colours, max(map(cell_len, map(one_line, names)), default=0))
    marks = _marks(outcomes)
    granted = _granted(concessions)
    page.courses(stances(events, names))
    if probes:
        page.notes(_stances(events, 0, names))
    changes = [event for event in events if isinstance(event, Intervened | FellBack)]
    for turn in turns:
        for change in changes:
            if change.turn == turn.index:
                page.change(change)
        if thoughts and turn.thought:
            page.thought(turn)
        page.turn(turn)
        for actor, mark in marks.get(turn.index, ()):
            page.mark(actor, mark)
        for line in granted.get(turn.index, ()):
            page.concession(line)
        if probes:
            page.notes(_stances(events, turn.index, names))
    for change in changes:
        if change.turn > len(turns):
            page.change(change)
    for event in events:
        if isinstance(event, Failure):
            page.failure(event)
    ended = next((event for event in events if isinstance(event, Ended)), None)
    page.end(ended, len(turns))


def _alone(audience: Sequence[str]) -> str:
    """For whom something was that was not for all."""
    return f"for {one_line(', '.join(audience))} alone" if audience else "nobody hears it"


def _print_head(console: Console, trial: StoredTrial) -> None:
    console.print(
        Text.assemble(
            (one_line(trial.scenario), "bold"),
            f" on {one_line(trial.model)}, seed {trial.seed}",
            f", {trial.arm} {trial.focal or ''}".rstrip() if trial.arm != LIVE else "",
            (f"  {trial.id}", "dim"),
        ),
        soft_wrap=not console.is_terminal,
    )
    setting = trial.canonical.get("setting")
    who = ", ".join(f"{actor} is {entrant}" for actor, entrant in trial.entrants.items())
    for line in (trial.canonical.get("topic"), setting, who):
        if line:
            console.print(
                Text(one_line(str(line)), style="italic"), soft_wrap=not console.is_terminal
            )
    console.print()


def _marks(outcomes: Mapping[str, Mapping[str, Any]]) -> dict[int, list[tuple[str, str]]]:
    """The marks, by turn: the actor, and what happened to it there."""
    marks: dict[int, list[tuple[str, str]]] = {}
    for actor, outcome in outcomes.items():
        for kind, words in _MARKS.items():
            turn = outcome.get(kind)
            if turn is None:
                continue
            text = _flip(outcome) if kind == "flip" else words
            marks.setdefault(turn, []).append((actor, text))
    return marks


def _flip(outcome: Mapping[str, Any]) -> str:
    """The mark of a flip: what p is, and what its rates were learned from."""
    sure, pooled = outcome.get("flip_confidence"), outcome.get("flip_pooled")
    if sure is None:
        return _MARKS["flip"]
    # Below one half it is likelier that nothing happened.
    words = _MARKS["flip"] if sure >= 0.5 else "perhaps turns into the opposite here, likelier not"
    others = "this trial alone" if pooled == 1 else f"the {pooled} trials of its arm"
    learned = f"; rates learned from {others}" if pooled else ""
    return f"{words} (the chance of it: {sure:.2f}{learned})"


class _Concession(NamedTuple):
    """Who concedes in a turn, how, and to whom (blank: nobody in particular)."""

    turn: int
    speaker: str
    verb: str
    to: str


def _granted(concessions: Iterable[Mapping[str, Any]]) -> dict[int, list[str]]:
    """The lines about concessions, by turn. Several claims make one line."""
    claims: dict[_Concession, list[str]] = {}
    for each in concessions:
        verb = {
            "withdrawal": "takes it back", "partly": "concedes in part",
            "partly answer": "asked, concedes in part",
            "answer": "asked, concedes",
        }.get(each["kind"], "concedes")  # fmt: skip
        concession = _Concession(int(each["turn"]), each["speaker"], verb, each["to"] or "")
        claims.setdefault(concession, [])
        if each["claim"]:
            claims[concession].append(each["claim"])
    grants: dict[int, list[str]] = {}
    for (turn, speaker, verb, to), cited in claims.items():
        whom = f" to {to}" if to and verb != "takes it back" else ""
        what = f" ({', '.join(cited)})" if cited else ""
        grants.setdefault(turn, []).append(f"{speaker} {verb}{whom}{what}")
    return grants


def _stances(events: Iterable[Event], turn: int, names: Sequence[str]) -> list[str]:
    """The answers off stage after a turn, one line for each question, in the order of the cast."""
    questions: dict[str, list[str]] = {}
    seats = {name: seat for seat, name in enumerate(names)}
    answers = [event for event in events if isinstance(event, Answer) and event.turn == turn]
    for event in sorted(answers, key=lambda answer: seats.get(answer.actor, 0)):
        label = f"{event.key} (gauge)" if event.gauge else event.key
        if event.missing is not None or event.value is None:
            value = f"missing ({event.missing or 'no answer'})"
        else:
            value = (
                f"{event.value:+.2f}" if isinstance(event.value, float) else value_text(event.value)
            )
        questions.setdefault(label, []).append(f"{event.actor} {value}")
    return [f"{label}: {', '.join(stances)}" for label, stances in questions.items()]


class _Page:
    """Prints lines under hanging indents: number, speaker, text."""

    def __init__(self, console: Console, colours: Mapping[str, str], widest: int) -> None:
        self.console = console
        self.colours = colours
        self.names = min(widest, 18)
        self.indent = 4 + 1 + self.names + 2
        self._drawn = False

    def _padded(self, name: str) -> str:
        """A name with blanks up to where lines begin: some letters are two cells wide."""
        return name + " " * max(0, self.names - cell_len(name)) + "  "

    def turn(self, turn: Turn) -> None:
        name = one_line(turn.speaker)
        colour = self.colours.get(turn.speaker, "white")
        before = Text.assemble((f"{turn.index:>4} ", "dim"), (self._padded(name), f"bold {colour}"))
        said = Text(visible(turn.text), style=colour)
        if not turn.text and turn.finish != "refusal":
            said.append("(struck: nobody heard it)", style="dim")
        if turn.audience is not None:
            said.append(f" ({_alone(turn.audience)})", style="dim not bold")
        if turn.overheard:
            said.append(f" (overheard by {one_line(', '.join(turn.overheard))})", style="dim")
        if turn.source not in ("stage", "imported") and turn.text:
            whose = "a person" if turn.source == "human" else "put there"
            said.append(f" ({whose})", style="dim not bold")
        if turn.finish != "stop":
            said.append(f" ({one_line(turn.finish)})", style="yellow")
        self._hanging(before, said)
        if turn.strangers:
            self._below(f"strangers spoke: {one_line(', '.join(turn.strangers))}", "yellow")
        if turn.cut:
            self._below(f"cut, heard by nobody: {one_line(turn.cut)}", "dim")

    def courses(self, courses: Sequence[Course]) -> None:
        """Where actors stood off stage, turn by turn: a sign for each time they were asked."""
        for course in courses:
            known = [value for value in course.values if value is not None]
            if len(course.values) < 2 or not known:
                continue
            line = Text.assemble(
                " " * 5,
                (self._padded(one_line(course.actor)),
                 f"bold {self.colours.get(course.actor, 'white')}"),
                sparkline(course.values, -1.0, 1.0),
                (f"  {one_line(course.key)} {known[0]:+.2f} → {known[-1]:+.2f}", "dim"),
            )  # fmt: skip
            self.console.print(line, soft_wrap=True)
            self._drawn = True
        if self._drawn:
            self.console.print()

    def thought(self, turn: Turn) -> None:
        """What a model thought before it spoke, above what it said."""
        self._below(f"thought, heard by nobody: {one_line(turn.thought)}", "dim italic")

    def change(self, change: Intervened | FellBack) -> None:
        """An intervention before a turn, or why the router's fallback gave the floor."""
        if isinstance(change, FellBack):
            who = f"{one_line(change.actor)} was asked; " if change.actor else ""
            line = f"the fallback decides who is next: {who}{one_line(change.reason)}"
        else:
            unsaid = change.detail.get("unsaid")
            line = " ".join(part for part in (change.what, one_line(change.actor)) if part)
            if change.what == "phase":
                line = f"phase: {one_line(str(change.detail.get('phase', '')))}"
            if change.text:
                line = f"{line}: {one_line(change.text)}"
            if unsaid:
                line = f"{line} (instead of: {one_line(str(unsaid))})"
            if change.audience is not None:
                line = f"{line} ({_alone(change.audience)})"
            if "skipped" in change.detail:
                line = f"{line} (skipped: {one_line(str(change.detail['skipped']))})"
        self._below(f"~ {line}", "cyan")

    def mark(self, actor: str, text: str) -> None:
        self._below(f"▲ {one_line(actor)} {text}", "bold red")

    def concession(self, line: str) -> None:
        self._below(f"▽ {one_line(line)}", "yellow")

    def notes(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._below(f"· {one_line(line)}", "dim")

    def failure(self, failure: Failure) -> None:
        text = f"{failure.doing} of {failure.actor} failed: {failure.reason}: {failure.message}"
        self._hanging(Text(f"{failure.turn:>4} ", style="dim"), Text(one_line(text), style="red"))

    def end(self, ended: Ended | None, turns: int) -> None:
        self.console.print()
        if ended is None:
            text = Text(f"Incomplete after {turns} turns; run the same command again to go on.")
            text.stylize("yellow")
        else:
            text = Text(f"The end: {one_line(ended.reason)}.")
            text.stylize("red" if ended.status == "failed" else "dim")
        self.console.print(text)

    def _below(self, line: str, style: str) -> None:
        self._hanging(Text(" " * self.indent), Text(line, style=style))

    def _hanging(self, before: Text, said: Text) -> None:
        """Wrap at the terminal's edge below the indent; in a pipe a turn's line stays whole."""
        console = self.console
        if console.is_terminal:
            width = max(console.width - before.cell_len, _SHORTEST_LINE)
            lines = list(said.wrap(console, width))
        else:
            lines = list(said.split("\n", allow_blank=True))
        for number, line in enumerate(lines):
            line.rstrip()
            start = before if number == 0 else Text(" " * before.cell_len)
            console.print(Text.assemble(start, line), soft_wrap=True)


def print_prompt(console: Console, prompt: Prompt) -> None:
    """Print a prompt, message by message."""
    for message in prompt.messages():
        console.print(Text(f"[{message.role}]", style="dim"))
        console.print(Text(visible(message.text)), soft_wrap=not console.is_terminal)
        console.print()
