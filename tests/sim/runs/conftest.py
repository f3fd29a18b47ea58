"""The toy toy_run, as a module for the tests in this folder."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

TOY_RUN = Path(__file__).with_name("toy_run.py")


@pytest.fixture(scope="session")
def toy_run() -> ModuleType:
    # Under importlib mode test modules cannot import their neighbours by name.
    spec = spec_from_file_location("elsinore_test_toy_run", TOY_RUN)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
