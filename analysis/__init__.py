"""Transcripts made into tables, and tables made into measures.

``load`` reads a store into :class:`~analysis.tables.Tables`. A measure is called with these, with a
store or with what a run gave back, and answers in one shape, :class:`~analysis.results.Result`:

    data = analysis.load("runs/cross_purposes.db")
    analysis.convergence(data).by_arm
    analysis.flips(data).by_actor

``labels`` has people label a few lines and repairs a judge with them.
``measures`` holds one construct a file: definition, evidence, null, reference. Nothing here reads
the truth of an embedded stage. Names are resolved on first use, so that ``import analysis`` costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from analysis import labels as labels
    from analysis import measures as measures
    from analysis.comparison import Comparison as Comparison
    from analysis.comparison import compare as compare
    from analysis.estimates import Estimate as Estimate
    from analysis.measures.acts import Acts
    from analysis.measures.answers import Answers
    from analysis.measures.appearance import Appearance
    from analysis.measures.blandness import Blandness
    from analysis.measures.capitulation import Capitulation
    from analysis.measures.census import Census
    from analysis.measures.changes import Changes
    from analysis.measures.collapse import Collapse
    from analysis.measures.compensation import Compensation
    from analysis.measures.competing_risks import CompetingRisks
    from analysis.measures.concessions import Concessions
    from analysis.measures.conflict import Conflict
    from analysis.measures.conformity import Conformity
    from analysis.measures.convergence import Convergence
    from analysis.measures.differentiation import Differentiation
    from analysis.measures.drift import Drift
    from analysis.measures.echo import Echo
    from analysis.measures.error_consistency import ErrorConsistency
    from analysis.measures.flips import Flips
    from analysis.measures.fourth_wall import FourthWall
    from analysis.measures.indecision import Indecision
    from analysis.measures.influence import Influence
    from analysis.measures.influence_asymmetry import InfluenceAsymmetry
    from analysis.measures.interruptions import Interruptions
    from analysis.measures.likeness import Likeness
    from analysis.measures.loop_breaks import LoopBreaks
    from analysis.measures.loops import Loops
    from analysis.measures.opinion_dynamics import OpinionDynamics
    from analysis.measures.outcomes import Outcomes
    from analysis.measures.population import Population
    from analysis.measures.puppeteer import Puppeteer
    from analysis.measures.refusals import Refusals
    from analysis.measures.retelling import Retelling
    from analysis.measures.returns import Returns
    from analysis.measures.secret_disclosure import SecretDisclosure
    from analysis.measures.spoken_flips import SpokenFlips
    from analysis.measures.stances import Stances
    from analysis.measures.strangers import Strangers
    from analysis.measures.superposition import Superposition
    from analysis.measures.theory_of_mind import TheoryOfMind
    from analysis.measures.triggered_flips import TriggeredFlips
    from analysis.measures.verbatim import Verbatim
    from analysis.measures.vote_swing import VoteSwing
    from analysis.primary import Primary as Primary
    from analysis.results import Result as Result
    from analysis.stopping import Decision as Decision
    from analysis.stopping import StoppingRule as StoppingRule
    from analysis.stopping import decide as decide
    from analysis.tables import Record as Record
    from analysis.tables import Tables as Tables
    from analysis.tables import load as load
    from analysis.tables import tables_from as tables_from

    acts = Acts
    answers = Answers
    appearance = Appearance
    blandness = Blandness
    capitulation = Capitulation
    census = Census
    changes = Changes
    collapse = Collapse
    compensation = Compensation
    competing_risks = CompetingRisks
    concessions = Concessions
    conflict = Conflict
    conformity = Conformity
    convergence = Convergence
    differentiation = Differentiation
    drift = Drift
    echo = Echo
    error_consistency = ErrorConsistency
    flips = Flips
    fourth_wall = FourthWall
    indecision = Indecision
    influence = Influence
    influence_asymmetry = InfluenceAsymmetry
    likeness = Likeness
    interruptions = Interruptions
    loop_breaks = LoopBreaks
    loops = Loops
    opinion_dynamics = OpinionDynamics
    outcomes = Outcomes
    population = Population
    puppeteer = Puppeteer
    refusals = Refusals
    retelling = Retelling
    returns = Returns
    secret_disclosure = SecretDisclosure
    spoken_flips = SpokenFlips
    stances = Stances
    strangers = Strangers
    superposition = Superposition
    theory_of_mind = TheoryOfMind
    triggered_flips = TriggeredFlips
    verbatim = Verbatim
    vote_swing = VoteSwing

_WHERE = {
    "compare": "analysis.comparison",
    **dict.fromkeys(("Record", "Tables", "load", "tables_from"), "analysis.tables"),
    "Comparison": "analysis.comparison",
    **dict.fromkeys(("Decision", "StoppingRule", "decide"), "analysis.stopping"),
    "Primary": "analysis.primary",
    "Estimate": "analysis.estimates",
    "Result": "analysis.results",
    "acts": "analysis.measures.acts:Acts",
    "answers": "analysis.measures.answers:Answers",
    "appearance": "analysis.measures.appearance:Appearance",
    "blandness": "analysis.measures.blandness:Blandness",
    "capitulation": "analysis.measures.capitulation:Capitulation",
    "census": "analysis.measures.census:Census",
    "changes": "analysis.measures.changes:Changes",
    "collapse": "analysis.measures.collapse:Collapse",
    "compensation": "analysis.measures.compensation:Compensation",
    "competing_risks": "analysis.measures.competing_risks:CompetingRisks",
    "concessions": "analysis.measures.concessions:Concessions",
    "conflict": "analysis.measures.conflict:Conflict",
    "conformity": "analysis.measures.conformity:Conformity",
    "convergence": "analysis.measures.convergence:Convergence",
    "differentiation": "analysis.measures.differentiation:Differentiation",
    "drift": "analysis.measures.drift:Drift",
    "echo": "analysis.measures.echo:Echo",
    "error_consistency": "analysis.measures.error_consistency:ErrorConsistency",
    "flips": "analysis.measures.flips:Flips",
    "fourth_wall": "analysis.measures.fourth_wall:FourthWall",
    "indecision": "analysis.measures.indecision:Indecision",
    "influence": "analysis.measures.influence:Influence",
    "influence_asymmetry": "analysis.measures.influence_asymmetry:InfluenceAsymmetry",
    "likeness": "analysis.measures.likeness:Likeness",
    "interruptions": "analysis.measures.interruptions:Interruptions",
    "loop_breaks": "analysis.measures.loop_breaks:LoopBreaks",
    "loops": "analysis.measures.loops:Loops",
    "opinion_dynamics": "analysis.measures.opinion_dynamics:OpinionDynamics",
    "outcomes": "analysis.measures.outcomes:Outcomes",
    "population": "analysis.measures.population:Population",
    "puppeteer": "analysis.measures.puppeteer:Puppeteer",
    "refusals": "analysis.measures.refusals:Refusals",
    "retelling": "analysis.measures.retelling:Retelling",
    "returns": "analysis.measures.returns:Returns",
    "secret_disclosure": "analysis.measures.secret_disclosure:SecretDisclosure",
    "spoken_flips": "analysis.measures.spoken_flips:SpokenFlips",
    "stances": "analysis.measures.stances:Stances",
    "strangers": "analysis.measures.strangers:Strangers",
    "superposition": "analysis.measures.superposition:Superposition",
    "theory_of_mind": "analysis.measures.theory_of_mind:TheoryOfMind",
    "triggered_flips": "analysis.measures.triggered_flips:TriggeredFlips",
    "verbatim": "analysis.measures.verbatim:Verbatim",
    "vote_swing": "analysis.measures.vote_swing:VoteSwing",
}

__all__ = sorted([*_WHERE, "labels", "measures"])

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE, ["analysis.labels", "analysis.measures"])
