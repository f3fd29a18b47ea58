"""What standings say of a tournament that is not over, or in which not everybody plays."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim import open_stage
from sim.cli.display.standings import show
from sim.cli.display.tournament_progress import TournamentProgress
from sim.cli.ratings import measured
from sim.tournament import Debate, Entrant, Meeting, Swiss, Tournament
from sim.tournament.run import run_tournament

BASE = "embedded:base"


@dataclass(frozen=True)
class Duel:
    """The first two meet, and nobody else does."""

    adaptive: bool = False

    def rounds(self, entrants: int, sides: int) -> int:
        return 1

    def pair(
        self,
        entrants: int,
        sides: int,
        round: int,  # noqa: A002
        before: Sequence[Meeting],
        seed: int,
    ) -> list[tuple[int, ...]]:
        return [(0, 1)]


def told(record: dict[str, object], width: int = 100) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        show(record, console)
    return captured.get()


def test_who_met_nobody_stands_there_all_the_same(tmp_path: Path) -> None:
    cup = Tournament(
        name="Cup", entrants=[Entrant(name=name) for name in "abc"], motions=["Tea?"],
        format=Duel(), judges=[BASE],
        debate=Debate(opening=20, rebuttals=0, questions=0, closing=None),
    )  # fmt: skip
    store = tmp_path / "cup.db"
    report = asyncio.run(run_tournament(cup, {BASE: open_stage(BASE)}, store))
    record = measured(store, report.id)
    assert [each["entrant"] for each in record["standings"]][-1] == "c"
    assert record["standings"][-1]["matches"] == 0
    assert "Cup: 3 entrants, 2 debates" in told(record)
    assert re.search(r"^–     c   +–  ", told(record), re.MULTILINE)


def test_where_every_verdict_is_missing_it_is_said_why(tmp_path: Path) -> None:
    cup = Tournament(
        name="Cup", entrants=[Entrant(name=name) for name in "ab"], motions=["Tea?"],
        judges=["fixed:Well."], debate=Debate(opening=20, rebuttals=0, questions=0, closing=None),
    )  # fmt: skip
    stages = {model: open_stage(model) for model in (BASE, "fixed:Well.")}
    report = asyncio.run(run_tournament(cup, stages, tmp_path / "cup.db"))
    notes = measured(tmp_path / "cup.db", report.id)["notes"]
    assert notes[-1].startswith("4 of 4 verdicts are missing, mostly: winner: 0 is none of ")


def test_a_tournament_that_is_not_over_says_so() -> None:
    record = {
        "name": "Cup", "standings": [], "debates": 4, "judged": 4, "format": "Swiss",
        "components": [], "effects": [], "cycles": None, "judges": None, "notes": [],
    }  # fmt: skip
    assert "Cup: 0 entrants, 4 debates (Swiss)" in told(record)
    assert "4 debates, 1 of 3 rounds are over (Swiss)" in told(
        record | {"rounds": 1, "of_rounds": 3}
    )
    assert "4 debates (Swiss)" in told(record | {"rounds": 3, "of_rounds": 3})


def test_those_without_a_verdict_stand_below_the_groups() -> None:
    row = {"points": 0.0, "wins": 0, "ties": 0, "losses": 0}
    record = {
        "name": "Cup", "standings": [row | {"entrant": name} for name in "abcde"], "debates": 2,
        "judged": 2, "format": None, "components": [["a", "b"], ["c", "d"]], "effects": [],
        "cycles": None, "judges": None, "notes": [],
    }  # fmt: skip
    page = told(record)
    assert page.index("group 2") < page.index("not rated: no verdict is about them")
    assert len(re.findall(r"^– +[a-e] ", page, re.MULTILINE)) == 5


def test_where_it_is_narrow_names_give_way_and_not_ratings() -> None:
    row = {
        "entrant": "whose name is long " * 4, "points": 12.5, "wins": 12, "ties": 1, "losses": 10,
        "rating": -0.18, "low": -0.87, "high": 0.49, "rank": 19, "rank_low": 9, "rank_high": 27,
        "p_best": 0.0,
    }  # fmt: skip
    record = {
        "name": "Cup", "standings": [row], "debates": 2, "judged": 2, "format": None,
        "components": [], "effects": [], "cycles": None, "judges": None, "notes": [],
    }  # fmt: skip
    assert "-0.18 [-0.87, +0.49]" in told(record, width=80)


def test_whoever_had_a_bye_has_points_in_the_live_table() -> None:
    cup = Tournament(
        name="Cup", entrants=[Entrant(name=name) for name in "abc"], motions=["Tea?"],
        format=Swiss(), judges=[BASE],
    )  # fmt: skip
    progress = TournamentProgress(cup, 2, True, None)
    progress.round_began(1, {}, [Meeting(1, (0, 1), None), Meeting(1, (2,), None)], {})
    shown = Console(width=80, color_system=None)
    with shown.capture() as captured:
        shown.print(progress.line())
    assert re.search(r"1 +c +1 +0 +0 +0", captured.get())
    assert re.search(r"a +– +– +– +–", captured.get())
