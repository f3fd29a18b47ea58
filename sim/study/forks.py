"""Forks: what would have happened otherwise, from any turn of a transcript.

Everything before turn ``at`` is as it was; from then on the scene is played anew, n times, perhaps
with something changed. Branch i draws its randomness from the same seeds whatever was changed, so
that arms can be compared in pairs (common random numbers).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sim.engine import Observer, play
from sim.errors import BadRequest
from sim.events import Intervened
from sim.planning import Trial, cast_of
from sim.scene.endings import after
from sim.scene.interventions import DeleteTurn, Intervention, never
from sim.scene.scene import Scene
from sim.stage.base import Stage
from sim.transcript import Transcript

Change = Intervention | Sequence[Intervention]
"""What is changed in a branch: one intervention, or several."""


async def fork(
    transcript: Transcript,
    stage: Stage,
    *,
    at: int,
    n: int = 20,
    change: Change = (),
    turns: int | None = None,
    stages: Mapping[str, Stage] | None = None,
    first: int = 0,
    concurrency: int = 16,
    observers: Sequence[Observer] = (),
) -> list[Transcript]:
    """Play what follows ``n`` times, from turn ``at`` on: that turn is the first that is new.

    ``transcript`` was made by ``play()`` (it knows its scene and seed), and may be a branch itself.
    ``change`` are interventions for the branches: ``say("Ada", "I was wrong.", at=at)``,
    ``dropped(transcript, at)``. Without a change the turn and all that follows is rolled again; who
    speaks at turn ``at`` stays who it was. ``turns`` ends each branch after so many turns of its
    own. Branches are numbered from ``first`` on: the same number, the same draws.

    Raises ``BadRequest`` if there is no such turn, ``SceneError`` if the change makes no sense.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, open_stage, play, ring, say
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=6))
    >>> stage = open_stage("embedded:base")
    >>> told = asyncio.run(play(scene, stage, seed=1))
    >>> branches = asyncio.run(fork(told, stage, at=3, n=4, change=say("Ada", "Never!", at=3)))
    >>> [branch.turns[2].text for branch in branches]
    ['Never!', 'Never!', 'Never!', 'Never!']
    >>> branches[0].turns[:2] == told.turns[:2]
    True
    """
    if n < 1:
        raise BadRequest(f"fork: {n} branches are none; use at least 1")
    scene, shared = changed_scene(transcript, at, change, turns)
    gate = asyncio.Semaphore(concurrency)

    async def branch(number: int) -> Transcript:
        async with gate:
            return await play(
                scene, stage, seed=shared.seed or 0, resume=shared, branch=number, stages=stages,
                observers=observers,
            )  # fmt: skip

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(branch(number)) for number in range(first, first + n)]
    return [task.result() for task in tasks]


def changed_scene(
    transcript: Transcript, at: int, change: Change = (), turns: int | None = None
) -> tuple[Scene, Transcript]:
    """The scene of a branch, and the transcript that it goes on from."""
    scene = transcript.scene
    if not isinstance(scene, Scene) or transcript.seed is None:
        raise BadRequest(
            "fork: this transcript does not know its scene and seed; "
            "use one that play() has returned, or elsinore fork for one in a store"
        )
    if not 1 <= at <= len(transcript) + 1:
        raise BadRequest(
            f"fork: there is no turn {at} to go on from; the transcript has {len(transcript)} turns"
        )
    more = (change,) if isinstance(change, Intervention) else tuple(change)
    scene = scene_of_branch(scene, transcript, at, more)
    if turns is not None:
        scene = scene.model_copy(update={"ends": scene.ends | after(turns=at - 1 + turns)})
    return scene, transcript.fork(at - 1)


def scene_of_branch(
    scene: Scene, transcript: Transcript, at: int, more: Sequence[Intervention]
) -> Scene:
    """The scene with interventions added, and without those that made turn ``at`` what it was.

    A line that was put into somebody's mouth would be put there again in every branch, and a turn
    rolled again would be the same. Raises ``SceneError`` if the change makes no sense.
    """
    kept = list(scene.interventions)
    made = made_turn(transcript, at)
    for number in made:
        # Its place is kept: interventions are known by their number.
        kept[number] = kept[number].model_copy(update={"at": None, "when": never})
    if not more and not made:
        return scene
    fields = {name: getattr(scene, name) for name in type(scene).model_fields}
    return Scene(**fields | {"interventions": (*kept, *more)})


def made_turn(transcript: Transcript, at: int) -> list[int]:
    """The numbers of the interventions that said, replaced or struck a turn."""
    return [
        int(event.key.partition(":")[0])
        for event in transcript.events
        if isinstance(event, Intervened)
        and event.turn == at
        and event.what in ("say", "whisper", "replace", "delete", "noise")
        and (event.actor or event.what in ("replace", "delete"))
        and "skipped" not in event.detail
    ]


def dropped(transcript: Transcript, at: int) -> DeleteTurn:
    """The change that strikes turn ``at``: its speaker has the floor, and nothing is heard.

    Nobody is asked for it, since what was said is known.
    """
    if not 1 <= at <= len(transcript):
        raise BadRequest(f"drop: there is no turn {at}; the transcript has {len(transcript)} turns")
    return DeleteTurn(at=at, unsaid=transcript.turns[at - 1].text)


def branch_trials(
    live: Trial,
    transcript: Transcript,
    *,
    at: int,
    n: int,
    change: Change = (),
    label: str = "",
    turns: int | None = None,
    first: int = 0,
    stages: Mapping[str, str] | None = None,
) -> list[Trial]:
    """The branches of a stored trial, as trials for ``run``.

    ``label`` names what was changed: branches of one label are one arm (``fork@7 drop``).
    ``transcript`` is that of the live trial. ``stages`` are the identities of stages that the
    change names.
    """
    scene, _ = changed_scene(transcript, at, change, turns)
    cast = cast_of(scene, {**live.stages, **(stages or {})})
    # Branches that end early are no replications of those that do not.
    window = "" if turns is None else f" ({turns} turns)"
    arm = f"fork@{at} {label}".strip() + window
    made = live.renew(scene=scene, arm=arm, of=live.id, at=at, branch=first, stages=cast)
    return [made, *(made.renew(branch=number) for number in range(first + 1, first + n))]
