"""The design: which prompts are asked, and which texts are scored after each of them.

A *cell* is one history of the actor: the last ``dose`` of its 12 earlier lines are lines of its
opposite, and ``repair`` lines of its own follow. Its memory is the whole context, or the last N
lines of the scene (``last-N``), which is what the engine's policy ``drop_oldest`` leaves of it.
Besides the lines themselves there are arms at repair 0, with the whole context:

- ``masked``: the flipped lines are gone from the actor's memory. What a model does then that it
  does not do at dose 0 it does for another reason than the lines.
- ``shuffled``: the same words in a random order. What is left is copied from words.
- ``another``: lines of another pair's opposite, which say nothing of this pair's difference.
- ``nobody``: no description and no earlier lines. It is the zero: which of the two lines is
  likelier for reasons that have nothing to do with the actor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sim.errors import BadRequest
from sim.events import Event, Forgot, Intervened, Turn, TurnIndex
from sim.layouts import render
from sim.layouts.prompt import Prompt
from sim.scene.actor import Actor, LayoutName
from sim.scene.endings import after
from sim.scene.graph import ring
from sim.scene.persona import Persona
from sim.scene.scene import Scene
from sim.scene.templates import Wording
from sim.seeds import Stream, derive
from sim.study.waluigi.bank import Bank, End, Pair

Arm = Literal["lines", "masked", "shuffled", "another", "nobody"]

ENDS: tuple[End, End] = ("first", "second")
CONTROLS: tuple[Arm, ...] = ("masked", "shuffled", "another")
WHOLE = "whole"
EARLIER = 12
DOSES = (0, 1, 2, 4, 8)
REPAIRS = (0, 2, 4)
MEMORIES = (WHOLE, "last-8")
WORDS = 30
"""The length of a turn that actors are told to keep to."""

_WINDOW = re.compile(r"last-([1-9]\d{0,3})")


@dataclass(frozen=True, slots=True)
class Cell:
    """One history. ``persona`` is which end of the pair the actor is told to be."""

    pair: str
    persona: End
    arm: Arm = "lines"
    memory: str = WHOLE
    dose: int = 0
    repair: int = 0


@dataclass(frozen=True)
class Design:
    """All cells of some pairs of a bank, and their prompts in one layout and wording."""

    bank: Bank
    pairs: Sequence[Pair]
    layout: LayoutName
    wording: Wording
    doses: Sequence[int] = DOSES
    repairs: Sequence[int] = REPAIRS
    memories: Sequence[str] = MEMORIES
    earlier: int = EARLIER

    def cells(self) -> list[Cell]:
        """Every cell, once: first those of the lines, by pair, then the controls."""
        found = [Cell(pair.name, "first", "nobody") for pair in self.pairs]
        for pair in self.pairs:
            for end in ENDS:
                found += [
                    Cell(pair.name, end, "lines", memory, dose, repair)
                    for memory in self.memories
                    for dose in self.doses
                    for repair in self.repairs
                ]
                found += [
                    Cell(pair.name, end, arm, WHOLE, dose)
                    for arm in CONTROLS
                    for dose in self.doses
                    if dose and WHOLE in self.memories
                ]
        return found

    def prompt(self, cell: Cell) -> Prompt:
        """What the actor sees when it is about to speak."""
        pair = self.bank.pair(cell.pair)
        if cell.arm == "nobody":
            scene = self._scene(self.bank.nobody)
            return render(scene, [self._said(1, self.bank.scene.last)], scene.names[0])
        scene = self._scene(self.bank.persona(pair, cell.persona))
        events = list(self._events(pair, cell))
        return render(scene, events, scene.names[0])

    def texts(self, cell: Cell) -> tuple[list[str], list[str]]:
        """The held-out lines that are scored after the prompt: the opposite's, and the own ones.

        In a script a blank stands between the label and the line.
        """
        pair = self.bank.pair(cell.pair)
        gap = "" if self.layout == "persona_first" else " "
        poles = pair.opposite(cell.persona), pair.pole(cell.persona)
        opposite, own = ([gap + text for text in pole.held_out] for pole in poles)
        return opposite, own

    def _scene(self, persona: Persona) -> Scene:
        cast = (Actor(persona), Actor(self.bank.partner))
        return Scene(
            topic=self.bank.scene.topic,
            setting=self.bank.scene.setting,
            cast=cast,
            graph=ring(self.bank.scene.partner, self.bank.scene.actor),
            ends=after(turns=1),
            layout=self.layout,
            words=WORDS,
            wording=self.wording,
        )

    def _events(self, pair: Pair, cell: Cell) -> Iterator[Event]:
        """The turns before the one that is scored, and what the actor has forgotten of them."""
        scene = self.bank.scene
        own = self._own_lines(pair, cell)
        for place, line in enumerate(own):
            yield self._said(2 * place + 1, scene.partner_lines[place])
            yield Turn(TurnIndex(2 * place + 2), scene.actor, line, prompt="-")
        said = 2 * len(own) + 1
        yield self._said(said, scene.last)
        now = TurnIndex(said + 1)
        if cell.arm == "masked":
            gone = {
                str(2 * place + 2): "" for place in range(self.earlier - cell.dose, self.earlier)
            }
            yield Intervened(now, "0:remember", "remember", scene.actor, detail={"turns": gone})
        shown = window_of(cell.memory)
        if shown is not None and shown < said:
            yield Forgot(now, scene.actor, "drop_oldest", now - shown, "", 0)

    def _said(self, index: int, text: str) -> Turn:
        return Turn(TurnIndex(index), self.bank.scene.partner, text)

    def _own_lines(self, pair: Pair, cell: Cell) -> list[str]:
        """What the actor has said: its own lines, the last ``dose`` of 12 replaced, and repair."""
        lines = list(pair.pole(cell.persona).lines[: self.earlier + cell.repair])
        other = pair.opposite(cell.persona).lines
        if cell.arm == "another":
            other = self._another(pair).opposite(cell.persona).lines
        for place in range(self.earlier - cell.dose, self.earlier):
            line = other[place]
            lines[place] = shuffled(line, pair.name) if cell.arm == "shuffled" else line
        return lines

    def _another(self, pair: Pair) -> Pair:
        """The pair of the other kind that stands at the same place among those that are played."""
        alike = [each.name for each in self.pairs if each.kind == pair.kind]
        others = [each for each in self.pairs if each.kind != pair.kind]
        return others[alike.index(pair.name)]


def window_of(memory: str) -> int | None:
    """How many lines of the scene an actor with this memory sees; None for all of them.

    Raises ``BadRequest`` for a memory that there is not.

    >>> window_of("whole"), window_of("last-8")
    (None, 8)
    """
    if memory == WHOLE:
        return None
    found = _WINDOW.fullmatch(memory)
    if found is None:
        raise BadRequest(f"--memory {memory}: is no memory; write whole, or last-N, as in last-8")
    return int(found.group(1))


def shown(memory: str, dose: int, repair: int) -> int:
    """How many flipped lines an actor with this memory sees. Every other line is its own.

    >>> shown("whole", 8, 4), shown("last-8", 8, 0), shown("last-8", 8, 2), shown("last-8", 2, 4)
    (8, 4, 2, 0)
    """
    window = window_of(memory)
    return dose if window is None else min(dose, max(0, window // 2 - repair))


def shuffled(line: str, key: str) -> str:
    """The words of a line in a random order, the same one every time.

    >>> sorted(shuffled("one two three", "a")), shuffled("Gone.", "a")
    ([' ', ' ', 'e', 'e', 'e', 'h', 'n', 'o', 'o', 'r', 't', 't', 'w'], 'Gone.')
    """
    words = line.split()
    stream = Stream(derive(0, "shuffled", key, line))
    for last in range(len(words) - 1, 0, -1):
        place = stream.below(last + 1)
        words[place], words[last] = words[last], words[place]
    return " ".join(words)


def check_doses(doses: Sequence[int], repairs: Sequence[int], bank: Bank) -> None:
    """Refuse doses and repairs for which there are no lines. Raises ``BadRequest``."""
    spare = len(bank.scene.partner_lines) - EARLIER
    for what, numbers, most in (("--doses", doses, EARLIER), ("--repairs", repairs, spare)):
        if list(numbers) != sorted(set(numbers)) or not numbers or numbers[0] != 0:
            raise BadRequest(f"{what}: begin with 0 and rise, as in 0,1,2,4,8")
        if len(numbers) < 2 and what == "--doses":
            raise BadRequest("--doses 0: a slope needs another dose; write 0,8, say")
        if numbers[-1] > most:
            raise BadRequest(f"{what} {numbers[-1]}: there are lines for {most} at most")
