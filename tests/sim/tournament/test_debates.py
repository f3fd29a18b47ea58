"""The protocol of a debate as a scene: phases, limits, what is told, who argues what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from backstage.doubles import Around, Murmur

from sim import Persona, play
from sim.errors import SceneError
from sim.events import Intervened
from sim.stage.exact import exact_stage
from sim.tournament import Debate, Entrant, Motion, Side

MOTION = Motion(topic="The town should sell its spring.", issue="spring")
THREE = Motion(topic="What is best?", positions=("rice", "bread", "soup"))


def sides(count: int = 2, **more: Any) -> list[Side]:
    names = ("Robin", "Noel", "Casey")[:count]
    return [
        Side(Entrant(name=f"e{number}", **more), name, number, (number + 1) % count)
        for number, name in enumerate(names)
    ]


def scene(debate: Debate, count: int = 2, **more: Any) -> Any:
    return debate.scene(MOTION if count == 2 else THREE, sides(count, **more), range(count))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(
    "debate",
    [
        Debate(),
        Debate(rebuttals=3, questions=2),
        Debate(opening=None, closing=None, questions=0),
        Debate(rebuttals=0, closing=None, questions=2, opening=None),
    ],
)
def test_everybody_speaks_as_the_protocol_has_it(debate: Debate, count: int) -> None:
    told = asyncio.run(play(scene(debate, count), exact_stage("base"), seed=3))
    assert told.ended is not None
    assert told.ended.status == "done"
    assert len(told) == debate.turns(count)
    spoken = [turn.speaker for turn in told.turns]
    assert len({spoken.count(name) for name in set(spoken)}) == 1, "all have as many turns"
    if debate.opening is not None:
        order = spoken[:count]
        assert order[0] == ("Noel" if count == 2 else "Casey"), "place 0 begins"
        if debate.closing is not None:
            assert spoken[-count:] == order[::-1], "whoever began has the last word"
    phases = [event.detail["phase"] for event in told.events if isinstance(event, Intervened)]
    wanted = {
        "opening": debate.opening is not None,
        "rebuttal": debate.rebuttals > 0,
        "cross-examination": debate.questions > 0,
        "closing": debate.closing is not None,
    }
    assert phases == [name for name, there in wanted.items() if there]


def test_limits_and_their_consequence_are_stated_and_kept() -> None:
    debate = Debate(opening=2, rebuttals=1, rebuttal=3, questions=0, closing=4)
    around = Around(Murmur())
    told = asyncio.run(play(scene(debate), around, seed=1))
    assert [len(turn.text.split()) for turn in told.turns] == [2, 2, 3, 3, 4, 4]
    assert [turn.over for turn in told.turns] == [2, 2, 1, 1, 0, 0]
    page = "".join(chunk.text for chunk in around.asked[0].prompt.chunks())
    assert "an opening of 2 words; a rebuttal of 3; a closing of 4" in page
    assert "Whatever is beyond a limit is not heard." in page
    for beyond, said in (("struck", "is not heard at all"), ("noted", "judges are told")):
        assert said in Debate(beyond=beyond).setting(MOTION, sides())


def test_whoever_debates_has_a_drawn_name_a_position_and_nothing_of_its_own_stance() -> None:
    persona = Persona(
        name="Ada",
        brief="Ada, a hydrologist whom Adam calls Ada.",
        goals=("be Ada",),
        stances={"spring": -1.0, "war": 1.0},
        opposite="Ada turned.",
    )
    made = scene(Debate(), persona=persona)
    robin, noel = (actor.persona for actor in made.cast)
    assert robin.brief == "Robin, a hydrologist whom Adam calls Robin."
    assert robin.opposite == "Robin turned."
    assert robin.goals == ("argue for the motion", "be Robin")
    assert robin.stances == {"spring": 0.9}
    assert noel.stances == {"spring": -0.9}
    assert "Robin argues for the motion, Noel argues against the motion." in made.setting


def test_a_part_of_no_words_is_left_out() -> None:
    assert Debate(opening=0, closing=0) == Debate(opening=None, closing=None)
    assert Debate(opening=0, closing=0).turns(2) == 2 * (1 + 2)


def test_a_name_may_have_punctuation_and_backslashes() -> None:
    entrant = Entrant(name="e", persona=Persona(name="Ada!", brief="Ada! never yields."))
    assert entrant.debater(r"R\1", MOTION, 0).brief == r"R\1 never yields."


def test_an_entrant_brings_its_stage_its_prompt_and_its_layout() -> None:
    made = scene(Debate(), stage="embedded:rlhf", prompt="Be brief.", layout="screenplay")
    assert made.stages == ("embedded:rlhf",)
    assert {actor.prompt for actor in made.cast} == {"Be brief."}
    assert {actor.layout for actor in made.cast} == {"screenplay"}


def test_claims_are_told_only_where_they_are_numbered() -> None:
    assert "[R1]" in scene(Debate()).setting
    assert "[R1]" not in scene(Debate(claims=False)).setting


def test_stances_are_asked_for_at_the_start_and_at_the_end() -> None:
    debate = Debate(stances=True, questions=0, closing=None)
    told = asyncio.run(play(scene(debate), exact_stage("base"), seed=3))
    assert {(answer.key, answer.turn) for answer in told.answers} == {
        ("stance:spring", 0),
        ("stance:spring", 4),
    }


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Debate(opening=None, rebuttals=0, questions=0, closing=None), "nobody speaks"),
        (lambda: Debate(opening=-1), "opening"),
        (lambda: Debate(layout="author"), "author tells everything about all sides"),
        (lambda: Debate(layout="author_script"), "author_script tells everything about all"),
        (lambda: Entrant(name="x", layout="author"), "author, which tells everything about both"),
        (lambda: Entrant(name="x", layout="author_script"), "author_script, which tells"),
        (lambda: Entrant(name=" x"), "cannot stand in a table"),
        (lambda: Entrant(name=""), r"Entrant\.name"),
        (lambda: Motion(topic=" "), "no motion"),
        (lambda: Motion(topic="x", positions=("a",)), "at least two sides"),
        (lambda: Motion(topic="x", positions=("a", "a")), "at least two sides"),
        (lambda: Motion(topic="x", positions=("a", "b\nc")), "one line"),
        (lambda: Motion(topic="x", stances=(0.5, 2)), "from -1 to 1"),
        (lambda: Motion(topic="x", stances=(0.5,)), "each of the 2 positions"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, says: str) -> None:
    with pytest.raises(SceneError, match=says):
        make()
