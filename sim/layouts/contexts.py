"""Contexts: what each actor has seen so far, as prompts that grow.

Each actor has one context. When the actor is cued, the events that it heard since its last cue are
appended. With the layout ``author`` all actors share one context. Only this module and
``sim.scene.audience.heard_by`` decide what an actor sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

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
"""For estimates of token counts, which have to be the same for every stage and its tokenizer."""


class Contexts:
    """The contexts of one scene. ``seen`` is the scene's list of all events that could be heard."""

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
        # What an actor remembers in other words than were said, by the index of the turn.
        self.otherwise: list[dict[int, str]] = [{} for _ in self.names]
        self.rounds = False  # whether several actors have spoken at once

    def context(self, seat: Seat) -> Prompt:
        """What the actor at ``seat`` has seen so far, without a cue."""
        since = self.seen[self.read[seat] :]
        if not since:
            return self.kept[seat]
        return self._with(self.kept[seat], seat, since)

    def _with(self, context: Prompt, seat: Seat, since: Iterable[Heard]) -> Prompt:
        """A context, extended by those of the events ``since`` that the actor heard."""
        scene = self.scenes[seat]
        if self.author is not None:
            return self.author.hear(context, scene, [event for event in since if event.text])
        name = self.names[seat]
        otherwise = self.otherwise[seat]
        if otherwise:
            since = [_otherwise(event, otherwise) for event in since]
        heard = [event for event in since if heard_by(name, event)]
        if self.rounds:
            heard = _own_turn_first(name, heard)
        return self.layouts[seat].hear(context, scene, seat, heard)

    def advance(self, seat: Seat) -> Prompt:
        """Store and return the context with everything that has happened so far."""
        self.kept[seat] = context = self.context(seat)
        self.read[seat] = len(self.seen)
        return context

    def cued(self, seat: Seat) -> Prompt:
        """The stored context with the request to speak."""
        return self.layouts[seat].cue(self.kept[seat], self.scenes[seat], seat, None)

    def asked(self, seat: Seat, question: Question) -> Prompt:
        """The current context with a question off stage. The stored context does not change."""
        context, scene = self.context(seat), self.scenes[seat]
        if self.author is not None:
            return self.author.ask(context, scene, self.names[seat], question)
        return self.layouts[seat].cue(context, scene, seat, question)

    def again(
        self, seat: Seat, prompt: Prompt, reply: str, question: Question, problem: str
    ) -> Prompt:
        """A question, the answer that could not be read, and the request for another one."""
        templates = self.scenes[seat].templates
        if prompt.role == "text":
            name = self.names[seat]
            return prompt.then("text", templates.again_in_script(question, name, reply, problem))
        told = templates.again(question, problem)
        return prompt.then("assistant", reply).then("user", told)

    def told(self, seat: Seat) -> Prompt:
        """The stored context with the request to summarise it."""
        context, name, scene = self.kept[seat], self.names[seat], self.scenes[seat]
        text = scene.templates.summarise.format(name=name, words=2 * scene.words)
        if context.role == "text":
            return context.then("text", f"({text})\n{name}:")
        return context.then("user", f"\n\n({text})")

    def tokens(self, seat: Seat) -> int:
        """The estimated size of the stored context, in tokens."""
        return self.kept[seat].length // CHARACTERS_PER_TOKEN

    def first_kept(self, seat: Seat, limit: int) -> int:
        """The oldest turn that is kept when the newest turns may take ``limit`` tokens in all."""
        room = limit * CHARACTERS_PER_TOKEN - self._opening(seat).length
        turns = [event for event in self.seen if isinstance(event, Turn)]
        first = len(turns) + 1
        for turn in reversed(turns):
            text = self.otherwise[seat].get(turn.index, turn.text)
            room -= len(text) + len(turn.speaker) + 4
            if room < 0:
                break
            first = turn.index
        return first

    def forget(self, seat: Seat, event: Forgot) -> None:
        """Rebuild the context without the events before turn ``event.since``."""
        wording, name = self.scenes[seat].templates, self.names[seat]
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
        """Rebuild the context for another persona, which keeps everything that the actor heard."""
        scene = self.scenes[seat]
        cast = list(scene.cast)
        cast[seat] = cast[seat].model_copy(update={"persona": persona})
        self.scenes[seat] = scene.model_copy(update={"cast": tuple(cast)})
        self.kept[seat] = self._opening(seat)
        self.read[seat] = 0

    def remember(self, seat: Seat, turns: Mapping[int, str]) -> None:
        """Rebuild the context with other words for some turns; blank words: without the turn."""
        self.otherwise[seat] = {**self.otherwise[seat], **turns}
        self.kept[seat] = self._opening(seat)
        self.read[seat] = 0

    def _opening(self, seat: Seat) -> Prompt:
        return self.layouts[seat].opening(self.scenes[seat], seat)


