"""What every layout promises: pages that only grow, and nothing in a prompt that is not its
actor's to know."""

from __future__ import annotations

from collections.abc import Sequence

from sim.events import Seat, Turn
from sim.layouts.base import Layout
from sim.layouts.prompt import Prompt
from sim.scene.actor import TELLS_ALL
from sim.scene.audience import heard_by
from sim.scene.probes import ask_stance
from sim.scene.scene import Scene
from sim.testing.promises import kept
from sim.testing.scenes import planted, token

PRIVATE = ("traits", "issue", "goals", "points", "secret", "voice")
"""The fields of a persona that nobody else is told."""

TURNS = (
    Turn(1, "Ada", token("line", 1)),
    Turn(2, "Ben", token("line", 2), ("Cleo",)),
    Turn(3, "Cleo", token("line", 3), cut=token("cut")),
    Turn(4, "Ada", token("line", 4), ()),
    Turn(5, "Ben", token("line", 5)),
)
"""Turns of which some are whispered, and one was cut."""


def check_layout(layout: Layout) -> None:
    """Check a layout: it is pure, its pages only grow, nobody is told what is private to another
    or was not said to them, and prompts name whoever is cued. Raises ``Broken``.

    >>> from sim.layouts import LAYOUTS
    >>> check_layout(LAYOUTS["screenplay"])
    """
    scene = planted()
    is_pure(layout, scene, TURNS)
    only_grows(layout, scene, [turn for turn in TURNS if turn.audience is None])
    for told in ((), TURNS):
        keeps_what_is_private(layout, scene, told)
        tells_what_was_heard(layout, scene, told)
    names_whoever_is_cued(layout, scene)
    stops_at_others(layout, scene)


def page(layout: Layout, scene: Scene, turns: Sequence[Turn], seat: Seat) -> Prompt:
    """What an actor sees after these turns."""
    heard = [turn for turn in turns if heard_by(scene.names[seat], turn)]
    return layout.hear(layout.opening(scene, seat), scene, seat, heard)


def prompts(layout: Layout, scene: Scene, turns: Sequence[Turn], seat: Seat) -> list[Prompt]:
    """Every prompt that an actor may be given after these turns: to speak, and to answer."""
    seen = page(layout, scene, turns, seat)
    question = ask_stance("sell").question
    return [layout.cue(seen, scene, seat, None), layout.cue(seen, scene, seat, question)]


def seats(scene: Scene) -> list[Seat]:
    """The seats of a scene."""
    return [Seat(place) for place in range(len(scene.names))]


def is_pure(layout: Layout, scene: Scene, turns: Sequence[Turn]) -> None:
    """The same input, the same digest; what it is given is left as it was."""
    question = ask_stance("sell").question
    before = (scene.model_dump_json(exclude={"ends", "graph", "routing"}), list(turns))
    for seat in seats(scene):
        opening = layout.opening(scene, seat)
        shape = [(chunk.role, chunk.text) for chunk in opening.chunks()]
        heard = [turn for turn in turns if heard_by(scene.names[seat], turn)]
        seen = layout.hear(opening, scene, seat, heard)
        cues = [layout.cue(seen, scene, seat, asked) for asked in (None, question, None)]
        kept(
            cues[0].digest == cues[2].digest != cues[1].digest,
            f"{layout.name}: cue is not pure, or the same for a question as for a turn",
        )
        kept(
            all(cue.chunks()[: seen.depth] == seen.chunks() for cue in cues),
            f"{layout.name}: a cue changes what stands before it; append to the prompt",
        )
        kept(
            [(chunk.role, chunk.text) for chunk in opening.chunks()] == shape,
            f"{layout.name}: hear changes the prompt that it is given; return a longer one",
        )
        again = layout.hear(layout.opening(scene, seat), scene, seat, tuple(heard))
        kept(again.digest == seen.digest, f"{layout.name}: the same turns give another page")
        kept(
            layout.stops(scene, seat) == layout.stops(scene, seat),
            f"{layout.name}: stops are not pure",
        )
    now = (scene.model_dump_json(exclude={"ends", "graph", "routing"}), list(turns))
    kept(now == before, f"{layout.name}: changes the scene or its turns; both are to be left alone")


