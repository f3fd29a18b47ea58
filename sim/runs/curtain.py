"""The end of a trial: its last event, its truths and its status, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol, runtime_checkable

from sim.events import Ended
from sim.planning import Trial
from sim.scene.scene import Scene
from sim.stage.base import Stage, Truth
from sim.store import Writer, encode
from sim.transcript import Transcript

_END_TRIAL = "UPDATE trials SET status = ?, reason = ?, turns = ?, run = ? WHERE trial = ?"


@runtime_checkable
class Omniscient(Protocol):
    """A stage that can tell, after the curtain, what went on in the actors (the exact one)."""

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> Sequence[Truth]:
        """A hidden path for each actor."""
        ...


async def curtain(
    writer: Writer, run: int, trial: Trial, stage: Stage, transcript: Transcript, ended: Ended
) -> None:
    """Commit the end of a trial."""
    truths: Sequence[Truth] = ()
    if isinstance(stage, Omniscient):
        truths = await stage.truths(trial.scene, transcript, trial.seed)
    for truth in truths:
        facts = asdict(truth)
        actor = facts.pop("actor")
        writer.execute(
            "INSERT OR REPLACE INTO truths VALUES (?, ?, ?)", trial.id, actor, encode(facts)
        )
    writer.execute(_END_TRIAL, ended.status, ended.reason, len(transcript), run, trial.id)
    writer.event(trial.id, ended)
    await writer.barrier()
