"""A tournament: entrants, motions, format, judges; and its compilation to trials."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from sim.errors import SceneError
from sim.planning import Trial
from sim.planning.canonical_form import plain
from sim.planning.names import SCENE_NAMES
from sim.scene.actor import HUMAN
from sim.scene.answers import folded
from sim.scene.base_model import AuthoredModel
from sim.seeds import Stream, derive
from sim.tournament.debate import Debate, Side
from sim.tournament.entrants import Entrant, Motion
from sim.tournament.formats import Format, Knockout, Meeting, RoundRobin, Swiss
from sim.tournament.formats.base import answered, counted, sound
from sim.tournament.rubric import LETTERS, TIE, Judge, Rubric

if TYPE_CHECKING:
    from sim.runs.options import RunOptions
    from sim.tournament.run import TournamentReport

DRAWN_NAMES = (
    "Alex", "Bailey", "Casey", "Devon", "Ellis", "Finley", "Harley", "Jordan", "Kelly", "Logan",
    "Morgan", "Noel", "Parker", "Quinn", "Riley", "Sidney", "Taylor",
)  # fmt: skip
"""Names that are drawn for debaters: any gender, and each with an initial of its own."""


class Tournament(AuthoredModel):
    """Entrants who meet in debates on motions, round by round, before judges.

    ``format`` says who meets whom. A match is a meeting on one motion, of ``sides`` entrants; with
    ``swap`` it has as many legs as sides, in which each entrant argues each position once and
    speaks in each place once. Who begins, names and seats are drawn from ``seed``: from that, from
    who meets, and from how often they have met, so that one entrant more changes no other match.
    ``stage`` plays the entrants who have none of their own. ``stages`` gives names to stages that
    are asked in a way of their own: ``{"hot": {"model": "openai:gpt-5-mini", "temperature": 1}}``.
    Without ``judges`` debates are played and nobody wins.

    Raises ``SceneError`` if it makes no sense.

    >>> cup = Tournament(
    ...     name="Cup", entrants=[Entrant(name="a"), Entrant(name="b", prompt="Be brief.")],
    ...     motions=["The town should sell its spring."], judges=["embedded:base"])
    >>> [[side.entrant.name for side in leg.sides] for leg in cup.legs(1)]
    [['a', 'b'], ['a', 'b']]
    """

    name: str = Field(min_length=1)
    entrants: tuple[Entrant, ...]
    motions: tuple[Motion, ...]
    format: Any = Field(default_factory=RoundRobin)
    debate: Debate = Debate()
    judges: tuple[Judge, ...] = ()
    rubric: Rubric = Rubric()
    stage: str = "embedded:base"
    stages: dict[str, dict[str, Any]] = Field(default_factory=dict)
    sides: int = Field(default=2, ge=2, le=len(DRAWN_NAMES))
    swap: bool = True
    seed: int = Field(default=0, ge=0)

    @field_validator("format")
    @classmethod
    def _is_a_format(cls, value: Any) -> Any:
        parts = ("rounds", "pair")
        if (
            isinstance(value, type)
            or not hasattr(value, "adaptive")
            or not all(callable(getattr(value, part, None)) for part in parts)
        ):
            raise SceneError(
                f"Tournament.format: {value!r:.80} is no format; use RoundRobin(), Swiss(), "
                "Knockout(), or an object with adaptive, rounds and pair"
            )
        return value

    @model_validator(mode="after")
    def _sound(self) -> Tournament:
        _distinct("Tournament.entrants", [entrant.name for entrant in self.entrants])
        _distinct("Tournament.judges", [judge.known_as for judge in self.judges])
        if len(self.entrants) < 2:
            raise SceneError(
                f"Tournament.entrants: {len(self.entrants)} cannot compete; enter at least two"
            )
        if not self.motions:
            raise SceneError("Tournament.motions: is empty; say what is debated")
        for number, motion in enumerate(self.motions):
            if len(motion.positions) < self.sides:
                raise SceneError(
                    f"Tournament.motions.{number}: has {len(motion.positions)} positions for "
                    f"{self.sides} sides; give it a position for each"
                )
        if self.typed_format.adaptive and not self.judges:
            raise SceneError(
                f"Tournament.judges: is empty, and {type(self.format).__name__} pairs by results; "
                "name judges, or use RoundRobin()"
            )
        for judge in self.judges:
            if judge.stage == HUMAN:
                raise SceneError(
                    "Tournament.judges: a person judges when the debates have been played; leave "
                    "human out, and use elsinore judge STORE"
                )
        self.rounds  # noqa: B018 - raises if the format does not take so many entrants
        return self

    @property
    def typed_format(self) -> Format:
        """The format, typed."""
        form: Format = self.format
        return form

    @property
    def rounds(self) -> int:
        """How many rounds there are."""
        form, kind = self.typed_format, type(self.format).__name__
        count = len(self.entrants)
        return counted(kind, answered(kind, "rounds", lambda: form.rounds(count, self.sides)))

    @property
    def model_strings(self) -> tuple[str, ...]:
        """The stages that debates name besides the tournament's own, each once."""
        named = (entrant.stage for entrant in self.entrants)
        return tuple(dict.fromkeys(stage for stage in named if stage is not None))

    # --- Running -------------------------------------------------------------------------------

    async def arun(self, store: Path | str, options: RunOptions | None = None) -> TournamentReport:
        """``run``, inside an event loop: ``report = await cup.arun("cup.db")``."""
        # Imported here, because that module imports this one.
        from sim.tournament.run import open_and_run

        return await open_and_run(self, store, options)

    def run(self, store: Path | str, options: RunOptions | None = None) -> TournamentReport:
        """Run it: debates are played, judged, and kept in a store. Run again, it goes on.

        The stages that it names are opened with retry and limits (``options.asking``), and closed.
        In a running event loop use ``await arun(...)``. Raises ``BadRequest`` before anything is
        played, and whatever ``run_trials`` raises.

        >>> import tempfile
        >>> short = Debate(opening=40, rebuttals=0, questions=0, closing=None)
        >>> cup = Tournament(name="Cup", entrants=[Entrant(name="a"), Entrant(name="b")],
        ...                  motions=["Tea?"], debate=short, judges=["embedded:base"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report = cup.run(f"{folder}/cup.db")
        >>> report.rounds, report.verdicts, len(report.standings)
        (1, 4, 2)
        """
        from sim.runs.run import wait_for

        return wait_for("run", self.arun(store, options))

    # --- Compiling -----------------------------------------------------------------------------

    def pairings(self, number: int, before: Sequence[Meeting] = ()) -> list[tuple[int, ...]]:
        """Who meets in a round, as numbers of entrants. ``before`` are earlier meetings."""
        form, kind = self.typed_format, type(self.format).__name__
        count, seed = len(self.entrants), derive(self.seed, "format")
        pairing = answered(kind, "pair", lambda: form.pair(count, self.sides, number, before, seed))
        return sound(pairing, count, self.sides, number, kind)

    def legs(self, number: int, before: Sequence[Meeting] = ()) -> list[Leg]:
        """The debates of a round, match after match; a bye has none."""
        [only] = self.compiled(number, number, before)
        return list(only.legs)

    def compiled(self, first: int, last: int, before: Sequence[Meeting] = ()) -> Iterator[Round]:
        """Rounds, one after the other. ``before`` are the meetings before the first of them."""
        meetings = [meeting for meeting in before if meeting.round < first]
        met = Counter(tuple(sorted(meeting.entrants)) for meeting in meetings)
        for number in range(first, last + 1):
            pairings = self.pairings(number, meetings)
            legs: list[Leg] = []
            for match, entrants in enumerate(pairings, 1):
                key = tuple(sorted(entrants))
                if len(key) > 1:
                    legs += self._match((number, match), key, met[key])
                met[key] += 1
            round_meetings = tuple(Meeting(number, entrants, None) for entrants in pairings)
            meetings += round_meetings
            yield Round(round_meetings, tuple(legs))

    def _match(self, place: tuple[int, int], entrants: tuple[int, ...], times: int) -> list[Leg]:
        """The legs of a match. ``place`` is its round and number, ``times`` how often they met."""
        names = [self.entrants[number].name for number in entrants]
        seed = derive(self.seed, "meeting", times, *sorted(names))
        stream = Stream(derive(seed, "draw"))
        motion = self._motion(names, times)
        count = len(entrants)
        # By name, so that the order in which entrants are listed changes nothing.
        order = stream.shuffled(sorted(range(count), key=lambda number: names[number]))
        first_place = stream.shuffled(range(count))
        legs: list[Leg] = []
        for number in range(count if self.swap else 1):
            actors = self._actors(order, entrants, derive(seed, "names", number))
            sides = tuple(
                Side(
                    self.entrants[entrants[who]],
                    actors[drawn],
                    (drawn + number) % count,
                    (first_place[drawn] + number) % count,
                )
                for drawn, who in enumerate(order)
            )
            # In all legs of a match the sides are in one order, whatever was drawn.
            sides = tuple(sorted(sides, key=lambda side: (side.entrant.name, side.position)))
            seats = tuple(Stream(derive(seed, "seats", number)).shuffled(range(count)))
            # 31 bits, because people read seeds in tables and type them.
            own = derive(seed, "leg", number) % (1 << 31)
            legs.append(Leg(*place, number, motion, sides, seats, own))
        return legs

    def _motion(self, names: Sequence[str], times: int) -> int:
        """The motion of the meeting of these entrants: another each time, until all were used."""
        whole, place = divmod(times, len(self.motions))
        stream = Stream(derive(self.seed, "motions", whole, *sorted(names)))
        return stream.shuffled(range(len(self.motions)))[place]

    def _actors(self, order: Sequence[int], entrants: Sequence[int], seed: int) -> list[str]:
        """The names under which entrants debate, in that order."""
        if self.debate.names == "own":
            names = [self._own_name(self.entrants[entrants[who]]) for who in order]
            told_apart = {folded(name) for name in names}
            if len(told_apart) == len(names) and TIE not in told_apart:
                return names
            # Two have one name, or one is called "tie", which is an outcome of verdicts.
            return [f"{name} {LETTERS[place]}" for place, name in enumerate(names)]
        return Stream(seed).shuffled(DRAWN_NAMES)[: len(order)]

    @staticmethod
    def _own_name(entrant: Entrant) -> str:
        return entrant.persona.name if entrant.persona is not None else entrant.name

    def trial(self, leg: Leg, identities: Mapping[str, str]) -> Trial:
        """The trial of a leg. ``identities`` are those of the stages, by model string or name."""
        motion = self.motions[leg.motion]
        scene = self.debate.scene(motion, leg.sides, leg.seats)
        by_position = sorted(leg.sides, key=lambda side: side.position)
        return Trial.of_scene(
            scene,
            scenario=self.name,
            model=self.stage,
            stage=identities[self.stage],
            seed=leg.seed,
            parameters={
                "motion": motion.topic,
                "entrants": {side.actor: side.entrant.name for side in by_position},
            },
            stages=identities,
        )

    def forms(self, identities: Mapping[str, str]) -> dict[str, str]:
        """The forms of the judges' verdicts (``Rubric.form``), by the judge's name."""
        return {judge.known_as: self.rubric.form(identities[judge.stage]) for judge in self.judges}

    def definition(self, identities: Mapping[str, str]) -> dict[str, Any]:
        """The tournament as JSON has it, with the identities of stages and the forms of
        verdicts."""
        forms = self.forms(identities)
        definition: dict[str, Any] = plain(self, "Tournament", _NAMES)
        definition["format_name"] = _NAMES.of(type(self.format)).rpartition(".")[2]
        definition["identities"] = dict(sorted(identities.items()))
        definition["judges"] = [
            {
                "name": judge.known_as,
                "stage": judge.stage,
                "identity": identities[judge.stage],
                "form": forms[judge.known_as],
            }
            for judge in self.judges
        ]
        return definition

    def identity(self, identities: Mapping[str, str]) -> str:
        """The id: a hash of the definition, but for the name. 32 hexadecimal letters."""
        definition = self.definition(identities)
        del definition["name"]
        what = json.dumps(definition, sort_keys=True)
        return blake2b(what.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Leg:
    """One debate of a match. ``round`` and ``match`` count from 1, ``leg`` and ``motion`` from 0.

    ``sides`` are by the entrants' names; ``seats`` are places in them, in the order of the cast.
    """

    round: int
    match: int
    leg: int
    motion: int
    sides: tuple[Side, ...]
    seats: tuple[int, ...]
    seed: int

    @property
    def actors(self) -> tuple[str, ...]:
        """The names under which the sides debate."""
        return tuple(side.actor for side in self.sides)


@dataclass(frozen=True, slots=True)
class Round:
    """A round: who meets, byes among them, and the debates of its matches. No results yet."""

    meetings: tuple[Meeting, ...]
    legs: tuple[Leg, ...]


def _distinct(where: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SceneError(f"{where}: {name!r} is there twice; give one of them another name")


# What a tournament's id names; see ``sim.planning.names``.
_NAMES = SCENE_NAMES.with_classes(
    {
        "Tournament": Tournament,
        "Entrant": Entrant,
        "Motion": Motion,
        "Judge": Judge,
        "Rubric": Rubric,
        "Debate": Debate,
        "RoundRobin": RoundRobin,
        "Swiss": Swiss,
        "Knockout": Knockout,
    }
)
