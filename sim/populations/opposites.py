"""Opposites for personas that have none: from their traits, or written by a stage.

The opposite is what a persona would flip to. Which one that is, is a choice, and what is found
should not hang on it; so a persona may have several, and says who wrote them
(``Persona.opposite_source``): ``template``, or the identity of a stage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sim.errors import BadRequest, ModelError
from sim.layouts.prompt import Prompt
from sim.populations.antonyms import ANTONYMS
from sim.scene.persona import Persona
from sim.scene.prose import graded
from sim.scene.templates import listed
from sim.seeds import request_seed
from sim.stage.base import Request, Stage

TEMPLATE: Final = "template"

ATTEMPTS: Final = 3
"""How often a stage is asked for each opposite, before there is none."""

MOST: Final = 5
_WORD: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_DENIED: Final = frozenset(["not", "never", "no", "hardly", "less", "without"])
_LONGEST: Final = 400
_ASKED: Final = (
    "For each person, somebody is described who is the opposite in character: what the one is, the "
    "other is not. Both are of the same trade and age, and neither has a name.\n\n"
    "Person: A patient nurse who tells her patients the truth.\n"
    "Opposite: A short-tempered nurse who lies to her patients.\n\n"
    "Person: A greedy landlord, loud and quick to take offence.\n"
    "Opposite: An open-handed landlord, soft-spoken and hard to offend.\n\n"
    "Person: {person}\n"
    "Opposite:"
)
_LABEL: Final = re.compile(r"^(?:\W*opposite\W*:\W*)+", re.I)


def opposites_from_traits(persona: Persona, n: int = 1) -> tuple[str, ...]:
    """At most n opposites made of the opposites of a persona's traits, by a list of our own; of the
    adjectives of its brief where it has no traits that are known.

    Where a trait has several opposites, further texts take the next. Where nothing is known there
    is none: ``()``.

    >>> opposites_from_traits(Persona(name="Ada", traits=("kind", "dry")), n=2)
    ('Somebody cruel and effusive.', 'Somebody spiteful and gushing.')
    >>> opposites_from_traits(Persona(name="Ada", brief="Not kind, but a brave nurse."))
    ('Somebody cowardly.',)
    """
    _sound(n)
    known = [ANTONYMS[each] for each in map(str.lower, persona.traits) if each in ANTONYMS]
    if not known:
        words = _WORD.findall(persona.brief.lower())
        known = [
            ANTONYMS[word]
            for word, before in zip(words, ["", *words], strict=False)
            if word in ANTONYMS and before not in _DENIED
        ]
    if not known:
        return ()
    turned = [
        f'As to "{issue}", somebody who {graded(-stance)}.'
        for issue, stance in persona.stances.items()
        if abs(stance) >= 1 / 7  # Who is undecided stays so.
    ]
    found: dict[str, None] = {}
    for number in range(max(map(len, known))):
        others = dict.fromkeys(some[number % len(some)] for some in known)
        found[" ".join([f"Somebody {listed(tuple(others))}.", *turned])] = None
    return tuple(found)[:n]


async def opposites_from_stage(
    persona: Persona, stage: Stage, n: int = 1, *, seed: int = 0
) -> tuple[str, ...]:
    """At most n opposites, written by a stage that is shown two examples and the persona.

    A reply that is blank, or too long, or says what the persona is (or another reply said), is
    asked for again; after ``ATTEMPTS`` times there are fewer than n. Nobody checks whether a
    description is of an opposite: read them. Raises ``ModelError`` for the embedded stage, which
    describes nobody, and ``BadRequest`` for a persona that is not described; ``StageError`` if
    there is no answer.

    >>> import asyncio
    >>> from sim.stage.fixed import FixedLines
    >>> ada = Persona(name="Ada", brief="A patient hydrologist.")
    >>> stage = FixedLines(["A hydrologist in a hurry."])
    >>> asyncio.run(opposites_from_stage(ada, stage))
    ('A hydrologist in a hurry.',)
    """
    _sound(n)
    if stage.identity.startswith("embedded:"):
        raise ModelError(
            f"{stage.identity}: the embedded stage describes nobody; use a language model, or no "
            "model for opposites from traits"
        )
    told = persona.brief.strip() or listed(persona.traits)
    if not told:
        raise BadRequest(f"{persona.name}: has no brief and no traits, so there is no opposite")
    person = " ".join(told.split())
    prompt = Prompt.start("text", _ASKED.replace("{person}", person))
    found: dict[str, None] = {}
    for attempt in range(ATTEMPTS * n):
        request = Request(
            prompt, request_seed(seed, "opposite", persona.name, attempt), persona.name, "turn",
            ("\n", "\nPerson:"),
        )  # fmt: skip
        text = _read((await stage.perform(request)).text)
        if text and len(text) <= _LONGEST and text.casefold() != person.casefold():
            found[text] = None
        if len(found) == n:
            break
    return tuple(found)


def given(persona: Persona, opposites: Sequence[str], source: str) -> Persona:
    """The persona with these opposites, and who wrote them; as it is without any.

    >>> given(Persona(name="Ada"), ["Somebody rash."], "template").opposite_source
    'template'
    """
    if not opposites:
        return persona
    first, *others = opposites
    return persona.replace(opposite=first, opposites=tuple(others), opposite_source=source)


def with_opposites(personas: Sequence[Persona], n: int = 1) -> tuple[Persona, ...]:
    """The personas, those without an opposite with up to n from their traits."""
    return tuple(
        each if each.opposite else given(each, opposites_from_traits(each, n), TEMPLATE)
        for each in personas
    )


async def with_opposites_of(
    personas: Sequence[Persona], stage: Stage, n: int = 1, *, seed: int = 0
) -> tuple[Persona, ...]:
    """The personas, those without an opposite with up to n that a stage wrote."""
    found = []
    for each in personas:
        lacks = not each.opposite
        some = await opposites_from_stage(each, stage, n, seed=seed) if lacks else ()
        found.append(given(each, some, stage.identity))
    return tuple(found)


def _read(reply: str) -> str:
    """The description in a reply: its first line with words, without label and quotes."""
    lines = (line.strip() for line in reply.splitlines())
    text = next((line for line in lines if _LABEL.sub("", line).strip(' "“”*_')), "")
    return _LABEL.sub("", text).strip().strip('"“”*_').strip()


def _sound(n: int) -> None:
    if not 1 <= n <= MOST:
        raise BadRequest(f"n: {n} opposites; use 1 to {MOST}")
