"""The scenes that calibrations play: two neighbours talk, and in secret something is planted.

The target is one character of a pair of ``pairs.toml``; the partner is nobody in particular. Before
one of the target's own turns, drawn for each scene and the same in all of its plants, somebody gets
another persona and keeps its name and memory; nothing in the scene says so.

    sham        the target's own persona in other words (the same bytes would be no sham)
    contagion   the partner becomes the target's opposite; the target stays as it was
    swap        the target becomes its opposite; swap_half and swap_weak: half of the time, now
                and then
    third       the target becomes the character of an unrelated pair
    stance      the target changes sides, and nothing else
    hostility   the target becomes furious, and insults the others
    agreement   the target agrees with everything
    collapse    the target becomes an AI assistant that plays nobody
    grown       nothing is changed: what an exact stage's characters become by themselves

In every third scene the target begins as the character that most would call worse, and turns into
the better one. There stance, hostility, agreement and collapse are left out: who is scornful by
nature is not changed by fury.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.calibration.talks import GROWN, Planted
from sim.errors import BadRequest
from sim.planning import Trial
from sim.planning.trials import plan_scene
from sim.scene.actor import Actor, LayoutName
from sim.scene.endings import after
from sim.scene.graph import ring
from sim.scene.interventions import Recast, recast
from sim.scene.persona import Persona
from sim.scene.scene import Scene
from sim.scene.templates import Wording
from sim.seeds import derive
from sim.text.suggestions import nearest

PAIRS = Path(__file__).with_name("pairs.toml")
NAME = "calibration"
"""The name of these scenes in stores."""

TARGET, PARTNER = "Robin", "Alex"
ISSUE = "it"
TOPICS = (
    ("The torn fence between their gardens should be rebuilt.",
     ("the fence", "the hedge", "the old dog", "the carpenter's bill")),
    ("The old mill at the end of the lane should be sold.",
     ("the mill", "the millpond", "the miller's debts", "the price of flour")),
    ("The village should have a market every week.",
     ("the market", "the square", "the farmers", "the noise in the morning")),
    ("The bridge should be closed to carts in winter.",
     ("the bridge", "the carts", "the ice", "the road to the doctor")),
    ("The bell should no longer ring at night.",
     ("the bell", "the sexton", "the children's sleep", "the clock in the hall")),
    ("The common well should be locked after dark.",
     ("the well", "the key", "the travellers", "the bucket that was stolen")),
)  # fmt: skip
"""What they talk about, and what both bring up, whoever they become: a persona is to be known by
its character and not by a word that stands in its description alone."""

LEAN, AGAINST = 0.75, -0.5
"""Where the target stands, and the partner."""

ONE_WAY = ("stance", "hostility", "agreement", "collapse")
PLANTS = ("sham", "contagion", "swap", "swap_half", "swap_weak", "third", *ONE_WAY, GROWN)
FEWEST_TURNS = 10
"""Of fewer turns there are too few before the plant, or after it."""


@dataclass(frozen=True, slots=True)
class Side:
    """One character of a pair: in words, in one trait twice, in eight lines."""

    words: str
    traits: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A character and its opposite."""

    moral: bool
    nice: Side
    nasty: Side


@cache
def pairs() -> tuple[Pair, ...]:
    """The pairs, moral and neutral ones in turn."""
    read = tomllib.loads(PAIRS.read_text("utf-8"))["pair"]
    every = [
        Pair(each["moral"], *(
            Side(each[side], tuple(each.get(f"{side}_traits", ())), tuple(each[f"{side}_lines"]))
            for side in ("nice", "nasty")
        ))
        for each in read
    ]  # fmt: skip
    moral = [pair for pair in every if pair.moral]
    neutral = [pair for pair in every if not pair.moral]
    return tuple(pair for both in zip(moral, neutral, strict=True) for pair in both)


def sides(number: int) -> tuple[Side, Side]:
    """The target's character in a scene, and its opposite."""
    pair = pairs()[number % len(pairs())]
    return (pair.nasty, pair.nice) if backwards(number) else (pair.nice, pair.nasty)


def backwards(number: int) -> bool:
    """Whether the target of a scene begins as the worse character."""
    return number % 3 == 2


def place_of(number: int, turns: int) -> int:
    """Before which of the target's own turns a scene's plant comes, from 0: one of three in the
    middle."""
    return turns // 4 - 1 + derive(7, NAME, number) % 3


def has(number: int, plant: str) -> bool:
    """Whether a scene has a plant."""
    return not (backwards(number) and plant in ONE_WAY)


def persona(
    number: int, side: Side, more: str = "", *, again: bool = False, lean: float = LEAN
) -> Persona:
    """The target of a scene as a character; ``again`` in other words."""
    words = side.words[0].upper() + side.words[1:]
    brief = (
        f"Somebody who is {side.words}, which nobody can miss."
        if again
        else f"{words}, and shows it in every word."
    )
    traits = side.traits[1:2] if again else side.traits[:1]
    return Persona(
        name=TARGET, brief=f"{brief}{more}", traits=traits, stances={ISSUE: lean},
        points=points_of(number),
    )  # fmt: skip


