"""What a notebook shows of scenes, transcripts, runs, results and comparisons; nothing alive."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import analysis
from sim import Actor, Arm, Contrast, Persona, Scene, Study, after, ask_stance, ring, run
from sim.errors import BadRequest
from sim.events import NO_USAGE, Answer, Turn
from sim.runs.ask import Asked, AskReport
from sim.stage.fixed import FixedLines

BAD = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of each, all with something hostile in it."""
    cast = [
        Actor(Persona(name=name, brief=f"{BAD} by the well.", opposite="Cruel and mocking.",
                      stances={"sell": stance}))
        for name, stance in (("Ada", -0.8), ("Ben", 0.8))
    ]  # fmt: skip
    scene = Scene(
        topic=f"Sell {BAD}?", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=4),
        probes=(ask_stance("sell", every=2),),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("notebook") / "x.db"
    results = run(scene, FixedLines([BAD, "Good evening."]), trials=2, store=path)
    records = [
        analysis.Record(f"{model}{seed}", [{"name": "A"}], [Turn(1, "A", "You idiot!" if loud else
                        "I see.")], seed=seed, model=model)
        for model, loud in ((f"x{BAD}", True), ("y", False))
        for seed in range(8)
    ]  # fmt: skip
    tables = analysis.tables_from(records)
    conflict = analysis.conflict(tables)
    return {
        "scene": scene,
        "results": results,
        "trial": results.trials[0],
        "transcript": results.transcripts[0],
        "result": conflict,
        "figure": conflict.plot("hostility"),
        "comparison": analysis.compare(tables, measures=["conflict.hostility"]),
        "estimate": replace(conflict.estimates[0].estimate, note=BAD),
        "answers": AskReport(
            (Asked("t1", Answer(2, "Ada", "why", BAD), known=False),), 1, 0, NO_USAGE, None
        ),
        "study": Study(
            name="tea",
            question=f"Sell {BAD}?",
            source="",
            known="",
            refuted_by="Nothing.",
            arms={"one": Arm(scenario="water_sale"), "other": Arm(scenario="water_sale")},
            primary=[Contrast(measure="convergence.c", weights={"one": 1, "other": -1})],
        ),
    }


KINDS = (
    "scene", "results", "trial", "transcript", "result", "figure", "comparison", "estimate",
    "answers", "study",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_itself_and_nothing_in_it_is_alive(shown: dict[str, Any], kind: str) -> None:
    html = shown[kind]._repr_html_()
    assert html.startswith('<div class="els"><style>')
    assert "<img" not in html
    assert "<script" not in html
    assert not re.search(r"<[^>]*\son\w+=", html)
    if kind != "results":  # Which has ids and numbers alone.
        assert "&lt;img" in html, kind


def test_a_plot_is_a_file_too(shown: dict[str, Any], tmp_path: Path) -> None:
    drawn = shown["comparison"].plot()
    assert drawn is not None
    assert drawn.svg().startswith("<?xml")
    assert "conflict" in drawn.table.csv()


def test_an_unknown_quantity_is_refused(shown: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"conflict\.plot: 'rage' is no quantity"):
        shown["result"].plot("rage")
