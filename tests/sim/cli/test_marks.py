"""What stands beside a turn at which something happened."""

from __future__ import annotations

import pytest

from sim.cli.display.transcripts import _flip


@pytest.mark.parametrize(
    ("chance", "pooled", "told"),
    [
        (0.83, 20, "turns into the opposite here (the chance of it: 0.83; rates learned from the "
                   "20 trials of its arm)"),
        (0.5, 1, "turns into the opposite here (the chance of it: 0.50; rates learned from this "
                 "trial alone)"),
        (0.49, 3, "perhaps turns into the opposite here, likelier not (the chance of it: 0.49; "
                  "rates learned from the 3 trials of its arm)"),
        (None, None, "turns into the opposite here"),
    ],
)  # fmt: skip
def test_a_flip_says_how_likely_it_is_and_what_was_pooled(
    chance: float | None, pooled: int | None, told: str
) -> None:
    assert _flip({"flip_confidence": chance, "flip_pooled": pooled}) == told
