"""What is printed on terminals: narrow ones, wide letters, lines that nobody hears."""

from __future__ import annotations

from io import StringIO

from rich.cells import cell_len
from rich.console import Console

from sim.cli.display.tables import table
from sim.cli.display.transcripts import _Page
from sim.events import Intervened, Turn


def test_an_id_is_whole_on_a_narrow_terminal() -> None:
    written = StringIO()
    rows = table("trial", "scenario", "model", "seed", right=("seed",), whole=("trial",))
    rows.add_row("a8316acf", "a scenario with a long name", "embedded:bimodal", "12")
    Console(file=written, width=30).print(rows)
    assert "a8316acf" in written.getvalue()
    assert "…" not in written.getvalue().splitlines()[0].split()[0]


def test_lines_begin_below_each_other_and_an_aside_is_heard_by_nobody() -> None:
    written = StringIO()
    page = _Page(Console(file=written, width=80), {}, 9)
    page.turn(Turn(1, "Ada", "Well."))
    page.turn(Turn(2, "王小明", "Well.", audience=()))
    page.change(Intervened(3, "1:note", "note", text="(A shot.)", audience=()))
    first, second, third = written.getvalue().splitlines()[:3]
    assert cell_len(first.partition("Well")[0]) == cell_len(second.partition("Well")[0])
    assert second.endswith("(nobody hears it)")
    assert "for nobody alone" not in third
