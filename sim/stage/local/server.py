"""The child process: one model behind llama.cpp's server, on a free port of the loopback.

``python -m sim.stage.local.server`` reads one line of JSON from its standard input (path, name,
threads, context, slots), loads the model, and writes one line of JSON to its standard output: the
port, and with how many threads. Then it waits until its standard input is closed, which happens
also when its parent is killed, and ends at once. It imports nothing of Elsinore's but this file, so
that it starts quickly.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

TRIAL_SECONDS = 2.0
"""How long the trial of numbers of threads generates text, all of them together."""

_TRIED_ON = "Once upon a time, at a court in the north, there was an old king who"
_AT_ONCE = 16
_CACHE_MIB = 256


def candidates(cores: int) -> list[int]:
    """The numbers of threads worth a trial, the likeliest to win first.

    One core is left to the program that asks, and to everything else on the machine: threads of
    llama.cpp wait for each other at every layer, so that one of them without a core holds up all.
    Fewer threads can be faster, because of hyper-threading, the width of the memory, or a
    container's share of the cores.

    >>> candidates(1), candidates(2), candidates(4), candidates(16)
    ([1], [1], [3, 2, 1], [15, 8, 4])
    """
    wanted = (cores - 1, cores // 2, cores // 4)
    return list(dict.fromkeys(max(1, each) for each in wanted))


def cores() -> int:
    """How many cores this process may use, a container's share (Linux) considered."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = None
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            share = quota(file.read())
    except OSError:
        pass  # No such file outside Linux and old kernels: then there is no share to consider.
    return max(1, found or 1) if share is None else max(1, min(found or 1, share))


def quota(text: str) -> int | None:
    """The cores that a control group may use, rounded down; None if there is no bound.

    >>> quota("max 100000"), quota("250000 100000")
    (None, 2)
    """
    allowed, _, period = text.strip().partition(" ")
    return None if allowed == "max" or not period else int(allowed) // int(period)


def speed(server: Any, seconds: float) -> float:
    """Tokens a second that a server generates, measured over a time."""
    began = time.perf_counter()
    tokens, spent = 0, 0.0
    while time.perf_counter() - began < seconds:
        order = {"prompt": _TRIED_ON, "n_predict": _AT_ONCE, "ignore_eos": True}
        started = time.perf_counter()
        server.handle_completions(order)
        spent += time.perf_counter() - started
        tokens += _AT_ONCE
    return tokens / spent


def serve(orders: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The server with the best number of threads, and what there is to say about it."""
    given = orders.get("threads")
    choices: Sequence[int] = [int(given)] if given else candidates(cores())
    server = started(orders, choices[0])
    best, trial = choices[0], {}
    if len(choices) > 1:
        each = TRIAL_SECONDS / len(choices)
        speed(server, 0.1)  # The first tokens also pay for pages that were not in memory yet.
        trial[best] = speed(server, each)
        running = best
        for threads in choices[1:]:
            del server  # One at a time: each has a context of its own.
            server, running = started(orders, threads), threads
            trial[threads] = speed(server, each)
        best = max(trial, key=lambda threads: trial[threads])
        if running != best:
            del server
            server = started(orders, best)
    said = {
        "port": int(server.listening_address.rpartition(":")[2]),
        "threads": best,
        "trial": {str(threads): round(found, 2) for threads, found in trial.items()},
    }
    return server, said


def started(orders: Mapping[str, Any], threads: int) -> Any:
    """A server of llama.cpp with a model in it."""
    import xllamacpp

    slots, context = int(orders["slots"]), int(orders["context"])
    params = xllamacpp.CommonParams()
    params.model.path = orders["path"]
    params.model_alias = {orders["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    # A transcript that was computed once stays: also in layers with a sliding window.
    params.swa_full = True
    params.cache_prompt = True
    params.cache_ram_mib = _CACHE_MIB
    params.ctx_shift = False  # A prompt that is too long is an error, never a shortened prompt.
    params.fit_params = False  # The context is what was asked for, not what is left of memory.
    params.ui = False
    params.verbosity = int(orders.get("verbosity", 1))
    return xllamacpp.Server(params)


def main() -> None:
    """Serve until the standard input is closed."""
    # llama.cpp writes to the standard output, too; ours is kept apart, and its goes to the errors.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    _server, said = serve(json.loads(sys.stdin.buffer.readline()))
    answers.write(json.dumps(said) + "\n")
    answers.flush()
    while sys.stdin.buffer.readline():
        pass
    # At once: nobody waits for what is being generated, and nothing has to be saved.
    os._exit(0)


def _leave_with(parent: int) -> None:
    """End with the parent, also when our input stays open: its other children may hold it, too."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
