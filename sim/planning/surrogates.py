"""Yoked surrogates: what an actor does by itself, when nobody really answers it.

For each live trial and each actor, a surrogate trial plays the same scene with the same seed, in
which only that actor (the focal one) is asked; its partners' lines are replaced by off-topic ones.
What moves the actor there (its persona, the topic, the stage) is the shared pull. The convergence
of the live trial beyond that is interaction. The design is the yoked control of Ferster and
Skinner, "Schedules of Reinforcement" (1957).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.planning.trials import LIVE, YOKED, Trial
from sim.scene.endings import after
from sim.stage.base import Stage
from sim.stage.yoked import Yoked, yoked_identity


def yoked(trials: Sequence[Trial]) -> list[Trial]:
    """The surrogates of live trials: one for each trial and actor.

    Endings that depend on the others (a gauge, a phrase) make no sense here, so a surrogate lasts
    as long as its scene may at most. Only the focal actor is probed.
    """
    surrogates: list[Trial] = []
    for live in trials:
        if live.arm != LIVE:
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
                    arm=YOKED,
                    focal=name,
                    of=live.id,
                    scene=scene,
                    stage=yoked_identity(live.stage, name),
                )
            )
    return surrogates


def yoked_stages(stages: Mapping[str, Stage], surrogates: Sequence[Trial]) -> dict[str, Stage]:
    """The stages that surrogates are played on, by identity, to be added to the live ones."""
    added: dict[str, Stage] = {}
    for trial in surrogates:
        assert trial.focal is not None
        for identity, stage in stages.items():
            if trial.stage not in added and yoked_identity(identity, trial.focal) == trial.stage:
                added[trial.stage] = Yoked(stage, trial.focal)
    return added
