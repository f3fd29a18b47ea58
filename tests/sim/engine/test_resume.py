"""A scene that was cut off goes on as if it had not been, and asks only for what is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, Watching, facts, in_virtual_time
from backstage.scenes import ADA, debate, probed
from backstage.strategies import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import Scene, after, agreement, ask_stance, complete, play, ring, said
from sim.errors import StageError
from sim.events import Answer, Ended, Failure, Turn
from sim.layouts import LAYOUTS
from sim.seeds import Stream
from sim.stage.base import Request
from sim.stage.exact import exact_stage
from sim.transcript import Transcript

ANYBODY = complete("Ada", "Ben", "Cleo")


def gauged(layout: str = "persona_first") -> Scene:
    """Probes with samples, a gauge, and a floor that is drawn."""
    ends = (agreement(gauge=ask_stance("sell", every=2), within=0) & said("x")) | after(turns=6)
    return probed(2, 2, layout=layout, graph=ANYBODY, ends=ends)


def asked(events: list[Any]) -> int:
    """How many calls these events cost."""
    return sum(isinstance(event, Turn | Answer) for event in events)


def resumed_anywhere(scene: Scene, whole: Transcript, make: Any, seed: int) -> None:
    """Tear the transcript after each of its events, and play on."""
    for at in range(len(whole.events) + 1):
        stage, watching = Around(make()), Watching()
        part = Transcript(whole.events[:at])
        again = asyncio.run(play(scene, stage, seed=seed, observers=[watching], resume=part))
        assert facts(again) == facts(whole), at
        assert facts(watching.events) == facts(whole.events[at:]), at
        assert len(stage.asked) == asked(whole.events[at:]), at
        assert part.events == whole.events[:at], "what was given is left as it was"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("make", [Murmur, lambda: exact_stage("base")], ids=["murmur", "exact"])
def test_cut_off_anywhere(layout: str, make: Any) -> None:
    scene = gauged(layout)
    resumed_anywhere(scene, asyncio.run(play(scene, make(), seed=3)), make, 3)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=12)
@given(scenes(most_turns=5), st.integers(0, 2**32))
def test_any_scene_cut_off_anywhere(scene: Scene, seed: int) -> None:
    resumed_anywhere(scene, asyncio.run(play(scene, Murmur(), seed=seed)), Murmur, seed)


async def jitter(request: Request) -> None:
    longest = 9 if request.purpose == "probe" else 3
    await asyncio.sleep(Stream(request.seed).unit() * longest)


def test_cut_off_while_probes_were_out() -> None:
    """Events come in any order then; the history is the same, and nothing is asked twice."""
    scene = gauged()
    first = Around(Murmur(), jitter)
    whole, _ = in_virtual_time(play(scene, first, seed=3))
    kinds = [event.kind for event in whole.events]
    assert kinds != [event.kind for event in asyncio.run(play(scene, Murmur(), seed=3)).events]
    for at in range(len(whole.events) + 1):
        second = Around(Murmur(), jitter)
        watching = Watching()
        part = Transcript(whole.events[:at])
        again, _ = in_virtual_time(play(scene, second, seed=3, observers=[watching], resume=part))
        assert sorted(facts(again)) == sorted(facts(whole))
        assert sorted(facts(watching.events)) == sorted(facts(whole.events[at:]))
        assert len(second.asked) == asked(whole.events[at:])
        assert not second.calls - first.calls


def test_answers_that_were_lost_are_asked_again() -> None:
    """An incomplete transcript may lack any answer, not only the last ones."""
    scene = gauged()
    whole = asyncio.run(play(scene, Murmur(), seed=3))
    for lost in [event for event in whole.events if isinstance(event, Answer)]:
        stage = Around(Murmur())
        part = Transcript(event for event in whole.events if event is not lost)
        again = asyncio.run(play(scene, stage, seed=3, resume=part))
        assert sorted(facts(again)) == sorted(facts(whole))
        assert [request.speaker for request in stage.asked] == [lost.actor]


def test_what_is_known_is_believed() -> None:
    """The stage would say something else; it is not asked."""
    part = Transcript([Turn(1, "Ada", "I was here before.")])
    stage = Around(Murmur())
    again = asyncio.run(play(debate(), stage, seed=3, resume=part))
    assert again.turns[0].text == "I was here before."
    assert "Ada: I was here before." in stage.asked[0].prompt.joined()


def test_a_whole_scene_is_not_played_again() -> None:
    scene = gauged()
    whole = asyncio.run(play(scene, Murmur(), seed=3))
    stage, watching = Around(Murmur()), Watching()
    again = asyncio.run(play(scene, stage, seed=3, observers=[watching], resume=whole))
    assert (again.events, stage.asked, watching.events) == (whole.events, [], [])


def test_a_branch_is_played_on() -> None:
    whole = asyncio.run(play(debate(), Murmur(), seed=3))
    branch = whole.fork(2)
    branch.append(Turn(3, "Cleo", "Something else."))
    again = asyncio.run(play(debate(), Murmur(), seed=3, resume=branch))
    assert facts(again.turns[:2]) == facts(whole.turns[:2])
    assert again.turns[2].text == "Something else."
    assert again.turns[3].text != whole.turns[3].text
    assert again.ended == Ended(6, "after 6 turns")


class Breaks:
    """Breaks at a turn of Ben's, as often as it is told to."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def __call__(self, request: Request) -> None:
        if request.purpose == "turn" and request.speaker == "Ben" and self.times:
            self.times -= 1
            raise StageError("timeout", "no reply in 60 s")


