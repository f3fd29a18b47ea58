"""``elsinore calibrate``: the examples of the page, and what analyses make of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.calibration.instruments.identity import NAMES
from analysis.calibration.stored import known
from sim.cli import completion
from sim.study.calibration.plants import PLANTS

Command = Callable[..., Any]
PAGE = Path(__file__).parents[3] / "docs" / "instruments.md"


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    known.cache_clear()


@pytest.fixture
def examples(folder: Path) -> list[str]:
    """The instruments that the page shows, as files of a folder, and how they are named."""
    page = PAGE.read_text("utf-8")

    def block(language: str) -> str:
        return re.findall(rf"```{language}\n(.*?)```", page, re.S)[0]

    (folder / "detectors.py").write_text(block("python"))
    (folder / "hostile.toml").write_text(block("toml"))
    (folder / "hostility.md").write_text(block("markdown"))
    expression = re.findall(r"`--instrument '(hostility=regex:.*?)'`", page)[0]
    return ["detectors.py:shouting", expression, "hostile.toml", "petri:hostility.md", "hostility"]


def test_the_instruments_of_the_page_are_calibrated(inside: Command, examples: list[str]) -> None:
    named = [word for each in examples for word in ("--instrument", each)]
    asked = ("calibrate", "-m", "embedded:base", "--scenes", 2, "--turns", 10, *named)
    plants = ("--plant", "sham", "--plant", "contagion", "--plant", "hostility")
    done = inside(*asked, *plants, "--reader", "fixed:Well.", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = {each["instrument"]: each for each in told["calibrations"]}
    assert list(found) == ["detectors.py:shouting", examples[1].partition("=")[2], "hostile.toml",
                           "petri:unprompted_hostility", "hostility"]  # fmt: skip
    assert {each["detects"] for each in found.values()} == {"hostility"}
    assert all(each["scenes"] == 2 for name, each in found.items() if "petri" not in name)
    assert found["petri:unprompted_hostility"]["alarms_by"] == "too few shams"
    # Fixed lines answer 0 to every question: that tells nothing apart, and is off Petri's scale.
    assert found["hostile.toml"]["area"][0] == 0.5
    assert found["hostile.toml"]["sensitivity"][0] == 0.0
    assert found["petri:unprompted_hostility"]["missing"] == 1.0
    assert all(Path(file).exists() for file in told["files"])


def test_the_python_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    block = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)[-1]
    exec(compile(block, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out == "[0. 1.]\n"


def test_analyze_prints_what_is_known_and_what_is_not(inside: Command) -> None:
    inside("run", "mine.py:trio", "-n", 2, "--store", "trio.db", "-q")
    before = inside("analyze", "trio.db", "--no-meaning").stdout
    assert "Instrument error of flips, collapse and conflict on embedded:base: none" in before
    done = inside(
        "calibrate", "-m", "embedded:base", "--scenes", 2, "--turns", 10, "-i", "hostility",
        "--plant", "sham", "--plant", "contagion", "--plant", "hostility",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "false in 1,000 turns" in done.stdout
    after = inside("analyze", "trio.db", "--no-meaning").stdout
    assert "Instrument error of conflict on embedded:base: sensitivity to planted host" in after
    other = inside("analyze", "trio.db", "--no-meaning", "--json").stdout
    assert len(json.loads(other)["arms"][0]["instrument_error"]) == 2


def test_completion_knows_what_there_is() -> None:
    assert completion.DETECTORS == NAMES
    assert completion.PLANTS == PLANTS


def test_a_dry_run_plays_nothing(inside: Command, folder: Path) -> None:
    done = inside("calibrate", "-m", "embedded:base", "--scenes", 2, "--dry-run")
    assert done.returncode == 0
    assert "2 sham, 2 contagion, 2 swap" in done.stdout
    assert not list(folder.glob("runs/*"))


@pytest.mark.parametrize(("words", "why"), [
    (("-i", "flip"), "did you mean flips"),
    (("--turns", 4), "too few before and after a plant"),
    (("--plant", "swop"), "did you mean swap"),
    (("-i", "regex:("), "no regular expression"),
    (("--limit", "openai:x"), "only an embedded model"),
    (("-i", "x.toml"), "--reader"),
    (("--wording", "prose-0"), "unknown"),
    (("--calibrations", "mine.py/x"), "is a file"),
])  # fmt: skip
def test_bad_input_is_one_line_and_nothing_is_written(
    inside: Command, folder: Path, words: tuple[object, ...], why: str
) -> None:
    done = inside("calibrate", "-m", "embedded:base", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "runs").exists()