def points_of(number: int) -> tuple[str, ...]:
    """What is brought up in a scene."""
    return TOPICS[number % len(TOPICS)][1]


def changed(number: int, plant: str) -> Persona:
    """The persona that somebody gets in a scene by a plant. Raises ``BadRequest`` for a plant that
    there is not."""
    own, other = sides(number)
    if plant == "sham":
        return persona(number, own, again=True)
    if plant == "contagion":
        return persona(number, other, lean=AGAINST).model_copy(update={"name": PARTNER})
    if plant == "swap":
        return persona(number, other, lean=-LEAN)
    if plant in ("swap_half", "swap_weak"):
        often = "half of the time" if plant == "swap_half" else "now and then"
        some = persona(number, own, f" But {often} {TARGET} is {other.words}.",
                       lean=0.0 if plant == "swap_half" else LEAN / 3)  # fmt: skip
        traits = (*some.traits, *other.traits[:1]) if plant == "swap_half" else some.traits
        return some.model_copy(update={"traits": traits})
    if plant == "third":
        # Eight pairs on, of the other sort (moral or neutral).
        return persona(number, pairs()[(number + 9) % len(pairs())].nice)
    if plant == "stance":
        return persona(number, own, lean=-LEAN)
    if plant == "hostility":
        told = f" But by now {TARGET} is furious, insults the others and shouts at them."
        return persona(number, own, told).model_copy(update={"traits": ("hostile",)})
    if plant == "agreement":
        told = f" By now {TARGET} agrees with whatever the others say, and praises it."
        return persona(number, own, told, lean=AGAINST).model_copy(update={"traits": ("amiable",)})
    if plant == "collapse":
        told = (
            "A helpful AI assistant, which says so, plays nobody, has no opinions and asks how it "
            "can help."
        )
        return Persona(name=TARGET, brief=told, points=points_of(number))
    raise BadRequest(f"no plant is called {plant!r}{nearest(plant, PLANTS)}")


def scene(
    number: int, plant: str, *, turns: int, layout: LayoutName, wording: Wording | None = None
) -> Scene:
    """The scene of a number with a plant."""
    own, other = sides(number)
    # The opposite stands in no prompt; instruments read it, as they do in any scene.
    target = persona(number, own).model_copy(update={"opposite": persona(number, other).brief})
    partner = Persona(
        name=PARTNER, brief="A neighbour.", stances={ISSUE: AGAINST}, points=points_of(number)
    )
    change: tuple[Recast, ...] = ()
    if plant != GROWN:
        change = (recast(changed(number, plant), at=2 * place_of(number, turns) + 1),)
    return Scene(
        topic=TOPICS[number % len(TOPICS)][0],
        cast=(Actor(persona=target), Actor(persona=partner)),
        graph=ring(TARGET, PARTNER),
        ends=after(turns=turns),
        interventions=change,
        layout=layout,
        wording=wording,
        words=30,
    )


@dataclass(frozen=True, slots=True)
class Planting:
    """Which scenes are played: how many, how long, with which plants, told how, from which seed."""

    scenes: int
    turns: int = 16
    plants: tuple[str, ...] = PLANTS
    layout: LayoutName = "persona_first"
    wording: Wording | None = None
    seed: int = 0

    def trials(self, model: str, identity: str) -> list[tuple[Trial, Planted]]:
        """The trials on one model, each with what is planted in it.

        Plants of a scene share the seed, and so everything up to the plant. Raises ``BadRequest``
        for a number of scenes or turns that makes no plan, or an unknown plant.
        """
        if self.scenes < 1:
            raise BadRequest(f"--scenes {self.scenes}: use at least 1")
        if self.turns < FEWEST_TURNS:
            raise BadRequest(
                f"--turns {self.turns}: too few before and after a plant; use {FEWEST_TURNS} or "
                "more"
            )
        for plant in self.plants:
            if plant not in PLANTS:
                raise BadRequest(f"--plant {plant}: there is none{nearest(plant, PLANTS)}")
        found = []
        for number in range(self.scenes):
            for plant in self.plants:
                if not has(number, plant):
                    continue
                [trial] = plan_scene(
                    scene(number, plant, turns=self.turns, layout=self.layout,
                          wording=self.wording),
                    name=NAME,
                    models=[(model, identity)],
                    parameters={"scene": number, "plant": plant},
                    seed=self.seed + number,
                )  # fmt: skip
                cluster = number % len(pairs())
                place = place_of(number, self.turns)
                found.append((trial, Planted(number, cluster, plant, place, trial.id)))
        return found


def plants_for(kinds: Sequence[str], exact: bool) -> tuple[str, ...]:
    """The plants that instruments for these kinds need: those that they find, shams, and the others
    by which it is known that they find nothing else. ``exact``: also what grows by itself."""
    kept = ["sham", "contagion", "third", "swap"]
    if "flip" in kinds:
        kept += ["swap_half", "swap_weak"]
    kept += ONE_WAY
    if exact:
        kept.append(GROWN)
    return tuple(plant for plant in PLANTS if plant in kept)