def test_a_failure_that_is_known_is_not_asked_again_and_a_cut_off_turn_is() -> None:
    """A stored failure is a result; who wants another one leaves it out of what is resumed."""
    scene = probed(1)
    healthy = asyncio.run(play(scene, Murmur(), seed=3))
    failed = asyncio.run(play(scene, Around(Murmur(), Breaks(1)), seed=3))
    assert failed.ended == Ended(1, "a turn failed", "failed")
    assert facts(asyncio.run(play(scene, Murmur(), seed=3, resume=failed))) == facts(failed)
    kept = Transcript(event for event in failed.events if not isinstance(event, Failure | Ended))
    assert facts(asyncio.run(play(scene, Murmur(), seed=3, resume=kept))) == facts(healthy)


def test_a_turn_that_fails_again_is_told_once() -> None:
    failed = asyncio.run(play(debate(), Around(Murmur(), Breaks(1)), seed=3))
    for at in range(1, len(failed.events) + 1):
        watching = Watching()
        stage = Around(Murmur(), Breaks(1))
        again = asyncio.run(
            play(debate(), stage, seed=3, observers=[watching],
                 resume=Transcript(failed.events[:at]))
        )  # fmt: skip
        assert facts(again) == facts(failed)
        assert facts(watching.events) == facts(failed.events[at:])
        assert Counter(type(event) for event in again.events)[Failure] == 1


def test_other_speakers_are_another_scene() -> None:
    whole = asyncio.run(play(debate(), Murmur(), seed=3))
    other = debate(graph=ring("Ben", "Ada", "Cleo"))
    with pytest.raises(ValueError, match="another scene: turn 1 is Ada's and should be Ben's"):
        asyncio.run(play(other, Murmur(), seed=3, resume=whole))


@pytest.mark.parametrize(
    "fields",
    [{"topic": "Tea"}, {"cast": (ADA.model_copy(update={"brief": "A spy."}), "Ben", "Cleo")}],
    ids=["topic", "persona"],
)
def test_other_prompts_are_another_scene(fields: dict[str, Any]) -> None:
    scene = debate()
    if "cast" in fields:
        fields = {"cast": (fields["cast"][0], *scene.cast[1:])}
    whole = asyncio.run(play(scene, Murmur(), seed=3))
    with pytest.raises(ValueError, match="another scene"):
        asyncio.run(play(debate(**fields), Murmur(), seed=3, resume=whole))


def test_more_turns_than_the_scene_has_are_another_scene() -> None:
    whole = asyncio.run(play(debate(), Murmur(), seed=3))
    with pytest.raises(ValueError, match="another scene"):
        asyncio.run(play(debate(ends=after(turns=3)), Murmur(), seed=3, resume=whole))
