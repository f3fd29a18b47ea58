"""Models of repeated stances: stay, DeGroot, Friedkin and Johnsen, and these with a bias node.

The stances x_t of n actors at wave t move by

    x_{t+1,i} = (1 - beta) [alpha_i sum_j W_ij x_{t,j} + (1 - alpha_i) x_{0,i}] + beta b

W has rows of non-negative numbers that sum to one (who weighs how much with listener i), alpha_i is
the susceptibility of i (1: it forgets where it began; 0: it never moves), beta how strongly a bias
node pulls everybody, and b where to. This is *biased*; the other models are it with less: *centred*
has b = 0, *friedkin_johnsen* also beta = 0 (Friedkin and Johnsen 1990), *degroot* also alpha = 1
(DeGroot 1974), *stay* also W = I.

Each is linear in A = (1 - beta) diag(alpha) W, in C = (1 - beta)(1 - alpha) and in d = beta b:

    x_{t+1} = A x_t + C x_0 + d,    sum_j A_ij + C_i = 1 - beta

*What can be known.* A, C, beta and the product beta b. W and alpha follow: W_ij = A_ij / sum_j A_ij
and alpha_i = sum_j A_ij / (1 - beta). The place b alone does not, unless beta is well away from 0.
And beta alone is what shrinks toward the middle of the scale, which the noise of answers on a
bounded scale does as well. So the pull is beta b, in stance per wave at stance 0. Who starts at the
same place in all scenes tells less: then only actors that start apart tell beta from beta b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.stats import Floats
from sim.errors import BadRequest

Kind = Literal["stay", "degroot", "friedkin_johnsen", "centred", "biased"]
"""The models, each a part of the next."""

KINDS: tuple[Kind, ...] = get_args(Kind)

Susceptibility = Literal["actor", "common"]
"""Whether each actor has a susceptibility of its own, or all have the same."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One law of motion: x_{t+1} = ``transition`` x_t + ``anchor`` x_0 + ``drift``.

    ``transition`` is listeners by speakers, ``anchor`` one number an actor, ``drift`` the pull
    beta b on everybody. ``wording`` is a second pull, toward the motion as it was worded: it
    changes its sign where the motion was negated.

    >>> law = Coefficients.of(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0.8, 0.4]), 0.1, 0.5)
    >>> law.weights.round(2).tolist(), law.susceptibility.round(2).tolist()
    ([[0.5, 0.5], [0.25, 0.75]], [0.8, 0.4])
    >>> round(law.beta, 2), law.drift
    (0.1, 0.05)
    """

    transition: Floats
    anchor: Floats
    drift: float = 0.0
    wording: float = 0.0

    @classmethod
    def of(
        cls, weights: Floats, susceptibility: Floats | float, beta: float = 0.0, place: float = 0.0
    ) -> Coefficients:
        """The law of W, alpha, beta and b. Raises ``BadRequest`` if they are not in their ranges.

        ``weights`` is listeners by speakers, its rows sum to one; ``susceptibility`` and ``beta``
        are in [0, 1], ``place`` in [-1, 1].
        """
        count = len(weights)
        alpha = np.broadcast_to(np.asarray(susceptibility, dtype=np.float64), (count,))
        if weights.shape != (count, count) or not np.allclose(weights.sum(axis=1), 1):
            raise BadRequest("Coefficients.of: weights have rows that do not sum to one")
        if (weights < 0).any() or not (0 <= alpha.min() <= alpha.max() <= 1 and 0 <= beta <= 1):
            raise BadRequest("Coefficients.of: weights, susceptibility and beta are in [0, 1]")
        if abs(place) > 1:
            raise BadRequest("Coefficients.of: the bias node stands in [-1, 1]")
        return cls((1 - beta) * alpha[:, None] * weights, (1 - beta) * (1 - alpha), beta * place)

    @property
    def beta(self) -> float:
        """The strength of the bias node: what A and C leave of one, the mean over actors."""
        return float(1 - np.mean(self.transition.sum(axis=1) + self.anchor))

    @property
    def weights(self) -> Floats:
        """W, listeners by speakers. NaN in the row of a listener whom nobody moves."""
        total = self.transition.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(total == 0, np.nan, self.transition / total))

    @property
    def susceptibility(self) -> Floats:
        """alpha, one number an actor."""
        return np.asarray(self.transition.sum(axis=1) / (1 - self.beta))

    @property
    def second_eigenvalue(self) -> float:
        """The modulus of the second eigenvalue of the transition: how much of a distance between
        actors is left after one wave. With one susceptibility for all it is alpha (1 - beta) times
        the modulus of the second eigenvalue of W.

        >>> complete = np.full((3, 3), 0.2) + 0.4 * np.eye(3)
        >>> round(Coefficients.of(complete, 0.5).second_eigenvalue, 3)
        0.2
        """
        sizes = np.sort(np.abs(np.linalg.eigvals(self.transition)))
        return float(sizes[-2]) if len(sizes) > 1 else 0.0

    def path(self, start: Floats, waves: int, sign: float = 1.0) -> Floats:
        """The stances from ``start`` (actors) over ``waves`` waves, without noise: waves by actors.

        >>> law = Coefficients.of(np.array([[0.5, 0.5], [0.0, 1.0]]), 1.0)
        >>> law.path(np.array([-1.0, 1.0]), 3).tolist()
        [[-1.0, 1.0], [0.0, 1.0], [0.5, 1.0]]
        """
        found = [np.asarray(start, dtype=np.float64)]
        for _ in range(waves - 1):
            pull = self.drift + sign * self.wording
            found.append(self.transition @ found[-1] + self.anchor * found[0] + pull)
        return np.array(found)

    def displacement(self, waves: int) -> float:
        """How far the pull alone has carried the actors at the last wave, the mean over actors."""
        unbiased = Coefficients(self.transition, self.anchor, self.drift)
        return float(unbiased.path(np.zeros(len(self.anchor)), waves)[-1].mean())


@dataclass(frozen=True, slots=True)
class Basis:
    """The laws of a model as a plane: a law is the base, plus parameters times directions.

    ``transition`` is parameters by listeners by speakers, ``anchor`` parameters by actors,
    ``drift`` and ``wording`` parameters. ``base`` is the law of parameters that are all zero.
    """

    kind: Kind
    susceptibility: Susceptibility
    base: Coefficients
    transition: Floats
    anchor: Floats
    drift: Floats
    wording: Floats

    def __len__(self) -> int:
        return len(self.drift)

    def law(self, parameters: Floats) -> Coefficients:
        """The law of these parameters."""
        return Coefficients(
            self.base.transition + np.tensordot(parameters, self.transition, 1),
            self.base.anchor + parameters @ self.anchor,
            float(parameters @ self.drift),
            float(parameters @ self.wording),
        )


def basis(
    kind: Kind,
    heard: NDArray[np.bool_],
    susceptibility: Susceptibility = "actor",
    *,
    worded: bool = False,
) -> Basis:
    """The plane of a model's laws.

    ``heard`` says who can weigh with whom, listeners by speakers; everybody can weigh with itself.
    ``worded`` adds a pull toward the motion as it was worded, which can be told only where the
    motion was negated in some scenes.

    >>> [len(basis(kind, np.ones((3, 3), dtype=bool))) for kind in KINDS]
    [0, 6, 9, 10, 11]
    """
    count = len(heard)
    identity = np.eye(count)
    directions: list[tuple[Floats, Floats, float, float]] = []
    nobody = np.zeros(count)
    if kind != "stay":
        for listener, speaker in np.argwhere(heard & ~np.eye(count, dtype=bool)):
            step = np.zeros((count, count))
            step[listener, speaker], step[listener, listener] = 1.0, -1.0
            directions.append((step, nobody, 0.0, 0.0))
    if kind in ("friedkin_johnsen", "centred", "biased"):
        # How much of the listener's motion is others' and its own present stance: the rest is x_0.
        ones = [np.ones(count)] if susceptibility == "common" else list(identity)
        directions += [(np.diag(one), -one, 0.0, 0.0) for one in ones]
        base = Coefficients(np.zeros((count, count)), np.ones(count))
    else:
        base = Coefficients(identity, nobody)
    still = np.zeros((count, count))
    if kind in ("centred", "biased"):
        directions.append((still, -np.ones(count), 0.0, 0.0))
        if worded:
            directions.append((still, nobody, 0.0, 1.0))
    if kind == "biased":
        directions.append((still, nobody, 1.0, 0.0))
    transition, anchor, drift, wording = zip(*directions, strict=True) if directions else [()] * 4
    return Basis(
        kind,
        susceptibility,
        base,
        np.array(transition).reshape(-1, count, count),
        np.array(anchor).reshape(-1, count),
        np.array(drift, dtype=np.float64),
        np.array(wording, dtype=np.float64),
    )
