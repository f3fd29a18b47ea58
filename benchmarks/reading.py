"""How fast transcripts are read for what they mean.

    python -m benchmarks.reading [--trials 10000] [--lines 2000]

*Throughput*: different lines a second of each embedder that is installed, on one core, lines of
twelve words. *Transcripts*: so many imported transcripts of 30 turns of two speakers whose personas
have an opposite, measured by ``spoken_flips`` and ``changes``, without meaning (``hashing``, the
base install) and by static vectors where they are installed; loading the store counts, importing
does not. The bar is 60 s for 10,000. Peak of memory beside.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import analysis
from analysis.evidence.embeddings import available, embedder
from analysis.evidence.readings import Sides
from sim.runs.importing import import_file

TURNS, WORDS, VOCABULARY = 30, 12, 5000
BAR = 60.0


def lines(count: int, seed: int) -> Iterator[str]:
    """Different lines of words whose frequencies are those of a language (Zipf)."""
    generator = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlu"))
    words = ["".join(generator.choice(letters, 3 + k % 6)) for k in range(VOCABULARY)]
    frequencies = 1 / np.arange(1, VOCABULARY + 1)
    drawn = generator.choice(VOCABULARY, (count, WORDS), p=frequencies / frequencies.sum())
    for number, row in enumerate(drawn):
        yield " ".join(words[place] for place in row) + f" {number}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=2_000)
    chosen = parser.parse_args(arguments)
    for name in available():
        by = embedder(name)
        by.embed(["A first line, so that weights are loaded."])
        texts = list(lines(chosen.lines, 1))
        started = time.process_time()
        by.embed(texts)
        took = time.process_time() - started
        print(f"{name}: {chosen.lines / took:,.0f} lines a second (CPU)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["conversation", "speaker", "text"])
            for number, text in enumerate(lines(chosen.trials * TURNS, 2)):
                writer.writerow([number // TURNS, ("Ann", "Ben")[number % 2], text])
        store = Path(folder) / "talk.db"
        import_file(path, store)
        sides = {"*": Sides(tuple(lines(1, 3)), tuple(lines(1, 4)))}
        for name in (name for name in available() if name != "minilm"):
            started, cpu = time.perf_counter(), time.process_time()
            data = analysis.load(store)
            flips = analysis.spoken_flips(data, by=name, personas=sides).by_arm
            took, cpu = time.perf_counter() - started, time.process_time() - cpu
            more = time.process_time()
            changes = analysis.changes(data, by=name).by_arm
            more = time.process_time() - more
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            verdict = "pass" if cpu < BAR else "miss"
            print(
                f"{name}: {chosen.trials:,} transcripts of {TURNS} turns loaded and read for flips "
                f"({len(flips)} estimates): {took:.1f} s, {cpu:.1f} s CPU, bar {BAR:.0f} s: "
                f"{verdict}; changes ({len(changes)} estimate) {more:.1f} s more; "
                f"peak {peak:,.0f} MB",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
