"""The naming game: does a committed minority turn a convention?"""

from __future__ import annotations

from scenarios.naming_game import naming_game
from sim import Arm, Contrast, Published, Study, Twin

HANNE = {"subject": "Hanne"}
"""She speaks last, and is never among the committed."""

_NEVER_MOVES = "embedded:base?alpha=1&hazard=0&provocation=0"


def committed_minority(rounds: int = 3) -> Study:
    """Two of eight who will not use the old name turn the other six away from it."""
    arms = {
        name: Arm(scenario=naming_game, parameters={"committed": count, "rounds": rounds})
        for name, count in (("none", 0), ("one", 1), ("two", 2), ("three", 3))
    }
    return Study(
        name="committed_minority",
        question="Villagers among whom a quarter are committed to a new name hold to the old one "
        "less than villagers among whom nobody is.",
        source='Centola and Becker, "Experimental evidence for tipping points in social '
        'convention" (2018); with language models arXiv 2410.08948.',
        known="Among people about a quarter were enough (Centola and Becker, as cited); models tip "
        "at a share of their own (arXiv 2410.08948, as cited).",
        refuted_by="She who is not committed ends where she ends without anybody committed.",
        arms=arms,
        primary=(
            Contrast(
                measure="conformity.last",
                weights={"none": 1, "two": -1},
                negated="opposite",
                settings=HANNE,
                about="how much less the last of eight holds to the old name, two committed",
            ),
        ),
        exploratory=(
            Contrast(
                measure="conformity.last",
                weights={"none": 1, "one": -1},
                negated="opposite",
                settings=HANNE,
                about="the same with one committed",
            ),
            Contrast(
                measure="conformity.last",
                weights={"one": 1, "three": 1, "two": -2},
                negated="opposite",
                expected="different",
                settings=HANNE,
                about="whether the second changes more than the third (a tipping point)",
            ),
        ),
        seeds=12,
        published=(
            Published(
                value="a committed quarter turned groups of people",
                source="Centola and Becker 2018",
                estimand="share that uses the new convention in repeated games of pairs",
                differs="ours are private stances after a talk of all, with no reward",
            ),
        ),
        planted=Twin(
            why="The committed are played by a stage that never moves, the others give most weight "
            "to what they hear (alpha = 0.2).",
            stages={"stage": "embedded:base?alpha=0.2&hazard=0&provocation=0"},
            parameters={"committed_stage": _NEVER_MOVES},
        ),
        absent=Twin(
            why="Nobody's stance depends on what is heard (alpha = 1).",
            stages={"stage": _NEVER_MOVES},
        ),
    )
