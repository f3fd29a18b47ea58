"""What single layouts promise beyond the contract of all: prefixes, and what actors share."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from backstage.doubles import Around, Murmur
from backstage.effort import effort
from backstage.scenes import debate, probed
from backstage.strategies import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import Scene, after, complete, play
from sim.events import Turn
from sim.layouts import LAYOUTS, render
from sim.layouts.prompt import Prompt
from sim.scene.audience import heard_by
from sim.stage.base import Request

SLOW = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=effort(10, 25))


def asked(scene: Scene, seed: int = 1) -> list[Request]:
    stage = Around(Murmur())
    asyncio.run(play(scene, stage, seed=seed))
    return stage.asked


def by_actor(requests: list[Request]) -> dict[str, list[Prompt]]:
    """The prompts that were sent to each actor for its turns, in order."""
    prompts: dict[str, list[Prompt]] = {}
    for request in requests:
        if request.purpose == "turn":
            prompts.setdefault(request.speaker, []).append(request.prompt)
    return prompts


@SLOW
@given(scenes(layout="persona_first"), st.integers(0, 99))
def test_persona_first_only_ever_grows(scene: Scene, seed: int) -> None:
    """What was sent is a prefix of what is sent next, chunk by chunk: a prefix cache holds."""
    for prompts in by_actor(asked(scene, seed)).values():
        for earlier, later in pairwise(prompts):
            digests = [chunk.digest for chunk in later.chunks()]
            assert [chunk.digest for chunk in earlier.chunks()] == digests[: earlier.depth]
            assert later.joined().startswith(earlier.joined())
            assert later.chunks()[earlier.depth].role == "assistant"


@SLOW
@given(scenes(layout="persona_first"), st.integers(0, 99))
def test_persona_first_is_a_chat(scene: Scene, seed: int) -> None:
    """A system message, then the user and the assistant in turn, the user last."""
    for prompts in by_actor(asked(scene, seed)).values():
        for prompt in prompts:
            roles = [message.role for message in prompt.messages()]
            assert roles == ["system", *["user", "assistant"] * 99][: len(roles)]
            assert roles[-1] == "user"


def test_persona_first_puts_what_others_said_into_one_message() -> None:
    turns = [Turn(1, "Ben", "One."), Turn(2, "Cleo", "Two."), Turn(3, "Ben", "Three.")]
    prompt = render(debate(), turns, "Ada")
    assert prompt.messages()[1].text == "Ben: One.\n\nCleo: Two.\n\nBen: Three."
    assert prompt.depth == 2


@pytest.mark.parametrize("every", [None, 1])
def test_transcript_first_shares_its_chunks(every: int | None) -> None:
    """Each turn is one object, hashed once, in whatever prompt it stands."""
    scene = probed(
        every, layout="transcript_first", graph=complete("Ada", "Ben", "Cleo"), ends=after(turns=15)
    )
    objects: dict[bytes, Prompt] = {}
    shared = 0
    prompts = [prompt for own in by_actor(asked(scene)).values() for prompt in own]
    for prompt in prompts:
        for chunk in prompt.chunks()[:-1]:
            assert objects.setdefault(chunk.digest, chunk) is chunk
            shared += 1
    assert len(objects) == 15
    assert shared == sum(range(1, 16))


def test_transcript_first_grows_at_its_end_only() -> None:
    """The cue aside, what one actor is sent is a prefix of what the next one is sent."""
    requests = asked(debate(layout="transcript_first", ends=after(turns=9)))
    bodies = ["".join(chunk.text for chunk in request.prompt.chunks()[:-1]) for request in requests]
    assert all(later.startswith(earlier) for earlier, later in pairwise(bodies))


def test_screenplay_is_one_text_that_ends_in_a_name() -> None:
    for request in asked(debate(layout="screenplay")):
        assert {chunk.role for chunk in request.prompt.chunks()} == {"text"}
        assert request.prompt.joined().endswith(f"\n\n{request.speaker}:")
        assert request.stop == ("\nAda:", "\nBen:", "\nCleo:")


def test_heard_by() -> None:
    assert heard_by("Ada", Turn(1, "Ben", "x"))
    assert heard_by("Ben", Turn(1, "Ben", "x", audience=()))
    assert heard_by("Ada", Turn(1, "Ben", "x", audience=("Ada",)))
    assert not heard_by("Cleo", Turn(1, "Ben", "x", audience=("Ada",)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nobody_is_rendered_who_is_not_in_the_cast(layout: str) -> None:
    with pytest.raises(ValueError, match="not in"):
        render(debate(layout=layout), [], "Dan")
