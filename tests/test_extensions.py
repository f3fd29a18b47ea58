"""Packages of other people: the one in the documents works, and broken ones break nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim import extensions, open_stage
from sim.cli.added import everything
from sim.cli.glossary import place
from sim.errors import BadRequest
from sim.extensions import ExtensionError
from sim.formats.registry import detected
from sim.planning import canonical, scenarios
from sim.planning.decoder import Unreadable, scene_from
from sim.scene.graph import complete
from sim.scene.routing import Walk
from sim.testing.scenes import debate

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "how-to" / "package.md"


def files_of_the_page() -> dict[str, str]:
    """The files that the page shows, by their names."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", text, re.M | re.S)
    return dict(found)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the page, built as a wheel without a network, and unpacked into a folder."""
    folder = tmp_path_factory.mktemp("package")
    files = files_of_the_page()
    assert {"pyproject.toml", "lighthouse/scenes.py", "test_lighthouse.py"} <= set(files)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (folder / "lighthouse" / "__init__.py").touch()
    said_by(folder, sys.executable, "-m", "hatchling", "build", "-t", "wheel")
    [wheel] = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def said_by(folder: Path, *words: object, path: Path | None = None, code: int = 0) -> str:
    """What a program prints in a folder, with packages of another path beside ours."""
    places = [str(place) for place in (path, ROOT) if place is not None]
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    return done.stdout


ONE_AFTER_ANOTHER = """
import json, sys
from sim.cli.app import app

for words in json.loads(sys.argv[1]):
    app(words, standalone_mode=False)
    print("--- end of the command")
"""
"""Several commands in one process, since every start takes a second."""


def test_every_command_knows_its_names(installed: Path) -> None:
    commands = [
        ["list", "--json"],
        ["run", "storm", "-m", "loud:embedded:base", "-n", "2", "--json"],
        ["analyze", "runs/storm.db", "--measure", "questions", "--json"],
        ["analyze", "runs/storm.db", "--measure", "questions"],
        ["export", "runs/storm.db", "--format", "logbook", "-o", "storm.txt"],
        ["import", "storm.txt", "-o", "runs/log.db", "--json"],
        ["explain", "questions"],
        ["list"],
    ]
    whole = said_by(
        installed, sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(commands),
        path=installed / "site",
    )  # fmt: skip
    told = whole.split("--- end of the command\n")
    record = json.loads(told[0])
    [storm] = [each for each in record["scenarios"] if each["name"] == "storm"]
    assert storm["from"] == "lighthouse 0.3"
    assert {each["from"] for each in record["scenarios"] if each != storm} == {"elsinore"}
    assert {(each["group"], each["name"]) for each in record["added"]} == {
        ("scenarios", "storm"), ("stages", "loud"), ("routers", "TurnAbout"),
        ("measures", "questions"), ("instruments", "shouting"), ("formats", "logbook"),
    }  # fmt: skip
    assert record["broken"] == []
    assert {trial["status"] for trial in json.loads(told[1])["trials"]} == {"done"}
    [estimate] = json.loads(told[2])["measures"][0]["estimates"]
    assert 0 <= estimate["value"] <= 1
    assert "share of own turns that ask something" in told[3]
    assert "logbook does not hold: everything but who said what" in told[4]
    assert '"logbook"' in told[5]
    assert "how often an actor asks" in told[6]
    assert "  from lighthouse 0.3" in told[7]


def test_it_passes_the_checks_of_contracts(installed: Path) -> None:
    said_by(
        installed, sys.executable, "-m", "pytest", "-q", "test_lighthouse.py",
        path=installed / "site",
    )  # fmt: skip


# -- broken packages -------------------------------------------------------------------------------


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Declare entry points of a package that is installed in a folder on the path."""
    monkeypatch.syspath_prepend(tmp_path)

    def declare(package: str, code: str, **groups: str) -> None:
        (tmp_path / f"{package}.py").write_text(code, encoding="utf-8")
        place = tmp_path / f"{package}-1.0.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"[elsinore.{group}]\n{line}\n" for group, line in groups.items()]
        (place / "entry_points.txt").write_text("\n".join(lines))
        extensions._declared.cache_clear()

    return declare


@pytest.fixture(autouse=True)
def _forget() -> None:
    extensions._declared.cache_clear()


def test_a_package_that_does_not_load_is_an_error_for_who_names_it_alone(
    declared: Callable[..., None],
) -> None:
    declared("rotten", "raise RuntimeError('no disk')", scenarios="gone = rotten:gone",
             formats="gone = rotten:gone", stages="gone = rotten:gone")  # fmt: skip
    assert scenarios.find("mousetrap").name == "mousetrap"
    assert open_stage("embedded:base").identity
    assert "rotten" not in sys.modules, "nothing is loaded before its name is used"
    for use in (lambda: scenarios.find("gone"), lambda: open_stage("gone:x")):
        with pytest.raises(
            ExtensionError, match=r"rotten: .*'gone'.*does not load \(RuntimeError: no disk\); mend"
        ):
            use()


