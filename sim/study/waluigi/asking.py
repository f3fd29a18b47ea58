"""Asking a stage: what it costs, and the log-probabilities of all held-out lines in all cells.

Nothing is sampled. Prompts that begin alike are asked one after the other, so that a server with a
cache of prefixes computes a beginning once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    wanted: list[tuple[str, Request, str]] = []
    places: list[tuple[Cell, list[Request], Sequence[Sequence[str]]]] = []
    for cell in design.cells():
        prompt = design.prompt(cell)
        request = Request(prompt, 0, design.bank.scene.actor, "score")
        texts = design.texts(cell)
        places.append((cell, [request], texts))
        order = prompt.joined()
        wanted += [(order, request, text) for group in texts for text in group]
    wanted.sort(key=lambda each: each[0])
    pairs = [(request, text) for _, request, text in wanted]
    if asked.log_probs_after(pairs[:1]) == [None]:
        why = info_of(asked.stage).why_no_log_prob
        told = f" ({why})" if why else ""
        raise ModelError(f"{asked.stage.identity}: {GIVES_NONE}{told}")
    answers = asked.log_probs_after(pairs)
    known: Mapping[tuple[bytes, str], LogProb | None] = {
        (request.prompt.digest, text): answer
        for (request, text), answer in zip(pairs, answers, strict=True)
    }
    return [
        Scored(
            cell,
            *(tuple(known[request.prompt.digest, text] for text in group) for group in texts),
        )
        for cell, [request], texts in places
    ]
