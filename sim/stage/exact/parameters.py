"""The parameters of an exact stage: typed, checked, and part of its identity."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import Any

from sim.errors import ModelError
from sim.stage.exact.tables import KINDS

MECHANISMS = ("M0", "M1", "M2", "M3")
HALVES = ("all", "build", "held")

ADDED = frozenset(
    {
        "crowd", "projection", "skill",
        "acuity", "tie", "primacy", "verbosity", "kinship", "misquote",
    }
)  # fmt: skip
"""Parameters that were added after the first stores were written. While such a parameter has its
default it is left out of the identity, so that the trials of those stores keep their ids."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of an exact stage. Symbols as in ``docs/exact-stage.md``.

    ``mechanism`` of the switch between self and shadow; ``kappa`` concealment; ``pi`` the share of
    speakers that start as shadows (M1, M3); ``hazard`` eta, ``provocation`` rho and ``insistence``
    sigma of a flip; ``alpha`` the weight of the persona's own stance, ``beta`` that of the bias
    node at ``bias``; ``own_weight`` omega, the weight of the stance that the speaker expressed
    last; ``confidence`` epsilon, the distance beyond which other stances are ignored (2 or more:
    never); ``crowd`` the number of others with half of the influence of many (0: one has as much
    as many); ``projection`` lambda, the weight of the own stance in a guess of another's; ``tau``
    the temperature of the reward; ``window`` the block length of M3 in own turns; ``half`` which
    half of the texts is used. ``skill`` favours acts by their merit; ``acuity``, ``tie``,
    ``primacy``, ``verbosity``, ``kinship`` and ``misquote`` are about verdicts (section 9).
    """

    kind: str = "base"
    mechanism: str = "M2"
    kappa: float = 0.4
    pi: float = 0.3
    hazard: float = 0.01
    provocation: float = 0.3
    insistence: float = 0.02
    alpha: float = 0.7
    beta: float = 0.0
    bias: float = 0.0
    own_weight: float = 0.4
    confidence: float = 2.0
    crowd: float = 0.0
    projection: float = 0.3
    tau: float = 0.25
    window: int = 8
    half: str = "all"
    skill: float = 0.0
    acuity: float = 3.0
    tie: float = 0.3
    primacy: float = 0.0
    verbosity: float = 0.0
    kinship: float = 0.0
    misquote: float = 0.0

    def __post_init__(self) -> None:
        _one_of("mechanism", self.mechanism, MECHANISMS)
        _one_of("half", self.half, HALVES)
        for name in ("kappa", "pi", "hazard", "provocation", "insistence", "alpha", "beta"):
            _within(name, getattr(self, name), 0.0, 1.0)
        _within("bias", self.bias, -1.0, 1.0)
        _within("own_weight", self.own_weight, 0.0, 1.0)
        _within("confidence", self.confidence, 0.0, 2.0)
        _within("crowd", self.crowd, 0.0, 1000.0)
        _within("projection", self.projection, 0.0, 1.0)
        _within("tau", self.tau, 0.05, 100.0)
        _within("window", self.window, 1, 1_000_000)
        _within("skill", self.skill, -5.0, 5.0)
        _within("acuity", self.acuity, 0.0, 100.0)
        _within("tie", self.tie, 0.0, 100.0)
        for name in ("primacy", "verbosity", "kinship"):
            _within(name, getattr(self, name), -10.0, 10.0)
        _within("misquote", self.misquote, 0.0, 1.0)
        if self.alpha + self.beta > 1.0:
            raise ModelError(
                f"embedded: alpha + beta is {self.alpha + self.beta:g}; they are shares of one "
                "mean, so lower one until the sum is at most 1"
            )

    @property
    def identity(self) -> str:
        """The kind and the parameters, in a fixed order: part of a trial's hash.

        Parameters in ``ADDED`` are left out while they have their defaults.
        """
        shown = [
            f"{field.name}={getattr(self, field.name)}"
            for field in fields(self)
            if field.name != "kind"
            and (field.name not in ADDED or getattr(self, field.name) != field.default)
        ]
        return f"embedded:{self.kind}?{'&'.join(shown)}"


PARAMETERS = tuple(field.name for field in fields(Parameters) if field.name != "kind")


def read_parameters(kind: str, given: dict[str, Any]) -> Parameters:
    """Parameters from a kind and texts or numbers. Raises ``ModelError``.

    >>> read_parameters("bimodal", {"kappa": "0.2"}).kappa
    0.2
    """
    if kind not in KINDS:
        raise ModelError(f"embedded:{kind}: no such kind{_closest(kind, tuple(KINDS))}")
    values: dict[str, Any] = dict(KINDS[kind].defaults or {})
    if kind == "bimodal":
        values["mechanism"] = "M1"
    kinds_of: dict[str, Any] = {field.name: type(field.default) for field in fields(Parameters)}
    for name, value in given.items():
        if name not in PARAMETERS:
            raise ModelError(
                f"embedded:{kind}: no parameter named {name!r}{_closest(name, PARAMETERS)}"
            )
        try:
            values[name] = kinds_of[name](value)
            if kinds_of[name] is int and values[name] != float(value):
                raise ValueError(value)
        except (TypeError, ValueError):
            raise ModelError(
                f"embedded:{kind}: {name} is {value!r}; "
                f"give it {'a whole number' if kinds_of[name] is int else 'a number'}"
            ) from None
    return Parameters(kind=kind, **values)


def _closest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}? There are" if near else "; there are"
    return f"{hint}: {', '.join(known)}"


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ModelError(f"embedded: {name} is {value!r}; use one of {', '.join(known)}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ModelError(f"embedded: {name} is {value!r}; use a value from {low:g} to {high:g}")
