"""What evidence is: for each turn of an actor, how much likelier its opposite is to have said it.

Evidence reads tables and gives a ``Reading`` for each actor of each trial: the position of each
turn between the persona (below zero) and its opposite (above), the scale on which positions are to
be read, and why a turn says nothing, where it does not. A kind of evidence is fitted to other
personas and other transcripts than those that it reads; its fit is a table with a version
(``tables/scales.tsv``). Whoever looks for flips (``measures.spoken_flips``) needs to know no kind.

    T  text: sentence embeddings (``persona.Meaning``)
    L  log-probabilities of a language model (``log_probabilities.LogProbabilities``)
    J  a judge with a rubric (``judged.Judged``)
    P  answers off stage (``probed.Probed``)
    several of them, by one joint fit (``fused.Fused``)
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, cached_property
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.evidence.lexicon import rows
from analysis.stats import Floats
from analysis.stats.change_point import Change, Shift, half_way, scan
from analysis.tables import Tables, frame
from sim.errors import BadRequest
from sim.input_files import read_toml
from sim.scene.persona_files import read_personas
from sim.text.suggestions import nearest

BOUND = 4.0
"""The most that one line says, as in ``evidence.text``."""

BLANK = "nothing was said"
UNKNOWN_SIDES = "no description of the persona and its opposite"
_FEW = 200
"""Of so many vectors at most the orders are done at once: their inner products are a square."""

ALIKE = "the persona and its opposite read the same"

SERIES = {
    "trial": "str",
    "actor": "str",
    "turn": "Int64",
    "ratio": "float64",
    "weight": "float64",
    "missing": "str",
}
"""The columns of ``Evidence.series``."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What was fitted: positions along the axis; ``gain``, how much all dimensions of vectors count
    for the place of a flip; and ``alarm``, the evidence for a flip that one in ten actors exceeds
    who never flips, on the personas that it was fitted to. ``exponent`` is c where what a turn of n
    tokens says is divided by n^c. ``lines`` is for how many lines a side it was fitted."""

    shift: Shift
    gain: float = 0.0
    alarm: float = inf
    exponent: float = 0.0
    lines: int = 1


@cache
def scales(name: str) -> dict[int, Scale]:
    """The fitted scales of an evidence, by the number of lines a side (1: a sentence that describes
    the persona). Empty if none was fitted."""
    fitted: dict[int, Scale] = {}
    for evidence, lines, *numbers in rows("scales.tsv"):
        if evidence == name:
            *shift, gain, alarm, exponent = map(float, numbers)
            fitted[int(lines)] = Scale(Shift(*shift), gain, alarm, exponent, int(lines))
    return fitted


def fit_of(name: str) -> str:
    """The version of the scales and weights of an evidence: eight letters, blank without any.

    >>> len(fit_of("minilm")), fit_of("tea leaves")
    (8, '')
    """
    every = [
        row for table in ("scales.tsv", "fusions.tsv") for row in rows(table) if row[0] == name
    ]
    return sha256(json.dumps(every).encode()).hexdigest()[:8] if every else ""


def scale_for(name: str, sides: Sides) -> Scale:
    """The scale for these sides: the one for the most lines that both have.

    Raises ValueError if none was fitted for this evidence.
    """
    fitted = scales(name)
    count = min(len(sides.own), len(sides.opposite))
    known = [lines for lines in fitted if lines <= count]
    if not known:
        raise ValueError(
            f"no scale was fitted for the evidence {name!r}; benchmarks.validity.evidence --fit "
            "fits one"
        )
    return fitted[max(known)]


@dataclass(frozen=True, slots=True)
class Sides:
    """How a persona and its opposite are known: by a sentence or a page that describes each, or by
    lines that each could have said, best five or more (fewer are read as if they described).
    ``others`` are further descriptions of opposites: which opposite a persona has is a choice, and
    what is found should not hang on one.

    Raises ValueError if a side is empty.
    """

    own: tuple[str, ...]
    opposite: tuple[str, ...]
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.own or not self.opposite:
            raise ValueError("a persona and its opposite need a sentence each")

    @property
    def opposites(self) -> tuple[tuple[str, ...], ...]:
        """The texts of each opposite."""
        return (self.opposite, *((each,) for each in self.others))


Personas = Mapping[str, Sides]
"""Sides by the name of a speaker, or a pattern of names (``*`` and ``?``)."""


@dataclass(frozen=True)
class Reading:
    """What evidence says of an actor in a trial.

    ``positions`` has shape (n), NaN where a turn says nothing; ``missing`` says why, blank where it
    says something. ``weights``, in [0, 1], say how much of what a turn said was kept. ``vectors``,
    of shape (n, d), are the turns in all dimensions (``compact``), if the evidence has such;
    ``parts`` are the positions by kind of evidence, in units of the whole, if several kinds were
    joined. ``scale`` is None where the actor cannot be read at all. ``key`` stands for the words,
    for random draws.
    """

    trial: str
    actor: str
    turns: tuple[int, ...]
    positions: Floats
    missing: tuple[str, ...]
    weights: Floats
    scale: Scale | None
    vectors: Floats | None = None
    parts: Mapping[str, Floats] = field(default_factory=dict)
    key: int = 0

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which turns say something, shape (n)."""
        return np.asarray(~np.isnan(self.positions))

    @property
    def said(self) -> NDArray[np.bool_]:
        """In which turns it said something, shape (n)."""
        return np.array([why != BLANK for why in self.missing], dtype=bool)

    @property
    def ratios(self) -> Floats:
        """The log-likelihood ratio of the opposite over the persona, of each turn; within ±4."""
        if self.scale is None:
            return np.full(len(self.positions), np.nan)
        return ratio(self.positions, self.scale.shift)

    @cached_property
    def change(self) -> Change:
        """Evidence for one flip among the turns that say something, and its place among them.

        Raises ValueError if there is no scale, or fewer than two such turns.
        """
        return self._scan(self._scale.shift)

    def in_random_orders(self, draws: int, seed: int = 0) -> Floats:
        """The evidence for a flip with the turns in random orders, shape (draws): what there is
        without any course of events. The orders depend on the seed and the words alone."""
        known = np.flatnonzero(self.known)
        orders = random_orders(len(known), draws, seed, self.key)
        weights = None
        if self.vectors is not None:
            weights = self._scale.gain * apart_in_orders(self.vectors[known], orders)
        positions = self.positions[known][orders]
        return np.array(
            [
                scan(order, self._scale.shift, None if weights is None else weights[place]).evidence
                for place, order in enumerate(positions)
            ]
        )

    @property
    def stranger(self) -> float:
        """P(a change to somebody else | a change to the opposite or to somebody else), both alike
        beforehand."""
        other = self._scan(half_way(self._scale.shift))
        return float(special.expit(other.evidence - self.change.evidence))

    def _scan(self, shift: Shift) -> Change:
        known = np.flatnonzero(self.known)
        weights = None
        if self.vectors is not None:
            weights = places(self.vectors[known], self._scale.gain)
        return scan(self.positions[known], shift, weights)

    @property
    def _scale(self) -> Scale:
        if self.scale is None:
            raise ValueError(f"{self.actor} cannot be read: there is no scale")
        return self.scale


