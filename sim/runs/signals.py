"""Ctrl-C, SIGTERM and SIGHUP (the terminal was closed) during a run.

The first signal stops it in order, the second at once.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def two_signals(first: Callable[[], None], second: Callable[[], None]) -> Iterator[None]:
    """Call ``first`` at the first of the signals and ``second`` at the second.

    A third has the handler from before. Outside the main thread, where Python delivers no signals,
    and on loops without signal handlers, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGINT, signal.SIGTERM]
    # nohup has SIGHUP ignored, and means it.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    ours: list[signal.Signals] = []
    count = 0

    def restore() -> None:
        while ours:
            number = ours.pop()
            loop.remove_signal_handler(number)
            handler = before[number]
            # None stands for a handler that C code installed, and that Python cannot restore.
            if handler is not None:
                signal.signal(number, handler)

    def received() -> None:
        nonlocal count
        count += 1
        if count == 1:
            first()
        else:
            restore()
            second()

    try:
        for number in before:
            loop.add_signal_handler(number, received)
            ours.append(number)
    except (NotImplementedError, RuntimeError):
        restore()
    try:
        yield
    finally:
        restore()
