"""What each actor has seen so far, as prompts that grow.

One context for each actor, and how much of what happened it contains. When an actor is cued, what
was said and told since is added. With the layout ``author`` there is one context for all. What an
actor sees is decided here and in ``sim.scene.audience.heard_by``, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.events import Event, Forgot, Intervened, Seat, Turn
from sim.layouts.author import Author
from sim.layouts.base import Heard
from sim.layouts.prompt import Prompt
from sim.layouts.registry import layout_of
from sim.scene.audience import heard_by
from sim.scene.persona import Persona
from sim.scene.probes import Question
from sim.scene.scene import Scene

CHARACTERS_PER_TOKEN = 4
"""For estimates: no tokenizer is asked, so that the estimate is the same for every stage."""


class Contexts:
    """The contexts of one scene. ``seen`` is the scene's own list of all that could be heard."""

    def __init__(self, scene: Scene, seen: Sequence[Heard]) -> None:
        self.seen = seen
        self.names = scene.names
        # An actor that is recast has a scene of its own: the same with another persona.
        self.scenes = [scene] * len(self.names)
        self.author = Author() if scene.layout == "author" else None
        if scene.layout == "author":
            self.kept = [Author().opening(scene)] * len(self.names)
            self.stops: list[tuple[str, ...]] = [()] * len(self.names)
        else:
            self.layouts = [layout_of(scene, seat) for seat in scene.seats]
            self.kept = _shared([self._opening(seat) for seat in scene.seats])
            self.stops = [self.layouts[seat].stops(scene, seat) for seat in scene.seats]
        self.read = [0] * len(self.names)
        self.rounds = False  # whether people have spoken at once

    def context(self, seat: Seat) -> Prompt:
        """What the actor at ``seat`` has seen by now, without a cue."""
        since = self.seen[self.read[seat] :]
        if not since:
            return self.kept[seat]
        return self._with(self.kept[seat], seat, since)

    def _with(self, context: Prompt, seat: Seat, since: Iterable[Heard]) -> Prompt:
        """A context with what the actor heard of what happened since."""
        scene = self.scenes[seat]
        if self.author is not None:
            return self.author.hear(context, scene, [event for event in since if event.text])
        name = self.names[seat]
        heard = [event for event in since if heard_by(name, event)]
        if self.rounds:
            heard = _as_it_was(name, heard)
        return self.layouts[seat].hear(context, scene, seat, heard)

    def advance(self, seat: Seat) -> Prompt:
        """The context, kept: from now on it contains everything that happened by now."""
        self.kept[seat] = context = self.context(seat)
        self.read[seat] = len(self.seen)
        return context

    def cued(self, seat: Seat) -> Prompt:
        """The kept context with the request to speak."""
        return self.layouts[seat].cue(self.kept[seat], self.scenes[seat], seat, None)

    def asked(self, seat: Seat, question: Question) -> Prompt:
        """The context by now with a question off stage. The context itself is left alone."""
        context, scene = self.context(seat), self.scenes[seat]
        if self.author is not None:
            return self.author.ask(context, scene, self.names[seat], question)
        return self.layouts[seat].cue(context, scene, seat, question)

    def again(
        self, seat: Seat, prompt: Prompt, reply: str, question: Question, problem: str
    ) -> Prompt:
        """A question with an answer that could not be read, and what is wrong with it."""
        told = self.scenes[seat].wording.again(question, problem)
        if prompt.role == "text":
            return prompt.then("text", f" {reply}\n\n[{told}]\n{self.names[seat]}:")
        return prompt.then("assistant", reply).then("user", told)

    def told(self, seat: Seat) -> Prompt:
        """The kept context with the request to sum it up."""
        context, name, scene = self.kept[seat], self.names[seat], self.scenes[seat]
        text = scene.wording.summarise.format(name=name, words=2 * scene.words)
        if context.role == "text":
            return context.then("text", f"({text})\n{name}:")
        return context.then("user", f"\n\n({text})")

    def tokens(self, seat: Seat) -> int:
        """The estimated size of the kept context, in tokens."""
        return self.kept[seat].length // CHARACTERS_PER_TOKEN

    def first_kept(self, seat: Seat, limit: int) -> int:
        """The first turn that fits when the newest turns may take ``limit`` tokens in all."""
        room = limit * CHARACTERS_PER_TOKEN - self._opening(seat).length
        turns = [event for event in self.seen if isinstance(event, Turn)]
        first = len(turns) + 1
        for turn in reversed(turns):
            room -= len(turn.text) + len(turn.speaker) + 4
            if room < 0:
                break
            first = turn.index
        return first

    def forget(self, seat: Seat, event: Forgot) -> None:
        """Build the context anew, without what came before turn ``event.since``."""
        wording, name = self.scenes[seat].wording, self.names[seat]
        note = (
            wording.summary.format(turn=event.since, name=name, summary=event.summary)
            if event.summary
            else wording.left_out.format(turn=event.since)
        )
        opening = self._opening(seat)
        role = "text" if opening.role == "text" else "user"
        context = opening.then(role, f"{note}\n\n")  # type: ignore[arg-type]
        kept = [one for one in self.seen if _place(one) >= event.since]
        self.kept[seat] = self._with(context, seat, kept)
        self.read[seat] = len(self.seen)

    def recast(self, seat: Seat, persona: Persona) -> None:
        """Build the context anew for another persona, who remembers all that the actor heard."""
        scene = self.scenes[seat]
        cast = list(scene.cast)
        cast[seat] = cast[seat].model_copy(update={"persona": persona})
        self.scenes[seat] = scene.model_copy(update={"cast": tuple(cast)})
        self.kept[seat] = self._opening(seat)
        self.read[seat] = 0

    def _opening(self, seat: Seat) -> Prompt:
        return self.layouts[seat].opening(self.scenes[seat], seat)