def _otherwise(event: Heard, words: Mapping[int, str]) -> Heard:
    """An event as it is remembered: a turn perhaps in other words."""
    if isinstance(event, Turn) and event.index in words:
        return replace(event, text=words[event.index])
    return event


def _place(event: Heard) -> int:
    return event.index if isinstance(event, Turn) else event.turn


def _own_turn_first(name: str, heard: list[Heard]) -> list[Heard]:
    """The events in the order in which an actor learned of them.

    In a round in which several speak at once, an actor's own turn comes before the others': it had
    not heard these when it spoke.
    """
    # For each round, the index of the first of its turns.
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
    """Replace contexts with the same bytes by one object, so that a shared prompt grows once."""
    first: dict[bytes, Prompt] = {}
    return [first.setdefault(context.digest, context) for context in contexts]


def before(events: Iterable[Event], turn: Turn) -> list[Event]:
    """The events of a scene that had happened when the actor of a turn was cued.

    They include the interventions before the turn.
    """
    said = turn.index - 1 if turn.cued is None else turn.cued
    return until(events, said)


def until(events: Iterable[Event], turns: int) -> list[Event]:
    """Turns, interventions and ``Forgot`` events up to the cue that follows so many turns."""
    kept: list[Event] = []
    for event in events:
        if isinstance(event, Turn):
            if event.index <= turns:
                kept.append(event)
        elif isinstance(event, Forgot | Intervened) and event.turn <= turns + 1:
            kept.append(event)
    return kept


def contexts_after(scene: Scene, happened: Sequence[Event], name: str) -> tuple[Contexts, Seat]:
    """The contexts of a scene as they were for an actor after ``happened``, and the actor's seat.

    They are built in the same steps as during play, so that every prompt made from them has the
    stored digest. Only the named actor's context is up to date.
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
    # By the number of turns before each cue of the actor: the turn that it then took. A line that
    # an intervention made the actor say has no prompt, and came without a cue.
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
            if change.what == "remember" and change.actor == name:
                words = change.detail["turns"]
                contexts.remember(seat, {int(index): words[index] for index in words})
        if turn is None or index - 1 in cues:
            contexts.advance(seat)
            own = index if turn is None else cues[index - 1]
            if own in forgotten:
                contexts.forget(seat, forgotten[own])
        if turn is not None:
            seen.append(turn)
    return contexts, seat


def _number(change: Intervened) -> int:
    """The index of the intervention in the scene, by which changes before one turn are ordered."""
    number = change.key.partition(":")[0]
    return int(number) if number.isdigit() else -1


def render(scene: Scene, happened: Sequence[Event], name: str, block: Sequence[str] = ()) -> Prompt:
    """The exact prompt with which an actor was cued after the events ``happened`` (see ``before``).

    With the layout ``author`` it is the prompt for a block of turns: those of the actors in
    ``block``, or of this actor alone. Raises ``ValueError`` if the actor is not in the cast.
    """
    contexts, seat = contexts_after(scene, happened, name)
    if contexts.author is not None:
        return contexts.author.cue(contexts.kept[seat], scene, block or [name])
    return contexts.cued(seat)


def render_question(
    scene: Scene, happened: Sequence[Event], name: str, question: Question
) -> Prompt:
    """The prompt with which an actor is asked off stage after the last turn of ``happened``.

    Interventions and ``Forgot`` events after that turn are no part of it.
    """
    said = max((event.index for event in happened if isinstance(event, Turn)), default=0)
    known = [e for e in happened if isinstance(e, Turn) or getattr(e, "turn", 0) <= said]
    contexts, seat = contexts_after(scene, known, name)
    return contexts.asked(seat, question)
