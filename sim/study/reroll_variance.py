"""Influence: the variance of a listener's stance that is due to the words of one turn.

Turn t of j is generated again m times, and after each i is asked k times, off stage, for its
stance. The influence of the turn is the variance component between re-rolls, in a one-way
random-effects model: 0 if i's stance does not depend on what j says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.stats import between_groups
from analysis.tables import frame
from sim.engine import play
from sim.errors import BadRequest
from sim.planning.branches import changed_scene
from sim.scene.audience import heard_by
from sim.scene.interventions import Intervention
from sim.scene.probes import ask_stance
from sim.scene.scene import Scene
from sim.stage.base import Stage
from sim.transcript import Transcript

_COLUMNS = {
    "turn": "Int64",
    "source": "str",
    "target": "str",
    "weight": "float64",
    "low": "float64",
    "high": "float64",
    "missing": "Int64",
}


async def influence(
    transcript: Transcript,
    issue: str,
    stage: Stage,
    *,
    turns: Sequence[int] | None = None,
    rerolls: int = 20,
    samples: int = 5,
    stages: Mapping[str, Stage] | None = None,
) -> pd.DataFrame:
    """One row per turn and listener: source, target, and the variance that the turn's words cause.

    ``weight`` is in squared units of the stance scale, with a 95% interval; an estimate below zero
    says that there is none. ``turns`` are those to look at (default: all). Each costs ``rerolls``
    turns and ``rerolls * samples`` answers for each listener. Evidence P. The table is what
    ``analysis.graphs.from_edges`` makes a graph of.

    Raises ``BadRequest`` if nobody has a stance on the issue.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, open_stage, play, ring
    >>> cast = [Persona(name=name, stances={"tea": 0.8}) for name in ("Ada", "Ben")]
    >>> scene = Scene(topic="Tea?", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> stage = open_stage("embedded:base")
    >>> played = asyncio.run(play(scene, stage, seed=1))
    >>> table = asyncio.run(influence(played, "tea", stage, turns=[2], rerolls=6, samples=2))
    >>> table[["source", "target"]].values.tolist()
    [['Ben', 'Ada']]
    """
    scene = transcript.scene
    if isinstance(scene, Scene) and not any(issue in a.persona.stances for a in scene.cast):
        raise BadRequest(f"influence: nobody has a stance on {issue!r}; name another issue")
    wanted = range(1, len(transcript) + 1) if turns is None else turns
    rows: list[tuple[object, ...]] = []
    for turn in wanted:
        rows += await _of_turn(transcript, turn, issue, stage, rerolls, samples, stages)
    return frame(rows, _COLUMNS)


async def _of_turn(
    transcript: Transcript, turn: int, issue: str, stage: Stage, rerolls: int, samples: int,
    stages: Mapping[str, Stage] | None,
) -> list[tuple[object, ...]]:  # fmt: skip
    said = transcript.turns[turn - 1]
    none: tuple[Intervention, ...] = ()
    scene, shared = changed_scene(transcript, turn, none, turns=1)
    hearers = [name for name in scene.names if name != said.speaker and heard_by(name, said)]
    if not hearers:
        return []
    probe = ask_stance(issue, to=tuple(hearers), samples=samples, start=False)
    asked = scene.model_copy(update={"probes": (probe,)})
    answers: dict[str, list[list[float]]] = {name: [] for name in hearers}
    missing = dict.fromkeys(hearers, 0)
    for number in range(rerolls):
        branch = await play(
            asked, stage, seed=shared.seed or 0, resume=shared, branch=number, stages=stages
        )
        for name in hearers:
            values = [
                each.value
                for each in branch.answers
                if each.actor == name and each.key == probe.question.key and each.turn == turn
            ]
            if len(values) == samples and None not in values:
                answers[name].append(values)
            else:
                missing[name] += 1
    rows: list[tuple[object, ...]] = []
    for name in hearers:
        variance = between_groups(np.array(answers[name], dtype=float).reshape(-1, samples))
        rows.append(
            (
                turn,
                said.speaker,
                name,
                variance.estimate,
                variance.low,
                variance.high,
                missing[name],
            )
        )
    return rows
