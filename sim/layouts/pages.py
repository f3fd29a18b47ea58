"""What each actor has seen so far, as prompts that grow.

One page for each actor, and the number of turns that it contains. When an actor is cued, what was
said since is added. With the layout ``author`` there is one page for all.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.events import Forgot, Turn
from sim.layouts.author import Author
from sim.layouts.prompt import Prompt
from sim.layouts.registry import LAYOUTS, heard_by
from sim.probes import Question
from sim.scene import Scene

CHARACTERS_PER_TOKEN = 4
"""For estimates: no tokenizer is asked, so that the estimate is the same for every stage."""


class Pages:
    """The pages of one scene. ``said`` is the scene's own list of turns, which grows."""

    def __init__(self, scene: Scene, said: Sequence[Turn]) -> None:
        self.scene = scene
        self.said = said
        self.names = scene.names
        self.author = Author() if scene.layout == "author" else None
        if scene.layout == "author":
            self.pages = [Author().opening(scene)] * len(self.names)
            self.stops: list[tuple[str, ...]] = [()] * len(self.names)
        else:
            self.layout = LAYOUTS[scene.layout]
            seats = range(len(self.names))
            self.pages = _shared([self.layout.opening(scene, seat) for seat in seats])
            self.stops = [self.layout.stops(scene, seat) for seat in seats]
        self.read = [0] * len(self.names)

    def page(self, seat: int) -> Prompt:
        """What the actor at ``seat`` has seen by now, without a cue."""
        since = self.said[self.read[seat] :]
        if not since:
            return self.pages[seat]
        if self.author is not None:
            return self.author.hear(self.pages[seat], [turn for turn in since if turn.text])
        name = self.names[seat]
        heard = [turn for turn in since if heard_by(name, turn)]
        return self.layout.hear(self.pages[seat], self.scene, seat, heard)

    def advance(self, seat: int) -> Prompt:
        """The page, kept: from now on it contains everything said by now."""
        self.pages[seat] = page = self.page(seat)
        self.read[seat] = len(self.said)
        return page

    def cued(self, seat: int) -> Prompt:
        """The kept page with the request to speak."""
        return self.layout.cue(self.pages[seat], self.scene, seat, None)

    def asked(self, seat: int, question: Question) -> Prompt:
        """The page by now with a question off stage. The page itself is left alone."""
        page = self.page(seat)
        if self.author is not None:
            return self.author.ask(page, self.scene, self.names[seat], question)
        return self.layout.cue(page, self.scene, seat, question)

    def told(self, seat: int) -> Prompt:
        """The kept page with the request to sum it up."""
        page, name = self.pages[seat], self.names[seat]
        text = self.scene.wording.summarise.format(name=name, words=2 * self.scene.words)
        if page.role == "text":
            return page.then("text", f"({text})\n{name}:")
        return page.then("user", f"\n\n({text})")

    def tokens(self, seat: int) -> int:
        """The estimated size of the kept page, in tokens."""
        return self.pages[seat].length // CHARACTERS_PER_TOKEN

    def first_kept(self, seat: int, limit: int) -> int:
        """The first turn that fits when the newest turns may take ``limit`` tokens in all."""
        room = limit * CHARACTERS_PER_TOKEN - self.layout.opening(self.scene, seat).length
        first = len(self.said) + 1
        for turn in reversed(self.said):
            room -= len(turn.text) + len(turn.speaker) + 4
            if room < 0:
                break
            first = turn.index
        return first

    def forget(self, seat: int, event: Forgot) -> None:
        """Build the page anew, without the turns before ``event.since``."""
        wording, name = self.scene.wording, self.names[seat]
        note = (
            wording.summary.format(turn=event.since, name=name, summary=event.summary)
            if event.summary
            else wording.left_out.format(turn=event.since)
        )
        kept = [turn for turn in self.said[event.since - 1 :] if heard_by(name, turn)]
        opening = self.layout.opening(self.scene, seat)
        role = "text" if opening.role == "text" else "user"
        page = opening.then(role, f"{note}\n\n")  # type: ignore[arg-type]
        self.pages[seat] = self.layout.hear(page, self.scene, seat, kept)
        self.read[seat] = len(self.said)


def _shared(pages: list[Prompt]) -> list[Prompt]:
    """Pages with the same bytes become one object, so that a shared prompt grows only once."""
    first: dict[bytes, Prompt] = {}
    return [first.setdefault(page.digest, page) for page in pages]


def render(
    scene: Scene,
    turns: Sequence[Turn],
    name: str,
    forgotten: Sequence[Forgot] = (),
    block: Sequence[str] = (),
) -> Prompt:
    """The exact prompt with which an actor was cued after ``turns``.

    It is built in the same steps as while playing, so its digest is the one that is stored with
    the turn. ``forgotten`` are the scene's events of that kind, if there are any. With the layout
    ``author``, the prompt for a block: of the turns of those in ``block``, or of the actor's alone.
    Raises ``ValueError`` if the actor is not in the cast.
    """
    seat = scene.names.index(name)
    said: list[Turn] = []
    pages = Pages(scene, said)
    mine = {event.turn: event for event in forgotten if event.actor == name}
    for turn in turns:
        if turn.speaker == name or turn.index in mine:
            _cue(pages, seat, mine.get(turn.index))
        said.append(turn)
    _cue(pages, seat, mine.get(len(turns) + 1))
    if pages.author is not None:
        return pages.author.cue(pages.pages[seat], scene, block or [name])
    return pages.cued(seat)


def _cue(pages: Pages, seat: int, event: Forgot | None) -> None:
    pages.advance(seat)
    if event is not None:
        pages.forget(seat, event)
