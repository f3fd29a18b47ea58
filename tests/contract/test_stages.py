"""What every stage obeys: fixed lines, and each kind of the exact stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from math import isfinite

import pytest
from backstage.doubles import Around, in_virtual_time
from backstage.scenes import debate, probed

from sim import after, play
from sim.layouts import LAYOUTS
from sim.layouts.prompt import Prompt
from sim.stage.base import Reply, Request, Stage
from sim.stage.exact import KINDS, exact_stage
from sim.stage.fixed import FixedLines

STAGES: dict[str, Callable[[], Stage]] = {
    "fixed": lambda: FixedLines(["Yes.", "No.\n\nBen: Ah.\nAda: Oh.\nCleo: Well.", "Old Tom: Eh."]),
    **{f"embedded:{kind}": partial(exact_stage, kind) for kind in KINDS},
}
ALL = pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)


def requests(make: Callable[[], Stage]) -> list[tuple[Request, Reply]]:
    """The calls of a scene in each layout, with probes and without stops, and their replies."""
    asked: list[Request] = []
    for layout in LAYOUTS:
        stage = Around(make())
        asyncio.run(play(probed(3, layout=layout, ends=after(turns=6)), stage, seed=5))
        asked += stage.asked
        asked += [
            Request(request.prompt, request.seed + 1, request.speaker)
            for request in stage.asked[:6]
        ]
    stage = make()

    async def replies() -> list[Reply]:
        return [await stage.perform(request) for request in asked]

    return list(zip(asked, asyncio.run(replies()), strict=True))


def plain(reply: Reply) -> tuple[str, str, bool | None, object]:
    return reply.text, reply.finish, reply.exact, reply.usage


def rebuilt(request: Request) -> Request:
    """The same prompt, as other objects."""
    first, *others = request.prompt.chunks()
    prompt = Prompt.start(first.role, first.text)
    for chunk in others:
        prompt = Prompt(prompt, chunk.role, chunk.text)
    return Request(
        prompt, request.seed, request.speaker, request.purpose, request.stop,
        request.max_tokens, request.schema,
    )  # fmt: skip


@ALL
def test_a_stage_is_a_pure_function_of_prompt_and_seed(make: Callable[[], Stage]) -> None:
    """It remembers nothing: asked in another order, by another stage, all at once."""
    asked = requests(make)
    other = make()

    async def backwards() -> None:
        for request, reply in reversed(asked):
            assert plain(await other.perform(rebuilt(request))) == plain(reply)

    async def at_once() -> None:
        again = await asyncio.gather(*(other.perform(request) for request, _ in asked))
        assert [plain(reply) for reply in again] == [plain(reply) for _, reply in asked]

    asyncio.run(backwards())
    asyncio.run(at_once())


@ALL
def test_one_prompt_alone_gives_what_it_gives_in_a_scene(make: Callable[[], Stage]) -> None:
    """A stage that has seen nothing before says the same: what it caches is no memory."""
    for request, reply in requests(make)[::7]:
        assert plain(asyncio.run(make().perform(rebuilt(request)))) == plain(reply)


@ALL
def test_what_it_is_asked_is_not_changed(make: Callable[[], Stage]) -> None:
    for request, _ in requests(make):
        assert request.prompt.digest == rebuilt(request).prompt.digest


@ALL
def test_no_reply_holds_a_stop(make: Callable[[], Stage]) -> None:
    """With stops that do come up: the names of the cast, of strangers, and a word in a line."""
    prompt = requests(make)[0][0].prompt
    stops = ("\nBen:", "\nOld Tom:", "\nThe ", " the ")
    stage, free = make(), 0

    async def check() -> None:
        nonlocal free
        for seed in range(150):
            loose = await stage.perform(Request(prompt, seed, "Ada"))
            bound = await stage.perform(Request(prompt, seed, "Ada", stop=stops))
            free += any(stop in loose.text for stop in stops)
            assert not any(stop in bound.text for stop in stops)
            assert loose.text.startswith(bound.text)

    asyncio.run(check())
    assert free > 0 or isinstance(stage, FixedLines), "otherwise this shows nothing"


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
    for request, reply in requests(make):
        assert reply.text.strip()
        assert reply.finish in ("stop", "length", "refusal")
        assert reply.seconds >= 0
        assert min(reply.usage.prompt_tokens, reply.usage.completion_tokens) >= 0
        if request.schema is not None:
            _, missing = probed().probes[0].question.answer.read(reply.text)
            assert missing is None, reply.text


@ALL
def test_log_probabilities_are_none_or_finite_and_at_most_zero(make: Callable[[], Stage]) -> None:
    asked = [(request, reply) for request, reply in requests(make) if request.schema is None]
    stage = make()

    async def check() -> None:
        known = 0
        for request, reply in asked[::3]:
            for text in (reply.text, "No text of any grammar: xyzzy.", ""):
                log_prob = await stage.log_prob(request, text)
                if log_prob is None:
                    continue
                known += text == reply.text
                assert isfinite(log_prob.value)
                assert log_prob.value <= 0.0
                assert log_prob.tokens >= 1
        assert known in (0, len(asked[::3])), "what a stage says is possible, if it can say so"

    asyncio.run(check())


@ALL
def test_it_is_a_stage_with_a_stable_identity(make: Callable[[], Stage]) -> None:
    one, two = make(), make()
    assert isinstance(one, Stage)
    before = one.identity
    asyncio.run(play(debate(), one, seed=1))
    assert one.identity == two.identity == before
    assert before.strip() == before
    assert before.isprintable()


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
