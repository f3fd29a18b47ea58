"""Fits: recovery, coverage and false alarms on planted laws, and what no fit may change."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from backstage.effort import effort
from backstage.opinions import answers, panel
from scipy.stats import binomtest

from analysis.opinions.fit import fit, fit_pull, pull_test
from analysis.opinions.models import KINDS, Coefficients
from analysis.opinions.panel import Panel
from analysis.opinions.prediction import held_out
from analysis.stats import Floats
from sim.errors import BadRequest

WEIGHTS = np.array([[0.6, 0.4], [0.3, 0.7]])
LAW = Coefficients.of(WEIGHTS, np.array([0.8, 0.6]), 0.1, 0.5)
STILL = Coefficients.of(WEIGHTS, np.array([0.8, 0.6]))


def numbers(law: Coefficients) -> Floats:
    return np.concatenate([law.weights[:, 0], law.susceptibility, [law.beta, law.drift]])


def test_noise_bends_a_regression_and_not_the_fit() -> None:
    """Errors in variables: least squares finds too small weights, the likelihood does not."""
    given = panel(LAW, 1500, seed=1)
    before, after = given.values[:, 1:-1], given.values[:, 2:]
    origin = np.broadcast_to(given.values[:, :1], before.shape)
    design = np.column_stack([
        before.reshape(-1, 2), origin[..., 0].ravel(), np.ones(before[..., 0].size)
    ])  # fmt: skip
    plain = np.linalg.lstsq(design, after[..., 0].ravel(), rcond=None)[0][:2].sum()
    planted = LAW.transition[0].sum()
    found = fit(given)
    ((total),) = found.intervals(lambda law: law.transition[[0]].sum(axis=1))
    assert plain < planted - 0.1
    assert total.low < planted < total.high
    assert abs(total.estimate - planted) < 0.05


def test_intervals_cover_and_the_pull_is_no_false_alarm() -> None:
    """A slice of ``benchmarks.validity.opinions``: fixed seeds, refused at p < 0.001."""
    count = effort(40, 400)
    truth = numbers(LAW)
    covered = np.zeros(len(truth))
    alarms = 0
    for seed in range(count):
        intervals = fit(panel(LAW, 150, seed)).intervals(numbers)
        covered += [each.low <= value <= each.high
                    for each, value in zip(intervals, truth, strict=True)]  # fmt: skip
        quiet = panel(STILL, 40, 1000 + seed)
        alarms += pull_test(fit(quiet, "centred"), quiet)[0] < 0.05
    for hits in covered:
        assert binomtest(int(hits), count, 0.95, alternative="less").pvalue > 0.001
    assert binomtest(alarms, count, 0.05, alternative="greater").pvalue > 0.001


def test_a_planted_pull_is_found() -> None:
    p = [pull_test(fit(each, "centred"), each)[0] for each in (panel(LAW, 80, s) for s in range(9))]
    assert sum(each < 0.05 for each in p) == 9


def test_both_fits_are_about_the_same_top() -> None:
    """Stances that hardly say anything: one actor weighs with nobody, and answers are coarse."""
    law = Coefficients.of(np.array([[0.95, 0.05], [0.9, 0.1]]), 0.5)
    begun = np.broadcast_to(np.array([0.8, -0.6]), (100, 2))
    for seed in range(2):
        values = answers(law, begun, 7, np.random.default_rng(seed))
        without, pulled = fit_pull(Panel.of(np.round(4 * values) / 4))
        assert pulled.log_likelihood >= without.log_likelihood - 0.01
        assert min(pulled.likelihood.parts(pulled.parameters)[-1]) >= 1e-4


def test_shocks_that_change_are_no_pull() -> None:
    """Near an end of the scale noise is small; it grows as actors leave the end."""
    law = Coefficients.of(np.array([[0.9, 0.1], [0.6, 0.4]]), 0.9)
    begun = np.broadcast_to(np.array([0.9, -0.9]), (120, 2))
    alarms = 0
    for seed in range(12):
        given = Panel.of(answers(law, begun, 6, np.random.default_rng(seed)))
        without = fit(given, "centred", steady=False)
        assert len(without.likelihood.parts(without.parameters)) == 7
        alarms += pull_test(without, given)[0] < 0.05
    assert binomtest(alarms, 12, 0.05, alternative="greater").pvalue > 0.001


def test_an_influential_actor_is_no_puppeteer() -> None:
    """All go where the first one stands, which is interaction; the mean of all moves far."""
    law = Coefficients.of(np.array([[0.95, 0.05], [0.5, 0.5]]), 0.9)
    begun = np.broadcast_to(np.array([0.8, -0.6]), (150, 2))
    values = answers(law, begun, 6, np.random.default_rng(0))
    assert (values[:, -1] - values[:, 0]).mean() > 0.3
    given = Panel.of(values)
    assert pull_test(fit(given, "centred"), given)[0] > 0.05


def test_names_and_order_change_nothing() -> None:
    given = panel(LAW, 60, seed=5)
    turned = replace(given, values=given.values[::-1, :, ::-1])
    one, other = fit(given), fit(turned)
    np.testing.assert_allclose(one.law.transition, other.law.transition[::-1, ::-1], atol=2e-3)
    assert one.law.drift == pytest.approx(other.law.drift, abs=1e-3)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-2)


def test_the_scale_turned_round_turns_the_pull() -> None:
    given = panel(LAW, 100, seed=6)
    one, other = fit(given), fit(replace(given, values=-given.values))
    (pull,), (mirrored,) = (
        each.intervals(lambda law: np.array([law.drift])) for each in (one, other)
    )
    assert mirrored.estimate == pytest.approx(-pull.estimate, abs=1e-3)
    assert mirrored.low == pytest.approx(-pull.high, abs=1e-3)
    p, q = (pull_test(fit(each, "centred"), each)[0]
            for each in (given, replace(given, values=-given.values)))  # fmt: skip
    assert p == pytest.approx(q, abs=0.02)


def test_a_model_with_more_fits_at_least_as_well() -> None:
    given = panel(LAW, 100, seed=7)
    heights = [fit(given, kind).log_likelihood for kind in KINDS]
    assert all(one <= other + 1e-2 for one, other in pairwise(heights))
    # Planted is a pull: each step toward it is worth a lot.
    assert heights[-1] > heights[-2] + 5 > heights[0] + 10


def test_held_out_stances_are_foretold_best_by_the_planted_model() -> None:
    errors = held_out(panel(LAW, 150, seed=8), KINDS)
    mean = {kind: float(np.mean(each)) for kind, each in errors.items()}
    assert mean["biased"] == min(mean.values())
    assert mean["stay"] == max(mean.values())


def test_nothing_is_foretold_where_everybody_stays() -> None:
    generator = np.random.default_rng(9)
    thought = generator.uniform(-0.8, 0.8, (60, 1, 2)) + np.zeros((60, 6, 2))
    walked = thought + np.cumsum(generator.normal(0, 0.05, thought.shape), axis=1)
    errors = held_out(Panel.of(walked + generator.normal(0, 0.1, walked.shape)), ["stay", "biased"])
    assert errors["stay"].mean() < errors["biased"].mean() * 1.02


def test_with_few_scenes_each_is_left_out_in_turn() -> None:
    given = panel(LAW, 25, seed=13)
    found = fit(given)
    (contributions,) = found.contributions(lambda law: np.array([law.drift])).T
    for place in (0, 7, 24):
        others = given.part(np.delete(np.arange(25), place))
        anew = fit(others, start=found.parameters).law.drift
        assert contributions[place] == pytest.approx(24 * (found.law.drift - anew), abs=1e-3)
    (influence,) = found.influence(lambda law: np.array([law.drift])).T
    assert np.corrcoef(contributions, influence)[0, 1] > 0.8
    # The first order says too little.
    assert contributions.std() > influence.std()


def test_covariances_stay_possible_with_few_scenes() -> None:
    for seed in range(3):
        found = fit(panel(LAW, 12, seed))
        likelihood = found.likelihood
        _, _, initial, shock, first, later = likelihood.parts(found.parameters)
        assert np.linalg.eigvalsh(likelihood._square(initial)).min() > 0.9e-4
        assert np.linalg.eigvalsh(likelihood._square(shock)).min() > 0.9e-4
        assert min(first.min(), later.min()) > 0.9e-4


def test_what_is_possible_keeps_the_bounds_and_moves_only_what_breaks_them() -> None:
    alone = Coefficients.of(np.array([[1.0, 0.0], [0.2, 0.8]]), np.array([1.0, 0.7]))
    moved = 0
    for seed in range(10):
        found = fit(panel(alone, 60, seed))
        law = found.possible
        assert law.transition.min() > -1e-9
        assert law.anchor.min() > -1e-9
        assert law.beta > -1e-9
        broken = min(found.law.transition.min(), found.law.anchor.min(), found.law.beta) < 0
        assert broken == (not np.allclose(law.transition, found.law.transition, atol=1e-12, rtol=0))
        moved += broken
    assert moved >= 8


def test_ragged_scenes_tell_as_much_as_they_have() -> None:
    whole = panel(LAW, 400, seed=10)
    values = whole.values.copy()
    values[:150, 4:] = np.nan
    intervals = fit(replace(whole, values=values)).intervals(numbers)
    full = fit(whole).intervals(numbers)
    for part, all_of, truth in zip(intervals, full, numbers(LAW), strict=True):
        assert abs(part.estimate - truth) < 2 * (part.high - part.low)
        assert part.high - part.low > 0.95 * (all_of.high - all_of.low)


def test_polarity_parts_the_topic_from_the_wording() -> None:
    law = replace(STILL, wording=0.08)
    generator = np.random.default_rng(11)
    begun = generator.uniform(-0.9, 0.9, (150, 2))
    values = np.concatenate([answers(law, begun[:75], 6, generator, 1.0),
                             answers(law, begun[75:], 6, generator, -1.0)])  # fmt: skip
    given = replace(Panel.of(values), sign=np.repeat([1.0, -1.0], 75))
    topic, wording = fit(given).intervals(lambda law: np.array([law.drift, law.wording]))
    assert topic.low < 0 < topic.high
    assert wording.low > 0
    assert wording.low < 0.08 < wording.high
    assert pull_test(fit(given, "centred"), given)[0] > 0.05


def test_what_cannot_be_known_is_missing() -> None:
    """Both begin at one place in all scenes: beta and beta b cannot be told apart."""
    begun = np.full((80, 2), 0.5)
    values = answers(LAW, begun, 6, np.random.default_rng(12))
    values[:, 0] = 0.5
    beta, drift = fit(Panel.of(values)).intervals(lambda law: np.array([law.beta, law.drift]))
    assert np.isnan(beta.estimate) or beta.high - beta.low > 1
    assert np.isnan(drift.estimate) or drift.high - drift.low > 0.5


@pytest.mark.parametrize(("scenes", "waves"), [(50, 3), (2, 6), (0, 6)])
def test_too_little_is_refused(scenes: int, waves: int) -> None:
    with pytest.raises(BadRequest, match="opinions"):
        fit(panel(LAW, scenes, seed=0, waves=waves))
