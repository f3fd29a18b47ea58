"""What every scenario that ships exports, byte by byte, as commit 9e360f8 exported it.

``exports.sha256`` has a digest of one trial (seed 7) of each scenario on two kinds of the embedded
stage. The whole comparison of two versions is ``python -m benchmarks.behaviour --against COMMIT``.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
from backstage.stores import exported

import sim
from sim import Scene
from sim.planning import scenarios

RECORDED = Path(__file__).with_name("exports.sha256")
DIGESTS = {
    name: digest
    for digest, name in (line.split() for line in RECORDED.read_text(encoding="utf-8").splitlines())
}


@pytest.mark.parametrize("name", DIGESTS)
def test_exports_are_those_recorded(name: str, tmp_path: Path) -> None:
    scenario, _, kind = name.rpartition("-")
    sim.run(scenario, f"embedded:{kind}", trials=1, seed=7, store=tmp_path / "x.db")
    digest = sha256(exported(tmp_path / "x.db")).hexdigest()
    if os.environ.get("REWRITE_GOLDEN") == "1":
        RECORDED.write_text(RECORDED.read_text(encoding="utf-8").replace(DIGESTS[name], digest))
    assert digest == DIGESTS[name], f"{name}: its export is not what it was; see {__name__}"


def test_every_scenario_is_recorded() -> None:
    scenes = {name for name in scenarios.names() if issubclass(scenarios.find(name).returns, Scene)}
    assert {name.rpartition("-")[0] for name in DIGESTS} == scenes
