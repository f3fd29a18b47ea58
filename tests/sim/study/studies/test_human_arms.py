"""A role may be people: the conversations of a file are an arm, read and not played."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import BadRequest
from sim.planning.studies import Arm, Contrast, Distance, Study
from sim.planning.trials import IMPORTED
from sim.store import open_store
from sim.study.studies.conduct import conduct
from sim.study.studies.design import design_of


def study(**changes: object) -> Study:
    """What a stage does, beside what people do."""
    scene = {"scenario": "cross_purposes", "parameters": {"turns": 6}}
    given: dict[str, object] = {
        "name": "beside_people",
        "question": "Does a stage loop more than people do?",
        "source": "none",
        "known": "nothing",
        "refuted_by": "no difference",
        "stages": {"replica": "embedded:base", "humans": "embedded:base"},
        "arms": {
            "replica": Arm(stage="replica", **scene),
            "humans": Arm(stage="humans", **scene),
        },
        "primary": (Contrast(measure="loops.repetitions", weights={"replica": 1, "humans": -1}),),
        "seeds": 3,
    }
    return Study(**{**given, **changes})


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    """Eight conversations of people, of two turns."""
    rows = ["conversation,speaker,text"]
    for number in range(8):
        rows += [f"c{number},Ann,Is it {number} o'clock yet?", f"c{number},Ben,It is not."]
    path = tmp_path / "chat.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_conversations_of_a_file_are_an_arm(chats: Path, tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    asked = study()
    found = conduct(asked, store, models={"humans": f"file:{chats}"})
    [result] = [each.result for each in found.primary]
    assert result.played == {"replica": 3, "humans": 8}
    assert result.unit == "trial"
    assert found.models["humans"] == "file:chat.csv"
    assert not found.embedded
    with open_store(store) as opened:
        arms = [trial.arm for trial in opened.trials()]
    assert arms.count(IMPORTED) == 8
    # Again: nothing is played or imported anew, and nothing deviates.
    again = conduct(asked, store, models={"humans": f"file:{chats}"})
    assert again.sentences == found.sentences


def test_other_transcripts_are_a_deviation(chats: Path, tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    conduct(study(), store, models={"humans": f"file:{chats}"})
    chats.write_text("speaker,text\nAnn,Well?\nBen,No.\n", encoding="utf-8")
    found = conduct(study(), store, models={"humans": f"file:{chats}"})
    assert any(told.startswith("what people said") for told in found.deviations)


def test_one_file_is_one_arm(chats: Path) -> None:
    same = {"humans": f"file:{chats}", "replica": f"file:{chats}"}
    with pytest.raises(BadRequest, match="give each a file of its own"):
        design_of(study().on(same))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"none\.csv"):
        design_of(study().on({"humans": f"file:{tmp_path / 'none.csv'}"}))


def test_a_contrast_tells_its_measure_more(tmp_path: Path) -> None:
    one = Contrast(
        measure="acts.platitude", weights={"replica": 1, "humans": -1}, settings={"sed": 3}
    )
    with pytest.raises(BadRequest, match="told other things"):
        conduct(study(primary=(one,)), tmp_path / "x.db")


def test_a_distance_is_measured_as_a_whole(tmp_path: Path) -> None:
    kinds = ("loop", "collapse", "none")
    apart = Distance(
        measure="competing_risks", quantities=kinds, weights={"replica": 1, "humans": -1}
    )
    found = conduct(study(primary=(apart,), seeds=6), tmp_path / "x.db")
    [finding] = found.findings
    assert finding.result.unit == "block"
    assert list(finding.result.means)[:2] == [
        "replica, competing_risks.loop", "replica, competing_risks.collapse"
    ]  # fmt: skip
    assert "null 0.00, competing_risks" in finding.sentence
