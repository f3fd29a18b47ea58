"""Forks: what is shared is shared, the rest is drawn anew, and arms share their draws."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, facts, turns
from backstage.scenes import debate
from backstage.strategies import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import Scene, Transcript, after, ask_stance, complete, play
from sim.errors import BadRequest, SceneError
from sim.planning.branches import dropped
from sim.runs.fork import fork_transcript
from sim.scene.interventions import note, recast, replace_turn, say, whisper
from sim.scene.persona import Persona
from sim.scene.routing import Bidding, Simultaneous
from sim.stage.exact import exact_stage

ALL = complete("Ada", "Ben", "Cleo")


def told(seed: int = 1, stage: Any = None, **fields: Any) -> Transcript:
    scene = debate(**{"graph": ALL, "ends": after(turns=8), **fields})
    return asyncio.run(play(scene, stage or Murmur(), seed=seed))


def branches(transcript: Transcript, stage: Any = None, **options: Any) -> list[Transcript]:
    return asyncio.run(fork_transcript(transcript, stage or Murmur(), **options))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=15)
@given(scenes(), st.integers(0, 2**32), st.data())
def test_what_comes_before_is_shared_and_not_asked_again(
    scene: Scene, seed: int, data: st.DataObject
) -> None:
    transcript = asyncio.run(play(scene, Murmur(), seed=seed))
    at = data.draw(st.integers(1, len(transcript)))
    stage = Around(Murmur())
    forked = branches(transcript, stage, at=at, n=3)
    for branch in forked:
        assert branch.turns[: at - 1] == transcript.turns[: at - 1]
        assert branch.parent is transcript
        assert branch.at == at - 1
        assert branch.turns[at - 1].speaker == transcript.turns[at - 1].speaker
        assert branch.ended is not None
        shared = [a for a in transcript.answers if a.turn < at]
        assert [a for a in branch.answers if a.turn < at] == shared
    asked = [request for request in stage.asked if request.purpose == "turn"]
    assert len(asked) == sum(len(branch) - at + 1 for branch in forked)
    assert len({branch.turns[at - 1].text for branch in forked}) == 3, "each is drawn apart"


def test_branches_of_a_number_share_their_draws_whatever_was_changed() -> None:
    """Seen from the seeds: the same requests, but for the prompts."""
    transcript = told()
    one, two = Around(Murmur()), Around(Murmur())
    branches(transcript, one, at=4, n=3)
    branches(transcript, two, at=4, n=3, change=note("(Thunder.)", at=4))
    seeds = [sorted(request.seed for request in stage.asked) for stage in (one, two)]
    assert len(set(seeds[0]) & set(seeds[1])) > 0.5 * len(seeds[0])
    other = Around(Murmur())
    branches(transcript, other, at=4, n=3, first=3)
    assert not {r.seed for r in other.asked} & {r.seed for r in one.asked}


def test_a_turn_kept_and_the_same_turn_rolled_again_share_what_follows() -> None:
    transcript = told(stage=exact_stage("base"))
    kept = branches(transcript, exact_stage("base"), at=4, n=1)[0]
    stage = Around(exact_stage("base"))
    branches(transcript, stage, at=3, n=1)
    again = Around(exact_stage("base"))
    branches(transcript, again, at=4, n=1)
    assert [r.seed for r in stage.asked][1:3] == [r.seed for r in again.asked][:2]
    assert kept.turns[2] == transcript.turns[2]


def test_a_fork_is_repeatable_and_may_be_forked_again() -> None:
    transcript = told()
    first = branches(transcript, at=3, n=2)
    assert [facts(one) for one in first] == [facts(two) for two in branches(transcript, at=3, n=2)]
    deeper = branches(first[1], at=6, n=2)
    assert deeper[0].turns[:5] == first[1].turns[:5]
    assert deeper[0].turns[5].text != deeper[1].turns[5].text


def test_a_fork_after_the_last_turn_has_nothing_to_play() -> None:
    transcript = told()
    assert turns(branches(transcript, at=9, n=1)[0]) == turns(transcript)


def test_a_dropped_turn_is_not_asked_for_and_nobody_hears_it() -> None:
    transcript = told()
    stage = Around(Murmur())
    forked = branches(transcript, stage, at=4, n=2, change=dropped(transcript, 4))
    for branch in forked:
        assert (branch.turns[3].text, branch.turns[3].speaker) == (
            "", transcript.turns[3].speaker,
        )  # fmt: skip
        assert len(branch) == len(transcript)
    assert not any(transcript.turns[3].text in r.prompt.joined() for r in stage.asked)
    assert len(stage.asked) == 2 * 4


def test_other_words_are_put_in_its_place() -> None:
    transcript = told()
    said = branches(transcript, at=4, n=2, change=say("Cleo", "I give in.", at=4))
    assert {branch.turns[3].text for branch in said} == {"I give in."}
    hush = branches(transcript, at=4, n=1, change=whisper("Cleo", "Ada", "I give in.", at=4))
    assert hush[0].turns[3].audience == ("Ada",)
    other = branches(transcript, at=4, n=1, change=replace_turn("I give in.", at=4))
    assert other[0].turns[3].speaker == transcript.turns[3].speaker


def test_a_line_that_was_put_there_is_not_put_there_again() -> None:
    """Else a turn rolled again would be what it was."""
    scene = debate(
        graph=ALL, ends=after(turns=6),
        interventions=(note("(Rain.)", at=2), say("Ben", "I gave in.", at=4), note("(Sun.)", at=6)),
    )  # fmt: skip
    transcript = asyncio.run(play(scene, Murmur(), seed=1))
    kept = branches(transcript, at=5, n=1)[0]
    assert kept.turns[3].text == "I gave in."
    again = branches(transcript, at=4, n=2)
    for branch in again:
        assert branch.turns[3].source == "stage"
        assert [e.text for e in branch.events if e.kind == "intervention"] == ["(Rain.)", "(Sun.)"]
    earlier = branches(transcript, at=3, n=1)[0]
    assert earlier.turns[3].text == "I gave in.", "it is due there in every other branch"


def test_forks_within_a_round_and_with_bids() -> None:
    for routing in (Simultaneous(), Bidding()):
        transcript = told(routing=routing, ends=after(turns=9))
        stage = Around(Murmur())
        forked = branches(transcript, stage, at=5, n=2)
        for branch in forked:
            assert branch.turns[:4] == transcript.turns[:4]
            assert branch.turns[4].speaker == transcript.turns[4].speaker
            known = [a for a in transcript.answers if a.turn <= 4 and a.key.startswith("floor:")]
            assert [a for a in branch.answers if a.turn <= 4] == known


def test_a_branch_can_end_early() -> None:
    forked = branches(told(), at=4, n=2, turns=2)
    assert {len(branch) for branch in forked} == {5}


def test_somebody_becomes_another_person_in_a_branch() -> None:
    transcript = told(stage=exact_stage("base"), probes=(ask_stance("sell"),))
    turned = Persona(name="Ada", brief="She sold it.", stances={"sell": 0.9})
    options: dict[str, Any] = {"at": 4, "n": 8}
    stage = exact_stage("base")
    plain = branches(transcript, stage, **options)
    other = branches(transcript, stage, change=recast(turned, at=4), **options)

    def mean(forked: list[Transcript]) -> float:
        return sum(
            a.value for b in forked for a in b.answers if a.turn == 8 and a.actor == "Ada"
        ) / len(forked)

    assert mean(other) > mean(plain) + 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"at": 0}, "no turn 0"), ({"at": 10}, "the transcript has 8 turns"),
        ({"at": 4, "n": 0}, "0 branches"),
    ],
)  # fmt: skip
def test_what_cannot_be_forked_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        branches(told(), **options)


def test_a_transcript_of_unknown_origin_and_a_senseless_change_are_refused() -> None:
    with pytest.raises(BadRequest, match="does not know its scene"):
        branches(Transcript(told().events), at=2)
    with pytest.raises(SceneError, match="'Dan'"):
        branches(told(), at=2, change=say("Dan", "Hello.", at=2))
    with pytest.raises(BadRequest, match="no turn 9"):
        dropped(told(), 9)
