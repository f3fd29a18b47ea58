"""The command as a real process, in a folder of its own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from backstage import schemas
from stub_server import StubServer

from sim.cli import main

Command = Callable[..., "subprocess.CompletedProcess[str]"]

SCENARIO = '''
from sim import Actor, Persona, Scene, after, ask_stance, ring

STANCES = {"Ada": 0.9, "Ben": -0.9, "Cleo": 0.1}

def trio(rounds: int = 2, temper: float = 0.5) -> Scene:
    """Three neighbours share a well."""
    cast = [Actor(Persona(name=name, brief=f"{name} lives by the well.", stances={"share": stance}))
            for name, stance in STANCES.items()]
    return Scene(topic="The village should share its well.", cast=cast, graph=ring(*STANCES),
                 probes=(ask_stance("share", every=3),), ends=after(turns=3 * rounds))
'''

# -P: what lies in the working directory is not on the path, as with the installed script.
ELSINORE = [sys.executable, "-P", "-m", "sim.cli"]


def environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ELSINORE", "_ELSINORE", "COLUMNS", "LINES", "COMP_"))
    }
    # A pager would wait for a key.
    return kept | {"TERM": "xterm-256color", "PAGER": "cat"} | more


def run_in(folder: Path, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*ELSINORE, *map(str, arguments)],
        cwd=folder,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=180,  # A busy machine takes a minute for a report.
        check=False,
    )
    schemas.holds(arguments, done.stdout)
    return done


def folder_with_scenario(folder: Path) -> Path:
    (folder / "mine.py").write_text(dedent(SCENARIO))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a scenario ``mine.py:trio``."""
    return folder_with_scenario(tmp_path)


@pytest.fixture
def elsinore(folder: Path) -> Command:
    """Runs the command in ``folder``."""

    def call(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return run_in(folder, *arguments, **env)

    return call


@pytest.fixture
def inside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Runs the command in this process: the same ``main``, without half a second of imports."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in list(os.environ):
        if name.startswith(("ELSINORE", "COLUMNS", "LINES")):
            monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        line = ["elsinore", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        schemas.holds(arguments, told.out)
        return subprocess.CompletedProcess(line, int(left.value.code or 0), told.out, told.err)

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which two trials of two models were played, and the JSON that came of it."""
    folder = folder_with_scenario(tmp_path_factory.mktemp("played"))
    done = run_in(
        folder, "run", "mine.py:trio", "-n", 2, "-m", "embedded:base", "-m", "embedded:rlhf",
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


@pytest.fixture
def in_played(played: tuple[Path, str]) -> Command:
    """Runs the command where something has been played. Nothing may be changed there."""

    def call(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return run_in(played[0], *arguments, **env)

    return call


@pytest.fixture(scope="session")
def run_at() -> Command:
    """Runs the command in any folder: ``run_at(folder, "show", ...)``."""
    return run_in


@pytest.fixture(scope="session")
def process() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the command without waiting for it: ``process(folder, arguments, stdout=...)``."""

    def start(folder: Path, arguments: Sequence[object], **streams: int) -> subprocess.Popen[bytes]:
        line = [*ELSINORE, *map(str, arguments)]
        return subprocess.Popen(line, cwd=folder, env=environment(), **streams)

    return start


@pytest.fixture(scope="module")
def stub_process() -> Iterator[StubServer]:
    """The stub server, a process of its own for each file of tests."""
    with StubServer() as stub:
        yield stub


@pytest.fixture
def stub(stub_process: StubServer, monkeypatch: pytest.MonkeyPatch) -> StubServer:
    """The stub as it was at the start, and nothing in the environment that tells of another."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)
    stub_process.reset(behaviour=True)
    return stub_process
