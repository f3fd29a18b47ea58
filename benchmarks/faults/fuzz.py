"""Gives every reader of foreign bytes inputs that nobody expects, and counts what becomes of them.

Readers are those of what models and servers say, of files and options, of stores, and of what
clients ask ``elsinore serve`` for. Inputs are right ones with mistakes in bytes, text or structure,
drawn from the seed. An input has to be read, or refused by one of Elsinore's own
errors, with at most a second of CPU time and 300 MB of memory. Anything else is a finding: it is
printed, and its input is saved, so that it can be given again with ``--file``.

    .tools/bin/uv run python -m benchmarks.faults.fuzz [--inputs 100000] [--seed 1] [--reader NAME]
    .tools/bin/uv run python -m benchmarks.faults.fuzz --reader NAME --file FILE
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.faults import files, replies, requests, servers, stores
from benchmarks.faults.attempts import FINE, Outcome, Reader, attempt

READERS: tuple[Reader, ...] = (
    *replies.READERS,
    *servers.READERS,
    *files.READERS,
    *requests.READERS,
    *stores.READERS,
)
"""All readers; their shares are of a thousand."""

KINDS = (*FINE, "traceback", "slow", "memory", "died")

_AT_ONCE = 400
"""Inputs of a process: then another one is forked, so that memory does not add up."""

_SILENT = 150.0
"""Seconds after which a process that has not finished an input is given up."""


_SAID_EVERY = 10_000


class Chunk(NamedTuple):
    """Inputs of a reader: those with the numbers ``first`` to ``last`` - 1."""

    reader: Reader
    first: int
    last: int


@dataclass(slots=True)
class Found:
    """What became of the inputs of a reader. ``findings`` are the smallest inputs of each kind,
    with their numbers and what was said."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str], tuple[int, bytes, str]] = field(default_factory=dict)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, number: int, given: bytes, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[outcome.kind] += 1
        if outcome.kind in FINE:
            return
        what = (outcome.kind, outcome.what)
        self.times[what] += 1
        known = self.findings.get(what)
        if known is None or len(given) < len(known[1]):
            self.findings[what] = (number, given, outcome.details)


def chunks(inputs: int, readers: Sequence[Reader]) -> list[Chunk]:
    """So many inputs, dealt to readers by their shares, in pieces."""
    shares = sum(reader.share for reader in readers)
    made: list[Chunk] = []
    for reader in readers:
        count = max(1, round(inputs * reader.share / shares))
        made += [
            Chunk(reader, first, min(first + _AT_ONCE, count))
            for first in range(0, count, _AT_ONCE)
        ]
    return made


def try_all(chunk: Chunk, seed: int, folder: Path, more: float = 0.0) -> Found:
    """Give all inputs of a chunk to its reader, in this process; ``more`` is as in ``attempt``."""
    found = Found()
    for number in range(chunk.first, chunk.last):
        given = chunk.reader.input(seed, number)
        found.add(number, given, attempt(chunk.reader, given, folder, more))
    return found


def _work(pipe: Connection, chunk: Chunk, seed: int, folder: Path) -> None:
    """A process: it tells each input's number before it, and its outcome after it."""
    warnings.simplefilter("ignore")  # Of code that is compiled, in scenarios.
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        for number in range(chunk.first, chunk.last):
            pipe.send(number)
            given = chunk.reader.input(seed, number)
            pipe.send((number, given, attempt(chunk.reader, given, Path(name))))
    pipe.send(None)


@dataclass(slots=True)
class _Process:
    """A process that works, the input at which it is, and since when."""

    chunk: Chunk
    process: Any
    pipe: Connection
    number: int
    since: float


