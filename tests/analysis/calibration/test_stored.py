"""Calibrations are kept by model and version, found again, and nothing is made of what is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import nan
from pathlib import Path

import pytest

import analysis
from analysis.calibration.errors import told
from analysis.calibration.instruments.identity import version_of_ours
from analysis.calibration.scoring import Calibration, Grown
from analysis.calibration.stored import VARIABLE, find, known, read, record, save
from analysis.stats import UNKNOWN, Interval
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest, RunFailed
from sim.events import Turn

SHARE = Interval(0.75, 0.5, 0.9)


def calibration(instrument: str = "flips", version: str = "v", stage: str = "s") -> Calibration:
    return Calibration(
        instrument, version, "flip", "model", stage, {"turns": 16, "layout": "persona_first"},
        "its own alarms", nan, 12, 24, 192, 0.0, SHARE, SHARE, UNKNOWN, UNKNOWN, SHARE,
        Interval(nan, nan, nan), SHARE, Interval(0.1, 0.0, 0.3), SHARE, Interval(5.0, 1.0, 9.0),
        SHARE, "odd and even turns", doses={"swap": SHARE}, others={"third": SHARE},
        grown=Grown(1, 12, SHARE, SHARE, UNKNOWN, SHARE, SHARE),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "calibrations"))
    known.cache_clear()
    yield tmp_path / "calibrations"
    known.cache_clear()


def tables(stage: str) -> Tables:
    said = [Turn(turn, "Ann", "You are pathetic.") for turn in range(1, 6)]
    cast = [{"name": "Ann", "brief": "Kind.", "opposite": "Cruel."}]
    return tables_from([Record("t", cast, said, model="m", stage=stage)])


def test_what_is_written_is_read_again_missing_numbers_too(folder: Path) -> None:
    [path] = save([calibration()], folder)
    assert record(read(path)) == record(calibration())
    assert json.loads(path.read_text())["threshold"] is None


def test_it_is_found_for_its_version_and_stage_alone(folder: Path) -> None:
    save([calibration(), calibration(stage="other")], folder)
    assert find("flips", "v", "s") is not None
    assert find("flips", "w", "s") is find("flips", "v", "t") is None
    save([calibration()], folder)
    assert len(list(folder.iterdir())) == 2, "the same is replaced"


def test_a_result_has_the_error_of_its_instrument(folder: Path) -> None:
    assert analysis.flips(tables("s")).estimate("flip").instrument_error is None
    save([calibration(version=version_of_ours("flips"))], folder)
    result = analysis.flips(tables("s"))
    error = result.estimate("flip").instrument_error
    assert error is not None
    assert (error.sensitivity, error.model) == (SHARE, "model")
    assert result.estimate("q01").instrument_error is None
    assert analysis.flips(tables("t")).estimate("flip").instrument_error is None


def test_what_is_known_is_told_and_what_is_not_known(folder: Path) -> None:
    save([calibration(version=version_of_ours("flips"))], folder)
    first, last = told(["flips", "loops", "collapse"], [("s", "m")])
    assert "sensitivity to planted swaps 75% [50%, 90%], alarms in 10%" in first
    assert last.startswith("Instrument error of loops and collapse on m: none is known")
    assert "measures that of collapse" in last


def test_a_file_that_is_none_is_one_message(folder: Path) -> None:
    folder.mkdir()
    (folder / "x.json").write_text('{"format": 1, "instrument": 3')
    with pytest.raises(BadRequest, match="is no calibration"):
        find("flips", "v", "s")


def test_a_folder_that_cannot_be_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFailed, match="cannot be made"):
        save([calibration()], tmp_path / "file")
