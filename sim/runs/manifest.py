"""The manifest of a run: versions, command, scenarios, models and options; no secrets."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from sim import extensions
from sim.planning import Trial
from sim.redaction import redact_arguments, redact_tree
from sim.store import InDoubt, encode_sorted
from sim.store.runs import doubted_to_json

_DISTRIBUTION = "elsinore"


def manifest(
    trials: Sequence[Trial], options: dict[str, Any], doubted: Sequence[InDoubt] = ()
) -> str:
    """The manifest of a run of these trials, as JSON. ``options`` are those of the run itself,
    ``doubted`` the calls that earlier runs left in doubt."""
    scenarios: dict[str, dict[str, Any]] = {}
    for trial in trials:
        entry = scenarios.setdefault(trial.scenario, {"source": trial.source, "parameters": []})
        if trial.parameters not in entry["parameters"][-1:]:
            entry["parameters"].append(trial.parameters)
    facts: dict[str, Any] = {
        "version": _version(_DISTRIBUTION),
        "commit": git_commit(Path(__file__).resolve().parents[2]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages(),
        "command": redact_arguments(sys.argv),
        "process": os.getpid(),
        "scenarios": scenarios,
        "models": sorted({(trial.model, trial.stage) for trial in trials}),
        "trials": len(trials),
        "options": options,
    }
    if doubted:
        facts["doubted"] = doubted_to_json(doubted)
    return encode_sorted(redact_tree(facts))


def packages() -> dict[str, str | None]:
    """The versions of the packages that we depend on, and of those that add something to
    Elsinore; None for one that is not installed."""
    try:
        wanted = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return {}
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted if "extra ==" not in line}
    return {name: _version(name) for name in sorted(names | set(extensions.packages()))}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def git_commit(folder: Path) -> str | None:
    """The commit that is checked out in a folder, or None if it is no git repository.

    Read from the files: starting git takes longer than a short run.
    """
    try:
        git = folder / ".git"
        if git.is_file():
            # A linked worktree: its own HEAD, and the references of the main repository.
            git = (folder / git.read_text("utf-8").removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref:"):
            return head
        name = head.removeprefix("ref:").strip()
        common = git / "commondir"
        root = (git / common.read_text("utf-8").strip()).resolve() if common.is_file() else git
        for place in (git / name, root / name):
            if place.is_file():
                return place.read_text("utf-8").strip()
        for line in (root / "packed-refs").read_text("utf-8").splitlines():
            commit, _, packed = line.partition(" ")
            if packed == name:
                return commit
    except (OSError, UnicodeDecodeError):
        return None
    return None
