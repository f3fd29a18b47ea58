"""The transcript: append-only, and a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.events import Answer, Ended, Failure, Turn
from sim.transcript import Transcript


def turn(index: int, text: str = "Well?") -> Turn:
    return Turn(index, "Ada", text)


def told(length: int) -> Transcript:
    return Transcript(turn(index) for index in range(1, length + 1))


def test_what_is_appended_is_there_in_order() -> None:
    answer, failure = Answer(1, "Ada", "k", 0.5), Failure(2, "Ada", "turn", "empty", "nothing")
    events = [turn(1), answer, failure, Ended(1, "a turn failed", "failed")]
    transcript = Transcript(events)
    assert transcript.events == events
    assert transcript.turns == [turn(1)]
    assert transcript.answers == [answer]
    assert transcript.failures == [failure]
    assert transcript.ended == events[-1]
    assert len(transcript) == 1


@pytest.mark.parametrize("index", [0, 1, 3, -1])
def test_a_turn_must_be_the_next_one(index: int) -> None:
    transcript = told(1)
    with pytest.raises(ValueError, match=f"turn {index} cannot follow turn 1"):
        transcript.append(turn(index))
    assert len(transcript) == 1


def test_what_it_hands_out_changes_nothing_in_it() -> None:
    transcript = told(2)
    transcript.turns.clear()
    transcript.events.clear()
    assert len(transcript.turns) == len(transcript.events) == 2


@given(st.integers(0, 6), st.data())
def test_branches_share_a_prefix_and_nothing_else(length: int, data: st.DataObject) -> None:
    root = told(length)
    at = data.draw(st.integers(0, length))
    branch = root.fork(at)
    deeper_at = data.draw(st.integers(0, at))
    deeper = branch.fork(deeper_at)
    branch.append(turn(at + 1, "branch"))
    deeper.append(turn(deeper_at + 1, "deeper"))
    root.append(turn(length + 1, "root"))
    assert [t.text for t in branch.turns] == ["Well?"] * at + ["branch"]
    assert [t.text for t in deeper.turns] == ["Well?"] * deeper_at + ["deeper"]
    assert [t.text for t in root.turns] == ["Well?"] * length + ["root"]
    for transcript in (root, branch, deeper):
        assert [t.index for t in transcript.turns] == list(range(1, len(transcript) + 1))
        assert transcript.turns == [e for e in transcript.events if isinstance(e, Turn)]


def test_a_branch_inherits_answers_but_no_ending() -> None:
    early, late = Answer(1, "Ada", "k", 0.5), Answer(2, "Ada", "k", 0.1)
    root = Transcript([turn(1), early, turn(2), late, Ended(2, "after 2 turns")])
    branch = root.fork(1)
    assert branch.answers == [early]
    assert branch.ended is None
    assert branch.events == [turn(1), early]


@pytest.mark.parametrize("at", [-1, 3])
def test_a_fork_needs_a_turn_to_begin_at(at: int) -> None:
    with pytest.raises(ValueError, match=f"cannot fork at turn {at}: there are 2 turns"):
        told(2).fork(at)
