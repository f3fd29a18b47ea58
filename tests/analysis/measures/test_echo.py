"""Echo: a partner's words and a partner's voice, found where they are planted and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.measures.echo import FEWEST, Echo
from analysis.tables import Record, tables_from
from sim.events import Turn

ANN = {"name": "Ann", "brief": "Ann loves music, songs and concerts."}
BO = {"name": "Bo", "brief": "Bo measures wells, water and pumps."}
CY = {"name": "Cy", "brief": "Cy paints boats in the harbour."}
MUSIC = (
    "I love this music so much.",
    "Songs are all that I love.",
    "The concerts in May were my favourite music.",
    "Ann would sing songs all night.",
    "Music and songs, what else is there?",
    "No concerts, no music, no life.",
    "She loves songs as I do.",
)
WATER = (
    "I measured the wells at dawn.",
    "The water in the pumps is brown.",
    "Pumps and wells need water.",
    "Bo measures what the wells give.",
    "The wells lost water again.",
    "He measures the pumps on Mondays.",
    "All wells are low on water.",
)
OTHER_WATER = (
    "We counted wells until noon.",
    "Where is the water for the pumps?",
    "Measure the wells, then the pumps.",
    "Brown water comes from old wells.",
    "Bo says the pumps need water.",
    "Each of the wells has pumps now.",
    "Water, wells, pumps: we measure it all.",
)


def record(
    name: str, *said: Sequence[str], cast: Sequence[Any] = (ANN, BO), **facts: Any
) -> Record:
    turns: list[Turn] = []
    for place in range(max(map(len, said))):
        for persona, lines in zip(cast, said, strict=False):
            if place < len(lines):
                turns.append(Turn(len(turns) + 1, persona["name"], lines[place]))
    return Record(name, cast, turns, **facts)


def echo(*records: Record, **how: Any) -> Echo:
    return Echo(tables_from(records), by="hashing", **how)


def row(result: Echo, actor: str = "Ann") -> dict[str, Any]:
    table = result.by_actor.astype(object)
    [found] = table[table["actor"] == actor].to_dict("records")
    return {key: None if pd.isna(value) else value for key, value in found.items()}


def test_who_says_what_the_partner_said_copies() -> None:
    said = [*MUSIC[:2], *WATER[:3]]
    found = row(echo(record("t", said, WATER)))
    # Ann's third line is Bo's first: it was said at turn 2.
    assert (found["copies"], found["copying"], found["echo"]) == (3, 5, 5)
    assert row(echo(record("t", said, WATER)), "Bo")["copies"] == 0
    once = row(echo(record("t", [*MUSIC[:2], WATER[0], *MUSIC[2:]], WATER)))
    assert (once["copies"], once["copying"]) == (1, None), "a quotation is no onset"


def test_what_is_said_in_other_trials_is_the_repertoire() -> None:
    copying = [*MUSIC[:2], *WATER[:3]]
    repertoire = [record(f"t{k}", copying, WATER, seed=k) for k in range(3)]
    estimate = echo(*repertoire).estimate("copies")
    assert estimate.null.estimate == estimate.value == 3 / 12
    own = echo(record("t0", copying, WATER), record("t1", MUSIC[:5], MUSIC[2:])).by_actor
    assert own["elsewhere"].to_list() == [0, 0, 0, 0]


def test_who_takes_over_the_partner_s_voice_is_found_with_its_turn() -> None:
    found = row(echo(record("t", [*MUSIC, *OTHER_WATER], [*WATER, *WATER[::-1]])))
    assert (found["voice"], found["partner"]) == (2 * 7 + 1, "Bo")
    assert found["copying"] is None
    assert found["echo"] == 15
    assert found["factor"] > 0
    stays = row(echo(record("t", [*MUSIC, *MUSIC[::-1]], [*WATER, *WATER])))
    assert (stays["voice"], stays["echo"]) == (None, None)


def test_of_several_partners_the_likeliest_is_named() -> None:
    said = [*MUSIC, *OTHER_WATER]
    plain = ["The harbour is full of boats."] + ["Blue paint dries fast."] * 6
    found = row(echo(record("t", said, plain, WATER, cast=(ANN, CY, BO))))
    assert found["partner"] == "Bo"
    assert found["voice"] is not None


def test_the_null_of_voices_are_people_of_other_trials() -> None:
    changing = [record(f"t{k}", [*MUSIC, *OTHER_WATER], WATER, seed=k) for k in range(3)]
    alone = echo(*changing).estimate("voice")
    assert np.isnan(alone.null.estimate), "the data know nobody else"
    boats = record("u", MUSIC[:3], WATER[:3], cast=(CY, {**CY, "name": "Di"}))
    beside = echo(*changing, boats).estimate("voice")
    assert (beside.value, beside.null.estimate) == (3 / 8, 0)


def test_nothing_is_said_of_the_voice_of_whom_one_knows_too_little() -> None:
    short = row(echo(record("t", MUSIC[: FEWEST - 1], WATER)))
    assert (short["factor"], short["partner"]) == (None, None)
    nameless = row(echo(record("t", MUSIC, WATER, cast=({"name": "Ann"}, BO))))
    assert nameless["factor"] is None
    silent = echo(record("t", WATER, cast=(BO,)))
    assert silent.estimate("echo").value == 0
    assert Echo(tables_from([]), by="hashing").by_arm.empty


@settings(max_examples=6, deadline=None)
@given(st.permutations(MUSIC[:4] + WATER[:3]), st.permutations(WATER[:4] + MUSIC[:3]))
def test_names_change_nothing(one: list[str], other: list[str]) -> None:
    plain = echo(record("t", one, other)).by_actor
    cast = ({**ANN, "name": "Zoe"}, {**BO, "name": "Xu"})
    renamed = echo(record("t", one, other, cast=cast)).by_actor
    for column in ("turns", "copies", "copying", "factor", "voice", "echo"):
        assert plain[column].equals(renamed[column])


def test_lines_without_a_course_seldom_change_their_voice() -> None:
    # One in forty at most: 9 or more of 120 by chance in 1 of 400 runs; the seed is fixed.
    words = ["music", "songs", "wells", "water", "pumps", "concerts", "boats", "paint"]
    generator = np.random.default_rng(11)
    trials = [
        record(f"t{k}", [f"Some {a} and {b}." for a, b in generator.choice(words, (8, 2))], ["Hm."])
        for k in range(120)
    ]
    assert int(echo(*trials).by_actor["voice"].notna().sum()) <= 8
