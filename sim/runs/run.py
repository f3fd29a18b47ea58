"""``run()``: play a scenario many times, on one model or several, and keep everything in a store.

It opens the models with retry and limits, plans the trials, plays what the store does not hold, and
closes the models. ``arun`` is the same inside an event loop (a notebook).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sim.calls.guard import ModelOptions, OpenedModels
from sim.errors import BadRequest
from sim.planning import plan_scene, source_digest
from sim.planning.scenarios import Scenario, build, describe, find
from sim.planning.surrogates import surrogate_stages, surrogates_of
from sim.runs.options import RunOptions
from sim.runs.results import Results
from sim.runs.stages import close_all, open_all, open_cast
from sim.runs.trials import run_trials
from sim.scene.scene import Scene
from sim.stage.base import Stage, info_of
from sim.stage.surrogate import SurrogateKind

Playable = str | Callable[..., Scene] | Scene
"""A scenario by its name (``cross_purposes``, ``my_file.py:my_scenario``), as a function, or a
scene."""

Models = str | Stage | Sequence[str | Stage]
"""Model strings, stages, or several of them."""

_FOLDER = Path("runs")
_FREE_TRIALS = 20

Returned = TypeVar("Returned")


async def arun(
    scenario: Playable,
    models: Models = "embedded:base",
    *,
    trials: int | None = None,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
    store: Path | str | None = None,
    surrogates: Sequence[SurrogateKind] = (),
    options: RunOptions | None = None,
) -> Results:
    """``run``, inside an event loop: ``results = await arun(...)``."""
    how = options or RunOptions()
    opened, ours = _opened(models, how.asking)
    stages = opened.stages
    try:
        built = _built(scenario, parameters or {})
        cast = open_cast(built.scene.stages, stages, how.asking)
        stages |= cast.stages
        ours += list(cast.stages.values())
        free = all(info_of(stage).free for stage in stages.values())
        planned = plan_scene(
            built.scene,
            name=built.name,
            models=opened.named,
            parameters=built.parameters,
            trials=trials or (_FREE_TRIALS if free else 1),
            seed=seed,
            source=built.source,
            stages=cast.identities,
        )
        alone = surrogates_of(planned, surrogates)
        stages |= surrogate_stages(stages, alone)
        planned += alone
        return Results(await run_trials(planned, stages, _path(store, built.name), how))
    finally:
        await close_all(ours)


def run(
    scenario: Playable,
    models: Models = "embedded:base",
    *,
    trials: int | None = None,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
    store: Path | str | None = None,
    surrogates: Sequence[SurrogateKind] = (),
    options: RunOptions | None = None,
) -> Results:
    """Play a scenario and keep everything in a store. Run again, it plays only what is missing.

    ``models`` are opened with a retry and the limits of their provider (``options.asking``), and
    closed at the end; a stage of one's own is used as it is and left open. Each plays the seeds
    ``seed`` to ``seed + trials - 1``, so that models can be compared in pairs; ``trials`` is 20
    where all stages are free, and 1 where they may cost money. ``store`` is ``runs/NAME.db`` unless
    it is given. ``surrogates`` (``["yoked", "mute"]``) plays each actor alone, too, which tells a
    shared pull from interaction.

    In a running event loop (a notebook), use ``await arun(...)``. Raises ``BadRequest`` before
    anything is played, and whatever ``run_trials`` raises.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = run("cross_purposes", ["embedded:base", "embedded:rlhf"], trials=2,
    ...                   store=f"{folder}/x.db", parameters={"turns": 4})
    >>> len(results), {trial.status for trial in results.report.trials}
    (4, {'done'})
    """
    return wait_for(
        "run",
        arun(
            scenario, models, trials=trials, seed=seed, parameters=parameters, store=store,
            surrogates=surrogates, options=options,
        ),
    )  # fmt: skip


def wait_for(verb: str, coroutine: Coroutine[Any, Any, Returned]) -> Returned:
    """Run a coroutine to its end; what it returns.

    Raises ``BadRequest`` in a running event loop, where this would wait for itself. ``verb`` is the
    function that was called, whose twin ``a...`` can be awaited.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    coroutine.close()
    raise BadRequest(f"{verb}: an event loop is running already; write await a{verb}(...)")


def _opened(models: Models, asking: ModelOptions) -> tuple[OpenedModels, list[Stage]]:
    """All stages, and those that were opened here, which are closed at the end."""
    given = [models] if isinstance(models, str | Stage) else list(models)
    names = [model for model in given if isinstance(model, str)]
    opened = OpenedModels({}, [])
    if names or not given:
        opened = open_all(names, asking)
    ours = list(opened.stages.values())
    for stage in given:
        if not isinstance(stage, str):
            opened.stages[stage.identity] = stage
            opened.named.append((stage.identity, stage.identity))
    return opened, ours


class _Built(NamedTuple):
    """A scenario that was built: its parameters as JSON has them, a hash of its file."""

    name: str
    scene: Scene
    parameters: dict[str, Any]
    source: str


def _built(scenario: Playable, parameters: Mapping[str, Any]) -> _Built:
    if isinstance(scenario, Scene):
        if parameters:
            raise BadRequest("parameters: a scene that is built already takes none")
        return _Built("scene", scenario, {}, "")
    read: Scenario
    if isinstance(scenario, str):
        read = find(scenario)
    else:
        read = describe(scenario.__name__, scenario, Path(scenario.__code__.co_filename))
    scene = build(read, parameters)
    given = {each.name: parameters.get(each.name, each.default) for each in read.parameters}
    values = {each.name: each.plain(each.read(given[each.name])) for each in read.parameters}
    return _Built(read.name, scene, values, source_digest(read.function))


def _path(store: Path | str | None, name: str) -> Path:
    if store is not None:
        return Path(store)
    _FOLDER.mkdir(exist_ok=True)
    return _FOLDER / f"{name.rpartition(':')[2]}.db"
