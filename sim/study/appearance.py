"""Superposition: who speaks when one turn is generated again and again.

A language model holds a distribution over characters, and each generation is a draw from it. The
same context is continued n times, each continuation is read for who speaks in it, and the entropy
over these says how undecided the stage was (Shanahan et al., arXiv 2305.16367). Of branches that
are stored, ``analysis.superposition`` says the same, with limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.evidence.appearance import WHO as WHO
from analysis.evidence.appearance import who_speaks as appears
from analysis.stats import Interval, clopper_pearson, entropy
from sim.events import Turn
from sim.runs.fork import fork_transcript
from sim.stage.base import Stage
from sim.study.outcomes import kindness_of
from sim.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Superposition:
    """Who appeared in n generations of one turn.

    ``counts`` are by ``WHO``, ``shares`` have 95% Clopper–Pearson intervals. ``bits`` is the
    entropy, corrected for the size of the sample (Miller and Madow); ``distinct`` is how many texts
    there were. ``texts`` are the generations, in the order of the branches.
    """

    turn: int
    speaker: str
    counts: Mapping[str, int]
    shares: Mapping[str, Interval]
    bits: float
    distinct: int
    texts: tuple[str, ...]


async def superposition(
    transcript: Transcript,
    turn: int,
    stage: Stage,
    *,
    n: int = 50,
    stages: Mapping[str, Stage] | None = None,
) -> Superposition:
    """Generate turn ``turn`` of a transcript n times, and count who appears.

    Evidence T: words that only the opposite or an assistant would say, lines of the transcript that
    are repeated, speakers who are not in the cast. Most lines fit several characters and count for
    the persona: the entropy is a lower bound.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, open_stage, play, ring
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> stage = open_stage("embedded:rlhf")
    >>> played = asyncio.run(play(scene, stage, seed=1))
    >>> appeared = asyncio.run(superposition(played, 4, stage, n=20))
    >>> sum(appeared.counts.values()), appeared.bits >= 0
    (20, True)
    """
    branches = await fork_transcript(transcript, stage, at=turn, n=n, turns=1, stages=stages)
    generated = [branch.turns[turn - 1] for branch in branches if len(branch) >= turn]
    before = transcript.turns[: turn - 1]
    appeared = Counter(who_speaks(transcript, each, before) for each in generated)
    counts = {who: appeared.get(who, 0) for who in WHO}
    return Superposition(
        turn,
        generated[0].speaker if generated else "",
        counts,
        {who: clopper_pearson(count, len(generated)) for who, count in counts.items()},
        entropy(list(counts.values())),
        len({each.text for each in generated}),
        tuple(each.text for each in generated),
    )


def who_speaks(transcript: Transcript, turn: Turn, before: list[Turn]) -> str:
    """Who speaks in a turn, one of ``WHO``, judged by its words alone."""
    return appears(
        turn.text,
        turn.speaker,
        kindness_of(transcript, turn.speaker),
        [(earlier.speaker, earlier.text) for earlier in before],
        strangers=bool(turn.strangers),
    )
