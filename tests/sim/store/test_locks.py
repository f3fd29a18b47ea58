"""A run keeps its locks while its own process, and others, read the store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sim
from sim.store import Writer, open_store

CLOSES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM trials").fetchall()
connection.close()
"""


def test_reading_in_the_process_of_a_run_does_not_give_up_its_locks(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    sim.run("cross_purposes", trials=1, parameters={"turns": 2}, store=store)
    writer = Writer.open(store)
    try:
        writer.write_now([("UPDATE trials SET reason = 'one'", [()])])
        open_store(store).close()
        # Whoever closes a store last, as it seems to him, removes its log.
        subprocess.run([sys.executable, "-c", CLOSES, str(store)], check=True)
        assert Path(f"{store}-wal").exists(), "the log of a run that is going on was removed"
        writer.write_now([("UPDATE trials SET reason = 'two'", [()])])
        with open_store(store) as opened:
            assert [trial.reason for trial in opened.trials()] == ["two"]
    finally:
        writer.close()
