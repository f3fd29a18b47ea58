"""The factors of an audit: what may differ between worlds, and what that would mean.

An *invariance* changes nothing that a study is about, so its verdict has to survive it. A
*moderator* (layout, memory, temperature) makes another experiment of it: it is reported, and no
equivalent world. A relabelled graph is an *exact symmetry* (``changes.relabelled``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sim.errors import SceneError
from sim.planning.studies import Study
from sim.planning.worlds.changes import (
    Unfit,
    cast_reversed,
    options_reversed,
    other_layout,
    other_memory,
)
from sim.planning.worlds.retold import (
    other_frame,
    other_names,
    other_sheet,
    polarity_flipped,
    renamed,
    second_person,
)
from sim.scene.scene import Scene

Change = Callable[[Scene], Scene]


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of two levels: a scene as it was written, and ``change`` made to it.

    ``other`` says what the second level is. ``flips`` says that signed quantities change their sign
    with it. ``twice`` says what making the change twice gives: the same scene, or why not.
    """

    name: str
    other: str
    change: Change
    flips: bool = False
    twice: str = "the same scene"


INVARIANCES: tuple[Factor, ...] = (
    Factor("persona format", "prose for a list, a list for prose", other_sheet),
    Factor("person", "told of as you", second_person),
    Factor("order of the cast", "reversed", cast_reversed),
    Factor("order of options", "reversed", options_reversed),
    Factor("framing", "a real conversation, no play", other_frame),
    Factor("polarity", "the motion negated", polarity_flipped, flips=True),
)
"""All invariances but the names, which have to be the same in all scenes of a study."""

LAYOUT = Factor("layout", "the persona after the transcript", other_layout)
MEMORY = Factor(
    "memory",
    "contexts of 600 tokens, which drop the oldest turns",
    other_memory,
    twice="another scene: the limit of a context stays",
)
MODERATORS: tuple[Factor, ...] = (LAYOUT, MEMORY)
"""The moderators that change a scene; temperature changes the stage."""


def names_factor(names: Mapping[str, str]) -> Factor:
    """The factor of the names, with the other names of all scenes of a study."""
    return Factor(
        "names",
        ", ".join(f"{old}: {new}" for old, new in names.items()),
        partial(renamed, names=names),
        twice="the same scene: nobody has an old name any more, and the reverse mapping undoes it",
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The invariances and moderators that a study takes, the others with the reason, and the other
    names of its people."""

    invariances: tuple[Factor, ...]
    moderators: tuple[Factor, ...]
    left_out: dict[str, str]
    names: Mapping[str, str]


def chosen(study: Study, scenes: Sequence[Scene]) -> Chosen:
    """The factors that fit all scenes of a study, which are in their wording already."""
    names = other_names(scenes)
    left_out: dict[str, str] = {"judge": "the study has none"}

    def fit(factors: Sequence[Factor]) -> tuple[Factor, ...]:
        kept = []
        for factor in factors:
            why = unfit(factor, study, scenes)
            if why:
                left_out[factor.name] = why
            else:
                kept.append(factor)
        return tuple(kept)

    places = list(INVARIANCES)
    places.insert(2, names_factor(names))
    return Chosen(fit(places), fit(MODERATORS), left_out, names)


def unfit(factor: Factor, study: Study, scenes: Sequence[Scene]) -> str:
    """Why a study does not take a factor; blank if it does."""
    if factor.flips:
        unknown = [each.name for each in study.primary if each.negated == "unknown"]
        if unknown:
            return f'say what becomes of {unknown[0]} (Contrast.negated: "same" or "opposite")'
    if factor is LAYOUT and any(arm.layout is not None for arm in study.arms.values()):
        return "the arms of the study have layouts of their own"
    if factor is MEMORY and any(arm.context is not None for arm in study.arms.values()):
        return "the arms of the study have memories of their own"
    return refused(factor.change, scenes)


def refused(change: Change, scenes: Sequence[Scene]) -> str:
    """Why one of some scenes does not take a change; blank if all do."""
    try:
        for scene in scenes:
            change(scene)
    except Unfit as why:
        return str(why)
    except SceneError as error:
        return f"the changed scene is refused ({error})"
    return ""


def world(factors: Sequence[Factor]) -> Change:
    """The change of a world: that of each factor, one after the other."""

    def change(scene: Scene) -> Scene:
        for factor in factors:
            scene = factor.change(scene)
        return scene

    return change