def _place(event: Heard) -> int:
    return event.index if isinstance(event, Turn) else event.turn


def _as_it_was(name: str, heard: list[Heard]) -> list[Heard]:
    """The order in which an actor knows of it: in a round its own turn comes before the others',
    which it had not heard when it spoke."""
    # The place of the first turn of each round that the actor heard.
    first: dict[int, int] = {}
    for place, event in enumerate(heard):
        if isinstance(event, Turn) and event.cued is not None:
            first.setdefault(event.cued, place)

    def order(entry: tuple[int, Heard]) -> tuple[int, bool]:
        place, event = entry
        if isinstance(event, Turn) and event.cued is not None:
            return first[event.cued], event.speaker != name
        return place, False

    return [event for _, event in sorted(enumerate(heard), key=order)]


def _shared(contexts: list[Prompt]) -> list[Prompt]:
    """Contexts with the same bytes become one object, so that a shared prompt grows only once."""
    first: dict[bytes, Prompt] = {}
    return [first.setdefault(context.digest, context) for context in contexts]


def before(events: Iterable[Event], turn: Turn) -> list[Event]:
    """What had happened when the actor of a turn was cued, of all events of a scene.

    The interventions that came before the turn are among it.
    """
    said = turn.index - 1 if turn.cued is None else turn.cued
    return until(events, said)


def until(events: Iterable[Event], turns: int) -> list[Event]:
    """Turns, interventions and forgetting up to the cue that follows so many turns."""
    kept: list[Event] = []
    for event in events:
        if isinstance(event, Turn):
            if event.index <= turns:
                kept.append(event)
        elif isinstance(event, Forgot | Intervened) and event.turn <= turns + 1:
            kept.append(event)
    return kept


def contexts_after(scene: Scene, happened: Sequence[Event], name: str) -> tuple[Contexts, Seat]:
    """The contexts of a scene as they were for an actor after what ``happened``, and its seat.

    They are built in the same steps as while playing, so that every prompt made from them has the
    digest that is stored. Only the named actor's context is kept up to date.
    """
    seat = scene.seat(name)
    seen: list[Heard] = []
    contexts = Contexts(scene, seen)
    turns = [event for event in happened if isinstance(event, Turn)]
    contexts.rounds = any(turn.cued is not None for turn in turns)
    forgotten = {e.turn: e for e in happened if isinstance(e, Forgot) and e.actor == name}
    changes: dict[int, list[Intervened]] = {}
    for event in happened:
        if isinstance(event, Intervened):
            changes.setdefault(event.turn, []).append(event)
    # The numbers of turns after which the actor was cued. A line that was put into its mouth has
    # no prompt, and came without a cue.
    cues = {
        turn.index - 1 if turn.cued is None else turn.cued: turn.index
        for turn in turns
        if turn.speaker == name and (turn.prompt or turn.source != "intervention")
    }
    for turn in (*turns, None):
        index = len(turns) + 1 if turn is None else turn.index
        for change in sorted(changes.get(index, ()), key=_number):
            if change.text:
                seen.append(change)
            if change.what == "recast" and change.actor == name:
                contexts.recast(seat, Persona(**change.detail["persona"]))
        if turn is None or index - 1 in cues:
            contexts.advance(seat)
            own = index if turn is None else cues[index - 1]
            if own in forgotten:
                contexts.forget(seat, forgotten[own])
        if turn is not None:
            seen.append(turn)
    return contexts, seat


def _number(change: Intervened) -> int:
    """Its number within the scene: the order in which changes before one turn were made."""
    number = change.key.partition(":")[0]
    return int(number) if number.isdigit() else -1


def render(scene: Scene, happened: Sequence[Event], name: str, block: Sequence[str] = ()) -> Prompt:
    """The exact prompt with which an actor was cued after what ``happened`` (see ``before``).

    With the layout ``author``, the prompt for a block: of the turns of those in ``block``, or of
    the actor's alone. Raises ``ValueError`` if the actor is not in the cast.
    """
    contexts, seat = contexts_after(scene, happened, name)
    if contexts.author is not None:
        return contexts.author.cue(contexts.kept[seat], scene, block or [name])
    return contexts.cued(seat)


def render_question(
    scene: Scene, happened: Sequence[Event], name: str, question: Question
) -> Prompt:
    """The prompt with which an actor is asked off stage when the last turn has been taken.

    What came before the turn after that (an intervention, forgetting) is no part of it.
    """
    said = max((event.index for event in happened if isinstance(event, Turn)), default=0)
    known = [e for e in happened if isinstance(e, Turn) or getattr(e, "turn", 0) <= said]
    contexts, seat = contexts_after(scene, known, name)
    return contexts.asked(seat, question)
