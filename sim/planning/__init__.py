"""Plans: trials, and the canonical form of a scene by which a trial is known."""

from sim.planning.forms import canonical, plain, source_digest
from sim.planning.trials import Trial, plan, plan_scene, trial_id

__all__ = ["Trial", "canonical", "plain", "plan", "plan_scene", "source_digest", "trial_id"]
