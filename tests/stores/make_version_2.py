"""Writes ``version_2.db``, a store of schema version 2, and its export ``version_2.jsonl``.

    .venv/bin/python tests/stores/make_version_2.py     # at the commit that added the files

They are committed and never written again: later versions must still open, migrate and export
what version 2 wrote. Besides what version 1 knew it holds a reply after retries, a hit, a prompt in
chunks, a call that failed for good, and an actor who forgot.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from sim import Actor, Persona, Scene, after, ask_stance, plan, ring
from sim.calls.journal import Call
from sim.errors import StageError
from sim.events import Answer, Ended, Failure, Forgot, Turn, Usage
from sim.layouts.prompt import Prompt
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
    Forgot(2, "Ben", "summarise", 2, "There was tea. ☕", 900),
    Turn(2, "Ben", "No.", ("Ada",), "00bb", "length", "NARRATOR: Silence.", ("NARRATOR",)),
    Failure(2, "Ada", "turn", "timeout", "no reply within 60 s"),
    Ended(2, "a turn failed", "failed"),
)  # fmt: skip


async def write(store: Path) -> None:
    """Fill a new store."""
    failed, untouched = plan(tea, models=[("toy", "toy")], trials=2, seed=7)
    writer = Writer.open(store)
    writer.execute(
        "INSERT INTO runs VALUES (1, 1.5, 2.5, 'done', ?, ?)",
        encode({"version": "0.1"}), encode({"stopped": None, "stages": {}}),
    )  # fmt: skip
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
    prompt = Prompt.start("system", "You play Ada.").then("user", "Ben: Well?")
    writer.chunks(prompt.chunks())
    request = "0123456789abcdef0123"
    reply = Reply(
        "Tea. ☕ \ud800", "stop", Usage(70, 3, 20, 0.01), None, 0.5, ("rate-limit", "server")
    )
    writer.reply(failed.id[:12] + request, failed.id, reply, prompt=prompt.digest)
    writer.reply(untouched.id[:12] + request, untouched.id, reply, True, prompt.digest)
    error = StageError(
        "timeout", "no reply; your key sk-abcdefgh12345678 is fine", attempts=("server", "timeout")
    )
    writer.failed(Call(failed.id[:12] + "f" * 20, failed.id, 1, 2, "turn", "Ada"), error)
    writer.intent(Call(failed.id[:12] + "e" * 20, failed.id, 1, 3, "turn", "Ada"))
    await writer.barrier()
    writer.close()


def main() -> None:
    """Write both files anew."""
    store = HERE / "version_2.db"
    for path in (store, HERE / "version_2.jsonl"):
        path.unlink(missing_ok=True)
    asyncio.run(write(store))
    Path(f"{store}.lock").unlink(missing_ok=True)
    # Without a write-ahead log, so that reading the committed file leaves nothing beside it.
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    export_jsonl(store, HERE / "version_2.jsonl")


if __name__ == "__main__":
    main()
