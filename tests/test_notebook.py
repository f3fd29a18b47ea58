"""The example notebook shows what its cells do, and nothing of the machine that executed it."""

from __future__ import annotations

import copy
import doctest
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "notebook.py"
PATH = ROOT / "docs" / "example.ipynb"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module; it is in no package."""
    found = importlib.util.spec_from_file_location("notebook_script", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def stored() -> dict[str, Any]:
    return json.loads(PATH.read_text(encoding="utf-8"))


def html(notebook: dict[str, Any]) -> dict[str, Any]:
    """The data of the first output with HTML."""
    outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", [])]
    return next(each["data"] for each in outputs if "text/html" in each.get("data", {}))


def printed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The first output that was printed."""
    outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", [])]
    return next(each for each in outputs if each["output_type"] == "stream")


@pytest.mark.skipif(
    importlib.util.find_spec("nbclient") is None or importlib.util.find_spec("ipykernel") is None,
    reason="nbclient and ipykernel are in the development group; run uv sync",
)
def test_executed_anew_it_shows_the_same() -> None:
    """In a process of its own: a kernel's sockets and threads are none of ours, and the script
    sets the environment up for it."""
    before = PATH.read_bytes()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], cwd=ROOT, env=dict(os.environ), text=True,
        check=False, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "The notebook shows what its cells do.\n"
    assert done.stderr == ""
    assert PATH.read_bytes() == before


def test_every_cell_was_executed_in_order(stored: dict[str, Any]) -> None:
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["outputs"] for cell in code[1:])
    assert sum("text/html" in each["data"] for cell in code for each in cell["outputs"]
               if each["output_type"] == "execute_result") >= 5  # fmt: skip


def test_it_is_stored_as_the_script_writes_it(script: ModuleType, stored: dict[str, Any]) -> None:
    again = script.normalised(stored, Path("nowhere"))
    assert again["metadata"] == stored["metadata"]
    assert [cell["id"] for cell in again["cells"]] == [cell["id"] for cell in stored["cells"]]
    assert PATH.stat().st_size < script.MOST_BYTES


def test_its_links_lead_somewhere(stored: dict[str, Any]) -> None:
    told = "".join("".join(c["source"]) for c in stored["cells"] if c["cell_type"] == "markdown")
    links = re.findall(r"\]\(([^)#:\s]+)", told)
    assert len(links) > 5
    assert [link for link in links if not (PATH.parent / link).exists()] == []


# -- what the script would notice ------------------------------------------------------------------


def reworded(notebook: dict[str, Any]) -> None:
    data = html(notebook)
    data["text/html"] = "".join(data["text/html"]).replace("</p>", " indeed</p>", 1)


def recounted(notebook: dict[str, Any]) -> None:
    output = printed(notebook)
    output["text"] = "".join(output["text"]).replace("120", "121")


def cut(notebook: dict[str, Any]) -> None:
    notebook["cells"] = notebook["cells"][:-4]


@pytest.mark.parametrize("change", [reworded, recounted, cut])
def test_other_outputs_are_noticed(
    script: ModuleType, stored: dict[str, Any], change: Callable[[dict[str, Any]], None]
) -> None:
    other = copy.deepcopy(stored)
    assert script.differences(stored, other) == []
    change(other)
    assert script.differences(stored, other) != []


def test_a_last_digit_in_a_drawing_is_no_difference(
    script: ModuleType, stored: dict[str, Any]
) -> None:
    other = copy.deepcopy(stored)
    data = html(other)
    data["text/html"] = re.sub(r"\d", "7", "".join(data["text/html"]))
    assert script.differences(stored, other) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"in {'/'.join(['', 'home', 'kim', 'x.db'])}", "a path"),
        ("in C:\\kim", "a path"),
        (f"in {ROOT}/x.db", "a path"),
        ("x.py:1: DeprecationWarning: old", "a warning"),
        ("<Stage object at 0x7f3a12bc4d50>", "an address"),
    ],
)
def test_what_is_of_one_machine_is_refused(
    script: ModuleType, stored: dict[str, Any], text: str, what: str
) -> None:
    assert script.faults(stored) == []
    printed(stored)["text"] = text
    assert any(what in fault for fault in script.faults(stored))


def test_what_is_complained_of_is_refused(script: ModuleType, stored: dict[str, Any]) -> None:
    printed(stored)["name"] = "stderr"
    assert len(script.faults(stored)) == 1


def test_a_notebook_that_grew_is_refused(script: ModuleType, stored: dict[str, Any]) -> None:
    printed(stored)["text"] = "x" * script.MOST_BYTES
    assert any("bytes" in fault for fault in script.faults(stored))


def test_the_scripts_own_examples(script: ModuleType) -> None:
    assert doctest.testmod(script).failed == 0
