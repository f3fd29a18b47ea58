"""Studies as people author them: a question, arms, and one primary measure fixed beforehand.

A study is a plain function that returns a ``Study``; those that ship are in ``scenarios.studies``,
one file each. A study says what it compares, in words and in numbers, and names its measures; it
neither plays nor measures (``sim.study.studies`` does).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from sim import extensions
from sim.errors import ScenarioError, SceneError
from sim.html import Table, element, fragment, table
from sim.planning.scenarios import PACKAGE, Scenario, describe, find, from_package, make, own
from sim.scene.actor import LayoutName
from sim.scene.base_model import AuthoredModel
from sim.scene.scene import Scene
from sim.stage.surrogate import SurrogateKind
from sim.text.suggestions import nearest

Expected = Literal["greater", "less", "different", "alike"]
"""Which way a contrast goes if the hypothesis holds; ``alike``: within the margin of its null."""

TwinName = Literal["planted", "absent"]
"""The twins of a study on embedded stages: in one its effect is planted, in the other absent."""

_NAME = re.compile(r"\w[\w .-]*")
"""What a study may be called: its store and its report are called so, too."""

FOLDER = f"{PACKAGE}.studies"
"""The package of the studies that ship."""


class Arm(AuthoredModel):
    """What is played in one arm of a study.

    ``scenario`` is a function that returns a scene, or the name of one; ``parameters`` go to it.
    ``stage`` is the *role* that plays, one of ``Study.stages``. ``layout`` (the regime: chat or
    screenplay), ``wording`` and the limit of contexts (``context``, in tokens, with ``policy``) are
    the scene's own unless they are given. In an arm with a ``surrogate`` only the actor ``focal``
    is played, and its partners say off-topic lines (``yoked``) or nothing (``mute``).
    """

    scenario: Callable[..., Scene] | str
    parameters: dict[str, Any] = Field(default_factory=dict)
    stage: str = "stage"
    layout: LayoutName | None = None
    wording: str | None = None
    context: int | None = Field(default=None, ge=100)
    policy: Literal["stop", "drop_oldest", "summarise"] = "drop_oldest"
    surrogate: SurrogateKind | None = None
    focal: str | None = None

    @model_validator(mode="after")
    def _memory(self) -> Self:
        if self.context is None and self.policy != "drop_oldest":
            raise SceneError(
                f"Arm.policy: {self.policy} is what is done when the context is full, and there is "
                "no limit; give context= (in tokens), too"
            )
        return self

    @model_validator(mode="after")
    def _focal(self) -> Self:
        if (self.surrogate is None) != (self.focal is None):
            raise SceneError(
                "Arm: surrogate and focal go together: the kind of surrogate, and the one actor "
                "that is played; give both or none"
            )
        return self

    def found(self) -> Scenario:
        """The scenario, described. Raises ``ScenarioError``."""
        if isinstance(self.scenario, str):
            return find(self.scenario)
        source = inspect.getsourcefile(self.scenario) or ""
        return describe(self.scenario.__name__, self.scenario, Path(source))


class Contrast(AuthoredModel):
    """A weighted sum of the means of arms, and what is expected of it.

    ``measure`` names a quantity of each trial (``convergence.c``); with ``actor`` it is that of
    this actor alone. ``weights`` are by the names of arms: ``{"tuned": 1, "base": -1}`` is a
    difference, four of them an interaction. ``null`` is its value if the hypothesis is wrong;
    ``margin`` is the smallest deviation from it that would matter, which ``alike`` needs. ``about``
    says in words what is contrasted. ``settings`` are what the measure is told besides the trials,
    by the names of its own parameters. ``negated`` says what becomes of the measure where the
    motion is negated, which an audit does: a distance is the ``same``, a stance has the
    ``opposite`` sign.
    """

    measure: str
    weights: dict[str, FiniteFloat] = Field(min_length=1)
    expected: Expected = "greater"
    null: FiniteFloat = 0.0
    margin: FiniteFloat | None = Field(default=None, gt=0)
    actor: str | None = None
    about: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    negated: Literal["same", "opposite", "unknown"] = "unknown"

    @model_validator(mode="after")
    def _margin(self) -> Self:
        if self.expected == "alike" and self.margin is None:
            raise SceneError(
                "Contrast.margin: is missing; say how far from the null is still alike"
            )
        if not any(self.weights.values()):
            raise SceneError("Contrast.weights: all are 0; give the arms that count another weight")
        return self

    @property
    def name(self) -> str:
        """The quantity, whose it is, and what the measure was told."""
        told = ", ".join(
            f"{key}={value}" if isinstance(value, str | int | float) else key
            for key, value in self.settings.items()
        )
        name = self.measure if self.actor is None else f"{self.measure} of {self.actor}"
        return f"{name} ({told})" if told else name

    @property
    def columns(self) -> dict[str, str]:
        """The numbers of each trial that it needs: MEASURE.QUANTITY by the name of its column."""
        return {self.name: self.measure}


class Distance(Contrast):
    """How far apart arms are in a whole distribution, and not in one number of it.

    ``measure`` names a measure alone (``appearance``), and ``quantities`` those of its quantities
    that together are the distribution: the share of each kind. The estimate is the energy distance
    less what two halves of one arm would show (``analysis.energy_distance``), so its null is 0, and
    with several arms it is the squared length of the contrast of all shares. Arms share their
    seeds.
    """

    expected: Literal["greater", "alike"] = "greater"
    null: Literal[0] = 0
    quantities: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        if abs(sum(self.weights.values())) > 1e-9:
            raise SceneError(
                "Distance.weights: do not add up to 0; give what is compared with what, "
                'as in {"text": 1, "plain": -1}'
            )
        return self

    @property
    def columns(self) -> dict[str, str]:
        return {
            f"{self.name}.{quantity}": f"{self.measure}.{quantity}" for quantity in self.quantities
        }


class Published(AuthoredModel):
    """A figure of somebody else's, to compare with.

    ``value`` is as the source has it, in words; ``read`` says how far it was checked: ``as cited``
    (by somebody else), ``abstract``, or ``checked`` (at its place in the source). ``estimand`` says
    of what it is, and ``differs`` in what that differs from ours.
    """

    value: str
    source: str
    estimand: str
    differs: str = ""
    read: Literal["as cited", "abstract", "checked"] = "as cited"


class Twin(AuthoredModel):
    """A study on embedded stages whose answer is known: the effect is ``planted``, or ``absent``.

    ``stages`` replace those of the roles that they name, ``parameters`` those of all arms. ``why``
    says what was planted, or why there is nothing to be found.
    """

    why: str
    stages: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)


class Study(AuthoredModel):
    """A question that scenes answer: arms, topics, seeds, and the measures fixed beforehand.

    ``name`` is what its files are called, too: letters, digits, ``_``, ``-``, ``.`` and blanks.
    ``question`` is the hypothesis in one sentence, ``known`` what others found, ``refuted_by`` what
    would refute it, ``source`` where it comes from. ``stages`` are the models by role; a study on
    other models names them by role (``--model tuned=openai:...``). ``primary`` are one or more
    contrasts: of several, *all* must hold (an intersection-union test, which needs no correction;
    Berger, Technometrics 24, 1982). ``exploratory`` contrasts are reported, and decide nothing.
    ``topics`` are the parameters of each topic (none: one topic); ``seeds`` are how many are played
    of each arm and topic. ``planted`` and ``absent`` are its twins on embedded stages; where the
    stage cannot show the effect by construction there is no ``planted``, and ``cannot`` says why.
    """

    name: str
    question: str
    source: str
    known: str
    refuted_by: str
    arms: dict[str, Arm] = Field(min_length=1)
    primary: tuple[Contrast, ...] = Field(min_length=1)
    exploratory: tuple[Contrast, ...] = ()
    stages: dict[str, str] = Field(default_factory=lambda: {"stage": "embedded:base"})
    topics: dict[str, dict[str, Any]] = Field(default_factory=dict)
    seeds: int = Field(default=20, ge=1)
    published: tuple[Published, ...] = ()
    planted: Twin | None = None
    absent: Twin | None = None
    cannot: str = ""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if _NAME.fullmatch(self.name) is None:
            raise SceneError(
                f"Study.name: {self.name!r} is no name for its files, too; use letters, digits, "
                "_, -, . and blanks, and begin with a letter or a digit"
            )
        return self

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name, arm in self.arms.items():
            if arm.stage not in self.stages:
                raise SceneError(
                    f"Study.arms.{name}.stage: there is no role {arm.stage!r}"
                    f"{nearest(arm.stage, list(self.stages))} in Study.stages"
                )
        for kind, contrasts in (("primary", self.primary), ("exploratory", self.exploratory)):
            for place, contrast in enumerate(contrasts):
                for name in contrast.weights:
                    if name not in self.arms:
                        raise SceneError(
                            f"Study.{kind}[{place}].weights: there is no arm {name!r}"
                            f"{nearest(name, list(self.arms))}"
                        )
        for name, twin in (("planted", self.planted), ("absent", self.absent)):
            for role in twin.stages if twin is not None else ():
                if role not in self.stages:
                    raise SceneError(
                        f"Study.{name}.stages: there is no role {role!r}"
                        f"{nearest(role, list(self.stages))}"
                    )
        return self

    def _repr_html_(self) -> str:
        """What is fixed beforehand, for a notebook."""
        decides = [
            (each.about, each.name, " ".join(f"{weight:+g} {arm}"
             for arm, weight in each.weights.items()), rank)
            for rank, contrasts in (("primary", self.primary), ("exploratory", self.exploratory))
            for each in contrasts
        ]  # fmt: skip
        topics = f", {len(self.topics)} topics" if self.topics else ""
        return fragment(
            element("p", element("b", self.name), f": {self.question}"),
            element("p", f"Would refute it: {self.refuted_by}"),
            element("p", f"Arms: {', '.join(self.arms)}; {self.seeds} seeds of each{topics}."),
            element(
                "div",
                table(Table(["contrast", "quantity", "arms", "rank"], decides)),
                class_="scroll",
            ),
        )

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """All contrasts, the primary ones first."""
        return (*self.primary, *self.exploratory)

    def on(self, stages: Mapping[str, str], parameters: Mapping[str, Any] | None = None) -> Study:
        """The same study on other stages by role, or with other parameters in all arms.

        Raises ``ScenarioError`` for a role that it does not have.
        """
        for role in stages:
            if role not in self.stages:
                raise ScenarioError(
                    f"study {self.name}: there is no role {role!r}{nearest(role, self.stages)}; "
                    f"its roles are {', '.join(self.stages)}"
                )
        arms = {
            name: arm.replace(parameters={**arm.parameters, **(parameters or {})})
            for name, arm in self.arms.items()
        }
        return self.replace(stages={**self.stages, **stages}, arms=arms)

    def told_by(self, layout: LayoutName) -> Study:
        """The same study with this layout in all arms that have none of their own: a base model
        needs a script."""
        arms = {
            name: arm if arm.layout is not None else arm.replace(layout=layout)
            for name, arm in self.arms.items()
        }
        return self.replace(arms=arms)

    def twin(self, kind: TwinName) -> Study:
        """The twin of that kind. Raises ``ScenarioError`` if there is none, with the reason."""
        found: Twin | None = getattr(self, kind)
        if found is None:
            why = self.cannot or "none was written"
            raise ScenarioError(f"study {self.name}: has no {kind} twin ({why})")
        return self.on(found.stages, found.parameters)


def study_names() -> tuple[str, ...]:
    """The names of the studies that ship, without loading them."""
    own(PACKAGE)
    package = import_module(FOLDER)
    modules = iter_modules(package.__path__)
    return tuple(sorted(entry.name for entry in modules if not entry.name.startswith("_")))


def find_study(name: str, parameters: Mapping[str, Any] | None = None) -> Study:
    """The study of that name (``bland_agreement``, ``path.py:function``, or another package's).

    ``parameters`` go to the function that makes it. Raises ``ScenarioError``.
    """
    return make(describe_study(name), parameters or {}, Study)


def describe_study(name: str) -> Scenario:
    """The function of a study, with its parameters. Raises ``ScenarioError``."""
    if ".py" in name:
        return find(name)
    known = study_names()
    if name not in known:
        added = extensions.find("studies", name)
        if added is not None:
            return from_package(added)
        known += extensions.names("studies", known)
        raise ScenarioError(f"unknown study {name!r}{nearest(name, known)} (or path.py:function)")
    try:
        module = import_module(f"{FOLDER}.{name}")
    except ImportError as error:
        raise ScenarioError(f"the study {name!r} does not import: {error}") from error
    return describe(name, getattr(module, name, None), Path(str(module.__file__)))
