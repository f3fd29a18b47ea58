"""Golden files: the prompts of each layout, and a scene on two kinds of the exact stage.

They pin what nothing else says: the very words. When a change is meant, rewrite them and read the
difference before committing it:

    REWRITE_GOLDEN=1 pytest tests/golden && git diff tests/golden

A changed prompt means that every stored digest and cached reply of that layout is another one; a
changed transcript means that the same seed plays another scene. Both belong into the changelog.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from backstage.doubles import facts
from backstage.scenes import BEN, debate

from sim import Graph, Scene, after, agreement, ask_stance, complete, play
from sim.events import Turn
from sim.layouts import LAYOUTS, render
from sim.layouts.author import Author
from sim.layouts.prompt import Prompt
from sim.scene.audience import heard_by
from sim.stage.exact import exact_stage

HERE = Path(__file__).parent
REWRITE = os.environ.get("REWRITE_GOLDEN") == "1"


def compare(name: str, text: str) -> None:
    path = HERE / name
    if REWRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.exists(), f"{path} is missing: run with REWRITE_GOLDEN=1"
    assert text == path.read_bytes().decode("utf-8"), f"{name} differs: see {__name__}"


def shown(title: str, prompt: Prompt) -> str:
    """A prompt as people can read it: each chunk with its role, blanks at line ends marked."""
    lines = [f"==== {title}: {prompt.digest.hex()}"]
    for chunk in prompt.chunks():
        text = chunk.text.replace("\n", "\n    ")
        lines.append(f"-- {chunk.role}\n    {text}$")
    return "\n".join(lines).replace("    \n", "\n") + "\n\n"


TOLD = [
    Turn(1, "Ada", "The water table fell again this summer."),
    Turn(2, "Ben", "So did the school roof.\n\nSomebody has to pay for it."),
    Turn(3, "Cleo", "He told me that he has signed already.", audience=("Ada",)),
    Turn(4, "Ada", "Then why are we here?"),
    Turn(5, "Ben", "For the soup.", cut="Old Tom: Soup!", strangers=("Old Tom",)),
    Turn(6, "Ada", "I am not hungry."),
]


def prompts(layout: str) -> Iterator[str]:
    scene = debate(layout=layout, setting="The inn, at night.", words=40)
    question = ask_stance("sell").question
    yield shown("Ada opens", render(scene, [], "Ada"))
    for name in scene.names:
        yield shown(f"{name} after six turns", render(scene, TOLD, name))
    yield shown("Ada goes on after herself", render(scene, TOLD[:1], "Ada"))
    built = LAYOUTS[scene.layout]
    opening = built.opening(scene, 1)
    page = built.hear(opening, scene, 1, [turn for turn in TOLD if heard_by("Ben", turn)])
    yield shown("Ben is asked before the first turn", built.cue(opening, scene, 1, question))
    yield shown("Ben is asked after six turns", built.cue(page, scene, 1, question))
    nobody = Graph(names=("Ben",), edges=(), first="Ben")
    alone = Scene(topic="Silence.", cast=(BEN,), graph=nobody, ends=after(turns=1), layout=layout)
    yield shown("Ben alone", render(alone, [], "Ben"))
    for seat, name in enumerate(scene.names):
        yield f"stops of {name}: {built.stops(scene, seat)!r}\n"


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_prompts(layout: str) -> None:
    compare(f"prompts/{layout}.txt", "".join(prompts(layout)))


def test_prompts_of_the_author() -> None:
    """One context for everybody, so there is one of each."""
    scene = debate(layout="author", setting="The inn, at night.", words=40)
    layout = Author()
    opening = layout.opening(scene)
    page = layout.hear(opening, scene, TOLD)
    asked = layout.cue(page, scene, ("Ben", "Cleo", "Ada"))
    question = ask_stance("sell").question
    again = layout.again(asked, scene, "Ben: Well.", "There are 1 turns where 3 were asked for.")
    texts = [
        shown("the first block", layout.cue(opening, scene, scene.names)),
        shown("a block after six turns", asked),
        shown("the same again, since it could not be read", again),
        shown("Ben is asked after six turns", layout.ask(page, scene, "Ben", question)),
    ]
    compare("prompts/author.txt", "".join(texts))


KINDS = ("base", "rlhf")


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_on_the_exact_stage(kind: str) -> None:
    """Every fact but those of the clock: the same on every machine and version of Python."""
    gauge = agreement(gauge=ask_stance("sell"), within=0.0)
    layout = "screenplay" if kind == "base" else "persona_first"
    scene = debate(
        layout=layout,
        graph=complete("Ada", "Ben", "Cleo"),
        probes=(ask_stance("sell", every=3),),
        ends=gauge | after(turns=12),
    )
    transcript = asyncio.run(play(scene, exact_stage(kind), seed=20260101))
    play_text = "".join(f"{turn.speaker}: {turn.text}\n" for turn in transcript.turns)
    compare(f"scenes/{kind}.txt", play_text + "\n" + "\n".join(facts(transcript)) + "\n")


def test_nothing_else_lies_here() -> None:
    """A golden file that no test compares any more is a file that nobody keeps true."""
    expected = {f"prompts/{layout}.txt" for layout in (*LAYOUTS, "author")}
    expected |= {f"scenes/{kind}.txt" for kind in KINDS}
    found = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*.txt")}
    assert found == expected
