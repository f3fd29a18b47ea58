"""Finding scenarios, reading their parameters, building their scenes."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest

from sim.errors import BadRequest, ModelError, ScenarioError, SceneError
from sim.planning import scenarios
from sim.scene.scene import Scene
from sim.stage.open import known_models, open_model
from sim.tournament import Tournament

RING = '''
from typing import Annotated, Literal
from pydantic import Field
from sim import Actor, Persona, Scene, after, ask_stance, ring

RUNS = []

def trio(rounds: int = 2, temper: float = 0.5, tone: Literal["mild", "sharp"] = "mild",
         loud: bool = False, gifts: tuple[str, ...] = ("bread",),
         guests: Annotated[int, Field(ge=0, le=9)] = 0, host: str | None = None) -> Scene:
    """Three neighbours share a well.

    More about them."""
    RUNS.append(1)
    names = ("Ada", "Ben", "Cleo")
    return Scene(topic="Share the well?", cast=tuple(
        Actor(Persona(name=n, stances={"share": 0.5})) for n in names),
        graph=ring(*names), probes=(ask_stance("share", every=3),), ends=after(turns=3 * rounds))
'''


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(dedent(text))
    return path


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of scenarios are put on the path for good; a test takes them off again."""
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_file_s_function_is_found_with_its_parameters(tmp_path: Path) -> None:
    scenario = scenarios.find(f"{write(tmp_path, RING)}:trio")
    assert scenario.summary == "Three neighbours share a well."
    assert [str(parameter) for parameter in scenario.parameters[:3]] == [
        "rounds: int = 2",
        "temper: float = 0.5",
        "tone: 'mild' | 'sharp' = 'mild'",
    ]
    scene = scenarios.build(scenario, {"rounds": "4"})
    assert isinstance(scene, Scene)
    assert scene.ends.bound() == 12


def test_a_file_is_executed_once(tmp_path: Path) -> None:
    path = write(tmp_path, "COUNT = []\n" + RING + "\nCOUNT.append(1)\n")
    first = scenarios.find(f"{path}:trio")
    again = scenarios.find(f"{path}:trio")
    assert first.function is again.function


def test_a_file_can_import_what_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "WELL = 'The old well.'", "wells_of_mine.py")
    path = write(tmp_path, "from wells_of_mine import WELL\n" + RING)
    assert scenarios.find(f"{path}:trio").name == f"{path}:trio"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"rounds": "8"}, 8),
        ({"rounds": 8}, 8),
        ({"temper": "0.25"}, 0.25),
        ({"temper": "1"}, 1.0),
        ({"tone": "sharp"}, "sharp"),
        ({"loud": "yes"}, True),
        ({"gifts": '["salt", "wine"]'}, ("salt", "wine")),
        ({"host": "Ada"}, "Ada"),
        ({"guests": "9"}, 9),
    ],
)
def test_a_value_is_read_by_the_parameter_s_type(
    tmp_path: Path, given: dict[str, object], value: object
) -> None:
    scenario = scenarios.find(f"{write(tmp_path, RING)}:trio")
    assert scenarios.read(scenario, given)[next(iter(given))] == value


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rounds": "often"}, "rounds=often is not int"),
        ({"rounds": "2.5"}, "rounds=2.5 is not int"),
        ({"temper": "nan"}, "temper=nan is not float"),
        ({"temper": "inf"}, "temper=inf is not float"),
        ({"tone": "soft"}, "tone=soft is not 'mild' | 'sharp'"),
        ({"guests": "10"}, "less than or equal to 9"),
        ({"gifts": "salt"}, "gifts=salt is not tuple[str, ...]"),
        ({"round": "8"}, "has no parameter 'round'; did you mean"),
        ({"zzz": "8"}, "no parameter 'zzz';"),
    ],
)
def test_a_bad_parameter_is_refused_with_the_list_of_good_ones(
    tmp_path: Path, given: dict[str, object], says: str
) -> None:
    scenario = scenarios.find(f"{write(tmp_path, RING)}:trio")
    with pytest.raises(ScenarioError) as caught:
        scenarios.read(scenario, given)
    assert says in str(caught.value)
    assert "takes: rounds: int = 2, temper: float = 0.5" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(rounds: int): ...", "'rounds' has no default"),
        ("def f(rounds=3): ...", "'rounds' has no type"),
        ("def f(*rounds: int): ...", "takes anything"),
        ("def f(**rounds: int): ...", "takes anything"),
        ("def f(rounds: int = 3, /): ...", "has no name to a caller"),
        ("async def f(rounds: int = 3): ...", "is async"),
        ("def f(rounds: 'Missing' = 3): ...", "annotations cannot be read"),
        ("def f(rounds: int = 3) -> int: ...", "returns int"),
        ("f = 3", "is no function"),
        ("class C: pass\ndef f(c: C = C()): ...", "no text can be read as"),
    ],
)
def test_what_is_no_scenario_is_refused(tmp_path: Path, source: str, says: str) -> None:
    path = write(tmp_path, source)
    with pytest.raises(ScenarioError, match=r"mine\.py:f") as caught:
        scenarios.find(f"{path}:f")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x = 1\n1 / 0\n", "mine.py:2: ZeroDivisionError: division by zero"),
        ("def f(:\n", "mine.py:1: SyntaxError: invalid syntax"),
        ("import nowhere_at_all\n", "mine.py:1: ModuleNotFoundError: No module named 'nowhere"),
        ("raise SystemExit(3)\n", "mine.py:1: it leaves the program"),
    ],
)
def test_a_file_that_does_not_import_says_where(tmp_path: Path, source: str, says: str) -> None:
    path = write(tmp_path, source)
    with pytest.raises(ScenarioError) as caught:
        scenarios.find(f"{path}:f")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_neighbour_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "x = 1\nboom\n", "broken_neighbour.py")
    path = write(tmp_path, "import broken_neighbour\n")
    with pytest.raises(ScenarioError, match=r"broken_neighbour.py:2: NameError"):
        scenarios.find(f"{path}:f")


