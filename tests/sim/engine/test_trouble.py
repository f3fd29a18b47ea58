"""When things go wrong: failures are data, bugs are not, and nobody is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, Says, VirtualClock, Watching, facts
from backstage.scenes import debate, probed

from sim import Scene, after, agreement, ask_stance, play, said
from sim.errors import StageError
from sim.events import Ended, Failure
from sim.layouts import render
from sim.stage.base import Reply, Request, Stage
from sim.stage.fixed import FixedLines
from sim.transcript import Transcript

Before = Callable[[Request], Coroutine[Any, Any, None]]


def run(scene: Scene, stage: Stage, **options: Any) -> Transcript:
    return asyncio.run(play(scene, stage, seed=1, **options))


def gauged(**fields: Any) -> Scene:
    ends = (agreement(gauge=ask_stance("sell", every=2), within=0) & said("x")) | after(turns=6)
    return probed(1, ends=ends, **fields)


def breaks(error: Exception, purpose: str, speaker: str = "Ben", wait: float = 0.0) -> Before:
    """Raise at this actor's calls for this purpose; every call takes ``wait`` seconds."""

    async def before(request: Request) -> None:
        if wait:
            await asyncio.sleep(wait)
        if request.purpose == purpose and request.speaker == speaker:
            raise error

    return before


TIMEOUT = StageError("timeout", "no reply in 60 s")


def test_a_failing_turn_ends_the_scene() -> None:
    watching = Watching()
    transcript = run(debate(), Around(Murmur(), breaks(TIMEOUT, "turn")), observers=[watching])
    failure = Failure(2, "Ben", "turn", "timeout", "no reply in 60 s")
    assert transcript.events[1:] == [failure, Ended(1, "a turn failed", "failed")]
    assert watching.events == transcript.events
    assert transcript.failures == [failure]


@pytest.mark.parametrize("reply", ["", "  \n", "Ada:", "Ada: "])
def test_an_empty_reply_is_a_failure(reply: str) -> None:
    transcript = run(debate(), Says(reply))
    assert transcript.failures == [Failure(1, "Ada", "turn", "empty", "Ada said nothing at turn 1")]
    assert transcript.ended == Ended(0, "a turn failed", "failed")


def test_probes_that_are_out_when_a_turn_fails_are_kept() -> None:
    async def before(request: Request) -> None:
        await asyncio.sleep(3.0 if request.purpose == "probe" else 0.1)
        if request.purpose == "turn" and request.speaker == "Ben":
            raise TIMEOUT

    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        transcript = runner.run(play(probed(1), Around(Murmur(), before), seed=1))
    assert sorted((a.turn, a.actor) for a in transcript.answers) == [
        (turn, name) for turn in (0, 1) for name in ("Ada", "Ben", "Cleo")
    ]
    assert transcript.events[-1] == Ended(1, "a turn failed", "failed")


def test_a_failing_probe_is_missing_and_the_scene_goes_on() -> None:
    plain = run(debate(), Murmur())
    transcript = run(probed(1), Around(Murmur(), breaks(TIMEOUT, "probe")))
    assert facts(transcript.turns) == facts(plain.turns)
    assert transcript.ended == plain.ended
    assert transcript.failures == []
    for answer in transcript.answers:
        missing = "timeout: no reply in 60 s" if answer.actor == "Ben" else None
        assert (answer.value is None, answer.missing) == (missing is not None, missing)


def test_a_failing_gauge_is_missing_and_decides_nothing() -> None:
    gauge = ask_stance("sell", every=1)
    stage = Around(Says("Well.", '{"stance": 0.5}'), breaks(TIMEOUT, "gauge"))
    transcript = run(debate(ends=agreement(gauge=gauge) | after(turns=4)), stage)
    assert transcript.ended == Ended(4, "after 4 turns")
    assert {answer.actor: answer.value for answer in transcript.answers} == {
        "Ada": 0.5, "Ben": None, "Cleo": 0.5,
    }  # fmt: skip


class Bug(Exception):
    """Somebody's mistake: neither a StageError nor anything else that is expected."""


async def watched(scene: Scene, stage: Around, cancel_at: float | None = None) -> list[str]:
    """Play; the names of what was left behind. Whatever is raised, is raised later."""
    task = asyncio.ensure_future(play(scene, stage, seed=1))
    if cancel_at is not None:
        await asyncio.sleep(cancel_at)
        task.cancel()
    raised: BaseException | None = None
    try:
        await task
    except (Bug, asyncio.CancelledError) as error:
        raised = error
    if cancel_at is not None:
        waited = asyncio.get_running_loop().time() - cancel_at
        assert waited == pytest.approx(0.0), "whoever cancels does not wait for what is out"
    left = asyncio.all_tasks() - {asyncio.current_task()}
    names = [str(task.get_coro()) for task in left]
    running = stage.running
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    assert names == [], f"left behind: {names}"
    assert running == 0
    return [type(raised).__name__]


