"""A bound on how long two people have the floor to themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Persona, Scene, after, complete, said, star
from sim.errors import SceneError
from sim.events import Place, Turn
from sim.planning.canonical_form import canonical, plain
from sim.planning.decoder import scene_from
from sim.scene.endings import Ending
from sim.scene.graph import Graph, PublicView
from sim.scene.routing import Addressed, ChosenBy, Cue, Inquiry, LongestWait, Walk
from sim.scene.routing.base import Router, answered
from sim.scene.routing.pairs import PairRun
from sim.seeds import derive

NAMES = ("Ann", "Ben", "Cleo", "Dan")


def hogged(router: Router, graph: Graph, length: int, seed: int = 1, answer: str = "") -> list[str]:
    """Who speaks if everybody addresses (or chooses) whoever spoke before."""
    floor, view, spoke = graph.compiled(), PublicView(), ["Ann", "Ben"]
    state = router.start(floor)
    for index, name in enumerate(spoke):
        other = spoke[index - 1]
        state = router.heard(state, Turn(index + 1, name, f"{other}, well?"), floor.place[name])
    while len(spoke) < length:
        seed_of_turn = derive(seed, "route", len(spoke))
        cued = router.next(state, view, seed_of_turn)
        while isinstance(cued, Inquiry):
            wanted = answer or spoke[-2]
            options = cued.question.answer.options  # type: ignore[union-attr]
            value = wanted if wanted in options else None
            state = answered(router, state, cued, dict.fromkeys(cued.places, value))
            cued = router.next(state, view, seed_of_turn)
        if isinstance(cued, Cue):
            state = state if cued.state is None else cued.state
            cued = cued.places
        [place] = cued
        name = floor.names[place]
        state = router.heard(state, Turn(len(spoke) + 1, name, f"{spoke[-1]}, well?"), place)
        spoke.append(name)
    return spoke


def longest_run(spoke: list[str]) -> int:
    """The most turns in a row within one pair, counted in the plainest way."""
    return max(
        end - start
        for start in range(len(spoke))
        for end in range(start, len(spoke) + 1)
        if len(set(spoke[start:end])) <= 2
    )


@given(st.integers(2, 6), st.sampled_from(["addressed", "chosen"]), st.integers(0, 50))
def test_no_pair_has_the_floor_for_longer_than_the_bound(
    at_most: int, kind: str, seed: int
) -> None:
    fallback = Walk() if seed % 2 else LongestWait()
    router: Router = Addressed(fallback, at_most=at_most)
    if kind == "chosen":
        router = ChosenBy(fallback=fallback, at_most=at_most)
    spoke = hogged(router, complete(*NAMES), 24, seed)
    assert longest_run(spoke) <= at_most


@pytest.mark.parametrize("router", [Addressed(), ChosenBy()], ids=repr)
def test_without_a_bound_two_may_go_on_for_ever(router: Router) -> None:
    assert set(hogged(router, complete(*NAMES), 20)) == {"Ann", "Ben"}


@pytest.mark.parametrize("router", [Addressed(at_most=2), ChosenBy(at_most=2)], ids=repr)
def test_where_nobody_else_is_there_the_pair_goes_on(router: Router) -> None:
    assert hogged(router, complete("Ann", "Ben"), 8) == ["Ann", "Ben"] * 4


def test_a_moderator_is_bound_too() -> None:
    spoke = hogged(ChosenBy("Ann", at_most=3), star("Ann", "Ben", "Cleo"), 16, answer="Ben")
    assert longest_run(spoke) <= 3
    assert set(spoke) == {"Ann", "Ben", "Cleo"}


@given(st.lists(st.integers(0, 3), max_size=20))
def test_a_run_is_the_end_of_the_scene_that_two_people_have(places: list[int]) -> None:
    run = PairRun()
    for place in places:
        run = run.after(Place(place))
    longest = next(
        count
        for count in range(len(places), -1, -1)
        if len(set(places[len(places) - count :])) <= 2
    )
    assert run.turns == longest
    assert set(run.places) == set(places[len(places) - longest :])


@pytest.mark.parametrize("at_most", [1, 0, -3, 2.5, True, "3"])
@pytest.mark.parametrize("router", [Addressed, ChosenBy])
def test_a_bound_that_cannot_be_kept_is_refused(router: type, at_most: object) -> None:
    with pytest.raises(SceneError, match="at_most"):
        router(at_most=at_most)


@pytest.mark.parametrize(
    ("routing", "ends"),
    [
        (Addressed(), said("tea") | after(turns=4)),
        (Addressed(at_most=3), said("tea", last=True) | after(turns=4)),
        (ChosenBy(at_most=2), said("tea", quoted=False) | after(turns=4)),
        (ChosenBy("Ann"), after(turns=4)),
    ],
)
def test_a_scene_is_read_back_with_what_was_left_out(routing: Router, ends: Ending) -> None:
    cast = [Persona(name=name) for name in NAMES]
    scene = Scene(topic="Tea?", cast=cast, graph=complete(*NAMES), routing=routing, ends=ends)
    read = scene_from(canonical(scene))
    assert (read.routing, read.ends) == (routing, ends)


def test_the_ids_of_older_scenes_stay() -> None:
    assert "at_most" not in plain(Addressed(), "x")
    assert "at_most" not in plain(ChosenBy("Ann"), "x")
    assert plain(Addressed(at_most=4), "x")["at_most"] == 4
