"""Error consistency: kappa by its definition, from talk and from stances, with its variance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from analysis.linear_contrasts import contrast
from analysis.measures.error_consistency import ErrorConsistency, error_consistency, parts_of
from analysis.stats import Floats
from analysis.tables import Record, Tables, frame, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Turn
from sim.planning.trials import IMPORTED

ITEMS = {f"i{place}": (f"Thing number {place} is so.", place % 2 == 0) for place in range(8)}


def record(name: str, right: Floats, people: bool) -> Record:
    """Somebody who answers every item aloud; of people, from a file."""
    turns = []
    for place, (text, true) in enumerate(ITEMS.values()):
        turns.append(Turn(2 * place + 1, "Host", f"True or false? {text}"))
        said = "That is true, I say." if bool(right[place]) == true else "Not true. Never."
        turns.append(Turn(2 * place + 2, "Ann", said))
    return Record(name, [{"name": "Host"}, {"name": "Ann"}], turns, scenario="quiz",
                  arm=IMPORTED if people else "live")  # fmt: skip


def drawn(generator: np.random.Generator, hard: Floats, count: int) -> list[Floats]:
    return [(generator.random(8) > hard).astype(float) for _ in range(count)]


def test_it_is_cohens_kappa_where_both_are_right_equally_often() -> None:
    """Half are right in each: by chance they agree on half."""
    one, other = np.array([1.0, 1, 1, 1, 0, 0, 0, 0]), np.array([1.0, 1, 1, 0, 1, 0, 0, 0])
    assert error_consistency(one, other) == pytest.approx((6 / 8 - 1 / 2) / (1 - 1 / 2))
    assert error_consistency(one, 1 - one) == -1
    assert np.isnan(error_consistency(np.ones(8), np.ones(8)))
    assert np.isnan(error_consistency(np.ones(5), np.zeros(5)))


def test_answers_are_read_aloud_and_apart() -> None:
    right = np.array([1, 0, 1, 1, 0, 1, 1, 0], dtype=float)
    aloud = ErrorConsistency(tables_from([record("t", right, False)]), ITEMS)
    assert aloud.by_actor.set_index("actor")["right"]["Ann"] == 5 / 8
    asked = [Answer(0, "Ann", "stance:i0", -0.5), Answer(0, "Ann", "stance:i1", -0.5)]
    apart = ErrorConsistency(tables_from([Record("t", [{"name": "Ann"}], asked)]), ITEMS)
    assert apart.by_actor[["answered", "right"]].to_numpy().tolist() == [[2.0, 0.5]]


def people_and_replicas(generator: np.random.Generator, same: bool) -> Tables:
    """Ten people and ten replicas, who find the same items hard, or others."""
    hard = np.array([0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.2, 0.2])
    people = drawn(generator, hard, 10)
    replicas = drawn(generator, hard if same else hard[::-1], 10)
    return tables_from(
        [record(f"p{n}", each, True) for n, each in enumerate(people)]
        + [record(f"r{n}", each, False) for n, each in enumerate(replicas)]
    )


def test_a_difference_of_parts_keeps_its_level() -> None:
    """200 replications: 95% limits of nothing miss 0 in no more than an exact test allows."""
    generator = np.random.default_rng(5)
    hard = np.array([0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.2, 0.2])
    missed = tried = 0
    for _ in range(200):
        people, replicas = drawn(generator, hard, 10), drawn(generator, hard, 10)
        among = np.array([[error_consistency(a, b) if a is not b else np.nan for b in people]
                          for a in people])  # fmt: skip
        beside = np.array([[error_consistency(a, b) for b in people] for a in replicas])
        own, theirs = parts_of(among, beside)
        numbers = frame(
            [("people", "", n, v) for n, v in enumerate(own)]
            + [("replica", "", 10 + n, v) for n, v in enumerate(theirs)],
            {"arm": "str", "topic": "str", "seed": "Int64", "value": "float64"},
        )
        found = contrast(numbers, {"people": 1, "replica": -1}).interval
        tried += 1
        missed += not found.low <= 0 <= found.high
        assert own.mean() == pytest.approx(np.nanmean(among), abs=0.1)
    assert binomtest(missed, tried, 0.05, alternative="greater").pvalue > 0.001


def test_others_who_err_elsewhere_have_less_in_common() -> None:
    generator = np.random.default_rng(6)
    rows = ErrorConsistency(people_and_replicas(generator, False), ITEMS).by_trial
    people = rows["trial"].str.startswith("p")
    kappa = rows["kappa"]
    assert kappa[people].mean() > 0.2
    assert kappa[~people].mean() < -0.2
    # The centring takes nothing from the mean.
    assert rows["part"][people].mean() == pytest.approx(kappa[people].mean(), abs=0.1)


def test_an_item_is_a_statement_and_whether_it_is_true() -> None:
    with pytest.raises(BadRequest, match="whether it is true"):
        ErrorConsistency(tables_from([]), {"a": ("So.", "yes")})  # type: ignore[dict-item]
