"""The normal likelihood of stances that move by a law and are read with noise.

What actors think is not what they answer: answers are drawn, rounded, bounded. A regression of
answers on earlier answers takes that noise for indifference (errors in variables; Fuller 1987) and
finds weights too small and a pull to the middle. So the noise is part of the model:

    x_{t+1} = A x_t + C x_0 + d + u_{t+1},    y_t = x_t + e_t

with x_0 of mean mu (one for each wording of the motion) and covariance S, u of covariance Q (any:
whatever is said aloud differs from what is thought, and all hear it), and e independent over actors
and waves, with a variance for each actor at the first wave and another at all later ones. The
answers of one scene, waves times actors, are then one normal vector, whose mean and covariance are
functions of the parameters: scenes enter by their means and covariances alone, and a fit takes as
long for 2,000 scenes as for 20 (Browne and Arminger 1995 on such structures).

Nothing needs to be normal. The estimate is consistent wherever mean and covariance have this form,
and errors by scenes (White 1982) say how precise it is; see ``analysis.opinions.fit``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from analysis.opinions.models import Basis, Coefficients
from analysis.opinions.panel import Panel
from analysis.stats import Floats

LEAST_VARIANCE = 1e-4


@dataclass(frozen=True)
class Group:
    """Scenes of as many waves and one wording: their sign, and their answers as rows."""

    sign: float
    rows: Floats

    @cached_property
    def mean(self) -> Floats:
        """The mean of the rows."""
        return np.asarray(self.rows.mean(axis=0))

    @cached_property
    def spread(self) -> Floats:
        """The covariance of the rows about their mean, divided by their number."""
        apart = self.rows - self.mean
        return np.asarray(apart.T @ apart / len(self.rows))


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of a group's answers under some parameters, and how they change.

    ``root`` is the inverse of the covariance's Cholesky root, so that ``root @ (y - mean)`` has
    independent entries of variance one. ``mean_by`` is parameters by answers and
    ``covariance_by`` parameters by answers squared, both seen through ``root``.
    """

    mean: Floats
    root: Floats
    mean_by: Floats
    covariance_by: Floats


