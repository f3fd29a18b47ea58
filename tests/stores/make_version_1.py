"""Writes ``version_1.db``, a store of schema version 1, and its export ``version_1.jsonl``.

    .venv/bin/python tests/stores/make_version_1.py     # at the commit that added the files

They are committed and never written again (later code writes later versions): later versions must
still open, migrate and export what version 1 wrote. It holds every kind of event, a call in doubt,
a truth, a verdict, texts that are awkward (a quote, an emoji, half a surrogate pair) and a trial
that was not played.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from sim import Actor, Persona, Scene, after, ask_stance, plan, ring
from sim.calls.journal import Call
from sim.events import Answer, Ended, Failure, Turn, Usage
from sim.stage.base import Reply
from sim.store import Writer, encode, export_jsonl

HERE = Path(__file__).parent


def tea(turns: int = 2) -> Scene:
    """Two people and a kettle."""
    return Scene(
        topic="Tea?",
        cast=[Actor(Persona(name="Ada", stances={"tea": 1.0})), Actor(Persona(name="Ben"))],
        graph=ring("Ada", "Ben"),
        probes=[ask_stance("tea")],
        ends=after(turns=turns),
    )


EVENTS = (
    Answer(0, "Ada", "stance:tea", 0.25, raw='{"stance": 0.25}', prompt="00ff", seconds=0.1),
    Turn(
        1, "Ada", 'He said: "Tea?" ☕ \ud800', None, "00aa", "stop", "", (), True,
        Usage(7, 3, 2, 0.1), 0.5,
    ),
    Answer(1, "Ben", "stance:tea", None, gauge=True, sample=1, missing="no number"),
    Turn(2, "Ben", "No.", ("Ada",), "00bb", "length", "NARRATOR: Silence.", ("NARRATOR",)),
    Failure(2, "Ada", "turn", "timeout", "no reply within 60 s"),
    Ended(2, "a turn failed", "failed"),
)  # fmt: skip


async def write(store: Path) -> None:
    """Fill a new store."""
    failed, untouched = plan(tea, models=[("toy", "toy")], trials=2, seed=7)
    writer = Writer.open(store)
    writer.execute("INSERT INTO runs VALUES (1, 1.5, 2.5, 'done', ?)", encode({"version": "0.1"}))
    for trial in (failed, untouched):
        writer.execute(
            "INSERT INTO trials VALUES (?, 1, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, 'planned', NULL, 0)",
            trial.id, trial.scenario, encode(trial.parameters), trial.model, trial.stage,
            trial.seed, trial.arm, "{}",
        )  # fmt: skip
    for event in EVENTS:
        writer.event(failed.id, event)
    writer.execute(
        "UPDATE trials SET status = 'failed', reason = 'a turn failed', turns = 2 WHERE trial = ?",
        failed.id,
    )
    writer.execute("INSERT INTO truths VALUES (?, 'Ada', ?)", failed.id, encode({"turns": [1]}))
    writer.execute("INSERT INTO verdicts VALUES (?, 'judge', ?)", failed.id, encode({"flip": None}))
    writer.reply(f"{failed.id[:12]}0001", failed.id, Reply("half \ud800", exact=True, seconds=0.5))
    writer.intent(Call(f"{failed.id[:12]}0002", failed.id, 1, 3, "turn", "Ada"))
    await writer.barrier()
    writer.close()


def main() -> None:
    """Write both files anew."""
    store = HERE / "version_1.db"
    for path in (store, HERE / "version_1.jsonl"):
        path.unlink(missing_ok=True)
    asyncio.run(write(store))
    Path(f"{store}.lock").unlink(missing_ok=True)
    # Without a write-ahead log, so that reading the committed file leaves nothing beside it.
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    export_jsonl(store, HERE / "version_1.jsonl")


if __name__ == "__main__":
    main()
