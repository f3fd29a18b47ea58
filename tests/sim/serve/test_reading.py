"""What comes in long messages is read as the chunks that a layout makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.water_sale import water_sale
from sim import play
from sim.layouts import LAYOUTS, render
from sim.layouts.prompt import Prompt
from sim.serve.prompts import NOBODY, of_messages, of_text, pieces
from sim.serve.requests import Message
from sim.serve.tokens import count, words
from sim.stage.base import Request
from sim.stage.exact import exact_stage
from sim.stage.exact.script import read_parts

PARAGRAPHS = st.sampled_from(
    [
        "Ada: Well?", "Ben: No: never.", "Old Tom: Evening.", "And a second paragraph.", "Ada:",
        "\nBen: after a blank", "(Ada goes on.)", "(She laughs.)", "Subject: Tea", "", " ", "\n",
        "You play Ada in a scene with Ben.", "Character: Ada. She drinks.", "Write what Ada says",
        "The people of the scene:\nAda. One.", "Ben:\nline break", "A note: this is no speaker\n",
        "Write the next turns, in this order and no others: Ada, Ben.", "https://example.org",
    ]
)  # fmt: skip
TEXTS = st.lists(PARAGRAPHS, max_size=8).map("\n\n".join) | st.text(
    st.sampled_from("A: \n["), max_size=40
)


@given(TEXTS)
def test_pieces_say_what_the_whole_says(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert tuple(part for piece in cut for part in read_parts(piece)) == read_parts(text)


@given(TEXTS)
def test_words_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text
    if text.strip():
        assert len(words(text)) == count(text)


@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay"])
@pytest.mark.parametrize("asked", [False, True])
async def test_layouts_are_read_alike(layout: Any, asked: bool, laid_out: Any) -> None:
    """Everything that the stage reads: facts, every line and its speaker, who is asked what."""
    scene = laid_out(water_sale(rounds=1), layout)
    stage = exact_stage("base")
    transcript = await play(scene, stage, seed=2)
    fresh = exact_stage("base")
    for seat, name in enumerate(scene.names):
        prompt = render(scene, transcript.turns, name)
        if asked:
            page = render(scene, transcript.turns, name)
            question = scene.probes[0].question
            prompt = LAYOUTS[layout].cue(_without_cue(page, layout), scene, seat, question)
        if layout == "screenplay":
            sent, speaker = of_text(prompt.joined()), ""
        else:
            messages = [Message(role=one.role, content=one.text) for one in prompt.messages()]
            sent, speaker = of_messages(messages)
        here, facts = stage.read(Request(prompt, 0, name))
        there, facts_there = fresh.read(Request(sent, 0, speaker))
        assert facts.own == facts_there.own == name
        assert {n: getattr(facts, n) for n in facts.__slots__} == {
            n: getattr(facts_there, n) for n in facts.__slots__
        }
        assert _lines(here.node) == _lines(there.node)
        assert len(_lines(here.node)) == len(transcript.turns)
        assert here.question == there.question
        assert (here.question is not None) is asked


def _without_cue(page: Prompt, layout: str) -> Prompt:
    """What the actor has heard. ``render`` ends with a cue, except in a chat that needs none."""
    if layout == "persona_first" and not page.text.startswith("("):
        return page
    assert page.parent is not None
    return page.parent


def _lines(node: Any) -> list[tuple[str, str]]:
    lines = []
    while node.parent is not None:
        lines.append((node.speaker, node.text))
        node = node.parent
    return lines


@pytest.mark.parametrize(
    ("texts", "speaker"),
    [
        (["You play Ada in a scene with Ben.", "Ben: Well?"], ""),
        (["A helpful assistant.", "You play Ada alone on the stage."], ""),
        (["A helpful assistant.", "Well?"], NOBODY),
    ],
)
def test_whose_lines_an_assistants_are(texts: list[str], speaker: str) -> None:
    roles: Any = ("system", "user")
    messages = [Message(role=role, content=text) for role, text in zip(roles, texts, strict=True)]
    assert of_messages(messages)[1] == speaker


async def test_a_question_names_whom_it_is_put_to() -> None:
    """Where a header describes several, as an author's does, only the question says who answers."""
    header = (
        "You write a scene with Ada and Ben. Each turn is one line: the name.\nSubject: Tea\n\n"
        'Character: Ada. One.\nStance of Ada on "tea", from -1 (firmly against) to 1 (firmly for): '
        '1\n\nCharacter: Ben. Two.\nStance of Ben on "tea", from -1 (firmly against) to 1 (firmly '
        "for): -1"
    )
    stage = exact_stage("rlhf")
    for name, stance in (("Ada", 1.0), ("Ben", -1.0)):
        asked = f'[Off stage, to {name} alone] Where do you, {name}, stand right now on "tea"?'
        prompt = Prompt.start("system", header).then("user", asked)
        for speaker in ("", name):
            assert stage.read(Request(prompt, 0, speaker))[1].stance == stance
