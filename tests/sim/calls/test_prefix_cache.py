"""What an ideal prefix cache would compute, and that it does not grow with a run."""

from __future__ import annotations

from sim.calls.prefix_cache import PrefixCache
from sim.layouts.prompt import Prompt

OPENING = Prompt.start("system", "You play Ada.")


def scene(number: int, turns: int) -> list[Prompt]:
    """The prompts of a scene that shares its opening with all others."""
    prompts = [OPENING.then("user", f"Scene {number}.")]
    for turn in range(turns):
        prompts.append(prompts[-1].then("user", f"Turn {turn} of {number}."))
    return prompts


def test_scenes_that_are_long_over_are_forgotten_and_nothing_that_is_met_again() -> None:
    ideal, small = PrefixCache(), PrefixCache(kept=50)
    for number in range(100):
        for prompt in scene(number, 20):
            for cache in (ideal, small):
                cache.sent(prompt, prompt.length)
    letters = sum(len(chunk.text) for number in range(100) for chunk in scene(number, 20))
    assert ideal.computed == small.computed == len(OPENING.text) + letters
    assert len(small._met) + len(small._met_before) <= 2 * small.kept
    assert len(ideal._met) == 100 * 21 + 1


def test_what_was_forgotten_is_computed_again() -> None:
    cache = PrefixCache(kept=50)
    first = scene(0, 1)
    cache.sent(first[-1], first[-1].length)
    for number in range(1, 20):
        for prompt in scene(number, 20):
            cache.sent(prompt, prompt.length)
    before = cache.computed
    cache.sent(first[-1], first[-1].length)
    assert cache.computed - before == first[-1].length - len(OPENING.text)
