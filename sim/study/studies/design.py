"""The design of a study: which trial stands for which arm, topic and seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.calls.guard import ModelOptions
from sim.errors import BadRequest, SceneError
from sim.planning import Trial, source_digest
from sim.planning.scenarios import Scenario, build
from sim.planning.studies import Arm, Study
from sim.planning.surrogates import surrogate_stages, surrogates_of
from sim.planning.trials import IMPORTED
from sim.runs.importing import trials_in
from sim.runs.stages import RECORDED, open_all, open_cast
from sim.scene.actor import Context
from sim.scene.prose import Prose, wording_for, wording_named
from sim.scene.scene import Scene
from sim.stage.base import Stage
from sim.store import open_store
from sim.study.studies.registration import check_contrasts, registered

ONE_TOPIC = ""
"""The name of the topic of a study that has one alone."""

APART = 1_000_000
"""How far apart the seeds lie of arms that would otherwise play the very same trials."""

TOPICS_APART = 1_000_000_000
"""How far apart the seeds of topics lie. With the same seeds a stage that hardly reads what a scene
is about (an embedded one) would play one scene in all of them, and count it as six."""

FILE = "file:"
"""How a role is given to people: ``humans=file:chat.csv``, a file of transcripts that
``elsinore import`` reads."""

Change = Callable[[Scene], Scene]
"""What an equivalent world makes of a scene (``elsinore audit``)."""


@dataclass(slots=True)
class Opened:
    """Stages that are open: ``stages`` by identity, and by the text of each model its identity.
    Several designs share it, so that no model is opened twice."""

    asking: ModelOptions = field(default_factory=ModelOptions)
    stages: dict[str, Stage] = field(default_factory=dict)
    named: dict[str, tuple[str, str]] = field(default_factory=dict)

    recorded: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def model(self, text: str, study: str, role: str) -> tuple[str, str]:
        """The model of a role, and its identity; it is opened unless it is open.

        A recording of several models plays the one that had this role when the study was played.
        """
        if text in self.named:
            return self.named[text]
        if text not in self.recorded:
            opened = open_all([text], self.asking)
            self.stages |= opened.stages
            if len(opened.named) == 1:
                [self.named[text]] = opened.named
                return self.named[text]
            self.recorded[text] = opened.named
        with open_store(text.removeprefix(RECORDED)) as store:
            played = (registered(store, study) or {}).get("models", {}).get(role)
        for name, identity in self.recorded[text]:
            if name == played:
                return name, identity
        names = ", ".join(name for name, _ in self.recorded[text])
        raise BadRequest(
            f"{text}: holds several models ({names}), and does not say which played {role}: the "
            f"study {study} was not played there"
        )

    def cast(self, scene: Scene) -> Mapping[str, str]:
        """The identities of the stages that a scene names."""
        found = open_cast(scene.stages, self.stages, self.asking)
        self.stages |= found.stages
        return found.identities


@dataclass(frozen=True, slots=True)
class Planned:
    """A trial with its place in the design. ``seed`` is that of its block: what arms share. A
    conversation of a file shares its block with nothing, and its seed is negative."""

    arm: str
    topic: str
    seed: int
    trial: Trial


@dataclass(frozen=True, slots=True)
class Design:
    """A study laid out: ``stages`` by identity, ``models`` by role, and all its trials; those of
    ``files`` are read, and the others played."""

    study: Study
    stages: Mapping[str, Stage]
    models: Mapping[str, str]
    planned: tuple[Planned, ...]
    files: tuple[Path, ...] = ()

    @property
    def trials(self) -> list[Trial]:
        """All trials that are played, seed by seed, so that a study that was stopped has whole
        blocks."""
        return [each.trial for each in self.planned if each.trial.arm != IMPORTED]

    @property
    def ids(self) -> list[str]:
        """The ids of all trials, of people's transcripts too."""
        return [each.trial.id for each in self.planned]

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of the topics."""
        return tuple(self.study.topics) or (ONE_TOPIC,)

    def trials_of(self, arm: str) -> list[str]:
        """The ids of the trials of an arm."""
        return [each.trial.id for each in self.planned if each.arm == arm]


def design_of(
    study: Study,
    *,
    seeds: int | None = None,
    seed: int = 0,
    opened: Opened | None = None,
    change: Change | None = None,
) -> Design:
    """Lay a study out: each arm in each topic with the seeds ``seed`` to ``seed + seeds - 1``.

    Arms share their seeds, so that they are compared within them; topics have seeds of their own
    (``TOPICS_APART``), since they are units, and have to be independent. Arms that would play the
    very same trials (a twin without an effect, on one stage) have seeds ``APART``: else they would
    be equal, and not only alike. ``change`` is made to every scene. The stages are opened (unless
    they are in ``opened``), and the caller closes them. A role that is a file of transcripts
    (``FILE``) is played by nobody: the arm's trials are the conversations of the file, and its
    scenario is what they are compared with. Raises ``BadRequest``, ``FormatError``,
    ``ScenarioError``, ``SceneError``.
    """
    count = seeds if seeds is not None else study.seeds
    if count < 1:
        raise BadRequest(f"seeds: {count} is no number of seeds; use at least 1")
    held = opened or Opened()
    people = _people(study)
    # Only what is played is opened: a role that no arm has costs nobody a key.
    roles = dict.fromkeys(arm.stage for arm in study.arms.values())
    identities = {
        role: held.model(study.stages[role], study.name, role)
        for role in roles
        if not study.stages[role].startswith(FILE)
    }
    planned: list[Planned] = []
    taken: set[str] = set()
    topics = study.topics or {ONE_TOPIC: {}}
    laid = {
        (name, topic): _Laid.of(study, name, values, identities[arm.stage], change)
        for name, arm in study.arms.items()
        for topic, values in topics.items()
        if name not in people
    }
    for each in laid.values():
        each.cast = held.cast(each.scene)
    places = {topic: place for place, topic in enumerate(topics)}
    for number in range(seed, seed + count):
        for (name, topic), each in laid.items():
            trial = each.trial(number + TOPICS_APART * places[topic], taken)
            taken.add(trial.id)
            planned.append(Planned(name, topic, number, trial))
    alone = [each.trial for each in planned if each.trial.focal is not None]
    stages = held.stages | surrogate_stages(held.stages, alone)
    models = {role: model for role, (model, _) in identities.items()}
    for name, path in people.items():
        models[study.arms[name].stage] = f"{FILE}{path.name}"
        planned += [
            Planned(name, ONE_TOPIC, -1 - number, trial)
            for number, trial in enumerate(trials_in(path))
        ]
    made = Design(study, stages, models, tuple(planned), tuple(people.values()))
    check_contrasts(made)
    return made


def _people(study: Study) -> dict[str, Path]:
    """The files of the arms whose role is one, by arm. Raises ``BadRequest`` if two arms would be
    the same conversations."""
    found: dict[str, Path] = {}
    for name, arm in study.arms.items():
        model = study.stages[arm.stage]
        if not model.startswith(FILE):
            continue
        path = Path(model.removeprefix(FILE))
        first = next((other for other, known in found.items() if known == path), None)
        if first is not None:
            raise BadRequest(
                f"study {study.name}: the arms {first} and {name} would both be {path}; give "
                "each a file of its own"
            )
        found[name] = path
    return found


@dataclass(slots=True)
class _Laid:
    """An arm in a topic: its scene is built once, and played with each seed."""

    arm: Arm
    scenario: Scenario
    scene: Scene
    parameters: dict[str, Any]
    model: str
    stage: str
    source: str
    cast: Mapping[str, str]

    @classmethod
    def of(
        cls,
        study: Study,
        name: str,
        topic: Mapping[str, Any],
        stage: tuple[str, str],
        change: Change | None,
    ) -> _Laid:
        arm = study.arms[name]
        scenario = arm.found()
        given = {**arm.parameters, **topic}
        try:
            scene = _as_wanted(build(scenario, given), arm)
            if change is not None:
                # In its wording: what the other wording of a persona is depends on it.
                scene = change(scene.worded(wording_for([stage[1], *scene.stages])))
        except SceneError as error:
            raise SceneError(f"study {study.name}, arm {name}: {error}") from error
        values = {
            each.name: each.plain(each.read(given.get(each.name, each.default)))
            for each in scenario.parameters
        }
        if isinstance(scene.wording, Prose) and stage[0].startswith("embedded:"):
            raise BadRequest(
                f"study {study.name}, arm {name}: an embedded stage reads no prose; leave the "
                "wording out"
            )
        source = source_digest(scenario.function)
        return cls(arm, scenario, scene, values, *stage, source, {})

    def trial(self, seed: int, taken: set[str]) -> Trial:
        """The trial with this seed, or with the next that no other arm has played."""
        while (made := self._with(seed)).id in taken:
            seed += APART
        return made

    def _with(self, seed: int) -> Trial:
        live = Trial.of_scene(
            self.scene,
            scenario=self.scenario.name,
            model=self.model,
            stage=self.stage,
            seed=seed,
            parameters=self.parameters,
            source=self.source,
            stages=self.cast,
        )
        if self.arm.surrogate is None:
            return live
        alone = surrogates_of([live], [self.arm.surrogate])
        for each in alone:
            if each.focal == self.arm.focal:
                return each
        names = ", ".join(self.scene.names)
        raise BadRequest(f"focal: {self.arm.focal!r} is not in the cast; use one of {names}")


def _as_wanted(scene: Scene, arm: Arm) -> Scene:
    """The scene with the arm's own layout, wording and limit of contexts."""
    if arm.layout is not None:
        scene = scene.replace(layout=arm.layout)
    if arm.wording is not None:
        scene = scene.replace(wording=wording_named(arm.wording))
    if arm.context is not None:
        context = Context(tokens=arm.context, policy=arm.policy)
        scene = scene.replace(cast=tuple(each.replace(context=context) for each in scene.cast))
    return scene
