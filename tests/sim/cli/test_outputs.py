"""No command writes its output over a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

STORE = Path(__file__).parents[2] / "stores" / "played_version_3.db"


@pytest.mark.parametrize(
    "command",
    [
        ["graph", "{store}", "-o", "{store}"],
        ["standings", "{store}", "--csv", "{store}"],
        ["export", "{store}", "-o", "{store}"],
        ["judge", "{store}", "--name", "Ada", "--to", "{store}"],
    ],
    ids=lambda command: command[0],
)
def test_no_command_writes_over_its_store(
    folder: Path, inside: Callable[..., CompletedProcess[str]], command: list[str]
) -> None:
    store = folder / "x.db"
    store.write_bytes(STORE.read_bytes())
    before = store.read_bytes()
    done = inside(*(part.format(store=store) for part in command))
    assert done.returncode == 2, done.stderr
    assert str(store) in done.stderr
    assert "Traceback" not in done.stderr
    assert store.read_bytes() == before
