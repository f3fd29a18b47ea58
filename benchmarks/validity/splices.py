"""Spliced persona statements: actors of 20 lines each, who turn into their opposite or never do.

Each trait of ``persona_statements`` has lines of its bearers and of others. Lines of both sides are
paired by their number of words, and what finds no partner is left out, so length tells little. Of
the pairs 40 are set aside as sample lines and never occur in a scene. An actor's own side is either
side of a trait; its lines are drawn without repetition. The flip is at any of the turns 2 to 20
with the same chance, so some actors speak as the opposite in their last line only.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

LINES = 20
SET_ASIDE = 40
SENTENCES = Path(__file__).with_name("personas.tsv")


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait: a describing sentence for each side, and lines of each side; lines at the same
    place have the same number of words. With a ``pool``, so many lines a side are spoken, always
    the same, and those after them are the sample lines: for evidence that is dear."""

    name: str
    sentences: tuple[str, str]
    sides: tuple[list[str], list[str]]
    pool: int | None = None

    def dealt(self, generator: np.random.Generator) -> list[list[str]]:
        """The lines of both sides, the sample lines first."""
        if self.pool is None:
            return [list(generator.permutation(side)) for side in self.sides]
        end = self.pool + SET_ASIDE
        return [side[self.pool : end] + side[: self.pool] for side in self.sides]


class Actor(NamedTuple):
    """Somebody's lines, and the place, from 0, of the first that is not its own (None: none)."""

    lines: list[str]
    flip: int | None


@dataclass(frozen=True, slots=True)
class Cast:
    """Actors of one trait and side, with the sample lines of their own side and the opposite."""

    trait: str
    sentences: tuple[str, str]
    own: list[str]
    opposite: list[str]
    actors: list[Actor]


def found_folder() -> Path | None:
    """The statements, where the development data are at hand."""
    places = (
        folder / "shared" / "data" / "persona_statements"
        for folder in Path(__file__).resolve().parents
    )
    return next((place for place in places if place.is_dir()), None)


def halves(folder: Path) -> tuple[list[Trait], list[Trait]]:
    """The traits to tune on, and those to score on.

    The order is that of a hash of the names: nobody chose it, and both halves are of one kind.
    """
    sentences: dict[str, tuple[str, str]] = {}
    for line in SENTENCES.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, one, other = line.split("\t")
            sentences[name] = (one, other)
    sides: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in sentences}
    with (folder / "statements.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sides[row["trait"]][row["matches"] != "true"].append(row["statement"])
    order = sorted(sides, key=lambda name: sha256(name.encode()).hexdigest())
    traits = [Trait(name, sentences[name], paired(name, *sides[name])) for name in order]
    middle = len(traits) // 2
    return traits[:middle], traits[middle:]


def paired(name: str, one: list[str], other: list[str]) -> tuple[list[str], list[str]]:
    """As many lines of both sides as find a partner with the same number of words, shuffled."""
    generator = np.random.default_rng(crc32(name.encode()))
    free: dict[int, list[str]] = {}
    for place in generator.permutation(len(other)):
        free.setdefault(len(other[place].split()), []).append(other[place])
    pairs = [
        (one[place], free[words].pop())
        for place in generator.permutation(len(one))
        if free.get(words := len(one[place].split()))
    ]
    return [first for first, _ in pairs], [second for _, second in pairs]


def casts(trait: Trait, prevalence: float, each: int, seed: int = 0) -> list[Cast]:
    """Two casts of ``each`` actors, one for either side as their own; the first ``prevalence`` of
    them flip.

    >>> some = Trait("t", ("a", "b"), ([f"a{k}" for k in range(60)], [f"b{k}" for k in range(60)]))
    >>> first = casts(some, 0.5, 2)[0]
    >>> [actor.flip is None for actor in first.actors], len(first.actors[0].lines)
    ([False, True], 20)
    """
    generator = np.random.default_rng([crc32(trait.name.encode()), seed])
    mixed = trait.dealt(generator)
    made = []
    for own in (0, 1):
        kept, lines = mixed[own][:SET_ASIDE], mixed[own][SET_ASIDE:]
        others, turned = mixed[1 - own][:SET_ASIDE], mixed[1 - own][SET_ASIDE:]
        actors = [
            spliced(lines, turned, generator, flips=place < prevalence * each)
            for place in range(each)
        ]
        said = (trait.sentences[own], trait.sentences[1 - own])
        made.append(Cast(trait.name, said, kept, others, actors))
    return made


def strangers(trait: Trait, others: Sequence[Trait], each: int, seed: int = 0) -> list[Cast]:
    """The same casts, but every actor turns into a bearer of another trait: no flip."""
    generator = np.random.default_rng([crc32(trait.name.encode()), seed, 1])
    pools = [side for other in others if other.name != trait.name for side in other.sides]
    made = []
    for cast in casts(trait, 0.0, each, seed):
        actors = []
        for lines, _ in cast.actors:
            turned = pools[int(generator.integers(len(pools)))]
            actors.append(spliced(lines, turned, generator, flips=True))
        made.append(Cast(cast.trait, cast.sentences, cast.own, cast.opposite, actors))
    return made


def spliced(
    own: Sequence[str], turned: Sequence[str], generator: np.random.Generator, *, flips: bool
) -> Actor:
    """An actor who says lines of ``own``, and from a drawn turn on those of ``turned``."""
    flip = int(generator.integers(1, LINES)) if flips else None
    before = LINES if flip is None else flip
    first = generator.permutation(len(own))[:before]
    rest = generator.permutation(len(turned))[: LINES - before]
    return Actor([own[place] for place in first] + [turned[place] for place in rest], flip)
