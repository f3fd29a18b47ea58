"""The ancestral simulator, as a module for the tests in this folder."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


def _neighbour(name: str) -> ModuleType:
    # Under importlib mode test modules cannot import their neighbours by name.
    known = sys.modules.get(f"elsinore_test_{name}")
    if known is not None:
        return known
    spec = spec_from_file_location(f"elsinore_test_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def ancestral() -> ModuleType:
    return _neighbour("ancestral")


@pytest.fixture(scope="session")
def watching() -> ModuleType:
    return _neighbour("watching")
