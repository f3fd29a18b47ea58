"""Surrogates: what an actor does by itself, when nobody really answers it.

For each live trial and each actor, a surrogate trial plays the same scene with the same seed, in
which only that actor (the focal one) is asked; its partners say off-topic lines (*yoked*) or
nothing (*mute*). What moves the actor there (its persona, the topic, the stage) is the shared pull.
The convergence of the live trial beyond that is interaction. The design is the yoked control of
Ferster and Skinner, "Schedules of Reinforcement" (1957).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sim.errors import BadRequest
from sim.planning.trials import LIVE, Trial
from sim.scene.endings import after
from sim.stage.base import Stage
from sim.stage.surrogate import KINDS, Surrogate, SurrogateKind, surrogate_identity, surrogate_parts


def surrogates_of(
    trials: Sequence[Trial], kinds: Sequence[SurrogateKind] = ("yoked",)
) -> list[Trial]:
    """The surrogates of live trials: one for each trial, kind and actor.

    Endings that depend on the others (a gauge, a phrase) make no sense here, so a surrogate lasts
    as long as its scene may at most. Only the focal actor is probed. Raises ``BadRequest`` for an
    unknown kind, and for scenes that name stages of their own for some actors.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise BadRequest(f"surrogates: there is no kind {kind!r}; there are {', '.join(KINDS)}")
    found: list[Trial] = []
    for live in trials:
        if live.arm != LIVE:
            continue
        if kinds and live.stages:
            raise BadRequest(
                f"{' and '.join(kinds)}: this scene names stages of its own for some actors, whom "
                "surrogates cannot replace; leave it out"
            )
        for kind in dict.fromkeys(kinds):
            found += _of(live, kind)
    return found


def _of(live: Trial, kind: SurrogateKind) -> Iterator[Trial]:
    """The surrogates of one kind of a trial, by actor."""
    turns = live.scene.ends.bound()
    assert turns is not None  # a scene without a bound is refused when it is built
    for name in live.scene.names:
        probes = tuple(
            probe.model_copy(update={"to": (name,)})
            for probe in live.scene.probes
            if probe.to is None or name in probe.to
        )
        scene = live.scene.model_copy(update={"probes": probes, "ends": after(turns=turns)})
        yield live.renew(
            arm=kind,
            focal=name,
            of=live.id,
            scene=scene,
            stage=surrogate_identity(live.stage, kind, name),
        )


def surrogate_stages(stages: Mapping[str, Stage], surrogates: Sequence[Trial]) -> dict[str, Stage]:
    """The stages that surrogates are played on, by identity, to be added to the live ones."""
    added: dict[str, Stage] = {}
    for trial in surrogates:
        parts = surrogate_parts(trial.stage)
        assert parts is not None
        if trial.stage not in added and parts.stage in stages:
            added[trial.stage] = Surrogate(stages[parts.stage], parts.focal, parts.kind)
    return added
