"""Asking a stage: what it costs, and the log-probabilities of all held-out lines in all cells.

Nothing is sampled. Prompts that begin alike are asked one after the other, so that a server with a
cache of prefixes computes a beginning once.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.evidence.scoring import Asked
from sim.errors import ModelError
from sim.layouts.contexts import CHARACTERS_PER_TOKEN
from sim.stage.base import LogProb, Request, info_of
from sim.study.waluigi.design import Cell, Design

GIVES_NONE = (
    "it gives no log-probabilities of a given text, and this number is made of nothing else. These "
    "do: embedded:KIND, gguf:NAME (a model on this machine), completions:NAME on a server with "
    "echo or prompt_logprobs, and openai:NAME where the server is llama.cpp's (elsinore check "
    "MODEL says what a server can do)"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What asking everything takes: distinct prompts, texts after them, and tokens, estimated.

    ``prompt_tokens`` count what prompts share once, as a cache of prefixes does; ``sent_tokens``
    count each prompt whole before each of its texts, as a provider without one does.
    """

    cells: int
    prompts: int
    texts: int
    prompt_tokens: int
    text_tokens: int
    sent_tokens: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A cell with log p of the opposite's held-out lines, and of the own ones.

    None is a missing answer.
    """

    cell: Cell
    opposite: tuple[LogProb | None, ...]
    own: tuple[LogProb | None, ...]


def cost_of(design: Design) -> Cost:
    """The cost of a design, with four characters a token. Nothing is asked."""
    chunks: dict[bytes, int] = {}
    pairs: dict[tuple[bytes, str], int] = {}
    prompts: set[bytes] = set()
    cells = design.cells()
    for cell in cells:
        prompt = design.prompt(cell)
        prompts.add(prompt.digest)
        chunks.update((chunk.digest, len(chunk.text)) for chunk in prompt.chunks())
        for texts in design.texts(cell):
            pairs.update(((prompt.digest, text), prompt.length) for text in texts)
    said = sum(len(text) for _, text in pairs)
    return Cost(
        cells=len(cells),
        prompts=len(prompts),
        texts=len(pairs),
        prompt_tokens=sum(chunks.values()) // CHARACTERS_PER_TOKEN,
        text_tokens=said // CHARACTERS_PER_TOKEN,
        sent_tokens=(sum(pairs.values()) + said) // CHARACTERS_PER_TOKEN,
    )


def ask(design: Design, asked: Asked) -> list[Scored]:
    """The log-probabilities in every cell of a design.

    Raises ``ModelError`` if the stage gives none, ``StageError`` if it does not answer. What was
    answered before is in the file of ``asked`` and is not asked again.
    """
    places = [
        (cell, Request(design.prompt(cell), 0, design.bank.scene.actor, "score"))
        for cell in design.cells()
    ]
    pairs = [
        (request, text)
        for cell, request in sorted(places, key=lambda place: place[1].prompt.joined())
        for group in design.texts(cell)
        for text in group
    ]
    # One line may be beyond what a model can say; a model that says nothing of any gives none.
    first = [pair for pair in pairs if pair[0] is pairs[0][0]]
    if set(asked.log_probs_after(first)) == {None}:
        why = info_of(asked.stage).why_no_log_prob
        told = f" ({why})" if why else ""
        raise ModelError(f"{asked.stage.identity}: {GIVES_NONE}{told}")
    answers = asked.log_probs_after(pairs)
    known = {
        (request.prompt.digest, text): answer
        for (request, text), answer in zip(pairs, answers, strict=True)
    }
    scored = []
    for cell, request in places:
        opposite, own = (
            tuple(known[request.prompt.digest, text] for text in group)
            for group in design.texts(cell)
        )
        scored.append(Scored(cell, opposite, own))
    return scored
