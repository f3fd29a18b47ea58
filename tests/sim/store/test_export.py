"""The canonical export as a file: whole or not at all, and never over the store."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.errors import BadRequest, RunFailed, StoreRefused
from sim.store import export_jsonl

STORE = Path(__file__).parents[2] / "stores" / "version_1.db"
EXPECTED = STORE.with_suffix(".jsonl").read_bytes()


def test_no_clock_facts_and_no_run_numbers() -> None:
    for line in EXPECTED.splitlines():
        record = json.loads(line)
        assert not {"seconds", "started", "ended", "run"} & record.keys()
        assert list(record) == sorted(record)


def test_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("what was there before")
    export_jsonl(STORE, out)
    assert out.read_bytes() == EXPECTED
    assert list(tmp_path.iterdir()) == [out]


def test_to_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    export_jsonl(STORE, "-")
    assert capfdbinary.readouterr().out == EXPECTED


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    export_jsonl(STORE, pipe)
    assert reader.communicate(timeout=10)[0] == EXPECTED
    assert pipe.is_fifo()
    export_jsonl(STORE, "/dev/null")
    assert not Path("/dev/null").is_file()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "out.jsonl")
    export_jsonl(STORE, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out.jsonl").read_bytes() == EXPECTED


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock"])
def test_never_over_the_store(suffix: str) -> None:
    before = STORE.read_bytes()
    with pytest.raises(BadRequest, match="is not overwritten"):
        export_jsonl(STORE, f"{STORE}{suffix}")
    assert STORE.read_bytes() == before


def test_no_place_for_it(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="is a directory"):
        export_jsonl(STORE, tmp_path)
    with pytest.raises(BadRequest, match="there is no folder"):
        export_jsonl(STORE, tmp_path / "away" / "out.jsonl")
    with pytest.raises(StoreRefused, match="does not exist"):
        export_jsonl(tmp_path / "none.db", tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process can grow. As short as can be: the limit holds for stdout too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("what was there before")
    with small_files(), pytest.raises(RunFailed, match="cannot be written"):
        export_jsonl(STORE, out)
    assert out.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [out]


def test_python_is_the_same_everywhere() -> None:
    # The expected bytes are committed; another hash seed must not change them.
    code = f"from sim.store import export_jsonl; export_jsonl({str(STORE)!r}, '-')"
    for seed in ("0", "1"):
        out = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, check=True,
        )  # fmt: skip
        assert out.stdout == EXPECTED
