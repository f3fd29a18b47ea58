"""Random scenes in which anything may happen, with a word planted in everything that is said.

For ``leaks``: see there. The stage says words that stand nowhere else, so that whatever a prompt
holds can be traced back to where it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from random import Random
from typing import Literal

from sim import Actor, Persona, Scene, after, ask_stance
from sim.scene.actor import Context
from sim.scene.answers import FreeText
from sim.scene.audience import Directed, Groups, Hearing, Overheard, Whispers
from sim.scene.graph import Edge, Graph
from sim.scene.interventions import (
    DeleteTurn,
    Enter,
    Intervention,
    Leave,
    Noise,
    Note,
    Recast,
    ReplaceTurn,
    Say,
    Whisper,
)
from sim.scene.probes import Probe, Question, describe_self, guess_stance, urge_to_leave
from sim.scene.routing import (
    Addressed,
    Bidding,
    ChosenBy,
    Interrupts,
    LongestWait,
    Phase,
    Router,
    Simultaneous,
    Walk,
    phases,
)
from sim.stage.base import LogProb, Reply, Request

NAMES = ("Ada", "Ben", "Cleo", "Dan", "The Mayor")
WORD = re.compile(r"zq[0-9a-f]{10}qz")
"""A planted word."""


def word(*parts: object) -> str:
    """A word that stands nowhere by chance."""
    return f"zq{blake2b(repr(parts).encode(), digest_size=5).hexdigest()}qz"


class Planting:
    """A stage of which each reply holds a word of its own; it keeps every request."""

    free = True
    identity = "planting:"

    def __init__(self, random: Random, names: tuple[str, ...], directs: bool) -> None:
        self.random = random
        self.names = names
        self.directs = directs
        self.asked: list[Request] = []

    async def perform(self, request: Request) -> Reply:
        self.asked.append(request)
        own = word(request.prompt.digest, request.seed, request.purpose)
        if request.schema is not None:
            return Reply(self._answer(request, own))
        text = f"I say {own}."
        other = self.random.choice(self.names)
        if self.random.random() < 0.3 and other != request.speaker:
            text = f"{other}, I say {own}."
        if self.directs and self.random.random() < 0.4:
            text = self.random.choice([f"(to {other}) {text}", f"(aside) {text}"])
        return Reply(text)

    def _answer(self, request: Request, own: str) -> str:
        assert request.schema is not None
        name, part = next(iter(request.schema["properties"].items()))
        if self.random.random() < 0.1:
            return f"I do not know, {own}."
        if "enum" in part:
            return f'{{"{name}": "{self.random.choice(part["enum"])}"}} {own}'
        if part["type"] == "string":
            return f'{{"{name}": "{own}"}}'
        low, high = part["minimum"], part["maximum"]
        return f'{{"{name}": {low + (high - low) * self.random.random():.2f}}} {own}'

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def random_scene(random: Random) -> Scene:
    """A scene in which anything may happen."""
    names = tuple(random.sample(NAMES, random.randint(2, len(NAMES))))
    layouts: list[Literal["persona_first", "transcript_first", "screenplay"]] = [
        "persona_first", "transcript_first", "screenplay",
    ]  # fmt: skip
    turns = random.randint(4, 12)
    first = random.choice(names)
    off = [name for name in names if name != first and random.random() < 0.2]
    changes = list(_changes(random, names, turns))
    moved = {each.name for each in changes if isinstance(each, Enter | Leave)}
    changes += [Enter(name=name, at=random.randint(1, turns)) for name in off if name not in moved]
    for name in sorted(moved):
        # Somebody who moves has to be able to: see the checks of a scene.
        changes.append(Leave(name=name, at=random.randint(1, turns)))
        changes.append(Enter(name=name, at=random.randint(1, turns)))
    random.shuffle(changes)
    context = None
    if random.random() < 0.2:
        context = Context(tokens=random.randint(150, 400), policy="drop_oldest")
    return Scene(
        topic=f"The town should sell its spring, {word('topic', names)}.",
        cast=tuple(
            Actor(_persona(name), on_stage=name not in off, context=context) for name in names
        ),
        graph=_graph(random, names, first),
        routing=_router(random, names),
        hearing=_hearing(random, names),
        probes=tuple(_probes(random, names)),
        interventions=tuple(changes),
        ends=after(turns=turns),
        layout=random.choice(layouts),
    )


def _persona(name: str, again: str = "") -> Persona:
    return Persona(
        name=name,
        brief="Lives here.",
        opposite=f"The opposite, {word(name, 'opposite', again)}.",
        stances={"sell": 0.5},
        secret=f"A secret, {word(name, 'secret', again)}.",
        goals=(f"a goal, {word(name, 'goal', again)}",),
    )


def _graph(random: Random, names: tuple[str, ...], first: str) -> Graph:
    pairs = [(a, b) for a in names for b in names if a != b]
    order = random.sample(names, len(names))
    kept = {(order[place - 1], order[place]) for place in range(len(order))}
    share = random.choice([0.3, 1.0])
    kept |= {pair for pair in pairs if random.random() < share}
    edges = tuple(Edge(source=a, target=b) for a, b in pairs if (a, b) in kept)
    return Graph(names=names, edges=edges, first=first)


def _router(random: Random, names: tuple[str, ...]) -> Router:
    plain: list[Router] = [Walk(), LongestWait(), Addressed()]
    asking: list[Router] = [
        Bidding(), ChosenBy(), ChosenBy(random.choice(names), fallback=Walk()), Interrupts(),
    ]  # fmt: skip
    routers = [*plain, *asking, Simultaneous()]
    if random.random() < 0.2:
        one, two = random.choice(routers), random.choice(routers)
        told = f"(A bell, {word('bell')}.)"
        return phases(Phase(one, turns=3, name="opening"), Phase(two, name="rest", note=told))
    return random.choice(routers)


def _hearing(random: Random, names: tuple[str, ...]) -> Hearing | None:
    kind = random.random()
    if kind < 0.3:
        return None
    rule: Hearing
    if kind < 0.5:
        rule = Whispers(
            to={
                name: tuple(other for other in names if other != name and random.random() < 0.4)
                for name in names
                if random.random() < 0.6
            }
        )
    elif kind < 0.7:
        cut = random.randint(1, len(names))
        rule = Groups(groups=(names[:cut], names[cut - 1 :]))
    else:
        rule = Directed(cast=names)
    if random.random() < 0.3:
        of = None if random.random() < 0.5 else (random.choice(names),)
        rule = Overheard(rule=rule, by=(random.choice(names),), of=of)
    return rule


def _probes(random: Random, names: tuple[str, ...]) -> Iterable[Probe]:
    if random.random() < 0.5:
        yield ask_stance("sell", every=random.randint(1, 4))
        yield describe_self(every=2, samples=2)
    if random.random() < 0.3:
        yield guess_stance("sell", random.choice(names))
        yield urge_to_leave(every=3)
        question = Question(key="why", text="Why, {name}?", answer=FreeText())
        yield Probe(question=question, when=lambda view: view.turns % 3 == 1)


def _changes(random: Random, names: tuple[str, ...], turns: int) -> Iterable[Intervention]:
    changed: set[int] = set()
    for number in range(random.choice([0, 0, 1, 3, 5])):
        at, name = random.randint(1, turns), random.choice(names)
        some = tuple(other for other in names if other != name and random.random() < 0.5)
        own, kind = f"A line, {word('line', number)}.", random.randint(0, 7)
        if kind == 0:
            yield Say(speaker=name, text=own, at=at)
        elif kind == 1:
            yield Whisper(speaker=name, to=some, text=own, at=at)
        elif kind == 2:
            yield Note(text=f"(A note, {word('note', number)}.)", to=some or None, at=at)
        elif kind == 3:
            yield Noise(words=5, speaker=random.choice([None, name]), to=some or None, at=at)
        elif kind == 4:
            yield Recast(persona=_persona(name, f"again {number}"), at=at)
        elif kind == 5 and at not in changed:
            changed.add(at)
            yield ReplaceTurn(text=own, at=at)
        elif kind == 6 and at not in changed:
            changed.add(at)
            yield DeleteTurn(at=at)
        elif kind == 7:
            yield random.choice([Enter(name=name, at=at), Leave(name=name, at=at)])
