"""Branches: the same scene from a turn on, perhaps with something changed.

Everything before turn ``at`` is as it was. Branch i draws its randomness from the same seeds
whatever was changed, so that arms can be compared in pairs (common random numbers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sim.errors import BadRequest
from sim.events import Intervened
from sim.planning.canonical_form import canonical
from sim.planning.trials import Trial, cast_of, trial_id
from sim.scene.endings import after
from sim.scene.interventions import DeleteTurn, Intervention, never
from sim.scene.prose import wording_for
from sim.scene.routing.orders import Scripted
from sim.scene.scene import Scene
from sim.transcript import Transcript

Change = Intervention | Sequence[Intervention]
"""What is changed in a branch: one intervention, or several."""


def changed_scene(
    transcript: Transcript, at: int, change: Change = (), turns: int | None = None
) -> tuple[Scene, Transcript]:
    """The scene of a branch, and the transcript before turn ``at``, from which it goes on."""
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

    If they stayed, a line that was put into somebody's mouth would be put there again in every
    branch, and no branch could generate the turn anew. Raises ``SceneError`` if the change makes no
    sense.
    """
    kept = list(scene.interventions)
    applied = interventions_at(transcript, at)
    for number in applied:
        # Disabled and not removed: events refer to interventions by their number.
        kept[number] = kept[number].model_copy(update={"at": None, "when": never})
    if not more and not applied:
        return scene
    return scene.replace(interventions=(*kept, *more))


def interventions_at(transcript: Transcript, at: int) -> list[int]:
    """The numbers of the interventions that said, replaced or struck turn ``at``."""
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

    No stage is asked for the turn: its text is in the transcript. Raises ``BadRequest`` if there is
    no such turn.
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
    stages: Mapping[str, str] | None = None,
) -> list[Trial]:
    """The branches of a stored trial, as trials to be run.

    ``label`` names what was changed: branches of one label are one arm (``fork@7 drop``).
    ``transcript`` is that of the live trial. ``stages`` are the identities of stages that the
    change names.
    """
    scene, _ = changed_scene(transcript, at, change, turns)
    cast = cast_of(scene, {**live.stages, **(stages or {})})
    # Part of the arm, because branches that end early are no replications of those that do not.
    window = "" if turns is None else f" ({turns} turns)"
    arm = f"fork@{at} {label}".strip() + window
    first = live.renew(scene=scene, arm=arm, of=live.id, at=at, branch=0, stages=cast)
    text = canonical(first.scene)
    others = (replace(first, branch=number) for number in range(1, n))
    return [first, *(replace(other, id=trial_id(other, text)) for other in others)]


def played_by(live: Trial, model: str, stage: str) -> Trial:
    """An imported conversation as a trial of a model that plays on: in the wording for its stage.

    Its id stays, because branches are of the conversation that was imported. Raises ``BadRequest``
    if the conversation is too long to be played on.
    """
    if not isinstance(live.scene.routing, Scripted):
        raise BadRequest(
            f"trial {live.id[:8]}: has too many turns to be played on; import a part of it"
        )
    scene = live.scene.replace(wording=None).worded(wording_for([stage]))
    return replace(live, scene=scene, model=model, stage=stage)
