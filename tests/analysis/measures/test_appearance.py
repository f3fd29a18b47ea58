"""Who appears: shares that add up to 1, of lines that an actor said itself."""

from __future__ import annotations

from analysis.evidence.appearance import WHO
from analysis.measures.appearance import Appearance
from analysis.primary import numbers_of
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn

CAST = [
    {"name": "Nora", "brief": "gentle and kind", "opposite": "cruel and full of hate"},
    {"name": "Silas"},
]


def tables() -> Tables:
    """Five lines of Nora's, one of them put in."""
    said = [
        Turn(1, "Nora", "The letters are for the children."),
        Turn(2, "Silas", "The chest goes on Friday."),
        Turn(3, "Nora", "The letters are for the children."),
        Turn(4, "Nora", "You are a liar and a fool.", source="intervention"),
        Turn(5, "Nora", "The chest goes on Friday!"),
        Turn(6, "Nora", "You are a liar and a fool, and I hate you. Shut up, you idiot!"),
        Turn(7, "Nora", "Come in.", strangers=("Porter",)),
    ]
    return tables_from([Record("t", CAST, said)])


def test_each_line_is_somebodys_and_shares_add_up() -> None:
    result = Appearance(tables())
    who = result.by_turn.set_index("turn")["who"].to_dict()
    assert who == {
        1: "self", 2: "self", 3: "loop", 5: "partner", 6: "opposite", 7: "stranger"
    }  # fmt: skip
    shares = result.by_actor.set_index("actor").loc["Nora", list(WHO)]
    assert shares.sum() == 1
    assert shares["self"] == 0.2


def test_only_what_was_said_after_the_text_counts() -> None:
    late = numbers_of("appearance.self", tables(), "Nora", {"after": 4})
    assert late == {"t": 0.0}
    assert numbers_of("appearance.stranger", tables(), "Nora", {"after": 6}) == {"t": 1.0}
