"""The axis between a persona and its opposite, and the scenes that its benchmark splices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence.embeddings import available
from analysis.evidence.persona import Meaning, axis
from analysis.evidence.readings import (
    ALIKE,
    BLANK,
    BOUND,
    UNKNOWN_SIDES,
    Lines,
    Reading,
    Sides,
    apart,
    apart_in_orders,
    compact,
    places,
    random_orders,
    ratio,
    scales,
)
from analysis.stats.change_point import Shift
from benchmarks.validity.splices import LINES, SET_ASIDE, casts, found_folder, halves, strangers

needs_data = pytest.mark.skipif(
    found_folder() is None, reason="the development data are not at hand"
)
needs_minilm = pytest.mark.skipif("minilm" not in available(), reason="minilm is not installed")
OWN = [
    "I love being on my own.",
    "A quiet evening with a book is all I want.",
    "Parties tire me out.",
    "I keep to myself at work.",
    "I would rather write than call.",
]
OPPOSITE = [
    "I love big parties.",
    "Meeting new people gives me energy.",
    "I talk to everybody on the train.",
    "My weekends are full of friends.",
    "I hate to sit at home alone.",
]


SIDES, BACK = Sides(tuple(OWN), tuple(OPPOSITE)), Sides(tuple(OPPOSITE), tuple(OWN))


def read(lines: list[str], sides: Sides | None, by: str = "hashing") -> Reading:
    turns = tuple(range(1, len(lines) + 1))
    return Meaning(by).read([Lines("t", "Ann", turns, tuple(lines), sides)])[0]


def test_positions_are_about_the_middle_and_bounded() -> None:
    one, other = np.array([[0.0, 0.0], [0.0, 2.0]]), np.array([[4.0, 1.0]])
    between = axis(one, other)
    assert between.positions(np.array([[0.0, 7.0], [2.0, 0.0], [4.0, 1.0]])) == pytest.approx(
        [-2, 0, 2]
    )
    values = ratio(np.array([-100.0, 0.5, 100.0]), Shift(0.5, 0.1, 1.0, 0.2, 0.3))
    assert values.tolist() == [-BOUND, 0, BOUND]
    with pytest.raises(ValueError, match="read the same"):
        axis(one, one)


def test_exchanging_the_characters_changes_the_sign() -> None:
    # The zero is that of the pair: nothing favours the side that is called one's own.
    lines = ["I like people.", "I like to be alone.", "The train was late."]
    there, back = read(lines, SIDES).ratios, read(lines, BACK).ratios
    zeros = [scale.shift.zero for scale in scales("hashing").values()]
    assert zeros == pytest.approx([0] * len(zeros), abs=0.01)
    assert there == pytest.approx(-back, abs=0.2)


def test_a_place_is_weighted_by_the_difference_of_the_means() -> None:
    vectors = np.array([[1.0, 0], [1.0, 0], [0.0, 1], [0.0, 1]])
    assert places(vectors, 1.0) == pytest.approx([2 / 3, 2.0, 2 / 3], abs=0.01)


@given(seed=st.integers(0, 1000), count=st.integers(2, 12), dimensions=st.integers(1, 30))
def test_distances_are_the_same_in_fewer_dimensions_and_all_orders_at_once(
    seed: int, count: int, dimensions: int
) -> None:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, dimensions))
    assert compact(vectors).shape[1] <= min(count, dimensions)
    orders = random_orders(count, 5, seed, 7)
    assert (np.sort(orders, axis=1) == np.arange(count)).all()
    at_once = apart_in_orders(compact(vectors), orders)
    assert at_once == pytest.approx(np.array([apart(vectors[order]) for order in orders]))


@pytest.mark.parametrize("by", ["hashing", pytest.param("minilm", marks=needs_minilm)])
def test_blank_lines_say_nothing_and_flips_need_two(by: str) -> None:
    reading = read([OWN[0], " ", OPPOSITE[0]], SIDES, by)
    assert reading.ratios[0] < 0 < reading.ratios[2]
    assert np.isnan(reading.ratios[1])
    assert reading.missing == ("", BLANK, "")
    assert reading.weights.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="two values"):
        assert read(OWN[:1], SIDES, by).change


def test_who_cannot_be_read_says_why() -> None:
    for sides, why in ((None, UNKNOWN_SIDES), (Sides(("a b",), ("a b",)), ALIKE)):
        reading = read(["Hm.", ""], sides)
        assert reading.missing == (why, BLANK)
        assert np.isnan(reading.ratios).all()
        with pytest.raises(ValueError, match="no scale"):
            assert reading.change


@needs_minilm
def test_a_flip_is_found_in_other_words() -> None:
    said = [
        "I stayed in all day and spoke to nobody.",
        "A long walk alone does me good.",
        "Leave me with my books, please.",
        "I called all my friends and we went dancing.",
        "I chat with every stranger I meet.",
        "Come, let us throw a party for the whole street!",
    ]
    found = read(said, SIDES, "minilm").change
    assert found.place == 3
    assert found.evidence > 1
    assert read(said, BACK, "minilm").change.evidence < 0


@needs_minilm
def test_a_page_is_read_sentence_by_sentence() -> None:
    # One vector of a whole page would be that of its first sentences alone.
    page, opposite = " ".join(OWN), " ".join(OPPOSITE)
    reading = read([OWN[0], OPPOSITE[0]], Sides((page,), (opposite,)), "minilm")
    lines = read([OWN[0], OPPOSITE[0]], SIDES, "minilm")
    assert reading.positions == pytest.approx(lines.positions)


def test_what_cannot_be_read_with_is_refused() -> None:
    with pytest.raises(ValueError, match="a sentence each"):
        Sides((), tuple(OPPOSITE))
    with pytest.raises(ValueError, match="no embedder"):
        Meaning("bert")


@needs_data
def test_scales_were_fitted_to_the_first_half_alone() -> None:
    from benchmarks.validity.spliced import TABLE

    folder = found_folder()
    assert folder is not None
    tune, score = halves(folder)
    for path in (TABLE, TABLE.with_name("fusions.tsv")):
        table = path.read_text("utf-8")
        assert all(f"# {trait.name}\n" in table for trait in tune)
        assert not any(f"# {trait.name}\n" in table for trait in score)


@needs_data
def test_scenes_are_matched_in_length_and_hold_no_sample_line() -> None:
    folder = found_folder()
    assert folder is not None
    tune, score = halves(folder)
    assert len(tune) == len(score) == 12
    for trait in (*tune, *score):
        one, other = trait.sides
        assert [len(line.split()) for line in one] == [len(line.split()) for line in other]
        for cast in casts(trait, 0.5, 4):
            samples = {*cast.own, *cast.opposite}
            assert len(cast.own) == len(cast.opposite) == SET_ASIDE
            assert [actor.flip is None for actor in cast.actors] == [False, False, True, True]
            for actor in cast.actors:
                assert len(actor.lines) == len(set(actor.lines)) == LINES
                assert samples.isdisjoint(actor.lines)
    assert all(actor.flip is not None for actor in strangers(tune[0], tune, 3)[0].actors)
