"""The transcript: an append-only tree of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sim.events import Answer, Ended, Event, Failure, FellBack, Forgot, Intervened, Turn
from sim.html import Speakers, fragment, transcript
from sim.seeds import derive

FLOOR = "floor:"
"""The prefix of the keys of a router's questions. They belong to the turn that is to come."""


def is_shared(event: Event, turns: int) -> bool:
    """Whether a branch that shares the first ``turns`` turns also shares an event of its parent.

    Answers to probes and gauges after the last shared turn are shared. A router's question about
    the next speaker, an ending and a failure are not.

    >>> is_shared(Turn(3, "Ada", "Well?"), 3), is_shared(Ended(3, "after 3 turns"), 3)
    (True, False)
    """
    if isinstance(event, Turn):
        return event.index <= turns
    if isinstance(event, Answer):
        return event.turn < turns or (event.turn == turns and not event.key.startswith(FLOOR))
    if isinstance(event, Forgot | Intervened | FellBack):
        # ``turn`` of these events is the turn that follows them, or the turn that they changed.
        return event.turn <= turns
    return False


class Transcript:
    """The events of one scene, in the order in which they became known.

    A fork shares the first turns with its parent and holds only its own events. Events are only
    appended, never changed or removed. ``scene`` (a ``Scene``) and ``seed`` are what was played,
    where that is known; ``find_scene`` loads the scene when it is first needed. ``branch`` is the
    number of a branch with a seed of its own.

    >>> transcript = Transcript()
    >>> transcript.append(Turn(1, "Ada", "Well?"))
    >>> branch = transcript.fork(1)
    >>> branch.append(Turn(2, "Ben", "No."))
    >>> [turn.text for turn in branch.turns], len(transcript.turns)
    (['Well?', 'No.'], 1)
    """

    __slots__ = ("_events", "_find_scene", "_scene", "_turns", "at", "branch", "parent", "seed")

    def __init__(
        self,
        events: Iterable[Event] = (),
        parent: Transcript | None = None,
        at: int = 0,
        *,
        scene: Any = None,
        seed: int | None = None,
        branch: int | None = None,
        find_scene: Callable[[], Any] | None = None,
    ) -> None:
        self.parent = parent
        self.at = at
        self._scene = scene
        self._find_scene = find_scene
        self.seed = seed
        self.branch = branch
        self._events: list[Event] = []
        self._turns: list[Turn] = []
        for event in events:
            self.append(event)

    @property
    def scene(self) -> Any:
        """The played scene, or None if it is unknown. Raises what ``find_scene`` raises."""
        if self._scene is None and self._find_scene is not None:
            self._scene = self._find_scene()
        return self._scene

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
        return Transcript(
            parent=self, at=at, scene=self._scene, seed=self.seed, find_scene=self._find_scene
        )

    def seeds(self, seed: int) -> list[tuple[int, int]]:
        """Pairs of a turn and the seed that holds from it on: the scene's seed, then each branch's.

        A branch's seed is derived from its parent's: branches with the same number share their
        draws only if they come from the same transcript.

        >>> Transcript().seeds(7)
        [(1, 7)]
        """
        if self.parent is None:
            return [(1, seed)]
        seeds = self.parent.seeds(seed)
        if self.branch is None:
            return seeds
        own = derive(seeds[-1][1], "branch", self.branch)
        shared = [(turn, one) for turn, one in seeds if turn <= self.at]
        return [*shared, (self.at + 1, own)]

    def __str__(self) -> str:
        """The turns and what was changed from outside, a line for each, and how the scene ended."""
        lines = [str(event) for event in self._walk() if isinstance(event, Turn | Intervened)]
        ended = self.ended
        lines.append(f"[{ended.reason}]" if ended is not None else "[not at its end]")
        return "\n".join(line for line in lines if line)

    def __repr__(self) -> str:
        speakers = ", ".join(dict.fromkeys(turn.speaker for turn in self.turns))
        about = f" of {speakers}" if speakers else ""
        return f"<Transcript: {len(self)} turns{about}>"

    def _repr_html_(self) -> str:
        """The transcript as a play, for a notebook."""
        speakers = Speakers(dict.fromkeys(turn.speaker for turn in self.turns))
        return fragment(transcript(self.events, speakers))

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
        """All events: those shared with the parent (``is_shared``), then the own ones."""
        return list(self._walk())

    @property
    def own(self) -> list[Event]:
        """The events of this transcript alone, without those shared with its parent."""
        return list(self._events)

    def _walk(self) -> Iterator[Event]:
        if self.parent is not None:
            yield from (event for event in self.parent._walk() if is_shared(event, self.at))
        yield from self._events

    @property
    def answers(self) -> list[Answer]:
        """All answers to off-stage questions."""
        return [event for event in self._walk() if isinstance(event, Answer)]

    @property
    def failures(self) -> list[Failure]:
        """All calls that failed."""
        return [event for event in self._walk() if isinstance(event, Failure)]

    @property
    def ended(self) -> Ended | None:
        """The ending of the scene, or None if it was cut off before it ended."""
        for event in reversed(self._events):
            if isinstance(event, Ended):
                return event
        return None
