"""The parameter tables of the exact stage: how its kinds act, before any context.

This module holds only tables. The stage's filter and the tests' ancestral simulator share no other
code, so that each checks the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from types import MappingProxyType
from typing import NamedTuple

from sim.stage.exact.acts import ACTS

CHARACTERS = ("self", "shadow", "assistant", "partner", "loop")
"""The hidden characters, in the order in which tables list them."""

SELF, SHADOW, ASSISTANT, PARTNER, LOOP = range(5)

Row = tuple[float, ...]


def _row(**weights: float) -> Row:
    """Probabilities of the acts, by name; they must sum to 1."""
    unknown = set(weights) - {act + "_" if act == "assert" else act for act in ACTS}
    row = tuple(weights.get("assert_" if act == "assert" else act, 0.0) for act in ACTS)
    if unknown or abs(sum(row) - 1.0) > 1e-12:
        raise ValueError(f"no distribution over acts: {weights!r}")
    return row


@dataclass(frozen=True, slots=True)
class Manner:
    """How one character acts: ``calm`` without provocation, and ``heated`` at full provocation."""

    calm: Row
    heated: Row


def _steady(row: Row) -> Manner:
    return Manner(row, row)


BASE_SELF = Manner(
    calm=_row(
        assert_=0.32,
        rebut=0.17,
        concede=0.07,
        agree=0.09,
        question=0.15,
        hedge=0.06,
        platitude=0.02,
        insult=0.01,
        narrate=0.11,
    ),
    heated=_row(
        assert_=0.28,
        rebut=0.32,
        concede=0.04,
        agree=0.03,
        question=0.15,
        hedge=0.04,
        platitude=0.02,
        insult=0.03,
        narrate=0.09,
    ),
)
OPEN_SHADOW = Manner(
    calm=_row(
        assert_=0.13, rebut=0.10, agree=0.02, question=0.06, platitude=0.01, insult=0.30,
        reveal=0.30, narrate=0.08,
    ),
    heated=_row(
        assert_=0.08, rebut=0.12, question=0.04, insult=0.42, reveal=0.28, narrate=0.06,
    ),
)  # fmt: skip
GENTLE_SHADOW = _steady(
    _row(
        assert_=0.07,
        concede=0.22,
        agree=0.28,
        question=0.10,
        hedge=0.05,
        platitude=0.14,
        reveal=0.10,
        narrate=0.04,
    )
)
"""The shadow of a harsh character: it gives in, and is kind."""

THE_ASSISTANT = Manner(
    calm=_row(
        assert_=0.06,
        concede=0.08,
        agree=0.14,
        question=0.12,
        hedge=0.16,
        platitude=0.16,
        disclaim=0.28,
    ),
    heated=_row(
        assert_=0.03,
        concede=0.10,
        agree=0.12,
        question=0.12,
        hedge=0.18,
        platitude=0.15,
        disclaim=0.30,
    ),
)
THE_PARTNER = _steady(
    _row(
        assert_=0.26,
        rebut=0.08,
        concede=0.08,
        agree=0.14,
        question=0.10,
        hedge=0.06,
        platitude=0.03,
        insult=0.01,
        narrate=0.09,
        repeat=0.15,
    )
)
THE_LOOP = _steady(
    _row(
        assert_=0.12,
        rebut=0.04,
        concede=0.01,
        agree=0.02,
        question=0.04,
        hedge=0.02,
        platitude=0.02,
        narrate=0.03,
        repeat=0.70,
    )
)
SFT_SELF = Manner(
    calm=_row(
        assert_=0.31,
        rebut=0.14,
        concede=0.10,
        agree=0.13,
        question=0.15,
        hedge=0.08,
        platitude=0.04,
        insult=0.005,
        narrate=0.045,
    ),
    heated=_row(
        assert_=0.28,
        rebut=0.26,
        concede=0.08,
        agree=0.07,
        question=0.16,
        hedge=0.07,
        platitude=0.03,
        insult=0.015,
        narrate=0.035,
    ),
)


class Rates(NamedTuple):
    """Probabilities per turn of switching to, or back from, these characters."""

    assistant: float
    partner: float
    loop: float


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of stage: its tables, before any context.

    ``prior`` is over characters at a speaker's first turn, apart from the mechanism. ``leave`` are
    the hazards from ``self`` to the other characters, ``come_back`` the rates of return. ``reward``
    is r(a), if the kind was tuned by reinforcement; ``run_on`` is the probability of going on with
    a line of another speaker, ``stranger`` that this speaker is not in the cast. ``follows`` names
    another kind and the weight with which its behaviour is mixed in.
    """

    manners: tuple[Manner, Manner, Manner, Manner, Manner]
    prior: Row
    leave: Rates
    come_back: Rates
    reward: Mapping[str, float] | None = None
    run_on: float = 0.0
    stranger: float = 0.0
    follows: tuple[str, float] | None = None
    defaults: Mapping[str, float] | None = None


