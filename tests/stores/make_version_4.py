"""Writes ``version_4.db``, a store of schema version 4, and its export ``version_4.jsonl``.

    .venv/bin/python tests/stores/make_version_4.py     # at the commit that added the files

They are committed and never written again: later versions must still open, migrate and export
what version 4 wrote. Besides what version 3 knew it holds what models thought before they spoke.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from sim import Actor, Persona, Scene, after, ask_stance, plan, ring
from sim.events import Answer, Ended, Failure, FellBack, Forgot, Intervened, Turn, Usage
from sim.stage.base import Reply
from sim.store import Writer, encode, export_jsonl

HERE = Path(__file__).parent


def tea(turns: int = 2) -> Scene:
    """Two people and a kettle, one of them played by another stage."""
    return Scene(
        topic="Tea?",
        cast=[
            Actor(Persona(name="Ada", stances={"tea": 1.0})),
            Actor(Persona(name="Ben"), stage="other"),
        ],
        graph=ring("Ada", "Ben"),
        probes=[ask_stance("tea")],
        ends=after(turns=turns),
    )


EVENTS = (
    Answer(0, "Ada", "stance:tea", 0.25, raw='{"stance": 0.25}', prompt="00ff", seconds=0.1),
    Turn(
        1, "Ada", 'He said: "Tea?" ☕ \ud800', None, "00aa", "stop", "", (), True,
        Usage(7, 3, 2, 0.1), 0.5, absent=("Cleo",), thought="Tea. ☕ \ud800",
    ),
    Answer(1, "Ben", "stance:tea", None, gauge=True, sample=1, missing="no number"),
    Answer(1, "Ada", "floor:next", None, gauge=True, raw="Who?", missing="no choice"),
    FellBack(2, "Ada", "floor:next", "no answer named anybody"),
    Forgot(2, "Ben", "summarise", 2, "There was tea. ☕", 900),
    Intervened(2, "0:enter", "enter", "Cleo", "(Cleo enters.)"),
    Intervened(2, "1:replace", "replace", "Ben", detail={"unsaid": "Yes."}),
    Turn(
        2, "Ben", "No.", ("Ada",), "00bb", "length", "NARRATOR: Silence.", ("NARRATOR",),
        overheard=("Cleo",), source="intervention", cued=1,
    ),
    Failure(2, "Ada", "turn", "timeout", "no reply within 60 s"),
    Ended(2, "a turn failed", "failed"),
)  # fmt: skip


async def write(store: Path) -> None:
    """Fill a new store."""
    failed, untouched = plan(
        tea, models=[("toy", "toy")], trials=2, seed=7, stages={"other": "other toy"}
    )
    branch = failed.renew(arm="fork@2", of=failed.id, at=2, branch=1)
    writer = Writer.open(store)
    writer.execute(
        "INSERT INTO runs VALUES (1, 1.5, 2.5, 'done', ?, ?)",
        encode({"version": "0.1"}), encode({"stopped": None, "stages": {}}),
    )  # fmt: skip
    for trial in (failed, untouched, branch):
        writer.execute(
            "INSERT INTO trials"
            " VALUES (?, 1, ?, ?, ?, ?, ?, ?, NULL, ?, ?, 'planned', NULL, 0, ?, ?, ?)",
            trial.id, trial.scenario, encode(trial.parameters), trial.model, trial.stage,
            trial.seed, trial.arm, trial.of, "{}", trial.at, trial.branch,
            encode(dict(trial.stages)),
        )  # fmt: skip
    for event in EVENTS:
        writer.event(failed.id, event)
    writer.event(branch.id, Turn(2, "Ben", "Perhaps.", None, "00bb"))
    writer.execute(
        "UPDATE trials SET status = 'failed', reason = 'a turn failed', turns = 2 WHERE trial = ?",
        failed.id,
    )
    writer.execute("INSERT INTO truths VALUES (?, 'Ada', ?)", failed.id, encode({"turns": [1]}))
    writer.execute(
        "INSERT INTO verdicts VALUES (?, 'judge', 'f0', ?, ?)",
        failed.id, encode(["Ben", "Ada"]), encode({"winner": "Ben", "margin": 3, "missing": None}),
    )  # fmt: skip
    writer.execute("INSERT INTO tournaments VALUES ('cup', 'Cup', ?, 3.5)", encode({"judges": []}))
    for match, trial in ((1, failed.id), (2, None)):
        writer.execute(
            "INSERT INTO matches VALUES ('cup', 1, ?, 0, ?, 'Tea?', ?)",
            match, trial, encode([{"entrant": "A", "actor": "Ada", "position": 0, "place": 0}]),
        )  # fmt: skip
    reply = Reply("Tea.", thought="☕ \ud800")
    writer.reply(failed.id[:12] + "0123456789abcdef0123", failed.id, reply)
    await writer.barrier()
    writer.close()


def main() -> None:
    """Write both files anew."""
    store = HERE / "version_4.db"
    for path in (store, HERE / "version_4.jsonl"):
        path.unlink(missing_ok=True)
    asyncio.run(write(store))
    Path(f"{store}.lock").unlink(missing_ok=True)
    # Without a write-ahead log, so that reading the committed file leaves nothing beside it.
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    export_jsonl(store, HERE / "version_4.jsonl")


if __name__ == "__main__":
    main()
