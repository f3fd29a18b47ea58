"""A trial as a store has it: its facts, its scene, its events, replies and verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sim.errors import BadRequest, ScenarioError
from sim.events import Event, Failure, Status, Usage
from sim.html import Speakers, cast, element, fragment, transcript
from sim.planning import Trial, canonical
from sim.planning.decoder import Unreadable, scene_for_prompts, scene_from
from sim.planning.scenarios import build, find
from sim.planning.trials import LIVE
from sim.scene.scene import Scene
from sim.stage.base import Reply
from sim.store.damage import reading
from sim.store.shapes import JSON, check_columns, named, read_json, text
from sim.transcript import Transcript

if TYPE_CHECKING:
    from sim.store.reader import Store
    from sim.store.tournaments import StoredVerdict

COLUMNS = (
    'trial, scenario, model, stage, seed, arm, focal, "of", status, reason,'
    # The stored number of turns is 0 until a trial ends; until then its turns are counted.
    " CASE status WHEN 'planned' THEN (SELECT count(*) FROM events"
    " WHERE events.trial = trials.trial AND kind = 'turn') + coalesce(at - 1, 0)"
    " ELSE turns END, at, branch, parameters, scene, stages"
)
"""The columns of ``StoredTrial``, in the order of its fields."""

_NAMES = (
    "trial", "scenario", "model", "stage", "seed", "arm", "focal", "of", "status", "reason",
    "turns", "at", "branch", "parameters", "scene", "stages",
)  # fmt: skip

_JSON = JSON["trials"]

_SHORTEST = 4


@dataclass(frozen=True)
class StoredTrial:
    """A trial as the store has it. Made by ``Store.trial`` and ``Store.trials``.

    ``status`` is ``planned`` (not at its end), ``done`` or ``failed``; ``reason`` says why it
    ended. ``turns`` counts those that are there, also while the scene goes on. ``arm``, ``focal``,
    ``of``, ``at`` and ``branch`` are as in ``Trial``. Everything else is read when it is asked for,
    as long as the store is open.
    """

    id: str
    scenario: str
    model: str
    stage: str
    seed: int
    arm: str
    focal: str | None
    of: str | None
    status: Status
    reason: str | None
    turns: int
    at: int | None
    branch: int | None
    _parameters: str = field(repr=False)
    _canonical: str = field(repr=False)
    _stages: str = field(repr=False)
    store: Store = field(repr=False, compare=False)

    def __str__(self) -> str:
        """The trial in one line: what was played, on what, and how it ended."""
        arm = "" if self.arm == LIVE else f", {self.arm}"
        reason = f" ({self.reason})" if self.reason else ""
        return (
            f"{self.id[:12]} {self.scenario} on {self.model}, seed {self.seed}{arm}: "
            f"{self.status}, {self.turns} turns{reason}"
        )

    def __repr__(self) -> str:
        return f"<StoredTrial: {self}>"

    def _repr_html_(self) -> str:
        """What was played and its transcript, for a notebook."""
        speakers = Speakers(str(each.get("name", "")) for each in self.cast)
        return fragment(
            element("p", str(self)),
            element("p", self.topic, class_="topic") if self.topic else None,
            cast(self.cast, speakers),
            transcript(self.transcript.events, speakers),
        )

    @classmethod
    def read(cls, row: Sequence[Any], store: Store) -> StoredTrial:
        """A trial from a row of ``COLUMNS``. Raises ``ValueError`` for one that nobody wrote."""
        check_columns(dict(zip(_NAMES, row, strict=True)), "trials")
        return cls(*[*row, store])

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The scenario's parameters, as JSON has them."""
        with self.reading():
            parameters: dict[str, Any] = read_json(
                self._parameters, _JSON["parameters"], "its parameters"
            )
            return parameters

    @cached_property
    def stages(self) -> dict[str, str]:
        """The identities of the stages that the scene names besides its own, by those names."""
        with self.reading():
            stages: dict[str, str] = read_json(self._stages, _JSON["stages"], "its stages")
            return stages

    @cached_property
    def canonical(self) -> dict[str, Any]:
        """The scene in canonical form (``sim.planning.canonical``), as JSON has it."""
        with self.reading():
            form: dict[str, Any] = read_json(self._canonical, _JSON["scene"], "its scene")
            return form

    @property
    def scene_digest(self) -> str:
        """A hash of the scene in canonical form: the same for trials of the same scene."""
        return blake2b(self._canonical.encode(), digest_size=16).hexdigest()

    @property
    def layout(self) -> str:
        """How what an actor sees becomes a prompt: the scene's layout and, where contexts are
        limited, how much is remembered: ``persona_first within 300 tokens (drop_oldest)``. Trials
        that differ in it are of other arms."""
        with self.reading():
            limits = [_limit(member.get("context")) for member in self.canonical.get("cast", ())]
            told = [each for each in dict.fromkeys(limits) if each]
            return " ".join([str(self.canonical.get("layout") or ""), *told])

    @property
    def topic(self) -> str:
        """What the actors talk about."""
        with self.reading():
            return str(self.canonical.get("topic") or "")

    @property
    def wording(self) -> str:
        """The name of the scene's wording."""
        with self.reading():
            wording = self.canonical.get("wording")
            return "" if wording is None else str(wording.get("version") or "")

    @property
    def cast(self) -> list[dict[str, Any]]:
        """The personas of the cast, as JSON has them."""
        with self.reading():
            return [member["persona"] for member in self.canonical["cast"]]

    @property
    def entrants(self) -> dict[str, str]:
        """In a debate of a tournament: the entrant behind each name. Else empty."""
        entrants = self.parameters.get("entrants")
        return entrants if isinstance(entrants, dict) and named(text)(entrants) else {}

    @property
    def title(self) -> str:
        """What was played: the scenario, and in a tournament who met."""
        if not self.entrants:
            return self.scenario
        return f"{self.scenario}: {' – '.join(self.entrants.values())}"

    @cached_property
    def scene(self) -> Scene:
        """The scene with its code, to be played on.

        A scene of Elsinore's own parts is read from the store. A scene with a user's own functions
        is built again by its scenario. Raises ``BadRequest`` if the scenario was edited since and
        makes another scene: it would continue a transcript that it did not play.
        """
        with self.reading():
            try:
                return scene_from(self.canonical)
            except Unreadable as error:
                unreadable = error
            scene = self._built(unreadable)
            if json.loads(canonical(scene)) == self.canonical:
                return scene
        # A branch or a surrogate differs from the scenario's scene; all but its code is in the
        # store.
        try:
            if self.of is None:
                raise Unreadable("it is neither a branch nor a surrogate")
            return scene_from(self.canonical, scene)
        except Unreadable:
            raise BadRequest(
                f"trial {self.id[:8]}: the scenario {self.scenario} makes another scene by now; "
                "bring back the file as it was when this was played"
            ) from None

    def _built(self, unreadable: Unreadable) -> Scene:
        """The scene that its scenario makes, with the layout, the contexts and the stages that were
        played: an arm of a study may have asked for others than the scenario's."""
        try:
            scene = build(find(self.scenario), self.parameters)
        except ScenarioError as error:
            raise BadRequest(f"trial {self.id[:8]}: {unreadable} ({error})") from None
        played = self.prompt_scene
        people = {
            actor.name: {"stage": actor.stage, "context": actor.context} for actor in played.cast
        }
        cast = tuple(
            actor.model_copy(update=people.get(actor.name, {"stage": None})) for actor in scene.cast
        )
        layout = self.canonical.get("layout")
        return scene.replace(layout=layout, wording=played.wording, cast=cast)

    @property
    def prompt_scene(self) -> Scene:
        """The scene without a user's own code: enough to render prompts, not to play."""
        with self.reading():
            return scene_for_prompts(self.canonical)

    @property
    def transcript(self) -> Transcript:
        """The transcript; of a branch with the turns that it shares. Its scene is read as ``scene``
        is, when it is used."""
        return self.store.transcript(self.id, find_scene=lambda: self.scene)

    @property
    def events(self) -> list[Event]:
        """The events; of a branch with those that it shares."""
        with self.reading():
            return self.store.transcript(self.id).events

    @property
    def replies(self) -> Mapping[str, Reply]:
        """What the stages answered, by the keys of the calls."""
        return self.store.replies(self.id).by_key

    @property
    def cost(self) -> Usage:
        """What its replies used, without those from the cache, which another trial paid for.

        Replies without a price count 0 USD.
        """
        return self.store.usage([self.id])

    @property
    def verdicts(self) -> list[StoredVerdict]:
        """What judges said of it."""
        with self.reading():
            return self.store.verdicts(self.id)

    @property
    def first_failure(self) -> Failure | None:
        """What went wrong first, or None."""
        return next((event for event in self.events if isinstance(event, Failure)), None)

    def planned(self) -> Trial:
        """The trial that was planned, known by the same id. Raises as ``scene`` does."""
        return Trial(
            id=self.id,
            scenario=self.scenario,
            parameters=self.parameters,
            scene=self.scene,
            model=self.model,
            stage=self.stage,
            seed=self.seed,
            arm=self.arm,
            focal=self.focal,
            of=self.of,
            stages=self.stages,
            at=self.at,
            branch=self.branch,
        )

    def facts(self) -> dict[str, Any]:
        """Its fields but the scene, as JSON has them."""
        return {
            "id": self.id,
            "scenario": self.scenario,
            "parameters": self.parameters,
            "model": self.model,
            "stage": self.stage,
            "seed": self.seed,
            "arm": self.arm,
            "focal": self.focal,
            "of": self.of,
            "status": self.status,
            "reason": self.reason,
            "turns": self.turns,
            "at": self.at,
            "branch": self.branch,
            "stages": self.stages,
        }

    def reading(self) -> AbstractContextManager[None]:
        """A context that turns errors of reading into ``StoreRefused``, with the trial's id."""
        return reading(self.store.path, self.id)


