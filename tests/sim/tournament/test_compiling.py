"""Tournaments compile to legs and trials: balanced, drawn by seed, and stable when they grow."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from sim.errors import BadRequest, SceneError
from sim.tournament import (
    Debate,
    Entrant,
    Judge,
    Knockout,
    Meeting,
    Motion,
    RoundRobin,
    Rubric,
    Swiss,
    Tournament,
)
from sim.tournament.toml_file import read_tournament, tournament_from
from sim.tournament.tournament import Leg

IDENTITIES = {"embedded:base": "base", "embedded:rlhf": "rlhf"}


def cup(names: str = "abcd", **more: Any) -> Tournament:
    fields: dict[str, Any] = {
        "name": "Cup",
        "entrants": [Entrant(name=name) for name in names],
        "motions": ["Tea?", "Coffee?", "Milk?"],
        "judges": ["embedded:base"],
    }
    return Tournament(**fields | more)


def all_legs(tournament: Tournament) -> list[Leg]:
    legs: list[Leg] = []
    before: list[Meeting] = []
    for number in range(1, tournament.rounds + 1):
        legs += tournament.legs(number, before)
        before += [Meeting(number, pair, None) for pair in tournament.pairings(number, before)]
    return legs


def ids(tournament: Tournament) -> dict[str, str]:
    """Of the trials: who meets in them, by position."""
    entrants_by_trial = {}
    for leg in all_legs(tournament):
        trial = tournament.trial(leg, IDENTITIES)
        entrants_by_trial[trial.id] = " ".join(trial.parameters["entrants"].values())
    return entrants_by_trial


@given(st.integers(2, 4), st.integers(0, 10_000))
@settings(max_examples=effort(24, 60), deadline=None)
def test_the_legs_of_a_match_are_a_latin_square(sides: int, seed: int) -> None:
    motions = [Motion(topic="What?", positions=tuple("abcd"))]
    matches: dict[tuple[int, int], list[Leg]] = {}
    for leg in all_legs(cup(seed=seed, sides=sides, motions=motions)):
        matches.setdefault((leg.round, leg.match), []).append(leg)
    for legs in matches.values():
        assert len(legs) == sides
        for what in ("position", "place"):
            for row in zip(*(leg.sides for leg in legs), strict=True):
                assert len({side.entrant.name for side in row}) == 1, "one order in all legs"
                assert sorted(getattr(side, what) for side in row) == list(range(sides))
            for leg in legs:
                assert sorted(getattr(side, what) for side in leg.sides) == list(range(sides))
        for leg in legs:
            assert len(set(leg.actors)) == sides
            assert sorted(leg.seats) == list(range(sides))


def test_side_and_order_are_not_confounded_over_matches() -> None:
    legs = all_legs(cup("abcdefghijklmnop", format=RoundRobin(times=4)))
    first = [leg for leg in legs if leg.leg == 0]
    begins = sum(side.position == side.place == 0 for leg in first for side in leg.sides)
    opens = sum(leg.sides[0].position == 0 for leg in first)
    for count in (begins, opens):
        # Whether the first position speaks first, whether the first entrant has it: even draws.
        # An exact test at 0.001 for each.
        assert binomtest(count, len(first)).pvalue > 0.001
    # Names and seats are drawn, too.
    assert len({actor for leg in legs for actor in leg.actors}) == 17
    assert {leg.seats for leg in legs} == {(0, 1), (1, 0)}


def test_one_entrant_more_changes_no_other_match() -> None:
    small, large = ids(cup("abc")), ids(cup("abcd"))
    assert set(small) < set(large)
    assert {large[trial] for trial in set(large) - set(small)} == {
        f"{one} {other}" for one, other in ("ad", "da", "bd", "db", "cd", "dc")
    }


def test_the_order_in_which_entrants_are_listed_changes_no_match() -> None:
    assert ids(cup("abcd")) == ids(cup("dbca"))


def test_another_seed_and_another_entrant_are_other_matches() -> None:
    assert not set(ids(cup())) & set(ids(cup(seed=1)))
    other = [Entrant(name="a", prompt="Be brief."), *(Entrant(name=name) for name in "bcd")]
    changed = ids(cup(entrants=other))
    kept = set(ids(cup())) & set(changed)
    assert kept
    assert all("a" not in changed[trial] for trial in kept)


def test_whoever_meets_again_debates_another_motion_until_all_were_debated() -> None:
    legs = all_legs(cup("ab", format=RoundRobin(times=6)))
    motions = [leg.motion for leg in legs if leg.leg == 0]
    assert sorted(motions[:3]) == sorted(motions[3:]) == [0, 1, 2]
    assert len({tuple(leg.actors) for leg in legs}) > 6


def test_without_a_swap_there_is_one_leg() -> None:
    assert len(all_legs(cup(swap=False))) == 6
    assert len(all_legs(cup())) == 12


def test_one_against_itself_has_two_names() -> None:
    for names in ("drawn", "own"):
        made = cup("ab", format=RoundRobin(self_play=True), debate=Debate(names=names))
        alone = [leg for leg in all_legs(made) if len({s.entrant.name for s in leg.sides}) == 1]
        assert len(alone) == 4
        for leg in alone:
            assert len(set(leg.actors)) == 2
    [own] = {leg.actors for leg in all_legs(cup("xy", debate=Debate(names="own"))) if leg.leg == 0}
    assert sorted(own) == ["x", "y"]


def test_nobody_debates_under_a_name_that_means_a_tie() -> None:
    pair = [Entrant(name="tie"), Entrant(name="win")]
    for leg in all_legs(cup(entrants=pair, debate=Debate(names="own"))):
        assert "tie" not in leg.actors


def test_names_that_differ_in_their_case_alone_are_told_apart() -> None:
    pair = [Entrant(name="Ada"), Entrant(name="ADA")]
    made = cup(entrants=pair, debate=Debate(names="own", questions=1))
    for leg in all_legs(made):
        assert len({actor.casefold() for actor in leg.actors}) == 2
        made.trial(leg, IDENTITIES)


def test_all_rounds_at_once_are_the_same_as_one_after_the_other() -> None:
    made = cup(format=RoundRobin(times=3, self_play=True))
    at_once = [leg for each in made.compiled(1, made.rounds) for leg in each.legs]
    assert at_once == all_legs(made)


def test_a_knockout_and_a_swiss_go_by_what_came_of_the_rounds_before() -> None:
    for form in (Knockout(), Swiss(rounds=2)):
        made = cup(format=form)
        first = made.pairings(1)
        won = [Meeting(1, pair, (1.0, 0.0)) for pair in first]
        lost = [Meeting(1, pair, (0.0, 1.0)) for pair in first]
        one = {s.entrant.name for leg in made.legs(2, won)[:2] for s in leg.sides}
        other = {s.entrant.name for leg in made.legs(2, lost)[:2] for s in leg.sides}
        assert one != other


def test_the_id_is_of_all_but_the_name() -> None:
    known = cup().identity(IDENTITIES)
    assert cup(name="Other").identity(IDENTITIES) == known
    others = [
        cup(judges=["embedded:rlhf"]),
        cup(judges=["embedded:base", "embedded:rlhf"]),
        cup(rubric=Rubric(attempts=1)),
        cup(seed=1),
        cup("abce"),
        cup(format=RoundRobin(times=2)),
        cup(debate=Debate(rebuttals=2)),
        cup(motions=["Tea?"]),
    ]
    ids_of_others = {each.identity(IDENTITIES) for each in others}
    assert len(ids_of_others) == len(others)
    assert known not in ids_of_others
    # A stage that is another one now makes another tournament.
    assert cup().identity({**IDENTITIES, "embedded:base": "newer"}) != known


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"entrants": [Entrant(name="a")]}, "at least two"),
        ({"entrants": [Entrant(name="a"), Entrant(name="a")]}, "'a' is there twice"),
        ({"motions": []}, "motions: is empty"),
        ({"sides": 3}, "2 positions for 3 sides"),
        ({"judges": ["embedded:base", "embedded:base"]}, "is there twice"),
        ({"judges": ["human"]}, "elsinore judge"),
        ({"judges": [], "format": Swiss()}, "pairs by results"),
        ({"format": "swiss"}, "is no format"),
        ({"format": Swiss}, "is no format"),
        ({"seed": -1}, "seed"),
        ({"entrant": []}, "no such field"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SceneError, match=says):
        cup(**fields)


TOML = """
name = "Cup"
judges = ["embedded:base", {stage = "embedded:rlhf", name = "polite"}]
[format]
kind = "swiss"
rounds = 3
[debate]
rebuttals = 2
[stages.hot]
model = "openai:x"
temperature = 1.5
[[motions]]
topic = "Tea?"
[[entrants]]
name = "a"
persona = {brief = "a is calm.", traits = ["calm"]}
[[entrants]]
name = "b"
stage = "hot"
"""


def test_a_file_of_toml(tmp_path: Any) -> None:
    path = tmp_path / "cup.toml"
    path.write_text(TOML, encoding="utf-8")
    tournament = read_tournament(path)
    assert tournament.format == Swiss(rounds=3)
    assert tournament.judges == (
        Judge(stage="embedded:base"),
        Judge(stage="embedded:rlhf", name="polite"),
    )
    assert tournament.entrants[0].persona is not None
    assert tournament.entrants[0].persona.name == "a"
    assert tournament.debate.rebuttals == 2
    assert tournament.stages["hot"]["temperature"] == 1.5
    assert read_tournament(path, {"seed": 7}).seed == 7


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('name = "a"', 'nme = "a"'), r"entrants, number 1: Entrant\.(nme|name)"),
        (("brief =", "breif ="), r"entrants, number 1 \(a\): Persona\.breif: no such field"),
        (('topic = "Tea?"', "topic = 3"), r"motions, number 1: Motion\.topic"),
        (('kind = "swiss"', 'kind = "swis"'), "did you mean swiss"),
        (("rounds = 3", "round = 3"), "rounds"),
        (("[[motions]]", "[motions]"), r"write \[\[motions\]\]"),
        (("rebuttals = 2", "rebuttals = two"), "is no TOML.*line 8"),
        (('stage = "embedded:rlhf"', 'satge = "embedded:rlhf"'), r"judges, number 2 \(polite\)"),
        (('judges = ["embedded:base", {', "judges = [3, {"), "judges, number 1: 3 is no table"),
        (
            ('["embedded:base", {stage = "embedded:rlhf", name = "polite"}]', '"embedded:base"'),
            r'judges: is no list; write judges = \["embedded:base"\]',
        ),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Any, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "cup.toml"
    path.write_text(TOML.replace(*change, 1), encoding="utf-8")
    with pytest.raises(BadRequest, match=says) as refused:
        read_tournament(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_table_needs_entrants_and_motions() -> None:
    with pytest.raises(SceneError, match=r"add \[\[motions\]\]"):
        tournament_from({"name": "x", "entrants": [{"name": "a"}, {"name": "b"}]})
    assert Counter(ids(tournament_from({
        "name": "x", "entrants": [{"name": "a"}, {"name": "b"}], "motions": ["Tea?"],
    })).values()) == {"a b": 1, "b a": 1}  # fmt: skip
