"""Sheets for people who judge."""

from __future__ import annotations

from sim.tournament import Rubric
from sim.tournament.human_judging import Sheet
from sim.tournament.judge_prompt import Blinded, orders


def test_a_sheet_is_known_by_its_order_also_where_neither_is_alphabetical() -> None:
    sheets = [
        Sheet("0" * 32, Blinded(shown, "", {}), Rubric()) for shown in orders(("Bo", "Al", "Cy"))
    ]
    assert len({sheet.id for sheet in sheets}) == 2
