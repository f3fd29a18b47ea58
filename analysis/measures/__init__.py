"""One construct a file. Each is a class derived from ``analysis.results.Result``.

A class says in ``evidence`` what it reads: "T" (text), "P" (answers off stage). The modules are
loaded on first use; ``analysis.convergence(data)`` and its like are these classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    import analysis.measures.acts as acts
    import analysis.measures.appearance as appearance
    import analysis.measures.blandness as blandness
    import analysis.measures.capitulation as capitulation
    import analysis.measures.census as census
    import analysis.measures.changes as changes
    import analysis.measures.collapse as collapse
    import analysis.measures.compensation as compensation
    import analysis.measures.competing_risks as competing_risks
    import analysis.measures.concessions as concessions
    import analysis.measures.conflict as conflict
    import analysis.measures.conformity as conformity
    import analysis.measures.convergence as convergence
    import analysis.measures.differentiation as differentiation
    import analysis.measures.drift as drift
    import analysis.measures.echo as echo
    import analysis.measures.error_consistency as error_consistency
    import analysis.measures.flips as flips
    import analysis.measures.fourth_wall as fourth_wall
    import analysis.measures.indecision as indecision
    import analysis.measures.influence as influence
    import analysis.measures.influence_asymmetry as influence_asymmetry
    import analysis.measures.interruptions as interruptions
    import analysis.measures.likeness as likeness
    import analysis.measures.loop_breaks as loop_breaks
    import analysis.measures.loops as loops
    import analysis.measures.opinion_dynamics as opinion_dynamics
    import analysis.measures.outcomes as outcomes
    import analysis.measures.population as population
    import analysis.measures.puppeteer as puppeteer
    import analysis.measures.refusals as refusals
    import analysis.measures.retelling as retelling
    import analysis.measures.returns as returns
    import analysis.measures.secret_disclosure as secret_disclosure
    import analysis.measures.spoken_flips as spoken_flips
    import analysis.measures.stances as stances
    import analysis.measures.strangers as strangers
    import analysis.measures.superposition as superposition
    import analysis.measures.theory_of_mind as theory_of_mind
    import analysis.measures.triggered_flips as triggered_flips
    import analysis.measures.verbatim as verbatim
    import analysis.measures.vote_swing as vote_swing

__all__ = [
    "acts",
    "appearance",
    "blandness",
    "capitulation",
    "census",
    "changes",
    "collapse",
    "compensation",
    "competing_risks",
    "concessions",
    "conflict",
    "conformity",
    "convergence",
    "differentiation",
    "drift",
    "echo",
    "error_consistency",
    "flips",
    "fourth_wall",
    "indecision",
    "influence",
    "influence_asymmetry",
    "interruptions",
    "likeness",
    "loop_breaks",
    "loops",
    "opinion_dynamics",
    "outcomes",
    "population",
    "puppeteer",
    "refusals",
    "retelling",
    "returns",
    "secret_disclosure",
    "spoken_flips",
    "stances",
    "strangers",
    "superposition",
    "theory_of_mind",
    "triggered_flips",
    "verbatim",
    "vote_swing",
]

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__, {}, [f"analysis.measures.{name}" for name in __all__]
    )