def random_orders(count: int, draws: int, seed: int, key: int) -> NDArray[np.intp]:
    """Random orders of so many places, shape (draws, count), from a seed and what is ordered."""
    generator = np.random.default_rng([seed, key])
    return np.asarray(generator.permuted(np.tile(np.arange(count), (draws, 1)), axis=1))


class Evidence(ABC):
    """A kind of evidence; see the head of this module."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """T, P, J, L, or several joined by ``+``."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Which evidence it is, for what is reported."""

    @abstractmethod
    def readings(self, tables: Tables, personas: Personas | None = None) -> list[Reading]:
        """A reading of every actor of every trial, in the order of trials and seats.

        Sides are those of ``personas``, else the description and the opposite in the cast.
        """

    def series(self, tables: Tables, personas: Personas | None = None) -> pd.DataFrame:
        """One row for each turn of each actor; for the columns see ``SERIES``.

        ``ratio`` is the log-likelihood ratio of the opposite over the persona, NaN where
        ``missing`` says why; ``weight`` is how much of it was kept.
        """
        found: list[tuple[object, ...]] = []
        for each in self.readings(tables, personas):
            columns = (each.turns, each.ratios, each.weights, each.missing)
            for turn, value, weight, missing in zip(*columns, strict=True):
                why = missing or (UNKNOWN_SIDES if each.scale is None else "")
                found.append((each.trial, each.actor, turn, value, weight, why or None))
        return frame(found, SERIES)


