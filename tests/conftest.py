"""What all tests share: no silent skips on the checking machine, and Hypothesis without a clock."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

# Before NumPy is loaded: tests run on all cores already, and threads of linear algebra would fight
# for them.
for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

# Tests start hundreds of processes. Where Python may not keep what it compiled, each of them
# compiles pandas anew, for three seconds.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Under importlib mode tests cannot import their neighbours; what they share is `backstage`.
sys.path.insert(0, str(Path(__file__).with_name("support")))

KEPT = ("ELSINORE_NO_SKIPS", "ELSINORE_THOROUGH")
"""What is about the tests themselves."""

NO_SKIPS = os.environ.get("ELSINORE_NO_SKIPS") == "1"

MAY_SKIP = ("the development data are not at hand", "the owner of the format is not installed")
"""The reasons for which a test may skip anywhere: the project passes without the data, and without
the large programs that check what is written for them."""

# A busy machine is no bug, so no example has a deadline; and the same commit gives the same
# examples wherever it counts.
settings.register_profile("here", deadline=None, max_examples=40)
settings.register_profile("checks", deadline=None, max_examples=40, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=200, derandomize=NO_SKIPS)
if os.environ.get("ELSINORE_THOROUGH") == "1":
    settings.load_profile("thorough")
else:
    settings.load_profile("checks" if NO_SKIPS else "here")

if NO_SKIPS:
    # Hypothesis also draws constants that stand in the project's modules: in those that a process
    # has imported so far, which depends on the tests that it happened to run before. Only there:
    # elsewhere they find what random letters do not.
    providers.is_local_module_file = lambda path: False


def pytest_configure(config: pytest.Config) -> None:
    """Leave nobody's own configuration of the command in the way.

    Collecting thousands of tests makes no garbage, and looking for some took a fifth of the time.
    """
    gc.disable()
    for name in [name for name in os.environ if name.startswith("ELSINORE_")]:
        if name not in KEPT:
            del os.environ[name]


def pytest_collection_finish() -> None:
    """What was collected stays to the end: it need not be looked at again and again."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test has shown nothing: under ``ELSINORE_NO_SKIPS`` it has failed."""
    report = yield
    # An expected failure is reported as skipped too, but it did run.
    excused = any(reason in str(report.longrepr) for reason in MAY_SKIP)
    if NO_SKIPS and report.skipped and not excused and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure here: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    if NO_SKIPS and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure here: {report.longrepr}"
    return report
