"""A worker: a process that reads requests, asks the stage and writes answers, one after the other.

Work is done here and not in the server, because a prompt can be made so that reading it takes
minutes inside one call of C, which no thread and no signal handler interrupts. A process can be
killed. ``workers`` starts and ends them.

A request is a line ``KIND LENGTH SECONDS`` and a body, an answer a line ``STATUS STREAMED LENGTH``
and a body, on standard input and output. A worker ends when its input ends.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim.serve import generation, responses
from sim.serve.errors import Refused
from sim.serve.models import Models
from sim.serve.requests import Body, ChatBody, CompletionBody

READY = b"ready\n"

OUT_OF_TIME = -signal.SIGPROF if hasattr(signal, "SIGPROF") else None
"""The exit code of a worker whose time did not suffice. On Windows it is ended from outside."""

OUT_OF_MEMORY = 77
"""The exit code of a worker whose memory did not suffice."""

_MOST_KEPT = 0.5
"""The part of its memory with which a worker goes on; if more is resident, a fresh one follows."""

_FORMS: dict[str, tuple[type[Body], Callable[[Any, Any], generation.Answer]]] = {
    "chat": (ChatBody, generation.chat),
    "completions": (CompletionBody, generation.completions),
}


def main() -> None:
    """Work until the input ends. The arguments are the bytes of memory, and the models served."""
    # A terminal sends its signals to all processes; what is under way is to be finished.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    memory = int(sys.argv[1])
    _bound_memory(memory)
    served = Models(sys.argv[2:])
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    answers.write(READY)
    answers.flush()
    while line := requests.readline():
        kind, length, seconds = line.split()
        _end_after(float(seconds))
        try:
            status, streamed, body = answered(served, kind.decode(), requests.read(int(length)))
            answers.write(b"%d %d %d\n" % (status, streamed, len(body)) + body)
            answers.flush()
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except BrokenPipeError:
            os._exit(0)  # the server is gone
        _end_after(0)
        if _resident() > _MOST_KEPT * memory:
            return


def answered(served: Models, kind: str, raw: bytes) -> tuple[int, bool, bytes]:
    """The status, whether it is a stream of events, and the body."""
    form, perform = _FORMS[kind]
    try:
        body = form.read(raw)
        answer = perform(served.stage(body.model), body)
        envelope = responses.Envelope(body.model, chat=kind == "chat")
        if body.stream:
            return 200, True, b"".join(responses.stream(envelope, answer, body.with_usage))
        return 200, False, responses.encode(responses.whole(envelope, answer))
    except Refused as refused:
        return refused.status, False, responses.encode(refused.body())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 the next request is to be answered, whatever this one met
        traceback.print_exc()  # a client has no use for it
        defect = Refused(500, "This is a defect of Elsinore's.", kind="server_error")
        return 500, False, responses.encode(defect.body())


def _bound_memory(most: int) -> None:
    if sys.platform == "linux":
        import resource

        with suppress(ValueError, OSError):  # a lower bound is already there
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _resident() -> int:
    """Resident bytes; 0 where the system does not report them."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _end_after(seconds: float) -> None:
    """End this process after so many seconds of CPU time, with ``OUT_OF_TIME``; 0 is never."""
    if hasattr(signal, "setitimer"):
        # Nobody handles the signal, so that it ends the process inside a call of C, too.
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