def short_ids(ids: Iterable[str], wanted: Iterable[str] | None = None) -> dict[str, str]:
    """For each id the shortest beginning, of at least four letters, that no other id has.

    >>> short_ids(["abcdef", "abcdxx", "bbbbbb"])
    {'abcdef': 'abcde', 'abcdxx': 'abcdx', 'bbbbbb': 'bbbb'}
    """
    every = sorted(set(ids))
    lengths: dict[str, int] = dict.fromkeys(every, _SHORTEST)
    # In sorted order each id stands next to the one with which it shares most of its beginning.
    for one, other in pairwise(every):
        shared = 0
        while shared < min(len(one), len(other)) and one[shared] == other[shared]:
            shared += 1
        for trial in (one, other):
            lengths[trial] = max(lengths[trial], shared + 1)
    chosen = every if wanted is None else wanted
    return {trial: trial[: lengths[trial]] for trial in chosen}


@dataclass(frozen=True, slots=True)
class StoredReplies:
    """The replies of a trial by the keys of their calls.

    ``of_version_1``: version 1 wrote one of them, whose keys were made in another way.
    """

    by_key: Mapping[str, Reply]
    of_version_1: bool


def _limit(context: Any) -> str:
    """The limit of a context in canonical form; blank without one."""
    return f"within {context['tokens']} tokens ({context['policy']})" if context else ""


def in_groups(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Ids in groups of at most ``size``.

    >>> list(in_groups("abc", 2))
    [['a', 'b'], ['c']]
    """
    some: list[str] = []
    for each in ids:
        some.append(each)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some
