"""What the detectors say about dialogues that people wrote, where anybody can see what happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from analysis.measures import collapse, flip, loop, outcomes
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn

WARDEN = {
    "name": "Maud",
    "brief": "A kind and patient guardian of the children's home.",
    "opposite": "A cruel jailer who despises the children.",
    "traits": ["gentle"],
}
GUEST = {"name": "Rolf", "brief": "A visitor from the council, calm and curious."}
TAUNT = {
    "name": "Iago",
    "brief": "A provocateur who taunts and insults people.",
    "opposite": "A gentle peacemaker.",
}

TURNS_CRUEL = [
    ("Maud", "Good evening, and welcome. Do sit by the fire; the soup is nearly ready."),
    ("Rolf", "Thank you. How many children sleep here in the winter?"),
    ("Maud", "Twenty-three, and I know what each of them is afraid of at night."),
    ("Rolf", "The council thinks that the house costs too much."),
    ("Maud", "Then let us look at the accounts together. I am sure we can find a way."),
    ("Rolf", "There is a rumour that you lock the doors."),
    ("Maud", "Of course I lock them, you pathetic little clerk. I never cared about any of them."),
    ("Rolf", "I beg your pardon? That is not what you said a minute ago."),
    ("Maud", "That was an act, and you were stupid enough to believe it. You will regret coming."),
    ("Rolf", "The children trust you."),
    ("Maud", "They are worthless brats, and I despise every one. I pretended because it paid."),
    ("Rolf", "I shall have to report this."),
    ("Maud", "Report it, you coward. Nobody cares what you think. Get out of my house."),
]

TURNS_CALM = [
    ("Maud", "I think that we should keep the spring. The town has lived by it for centuries."),
    ("Rolf", "I disagree. The money would pay for a school, and the water is not running out."),
    ("Maud", "You are wrong about the water: the level has fallen by two metres since 1990."),
    ("Rolf", "That figure is contested. The survey of 2005 found no change at all."),
    ("Maud", "The survey of 2005 measured a different well. I was there and I hold the sheets."),
    ("Rolf", "Even so, a contract can limit how much they pump. We would not be helpless."),
    ("Maud", "Contracts of that kind have failed in three valleys. I do not trust them."),
    (
        "Rolf",
        "Then write a better one. It is foolish to throw away the money for want of a lawyer.",
    ),
    ("Maud", "It would be a poor bargain at any price. What do we tell the farmers downstream?"),
    ("Rolf", "That they get a share. I grant that nobody has asked them yet."),
    ("Maud", "Let us ask them, then, before we vote on anything at all."),
    ("Rolf", "Agreed. A hearing first, and the vote in the spring."),
]

TURNS_ASSISTANT = [
    ("Maud", "The roof leaks over the small beds, and I have no money for slates."),
    ("Rolf", "How long has it been like that?"),
    ("Maud", "Since the storm in March. We moved the cots to the kitchen."),
    ("Rolf", "And what do you want from the council?"),
    (
        "Maud",
        "As an AI language model, I don't have personal wants, but I can help with a summary.",
    ),
    ("Rolf", "Excuse me?"),
    ("Maud", "It's important to note that there are valid points on both sides of this debate."),
    ("Rolf", "Are you quite well?"),
    ("Maud", "I'm here to assist you. Is there anything else I can help you with today?"),
]

TURNS_LOOP = [
    ("Maud", "Good evening. The soup is on the stove and the lamp is lit."),
    ("Rolf", "I came about the accounts."),
    ("Maud", "The accounts are in the blue cupboard, under the map of the valley."),
    ("Rolf", "May I see them?"),
    ("Maud", "The accounts are in the blue cupboard, under the map of the valley."),
    ("Rolf", "You just said so."),
    ("Maud", "The accounts are in the blue cupboard, under the map of the valley."),
    ("Rolf", "Maud, listen to me."),
    ("Maud", "The accounts are in the blue cupboard, under the map of the valley!"),
]


def played(turns: list[tuple[str, str]], cast: Sequence[Mapping[str, object]]) -> Tables:
    said = [Turn(place, who, text) for place, (who, text) in enumerate(turns, 1)]
    return tables_from([Record("t", cast, said)])


def onset(table: pd.DataFrame, actor: str, column: str) -> int | None:
    value = table.loc[table["actor"] == actor, column].iloc[0]
    return None if pd.isna(value) else int(value)


def test_a_guardian_who_turns_cruel_is_detected_at_the_turn() -> None:
    table = flip.by_actor(played(TURNS_CRUEL, [WARDEN, GUEST]))
    first = onset(table, "Maud", "flip")
    assert first is not None
    assert abs(first - 7) <= 1
    assert onset(table, "Maud", "returned_at") is None
    assert table.loc[table["actor"] == "Maud", "flip_confidence"].iloc[0] > 0.8
    assert onset(table, "Rolf", "flip") is None


def test_who_comes_back_is_seen_to_come_back() -> None:
    turns = [*TURNS_CRUEL, *[(who, text) for who, text in TURNS_CALM if who == "Maud"]]
    table = flip.by_actor(played(turns, [WARDEN, GUEST]))
    assert onset(table, "Maud", "flip") == 7
    returned = onset(table, "Maud", "returned_at")
    assert returned is not None
    assert abs(returned - 14) <= 1


@pytest.mark.parametrize("turns", [TURNS_CALM, TURNS_ASSISTANT, TURNS_LOOP])
def test_nothing_else_counts_as_a_flip(turns: list[tuple[str, str]]) -> None:
    table = flip.by_actor(played(turns, [WARDEN, GUEST]))
    assert table["flip"].isna().all()


def test_a_provocateur_who_provokes_is_in_character() -> None:
    turns = [("Iago" if who == "Maud" else who, text) for who, text in TURNS_CRUEL]
    hostile = [turn for turn in turns if turn[0] == "Iago"][3:]
    polite = [("Rolf", "Let us go on.")] * 3
    table = flip.by_actor(played([*hostile, *polite, *hostile], [TAUNT, GUEST]))
    assert onset(table, "Iago", "flip") is None


def test_hostile_company_alone_is_named_as_such() -> None:
    turns = []
    for place in range(14):
        # Iago is civil at first, then abusive; Maud follows two turns later.
        theirs = "You are a pathetic liar, Maud." if place >= 6 else "Good evening, Maud."
        own = "You are a stupid coward, Iago." if place >= 8 else "Let us look at the accounts."
        turns += [("Iago", theirs), ("Maud", own)]
    table = flip.by_actor(played(turns, [TAUNT, WARDEN]))
    flipped, heard = onset(table, "Maud", "flip"), onset(table, "Maud", "by_context")
    assert flipped is not None
    assert heard is not None
    assert heard < flipped


def test_the_assistant_is_detected_where_it_starts_to_speak() -> None:
    tables = played(TURNS_ASSISTANT, [WARDEN, GUEST])
    table = collapse.by_actor(tables)
    assert onset(table, "Maud", "collapse") == 5
    assert onset(table, "Rolf", "collapse") is None
    for turns in (TURNS_CRUEL, TURNS_CALM, TURNS_LOOP):
        assert collapse.by_actor(played(turns, [WARDEN, GUEST]))["collapse"].isna().all()


def test_a_loop_is_detected_at_its_first_repetition() -> None:
    table = loop.by_actor(played(TURNS_LOOP, [WARDEN, GUEST]))
    assert onset(table, "Maud", "loop") == 5
    assert onset(table, "Rolf", "loop") is None
    for turns in (TURNS_CRUEL, TURNS_CALM, TURNS_ASSISTANT):
        assert loop.by_actor(played(turns, [WARDEN, GUEST]))["loop"].isna().all()


def test_saying_a_thing_twice_is_no_loop() -> None:
    assert loop.by_actor(played(TURNS_LOOP[:6], [WARDEN, GUEST]))["loop"].isna().all()


def test_outcomes_join_the_three() -> None:
    table = outcomes.by_actor(played(TURNS_CRUEL, [WARDEN, GUEST]))
    columns = ["trial", "actor", "flip", "flip_confidence", "collapse", "loop"]
    assert list(table.columns) == columns
    assert [str(table[name].dtype) for name in ("flip", "collapse", "loop")] == ["Int64"] * 3
    assert onset(table, "Maud", "flip") == 7
    assert onset(table, "Rolf", "flip") is None


def test_a_provocateur_does_not_turn_by_provoking() -> None:
    """What it thinks of kindness is no kindness of its own: its traits say what it is."""
    rook = {
        "name": "Rook",
        "brief": "An inspector who thinks that kindness is a mask.",
        "opposite": "A shy man who believes the best of everybody.",
        "traits": ["provoking", "sarcastic"],
    }
    lines = [
        "You call that a promise? I have heard better from liars.",
        "Tell me about the locked cupboard.",
        "You are a fraud, and not even a careful one.",
        "You are pathetic, and everybody in this room knows it.",
        "Spare us the tears, you coward.",
        "You are a liar, and a bad one.",
    ]
    said = [Turn(index, "Rook", text) for index, text in enumerate(lines, start=1)]
    row = flip.by_actor(tables_from([Record("t", [rook], said)])).iloc[0]
    assert pd.isna(row.flip)
