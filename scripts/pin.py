"""Pin every package that a fresh install gets, without a lock file in git.

``uv.lock`` records the addresses that packages were downloaded from, which is nobody's business
but the machine's. This script resolves anew, and writes names and versions alone into
``pyproject.toml``: ``[tool.uv] constraint-dependencies`` for what is installed, and
``build-constraint-dependencies`` for what builds it. Everything else in the file stays as it is,
byte for byte.

    .tools/bin/uv run scripts/pin.py           # everything to the newest version
    .tools/bin/uv run scripts/pin.py --keep    # only what a changed dependency asks for
    .tools/bin/uv run scripts/pin.py --check   # changes nothing; exit code 1 if pins are missing
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BEGIN = "# Pins: written by scripts/pin.py, not by hand.\n"
END = "# End of the pins.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pins, or check them; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="keep the versions that are pinned")
    parser.add_argument("--check", action="store_true", help="as --keep, but write nothing")
    chosen = parser.parse_args(arguments)
    project = ROOT / "pyproject.toml"
    before = project.read_text(encoding="utf-8")
    after = pinned(before, *resolve(before, keep=chosen.keep or chosen.check))
    if after == before:
        print("The pins are complete.")
        return 0
    if chosen.check:
        print("The pins do not fit the dependencies; run scripts/pin.py --keep.", file=sys.stderr)
        return 1
    # Beside the file and then over it: a reader never sees half of it.
    beside = project.with_suffix(".toml.new")
    beside.write_text(after, encoding="utf-8")
    beside.replace(project)
    print("The pins were written.")
    return 0


def resolve(text: str, *, keep: bool) -> tuple[list[str], list[str]]:
    """The pins for what is installed, and for what builds it.

    It works on a copy: the pins in force would hold back every upgrade, and a lock file that lies
    in the checkout would hold back some.
    """
    backend: list[str] = tomllib.loads(text)["build-system"]["requires"]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        (copy / "pyproject.toml").write_text(text if keep else without(text), encoding="utf-8")
        for name in ("README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy / name)
        uv(copy, "lock", "--upgrade")
        exported = uv(
            copy, "export", "--frozen", "--all-extras", "--all-groups", "--no-hashes",
            "--no-emit-project", "--no-header", "--no-annotate",
        )  # fmt: skip
        (copy / "backend.in").write_text("\n".join(backend), encoding="utf-8")
        kept = tomllib.loads(text).get("tool", {}).get("uv", {}) if keep else {}
        (copy / "kept.in").write_text(
            "\n".join(kept.get("build-constraint-dependencies", ())), encoding="utf-8"
        )
        built = uv(
            copy, "pip", "compile", "--universal", "--no-header", "--no-annotate",
            "--python-version", "3.11", "--constraint", "kept.in", "backend.in",
        )  # fmt: skip
    return requirements(exported), requirements(built)


def uv(folder: Path, *arguments: str) -> str:
    """What uv prints. ``uv run`` says in ``UV`` which uv it is."""
    program = os.environ.get("UV") or shutil.which("uv")
    if program is None:
        raise SystemExit("pin.py: there is no uv; start this script with `uv run scripts/pin.py`")
    # The environment that runs this script is not the one to resolve for.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE
    )
    if done.returncode:
        raise SystemExit(f"pin.py: `uv {' '.join(arguments)}` failed with {done.returncode}")
    return done.stdout


def requirements(text: str) -> list[str]:
    """The lines of a requirements file that name a package, and nothing else.

    >>> requirements("# via uv\\n--index x\\nrich==15.0.0\\n    # via typer\\n")
    ['rich==15.0.0']
    """
    return [line.strip() for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def without(text: str) -> str:
    """The file without the pins."""
    begin, end = text.find(BEGIN), text.find(END)
    return text if begin < 0 or end < 0 else text[:begin] + text[end + len(END) :]


def pinned(text: str, installed: Sequence[str], building: Sequence[str]) -> str:
    """The file with these pins, at the place of those before, or at its end."""
    block = BEGIN + "[tool.uv]\n"
    block += array("constraint-dependencies", installed)
    block += array("build-constraint-dependencies", building)
    block += END
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < 0:
        return text.rstrip("\n") + "\n\n" + block
    return text[:begin] + block + text[end + len(END) :]


def array(name: str, values: Sequence[str]) -> str:
    """A TOML array with one value a line; markers hold single quotes, so double ones are safe.

    >>> print(array("names", ["a==1", "b==2 ; python_full_version < '3.12'"]), end="")
    names = [
        "a==1",
        "b==2 ; python_full_version < '3.12'",
    ]
    """
    return f"{name} = [\n" + "".join(f'    "{value}",\n' for value in values) + "]\n"


if __name__ == "__main__":
    sys.exit(main())