def fuzz(waiting: Sequence[Chunk], seed: int, folder: Path, at_once: int = 2) -> dict[str, Found]:
    """Try all inputs, in processes that are forked; what became of them, by reader."""
    context = multiprocessing.get_context("fork")
    found = {chunk.reader.name: Found() for chunk in waiting}
    left, working = deque(waiting), list[_Process]()

    def start(chunk: Chunk) -> None:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(theirs, chunk, seed, folder), daemon=True)
        process.start()
        theirs.close()
        working.append(_Process(chunk, process, ours, chunk.first, time.monotonic()))

    def ended(one: _Process, what: str) -> None:
        """A process that is gone, or given up: the rest of its inputs goes to another one."""
        working.remove(one)
        one.process.kill()
        one.process.join()
        one.pipe.close()
        if what:
            given = one.chunk.reader.input(seed, one.number)
            outcome = Outcome("died", f"{what} (exit code {one.process.exitcode})")
            found[one.chunk.reader.name].add(one.number, given, outcome)
            if one.number + 1 < one.chunk.last:
                left.append(Chunk(one.chunk.reader, one.number + 1, one.chunk.last))

    said = 0
    while left or working:
        done = sum(each.counts.total() for each in found.values())
        if done >= said + _SAID_EVERY:
            said = done - done % _SAID_EVERY
            print(f"{said:,} inputs", flush=True)
        while left and len(working) < at_once:
            start(left.popleft())
        wait([one.pipe for one in working], timeout=1.0)
        for one in list(working):
            what = _listen(one, found[one.chunk.reader.name])
            if what is not None:
                ended(one, what)
    return found


def _listen(one: _Process, found: Found) -> str | None:
    """Read what a process has told. None if it goes on; else how it ended, blank if it is done."""
    try:
        while one.pipe.poll():
            told = one.pipe.recv()
            if told is None:
                return ""
            one.since = time.monotonic()
            if isinstance(told, int):
                one.number = told
            else:
                found.add(*told)
    except EOFError:
        return "the process died"
    if time.monotonic() - one.since > _SILENT:
        return f"no end within {_SILENT:g} seconds"
    return None


def table(found: dict[str, Found]) -> str:
    """The counts by reader and outcome, as a table in Markdown."""
    lines = [f"| reader | inputs | {' | '.join(KINDS)} |", f"|---|{'---:|' * (1 + len(KINDS))}"]
    together: Counter[str] = Counter()
    for name, each in found.items():
        together += each.counts
        cells = " | ".join(f"{each.counts[kind]:,}" for kind in KINDS)
        lines.append(f"| {name} | {each.counts.total():,} | {cells} |")
    cells = " | ".join(f"{together[kind]:,}" for kind in KINDS)
    return "\n".join([*lines, f"| together | {together.total():,} | {cells} |"])


def told(found: dict[str, Found], seed: int, folder: Path) -> str:
    """The findings, each with the file in which its smallest input was saved."""
    lines: list[str] = []
    for name, each in found.items():
        for what, (number, given, details) in each.findings.items():
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}-{number}"
            path.write_bytes(given)
            lines += [
                f"\n{name}, {what[0]}: {what[1]} ({each.times[what]} inputs)",
                f"  --reader {name!r} --file {path}",
                *(f"    {line}" for line in details.splitlines()[-8:]),
            ]
    return "\n".join(lines)


def main() -> None:
    """The command. Exit code 1 if there is a finding."""
    names = [reader.name for reader in READERS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader", choices=names, metavar=f"{{{', '.join(names)}}}")
    parser.add_argument("--file", type=Path, help="give one input, from a file")
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz"), metavar="FOLDER")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    readers = [each for each in READERS if options.reader in (None, each.name)]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        if options.file is not None:
            [reader] = readers
            outcome = attempt(reader, options.file.read_bytes(), Path(name))
            print(f"{outcome.kind} {outcome.what}\n{outcome.details}")
            sys.exit(0 if outcome.kind in FINE else 1)
        files.judged_store()  # Made once, before processes are forked.
        stores.bases()
        found = fuzz(chunks(options.inputs, readers), options.seed, Path(name), options.processes)
    print(f"{table(found)}\n{told(found, options.seed, options.keep)}")
    fine = not any(each.findings for each in found.values())
    print(f"\n{'pass' if fine else 'MISS'}, {time.monotonic() - begun:.0f} s")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