@pytest.mark.parametrize(
    ("source", "error", "says"),
    [
        ("def f(n: int = 0):\n    return 1 / n\n", ScenarioError, "mine.py:2: ZeroDivisionError"),
        ("def f(n: int = 0):\n    return n\n", ScenarioError, "returned int"),
        (
            "from sim import ring\ndef f(n: int = 0):\n    return ring('Ada', 'Ada')\n",
            SceneError,
            "mine.py:f: ",
        ),
    ],
)
def test_a_scene_that_cannot_be_built_says_why(
    tmp_path: Path, source: str, error: type[BadRequest], says: str
) -> None:
    scenario = scenarios.find(f"{write(tmp_path, source)}:f")
    with pytest.raises(error) as caught:
        scenarios.build(scenario, {})
    assert says in str(caught.value)


def test_names_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, RING)
    with pytest.raises(ScenarioError, match=r"no function 'trios'; did you mean trio\?"):
        scenarios.find(f"{path}:trios")
    with pytest.raises(ScenarioError, match=r"there is no file .*absent.py"):
        scenarios.find(str(tmp_path / "absent.py:f"))
    with pytest.raises(ScenarioError, match=r"use .*mine.py:trio"):
        scenarios.find(str(path))
    with pytest.raises(ScenarioError, match="unknown scenario 'no_such_play'"):
        scenarios.find("no_such_play")


def test_a_folder_that_hides_ours_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hiding = SimpleNamespace(__path__=[str(tmp_path / "analysis")])
    monkeypatch.setitem(sys.modules, "analysis", hiding)
    with pytest.raises(BadRequest, match=r"/analysis hides Elsinore's own package 'analysis'"):
        scenarios.own("analysis")


def test_shipped_scenarios_are_all_sound() -> None:
    for scenario in scenarios.available():
        assert scenario.summary, f"{scenario.name} has no documentation"
        assert isinstance(scenarios.make(scenario, {}, scenario.returns), Scene | Tournament)


def test_models() -> None:
    assert all(name.startswith("embedded:") for name in known_models())
    assert open_model("fixed:One.|Two.?latency=0.5").latency == 0.5  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="a line is blank"):
        open_model("fixed:")


@pytest.mark.parametrize("model", ["embeded:base", "gpt", "", "opnai:gpt-5", "embedded"])
def test_an_unknown_model_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match="unknown model"):
        open_model(model)
