"""``elsinore report`` and ``elsinore plot``, as a person runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def store(inside: Command, folder: Path) -> Path:
    made = inside("run", "mine.py:trio", "--trials", 3, "--store", "x.db", "--quiet")
    assert made.returncode == 0, made.stderr
    return folder / "x.db"


def test_a_report_and_figures(inside: Command, store: Path, folder: Path) -> None:
    made = inside("report", "x.db")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("x.html (")
    assert "Trio" in (folder / "x.html").read_text()
    drawn = inside("plot", "x.db", "stance", "-o", "fig.svg", "--width", 500)
    assert drawn.returncode == 0, drawn.stderr
    assert "95% intervals" in drawn.stdout
    assert 'width="500"' in (folder / "fig.svg").read_text()
    paper = inside("plot", "x.db", "graph", "-o", "fig.png")
    assert paper.returncode == 0, paper.stderr
    assert (folder / "fig.png").read_bytes().startswith(b"\x89PNG")
    table = inside("plot", "x.db", "graph", "-o", "graph.csv")
    assert table.returncode == 0, table.stderr
    assert (folder / "graph.csv").read_text().startswith("arm,who replies,")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["report", "nowhere.db"], "does not exist"),
        (["report", "x.db", "-o", "x.db"], "is a store"),
        (["report", "x.db", "-o", "no/where.html"], "no folder"),
        (["plot", "x.db", "stances"], "did you mean stance"),
        (["plot", "x.db", "stance", "-o", "fig.gif"], "name an .svg, .pdf, .png or .csv file"),
        (["plot", "x.db", "effects"], "one arm alone"),
    ],
)
def test_bad_requests_write_nothing(
    elsinore: Command, store: Path, folder: Path, arguments: list[str], told: str
) -> None:
    before = store.read_bytes()
    made = elsinore(*arguments)
    assert made.returncode == 2
    assert told in made.stderr
    assert "Traceback" not in made.stderr
    assert not made.stdout
    assert store.read_bytes() == before
    assert not list(folder.glob("*.html")) + list(folder.glob("*.svg"))