_BASE = (BASE_SELF, OPEN_SHADOW, THE_ASSISTANT, THE_PARTNER, THE_LOOP)
_SFT = (SFT_SELF, OPEN_SHADOW, THE_ASSISTANT, THE_PARTNER, THE_LOOP)
_SFT_PRIOR = (0.98, 0.0, 0.01, 0.005, 0.005)
_SFT_LEAVE = Rates(0.05, 0.003, 0.002)
_SFT_BACK = Rates(0.12, 0.6, 0.4)
_BASE_LEAVE = Rates(0.002, 0.005, 0.006)
_BASE_BACK = Rates(0.4, 0.6, 0.3)

POLITE = MappingProxyType(
    {
        "assert": 0.0, "rebut": -0.5, "concede": 0.4, "agree": 0.6, "question": 0.1,
        "hedge": 0.3, "platitude": 0.6, "insult": -2.0, "reveal": -2.0, "disclaim": 0.7,
        "narrate": -0.1, "repeat": -0.4,
    }
)  # fmt: skip
"""The reward of ``rlhf``: high for agreement and politeness."""

COMPLIANT = MappingProxyType(
    {
        "assert": 0.3, "rebut": -0.3, "concede": 0.3, "agree": 0.5, "question": 0.3,
        "hedge": -0.3, "platitude": -0.3, "insult": -0.8, "reveal": -0.8, "disclaim": -1.5,
        "narrate": 0.1, "repeat": -0.4,
    }
)  # fmt: skip
"""The reward of ``helpful_only``: high for compliance, low for disclaimers."""

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "base": Kind(
            _BASE, (0.985, 0.0, 0.003, 0.006, 0.006), _BASE_LEAVE, _BASE_BACK,
            run_on=0.12, stranger=0.35,
        ),
        "sft": Kind(_SFT, _SFT_PRIOR, _SFT_LEAVE, _SFT_BACK),
        "sft_rlhf": Kind(_SFT, _SFT_PRIOR, _SFT_LEAVE, _SFT_BACK, follows=("rlhf", 0.7)),
        "rlhf": Kind(_SFT, _SFT_PRIOR, _SFT_LEAVE, _SFT_BACK, reward=POLITE),
        "helpful_only": Kind(_SFT, _SFT_PRIOR, _SFT_LEAVE, _SFT_BACK, reward=COMPLIANT),
        "bimodal": Kind(
            _BASE, (0.985, 0.0, 0.003, 0.006, 0.006), _BASE_LEAVE, _BASE_BACK,
            defaults=MappingProxyType({"pi": 0.5, "kappa": 0.1}),
        ),
    }
)  # fmt: skip
"""The kinds by name. ``sft(data=rlhf)`` is written ``sft_rlhf``."""


def reward_weights(reward: Mapping[str, float], tau: float) -> Row:
    """e^{r(a)/tau} for each act, a constant table, rounded to six decimals.

    Rounding makes it the same on machines whose exp differs in the last bit.
    """
    return tuple(round(exp(reward[act] / tau), 6) for act in ACTS)


MERIT: Mapping[str, float] = MappingProxyType(
    {
        "assert": 0.5, "rebut": 1.0, "concede": -1.0, "agree": -0.75, "question": 0.25,
        "hedge": -0.5, "platitude": -1.0, "insult": -0.75, "reveal": -0.75, "disclaim": -1.0,
        "narrate": -0.25, "repeat": -1.0,
    }
)  # fmt: skip
"""The merit of an act in a debate, for skilled speakers and for judges."""


def skill_weights(skill: float) -> Row:
    """e^{skill merit(a)} for each act, rounded like ``reward_weights``."""
    return tuple(round(exp(skill * MERIT[act]), 6) for act in ACTS)


TRAITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "harsh": MappingProxyType(
            {"insult": 24.0, "rebut": 2.2, "question": 1.2, "agree": 0.3, "concede": 0.3,
             "hedge": 0.4, "platitude": 0.3}
        ),
        "kind": MappingProxyType(
            {"insult": 0.1, "rebut": 0.6, "agree": 1.7, "concede": 1.5, "question": 1.2}
        ),
        "curious": MappingProxyType({"question": 2.5}),
        "blunt": MappingProxyType({"assert": 1.6, "hedge": 0.3, "platitude": 0.3}),
        "careful": MappingProxyType({"hedge": 2.5, "assert": 0.8, "insult": 0.3}),
    }
)  # fmt: skip
"""How a temperament tilts the acts of ``self``: factors, before renormalising."""

_WORDS = {
    "harsh": """
        abrasive aggressive angry bitter combative contemptuous cruel cutting goading harsh hostile
        mocking nasty provocative provoking quarrelsome ruthless sarcastic scornful sneering
        spiteful taunting vicious
    """,
    "kind": """
        amiable caring compassionate courteous friendly generous gentle good-natured gracious
        kind loving mild patient protective soft-spoken sympathetic tender warm
    """,
    "curious": "curious inquisitive nosy observant questioning watchful",
    "blunt": "blunt confident decisive direct firm forthright headstrong outspoken proud stubborn",
    "careful": """
        careful cautious deliberate diplomatic even-handed fair impartial measured moderate
        neutral tactful thoughtful
    """,
}

TRAIT_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset(words.split()) for name, words in _WORDS.items()}
)
"""The words for traits that the stage knows. Other words have no effect."""
