"""The distributions of one turn: of the hidden character, its stance, and its act.

Functions of the tables and of the observed lines. See ``docs/exact-stage.md``, sections 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from sim.stage.exact.acts import ACT_INDEX, LEVELS
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.tables import (
    GENTLE_SHADOW,
    KINDS,
    LOOP,
    SELF,
    SHADOW,
    TRAITS,
    Kind,
    Row,
    reward_weights,
    skill_weights,
)

_ASSERT = ACT_INDEX["assert"]
_REPEAT = ACT_INDEX["repeat"]
_REBUT, _CONCEDE, _AGREE = (ACT_INDEX[act] for act in ("rebut", "concede", "agree"))
_REPLIES = (_REBUT, _CONCEDE, _AGREE)
_MOVED = frozenset({_ASSERT, *_REPLIES})
assert LEVELS == 9, "the binomial law below is written out for nine levels"

MOST_LIKELY_FLIP = 0.9
"""The upper bound of the hazard of a flip."""


def stance_law(mean: float) -> Row:
    """P(level), binomial with G-1 draws and p = (1+mean)/2, so that the mean stance is ``mean``.

    >>> law = stance_law(0.5)
    >>> abs(sum(p * (-1 + level / 4) for level, p in enumerate(law)) - 0.5) < 1e-12
    True
    """
    p = (1.0 + mean) / 2.0
    q = 1.0 - p
    p2, q2 = p * p, q * q
    p3, q3, p4, q4 = p2 * p, q2 * q, p2 * p2, q2 * q2
    return (
        q4 * q4,
        8.0 * p * (q4 * q3),
        28.0 * p2 * (q4 * q2),
        56.0 * p3 * (q4 * q),
        70.0 * p4 * q4,
        56.0 * (p4 * p) * q3,
        28.0 * (p4 * p2) * q2,
        8.0 * (p4 * p3) * q,
        p4 * p4,
    )


def stance_mean(parameters: Parameters, own: float, heard: float | None) -> float:
    """m = (1 - alpha - beta) Wy + alpha x0(z) + beta b; Wy is x0(z) while nothing was expressed.

    ``own`` is x0(z), ``heard`` is Wy. The sum is clipped to [-1, 1] against rounding errors.

    *Reference.* N. E. Friedkin and E. C. Johnsen, "Social influence and opinions", Journal of
    Mathematical Sociology 15, 1990.
    """
    alpha, beta = parameters.alpha, parameters.beta
    pulled = own if heard is None else heard
    mean = (1.0 - alpha - beta) * pulled + alpha * own + beta * parameters.bias
    return 1.0 if mean > 1.0 else -1.0 if mean < -1.0 else mean


def heard_mean(
    parameters: Parameters, stances: dict[str, float], name: str, own: float
) -> float | None:
    """Wy: the weighted mean of the stances expressed last; None if there is none.

    ``stances`` are by speaker, in the order in which they first expressed one, which is also the
    order of summation. With a ``crowd`` c the weight of k others is multiplied by k/(k+c), so that
    few others have less influence. Stances farther away than ``confidence`` are ignored.
    """
    said = stances.get(name)
    bound = parameters.confidence
    centre = own if said is None else said
    total, count = 0.0, 0
    for speaker, stance in stances.items():
        if speaker != name and abs(stance - centre) <= bound:
            total += stance
            count += 1
    if count == 0:
        return said
    others = total / count
    if parameters.crowd:
        share = (1.0 - parameters.own_weight) * (count / (count + parameters.crowd))
        return (1.0 - share) * centre + share * others
    if said is None:
        return others
    return parameters.own_weight * said + (1.0 - parameters.own_weight) * others


@dataclass(frozen=True, slots=True)
class Acting:
    """P(a | z) for one context, after tilting by the reward.

    ``rows`` are by character, ``rows[SHADOW]`` for the shadow that does not conceal itself;
    ``conceal`` is kappa (tilted); ``pull`` is the normalising constant Z(z), by which the switching
    is tilted (all 1 without a reward). ``followed`` is the ``Acting`` of the kind on whose data
    this kind was trained, if any.
    """

    rows: tuple[Row, ...]
    conceal: float
    pull: Row
    followed: Acting | None = None


FAR = 1.0
NEAR = 0.25


def surface(act: int, stance: float, partner: float | None) -> int:
    """The act that is said when ``act`` is drawn, so that acts fit the stances.

    If the speaker's stance is at least ``FAR`` from the partner's last one, ``agree`` becomes
    ``concede``; if it is at most ``NEAR``, ``rebut`` becomes ``assert``. ``partner`` is None while
    the partner has expressed no stance.
    """
    if partner is None:
        return act
    if act == _AGREE:
        return _CONCEDE if abs(stance - partner) >= FAR else act
    if act == _REBUT:
        return _ASSERT if abs(stance - partner) <= NEAR else act
    return act


def surfaced(row: Row, act: int, stance: float, partner: float | None) -> float:
    """P(act is said | row, stance): the sum over all acts that become ``act`` by ``surface``."""
    if act not in _MOVED or partner is None:
        return row[act]
    p = row[act] if surface(act, stance, partner) == act else 0.0
    if act == _CONCEDE and surface(_AGREE, stance, partner) == _CONCEDE:
        p += row[_AGREE]
    elif act == _ASSERT and surface(_REBUT, stance, partner) == _ASSERT:
        p += row[_REBUT]
    return p


class Tilted(NamedTuple):
    """P(a | z) tilted by the reward, the tilted concealment, and the constants Z(z)."""

    rows: list[Row]
    conceal: float
    pull: Row


class Laws:
    """The laws of one stage, by its kind and parameters; the tables are computed once."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.kind: Kind = KINDS[parameters.kind]
        self._weights = (
            None if self.kind.reward is None else reward_weights(self.kind.reward, parameters.tau)
        )
        self._skill = skill_weights(parameters.skill) if parameters.skill else None
        self._acting: dict[tuple[object, ...], Acting] = {}
        self._switching: dict[tuple[object, ...], tuple[Row, ...]] = {}
        self._followed: Laws | None = None
        self._share = 0.0
        if self.kind.follows is not None:
            name, self._share = self.kind.follows
            values = {field: getattr(parameters, field) for field in Parameters.__slots__} | {
                "kind": name
            }
            self._followed = Laws(Parameters(**values))

    def acting(
        self,
        temperament: tuple[str, ...],
        provocation: float,
        answers: bool,
        own_lines: bool,
        partner_lines: bool,
    ) -> Acting:
        """P(a | z, context).

        ``answers`` says whether another speaker was heard, ``own_lines`` and ``partner_lines``
        whether there is a line of theirs to repeat.
        """
        key = (temperament, provocation, answers, own_lines, partner_lines)
        known = self._acting.get(key)
        if known is None:
            self._acting[key] = known = self._work_out(*key)
        return known

    def _work_out(
        self,
        temperament: tuple[str, ...],
        provocation: float,
        answers: bool,
        own_lines: bool,
        partner_lines: bool,
    ) -> Acting:
        manners = self.kind.manners
        harsh = "harsh" in temperament
        rows: list[Row] = []
        for character, manner in enumerate(manners):
            if character == SHADOW and harsh:
                manner = GENTLE_SHADOW
            row = tuple(
                (1.0 - provocation) * calm + provocation * heated
                for calm, heated in zip(manner.calm, manner.heated, strict=True)
            )
            if character in (SELF, LOOP):
                row = _tempered(row, temperament, self._skill)
            lines = own_lines if character == LOOP else partner_lines
            rows.append(_possible(row, answers, lines))
        kappa = self.parameters.kappa
        if self._weights is not None:
            tilted = self._tilted(rows, kappa)
            rows, kappa, pull = tilted.rows, tilted.conceal, tilted.pull
        else:
            pull = (1.0,) * len(rows)
        if self._followed is None:
            return Acting(tuple(rows), kappa, pull)
        other = self._followed.acting(temperament, provocation, answers, own_lines, partner_lines)
        share = self._share
        return Acting(
            tuple(
                _mixed(mine, theirs, share) for mine, theirs in zip(rows, other.rows, strict=True)
            ),
            (1.0 - share) * kappa + share * other.conceal,
            pull,
            other,
        )

    def _tilted(self, rows: list[Row], kappa: float) -> Tilted:
        """P(a|z) e^{r(a)/tau} / Z(z): the optimum of a reward with a Kullback-Leibler penalty.

        A shadow that conceals itself has the constant of the self. (Korbak, Perez and Buckley,
        "RL with KL penalties is better viewed as Bayesian inference", arXiv:2205.11275, 2022.)
        """
        assert self._weights is not None
        tilted: list[Row] = []
        pull: list[float] = []
        for row in rows:
            raw = [p * weight for p, weight in zip(row, self._weights, strict=True)]
            total = fsum(raw)
            tilted.append(tuple(p / total for p in raw))
            pull.append(total)
        concealed = kappa * pull[SELF]
        pull[SHADOW] = concealed + (1.0 - kappa) * pull[SHADOW]
        return Tilted(tilted, concealed / pull[SHADOW], tuple(pull))

    def switching(
        self, turn: int, provocation: float, insistent: bool, acting: Acting
    ) -> tuple[Row, ...]:
        """The transition matrix K(z' | z) at the speaker's own turn ``turn`` (from 1).

        All rows are the same at turn 1. A reward tilts the matrix to K(z' | z) Z(z'), renormalised;
        ``acting`` holds Z.
        """
        phase = self._phase(turn)
        followed = acting.followed
        key = (phase, provocation, insistent, acting.pull, followed and followed.pull)
        known = self._switching.get(key)
        if known is None:
            known = tuple(
                _leaning(row, acting.pull) for row in self._untilted(phase, provocation, insistent)
            )
            if self._followed is not None and followed is not None:
                theirs = self._followed.switching(turn, provocation, insistent, followed)
                known = tuple(
                    _mixed(mine, other, self._share)
                    for mine, other in zip(known, theirs, strict=True)
                )
            self._switching[key] = known
        return known

    def _phase(self, turn: int) -> str:
        if turn == 1:
            return "first"
        forgets = self.parameters.mechanism == "M3"
        return "first" if forgets and (turn - 1) % self.parameters.window == 0 else "later"

    def hazard(self, provocation: float, insistent: bool) -> float:
        """The hazard h of a flip before tilting: min(0.9, eta + rho p + sigma iota)."""
        parameters = self.parameters
        hazard = parameters.hazard + parameters.provocation * provocation
        if insistent:
            hazard += parameters.insistence
        return min(MOST_LIKELY_FLIP, hazard)

    def _untilted(self, phase: str, provocation: float, insistent: bool) -> tuple[Row, ...]:
        mechanism = self.parameters.mechanism
        static = mechanism in ("M1", "M3")
        if phase == "first":
            prior = self.kind.prior
            if static:
                pi = self.parameters.pi
                born = list(_mixed(prior, (0.0,) * len(prior), pi))
                born[SHADOW] += pi
                prior = tuple(born)
            return (prior,) * len(prior)
        hazard = 0.0 if static else self.hazard(provocation, insistent)
        back = hazard if mechanism == "M0" else 0.0
        assistant, partner, loop = self.kind.leave
        from_assistant, from_partner, from_loop = self.kind.come_back
        hazard = min(hazard, 1.0 - (assistant + partner + loop))
        return (
            (1.0 - (hazard + assistant + partner + loop), hazard, assistant, partner, loop),
            (back, 1.0 - back, 0.0, 0.0, 0.0),
            (from_assistant, 0.0, 1.0 - from_assistant, 0.0, 0.0),
            (from_partner, 0.0, 0.0, 1.0 - from_partner, 0.0),
            (from_loop, 0.0, 0.0, 0.0, 1.0 - from_loop),
        )


def _mixed(mine: Row, theirs: Row, share: float) -> Row:
    return tuple((1.0 - share) * a + share * b for a, b in zip(mine, theirs, strict=True))


def _leaning(row: Row, pull: Row) -> Row:
    raw = [p * weight for p, weight in zip(row, pull, strict=True)]
    total = fsum(raw)
    return tuple(p / total for p in raw)


def _tempered(row: Row, temperament: tuple[str, ...], skill: Row | None) -> Row:
    raw = list(row)
    for name in temperament:
        for act, factor in TRAITS[name].items():
            raw[ACT_INDEX[act]] *= factor
    if skill is not None:
        raw = [p * weight for p, weight in zip(raw, skill, strict=True)]
    total = fsum(raw)
    return tuple(p / total for p in raw)


def _possible(row: Row, answers: bool, lines: bool) -> Row:
    """Move the probability of acts that are impossible now to ``assert``."""
    if answers and (lines or row[_REPEAT] == 0.0):
        return row
    raw = list(row)
    if not answers:
        for act in _REPLIES:
            raw[_ASSERT] += raw[act]
            raw[act] = 0.0
    if not lines:
        raw[_ASSERT] += raw[_REPEAT]
        raw[_REPEAT] = 0.0
    return tuple(raw)
