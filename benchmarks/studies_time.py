"""How long each study that ships takes from end to end, on embedded stages.

    python -m benchmarks.studies_time [--study NAME ...] [--write]

plays `elsinore study NAME` in its default size with its report, each in a process and a store of
its own, one after the other, and prints seconds of wall clock and of processor (of all processes
and threads together). The bar is three minutes of wall clock on two processors that nobody else
uses; the command ends with 1 if it is missed. With ``--write`` the seconds go into
``studies_time.tsv`` beside this file, and ``docs/studies.md`` is made anew.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.validity.study_table import BAR, Took, write_document, write_times
from sim.planning.studies import find_study, study_names
from sim.store import open_store
from sim.study.studies.design import design_of


def timed(name: str, folder: Path) -> Took:
    """Play a study into a new store in a folder, and say how long it took."""
    store = folder / f"{name}.db"
    command = [sys.executable, "-m", "sim.cli", "study", name, "--store", str(store),
               "--report", str(folder / f"{name}.html")]  # fmt: skip
    log = folder / f"{name}.txt"
    load = os.getloadavg()[0]
    with log.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        # What a process used is told to who waits for it, with what its own children used.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"elsinore study {name} ended with {process.returncode}:\n{log.read_text()}")
    with open_store(store) as opened:
        turns = sum(trial.turns for trial in opened.trials())
    trials = len(design_of(find_study(name)).planned)
    processor = used.ru_utime + used.ru_stime
    return Took(name, trials, turns, round(wall, 1), round(processor, 1), round(load, 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the seconds; 1 if a study takes longer than the bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--study", action="append", help="a study; all that ship unless given")
    parser.add_argument("--write", action="store_true", help="write the table and the document")
    chosen = parser.parse_args(arguments)
    slow = 0
    with tempfile.TemporaryDirectory(prefix="elsinore-studies-") as folder:
        for name in chosen.study or study_names():
            took = timed(name, Path(folder))
            print(took.sentence, flush=True)
            slow += took.wall > BAR
            if chosen.write:
                write_times([took])
    if chosen.write:
        write_document()
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