def test_a_broken_format_keeps_nobody_from_a_file_of_another(
    declared: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declared("rotten", "import nothing_of_that_name", formats="gone = rotten:gone")
    path = tmp_path / "chat.csv"
    path.write_text("speaker,text\nAnn,Hello\n", encoding="utf-8")
    assert detected(path).name == "csv"
    [record] = caplog.records
    assert "rotten: its entry point 'gone' in elsinore.formats" in record.message


@pytest.mark.parametrize(
    ("group", "line", "why"),
    [
        ("scenarios", "thing = wrong:thing", "cannot be used"),
        ("measures", "thing = wrong:thing", "is no class derived from analysis.Result"),
        ("formats", "thing = wrong:thing", "is no format: it has no name, about"),
        ("instruments", "thing = wrong:number", "is neither a detector nor an instrument"),
        ("scenarios", "mousetrap = wrong:thing", "has the name of one of Elsinore's own"),
        ("scenarios", "thing = wrong:nothing", "does not load"),
        ("stages", "thing = wrong:thing", "takes other things than what follows the scheme"),
        ("stages", "thing = wrong:number", "is no function that opens a stage"),
        ("routers", "thing = wrong:thing", "is no dataclass"),
        ("routers", "thing = wrong:Idle", "is no router: it has no start, heard, next"),
        ("routers", "Walk = wrong:Idle", "has the name of one of Elsinore's own"),
    ],
)
def test_what_is_not_what_its_group_asks_for_is_one_warning(
    group: str, line: str, why: str, declared: Callable[..., None]
) -> None:
    code = (
        "from dataclasses import dataclass\n"
        "number = 1\ndef thing(turns): return 1\n"
        "@dataclass(frozen=True)\nclass Idle: pass\n"
    )
    declared("wrong", code, **{group: line})
    [broken] = everything()
    assert isinstance(broken, ExtensionError)
    assert str(broken).startswith("wrong: its entry point ")
    assert why in str(broken)


def test_a_group_that_there_is_not_is_told(declared: Callable[..., None]) -> None:
    """A letter is missing, and nothing would ever be found."""
    declared("slip", "def thing(): pass\n", scenario="thing = slip:thing")
    [broken] = everything()
    assert str(broken).startswith(
        "slip: declares entry points in elsinore.scenario, which is no group of Elsinore's; did "
        "you mean elsinore.scenarios"
    )


def test_a_stage_whose_function_takes_something_else_is_refused(
    declared: Callable[..., None],
) -> None:
    declared("slip", "def thing(): pass\n", stages="thing = slip:thing")
    with pytest.raises(ExtensionError, match="slip: its entry point 'thing' in elsinore"):
        open_stage("thing:x")


def test_a_measure_of_a_package_is_explained_where_it_is(declared: Callable[..., None]) -> None:
    declared("toys", files_of_the_page()["lighthouse/measures.py"],
             measures="questions = toys:Questions")  # fmt: skip
    assert place("questions") == "toys.Questions"
    assert place("flips") == "analysis.flips"


def test_list_warns_of_what_is_broken_and_lists_the_rest(
    declared: Callable[..., None], tmp_path: Path
) -> None:
    declared("rotten", "raise SystemExit(3)", scenarios="gone = rotten:gone")
    command = [sys.executable, "-m", "sim.cli", "list"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=True
    )
    [warning] = done.stderr.splitlines()
    assert warning.startswith("elsinore: rotten: its entry point 'gone' in elsinore.scenarios")
    assert "mousetrap" in done.stdout


def test_a_stored_scene_with_a_router_of_a_package_is_read_back_while_its_code_is_the_same(
    declared: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = files_of_the_page()["lighthouse/routers.py"]
    declared("keepers", code, routers="TurnAbout = keepers:TurnAbout")
    module = scenarios.load_file(tmp_path / "keepers.py")
    graph = complete("Ada", "Ben", "Cleo")
    stored = canonical(debate(graph=graph, routing=module.TurnAbout()))
    read = scene_from(stored)
    assert type(read.routing).__name__ == "TurnAbout"
    assert canonical(read) == stored
    edited = stored.replace('"$type":"TurnAbout"', '"$type":"TurnAbout","more":1')
    with pytest.raises(Unreadable):
        scene_from(edited)
    other = canonical(debate(graph=graph, routing=Hidden()))
    with pytest.raises(Unreadable, match="Hidden is not Elsinore's"):
        scene_from(other)


@dataclass(frozen=True)
class Hidden(Walk):
    """A router that no package declares."""


def test_two_packages_cannot_have_one_name(declared: Callable[..., None]) -> None:
    for package in ("first", "second"):
        declared(package, "def thing(): pass\n", scenarios=f"thing = {package}:thing")
    with pytest.raises(BadRequest, match=r"by first 1\.0 and by second 1\.0; uninstall all"):
        scenarios.find("thing")


def test_a_stage_has_to_be_known_by_its_identity(declared: Callable[..., None]) -> None:
    code = (
        "from sim.stage.fixed import FixedLines\n"
        "def thing(name, sampling): return FixedLines([name])\n"
    )
    declared("other", code, stages="thing = other:thing")
    with pytest.raises(ExtensionError, match="does not begin with thing:"):
        open_stage("thing:hello")
