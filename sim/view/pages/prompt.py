"""The exact prompt of a turn, with what was new in it since the same actor spoke last."""

from __future__ import annotations

from dataclasses import dataclass

from sim.html import Html, element, joined, name
from sim.html.markup import Part
from sim.html.numbers import counted
from sim.layouts.prompt import Prompt
from sim.runs.prompts import TurnPrompt
from sim.store import StoredTrial
from sim.view.library import Library
from sim.view.pages.frame import address, frame, trail
from sim.view.pages.trial import cost_of

_LETTERS = 400_000
"""So many letters of a message come onto the page."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prompt of one role, all of it known to the actor before, or all of it new."""

    role: str
    text: str
    new: bool


def pieces(prompt: Prompt, earlier: Prompt | None) -> list[Piece]:
    """The prompt in pieces. Where a prompt is not a longer one of ``earlier``, what differs is new.

    >>> first = Prompt.start("system", "You play Ada.").then("user", "Ben: Well?")
    >>> for piece in pieces(first.then("assistant", "No.").then("user", "Ben: Oh."), first):
    ...     print(piece.new, piece.role, piece.text)
    False system You play Ada.
    False user Ben: Well?
    True assistant No.
    True user Ben: Oh.
    """
    # What a prompt ends with may be a cue that the next one does not have in that place.
    known = earlier.joined() if earlier is not None else ""
    found: list[Piece] = []
    at = 0
    same = earlier is not None
    for chunk in prompt.chunks():
        shared = len(chunk.text)
        if same and not known.startswith(chunk.text, at):
            shared = _common(chunk.text, known[at : at + shared])
            same = False
        elif not same:
            shared = 0
        at += shared
        for text, new in ((chunk.text[:shared], False), (chunk.text[shared:], True)):
            if not text:
                continue
            last = found[-1] if found else None
            if last is not None and last.role == chunk.role and last.new == new:
                found[-1] = Piece(last.role, last.text + text, new)
            else:
                found.append(Piece(chunk.role, text, new))
    return found


def _common(one: str, other: str) -> int:
    """How many letters two texts share at their beginnings."""
    count = 0
    for letter, another in zip(one, other, strict=False):
        if letter != another:
            break
        count += 1
    return count


def prompt_page(
    library: Library, trial: StoredTrial, short: str, found: TurnPrompt, earlier: TurnPrompt | None
) -> str:
    """The page of a turn's prompt."""
    turn = found.turn
    shown = pieces(found.prompt, None if earlier is None else earlier.prompt)
    new = sum(len(piece.text) for piece in shown if piece.new)
    there = address("trial", trial.id, fragment=f"t-{turn.index}")
    told: list[Part] = [f"{counted(found.prompt.length, 'letter')}, of which {new:,} are new"]
    if earlier is not None:
        told.append(
            joined(
                " since ",
                element(
                    "a",
                    f"turn {earlier.turn.index}",
                    href=address("trial", trial.id, "prompt", earlier.turn.index),
                ),
            )
        )
    cost = cost_of(turn)
    same = found.same
    return frame(
        f"Prompt of turn {turn.index}",
        trail(("/", "Trials"), (there, short)),
        element("h1", f"What {turn.speaker} saw at turn {turn.index}"),
        element("p", told, f" · {cost}" if cost else None, class_="lede"),
        element(
            "p",
            "This is not the prompt that was sent: the layout or the store has changed since.",
            class_="warning",
        )
        if not same
        else None,
        element(
            "p",
            element("label", element("input", type="checkbox", id="only-new"), " only what is new"),
            class_="small",
        ),
        element("div", _messages(shown), class_="prompt", id="prompt"),
        element("h2", "And this was answered"),
        element(
            "p",
            element("b", name(turn.speaker)),
            ": ",
            turn.text[:_LETTERS] or "(nothing was heard)",
            class_="said",
            dir="auto",
        ),
        store=library.path,
        page="prompt",
        up=there,
    )


def _messages(shown: list[Piece]) -> Html:
    """One block for each message: neighbouring pieces of one role are one message."""
    blocks: list[tuple[str, list[Piece]]] = []
    for piece in shown:
        if not blocks or blocks[-1][0] != piece.role:
            blocks.append((piece.role, []))
        blocks[-1][1].append(piece)
    return joined(
        [
            element(
                "section",
                element("h2", role),
                element(
                    "pre",
                    [
                        element("ins", piece.text[:_LETTERS])
                        if piece.new
                        else element("span", piece.text[:_LETTERS], class_="known")
                        for piece in some
                    ],
                    dir="auto",
                    tabindex="0",
                    aria_label=f"{role} message",
                ),
                class_=f"message role-{role}"
                + ("" if any(piece.new for piece in some) else " old"),
            )
            for role, some in blocks
        ]
    )