def watch(scene: Scene, stage: Around, cancel_at: float | None = None) -> list[str]:
    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        return runner.run(watched(scene, stage, cancel_at))


@pytest.mark.parametrize(
    ("purpose", "speaker"),
    [
        ("turn", "Ada"),
        ("turn", "Ben"),
        ("probe", "Ada"),
        ("probe", "Cleo"),
        ("gauge", "Ada"),
    ],
)
def test_a_bug_is_raised_and_nobody_is_left_behind(purpose: str, speaker: str) -> None:
    async def before(request: Request) -> None:
        mine = (request.purpose, request.speaker) == (purpose, speaker)
        await asyncio.sleep(0.05 if mine else 0.3 if request.purpose == "gauge" else 0.1)
        if mine:
            raise Bug

    assert watch(gauged(), Around(Murmur(), before)) == ["Bug"]


def test_a_bug_without_any_wait_is_raised() -> None:
    for purpose in ("turn", "probe", "gauge"):
        assert watch(gauged(), Around(Murmur(), breaks(Bug(), purpose))) == ["Bug"]


def test_bugs_in_several_probes_are_not_reported_behind_our_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first is raised; the others must not turn up later as never retrieved."""

    async def before(request: Request) -> None:
        if request.purpose == "probe":
            raise Bug(request.speaker)

    with caplog.at_level(logging.ERROR, "asyncio"), pytest.raises(Bug):
        run(probed(1), Around(Murmur(), before))
    gc.collect()
    assert caplog.messages == []


@pytest.mark.parametrize("tenths", range(0, 20, 2))
def test_cancelling_leaves_nobody_behind(tenths: int) -> None:
    """Whatever it is waiting for then: a turn, a gauge, or probes that are still out."""

    async def slow(request: Request) -> None:
        await asyncio.sleep({"turn": 0.1, "gauge": 0.13, "probe": 1.0}[request.purpose])

    assert watch(gauged(), Around(Murmur(), slow), tenths / 10 + 0.01) == ["CancelledError"]


def test_cancelled_after_a_bug_leaves_nobody_behind() -> None:
    """The bug is on its way up while slow probes are waited for, and the user loses patience."""

    async def before(request: Request) -> None:
        await asyncio.sleep(60.0 if request.purpose == "probe" else 0.1)
        if request.purpose == "turn":
            raise Bug

    watch(probed(1), Around(Murmur(), before), 1.0)


def test_a_timeout_around_a_scene_works() -> None:
    async def forever(request: Request) -> None:
        if request.purpose == "probe":
            await asyncio.Event().wait()

    stage = Around(Murmur(), forever)

    async def bounded() -> None:
        async with asyncio.timeout(5):
            await play(probed(1), stage, seed=1)

    with asyncio.Runner(loop_factory=VirtualClock) as runner, pytest.raises(TimeoutError):
        runner.run(bounded())
    assert stage.running == 0


def test_an_observer_that_breaks_is_a_bug() -> None:
    class Broken:
        def saw(self, event: Any) -> None:
            raise Bug

    with pytest.raises(Bug):
        run(debate(), Murmur(), observers=[Broken()])


def test_a_refusal_without_words_is_a_turn_that_nobody_hears() -> None:
    class Refuses(Murmur):
        async def perform(self, request: Request) -> Reply:
            reply = await super().perform(request)
            return replace(reply, text="", finish="refusal") if request.speaker == "Ben" else reply

    for layout in ("persona_first", "transcript_first", "screenplay"):
        scene = debate(layout=layout)
        transcript = run(scene, Refuses())
        silent = [turn for turn in transcript.turns if turn.finish == "refusal"]
        assert silent
        assert all(turn.speaker == "Ben" and turn.text == "" for turn in silent)
        assert transcript.failures == []
        for name in scene.names:
            prompt = render(scene, transcript.turns, name)
            assert all(message.text.strip() for message in prompt.messages())
            assert "Ben: \n" not in prompt.joined()


def test_words_under_another_label_are_the_actor_s_where_a_chat_insists() -> None:
    """Small chat models copy the label before the line that they answer, whoever is asked."""
    around = Around(FixedLines(["Ben: That is a fine idea."]))
    transcript = asyncio.run(play(debate(ends=after(turns=1)), around, seed=1))
    [turn] = transcript.turns
    assert (turn.speaker, turn.text) == ("Ada", "That is a fine idea.")
    assert turn.finish == "other_label"
    assert len(around.asked) == 3, "it is asked again first"
    # In a script the label says who speaks.
    script = debate(ends=after(turns=1), layout="screenplay")
    failed = asyncio.run(play(script, FixedLines(["\nBen: No."]), seed=1))
    assert not failed.turns
    assert [failure.reason for failure in failed.failures] == ["empty"]
