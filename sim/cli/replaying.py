"""``recorded:STORE`` on the command line: everything that played in a store, played again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from sim.errors import BadRequest
from sim.stage.base import Stage
from sim.store import open_readonly, recorded_stages

Opened = tuple[dict[str, Stage], list[tuple[str, str]]]
"""Stages by identity, and models with the identities of their stages."""

_RECORDED = "recorded:"


def open_all(models: Sequence[str], others_by: Callable[[tuple[str, ...]], Opened]) -> Opened:
    """All models, recordings among them; ``others_by`` opens those that are none.

    A recording stands for all models that played in it, under the names that they had there.
    """
    recordings = [model for model in dict.fromkeys(models) if model.startswith(_RECORDED)]
    others = tuple(model for model in models if model not in recordings)
    stages, named = others_by(others) if others or not recordings else ({}, [])
    for recording in recordings:
        for model, stage in recorded_stages(recording.removeprefix(_RECORDED)):
            if stage.identity in stages:
                raise BadRequest(
                    f"{recording}: {model}, which it recorded, plays already; name it once"
                )
            stages[stage.identity] = stage
            named.append((model, stage.identity))
    return stages, named


def trials_recorded(models: Sequence[str], scenario: str) -> int:
    """How many trials of a scenario a recording holds for each of its models; 1 if it has none.

    Of several recordings (or sets of parameters) the most. Raises ``StoreRefused``.
    """
    name = scenario.rpartition(":")[2]
    most = 1
    for model in dict.fromkeys(models):
        with closing(open_readonly(model.removeprefix(_RECORDED))) as connection:
            for played, seeds in connection.execute(
                "SELECT scenario, count(DISTINCT seed) FROM trials WHERE arm = 'live'"
                " GROUP BY scenario, parameters, stage"
            ):
                if played.rpartition(":")[2] == name:
                    most = max(most, int(seeds))
    return most


def refuse_into_itself(store: Path, models: Sequence[str]) -> None:
    """Raise ``BadRequest`` for a replay that would be kept in the store that is replayed."""
    for model in models:
        path = Path(model.removeprefix(_RECORDED))
        if model.startswith(_RECORDED) and store.exists() and store.samefile(path):
            raise BadRequest(
                f"{model} is the store of this run, too, so that there is nothing to replay; "
                "name another one, as in --store runs/replay.db"
            )
