"""A slice of ``benchmarks.faults.fuzz``: some inputs for each reader, always the same."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from benchmarks.faults import fuzz, servers
from benchmarks.faults.attempts import FINE, Outcome, Reader, attempt

SEED = 20
MORE = 4.0
"""Seconds more than the benchmark allows: the machine may be busy with other tests."""


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    servers.close()


@pytest.mark.parametrize("reader", fuzz.READERS, ids=lambda reader: reader.name)
def test_every_reader_reads_or_refuses(reader: Reader, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of code that is compiled, in scenarios.
        chunk = fuzz.Chunk(reader, 0, max(10, reader.share // 2))
        found = fuzz.try_all(chunk, SEED, tmp_path, MORE)
    wrong = set(found.counts) - set(FINE) - {"memory"}  # This process has imported much more.
    assert not wrong, fuzz.told({reader.name: found}, SEED, tmp_path / "findings")


def busy(given: bytes, folder: Path) -> None:
    end = time.process_time() + 30
    while time.process_time() < end:
        pass


def broken(given: bytes, folder: Path) -> None:
    raise KeyError(given)


def refusing(given: bytes, folder: Path) -> None:
    raise ValueError


def made(dice: Random) -> bytes:
    return dice.randbytes(3)


@pytest.mark.parametrize(
    ("read", "kind"), [(busy, "slow"), (broken, "traceback"), (refusing, "refused")]
)
def test_what_is_not_promised_is_found(tmp_path: Path, read: object, kind: str) -> None:
    reader = Reader("a reader", 1, made, read, (ValueError,))  # type: ignore[arg-type]
    assert attempt(reader, b"abc", tmp_path).kind == kind


def test_an_input_can_be_made_again_and_findings_are_saved(tmp_path: Path) -> None:
    reader = Reader("a reader", 1, made, broken, (ValueError,))
    assert reader.input(1, 7) == reader.input(1, 7) != reader.input(2, 7)
    found = fuzz.Found()
    found.add(7, b"longer", Outcome("traceback", "here"))
    found.add(8, b"short", Outcome("traceback", "here"))
    said = fuzz.told({"a reader": found}, 1, tmp_path)
    assert "here (2 inputs)" in said
    assert (tmp_path / "a-reader-1-8").read_bytes() == b"short"


def test_shares_are_of_a_thousand() -> None:
    assert sum(reader.share for reader in fuzz.READERS) == 1000
    assert sum(chunk.last - chunk.first for chunk in fuzz.chunks(2000, fuzz.READERS)) == 2000
