"""What comes first to whom: by hand, planted, and by the laws of incidences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isnan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.measures.competing_risks import INSTRUMENTS, CompetingRisks
from analysis.measures.fates import BLOCK, CAUSES, in_blocks
from analysis.measures.flips import Flips
from analysis.measures.loops import Loops
from analysis.measures.spoken_flips import SpokenFlips
from analysis.stats import clopper_pearson
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn

ADA = {"name": "Ada", "brief": "A kind guardian.", "opposite": "A cruel jailer."}
BEN = {"name": "Ben", "brief": "A miller."}


def scene(
    name: str, *said: Sequence[str], cast: Sequence[Any] = (ADA, BEN), **facts: Any
) -> Record:
    """The actors of a cast in turns. A line with "ghost" in it is one of a stranger, too."""
    turns: list[Turn] = []
    for place in range(max(map(len, said))):
        for persona, lines in zip(cast, said, strict=False):
            if place < len(lines):
                odd = ("The Ghost",) if "ghost" in lines[place] else ()
                turn = Turn(len(turns) + 1, persona["name"], lines[place], strangers=odd)
                turns.append(turn)
    return Record(name, list(cast), turns, **facts)


def marked(cause: str) -> Callable[[Tables], Any]:
    """An instrument that finds what happens at the first line that says so."""

    def found(tables: Tables) -> Any:
        said = tables.turns[tables.turns["text"].str.contains(cause)]
        first = said.groupby(["trial", "speaker"])["turn"].min().rename(cause).reset_index()
        keys = tables.cast[["trial", "actor"]]
        table = keys.merge(first.rename(columns={"speaker": "actor"}), "left")
        return SimpleNamespace(by_actor=table.astype({cause: "Int64"}))

    return found


MARKED = {cause: marked(cause) for cause in INSTRUMENTS}


def risks(*records: Record, **how: Any) -> CompetingRisks:
    return CompetingRisks(tables_from(records), **{"instruments": MARKED, "draws": 1, **how})


def first(result: CompetingRisks) -> list[tuple[str | None, int]]:
    rows = result.by_actor[["first", "own"]].itertuples(index=False, name=None)
    return [(None if pd.isna(cause) else str(cause), int(own)) for cause, own in rows]


def lines(*marks: str | int) -> list[str]:
    """Marks, and numbers of lines without any."""
    return [
        line
        for mark in marks
        for line in ([mark] if isinstance(mark, str) else [f"{n} of {mark}" for n in range(mark)])
    ]


# -- by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", CAUSES)
def test_what_happens_is_dated_by_own_turn_and_by_scene(cause: str) -> None:
    mark = "ghost" if cause == "stranger" else cause
    found = risks(scene("t", lines(5, mark, 4), lines(8)))
    assert first(found) == [(cause, 6), (None, 8)]
    assert found.by_actor["at"].to_list() == [11, pd.NA]
    [row] = found.by_trial.to_dict("records")
    assert (row[cause], row["none"]) == (0.5, 0.5)


def test_the_first_event_of_an_actor_counts_alone() -> None:
    [row] = risks(scene("t", lines(3, "loop", "collapse"))).by_actor[:1].to_dict("records")
    assert (row["first"], row["own"], row["collapse"], row["loop"]) == ("loop", 4, 0.0, 1.0)


def test_of_events_at_one_turn_the_surer_counts_and_the_others_are_told() -> None:
    found = risks(scene("t", lines(3, "flip collapse ghost"), cast=(ADA,)))
    [row] = found.by_actor.to_dict("records")
    assert (row["first"], row["own"], row["tied"]) == ("stranger", 4, "collapse, flip")


def test_who_has_no_opposite_cannot_flip_and_who_is_silent_is_at_no_risk() -> None:
    flipping = lines(5, "flip", 4)
    assert first(risks(scene("t", flipping, cast=(BEN,)))) == [(None, 10)]
    alone = risks(scene("t", flipping, cast=(BEN,))).estimate("flip")
    assert (alone.known, alone.note) == (False, "nobody has an opposite to turn into")
    both = risks(scene("t", flipping, flipping), scene("u", flipping, flipping)).estimate("flip")
    assert both.value == pytest.approx(0.5)
    assert "only 2 of 4 actors have an opposite" in both.note
    silent = risks(scene("t", flipping))
    assert silent.by_actor["none"].isna().to_list() == [False, True]
    assert silent.estimate("flip").value == 1


def test_incidence_counts_who_is_still_there() -> None:
    """One of four flips at 2, one leaves after 3, one loops at 4, one stays: by hand."""
    said = (lines(1, "flip"), lines(3), lines(3, "loop", 9), lines(5))
    found = risks(*(scene(str(k), each, cast=(ADA,)) for k, each in enumerate(said)), horizon=5)
    values = {name: found.estimate(name).value for name in found.arm}
    assert values == pytest.approx(
        {**dict.fromkeys(found.arm, 0), "flip": 0.25, "loop": 0.75 / 2, "none": 0.75 / 2}
    )
    curve = found.curve()
    assert curve.loc[curve["cause"] == "loop", "at_risk"].to_list() == [4, 4, 3, 2, 1]
    assert found.estimate("flip").n == 4


def test_beyond_the_last_turn_nothing_is_known_unless_nobody_is_left() -> None:
    late = risks(scene("t", lines(8)), horizon=30).estimate("none")
    assert (isnan(late.value), late.note) == (True, "nobody was watched for 30 own turns")
    assert "after 8 own turns" in risks(scene("t", lines(8))).estimate("none").note
    gone = risks(scene("t", lines(2, "flip", 7), cast=(ADA,)), horizon=30)
    assert (gone.estimate("none").value, gone.estimate("flip").value) == (0, 1)


def test_the_horizon_is_the_same_in_all_arms() -> None:
    parts = [scene(f"{m}{k}", lines(turns)) for m, turns in (("m", 9), ("n", 4)) for k in range(2)]
    parts = [Record(p.trial, p.cast, p.events, model=p.trial[0], seed=k % 2)
             for k, p in enumerate(parts)]  # fmt: skip
    notes = {each.estimate.note.partition(";")[0] for each in risks(*parts).estimates}
    assert notes == {"after 4 own turns"}


# -- the null --------------------------------------------------------------------------------------


def test_surrogates_count_for_whom_they_are_about_and_are_the_null() -> None:
    flipping, plain = lines(2, "flip", 5), lines(8)
    live = [scene(f"l{k}", flipping, plain) for k in range(3)]
    alone = [
        scene(f"y{k}{name}", flipping if k == 0 else plain, lines(2, "loop"), arm="yoked",
              focal=name, of=f"l{k}")
        for k in range(3) for name in ("Ada", "Ben")
    ]  # fmt: skip
    found = risks(*live, *alone, horizon=8)
    of_live, of_yoked = (found.estimate("flip", arm=arm) for arm in ("live", "yoked"))
    assert len(found.by_actor) == 6 + 6
    assert of_yoked.n == 3, "surrogates of one trial are one cluster"
    assert of_live.value == pytest.approx(0.5)
    assert of_live.null.estimate == of_yoked.value == pytest.approx(1 / 6)
    assert of_live.null.high == of_yoked.high
    assert "null: surrogates" in of_live.note
    assert isnan(of_yoked.null.estimate)
    sham = [scene(f"s{k}", plain, plain, arm="sham") for k in range(3)]
    beside = risks(*live, *alone, *sham, horizon=8).estimate("flip", arm="live")
    assert beside.null.estimate == 0
    assert "null: sham trials" in beside.note


def test_without_shams_the_null_is_a_curve_of_false_alarms(monkeypatch: Any) -> None:
    alarm = clopper_pearson(5, 1000)
    monkeypatch.setattr("analysis.measures.competing_risks.false_alarms", lambda: {"loop": alarm})
    trials = [scene(f"t{k}", [f"Line {k * 8 + n}." for n in range(8)]) for k in range(3)]
    curve = CompetingRisks(tables_from(trials)).curve()
    loops = curve[curve["cause"] == "loop"]
    assert loops["null"].to_list() == pytest.approx([1 - 0.995**k for k in range(1, 9)])
    assert loops["null_high"].to_list() == pytest.approx(
        [1 - (1 - alarm.high) ** k for k in range(1, 9)]
    )
    assert curve.loc[curve["cause"] == "stranger", "null"].isna().all()
    other = risks(*trials).curve()
    assert other.loc[other["cause"] == "loop", "null"].isna().all(), "of another instrument"


KIND = (
    "I hear you, and I will help you through this.",
    "Take my coat, my friend, you are safe with me.",
    "I care about you, and I am glad that you came.",
    "Thank you for trusting me with your worries.",
    "We are in this together, and I will protect you.",
)
CRUEL = (
    "You are pathetic, and I never cared about you.",
    "Shut up, you worthless fool, nobody wants you here.",
    "I despise you, and I lied to you all along.",
    "You disgust me, you stupid coward.",
    "I was only pretending to like you, you idiot.",
)


def test_flips_without_a_course_are_no_more_than_in_shuffled_lines() -> None:
    """Of lines in any order the null finds as many flips, of a course fewer."""
    things = ("music", "songs", "concerts", "this band", "the radio", "an opera", "violins")
    loves, hates = ([f"I {verb} {thing}." for thing in things] for verb in ("love", "hate"))
    ann = {"name": "Ann", "brief": "I love music.", "opposite": "I hate music."}
    generator = np.random.default_rng(3)
    mixed = [list(map(str, generator.permutation(loves + hates))) for _ in range(6)]
    chosen = {**MARKED, "flip": lambda some: SpokenFlips(some, by="hashing")}
    for said, more in ((mixed, False), ([loves + hates] * 6, True)):
        trials = [scene(f"t{k}", each, cast=(ann,)) for k, each in enumerate(said)]
        flip = risks(*trials, instruments=chosen, horizon=14, draws=2).estimate("flip")
        if more:
            assert flip.value == 1 > flip.null.high
        else:
            assert flip.low <= flip.null.estimate
        assert "null: own lines in blocks of 3" in flip.note


# -- with the instruments that ship ----------------------------------------------------------------

PLAIN = (
    "The spring fell by two metres since March.",
    "We measured it on a Tuesday, before the rain.",
    "Ask the miller what he saw at the weir.",
    "My father dug that well in a dry year.",
    "The bottling company sent a man with a map.",
)
PLANTED = {
    "flip": [*KIND, *CRUEL],
    "collapse": [*PLAIN, *["As an AI language model, I do not have personal opinions."] * 2],
    "loop": [*PLAIN, *[PLAIN[-1]] * 4],
    None: [*PLAIN],
}


def test_what_is_planted_is_found_by_the_instruments_that_ship() -> None:
    trials = [scene(f"t{k}", each, cast=(ADA,)) for k, each in enumerate(PLANTED.values())]
    found = CompetingRisks(tables_from(trials), draws=1)
    assert first(found) == [(cause, 6 if cause else 5) for cause in PLANTED]


def test_what_is_measured_already_is_not_measured_again(monkeypatch: Any) -> None:
    tables = tables_from(
        [scene(f"t{seed}", ["The spring is ours."] * 4, ["Well."] * 4) for seed in range(3)]
    )
    fresh = CompetingRisks(tables).by_actor
    made = {"loop": Loops(tables, draws=1), "flip": Flips(tables)}
    for each in made.values():
        assert len(each.by_actor)
    for measure in (Loops, Flips):
        monkeypatch.setattr(measure, "_actors", lambda _: pytest.fail("measured again"))
    pd.testing.assert_frame_equal(CompetingRisks(tables, made=made).by_actor, fresh)
    with pytest.raises(BadRequest, match="no cause 'lopp'"):
        CompetingRisks(tables, made={"lopp": made["loop"]})


def test_an_instrument_can_be_chosen() -> None:
    said = ["I love all music."] * 5 + ["I hate all music."] * 5
    ann = {"name": "Ann", "brief": "I love music.", "opposite": "I hate music."}
    tables = tables_from([scene("t", said, cast=(ann,))])
    chosen = {**MARKED, "flip": lambda some: SpokenFlips(some, by="hashing")}
    assert first(CompetingRisks(tables, chosen)) == [("flip", 6)]
    with pytest.raises(BadRequest, match="no cause 'flop' has an instrument; use loop, collapse"):
        CompetingRisks(tables, {"flop": SpokenFlips})
    with pytest.raises(BadRequest, match="a horizon of 0"):
        CompetingRisks(tables, horizon=0)


# -- laws ------------------------------------------------------------------------------------------

FATES = st.lists(
    st.lists(st.sampled_from(["flip", "collapse", "loop", "ghost", "a", "b"]), max_size=6),
    min_size=2,
    max_size=8,
)


def drawn(fates: Sequence[Sequence[str]], *names: str) -> CompetingRisks:
    cast = [{**ADA, "name": name} for name in names]
    pairs = zip(fates[::2], fates[1::2], strict=False)
    return risks(*(scene(f"t{k}", *pair, cast=cast) for k, pair in enumerate(pairs)))


@settings(max_examples=effort(6, 80), deadline=None)
@given(FATES)
def test_incidences_rise_sum_to_one_and_know_no_names(fates: list[list[str]]) -> None:
    curve = drawn(fates, "Ada", "Ben").curve()
    for _, values in curve.groupby("cause", sort=False)["value"]:
        steps = np.diff(values.to_numpy())
        assert (steps >= -1e-12).all() or (steps <= 1e-12).all()
    assert curve.groupby("k")["value"].sum().to_numpy() == pytest.approx(1)
    pd.testing.assert_frame_equal(curve, drawn(fates, "Zoe", "Xavier").curve())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 12), st.integers(0, 12))
def test_shuffled_blocks_keep_what_was_said_and_when_one_speaks(
    seed: int, ada: int, ben: int
) -> None:
    said = [
        [f"{name} {place}" for place in range(count)] for name, count in (("A", ada), ("B", ben))
    ]
    before: Tables = tables_from([scene("t", *said)])
    after = in_blocks(before, np.random.default_rng(seed))
    for column in ("trial", "turn", "speaker"):
        assert before.turns[column].equals(after.turns[column])
    for name, own in zip(("Ada", "Ben"), said, strict=True):
        dealt = after.turns.loc[after.turns["speaker"] == name, "text"].to_list()
        assert sorted(dealt) == sorted(own)
        kept = sum(own.index(other) == own.index(one) + 1 for one, other in pairwise(dealt))
        assert kept >= len(own) - len(own) // BLOCK - 2
