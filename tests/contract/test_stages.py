"""What every stage obeys: fixed lines, and each kind of the exact stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from backstage.doubles import in_virtual_time

from sim.layouts.prompt import Prompt
from sim.stage.base import Reply, Request, Stage
from sim.stage.exact import KINDS, exact_stage
from sim.stage.fixed import FixedLines
from sim.testing.promises import Broken
from sim.testing.stages import (
    check_stage,
    has_a_stable_identity,
    keeps_stops,
    leaves_requests_alone,
    log_probs_are_sound,
    needs_no_scene,
    remembers_nothing,
    replies_are_well_formed,
    requests,
)

STAGES: dict[str, Callable[[], Stage]] = {
    "fixed": lambda: FixedLines(["Yes.", "No.\n\nBen: Ah.\nAda: Oh.\nCleo: Well.", "Old Tom: Eh."]),
    **{f"embedded:{kind}": partial(exact_stage, kind) for kind in KINDS},
}
ALL = pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)


@ALL
def test_a_stage_is_a_pure_function_of_prompt_and_seed(make: Callable[[], Stage]) -> None:
    """It remembers nothing: asked in another order, by another stage, all at once."""
    remembers_nothing(make, requests(make))


@ALL
def test_one_prompt_alone_gives_what_it_gives_in_a_scene(make: Callable[[], Stage]) -> None:
    needs_no_scene(make, requests(make))


@ALL
def test_what_it_is_asked_is_not_changed(make: Callable[[], Stage]) -> None:
    leaves_requests_alone(requests(make))


@ALL
def test_no_reply_holds_a_stop(make: Callable[[], Stage]) -> None:
    """With stops that do come up: the names of the cast, of strangers, and a word in a line."""
    prompt, stage = requests(make)[0][0].prompt, make()
    assert keeps_stops(make, prompt) > 0 or isinstance(stage, FixedLines), "this shows nothing"

    async def starts() -> None:
        for seed in range(150):
            loose = await stage.perform(Request(prompt, seed, "Ada"))
            bound = await stage.perform(Request(prompt, seed, "Ada", stop=("\nBen:", " the ")))
            assert loose.text.startswith(bound.text)

    asyncio.run(starts())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind == "base"])
def test_a_base_stage_runs_on_unless_it_is_stopped(kind: str) -> None:
    prompt = requests(partial(exact_stage, kind))[0][0].prompt
    stops = ("\nAda:", "\nBen:", "\nCleo:")
    stage = exact_stage(kind)

    async def texts(stop: tuple[str, ...]) -> list[str]:
        return [
            (await stage.perform(Request(prompt, seed, "Ada", stop=stop))).text
            for seed in range(300)
        ]

    assert any(stop in text for text in asyncio.run(texts(())) for stop in stops)
    assert not any(stop in text for text in asyncio.run(texts(stops)) for stop in stops)


@ALL
def test_replies_are_well_formed(make: Callable[[], Stage]) -> None:
    replies_are_well_formed(requests(make))


@ALL
def test_log_probabilities_are_none_or_finite_and_at_most_zero(make: Callable[[], Stage]) -> None:
    log_probs_are_sound(make, requests(make))


@ALL
def test_it_is_a_stage_with_a_stable_identity(make: Callable[[], Stage]) -> None:
    has_a_stable_identity(make)


class Moody(FixedLines):
    """A stage that says something else every time, as language models do."""

    said = 0

    async def perform(self, request: Request) -> Reply:
        Moody.said += 1
        return Reply(f"No, for {Moody.said} reasons.")


class Endless(FixedLines):
    """A stage that does not stop."""

    async def perform(self, request: Request) -> Reply:
        done = await super().perform(request)
        return done if request.schema is not None else Reply("No.\nBen: Yes.")


@pytest.mark.parametrize(
    ("kind", "why"), [(Moody, "does not answer its schema"), (Endless, "holds the stop")]
)
def test_the_check_for_authors_finds_what_is_broken(kind: type[FixedLines], why: str) -> None:
    with pytest.raises(Broken, match=why):
        check_stage(lambda: kind(["Yes."]), calls=5)


def test_a_language_model_may_answer_otherwise() -> None:
    asked = requests(lambda: Moody(["Yes."]))
    check_stage(lambda: Moody(["Yes."]), deterministic=False, calls=5)
    with pytest.raises(Broken, match="to the same prompt and seed"):
        remembers_nothing(lambda: Moody(["Yes."]), asked)


def test_identities_differ_wherever_what_is_said_may_differ() -> None:
    made = [
        *(make() for make in STAGES.values()),
        FixedLines(["Yes."]),
        FixedLines(["Yes.", "No."]),
        FixedLines(["Yes.|No."]),
        exact_stage("base", kappa=0.2),
        exact_stage("base", kappa=0.21),
        exact_stage("base", mechanism="M0"),
        exact_stage("base", half="build"),
        exact_stage("base", beta=0.1),
        exact_stage("base", beta=0.1, bias=0.5),
        exact_stage("base", window=9),
    ]
    assert len({stage.identity for stage in made}) == len(made)


def test_latency_is_no_part_of_a_stage() -> None:
    assert FixedLines(["Yes."], 0.5).identity == FixedLines(["Yes."]).identity
    request = Request(Prompt.start("system", "S").then("user", "u"), 1, "Ada")
    _, seconds = in_virtual_time(FixedLines(["Yes."], 0.5).perform(request))
    assert seconds == pytest.approx(0.5)
