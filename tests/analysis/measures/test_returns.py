"""Returns after a flip, against those of somebody who turns as easily either way."""

from __future__ import annotations

from math import isnan, log, log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.returns import Course, Returns, Step, course, rate
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Event, Turn

LINES = (
    "The lamp is lit, and the stairs are swept.", "Count the beds again, if you like.",
    "He stole a spoon, and gave it back.", "It rained all of Tuesday.",
    "They sleep better with the door open.", "I wrote to the parish about the boots.",
    "There is soup left.", "My sister had the house before me.",
    "One of them walks in his sleep.", "The river was over the meadow in March.",
    "You may sign here.", "I keep the key on a nail.",
)  # fmt: skip


def told(scores: list[float], stance: float = 0.8, lines: tuple[str, ...] = LINES) -> Record:
    """One actor that is asked about two items after each of its lines; scores are of its own
    side."""
    sign = 1 if stance > 0 else -1
    events: list[Event] = []
    for turn, (score, line) in enumerate(zip(scores, lines, strict=False), 1):
        events.append(Turn(turn, "A", line))
        events += [Answer(turn, "A", f"stance:{item}", sign * score) for item in ("lamp", "vow")]
    cast = [{"name": "A", "stances": {"lamp": stance, "vow": stance}}]
    return Record(f"{stance}{scores}", cast, events, scenario="house")


def measured(*records: Record) -> Returns:
    return Returns(tables_from(records))


@pytest.mark.parametrize("stance", [0.8, -0.8])
def test_both_directions_are_read_alike(stance: float) -> None:
    row = measured(told([0.8, 0.6, -0.6, -0.8, 0.4, -0.2], stance)).by_actor.iloc[0]
    assert (row.flip, row.flipped, row.watched, row.returned) == (3, 1.0, 3, 1.0)
    assert row.expected == pytest.approx(1 - 0.5**3)
    assert row.excess == pytest.approx(0.5**3)


def test_who_never_turned_has_no_number_and_who_began_turned_is_in_no_rate() -> None:
    stayed = measured(told([0.8] * 5)).by_actor.iloc[0]
    assert stayed.flipped == 0.0
    assert stayed[["returned", "expected", "excess", "watched"]].isna().all()
    turned = measured(told([0.8, -0.8, -0.8]), told([-0.8, 0.8, 0.8])).by_actor
    assert sorted(turned["flipped"].fillna(-1)) == [-1, 1]
    last = measured(told([0.8, 0.8, -0.8])).by_actor.iloc[0]
    assert last.flipped == 1.0
    assert last[["returned", "excess"]].isna().all(), "nothing was watched after the flip"


def test_the_watch_ends_with_a_loop() -> None:
    stuck = (*LINES[:4], *["I keep the key on a nail."] * 4)
    scores = [0.8, -0.8, -0.8, -0.8, -0.8, -0.8, 0.8, 0.8]
    left = measured(told(scores, lines=stuck)).by_actor.iloc[0]
    whole = measured(told(scores)).by_actor.iloc[0]
    assert (whole.watched, whole.returned) == (6, 1.0)
    assert left.watched < 5
    assert left.returned == 0.0


def test_what_is_within_beyond_is_on_neither_side() -> None:
    found = Returns(tables_from([told([0.8, -0.1, -0.5, 0.1, -0.5])]), beyond=0.2).by_actor.iloc[0]
    assert (found.flip, found.returned) == (3, 0.0)
    with pytest.raises(BadRequest, match="beyond is 1"):
        Returns(tables_from([]), beyond=1)


def test_waves_without_a_turn_of_ones_own_are_no_time() -> None:
    made = course("t", "A", {0: 0.8, 1: 0.8, 2: -0.8, 3: -0.8, 4: -0.8}, [1, 4])
    assert made == Course("t", "A", (0, 1, 4), (0, 1, 1), (1, 1, -1))


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=12))
def test_the_rate_is_the_likeliest(steps: list[Step]) -> None:
    def likelihood(q: float) -> float:
        return sum(log(1 - (1 - q) ** d) if moved else d * log1p(-q) for d, moved in steps)

    found = rate(steps)
    assert 0 <= found <= 1
    inside = min(max(found, 1e-6), 1 - 1e-6)
    for other in np.linspace(0.01, 0.99, 25):
        assert likelihood(inside) >= likelihood(float(other)) - 1e-4


def test_no_step_has_no_rate() -> None:
    assert isnan(rate([]))


def played(q01: float, q10: float, actors: int, seed: int) -> Tables:
    """Actors that switch with these rates, and say where they are."""
    generator = np.random.default_rng(seed)
    records = []
    for number in range(actors):
        side, scores = 1, []
        for _ in range(12):
            scores.append(0.8 * side + 0.001 * number)
            if generator.random() < (q01 if side == 1 else q10):
                side = -side
        records.append(told(scores))
    return tables_from(records)


def test_symmetric_switching_has_no_excess_and_a_lasting_flip_one_below_0() -> None:
    """The standard error of the mean of 100 actors is 0.05 at most: the bound is four of them."""
    both = Returns(played(0.15, 0.15, 120, seed=1)).by_actor["excess"].dropna()
    assert len(both) > 80
    assert abs(both.mean()) < 0.2
    lasting = Returns(played(0.15, 0.0, 120, seed=1)).by_actor["excess"].dropna()
    assert lasting.mean() < -0.4


def test_the_rate_of_turning_is_that_of_all_arms_together() -> None:
    easy = [told([0.8, -0.8, -0.8 - n / 100]) for n in range(4)]
    hard = [
        Record(each.trial, each.cast, each.events, scenario="other")
        for each in (told([0.8, 0.8 - n / 100, 0.7]) for n in range(4))
    ]
    found = measured(*easy, *hard)
    arms = found.by_arm.query("quantity == 'q01'")["value"]
    assert list(arms) == [pytest.approx(4 / 12)] * 2
