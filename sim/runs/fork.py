"""Forks: what would have happened otherwise, from any turn of a transcript.

The turns before turn ``at`` are those of the transcript; from then on the scene is played anew, n
times, perhaps with a change. Branch i draws its randomness from the same seeds whatever was
changed, so that arms can be compared in pairs (common random numbers).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sim.engine import play
from sim.errors import BadRequest
from sim.planning.branches import Change, changed_scene
from sim.stage.base import Stage
from sim.transcript import Transcript

_AT_ONCE = 16
"""Branches that are played at once."""


async def fork_transcript(
    transcript: Transcript,
    stage: Stage,
    *,
    at: int,
    n: int = 20,
    change: Change = (),
    turns: int | None = None,
    stages: Mapping[str, Stage] | None = None,
    first: int = 0,
) -> list[Transcript]:
    """Play what follows ``n`` times, from turn ``at`` on: that turn is the first that is new.

    ``transcript`` was made by ``play()`` (it knows its scene and seed), and may be a branch itself.
    ``change`` are interventions for the branches: ``say("Ada", "I was wrong.", at=at)``,
    ``dropped(transcript, at)``. Without a change the turn and all that follow are generated again;
    turn ``at`` keeps its speaker. ``turns`` ends each branch after so many turns of its
    own. Branches are numbered from ``first`` on; branches of one number have the same draws.

    Raises ``BadRequest`` if there is no such turn, ``SceneError`` if the change makes no sense.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, interventions, open_stage, play, ring
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=6))
    >>> stage = open_stage("embedded:base")
    >>> parent = asyncio.run(play(scene, stage, seed=1))
    >>> said = interventions.say("Ada", "Never!", at=3)
    >>> branches = asyncio.run(fork_transcript(parent, stage, at=3, n=4, change=said))
    >>> [branch.turns[2].text for branch in branches]
    ['Never!', 'Never!', 'Never!', 'Never!']
    >>> branches[0].turns[:2] == parent.turns[:2]
    True
    """
    if n < 1:
        raise BadRequest(f"fork: {n} branches are none; use at least 1")
    scene, shared = changed_scene(transcript, at, change, turns)
    places = asyncio.Semaphore(_AT_ONCE)

    async def branch(number: int) -> Transcript:
        async with places:
            return await play(
                scene, stage, seed=shared.seed or 0, resume=shared, branch=number, stages=stages
            )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(branch(number)) for number in range(first, first + n)]
    return [task.result() for task in tasks]
