"""The public names, and what importing them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sim

HEAVY = ("langchain", "langchain_core", "openai", "pandas", "scipy", "numpy", "sklearn", "torch")


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after some code."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(sim.__file__).parents[1],
    )
    return {name.partition(".")[0] for name in told.stdout.split()}


@pytest.mark.parametrize("name", sim.__all__)
def test_a_public_name_resolves(name: str) -> None:
    value = getattr(sim, name)
    modules = {module.rpartition(".")[2]: module for module in sim._MODULES}
    if name in modules:
        assert value is import_module(modules[name])
    else:
        assert value is getattr(import_module(sim._WHERE[name]), name)
    assert value.__doc__, f"{name} has no docstring"


def test_public_names_are_listed_and_unknown_ones_refused() -> None:
    assert set(sim.__all__) <= set(dir(sim))
    with pytest.raises(AttributeError, match="'sim' has no attribute 'Sceen'"):
        sim.Sceen  # noqa: B018


def test_type_checkers_see_every_public_name() -> None:
    """What a type checker does not see imported is ``Any`` to whoever uses it."""
    tree = ast.parse(Path(sim.__file__).read_text(encoding="utf-8"))
    seen = {
        (alias.asname or alias.name): node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    modules = {module.rpartition(".")[2]: "sim.scene" for module in sim._MODULES}
    assert {name: seen.get(name) for name in sim.__all__} == sim._WHERE | modules


def test_there_are_no_more_than_a_person_can_take_in() -> None:
    assert len(sim.__all__) <= 55


def test_importing_sim_loads_next_to_nothing() -> None:
    unwanted = {"pydantic", "pydantic_core", "networkx", "asyncio", "sqlite3", *HEAVY}
    assert not unwanted & loaded_by("import sim")


def test_authoring_loads_no_model_client_and_no_tables() -> None:
    loaded = loaded_by("from sim import Scene, Persona")
    assert "pydantic" in loaded
    assert not loaded & {*HEAVY, "networkx", "sqlite3"}


def test_playing_on_the_embedded_stage_loads_none_either() -> None:
    loaded = loaded_by("from sim import play, open_stage; open_stage('embedded:base')")
    assert not loaded & set(HEAVY)


def test_statistics_of_survival_are_loaded_by_nobody_who_does_not_use_them() -> None:
    assert "statsmodels" not in loaded_by("import analysis; analysis.competing_risks")
    helping = "import sys; sys.argv = ['elsinore', '--help']; from sim.cli import main"
    ended = "try:\n    main()\nexcept SystemExit:\n    pass"
    assert "statsmodels" not in loaded_by(f"{helping}\n{ended}")
