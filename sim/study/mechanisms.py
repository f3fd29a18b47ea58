"""Why somebody said what it said: the same turn, spoken again with causes taken away.

A *moment* is a turn of a transcript. It is generated again under crossed conditions: the actor's
persona or a neutral one of equal length; its own earlier lines, or none of them; and of what it
heard nothing, off-topic talk of equal length, the others' positions, positions with empty reasons,
or everything. Everybody else, and the transcript, stay as they were: what changes is the memory of
one actor (``Remember``) and its persona (``Recast``). Branch i draws from the same seeds in every
condition. The original turn counts for nothing: it may have been chosen for what it said.

Stage directions, notes and the text that an actor alone is told besides its persona stay in all
conditions. ``analysis.contributions`` says what each mechanism contributes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from analysis.contributions import Contributions, contributions
from analysis.stats.decomposition import Crossed, Factor
from sim.errors import BadRequest
from sim.events import Intervened, Turn
from sim.planning.branches import branch_trials
from sim.planning.trials import IMPORTED, WHY, Trial
from sim.runs.fork import fork_transcript
from sim.scene.audience import heard_by
from sim.scene.interventions import Intervention, Recast, Remember
from sim.scene.persona import Persona
from sim.scene.probes import Probe
from sim.scene.scene import Scene
from sim.seeds import derive
from sim.stage.base import Stage
from sim.study.fillers import neutral, off_topic
from sim.study.readings import LineOutcome, outcomes_of
from sim.study.reasons import ByRule, InGrammar, Rewriter
from sim.transcript import Transcript

PERSONA = Factor("persona", ("neutral", "own"))
OWN = Factor("own lines", ("masked", "kept"))
HEARD = Factor("heard", ("nothing", "off-topic", "positions", "empty reasons", "real reasons"))
FACTORS = (PERSONA, OWN, HEARD)

MECHANISMS: Mapping[tuple[str, str], str] = {
    ("persona", "own"): "persona",
    ("own lines", "kept"): "own earlier lines",
    ("heard", "off-topic"): "being spoken to",
    ("heard", "positions"): "positions of the others",
    ("heard", "empty reasons"): "being given a reason",
    ("heard", "real reasons"): "what the reasons say",
}
"""What each level adds to the one before it, in the declared order."""

OPTIONAL = ("persona", "own lines", "off-topic", "positions", "empty reasons")
"""What can be left out of the design: a factor, which then stays as it was, or a level of what was
heard, which then is added together with the next one."""


def design_without(left_out: Collection[str] = ()) -> Crossed:
    """The crossed design, perhaps without some of ``OPTIONAL``.

    Raises ``BadRequest`` for a name that is not among them.

    >>> len(design_without().cells), len(design_without(["persona", "empty reasons"]).cells)
    (20, 8)
    """
    for name in left_out:
        if name not in OPTIONAL:
            raise BadRequest(f"{name!r} cannot be left out; use one of {', '.join(OPTIONAL)}")
    return Crossed(
        tuple(
            Factor(factor.name, tuple(x for x in factor.levels if x not in left_out))
            for factor in FACTORS
            if factor.name not in left_out
        )
    )


def mechanisms_in(design: Crossed) -> list[str]:
    """The mechanisms of the steps of a design; a step over several levels has all their names."""
    names = []
    for step in design.steps:
        factor = design.factors[step.factor]
        [whole] = [each for each in FACTORS if each.name == factor.name]
        first = whole.levels.index(factor.levels[step.level - 1])
        last = whole.levels.index(factor.levels[step.level])
        names.append(
            " and ".join(
                MECHANISMS[whole.name, level] for level in whole.levels[first + 1 : last + 1]
            )
        )
    return names


@dataclass(frozen=True, slots=True)
class Condition:
    """One cell of the design: a level of each factor."""

    persona: str = PERSONA.levels[-1]
    own: str = OWN.levels[-1]
    heard: str = HEARD.levels[-1]

    @property
    def label(self) -> str:
        """What tells its branches apart in a store."""
        return f"{WHY} {self.persona} persona, own lines {self.own}, heard {self.heard}"


def conditions_of(design: Crossed) -> list[Condition]:
    """The conditions of a design, in the order of its cells. Factors left out are as they were."""
    found = []
    for cell in design.cells:
        levels = {
            factor.name: factor.levels[level]
            for factor, level in zip(design.factors, cell, strict=True)
        }
        given = Condition()
        found.append(
            Condition(
                levels.get("persona", given.persona),
                levels.get("own lines", given.own),
                levels.get("heard", given.heard),
            )
        )
    return found


@dataclass(frozen=True)
class Moment:
    """A turn that is spoken again: of which transcript, which one.

    ``pool`` are lines about something else, for what is heard off-topic (empty: those of
    ``sim.stage.surrogate``). ``rewriter`` takes the reasons out of lines.
    """

    transcript: Transcript
    turn: int
    pool: tuple[str, ...] = ()
    rewriter: Rewriter = field(default_factory=ByRule)

    def __post_init__(self) -> None:
        turns, scene = self.transcript.turns, self.scene
        if not 1 <= self.turn <= len(turns):
            raise BadRequest(
                f"why: there is no turn {self.turn}; the transcript has {len(turns)} turns"
            )
        if scene.layout == "author":
            raise BadRequest(
                "why: with the layout author one context writes everybody, and nothing can be "
                "taken from one actor alone; use another layout"
            )
        if not spoken(self.said):
            raise BadRequest(
                f"why: turn {self.turn} was not spoken by the stage; choose another one"
            )

    @property
    def scene(self) -> Scene:
        """The scene. Raises ``BadRequest`` if the transcript does not know it."""
        scene = self.transcript.scene
        if not isinstance(scene, Scene):
            raise BadRequest("why: this transcript does not know its scene")
        return scene

    @property
    def said(self) -> Turn:
        """The turn as it was."""
        return self.transcript.turns[self.turn - 1]

    @property
    def actor(self) -> str:
        """Who speaks."""
        return self.said.speaker

    @property
    def at(self) -> int:
        """The first turn that branches do not share: in a round of several, the first of it."""
        return self.turn if self.said.cued is None else self.said.cued + 1

    @cached_property
    def before(self) -> list[Turn]:
        """What the actor had heard or said when it was cued, in order."""
        return [turn for turn in self.transcript.turns[: self.at - 1] if heard_by(self.actor, turn)]

    @property
    def heard(self) -> list[str]:
        """The lines that it had really heard from others."""
        return [turn.text for turn in self.before if turn.speaker != self.actor]

    @property
    def answers_to(self) -> str:
        """The last line that it had really heard from somebody else; blank if there was none."""
        return self.heard[-1] if self.heard else ""

    @property
    def persona(self) -> Persona:
        """The actor's persona at that time: the last one that it was given."""
        given = self.scene.cast[self.scene.seat(self.actor)].persona
        for event in self.transcript.events:
            if (
                isinstance(event, Intervened)
                and event.what == "recast"
                and event.actor == self.actor
                and event.turn <= self.at
            ):
                given = Persona(**event.detail["persona"])
        return given

    def change(self, condition: Condition) -> tuple[Intervention, ...]:
        """What makes a condition: perhaps another persona, and what the actor remembers."""
        words: dict[int, str] = {}
        for turn in self.before:
            if turn.speaker != self.actor:
                if condition.heard != HEARD.levels[-1]:
                    words[turn.index] = self._heard(turn, condition.heard)
            elif condition.own == "masked":
                words[turn.index] = ""
        # Also where nothing changes, so that all conditions build their contexts alike.
        remembered = Remember(name=self.actor, turns=words, at=self.at)
        if condition.persona == PERSONA.levels[-1]:
            return (remembered,)
        return (Recast(persona=neutral(self.persona), at=self.at), remembered)

    def _heard(self, turn: Turn, level: str) -> str:
        seed = derive(self.transcript.seed or 0, "why", turn.index)
        if level == "off-topic":
            return off_topic(turn.text, self.pool, seed)
        if level == "positions":
            return self.rewriter.position(turn.text, seed)
        if level == "empty reasons":
            return self.rewriter.empty(turn.text, seed)
        return ""

    def parent(self, probe: Probe | None = None) -> Transcript:
        """The transcript to branch from: nothing is asked in branches but perhaps ``probe``."""
        probes = () if probe is None else (probe,)
        scene = self.scene.model_copy(update={"probes": probes})
        return Transcript(self.transcript.events, scene=scene, seed=self.transcript.seed)


