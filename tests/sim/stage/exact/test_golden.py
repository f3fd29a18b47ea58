"""The golden digests: the same texts on every version of Python, in scenes and in debates.

If a change of the texts is meant: ``python SCRIPT --write`` for each of the two scripts, and say so
in the CHANGELOG, since every stored run on the embedded stage can then no longer be repeated.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SCRIPTS = (
    ROOT / "tests" / "golden" / "exact_stage.py",
    Path(__file__).with_name("golden_debates.py"),
)
VERSION = "import sys; print(sys.implementation.name, *sys.version_info[:2])"


def interpreters() -> dict[str, str]:
    """Every Python from 3.11 that can be found, one for each version; this one at least."""
    wanted: list[str] = [sys.executable]
    for minor in range(11, 20):
        wanted += filter(None, [shutil.which(f"python3.{minor}")])
    pyenv = shutil.which("pyenv")
    if pyenv is not None:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False)
        if root.returncode == 0:
            versions = Path(root.stdout.strip()) / "versions"
            wanted += sorted(str(path) for path in versions.glob("*/bin/python"))
    uv = shutil.which("uv")
    if uv is not None:
        listed = subprocess.run(
            [uv, "python", "list", "--only-installed", "--offline"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        wanted += [line.split()[1] for line in listed.stdout.splitlines() if len(line.split()) > 1]
    paths: dict[str, str] = {}
    for path in wanted:
        # A shim may be there for a version that is not: ask.
        try:
            asked = subprocess.run(
                [path, "-I", "-c", VERSION], capture_output=True, text=True, timeout=60, check=False
            )
        except OSError:
            continue
        words = asked.stdout.split()
        if asked.returncode == 0 and (int(words[1]), int(words[2])) >= (3, 11):
            paths.setdefault(" ".join(words), path)
    return paths


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_python_says_what_is_committed(script: Path) -> None:
    golden = json.loads(script.with_suffix(".json").read_text(encoding="utf-8"))
    paths = interpreters()
    assert paths
    for version, path in paths.items():
        # Isolated and without site packages: the standard library has to do. Other hash seeds, too.
        run = subprocess.run(
            [path, "-S", "-B", str(script)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": str(len(version) * 7), "PYTHONPATH": ""},
        )
        assert run.returncode == 0, f"{version}: {run.stderr}"
        assert json.loads(run.stdout) == golden, (
            f"{version}: what the exact stage says has changed. If that is meant: "
            f"python {script.relative_to(ROOT)} --write"
        )
    print(f"the same on {', '.join(paths)}")


@pytest.mark.parametrize("module", ["speech", "reader", "forward_filter", "script", "judging"])
def test_the_sampling_core_needs_the_standard_library_alone(module: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import sim.stage.exact.{module}"
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], check=True, timeout=60)
