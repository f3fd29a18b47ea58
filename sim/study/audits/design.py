"""The design of an audit: which worlds are played, and which trial stands where in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from analysis.stats.factorial import SIZES, Factorial, factorial
from sim.errors import BadRequest
from sim.planning import Trial
from sim.planning.studies import Distance, Study
from sim.planning.worlds.changes import relabelled
from sim.planning.worlds.factors import Chosen, Factor, chosen, refused, world
from sim.scene.scene import Scene
from sim.stage.base import Stage
from sim.stage.providers.sampling import Sampling
from sim.study.studies.design import Change, Design, Opened, design_of

FEWEST = 3
"""So many factors an audit needs: of fewer than eight worlds no spread can be told."""

SEEDS = 5
"""Seeds of each arm, topic and world unless more or fewer are asked for."""

ENOUGH = 4
"""The world of a moderator has so many times the seeds of another: it stands for itself."""

TEMPERATURE = 0.5
"""By what the moderator *temperature* multiplies a model's temperature (1 unless it is set)."""


@dataclass(frozen=True)
class AuditDesign:
    """An audit laid out.

    ``worlds`` are in the order of the ``factorial``, whose columns are the invariances of
    ``chosen``. ``moderators`` are the worlds as they were written, but for one thing. ``symmetry``
    are some trials of the first world and the same with a relabelled graph; None where that cannot
    be (``chosen.left_out`` says why). ``stages`` are all that are open.
    """

    study: Study
    chosen: Chosen
    factorial: Factorial
    worlds: tuple[Design, ...]
    moderators: Mapping[str, tuple[str, Design]]
    symmetry: tuple[Design, Design] | None
    stages: Mapping[str, Stage]
    seeds: int

    @property
    def factors(self) -> tuple[str, ...]:
        """The names of the invariances."""
        return tuple(each.name for each in self.chosen.invariances)

    @property
    def trials(self) -> list[Trial]:
        """All trials: seed by seed over all worlds, so that an audit that was stopped has some of
        each; then the moderators and the symmetry."""
        every = [each.trials for each in self.worlds]
        block = max(1, len(every[0]) // self.seeds)
        rounds = [
            trials[start : start + block]
            for start in range(0, max(map(len, every)), block)
            for trials in every
        ]
        more = [design.trials for _, design in self.moderators.values()]
        twins = [each.trials for each in self.symmetry or ()]
        return list(chain(*rounds, *more, *twins))

    @property
    def models(self) -> Mapping[str, str]:
        """The models by role."""
        return self.worlds[0].models


def audit_design(
    study: Study,
    *,
    worlds: int = 48,
    seeds: int | None = None,
    seed: int = 0,
    moderators: bool = True,
    opened: Opened | None = None,
) -> AuditDesign:
    """Lay an audit out: the study with ``seeds`` seeds in each of at most ``worlds`` worlds.

    Each world has seeds of its own, so that sampling errors are independent. Raises ``BadRequest``
    for a study that cannot be audited, and what ``design_of`` raises.
    """
    if worlds not in SIZES:
        raise BadRequest(f"--worlds: {worlds} is no size of a design; use 12, 24 or 48")
    count = SEEDS if seeds is None else seeds
    if count < 2:
        raise BadRequest(
            f"--seeds: {count} in each world says nothing of sampling error; use 2 or more"
        )
    distances = [each.name for each in study.primary if isinstance(each, Distance)]
    if distances:
        raise BadRequest(
            f"study {study.name}: {distances[0]} is a distance of distributions, which is no mean "
            "over blocks; an audit needs a contrast of numbers of trials"
        )
    held = opened or Opened()
    written = design_of(study, seeds=1, seed=seed, opened=held, change=lambda scene: scene)
    if written.files:
        raise BadRequest(
            f"study {study.name}: has arms of people's transcripts, whose worlds cannot be changed"
        )
    taken = chosen(study, _scenes(written))
    if len(taken.invariances) < FEWEST:
        told = "; ".join(f"{name}: {why}" for name, why in taken.left_out.items())
        raise BadRequest(
            f"study {study.name}: only {len(taken.invariances)} factors fit it, and an audit needs "
            f"{FEWEST} ({told})"
        )
    plan = factorial(len(taken.invariances), worlds)
    laid = []
    for place, levels in enumerate(plan.levels):
        changed = [factor for factor, level in zip(taken.invariances, levels, strict=True)
                   if level > 0]  # fmt: skip
        laid.append(
            design_of(
                _study_in(study, changed, taken), seeds=count, seed=seed + place * count,
                opened=held, change=world(changed),
            )
        )  # fmt: skip
    first = seed + plan.worlds * count
    modified = _moderators(study, taken, held, (first, ENOUGH * count)) if moderators else {}
    if moderators and "temperature" not in modified:
        taken.left_out["temperature"] = "embedded stages have none"
    symmetry = _symmetry(study, taken, held, seed)
    every = [*laid, *(each for _, each in modified.values()), *(symmetry or ())]
    stages = {name: stage for each in every for name, stage in each.stages.items()}
    return AuditDesign(study, taken, plan, tuple(laid), modified, symmetry, stages, count)


def _scenes(design: Design) -> list[Scene]:
    """The scenes of a study as they were written; those of surrogates before they were made."""
    found: list[Scene] = []
    for each in design.planned:
        if each.trial.scene not in found:
            found.append(each.trial.scene)
    return found


def _study_in(study: Study, changed: list[Factor], taken: Chosen) -> Study:
    """The study in a world: where names differ, so do those whom arms and contrasts name."""
    if not any(each.name == "names" for each in changed):
        return study
    names = taken.names
    arms = {
        name: arm if arm.focal is None else arm.replace(focal=names.get(arm.focal, arm.focal))
        for name, arm in study.arms.items()
    }
    contrasts = [
        each.replace(actor=_named(each.actor, names), settings=_named(each.settings, names))
        for each in study.contrasts
    ]
    most = len(study.primary)
    return study.replace(
        arms=arms, primary=tuple(contrasts[:most]), exploratory=tuple(contrasts[most:])
    )


def _named(told: Any, names: Mapping[str, str]) -> Any:
    """What a measure is told, with the other names of those whom it names."""
    if isinstance(told, str):
        return names.get(told, told)
    if isinstance(told, Mapping):
        return {key: _named(each, names) for key, each in told.items()}
    return [_named(each, names) for each in told] if isinstance(told, list | tuple) else told


def _moderators(
    study: Study, taken: Chosen, held: Opened, seeds: tuple[int, int]
) -> dict[str, tuple[str, Design]]:
    """The worlds of the moderators, with what is other in them."""
    first, count = seeds
    changes: list[tuple[str, str, Change, Opened]] = [
        (each.name, each.other, each.change, held) for each in taken.moderators
    ]
    if not all(model.startswith("embedded:") for model in study.stages.values()):
        sampling = held.asking.sampling or Sampling()
        now = 1.0 if sampling.temperature is None else sampling.temperature
        cooler = sampling.model_copy(update={"temperature": TEMPERATURE * now})
        other = Opened(replace(held.asking, sampling=cooler))
        told = f"{TEMPERATURE * now:g} instead of {now:g}"
        changes.append(("temperature", told, lambda scene: scene, other))
    return {
        name: (told, design_of(study, seeds=count, seed=first + place * count, opened=opened,
                               change=change))
        for place, (name, told, change, opened) in enumerate(changes)
    }  # fmt: skip


def _symmetry(study: Study, taken: Chosen, held: Opened, seed: int) -> tuple[Design, Design] | None:
    """One block of the first world, and the same with a relabelled graph."""
    if all(model.startswith("embedded:") for model in study.stages.values()):
        written = design_of(study, seeds=1, seed=seed, opened=held, change=lambda scene: scene)
        reason = refused(relabelled, _scenes(written))
        if not reason:
            other = design_of(study, seeds=1, seed=seed, opened=held, change=relabelled)
            return written, other
    else:
        reason = "checked on embedded stages alone: another model's own randomness moves numbers"
    taken.left_out["relabelled graph"] = reason
    return None
