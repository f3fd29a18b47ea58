"""The dialogue with a coder, key by key: what is asked, and what is passed over."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from analysis.labels.folder import Answers, Shown
from analysis.labels.sheet import Item, Question
from sim.cli.coding_dialogue import Dialogue
from sim.cli.coding_sitting import Sitting

SCENE = [
    Item(f"{scene}{turn}", f"{'Ada' if turn % 2 else 'Ben'} (to Cleo alone)", f"Line {turn}.",
         scene=scene)
    for scene in "xy" for turn in range(4)
]  # fmt: skip


def coded(folder: Path, items: list[Item], keys: str) -> tuple[dict[str, str], str]:
    """The answers after these keys, and what was shown."""
    shown = Shown(Question("Is it hostile?", ("yes", "no")), tuple(items), "0")
    answers = Answers(folder, "kim")
    screen = io.StringIO()
    waiting = iter(keys)

    def key() -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    Dialogue(Sitting(shown, items, answers), Console(file=screen, width=80), key).run()
    answers.close()
    return answers.given, screen.getvalue()


def test_in_a_whole_scene_nobody_is_asked_after_a_first_event(tmp_path: Path) -> None:
    given, screen = coded(tmp_path, SCENE, "ynn" + "nnnn")
    assert given == {"x0": "yes", "x1": "no", "x3": "no", **dict.fromkeys(
        ("y0", "y1", "y2", "y3"), "no")}  # fmt: skip
    assert "scene 1 of 2, line 2 of 4" in screen
    assert "That was the last one." in screen


def test_an_event_taken_back_asks_again(tmp_path: Path) -> None:
    given, _ = coded(tmp_path, SCENE[:4], "ybnnnn")
    assert given == {"x0": "no", "x1": "no", "x2": "no", "x3": "no"}


def test_what_was_skipped_comes_again_next_time(tmp_path: Path) -> None:
    lines = [Item(f"i{number}", "Ada", "Well.", ("Ben: So?",)) for number in range(3)]
    given, screen = coded(tmp_path, lines, "sYn")
    assert given == {"i1": "yes", "i2": "no"}
    assert "1 skipped" in screen
    again, screen = coded(tmp_path, lines, "N")
    assert again == {"i0": "no", "i1": "yes", "i2": "no"}
    assert "2 of 3 done" in screen


def test_going_back_to_skip_takes_an_answer_back(tmp_path: Path) -> None:
    lines = [Item(f"i{number}", "Ada", "Well.") for number in range(2)]
    given, screen = coded(tmp_path, lines, "bybs")
    assert given == {}
    assert "this is the first one of this sitting" in screen
    assert "answered before: yes" in screen


@pytest.mark.parametrize("hidden", ["\x1b[31m", "\u202e"])
def test_nothing_that_was_said_steers_the_terminal(tmp_path: Path, hidden: str) -> None:
    items = [Item("i1", f"A{hidden}", f"Oh{hidden}.", (f"Ben: {hidden}",))]
    _, screen = coded(tmp_path, items, "q")
    assert hidden not in screen
    assert re.search(r"Oh.*\.", screen)
