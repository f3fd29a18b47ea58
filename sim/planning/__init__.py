"""Plans: trials, and the canonical form of a scene by which a trial is known."""

from sim.planning.canonical_form import canonical, plain, source_digest
from sim.planning.trials import Trial, cast_of, plan, plan_scene, trial_id

__all__ = [
    "Trial",
    "canonical",
    "cast_of",
    "plain",
    "plan",
    "plan_scene",
    "source_digest",
    "trial_id",
]
