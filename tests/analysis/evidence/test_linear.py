"""Linear readers: rows that are what the formula says, and fits that are what they minimise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.evidence import linear
from analysis.evidence.fit_politeness import out_of_fold
from analysis.evidence.linear import Grams, grams, logistic, probabilities, ridge

TEXTS = ["We sell the spring.", "We keep the spring!", "Do we sell it? No.", "keep it, keep it"]


@settings(max_examples=effort(30, 100), deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_row_of_length_one_at_most(text: str) -> None:
    known = Grams.of(TEXTS, 1)
    [row] = known.rows([text]).toarray()
    assert 0 <= np.linalg.norm(row) <= 1 + 1e-9
    assert np.all(row >= 0)


def test_what_is_said_twice_in_other_case_is_the_same_row() -> None:
    known = Grams.of(TEXTS, 1)
    one, other = known.rows(["WE SELL the spring", "we   sell the spring"]).toarray()
    assert np.array_equal(one, other)


def test_grams_are_of_the_fitted_texts_alone_and_frequent_enough() -> None:
    known = Grams.of(TEXTS, 2)
    assert "keep" in known.weights
    assert "no" not in known.weights
    assert "we sell" in known.weights
    assert "we sell" not in Grams.of(TEXTS, 2, without={"sell"}).weights


def test_ridge_is_the_closed_form() -> None:
    generator = np.random.default_rng(3)
    dense = generator.normal(size=(40, 6))
    target = generator.normal(size=40) + 5
    centred = dense - dense.mean(axis=0)
    best = np.linalg.solve(
        centred.T @ centred + 2 * np.eye(6), centred.T @ (target - target.mean())
    )
    found = ridge(sparse.csr_matrix(dense), target, 2.0)
    assert np.allclose(found[:-1], best, atol=1e-6)
    # The constant is free: residuals sum to nothing.
    assert abs(np.sum(target - dense @ found[:-1] - found[-1])) < 1e-6


def test_logistic_regression_finds_planted_weights() -> None:
    generator = np.random.default_rng(4)
    design = sparse.csr_matrix(generator.normal(size=(20_000, 2)))
    planted = np.array([[0.0, 1.0, -1.0], [0.0, -0.5, 0.5], [0.0, 0.3, 0.0]])
    shares = probabilities(design, planted)
    labels = (generator.random((20_000, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    found = logistic(design, labels, 3, 1e-3)
    assert np.allclose(found - found[:, :1], planted, atol=0.1)


def test_a_fold_never_reads_its_own_scores() -> None:
    # Scores are noise, and words are many: whoever had seen a text's score would remember some.
    generator = np.random.default_rng(5)
    words = [f"word{first}{second}" for first in "bdfgklmnprst" for second in "aeioubcdfg"]
    texts = [" ".join(generator.choice(words, 12)) for _ in range(400)]
    noise = generator.normal(size=400)
    predicted = out_of_fold(texts, noise, np.arange(400) % 4)
    # The standard error of r is 0.05; four of them are exceeded once in 16,000.
    assert abs(np.corrcoef(predicted, noise)[0, 1]) < 0.2


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = Grams.of(TEXTS, 1)
    count = len(known.weights)
    weights = np.arange(2 * (count + 2), dtype=float).reshape(-1, 2) / 100
    path = tmp_path / "reader.tsv"
    linear.write(path, ["A comment."], ["one", "two"], known, ["<cue>"], weights)
    lines = [line.split("\t") for line in path.read_text().splitlines() if line[0] != "#"]
    read = linear.read_lines(lines)
    assert read.heads == ("one", "two")
    assert read.grams == known
    assert np.allclose(read.weights, weights)


def test_numbers_and_marks_are_grams() -> None:
    assert grams("12 of 30?") == [
        "<n>", "of", "<n>", "?", "<n> of", "of <n>", "<n> ?", "<first> <n>", "<first> <n> of",
    ]  # fmt: skip
