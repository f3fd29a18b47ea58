"""Opening the stages of a run: models, recordings, those that a scene names, those of a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.calls.guard import ModelOptions, OpenedModels, open_models
from sim.errors import BadRequest
from sim.planning.trials import IMPORTED
from sim.redaction import BLOT
from sim.scene.actor import HUMAN
from sim.stage.base import Stage, close_stage
from sim.stage.open import is_real, open_model
from sim.stage.surrogate import Surrogate, surrogate_parts
from sim.store import StoredTrial, open_store, recorded_stages

RECORDED = "recorded:"
"""How the model string of a recording begins: ``recorded:STORE``."""


@dataclass(slots=True)
class Cast:
    """Stages by identity, and their identities by the names that a scene has for them."""

    stages: dict[str, Stage] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)


def open_all(models: Sequence[str], options: ModelOptions) -> OpenedModels:
    """Open models, recordings among them.

    A recording stands for all models that played in it, under the names that they had there. Raises
    ``BadRequest`` and what opening a model raises.
    """
    recordings = [model for model in dict.fromkeys(models) if model.startswith(RECORDED)]
    others = [model for model in models if model not in recordings]
    opened = OpenedModels({}, [])
    if others or not recordings:
        opened = open_models(others, options)
    for recording in recordings:
        for model, stage in recorded_stages(recording.removeprefix(RECORDED)):
            if stage.identity in opened.stages:
                raise BadRequest(
                    f"{recording}: it recorded {model}, which is among the models already; "
                    "name it once"
                )
            opened.stages[stage.identity] = stage
            opened.named.append((model, stage.identity))
    return opened


def trials_recorded(models: Sequence[str], scenario: str) -> int:
    """How many trials of a scenario recordings hold for each of their models; 1 if they have none.

    The largest number over recordings and sets of parameters. Raises ``StoreRefused``.
    """
    name = scenario.rpartition(":")[2]
    most = 1
    for model in dict.fromkeys(models):
        with open_store(model.removeprefix(RECORDED)) as store:
            for played, seeds in store.seeds_played():
                if played.rpartition(":")[2] == name:
                    most = max(most, seeds)
    return most


def refuse_into_itself(store: Path, models: Sequence[str]) -> None:
    """Raise ``BadRequest`` for a replay that would be written to the store that is replayed."""
    for model in models:
        path = Path(model.removeprefix(RECORDED))
        if model.startswith(RECORDED) and store.exists() and store.samefile(path):
            raise BadRequest(
                f"{model} is the store of this run, too, so that there is nothing to replay; "
                "name another one, as in --store runs/replay.db"
            )


def open_cast(named: Sequence[str], own: Mapping[str, Stage], options: ModelOptions) -> Cast:
    """The stages that a scene names besides its own, people left out.

    A stage that is open already (``own``, by identity) is used again, so that its limits are
    shared.
    """
    cast = Cast()
    for name in named:
        if name == HUMAN:
            continue
        opened = open_models([name], options if is_real(name) else ModelOptions())
        [(_, identity)] = opened.named
        cast.stages[identity] = own.get(identity, opened.stages[identity])
        cast.identities[name] = identity
    return cast


def stand_in(
    trials: Sequence[StoredTrial], model: str | None, options: ModelOptions
) -> tuple[str, Stage] | None:
    """The stage, with its identity, that plays where trials were imported; None if they were not.

    Raises ``BadRequest`` if trials were imported and no model is named, if one is named for trials
    that were played, or if there are both kinds.
    """
    imported = [trial for trial in trials if trial.arm.startswith(IMPORTED)]
    if not imported:
        if model is not None:
            raise BadRequest(
                f"--model {model}: trial {trials[0].id[:8]} was played by {trials[0].model}, which "
                "is asked as it was; leave it out"
            )
        return None
    if model is None:
        raise BadRequest(
            f"trial {imported[0].id[:8]}: was imported, and nobody was played in it; name the "
            "model that plays with --model"
        )
    if len(imported) < len(trials):
        raise BadRequest(
            "--model: some of these trials were played, and some imported; choose with --arm"
        )
    opened = open_all([model], options)
    [(_, identity)] = opened.named
    return identity, opened.stages[identity]


def stages_of(trials: Iterable[StoredTrial]) -> list[tuple[str, str]]:
    """The model strings of stored trials with the identities of their stages, each once."""
    return list(
        dict.fromkeys(
            pair for trial in trials for pair in ((trial.model, trial.stage), *trial.stages.items())
        )
    )


def reopen(played: Iterable[tuple[str, str]], options: ModelOptions) -> dict[str, Stage]:
    """The stages of stored trials, by identity. ``played`` are model strings with identities.

    A model is asked with the sampling that the store has; of ``options`` only limits, attempts and
    the timeout apply. People are left out. Raises ``BadRequest`` if a model string opens another
    stage now than the one that played.
    """
    stages: dict[str, Stage] = {}
    for model, identity in dict.fromkeys(played):
        if identity in stages or identity == HUMAN:
            continue
        surrogate = surrogate_parts(identity)
        if surrogate is None:
            stages[identity] = _reopened(model, identity, options)
            continue
        if surrogate.stage not in stages:
            stages[surrogate.stage] = _reopened(model, surrogate.stage, options)
        stages[identity] = Surrogate(stages[surrogate.stage], surrogate.focal, surrogate.kind)
    return stages


def _reopened(model: str, identity: str, options: ModelOptions) -> Stage:
    """A stage by its identity, which holds everything but the lines of a fixed stage.

    ``model`` is a model string, or in a tournament perhaps its own name for the stage.
    """
    if is_real(identity):
        from sim.stage.providers.sampling import read_identity

        parts = read_identity(identity)
        if parts is None or BLOT in identity:
            raise BadRequest(
                f"{model}: its sampling cannot be read from the store ({identity!r}); "
                "play the scene anew"
            )
        label, sampling = parts
        if label.startswith("gguf:") and model.startswith("gguf:"):
            label = model  # It has the folder, too, which the identity leaves out.
        if options.sampling is not None and "timeout" in options.sampling.model_fields_set:
            sampling = sampling.model_copy(update={"timeout": options.sampling.timeout})
        stage = options.open(label, sampling)
        _refuse_another(model, stage, identity)
        return stage
    if identity.startswith("embedded:"):
        model = identity
    elif ":" not in model:
        raise BadRequest(
            f"{model}: is a tournament's own name for a stage, and the store does not hold "
            f"its model string ({identity!r}); play the debate anew"
        )
    stage = open_model(model)
    _refuse_another(model, stage, identity)
    return stage


def _refuse_another(model: str, stage: Stage, identity: str) -> None:
    if stage.identity != identity:
        raise BadRequest(
            f"{model}: it is {stage.identity!r} now and was {identity!r} when it played; bring "
            "back what it was (OPENAI_BASE_URL, if that is the difference), or play the scene anew"
        )


async def close_all(stages: Iterable[Stage]) -> None:
    """Close the stages that can be closed."""
    for stage in stages:
        await close_stage(stage)
