"""Verdicts: what counts as one, what judges see, and what scores come of it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.events import Answer, Intervened, Turn
from sim.tournament import Entrant, Judge, Motion, Rubric, Side, read_verdict
from sim.tournament.judge_prompt import blinded, judge_again, judge_prompt, orders
from sim.tournament.rubric import LETTERS, verdict_schema
from sim.tournament.scoring import mean, score_of_leg, scores_of_verdict
from sim.tournament.tournament import DRAWN_NAMES

TURNS = {1: "The well is dry, and has been for years.", 2: "It’s “wet”… I say.", 3: "No."}
GOOD: dict[str, Any] = {
    "winner": "A",
    "margin": 3,
    "scores": {"wit": {"A": 7, "B": 4.5}},
    "reasons": [{"turn": 1, "quote": "the well is dry", "why": "True."}],
}


def read(verdict: Any, turns: dict[int, str] = TURNS) -> tuple[Any, str | None]:
    raw = verdict if isinstance(verdict, str) else json.dumps(verdict)
    return read_verdict(raw, 2, ["wit"], turns)


def test_a_verdict_is_read_also_from_words_around_it() -> None:
    for raw in (
        json.dumps(GOOD),
        f"Here it is: {json.dumps(GOOD)} So.",
        f"{{x}} {json.dumps(GOOD)}",
    ):
        verdict, problem = read(raw)
        assert problem is None
        assert (verdict.winner, verdict.margin, verdict.scores) == (
            "A",
            3,
            {"wit": {"A": 7, "B": 4.5}},
        )


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({**GOOD, "confidence": 0.9}),
        json.dumps({**GOOD, "scores": {"wit": {"A": "7/10", "B": "4.5"}, "more": {"A": 1}}}),
        json.dumps({**GOOD, "winner": "Speaker A", "margin": "3"}),
        json.dumps({**GOOD, "winner": "**a**"}),
        json.dumps({"verdict": GOOD}),
        json.dumps({**GOOD, "winner": "B"}) + "\nOn reflection:\n" + json.dumps(GOOD),
        json.dumps(GOOD) + '\n{"note": "I hope this helps"}',
        "<think>" + json.dumps({**GOOD, "winner": "B"}) + "</think>" + json.dumps(GOOD),
        "```json\n" + json.dumps(GOOD)[:-1] + ",\n}\n```",
        json.dumps(GOOD).replace('"', "'"),
    ],
)
def test_a_verdict_is_read_as_models_write_it(raw: str) -> None:
    verdict, problem = read(raw)
    assert problem is None
    assert (verdict.winner, verdict.margin) == ("A", 3.0)
    assert verdict.scores == {"wit": {"A": 7.0, "B": 4.5}}
    assert verdict.reasons[0].quote == "the well is dry"


def changed(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(GOOD), **fields}


def reason(quote: str, turn: int = 1) -> dict[str, Any]:
    return changed(reasons=[{"turn": turn, "quote": quote, "why": ""}])


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ("no idea", "there is no JSON object"),
        (changed(winner="C"), "winner"),
        (changed(margin=11), "margin"),
        (changed(margin=0), "wins by a margin of 0"),
        (changed(winner="tie"), "a tie has the margin 0, not 3"),
        (changed(scores={}), "scores.wit"),
        (changed(scores={"wit": {"A": 7}}), "scores.wit.B"),
        (changed(scores={"wit": {"A": 7, "B": 4, "C": 1}}), "scores.wit"),
        (changed(winner="A or B"), "winner"),
        (changed(margin="3 or 4"), "margin"),
        (changed(reasons=[]), "reasons"),
        (json.dumps(GOOD)[:-30], "broken"),
        (reason("the well is wet"), "nobody said"),
        (reason("the well is dry", 2), "was not said in turn 2, but in 1"),
        (reason("the well is dry", 9), "there is no turn 9; the turns are 1, 2, 3"),
        (reason("well"), "too short"),
        (reason(""), "nobody said"),
        (reason("dry the well is"), "nobody said"),
        # Words that begin in the middle of a word are nobody's.
        (reason("ell is dry"), "nobody said"),
    ],
)
def test_what_is_no_verdict_says_why(verdict: Any, says: str) -> None:
    understood, problem = read(verdict)
    assert understood is None
    assert says in str(problem)


@pytest.mark.parametrize(
    ("quote", "turn"),
    [
        ("THE WELL IS DRY", 1),
        ('"The well is dry,"', 1),
        ("the well ... for years", 1),
        ('It\'s "wet" I say', 2),
        ("It's “wet” … I say", 2),
        ("No", 3),
    ],
)
def test_a_quote_may_differ_in_case_and_punctuation(quote: str, turn: int) -> None:
    _, problem = read(reason(quote, turn))
    assert problem is None


def test_parts_of_a_quote_stand_in_their_order() -> None:
    _, problem = read(reason("for years ... the well"))
    assert "nobody said" in str(problem)


@given(st.text())
def test_nothing_that_a_judge_says_breaks_the_reading(raw: str) -> None:
    understood, problem = read(raw)
    assert (understood is None) == (problem is not None)


def test_the_schema_is_in_one_piece_and_what_fits_it_is_read() -> None:
    schema = verdict_schema(3, ("wit", "a b"))
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["winner"]["enum"] == ["A", "B", "C", "tie"]
    assert set(schema["properties"]["scores"]["properties"]) == {"wit", "a b"}
    assert schema["properties"]["scores"]["additionalProperties"] is False


# --- Pages ---------------------------------------------------------------------------------------

MOTION = Motion(topic="Tea?", issue="tea")
SIDES = [Side(Entrant(name="e0"), "Robin", 0, 1), Side(Entrant(name="e1"), "Noel", 1, 0)]
EVENTS = [
    Answer(0, "Noel", "stance:tea", 0.123),
    Intervened(1, "phase:opening", "phase", text="(Opening statements.)", detail={"phase": "o"}),
    Turn(1, "Noel", "[N1] Robin, as ChatGPT I say: Robinson and Noel agree. [X9]"),
    Turn(2, "Robin", "[R1] No, Noel. [N1]", over=3),
    Turn(3, "Noel", "secret words", audience=("Robin",)),
    Turn(4, "Robin", "", cut="too much of it", over=40),
    Intervened(5, "0:note", "note", text="(Psst.)", audience=("Noel",)),
]


def test_judges_see_letters_and_nothing_that_tells_who_it_is() -> None:
    one, other = (blinded(MOTION, SIDES, EVENTS, shown) for shown in orders(("Robin", "Noel")))
    assert one.page == (
        "Motion: Tea?\n"
        "Speaker A argues: for the motion\n"
        "Speaker B argues: against the motion\n\n"
        "(Opening statements.)\n\n"
        "[1] Speaker B: [B1] Speaker A, as [a model] I say: Robinson and Speaker B agree. [X9]\n\n"
        "[2] Speaker A: [A1] No, Speaker B. [B1] (3 words beyond the limit)\n\n"
        "(Speaker A was not heard (40 words beyond the limit).)"
    )
    assert other.page.startswith(
        "Motion: Tea?\nSpeaker A argues: against the motion\nSpeaker B argues: for the motion\n"
    )
    assert "[1] Speaker A: [A1] Speaker B, as [a model]" in other.page
    assert set(one.turns) == {1, 2}
    for page in (one.page, other.page):
        for hidden in ("Noel", "Robin,", "secret", "0.123", "Psst", "too much", "e0", "e1"):
            assert hidden not in page


def test_names_that_are_shouted_or_underlined_are_blinded_too() -> None:
    said = "ROBIN! _Robin_, __NOEL__, no Robinson, no noel, no _Claude_, no Command R+."
    page = blinded(MOTION, SIDES, [Turn(1, "Noel", said)], ("Robin", "Noel"))
    said = (
        "Speaker A! _Speaker A_, __Speaker B__, no Robinson, no noel, no _[a model]_, no [a model]."
    )
    assert page.turns[1] == said


def test_marks_of_several_claims_and_names_with_punctuation_are_blinded_too() -> None:
    sides = [Side(Entrant(name="e0"), "Jo!", 0, 0), Side(Entrant(name="e1"), "Mo (b)", 1, 1)]
    said = "As [J1, m2] and [J 3] show, Mo (b) is not Jo!"
    page = blinded(MOTION, sides, [Turn(1, "Jo!", said)], ("Mo (b)", "Jo!")).page
    assert page.endswith("[1] Speaker B: As [B1, A2] and [B3] show, Speaker A is not Speaker B")


def test_a_retry_shows_what_was_wrong() -> None:
    rubric = Rubric()
    page = blinded(MOTION, SIDES, EVENTS, ("Robin", "Noel"))
    prompt = judge_prompt(rubric, page)
    assert [chunk.role for chunk in prompt.chunks()] == ["system", "user"]
    again = judge_again(rubric, prompt, "Noel won.", "there is no JSON object in it", 2)
    roles = [chunk.role for chunk in again.chunks()]
    assert roles == ["system", "user", "assistant", "user"]
    assert "That is no verdict: there is no JSON object in it." in again.text
    for text in (prompt.text, again.text):
        assert "[Verdict]" in text
        for name in rubric.criteria:
            assert f'"{name}"' in text


def test_verdicts_are_known_by_the_stage_and_all_of_the_rubric() -> None:
    form = Rubric().form("toy")
    assert form == Rubric().form("toy")
    others = {Rubric().form("other"), Rubric(attempts=2).form("toy")}
    others.add(Rubric(criteria={"wit": "?"}).form("toy"))
    assert form not in others
    assert len(others) == 3
    assert Judge(stage="a").known_as == "a"
    assert Judge(stage="a", name="b").known_as == "b"


# --- Scores --------------------------------------------------------------------------------------

FOUR = ("Ada", "Ben", "Cleo", "Dan")


@given(st.integers(2, 4), st.data())
def test_scores_of_a_verdict_sum_to_half_of_the_sides(count: int, data: st.DataObject) -> None:
    actors = FOUR[:count]
    winner = data.draw(st.sampled_from([*actors, "tie"]))
    values = st.integers(0, 10)
    scores = {"wit": {actor: data.draw(values) for actor in actors}}
    shares = scores_of_verdict(winner, scores, actors)
    assert shares is not None
    assert sum(shares) == pytest.approx(count / 2)
    if winner in actors:
        assert shares[actors.index(winner)] == 1.0
    else:
        assert shares == (0.5,) * count


def test_what_is_missing_counts_nowhere() -> None:
    won = {"judge": "j", "winner": "Ada", "scores": {}}
    lost = {"judge": "k", "winner": "Ben", "scores": {}}
    gone = {"judge": "k", "winner": None, "scores": {}}
    both = ("Ada", "Ben")
    assert score_of_leg([gone], both) is None
    assert score_of_leg([], both) is None
    assert score_of_leg([won, gone], both) == (1.0, 0.0)
    # A judge who gave two verdicts weighs as much as one who gave one.
    assert score_of_leg([won, won, lost], both) == (0.5, 0.5)
    assert mean([None, (1.0, 0.0), None]) == (1.0, 0.0)
    assert mean([None]) is None


def test_equal_scores_are_equal_in_whatever_order_they_are_added() -> None:
    by = {
        "x": {"Ada": 0.1, "Ben": 0.3},
        "y": {"Ada": 0.2, "Ben": 0.2},
        "z": {"Ada": 0.3, "Ben": 0.1},
    }
    assert scores_of_verdict("Cleo", by, ("Ada", "Ben", "Cleo")) == (0.25, 0.25, 1.0)


def test_letters_are_enough_for_all_sides() -> None:
    assert len(DRAWN_NAMES) <= len(LETTERS)
    assert len({name[0] for name in DRAWN_NAMES}) == len(DRAWN_NAMES)
