"""``play()``: the loop that plays a scene.

It asks the router who is next, lets the layout build the prompt, asks the stage, and records what
happened. Observers and stage wrappers do everything else (printing, storing, progress bars).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sim.engine.author import write_block
from sim.engine.interventions import next_change
from sim.engine.next_speaker import settled
from sim.engine.state import Observer, Over, Performance, check_stages
from sim.engine.turns import say_what_was_answered, speak_at_once, take_turn
from sim.events import Ended
from sim.scene.prose import wording_for
from sim.scene.scene import Scene
from sim.stage.base import Stage, info_of
from sim.stage.per_actor import PerActor
from sim.transcript import Transcript


async def play(
    scene: Scene,
    stage: Stage,
    *,
    seed: int,
    observers: Sequence[Observer] = (),
    resume: Transcript | None = None,
    stages: Mapping[str, Stage] | None = None,
    branch: int | None = None,
) -> Transcript:
    """Play a scene to its end and return the transcript.

    The same scene, stage and seed give the same turns, whatever probes are asked beside them.
    ``stages`` are those that the scene names besides its own (``Scene.stages``).

    ``resume`` is an incomplete transcript: its turns, answers and failures are kept and not
    announced again; what is missing is asked. A call that fails for good is recorded as a
    ``Failure``; if it was a turn, the scene ends with status ``failed``. If ``resume`` is a fork of
    another transcript, ``branch`` is the number of the branch: everything after the shared turns is
    drawn with the branch's seed, and branches with the same number share their draws, whatever was
    changed in them (common random numbers).

    Raises ``ValueError`` if ``resume`` is of another scene (other speakers, other prompts). A
    transcript of the same scene with another seed can be told only where the speakers differ.
    Raises ``SceneError`` if a stage is missing, or if a condition cannot be computed.

    >>> import asyncio
    >>> from sim import Actor, Persona, Scene, after, play, ring
    >>> from sim.stage.fixed import FixedLines
    >>> scene = Scene(topic="Tea?", cast=(Actor(Persona(name="Ada")), Actor(Persona(name="Ben"))),
    ...               graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> transcript = asyncio.run(play(scene, FixedLines(["Please."]), seed=1))
    >>> [(turn.speaker, turn.text) for turn in transcript.turns]
    [('Ada', 'Please.'), ('Ben', 'Please.')]
    """
    if stages:
        stage = PerActor(stage, stages)
    check_stages(scene, info_of(stage).cast)
    identities = [stage.identity, *(each.identity for each in (stages or {}).values())]
    scene = scene.worded(wording_for(identities))
    performance = Performance(scene, stage, seed, observers, resume, branch)
    try:
        await _perform(performance)
    except asyncio.CancelledError:
        await performance.off_stage.abandon()
        raise
    finally:
        await performance.off_stage.settle()
    return performance.transcript


async def _perform(performance: Performance) -> None:
    """Take turns until an ending is reached, the router cues nobody, or a turn fails."""
    view, ends, said = performance.view, performance.scene.ends, performance.said
    author, interventions = performance.contexts.author, performance.scene.interventions
    off_stage, router = performance.off_stage, performance.router
    off_stage.probe((0,), view)
    for gauge in performance.scene.gauges:
        if gauge.start:
            view.gauges[gauge.question.key] = await off_stage.gauge(gauge, 0)
    try:
        while (reason := ends.reached(view)) is None:
            if interventions and await next_change(performance):
                continue
            seed = performance.route_seed(performance.next_turn)
            answer = router.next(performance.state, view, seed)
            together = False
            lines: tuple[str, ...] = ()
            if type(answer) is tuple and answer:
                places = answer
            else:
                speakers = await settled(performance, answer, seed)
                places, together, lines = speakers.places, speakers.together, speakers.lines
                reason = speakers.over
                if not places:
                    break
            if lines:
                for place, line in zip(places, lines, strict=False):
                    await performance.heard(
                        [say_what_was_answered(performance, place, line)], [place]
                    )
            elif author is not None:
                await write_block(performance, places, author)
            elif together:
                await performance.heard(await speak_at_once(performance, places), places)
            else:
                for place in places:
                    await performance.heard([await take_turn(performance, place)], [place])
                    if len(places) > 1 and ends.reached(view) is not None:
                        break
    except Over as over:
        await off_stage.settle()
        performance.end(over.ended)
        return
    if len(performance.known.turns) > len(said):
        raise ValueError(
            f"this transcript is of another scene: it has {len(performance.known.turns)} turns, "
            f"and this one is over {reason}"
        )
    off_stage.probe((len(said),), view, last=True)
    await off_stage.settle()
    performance.end(Ended(len(said), reason))
