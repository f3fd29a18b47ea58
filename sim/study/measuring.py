"""Where what was played is measured: on the cluster that played it, if there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from analysis.spreading import spread_over
from sim.runs.executors import Executor, MeasuringExecutor


@contextmanager
def measuring_on(executor: Executor | None) -> Iterator[None]:
    """Within the ``with`` many trials are measured by an executor's workers, where it has any.

    >>> with measuring_on(None):
    ...     pass
    """
    if isinstance(executor, MeasuringExecutor):
        with spread_over(executor.mapper()):
            yield
    else:
        yield
