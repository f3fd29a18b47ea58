"""Other people's transcripts as trials: all or none, one arm a file, personas by pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

import analysis
from analysis import graphs
from sim.errors import BadRequest
from sim.formats import FormatError
from sim.planning.trials import IMPORTED
from sim.runs.importing import FEW, import_file, personas_of, preview, speakable
from sim.store import open_store

TALK = """conversation,speaker,text,at,id,reply_to,audience,title
a,Ann,Shall we sell it?,2024-01-01,1,,,The spring
b,Dr: No,I never agree.,,1,,,
a,Ben,"No, you fool!",2024-01-02,2,1,,The spring
a,Ann,You are wrong.,2024-01-03,3,2,Ben,The spring
b,Ann,Why?,,2,1,,
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.csv"
    path.write_text(TALK, encoding="utf-8")
    return path


def test_conversations_become_trials(talk: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    found = import_file(talk, store)
    assert (found.conversations, found.turns, found.speakers, found.known) == (2, 5, 3, 0)
    with open_store(store) as opened:
        first, second = (opened.trial(trial) for trial in found.trials)
        assert (first.arm, first.status, first.scenario) == (IMPORTED, "done", "talk.csv")
        assert [(turn.speaker, turn.text) for turn in first.transcript.turns] == [
            ("Ann", "Shall we sell it?"), ("Ben", "No, you fool!"), ("Ann", "You are wrong."),
        ]  # fmt: skip
        assert [turn.at for turn in first.transcript.turns][:2] == ["2024-01-01", "2024-01-02"]
        assert [turn.answers for turn in first.transcript.turns] == [None, 1, 2]
        assert first.transcript.turns[2].audience == ("Ben",)
        assert first.canonical["topic"] == "The spring"
        assert second.transcript.turns[0].speaker == "Dr No", "a colon would end the name"
    assert import_file(talk, store).known == 2, "the same file adds nothing"
    with open_store(store) as opened:
        assert len(opened.trials()) == 2


def test_an_import_is_one_arm(talk: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    import_file(talk, store)
    tables = analysis.load(store)
    assert len(analysis.conflict(tables).by_arm["arm"].unique()) == 1
    assert len(analysis.conflict(tables).by_arm) == 5
    assert len(graphs.turn_taking(tables)) == 3, "it pools the conversations of one file"
    assert set(tables.trials["version"]) == {""}


def test_a_broken_file_leaves_the_store_as_it_was(talk: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    import_file(talk, store)
    before = store.read_bytes()
    broken = tmp_path / "broken.csv"
    broken.write_text(TALK + "c,Ann\n", encoding="utf-8")
    with pytest.raises(FormatError, match="line 7"):
        import_file(broken, store)
    assert store.read_bytes() == before
    new = tmp_path / "new.db"
    with pytest.raises(FormatError):
        import_file(broken, new)
    assert not new.exists()


def test_personas_are_given_by_name_or_pattern(talk: Path, tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text(
        '[Ann]\nbrief = "A hydrologist."\nopposite = "A dealer in water."\n["D*"]\n'
        'traits = ["stubborn"]\n', encoding="utf-8",
    )  # fmt: skip
    store = tmp_path / "s.db"
    import_file(talk, store)
    found = import_file(talk, store, personas=personas_of(path))
    with open_store(store) as opened:
        cast = {each["name"]: each for each in opened.trial(found.trials[1]).cast}
        assert cast["Ann"]["opposite"] == "A dealer in water."
        assert cast["Dr No"]["traits"] == ["stubborn"]
        parameters = [sorted(trial.parameters) for trial in opened.trials()]
        assert sorted(parameters) == [["file"]] * 2 + [["file", "personas"]] * 2, "another arm"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Ann = 3\n", "Ann is no table"),
        ('[Ann]\nbrif = "x"\n', "has no field 'brif'; did you mean brief"),
        ('[Ann]\nname = "Zoe"\n', "has no field 'name'"),
    ],
)
def test_personas_that_are_none(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "people.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match=problem):
        personas_of(path)


def test_many_speakers(tmp_path: Path) -> None:
    path, store = tmp_path / "crowd.csv", tmp_path / "s.db"
    rows = "".join(f"Person {number},Hello.\n" for number in range(400))
    path.write_text(f"speaker,text\n{rows}", encoding="utf-8")
    found = import_file(path, store)
    assert found.speakers == 400 > FEW
    with open_store(store) as opened:
        assert len(opened.trial(found.trials[0]).scene.graph.edges) == 400


def test_a_monologue(tmp_path: Path) -> None:
    path, store = tmp_path / "one.csv", tmp_path / "s.db"
    path.write_text("speaker,text\nAnn,Hello.\nAnn,Anybody?\n", encoding="utf-8")
    found = import_file(path, store)
    with open_store(store) as opened:
        assert len(opened.transcript(found.trials[0])) == 2


def test_the_first_turns_are_shown(talk: Path) -> None:
    seen = preview(talk, most=2)
    assert seen.format.name == "csv"
    assert [turn.speaker for turn in seen.turns] == ["Ann", "Dr: No"]


def test_nobody_says_anything(tmp_path: Path) -> None:
    path = tmp_path / "nobody.csv"
    path.write_text("speaker,text\nAnn, \n", encoding="utf-8")
    with pytest.raises(BadRequest, match="nobody says anything in it"):
        import_file(path, tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()


def test_names_can_stand_before_a_line() -> None:
    assert speakable("\ud800x:\u2028y ") == "\ufffdx y"
    assert speakable("::") == "unknown"
