"""The puppeteer: a common pull, parted from interaction, from the wording, and between models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from backstage.opinions import answers, records

import analysis
from analysis.measures.puppeteer import PRIOR, Puppeteer
from analysis.opinions.models import Coefficients
from analysis.stats import Floats
from analysis.tables import Record, tables_from
from sim.errors import BadRequest

WEIGHTS = np.array([[0.6, 0.4], [0.3, 0.7]])
STILL = Coefficients.of(WEIGHTS, np.array([0.8, 0.6]))
PULLED = Coefficients.of(WEIGHTS, np.array([0.8, 0.6]), 0.1, 0.6)


def drawn(law: Coefficients, scenes: int, seed: int, sign: float = 1.0) -> Floats:
    generator = np.random.default_rng(seed)
    return answers(law, generator.uniform(-0.9, 0.9, (scenes, 2)), 6, generator, sign)


@pytest.fixture(scope="module")
def pulled() -> Puppeteer:
    some = [
        *records(drawn(STILL, 100, 0), model="base"),
        *records(drawn(PULLED, 100, 1), model="tuned"),
    ]
    return analysis.puppeteer(tables_from(some))


def test_a_pull_is_found_where_there_is_one(pulled: Puppeteer) -> None:
    there, not_there = (pulled.estimate("pull", model=model) for model in ("tuned", "base"))
    assert there.low < 0.06 < there.high
    assert there.low > 0
    assert there.value > there.null.high
    assert not_there.low < 0 < not_there.high
    assert not_there.null.low < not_there.value < not_there.null.high
    assert pulled.estimate("p", model="tuned").value < 0.01
    assert pulled.estimate("p", model="base").value > 0.05


def test_every_pull_says_what_looks_the_same(pulled: Puppeteer) -> None:
    for name in ("pull", "displacement"):
        assert PRIOR in pulled.estimate(name, model="tuned").note
    few = Puppeteer(tables_from(records(drawn(PULLED, 12, 0))))
    assert "too few trials (12)" in few.estimate("pull").note


def test_the_shift_is_parted(pulled: Puppeteer) -> None:
    for model in ("base", "tuned"):
        shift, carried, rest = (
            pulled.estimate(name, model=model).value
            for name in ("shift", "displacement", "interaction")
        )
        assert shift == pytest.approx(carried + rest)
    table = pulled.by_trial.set_index("trial")["shift"]
    first = drawn(STILL, 100, 0)
    assert table["base0"] == pytest.approx((first[0, -1] - first[0, 0]).mean())


def test_tuned_less_base(pulled: Puppeteer) -> None:
    table = pulled.compare("tuned", "base").set_index("quantity")
    row = table.loc["pull"]
    assert row["difference"] == pytest.approx(0.06, abs=0.03)
    assert row["low"] > 0
    assert row["p"] < 0.01
    assert (row["pairs"], row["left_out"]) == (100, 0)
    assert row["value_a"] - row["value_b"] == pytest.approx(row["difference"])
    assert row["value_a"] == pytest.approx(pulled.estimate("pull", model="tuned").value)
    mirrored = pulled.compare("base", "tuned").set_index("quantity").loc["pull"]
    assert mirrored["difference"] == pytest.approx(-row["difference"])


def worded() -> list[Record]:
    """Both pulls are to yes, whatever the motion says."""
    law = replace(STILL, wording=0.08)
    return [
        *records(drawn(law, 100, 2), parameters={"negated": False}),
        # As answered: yes to the negated motion.
        *records(-drawn(law, 100, 3, -1.0), parameters={"negated": True}),
    ]


def test_a_pull_to_yes_is_no_pull_on_the_topic() -> None:
    tables = tables_from(worded())
    result = Puppeteer(tables, polarity="negated")
    pull, wording = result.estimate("pull"), result.estimate("wording")
    assert pull.n == 200
    assert pull.low < 0 < pull.high
    assert wording.low > 0
    assert wording.low < 0.08 < wording.high
    assert result.estimate("p").value > 0.05
    # Without the polarity each wording is an arm, and looks pulled.
    apart = Puppeteer(tables)
    found = apart.by_arm[apart.by_arm["quantity"] == "pull"]
    assert (found["low"] > 0).all()
    assert len(found) == 2
    missing = apart.by_arm[apart.by_arm["quantity"] == "wording"]
    assert missing["note"].eq("the motion has one polarity alone").all()


def test_a_pull_on_the_topic_is_found_in_both_wordings() -> None:
    some = [
        *records(drawn(PULLED, 50, 4), parameters={"negated": 0}),
        *records(-drawn(PULLED, 50, 5), parameters={"negated": 1}),
    ]
    result = Puppeteer(tables_from(some), polarity="negated")
    assert result.estimate("pull").low > 0
    wording = result.estimate("wording")
    assert wording.low < 0 < wording.high


def test_a_polarity_that_no_trial_has_is_refused() -> None:
    with pytest.raises(BadRequest, match="no trial has the parameter 'turned'"):
        Puppeteer(tables_from(worded()), polarity="turned")


def test_what_cannot_be_fitted_is_missing() -> None:
    result = Puppeteer(tables_from(records(drawn(PULLED, 5, 0))))
    estimate = result.estimate("pull")
    assert not estimate.known
    assert "5 trials" in estimate.note
    assert len(result.by_trial) == 5
    assert Puppeteer(tables_from([])).by_arm.empty
