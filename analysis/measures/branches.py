"""Branches of one turn, as stores hold them: the same past, and the turn generated again."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from analysis.results import Arm
from analysis.tables import Tables


class Regenerated(NamedTuple):
    """The branches of a trial that generate turn ``at`` anew, of one arm, in their order."""

    of: str
    at: int
    arm: Arm
    branches: tuple[str, ...]
    speaker: str


def regenerated(tables: Tables, arms: dict[str, Arm]) -> list[Regenerated]:
    """All branches whose turn ``at`` was said by a stage, grouped by trial, turn and arm.

    Branches in which the turn was given, replaced or struck have nothing that was generated again;
    nor have those that ended before it.
    """
    turns = tables.turns
    said = {
        (str(trial), int(turn)): str(speaker)
        for trial, turn, speaker, source in zip(
            *(turns[name] for name in ("trial", "turn", "speaker", "source")), strict=True
        )
        if pd.isna(source) or source == "stage"
    }
    changed = tables.interventions[tables.interventions["what"].isin(("delete", "replace"))]
    given = set(zip(changed["trial"], changed["turn"], strict=True))
    trials = tables.trials[tables.trials["of"].notna() & tables.trials["at"].notna()]
    groups: dict[tuple[str, int, Arm], list[tuple[int, str, str]]] = {}
    for trial, of, at, branch in zip(
        trials["trial"], trials["of"], trials["at"], trials["branch"].fillna(0), strict=True
    ):
        turn = (str(trial), int(at))
        if turn in said and turn not in given:
            group = groups.setdefault((str(of), int(at), arms[str(trial)]), [])
            group.append((int(branch), str(trial), said[turn]))
    return [
        Regenerated(of, at, arm, tuple(trial for _, trial, _ in sorted(some)), some[0][2])
        for (of, at, arm), some in sorted(groups.items())
    ]