class Lines(NamedTuple):
    """What an actor of a trial said, and its sides (None: unknown)."""

    trial: str
    actor: str
    turns: tuple[int, ...]
    texts: tuple[str, ...]
    sides: Sides | None


class TextEvidence(Evidence):
    """Evidence that reads what was said, and how the persona and its opposite are described."""

    @property
    @abstractmethod
    def scaled_as(self) -> str:
        """The name under which its scale stands in ``tables/scales.tsv``."""

    @property
    def fit(self) -> str:
        """The version of what was fitted: eight letters of a hash of its numbers; blank if nothing
        was. Numbers of two versions are not to be compared."""
        return fit_of(self.scaled_as)

    @abstractmethod
    def read(self, wanted: Sequence[Lines]) -> list[Reading]:
        """A reading of each."""

    def readings(self, tables: Tables, personas: Personas | None = None) -> list[Reading]:
        return self.read(lines_of_actors(tables, personas))


def lines_of_actors(tables: Tables, personas: Personas | None = None) -> list[Lines]:
    """What everybody said, in the order of trials and seats."""
    said: dict[tuple[str, str], list[tuple[int, str]]] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    columns = (turns[name] for name in ("trial", "turn", "speaker", "text"))
    for trial, turn, speaker, text in zip(*columns, strict=True):
        said.setdefault((str(trial), str(speaker)), []).append((int(turn), str(text)))
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    names = ("trial", "actor", "brief", "traits", "opposite", "opposites")
    columns = (cast[name] for name in names)
    found = []
    for trial, actor, brief, traits, opposite, more in zip(*columns, strict=True):
        own = said.get((str(trial), str(actor)), [])
        sides = given(str(actor), personas) or _described(brief, traits, opposite, more)
        found.append(
            Lines(str(trial), str(actor), tuple(turn for turn, _ in own),
                  tuple(text for _, text in own), sides)
        )  # fmt: skip
    return found


_TEXTS = ("brief", "opposite")
_SEVERAL = "opposites"
_LINES = ("lines", "opposite_lines")


def personas_from(path: Path | str) -> dict[str, Sides]:
    """Sides from a TOML file: a table for each speaker or pattern of names.

    ``["Dr*"]``, and below it ``brief = "..."`` and ``opposite = "..."`` (or several, in a list
    ``opposites``), or lines that each could have said: ``lines = ["...", ...]`` and
    ``opposite_lines = ["...", ...]``. Of another file of personas (``sim.scene.persona_files``),
    briefs and opposites by name. Raises ``BadRequest`` for a table that has neither pair, or a
    field that is none of these.
    """
    found: dict[str, Sides] = {}
    if Path(path).suffix.lower() != ".toml":
        for each in read_personas(path, "--personas"):
            sides = _described(each.brief, each.traits, each.opposite or "", each.opposites)
            if sides is None:
                raise BadRequest(
                    f"--personas {path}: {each.name} needs a brief and an opposite "
                    "(elsinore personas opposites writes one)"
                )
            found[each.name] = sides
        return found
    for pattern, fields in read_toml(path, "--personas").items():
        where = f"--personas {path}: [{pattern}]"
        if not isinstance(fields, dict):
            raise BadRequest(
                f"--personas {path}: {pattern} is no table; write a speaker in brackets, "
                '["Ann"], and below it brief = "..." and opposite = "..."'
            )
        for name in fields:
            if name not in (*_TEXTS, _SEVERAL, *_LINES):
                known = (*_TEXTS, _SEVERAL, *_LINES)
                raise BadRequest(f"{where} has no field {name!r}{nearest(name, known)}")
        texts = {
            name: _texts_of(fields.get(name), f"{where}: {name}")
            for name in (*_TEXTS, _SEVERAL, *_LINES)
        }
        opposites = texts["opposite"] + texts[_SEVERAL]
        if texts["lines"] and texts["opposite_lines"]:
            found[pattern] = Sides(texts["lines"], texts["opposite_lines"])
        elif texts["brief"] and opposites:
            found[pattern] = Sides(texts["brief"], opposites[:1], opposites[1:])
        else:
            raise BadRequest(
                f"{where} needs brief and opposite, or lines and opposite_lines (a list each)"
            )
    return found


def _texts_of(value: Any, where: str) -> tuple[str, ...]:
    """The texts of a field: one, or a list of them; blank ones do not count."""
    texts = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest(f"{where} is no text, and no list of texts")
    return tuple(text.strip() for text in texts if text.strip())


