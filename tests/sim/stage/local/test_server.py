"""The number of threads, found by a trial, with a server made here in place of llama.cpp's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sim.stage.local import server as server_module
from sim.stage.local.server import candidates, serve


@dataclass
class Machine:
    """How fast each number of threads is; ``starts`` are the servers in their order."""

    speeds: dict[int, float]
    starts: list[int] = field(default_factory=list)

    def started(self, orders: dict[str, Any], threads: int) -> Any:
        self.starts.append(threads)
        return type("Server", (), {"listening_address": "http://127.0.0.1:4711", "n": threads})()

    def speed(self, server: Any, seconds: float) -> float:
        return self.speeds[server.n]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine({7: 20.0, 4: 30.0, 2: 25.0})
    monkeypatch.setattr(server_module, "started", made.started)
    monkeypatch.setattr(server_module, "speed", made.speed)
    monkeypatch.setattr(server_module, "cores", lambda: 8)
    return made


def test_the_fastest_number_of_threads_serves(machine: Machine) -> None:
    server, said = serve({})
    assert said == {"port": 4711, "threads": 4, "trial": {"7": 20.0, "4": 30.0, "2": 25.0}}
    assert server.n == 4
    assert machine.starts == [7, 4, 2, 4]


def test_the_last_that_was_tried_is_not_started_again(machine: Machine) -> None:
    machine.speeds[2] = 99.0
    assert serve({})[0].n == 2
    assert machine.starts == [7, 4, 2]


def test_a_number_that_is_given_is_taken_without_a_trial(machine: Machine) -> None:
    assert serve({"threads": 8})[1] == {"port": 4711, "threads": 8, "trial": {}}
    assert machine.starts == [8]


def test_there_is_no_trial_where_there_is_no_choice(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "cores", lambda: 2)
    assert serve({})[1] == {"port": 4711, "threads": 1, "trial": {}}


def test_never_all_cores() -> None:
    for cores in range(2, 200):
        chosen = candidates(cores)
        assert max(chosen) == cores - 1
        assert min(chosen) >= 1
        assert len(chosen) == len(set(chosen)) <= 3
