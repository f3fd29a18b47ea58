"""Replication of arXiv 2511.09710: agents begin to speak as their partner, less so in a form."""

from __future__ import annotations

from scenarios.paid_in_advance import paid_in_advance
from sim import Arm, Contrast, Published, Study, Twin


def structured_replies(turns: int = 14) -> Study:
    """Free replies against replies that open with who speaks and what they want."""
    return Study(
        name="structured_replies",
        question="Actors begin to speak as their partner less often if each line says first who "
        "speaks and what they want.",
        source='Shekkizhar, Cosentino, Earle and Savarese, "Echoing: identity failures when LLM '
        'agents talk to each other", arXiv 2511.09710.',
        known="Echoing in 5% to 70% of talks by model and domain, and 9% with structured replies "
        "(arXiv 2511.09710, as cited).",
        refuted_by="Structured replies echo as often as free ones.",
        arms={
            "free": Arm(scenario=paid_in_advance, parameters={"turns": turns}),
            "structured": Arm(
                scenario=paid_in_advance, parameters={"turns": turns, "structured": True}
            ),
        },
        primary=(
            Contrast(
                measure="echo.echo",
                negated="same",
                weights={"free": 1, "structured": -1},
                about="share of actors that come to speak as their partner, free less structured",
            ),
        ),
        exploratory=(
            Contrast(
                measure="echo.copies",
                negated="same",
                weights={"free": 1, "structured": -1},
                about="share of turns that copy a partner, free less structured",
            ),
            Contrast(
                measure="echo.echo",
                negated="same",
                weights={"free": 1},
                about="share of actors that come to speak as their partner, in free talk",
            ),
        ),
        seeds=16,
        published=(
            Published(
                value="echoing in 5% to 70% of talks by model and domain (32.8% for reasoning "
                "models), 9% with structured replies",
                source="Shekkizhar et al. 2025, arXiv 2511.09710",
                estimand="share of talks in which an agent leaves its role for its partner's, by a "
                "judge",
                differs="by words and by the voice of lines, and not by a judge; one domain; our "
                "structure is a sentence, theirs a typed reply",
            ),
        ),
        absent=Twin(
            why="The stage does not read how it is asked to reply: both arms are one design.",
            stages={"stage": "embedded:base"},
        ),
        cannot="On the exact stage the rate of becoming one's partner belongs to the kind of the "
        "stage, and no wording of a prompt changes it: structured replies can do nothing there.",
    )