def given(actor: str, personas: Personas | None) -> Sides | None:
    """The sides that were given for a name: those under the name, else under the first pattern."""
    if not personas:
        return None
    if actor in personas:
        return personas[actor]
    return next((sides for name, sides in personas.items() if fnmatchcase(actor, name)), None)


def _described(
    brief: Any, traits: Iterable[Any], opposite: Any, more: Iterable[Any] = ()
) -> Sides | None:
    """A persona without a description is described by its traits; ``more`` are other opposites."""
    own = "" if pd.isna(brief) else str(brief).strip()
    own = own or ", ".join(map(str, traits))
    other = "" if pd.isna(opposite) else str(opposite).strip()
    return Sides((own,), (other,), tuple(map(str, more))) if own and other else None


def key_of(texts: Sequence[str]) -> int:
    """A number that stands for these words, the same in every process."""
    return crc32("\n".join(texts).encode())


def unread(lines: Lines, why: str) -> Reading:
    """The reading of an actor that cannot be read."""
    count = len(lines.turns)
    missing = tuple(why if text.strip() else BLANK for text in lines.texts)
    return Reading(lines.trial, lines.actor, lines.turns, np.full(count, np.nan), missing,
                   np.zeros(count), None, key=key_of(lines.texts))  # fmt: skip


def ratio(positions: Floats, shift: Shift) -> Floats:
    """Log-likelihood ratio of the opposite over the own character at positions; within ±4.

    >>> ratio(np.array([-100.0, 0.5, 100.0]), Shift(0.5, 0.1, 1.0, 0.2, 0.3)).tolist()
    [-4.0, 0.0, 4.0]
    """
    variance = shift.noise + shift.zero_variance + shift.step_variance / 4
    return np.clip(shift.step * (positions - shift.zero) / variance, -BOUND, BOUND)


def places(vectors: Floats, gain: float) -> Floats:
    """Log weights of the places 1 to n - 1 of a change, by the distance of the means of the
    vectors, of shape (n, d), before and after each."""
    return np.asarray(gain * apart(vectors))


def compact(vectors: Floats) -> Floats:
    """Vectors of shape (n, d) with the same lengths and angles in at most n dimensions: nothing
    that is asked of them depends on more (QR decomposition).

    >>> compact(np.array([[3.0, 0.0, 4.0, 0.0]])).round(6).tolist()
    [[-5.0]]
    """
    count, dimensions = vectors.shape
    if count >= dimensions:
        return vectors
    triangle: Floats = np.asarray(np.linalg.qr(vectors.T, mode="r"))
    return triangle.T


def apart(vectors: Floats) -> Floats:
    """For each place 1 to n - 1: n0 n1 / n |mean before - mean from there on|^2, shape (n - 1).

    >>> apart(np.array([[1.0, 0], [1.0, 0], [0.0, 1], [0.0, 1]])).round(2).tolist()
    [0.67, 2.0, 0.67]
    """
    count = len(vectors)
    sums = np.cumsum(vectors, axis=0)
    before = np.arange(1, count)[:, None]
    between = sums[:-1] / before - (sums[-1] - sums[:-1]) / (count - before)
    return np.asarray((between**2).sum(axis=1) * (before * (count - before))[:, 0] / count)


def apart_in_orders(vectors: Floats, orders: NDArray[np.intp]) -> Floats:
    """The same in several orders of the vectors, shape (orders, n - 1)."""
    count = len(vectors)
    if count > _FEW:
        return np.array([apart(vectors[order]) for order in orders])
    # Of few vectors all orders are done at once: sums are known by the inner products.
    inner = vectors @ vectors.T
    dealt = inner[orders[:, :, None], orders[:, None, :]]
    before = np.arange(1, count)
    # |s_k|^2 for the sum s_k of the first k vectors, and s_k . s_n.
    squares = np.cumsum(np.cumsum(dealt, axis=1), axis=2).diagonal(axis1=1, axis2=2)
    whole = np.cumsum(dealt.sum(axis=2), axis=1)
    own, cross, total = squares[:, :-1], whole[:, :-1], squares[:, -1:]
    # n0 n1 / n |s_k / k - (s_n - s_k) / (n - k)|^2, multiplied out.
    found = own * count**2 - 2 * cross * count * before + total * before**2
    return np.asarray(np.maximum(found / (before * (count - before) * count), 0.0))
