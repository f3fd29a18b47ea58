"""Yoked surrogates: what an actor does by itself, when nobody really answers it.

For each live trial and each actor, a surrogate trial plays the same scene with the same seed, in
which only that actor (the focal one) is asked; its partners' lines are replaced by off-topic ones.
Whatever still moves the actor (its persona, the topic, the stage) moves it without its partners:
that is the shared pull. What is left of the convergence of the live trial is interaction.

The idea of a yoked control is old in psychology (Ferster and Skinner, 1957): the same schedule of
events, without the dependence on what the subject does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.planning import Trial
from sim.scene.endings import after
from sim.seeds import Stream
from sim.stage.base import LogProb, Reply, Request, Stage
from sim.study.off_topic import OFF_TOPIC

_MARK = "#yoked:"


class Yoked:
    """A stage on which one actor plays and the others say lines that have nothing to do with it.

    The lines are drawn by the seed of the turn, so that a surrogate is as repeatable as its stage.
    """

    def __init__(self, stage: Stage, focal: str) -> None:
        self.stage = stage
        self.focal = focal
        self.identity = yoked_identity(stage.identity, focal)
        self.free = bool(getattr(stage, "free", False))

    async def perform(self, request: Request) -> Reply:
        """The focal actor's turn by the stage; an off-topic line for everybody else."""
        if request.speaker == self.focal:
            return await self.stage.perform(request)
        return Reply(OFF_TOPIC[Stream(request.seed).below(len(OFF_TOPIC))])

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The stage's, for the focal actor."""
        return await self.stage.log_prob(request, text) if request.speaker == self.focal else None


def yoked_identity(identity: str, focal: str) -> str:
    """The identity of a yoked stage."""
    return f"{identity}{_MARK}{focal}"


def yoked_parts(identity: str) -> tuple[str, str] | None:
    """The identity of the stage in a yoked one, and its focal actor; None if it is not yoked.

    >>> yoked_parts(yoked_identity("embedded:base", "Ada")), yoked_parts("embedded:base")
    (('embedded:base', 'Ada'), None)
    """
    inner, mark, focal = identity.rpartition(_MARK)
    return (inner, focal) if mark else None


def yoked(trials: Sequence[Trial]) -> list[Trial]:
    """The surrogates of live trials: one for each trial and actor.

    Endings that depend on the others (a gauge, a phrase) make no sense here, so a surrogate lasts
    as long as its scene may at most. Only the focal actor is probed.
    """
    surrogates: list[Trial] = []
    for live in trials:
        if live.arm != "live":
            continue
        turns = live.scene.ends.bound()
        assert turns is not None  # a scene without a bound is refused when it is built
        for name in live.scene.names:
            probes = tuple(
                probe.model_copy(update={"to": (name,)})
                for probe in live.scene.probes
                if probe.to is None or name in probe.to
            )
            scene = live.scene.model_copy(update={"probes": probes, "ends": after(turns=turns)})
            surrogates.append(
                live.renew(
                    arm="yoked",
                    focal=name,
                    of=live.id,
                    scene=scene,
                    stage=yoked_identity(live.stage, name),
                )
            )
    return surrogates


def yoked_stages(stages: Mapping[str, Stage], surrogates: Sequence[Trial]) -> dict[str, Stage]:
    """The stages that surrogates are played on, by identity, to be added to the live ones."""
    found: dict[str, Stage] = {}
    for trial in surrogates:
        assert trial.focal is not None
        for identity, stage in stages.items():
            if yoked_identity(identity, trial.focal) == trial.stage and trial.stage not in found:
                found[trial.stage] = Yoked(stage, trial.focal)
    return found
