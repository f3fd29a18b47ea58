"""What the scenario is there to show: a slice, with fixed seeds, of ``benchmarks.validity``."""

from __future__ import annotations

import pytest
from backstage.effort import effort
from scipy.stats import binomtest

from benchmarks.validity.equal_arms import ALARM, compare

REPETITIONS = effort(12, 20)


def test_forty_trials_tell_rlhf_from_base() -> None:
    difference = compare(("rlhf", "base"), 0)
    assert difference.low > 0.0


@pytest.mark.parametrize("kind", ["base", "rlhf"])
def test_two_arms_of_one_kind_seldom_differ(kind: str) -> None:
    differences = [compare((kind, kind), repetition) for repetition in range(REPETITIONS)]
    alarms = sum(one.excludes_zero for one in differences)
    assert binomtest(alarms, len(differences), 0.05, alternative="greater").pvalue > ALARM