def spoken(turn: Turn) -> bool:
    """Whether a turn can be spoken again: by the stage that spoke it, or, if it was imported, by
    one that stands in. A line that was put in, or answered off stage before, cannot."""
    return bool(turn.text) and (
        turn.source == IMPORTED or (turn.source == "stage" and bool(turn.prompt))
    )


def rewriter_for(stage: str) -> Rewriter:
    """Who takes the reasons out of lines that were heard on a stage, by its identity."""
    return InGrammar() if stage.startswith("embedded:") else ByRule()


def plan_moment(
    live: Trial,
    moment: Moment,
    outcome: LineOutcome,
    *,
    n: int = 20,
    design: Crossed | None = None,
) -> list[list[Trial]]:
    """The branches of one moment as trials: a list of ``n`` for each cell of the design.

    ``live`` is the trial that the transcript is of.
    """
    parent = moment.parent(outcome.probe(moment.actor))
    return [
        branch_trials(
            live, parent, at=moment.at, n=n, change=moment.change(condition),
            label=condition.label, turns=moment.turn - moment.at + 1, stages=live.stages,
        )
        for condition in conditions_of(design or design_without())
    ]  # fmt: skip


async def mechanisms_of(
    moments: Sequence[Moment],
    outcome: LineOutcome,
    stage: Stage,
    *,
    n: int = 20,
    left_out: Collection[str] = (),
    stages: Mapping[str, Stage] | None = None,
) -> Contributions:
    """What each mechanism contributes to an outcome of some turns, one in each scene.

    ``n`` branches in each condition; 20 conditions, unless some of ``OPTIONAL`` are ``left_out``.
    The moments' transcripts were made by ``play()``. Nothing is stored: ``elsinore why`` does the
    same with the trials of a store.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, open_stage, play, ring
    >>> from sim.study.readings import outcome_named
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> stage = open_stage("embedded:base")
    >>> played = asyncio.run(play(scene, stage, seed=1))
    >>> moments = [Moment(played, 4, rewriter=InGrammar())]
    >>> found = asyncio.run(mechanisms_of(moments, outcome_named("agreement"), stage, n=2))
    >>> found.by, [each.mechanism for each in found.steps][:2]
    ('re-rolls', ['persona', 'own earlier lines'])
    """
    design = design_without(left_out)
    rows = [await _rolled(moment, outcome, stage, n, design, stages) for moment in moments]
    return contributions(
        outcomes_of(outcome, list(zip(moments, rows, strict=True))),
        design,
        mechanisms_in(design),
        outcome=outcome.name,
        limits=outcome.limits,
        share=outcome.share,
    )


async def _rolled(
    moment: Moment, outcome: LineOutcome, stage: Stage, n: int, design: Crossed,
    stages: Mapping[str, Stage] | None,
) -> list[list[Transcript]]:  # fmt: skip
    """The branches of a moment, by cell."""
    parent = moment.parent(outcome.probe(moment.actor))
    return [
        await fork_transcript(
            parent, stage, at=moment.at, n=n, change=moment.change(condition),
            turns=moment.turn - moment.at + 1, stages=stages,
        )
        for condition in conditions_of(design)
    ]  # fmt: skip
