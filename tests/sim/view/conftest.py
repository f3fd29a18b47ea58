"""A store that was played, and the viewer of it: in this process, and on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sim import Actor, Persona, Scene, after, ask_stance, open_stage, plan, ring
from sim.events import Turn
from sim.planning.branches import branch_trials
from sim.runs.trials import run_trials
from sim.scene.interventions import Say
from sim.store import open_store
from sim.transcript import Transcript
from sim.view.app import Viewer, application
from sim.view.readings import Mark, Measures, Reading

ORIGIN = "http://127.0.0.1:8642"
TOKEN = "a-token-of-the-tests"
STANCES = {"Ada": 0.9, "Ben": -0.9, "Cleo": 0.1}


def tea(turns: int = 9, brief: str = "lives by the well") -> Scene:
    """Three neighbours share a well."""
    cast = [
        Actor(Persona(name=name, brief=f"{name} {brief}.", stances={"share": stance}))
        for name, stance in STANCES.items()
    ]
    return Scene(
        topic="The village should share its well.", cast=cast, graph=ring(*STANCES),
        probes=(ask_stance("share", every=3),), ends=after(turns=turns),
    )  # fmt: skip


def played(path: Path, trials: int = 2, branches: int = 3) -> list[str]:
    """Play trials and branches of the first of them into a store; the ids, branches last."""
    stage = open_stage("embedded:base")
    stages = {stage.identity: stage}
    live = plan(tea, models=[("embedded:base", stage.identity)], trials=trials)
    asyncio.run(run_trials(live, stages, path))
    if not branches:
        return [trial.id for trial in live]
    with open_store(path) as store:
        transcript = store.transcript(live[0].id, find_scene=lambda: live[0].scene)
        again = branch_trials(live[0], transcript, at=4, n=branches, label="reroll")
        said = Say(speaker="Ada", text="I was wrong about the well.", at=4)
        put = branch_trials(
            live[0], transcript, at=4, n=1, change=said, label="say Ada: I was wrong."
        )
    asyncio.run(run_trials([*again, *put], stages, path))
    return [trial.id for trial in (*live, *again, *put)]


def read(path: Path) -> Reading:
    """A flip at turn 5 of each trial, and a convergence of all."""
    with open_store(path) as store:
        ids = store.ids()
    marks = {trial: [Mark(5, "flip", "Ben", "Ben turns into the opposite")] for trial in ids}
    return Reading(marks, dict.fromkeys(ids, "0.50 [0.10, 0.90]"))


def who(transcript: Transcript, turn: Turn, before: object) -> str:
    """Who speaks: somebody else in every other line, by its length."""
    return ("self", "opposite")[len(turn.text) % 2]


MEASURES = Measures(read, who)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store with two trials and four branches; nobody may write it."""
    path = tmp_path_factory.mktemp("viewed") / "tea.db"
    return path, played(path)


Client = Callable[..., TestClient]


@pytest.fixture
def client(store: tuple[Path, list[str]]) -> Iterator[Client]:
    """Clients of a viewer; with the token, unless they are to have none."""
    open_ones: list[TestClient] = []

    def made(path: Path | None = None, *, token: bool = True) -> TestClient:
        app = application(Viewer(path or store[0], MEASURES, by="kim"), ORIGIN, TOKEN)
        opened = TestClient(app, base_url=ORIGIN, follow_redirects=False)
        opened.__enter__()
        open_ones.append(opened)
        if token:
            opened.cookies.set("elsinore-8642", TOKEN)
        return opened

    yield made
    for each in open_ones:
        each.__exit__(None, None, None)
