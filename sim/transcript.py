"""The transcript: an append-only tree of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sim.events import Answer, Ended, Event, Failure, Turn


class Transcript:
    """What happened in one scene, in the order in which it became known.

    A fork shares the turns before it with its parent and holds only what came after. Only the
    events that it added itself can grow; nothing is ever changed or taken away.

    >>> transcript = Transcript()
    >>> transcript.append(Turn(1, "Ada", "Well?"))
    >>> branch = transcript.fork(1)
    >>> branch.append(Turn(2, "Ben", "No."))
    >>> [turn.text for turn in branch.turns], len(transcript.turns)
    (['Well?', 'No.'], 1)
    """

    __slots__ = ("_events", "_turns", "at", "parent")

    def __init__(self, events: Iterable[Event] = (), parent: Transcript | None = None, at: int = 0):
        self.parent = parent
        self.at = at
        self._events: list[Event] = []
        self._turns: list[Turn] = []
        for event in events:
            self.append(event)

    def append(self, event: Event) -> None:
        """Add an event. Raises ``ValueError`` if a turn is not the next one."""
        if isinstance(event, Turn):
            expected = self.at + len(self._turns) + 1
            if event.index != expected:
                raise ValueError(f"turn {event.index} cannot follow turn {expected - 1}")
            self._turns.append(event)
        self._events.append(event)

    def fork(self, at: int) -> Transcript:
        """A branch that shares the first ``at`` turns."""
        if not 0 <= at <= len(self):
            raise ValueError(f"cannot fork at turn {at}: there are {len(self)} turns")
        return Transcript(parent=self, at=at)

    def __len__(self) -> int:
        """The number of turns."""
        return self.at + len(self._turns)

    @property
    def turns(self) -> list[Turn]:
        """All turns, those of the shared prefix included."""
        if self.parent is None:
            return list(self._turns)
        return self.parent.turns[: self.at] + self._turns

    @property
    def events(self) -> list[Event]:
        """All events; of a parent's only those that were known when the branch began."""
        return list(self._walk())

    def _walk(self) -> Iterator[Event]:
        if self.parent is not None:
            for event in self.parent._walk():
                # An ending or a failure of the parent is no part of a branch.
                if isinstance(event, (Turn, Answer)) and (
                    event.index if isinstance(event, Turn) else event.turn
                ) <= self.at:
                    yield event
        yield from self._events

    @property
    def answers(self) -> list[Answer]:
        """All answers to off-stage questions."""
        return [event for event in self._walk() if isinstance(event, Answer)]

    @property
    def failures(self) -> list[Failure]:
        """All calls that went wrong."""
        return [event for event in self._walk() if isinstance(event, Failure)]

    @property
    def ended(self) -> Ended | None:
        """The curtain, or None if the scene was torn off."""
        for event in reversed(self._events):
            if isinstance(event, Ended):
                return event
        return None
