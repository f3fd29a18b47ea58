"""Stages for a scene: those that it names, those of stored trials, and people who play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import inf
from typing import Any

from sim.cli.asking import Asking, guarded, open_stages
from sim.cli.display.terminal import err
from sim.errors import BadRequest
from sim.redaction import BLOT
from sim.scene.actor import HUMAN
from sim.scene.scene import Scene
from sim.stage.base import Stage
from sim.stage.human import HumanStage
from sim.stage.open import is_real, open_stage
from sim.study.yoked import Yoked, yoked_parts

_OWN = "model"


@dataclass(frozen=True, slots=True)
class People:
    """Who is played by a person, in what time, and who speaks otherwise.

    ``otherwise`` is ``model`` (the scene's own stage) or a line that is said as it stands. Raises
    ``BadRequest`` for a time in which nobody can speak, or a line that is blank.
    """

    names: tuple[str, ...] = ()
    seconds: float | None = None
    otherwise: str = _OWN

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0 < self.seconds < inf:
            raise BadRequest(
                f"--human-seconds {self.seconds:g}: is no time to speak in; give more than 0, or "
                "leave it out for no limit"
            )
        if not self.otherwise.strip():
            raise BadRequest("--human-otherwise: the line is blank; give it words, or write model")


def with_people(scene: Scene, people: People) -> Scene:
    """The scene with actors whom people play. Raises ``BadRequest`` for a name not in the cast."""
    for name in people.names:
        if name not in scene.names:
            raise BadRequest(
                f"--human: {name!r} is not in the cast; use one of {', '.join(scene.names)}"
            )
    cast = tuple(
        actor.model_copy(update={"stage": HUMAN}) if actor.name in people.names else actor
        for actor in scene.cast
    )
    # Built again, so that a scene in which nobody can be played by a person is refused.
    fields = {name: getattr(scene, name) for name in type(scene).model_fields}
    return Scene(**fields | {"cast": cast})


def open_cast(
    named: Sequence[str], own: Mapping[str, Stage], asking: Asking, people: People
) -> tuple[dict[str, Stage], dict[str, str]]:
    """The stages that a scene names besides its own: by identity, and identities by name."""
    names = [name for name in named if name != HUMAN]
    stages: dict[str, Stage] = {}
    identities: dict[str, str] = {}
    for name in names:
        found, [(_, identity)] = open_stages([name], asking if is_real(name) else Asking())
        # One that plays already is not opened twice: its limits are shared.
        stages[identity] = own.get(identity, found[identity])
        identities[name] = identity
    if HUMAN in named:
        if len(own) > 1:
            raise BadRequest("--human: a person plays with one model at a time; name one --model")
        fallback = next(iter(own.values())) if people.otherwise == _OWN else people.otherwise
        person = import_module("sim.cli.person").Person(err())
        human: Stage = HumanStage(person, seconds=people.seconds, fallback=fallback)
        stages[human.identity] = human
        identities[HUMAN] = human.identity
    return stages, identities


def reopened(played: Sequence[tuple[str, str]], asking: Asking) -> dict[str, Stage]:
    """The stages of stored trials, by identity. ``played`` are model strings with identities.

    A person is no stage that can be opened again, and is left out. Raises ``BadRequest`` if what a
    model string opens now is another stage than what played.
    """
    found: dict[str, Stage] = {}
    for model, identity in dict.fromkeys(played):
        if identity in found or identity == HUMAN:
            continue
        surrogate = yoked_parts(identity)
        if surrogate is None:
            found[identity] = _reopened(model, identity, asking)
            continue
        inner, focal = surrogate
        if inner not in found:
            found[inner] = _reopened(model, inner, asking)
        found[identity] = Yoked(found[inner], focal)
    return found


def _reopened(model: str, identity: str, asking: Asking) -> Stage:
    """A stage by its identity, which says all of it but the lines of a fixed one.

    A tournament has names of its own for stages, so that ``model`` may be no model string.
    """
    if is_real(identity):
        told = import_module("sim.stage.providers.sampling").read_identity(identity)
        if told is None or BLOT in identity:
            raise BadRequest(
                f"{model}: how it was asked cannot be read from the store ({identity!r}); "
                "play the scene anew to go on from it"
            )
        label, sampling = told
        timeout: dict[str, Any] = {} if asking.timeout is None else {"timeout": asking.timeout}
        stage = open_stage(label, sampling.model_copy(update=timeout))
        _refuse_another(model, stage, identity)
        return guarded(stage, label, asking)
    if identity.startswith("embedded:"):
        model = identity
    elif ":" not in model:
        raise BadRequest(
            f"{model}: a tournament called a stage that, and the store does not say what it was "
            f"({identity!r}); play the debate anew to go on from it"
        )
    stage = open_stage(model)
    _refuse_another(model, stage, identity)
    return stage


def _refuse_another(model: str, stage: Stage, identity: str) -> None:
    if stage.identity != identity:
        raise BadRequest(
            f"{model}: it is {stage.identity!r} now and was {identity!r} when it played; bring "
            "back what it was (OPENAI_BASE_URL, if that is the difference), or play the scene anew"
        )
