"""The likelihood: against SciPy's normal law, against differences, and against drawn stances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from backstage.opinions import panel
from scipy.stats import multivariate_normal

from analysis.opinions.likelihood import Likelihood
from analysis.opinions.models import Coefficients, basis
from analysis.opinions.panel import Panel
from analysis.stats import Floats

LAW = Coefficients.of(np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([0.8, 0.6]), 0.1, 0.5)


def ragged() -> Panel:
    """Scenes of four, five and six waves, half of them with a negated motion."""
    whole = panel(LAW, 30, seed=3)
    values = whole.values.copy()
    values[:8, 4:] = np.nan
    values[8:12, 5, 1] = np.nan
    return replace(whole, values=values, sign=np.where(np.arange(30) % 2, 1.0, -1.0))


def case() -> tuple[Likelihood, Floats]:
    """A likelihood and parameters with all kinds of covariances."""
    given = ragged()
    plane = basis("biased", given.heard, worded=True)
    likelihood = Likelihood(given, plane)
    return likelihood, np.array([
        0.3, 0.2, 0.7, 0.5, 0.1, 0.02, 0.04,  # W, alpha, beta, the wording, the pull
        0.1, -0.1, 0.2, 0.0,  # where actors begin, for each wording
        0.3, 0.05, 0.25,  # its covariance
        0.05, 0.01, 0.04,  # that of shocks
        0.03, 0.02, 0.04, 0.05,  # noise
    ])  # fmt: skip


def dense(likelihood: Likelihood, parameters: Floats, sign: float) -> tuple[Floats, Floats]:
    """Mean and covariance of six waves, by running the law over unit shocks."""
    structural, start, initial, shock, first, later = likelihood.parts(parameters)
    law = likelihood.law(parameters)
    place = likelihood.signs.index(sign)
    mean = law.path(start[2 * place : 2 * place + 2], 6, sign).ravel()
    still = Coefficients(law.transition, law.anchor)
    lifts = [still.path(unit, 6).ravel() for unit in np.eye(2)]
    for wave in range(1, 6):
        for unit in np.eye(2):
            free = Coefficients(law.transition, np.zeros(2))
            late = free.path(unit, 6 - wave).ravel()
            lifts.append(np.concatenate([np.zeros(2 * wave), late]))
    lift = np.array(lifts).T
    variance = np.zeros((12, 12))
    variance[:2, :2] = [[initial[0], initial[1]], [initial[1], initial[2]]]
    for wave in range(1, 6):
        block = slice(2 * wave, 2 * wave + 2)
        variance[block, block] = [[shock[0], shock[1]], [shock[1], shock[2]]]
    noise = np.concatenate([first, *[later] * 5])
    assert len(structural) == likelihood.structural
    return mean, lift @ variance @ lift.T + np.diag(noise)


def test_it_is_the_normal_law_of_the_recursion() -> None:
    likelihood, parameters = case()
    given = ragged()
    total = 0.0
    for values, sign, waves in zip(given.values, given.sign, given.waves, strict=True):
        mean, covariance = dense(likelihood, parameters, float(sign))
        size = 2 * int(waves)
        seen = values[:waves].ravel()
        normal = multivariate_normal(mean[:size], covariance[:size, :size])
        total += float(normal.logpdf(seen)) + size / 2 * np.log(2 * np.pi)
    assert likelihood.value(parameters) == pytest.approx(total)


def test_the_slope_is_that_of_differences() -> None:
    likelihood, parameters = case()
    value, gradient, information = likelihood.slope(parameters)
    assert value == pytest.approx(likelihood.value(parameters))
    step = 1e-6
    for place, unit in enumerate(np.eye(len(parameters))):
        there = likelihood.value(parameters + step * unit)
        back = likelihood.value(parameters - step * unit)
        assert gradient[place] == pytest.approx((there - back) / (2 * step), rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(information, information.T)
    assert np.linalg.eigvalsh(information).min() > 0


def test_scenes_add_up_to_the_slope() -> None:
    likelihood, parameters = case()
    scores = likelihood.scores(parameters)
    assert scores.shape == (30, len(parameters))
    np.testing.assert_allclose(scores.sum(axis=0), likelihood.slope(parameters)[1], atol=1e-8)


def test_the_information_is_the_variance_of_scores_where_all_is_normal() -> None:
    likelihood, parameters = case()
    generator = np.random.default_rng(0)
    mean, covariance = dense(likelihood, parameters, 1.0)
    values = generator.multivariate_normal(mean, covariance, size=20_000).reshape(-1, 6, 2)
    drawn = Panel.of(values)
    own = Likelihood(drawn, basis("biased", drawn.heard, worded=True), signs=(-1.0, 1.0))
    scores = own.scores(parameters)
    # No scene has the other wording: its mean is not asked for.
    known = np.flatnonzero(own.slope(parameters)[2].diagonal() > 0)
    expected = own.slope(parameters)[2][np.ix_(known, known)] / len(values)
    seen = scores[:, known].T @ scores[:, known] / len(values)
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    np.testing.assert_allclose(seen / scale, expected / scale, atol=0.06)


def test_what_is_foretold_is_the_conditional_mean() -> None:
    likelihood, parameters = case()
    given = ragged()
    errors = likelihood.errors(parameters)
    scene = 20
    mean, covariance = dense(likelihood, parameters, float(given.sign[scene]))
    seen = given.values[scene].ravel()
    for wave in range(1, 6):
        past, now = slice(0, 2 * wave), slice(2 * wave, 2 * wave + 2)
        weights = np.linalg.solve(covariance[past, past], covariance[past, now])
        guess = mean[now] + (seen[past] - mean[past]) @ weights
        np.testing.assert_allclose(errors[scene, wave], seen[now] - guess)
    assert np.isnan(errors[:, 0]).all()
    assert np.isnan(errors[0, 4:]).all()


def test_where_there_is_no_normal_law_there_is_no_height() -> None:
    likelihood, parameters = case()
    parameters[-1] = -5.0
    assert likelihood.value(parameters) == -np.inf
