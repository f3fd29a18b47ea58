"""A format of a user's own: it is compiled, held, hashed by what it is made of, and checked."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sim import open_stage
from sim.errors import SceneError
from sim.tournament import Debate, Entrant, Meeting, Tournament
from sim.tournament.run import run_tournament

BASE = "embedded:base"
IDENTITIES = {BASE: "base"}
SHORT = Debate(opening=30, rebuttals=0, questions=0, closing=None)

LADDER = '''
"""A file of a user's."""
STEP = 1


class Ladder:
    """Neighbours meet; whoever wins goes one step up."""

    adaptive = True

    def __init__(self, length=2):
        self.length = length

    def rounds(self, entrants, sides):
        return self.length

    def pair(self, entrants, sides, round, before, seed):
        order = list(range(entrants))
        for meeting in sorted(before, key=lambda one: (one.round, one.entrants)):
            if meeting.round < round and meeting.scores and meeting.scores[1] > meeting.scores[0]:
                low, high = (order.index(one) for one in meeting.entrants)
                order[low], order[high] = order[high], order[low]
        first = (round - 1) % 2
        return [tuple(order[at : at + 2]) for at in range(first, entrants - 1, 2)]
'''


def cup(form: Any, names: str = "abcd", **more: Any) -> Tournament:
    fields: dict[str, Any] = {
        "name": "Cup",
        "entrants": [Entrant(name=name) for name in names],
        "motions": ["Tea?", "Coffee?"],
        "debate": SHORT,
        "judges": [BASE],
        "format": form,
    }
    return Tournament(**fields | more)


def loaded(folder: Path, source: str) -> Any:
    """A module of a user's, from its file."""
    path = folder / f"own{len(list(folder.iterdir()))}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def test_a_plain_class_is_a_format_and_is_held(tmp_path: Path) -> None:
    tournament = cup(loaded(tmp_path, LADDER).Ladder(length=3))
    store = tmp_path / "cup.db"
    stages = {BASE: open_stage(BASE)}
    report = asyncio.run(run_tournament(tournament, stages, store))
    assert report.rounds == report.of == 3
    assert [one.entrants for one in report.meetings if one.round == 1] == [(0, 1), (2, 3)]
    assert all(one.scores is not None for one in report.meetings)
    again = asyncio.run(run_tournament(tournament, stages, store))
    assert (again.id, again.meetings) == (report.id, report.meetings)


def test_its_id_is_of_its_syntax_and_its_values(tmp_path: Path) -> None:
    def identity(source: str, **how: Any) -> str:
        return cup(loaded(tmp_path, source).Ladder(**how)).identity(IDENTITIES)

    plain = identity(LADDER)
    assert identity(LADDER.replace("adaptive = True", "adaptive = True  # so it is")) == plain
    assert identity(LADDER.replace("go", "goes")) == plain, "a docstring is no behaviour"
    assert identity(LADDER, length=2) == plain
    assert identity(LADDER, length=3) != plain
    assert identity(LADDER.replace("(round - 1) % 2", "round % 2")) != plain


def test_another_format_plays_what_both_have_only_once(tmp_path: Path) -> None:
    ladder = loaded(tmp_path, LADDER).Ladder

    def trials(form: Any) -> set[str]:
        tournament = cup(form)
        return {tournament.trial(leg, IDENTITIES).id for leg in tournament.legs(1)}

    assert trials(ladder(1)) == trials(ladder(5)), "trials are kept by their content"


def test_who_has_no_source_is_refused_when_it_is_hashed() -> None:
    made: dict[str, Any] = {"__name__": "nowhere"}
    exec(LADDER, made)  # noqa: S102
    with pytest.raises(SceneError, match="source of Ladder cannot be found"):
        cup(made["Ladder"]()).identity(IDENTITIES)


@dataclass(frozen=True)
class Fixed:
    """One round that is what the test says."""

    pairs: Any
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
    ) -> Any:
        return self.pairs


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([(0, 4)], r"round 1 .*\(0, 4\).* entrants 0 to 3"),
        ([(0, -1)], r"entrants 0 to 3"),
        ([(0, 1, 2)], r"2 sides"),
        ([(0, 1), (1, 2)], r"entrant 1 .*twice"),
        ([()], r"2 sides"),
        ([(0, 1), 2], r"no meeting"),
        (None, r"holds no meetings"),
        ([(0, "a")], r"no meeting"),
    ],
)
def test_a_pairing_that_makes_no_sense_is_refused(pairs: Any, says: str) -> None:
    with pytest.raises(SceneError, match=says):
        cup(Fixed(pairs)).pairings(1)


def test_byes_and_self_play_make_sense() -> None:
    assert cup(Fixed([[0, 1], (2,)])).pairings(1) == [(0, 1), (2,)]
    assert cup(Fixed([(0, 0), (0, 2)])).pairings(1) == [(0, 0), (0, 2)]


class Silent:
    """It does not say whether it is adaptive."""

    def rounds(self, entrants: int, sides: int) -> int:
        return 1

    def pair(self, *_: Any) -> Any:
        return [(0, 1)]


def test_what_lacks_a_part_is_no_format() -> None:
    with pytest.raises(SceneError, match=r"is no format; .*adaptive, rounds and pair"):
        cup(Silent())
    with pytest.raises(SceneError, match="is no format"):
        cup("swiss")
    with pytest.raises(SceneError, match="is no format"):
        cup(Fixed)


@dataclass(frozen=True)
class Faulty:
    """It has a mistake of a beginner's."""

    often: Any = 1
    adaptive: bool = False

    def rounds(self, entrants: int, sides: int) -> Any:
        return self.often

    def pair(self, *_: Any) -> Any:
        return {"ready": []}["missing"]


def test_what_a_format_raises_is_said_in_one_line() -> None:
    with pytest.raises(SceneError, match=r"^Faulty\.pair raised KeyError: 'missing'$"):
        cup(Faulty()).pairings(1)


@pytest.mark.parametrize("often", [0, -1, "3", None, 2.0, True])
def test_rounds_that_are_no_number_are_refused(often: Any) -> None:
    with pytest.raises(SceneError, match=r"Faulty\.rounds: .* is no number of rounds"):
        cup(Faulty(often))