class Likelihood:
    """The log-likelihood of a panel under a model, and its derivatives.

    The parameters are, in order, those of the basis (``structural`` of them), mu for each wording,
    the lower triangles of S and of Q, and the variances of noise at the first wave and later.
    With ``steady`` False there are two Q, one for the first step and one for all later ones.
    ``signs`` are the wordings that the parameters know, those of the panel unless they are given.
    """

    def __init__(
        self,
        panel: Panel,
        plane: Basis,
        signs: Sequence[float] | None = None,
        *,
        steady: bool = True,
    ) -> None:
        self.plane = plane
        self.steady = steady
        self.structural = len(plane)
        self.count = len(panel.names)
        lengths = panel.waves
        self.waves = int(lengths.max())
        self.signs = tuple(map(float, np.unique(panel.sign))) if signs is None else tuple(signs)
        self.groups: list[Group] = []
        self.members: list[np.ndarray] = []
        for waves in np.unique(lengths):
            for sign in self.signs:
                chosen = np.flatnonzero((lengths == waves) & (panel.sign == sign))
                if len(chosen):
                    rows = panel.values[chosen, :waves].reshape(len(chosen), -1)
                    self.groups.append(Group(sign, rows))
                    self.members.append(chosen)
        self.scenes = len(lengths)
        self.low, self.right = np.tril_indices(self.count)
        self.sizes = (
            self.structural, self.count * len(self.signs),
            *[len(self.low)] * (2 if steady else 3), self.count, self.count,
        )  # fmt: skip
        self._moving = self._directions()

    # --- The parts of the parameters -------------------------------------------------------------

    def parts(self, parameters: Floats) -> list[Floats]:
        """The parameters by kind: structural, mu, S, Q, noise at the first wave, noise later."""
        return list(np.split(parameters, np.cumsum(self.sizes)[:-1]))

    def law(self, parameters: Floats) -> Coefficients:
        """The law of motion of these parameters."""
        return self.plane.law(parameters[: self.structural])

    def _directions(self) -> Floats:
        """How the matrix that takes stances to their shocks changes with each parameter."""
        count, size = self.count, self.count * self.waves
        moving = np.zeros((self.structural, size, size))
        for wave in range(1, self.waves):
            here, before = self._block(wave), self._block(wave - 1)
            moving[:, here, before] -= self.plane.transition
            for actor in range(count):
                moving[:, wave * count + actor, actor] -= self.plane.anchor[:, actor]
        return moving

    def _block(self, wave: int) -> slice:
        return slice(wave * self.count, (wave + 1) * self.count)

    def _shocks(self, structural: Floats) -> Floats:
        """The matrix that takes the stances of all waves to (x_0, u_1, u_2, ...), but for d."""
        size = self.count * self.waves
        base = np.eye(size)
        for wave in range(1, self.waves):
            base[self._block(wave), self._block(wave - 1)] -= self.plane.base.transition
            base[self._block(wave), self._block(0)] -= np.diag(self.plane.base.anchor)
        return np.asarray(base + np.tensordot(structural, self._moving, 1))

    def _square(self, triangle: Floats) -> Floats:
        square = np.zeros((self.count, self.count))
        square[self.low, self.right] = triangle
        square[self.right, self.low] = triangle
        return square

    def bounded(self, parameters: Floats, *, all_of_them: bool) -> Floats:
        """These parameters with variances that can be: standard deviations of 0.01 at least.

        Of the noise at later waves, or of everything. Where nobody weighs with an actor, its noise
        and its shocks cannot be told apart, and one would go down as the other goes up.
        """
        structural, start, *squares, first, later = self.parts(parameters)
        later = np.maximum(later, LEAST_VARIANCE)
        if not all_of_them:
            return np.concatenate([structural, start, *squares, first, later])
        for place, triangle in enumerate(squares):
            values, vectors = np.linalg.eigh(self._square(triangle))
            if values[0] < LEAST_VARIANCE:
                square = (vectors * np.maximum(values, LEAST_VARIANCE)) @ vectors.T
                squares[place] = square[self.low, self.right]
        first = np.maximum(first, LEAST_VARIANCE)
        return np.concatenate([structural, start, *squares, first, later])

    def free(self, parameters: Floats, gradient: Floats) -> NDArray[np.bool_]:
        """Which parameters may go where the gradient leads: not a noise that is at its least."""
        free = np.ones(len(parameters), dtype=bool)
        last = slice(-self.count, None)
        free[last] = (parameters[last] > LEAST_VARIANCE) | (gradient[last] > 0)
        return free

    # --- Moments ---------------------------------------------------------------------------------

    def moments(self, parameters: Floats, *, changes: bool = True) -> Iterator[Moments]:
        """The moments of each group. Raises ``LinAlgError`` where a covariance is not positive."""
        structural, start, initial, *shocks, first, later = self.parts(parameters)
        count, size = self.count, self.count * self.waves
        back: Floats = np.asarray(np.linalg.inv(self._shocks(structural)), dtype=np.float64)
        variance = np.zeros((size, size))
        variance[:count, :count] = self._square(initial)
        for wave in range(1, self.waves):
            shock = shocks[0] if wave == 1 else shocks[-1]
            variance[self._block(wave), self._block(wave)] = self._square(shock)
        stances = back @ variance @ back.T
        noise = np.concatenate([first, *[later] * (self.waves - 1)])
        covariance = stances + np.diag(noise)
        by = self._covariance_by(back, stances) if changes else np.empty((0, size, size))
        pull = self.law(parameters)
        for group in self.groups:
            length = group.rows.shape[1]
            place = self.signs.index(group.sign)
            given = np.full(size, pull.drift + group.sign * pull.wording)
            given[:count] = start[place * count : (place + 1) * count]
            mean = back @ given
            lower = np.linalg.cholesky(covariance[:length, :length])
            root = np.asarray(solve_triangular(lower, np.eye(length), lower=True))
            if not changes:
                yield Moments(mean[:length], root, np.empty((0, length)), np.empty((0, 0)))
                continue
            seen = root @ by[:, :length, :length] @ root.T
            mean_by = self._mean_by(back, mean, group.sign, place)[:, :length] @ root.T
            yield Moments(mean[:length], root, mean_by, seen.reshape(len(seen), -1))

    def _covariance_by(self, back: Floats, stances: Floats) -> Floats:
        count, size = self.count, self.count * self.waves
        moved = -(back @ self._moving) @ stances
        parts = [moved + moved.transpose(0, 2, 1), np.zeros((self.sizes[1], size, size))]
        # The columns of ``back`` that carry the shocks of each actor: of the start, and of later.
        columns = back.reshape(size, self.waves, count)
        steps = [1] if self.steady else [1, 2]
        for chosen in np.split(columns, [*steps], axis=1):
            pairs = np.einsum("swi,rwj->ijsr", chosen, chosen, optimize=True)
            pairs = pairs[self.low, self.right]
            both = pairs + pairs.transpose(0, 2, 1)
            both[self.low == self.right] /= 2
            parts.append(both)
        for waves in (range(1), range(1, self.waves)):
            diagonal = np.zeros((count, size, size))
            for actor in range(count):
                for wave in waves:
                    diagonal[actor, wave * count + actor, wave * count + actor] = 1.0
            parts.append(diagonal)
        return np.concatenate(parts)

    def _mean_by(self, back: Floats, mean: Floats, sign: float, place: int) -> Floats:
        count, size = self.count, self.count * self.waves
        given = np.zeros((self.structural, size))
        given[:, count:] = (self.plane.drift + sign * self.plane.wording)[:, None]
        by = np.zeros((sum(self.sizes), size))
        by[: self.structural] = (given - self._moving @ mean) @ back.T
        begin = self.structural + place * count
        by[begin : begin + count] = back[:, :count].T
        return by

    # --- What is made of them --------------------------------------------------------------------

    def value(self, parameters: Floats) -> float:
        """The log-likelihood, without its constant; minus infinity where there is none."""
        total = 0.0
        try:
            for group, moments in zip(
                self.groups, self.moments(parameters, changes=False), strict=True
            ):
                total += len(group.rows) * _value(group, moments)
        except np.linalg.LinAlgError:
            return -np.inf
        return total

    def slope(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        """The log-likelihood, its gradient, and the expected information."""
        size = sum(self.sizes)
        total, gradient, information = 0.0, np.zeros(size), np.zeros((size, size))
        for group, moments in zip(self.groups, self.moments(parameters), strict=True):
            number = len(group.rows)
            total += number * _value(group, moments)
            off, apart = _seen(group, moments)
            excess = (off + np.outer(apart, apart) - np.eye(len(off))).ravel()
            gradient += number * (moments.covariance_by @ excess / 2 + moments.mean_by @ apart)
            information += number * (
                moments.covariance_by @ moments.covariance_by.T / 2
                + moments.mean_by @ moments.mean_by.T
            )
        return total, gradient, information

    def scores(self, parameters: Floats) -> Floats:
        """The gradient of each scene, scenes by parameters."""
        found = np.zeros((self.scenes, sum(self.sizes)))
        for group, members, moments in zip(
            self.groups, self.members, self.moments(parameters), strict=True
        ):
            apart = (group.rows - moments.mean) @ moments.root.T
            length = apart.shape[1]
            squares = np.einsum("si,sj->sij", apart, apart).reshape(len(apart), -1)
            excess = squares - np.eye(length).ravel()
            found[members] = excess @ moments.covariance_by.T / 2 + apart @ moments.mean_by.T
        return found

    def errors(self, parameters: Floats) -> Floats:
        """What each answer differs from the best guess by the scene's earlier answers.

        Scenes by waves by actors; NaN at the first wave and where there is no answer.
        """
        found = np.full((self.scenes, self.waves, self.count), np.nan)
        for group, members, moments in zip(
            self.groups, self.members, self.moments(parameters, changes=False), strict=True
        ):
            apart = (group.rows - moments.mean) @ moments.root.T
            lower = np.linalg.inv(moments.root)
            for wave in range(1, group.rows.shape[1] // self.count):
                block = self._block(wave)
                found[members, wave] = apart[:, block] @ lower[block, block].T
        return found


def _seen(group: Group, moments: Moments) -> tuple[Floats, Floats]:
    return (
        np.asarray(moments.root @ group.spread @ moments.root.T),
        np.asarray(moments.root @ (group.mean - moments.mean)),
    )


def _value(group: Group, moments: Moments) -> float:
    off, apart = _seen(group, moments)
    logs = float(np.log(np.diag(moments.root)).sum())
    return float(logs - (np.trace(off) + apart @ apart) / 2)
