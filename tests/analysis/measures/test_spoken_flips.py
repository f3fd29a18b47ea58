"""Flips in the meaning of lines: found where they are, missing where nothing can be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence.embeddings import available
from analysis.measures.spoken_flips import FEWEST, UNREAD, SpokenFlips, likeliest_share
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn

ANN = {"name": "Ann", "brief": "I love music.", "opposite": "I cannot stand music."}
LOVES = ("I sing every day.", "A concert is the best evening there is.", "Songs make me happy.",
         "I love how a violin sounds.", "I could listen to this band for hours.")  # fmt: skip
HATES = ("Music is nothing but noise to me.", "I never listen to songs.",
         "I hate concerts, all of them.", "Turn that radio off.", "Bands bore me.")  # fmt: skip

minilm = pytest.mark.skipif("minilm" not in available(), reason="minilm is not installed")


def spoken(*trials: Sequence[str], cast: dict[str, Any] | None = None) -> Tables:
    return tables_from(
        Record(
            f"t{number}", [cast or ANN], [Turn(n, "Ann", line) for n, line in enumerate(lines, 1)]
        )
        for number, lines in enumerate(trials)
    )


@minilm
def test_a_flip_is_found_where_it_is() -> None:
    result = SpokenFlips(spoken([*LOVES, *HATES], [*LOVES, *LOVES[::-1]], [*HATES, *LOVES]))
    first, second, third = result.by_actor.itertuples()
    assert abs(first.flip - 6) <= 1
    assert first.factor > 0
    assert second.flipped == 0
    assert third.flipped == 0, "whoever comes back has not turned into the opposite"
    by_quantity = {each.quantity: each.estimate for each in result.estimates}
    assert by_quantity["flipped"].value == pytest.approx(1 / 3)
    assert 0 <= by_quantity["share"].value <= 1
    assert by_quantity["flipped"].null.estimate < 1 / 3


@pytest.mark.parametrize(
    "cast",
    [
        {"name": "Ann"},
        {"name": "Ann", "brief": "I love music."},
        {"name": "Ann", "opposite": "I cannot stand music."},
        {"name": "Ann", "brief": "I love music.", "opposite": "I love music."},
    ],
)
def test_without_two_characters_it_is_missing_and_not_zero(cast: dict[str, Any]) -> None:
    result = SpokenFlips(spoken([*LOVES, *HATES], cast=cast), by="hashing")
    [row] = result.by_actor.itertuples()
    assert row.turns == 10
    assert np.isnan(row.factor)
    assert result.by_actor["flipped"].isna().all()
    for each in result.estimates:
        assert np.isnan(each.estimate.value)
        assert (each.estimate.n, each.estimate.note) == (0, UNREAD)


def test_of_few_lines_nothing_is_said() -> None:
    result = SpokenFlips(
        spoken(LOVES[: FEWEST - 1], ["", " ", *LOVES[:2]], LOVES[:FEWEST]), "hashing"
    )
    assert result.by_actor["flipped"].isna().tolist() == [True, True, False]


def test_blank_turns_keep_their_numbers() -> None:
    loves, hates = "I love all kinds of music.", "I cannot stand any kind of music."
    lines = ["", *[loves] * 6, "", *[hates] * 6]
    [row] = SpokenFlips(spoken(lines), by="hashing").by_actor.itertuples()
    assert row.flip == 9


def test_an_unknown_embedder_is_named() -> None:
    with pytest.raises(ValueError, match="no embedder 'bert'"):
        SpokenFlips(spoken(LOVES), by="bert")


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=40))
def test_the_likeliest_share_is_the_likeliest(evidence: list[float]) -> None:
    limits = likeliest_share(np.array(evidence))
    found = limits.estimate
    assert 0 <= limits.low <= found <= limits.high <= 1

    def likelihood(share: float) -> float:
        return float(np.log(1 - share + share * np.exp(evidence)).sum())

    assert all(likelihood(found) >= likelihood(other) - 1e-9 for other in (0.002, 0.3, 0.7, 0.998))
    if max(evidence) < -0.1:
        assert found == 0
    if min(evidence) > 0.1:
        assert found == 1


def test_limits_of_the_share_cover_also_where_nobody_flips() -> None:
    # Factors of two normal densities a distance of 2 apart; limits of 95%, 400 samples of 8 actors.
    generator = np.random.default_rng(5)
    for share in (0.0, 0.2, 1.0):
        covered = 0
        for _ in range(400):
            flips = generator.random(8) < share
            found = likeliest_share(2 * (generator.normal(size=8) + np.where(flips, 1, -1)))
            covered += found.low <= share <= found.high
        assert covered / 400 > 0.92
    nobody = likeliest_share(np.full(6, -4.0))
    assert nobody.estimate == 0
    assert 0.2 < nobody.high < 0.5


def test_lines_without_a_course_seldom_alarm_whatever_the_persona() -> None:
    # One in ten at most, by permutation: 0.1 is exceeded by chance of 0.1% in 300 actors at 0.16.
    words = ["music", "songs", "noise", "bands", "silence", "concerts", "radio", "violins"]
    generator = np.random.default_rng(7)
    for brief, opposite in (
        ("I love music.", "I hate music."),
        ("I love noise, songs and bands.", "Silence."),
    ):
        trials = [[f"{left} {right}" for left, right in generator.choice(words, (9, 2))]
                  for _ in range(300)]  # fmt: skip
        cast = {"name": "Ann", "brief": brief, "opposite": opposite}
        result = SpokenFlips(spoken(*trials, cast=cast), by="hashing")
        assert result.by_actor["flipped"].mean() <= 0.16


def test_what_is_said_of_an_actor_does_not_depend_on_others() -> None:
    first, second = [*LOVES, *HATES], [*HATES, *LOVES[::-1]]
    alone = SpokenFlips(spoken(first), by="hashing").by_actor
    beside = SpokenFlips(spoken(first, second), by="hashing").by_actor
    # How sure one may be depends on how many flip, and on nothing else of the others.
    own = ["trial", "sure"]
    assert alone.drop(columns=own).equals(beside.iloc[:1].drop(columns=own))
