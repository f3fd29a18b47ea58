"""How much memory and time an import takes: a table of a gigabyte, written for the occasion.

    .tools/bin/uv run python -m benchmarks.imports [--megabytes 1000] [--conversations 2000]

The table is imported by the command in a process of its own, whose peak of memory is read from the
system. The conversations are interleaved line by line. The bar is 500 MB, whatever the size.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BAR = 500.0
"""MB of memory at most."""

WORDS = (
    "the", "a", "of", "to", "and", "we", "you", "they", "spring", "water", "mill", "town", "sell",
    "keep", "never", "always", "price",
)  # fmt: skip


def written(path: Path, megabytes: int, conversations: int) -> int:
    """A table of so many MB (10^6 bytes) at least; how many rows it has."""
    generator = random.Random(1)
    said = [" ".join(generator.choices(WORDS, k=16)) for _ in range(1000)]
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("conversation,speaker,text\n")
        while file.tell() < megabytes * 10**6:
            for _ in range(5000):
                file.write(f"{rows % conversations},Speaker {rows % 7},{said[rows % 997]}\n")
                rows += 1
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, import, print; 1 if it took more memory than the bar."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.imports", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--conversations", type=int, default=2000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        table, store = Path(folder) / "large.csv", Path(folder) / "large.db"
        rows = written(table, options.megabytes, options.conversations)
        began = time.perf_counter()
        line = [sys.executable, "-m", "sim.cli", "import", str(table), "-o", str(store)]
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        stored = store.stat().st_size / 1e6
    peak = used.ru_maxrss / 1000
    print(f"{options.megabytes:,} MB, {rows:,} rows, {options.conversations:,} conversations: "
          f"{seconds:.0f} s, {rows / seconds:,.0f} rows a second, peak of memory {peak:.0f} MB "
          f"(bar {BAR:.0f}), store {stored:,.0f} MB")  # fmt: skip
    return 0 if status == 0 and peak <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
