"""Slots: no two calls at once in one, and a prompt goes where its beginning is."""

from __future__ import annotations

import asyncio

from sim.layouts.prompt import Prompt
from sim.stage.local.slots import Slots


async def used(slots: Slots, prompt: Prompt) -> int:
    async with slots.take(prompt) as number:
        return number


def scene(name: str, turns: int = 5) -> Prompt:
    prompt = Prompt.start("text", f"The scene of {name}. " * 20)
    for turn in range(turns):
        prompt = prompt.then("text", f"{name} says line {turn}.\n")
    return prompt


async def test_scenes_that_take_turns_keep_their_slots() -> None:
    slots = Slots(3)
    prompts = [scene(name) for name in ("Ada", "Ben", "Cleo")]
    first = [await used(slots, prompt) for prompt in prompts]
    assert sorted(first) == [0, 1, 2]
    for turn in range(5):
        prompts = [prompt.then("text", f"And {turn}.\n") for prompt in prompts]
        assert [await used(slots, prompt) for prompt in prompts] == first


async def test_a_scene_that_speaks_twice_keeps_its_slot_though_another_was_idle_for_longer() -> (
    None
):
    slots, ben = Slots(2), scene("Ben")
    await used(slots, scene("Ada"))
    first = await used(slots, ben)
    assert await used(slots, ben.then("text", "More.\n")) == first


async def test_one_scene_more_than_slots_takes_the_one_idle_for_longest() -> None:
    slots = Slots(2)
    a, b = await used(slots, scene("Ada")), await used(slots, scene("Ben"))
    assert await used(slots, scene("Cleo")) == a
    assert await used(slots, scene("Ben").then("text", "More.")) == b


async def test_never_more_calls_than_slots_and_never_two_in_one() -> None:
    slots, busy, most = Slots(3), set[int](), 0

    async def call(prompt: Prompt) -> None:
        nonlocal most
        async with slots.take(prompt) as number:
            assert number not in busy
            busy.add(number)
            most = max(most, len(busy))
            await asyncio.sleep(0.001)
            busy.remove(number)

    await asyncio.gather(*(call(scene("same", turns % 4)) for turns in range(40)))
    assert most == 3


async def test_a_call_that_fails_or_is_cancelled_leaves_its_slot() -> None:
    slots = Slots(1)

    async def forever() -> None:
        async with slots.take(scene("Ada")):
            await asyncio.sleep(60)

    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await asyncio.wait_for(used(slots, scene("Ben")), 1) == 0


async def test_a_transcript_with_long_personas_behind_it_stays_in_one_slot() -> None:
    slots, transcript = Slots(4), Prompt.start("system", "A hall at night.")
    numbers = []
    for turn in range(8):
        persona = f"You are {'Ada' if turn % 2 else 'Ben'}. " * 30
        numbers.append(await used(slots, transcript.then("user", persona)))
        transcript = transcript.then("user", f"Line {turn}.\n\n")
    assert numbers == [0] * 8


async def test_actors_with_contexts_of_their_own_keep_slots_of_their_own() -> None:
    slots = Slots(4)
    own = {name: Prompt.start("system", f"You are {name}. " * 30) for name in ("Ada", "Ben")}
    numbers = []
    for turn in range(6):
        for name in own:
            own[name] = own[name].then("user", f"Line {turn}. ").then("assistant", "Well. ")
            numbers.append(await used(slots, own[name].then("user", "Your line.")))
    assert numbers == [0, 1] * 6