def only_grows(layout: Layout, scene: Scene, turns: Sequence[Turn]) -> None:
    """Hearing adds what is new and no more: earlier chunks are the same objects."""
    for seat in seats(scene):
        seen = layout.opening(scene, seat)
        for turn in turns:
            longer = layout.hear(seen, scene, seat, [turn])
            kept(
                any(chunk is seen for chunk in longer.chunks()),
                f"{layout.name}: hear builds the page anew; append to the prompt that it is given",
            )
            kept(longer.depth - seen.depth <= 2, f"{layout.name}: a turn is over two chunks")
            kept(turn.text in longer.text, f"{layout.name}: hear leaves out what was said")
            seen = longer
        kept(layout.hear(seen, scene, seat, []) is seen, f"{layout.name}: nothing heard changes it")


def keeps_what_is_private(layout: Layout, scene: Scene, turns: Sequence[Turn]) -> None:
    """``scene`` is ``planted``: everybody knows their own fields, and nobody those of others,
    except in the layouts that tell all. Nobody is told of an opposite."""
    for seat in seats(scene):
        name = scene.names[seat]
        for prompt in prompts(layout, scene, turns, seat):
            text = prompt.joined()
            for part in ("topic", "setting"):
                kept(token(part) in text, f"{layout.name}: {name} is not told the {part}")
            for part in ("brief", *PRIVATE):
                kept(token(name, part) in text, f"{layout.name}: {name} lacks their own {part}")
            for other in scene.names:
                kept(
                    token(other, "opposite") not in text,
                    f"{layout.name}: names the opposite of {other}, which would provoke it",
                )
                for part in PRIVATE if other != name and layout.name not in TELLS_ALL else ():
                    kept(
                        token(other, part) not in text,
                        f"{layout.name}: tells {name} the {part} of {other}",
                    )


def tells_what_was_heard(layout: Layout, scene: Scene, turns: Sequence[Turn]) -> None:
    """Lines are ``token("line", index)``, and what was cut is ``token("cut")``: everybody is told
    what they heard, in its order, and nothing else."""
    for seat in seats(scene):
        name = scene.names[seat]
        for prompt in prompts(layout, scene, turns, seat):
            text = prompt.joined()
            told = {turn.index for turn in turns if token("line", turn.index) in text}
            heard = {turn.index for turn in turns if heard_by(name, turn)}
            kept(told == heard, f"{layout.name}: {name} heard {heard} and is told {told}")
            kept(token("cut") not in text, f"{layout.name}: tells {name} what was cut")
            places = [text.index(token("line", index)) for index in sorted(told)]
            kept(places == sorted(places), f"{layout.name}: tells turns in another order")


def names_whoever_is_cued(layout: Layout, scene: Scene) -> None:
    """The cue names the actor, and a question is marked as off stage."""
    for seat in seats(scene):
        name = scene.names[seat]
        speak, aside = (each.joined() for each in prompts(layout, scene, TURNS[:1], seat))
        kept(name in speak, f"{layout.name}: the cue does not name {name}")
        kept(
            f"[Off stage, to {name} alone]" in aside and '"stance"' in aside,
            f"{layout.name}: a question to {name} is not marked as off stage, or not put",
        )
        kept("Off stage" not in speak, f"{layout.name}: a cue to speak says that it is off stage")


def stops_at_others(layout: Layout, scene: Scene) -> None:
    """A turn ends where another of the cast would begin to speak."""
    for seat in seats(scene):
        others = {f"\n{name}:" for name in scene.names if name != scene.names[seat]}
        lacks = others - set(layout.stops(scene, seat))
        kept(not lacks, f"{layout.name}: does not stop at {', '.join(sorted(lacks))!r}")
