"""The bounds of the server: what clients may hold, and for how long. Each is in docs/serve.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a client may take, how much may be open, and how long an answer may be worked on.

    Seconds are those of a clock on the wall; seconds of work are of CPU time. A short request is
    one whose body has at most ``short_bytes``. Short and long requests have places of their own, so
    that a short one never waits for a long one.
    """

    connections: int = 512
    """Open connections. A new one takes the place of the one that keeps the server waiting longest,
    be it with a head, with a body, or with an answer that it does not take."""

    head_seconds: float = 10.0
    """From the opening of a connection, or the first byte of a later request, to a whole head."""

    idle_seconds: int = 30
    """From an answer to the next request on the same connection."""

    body_seconds: float = 30.0
    """From a head to the end of its body."""

    answer_seconds: float = 60.0
    """For a client to take an answer that does not fit into the buffers of the system."""

    body_bytes: int = 4 << 20
    """Of a body. A scene of 1000 turns has a tenth of it."""

    short_bytes: int = 64 << 10
    """Of the body of a short request. A scene of 150 turns has so many."""

    short_seconds: float = 0.25
    """Work on a short request; after that it waits among the long ones, and is begun anew."""

    long_seconds: float = 10.0
    """Work on a long request; after that it is refused."""

    short_at_once: int = 256
    """Short requests that are worked on or wait for it; more are asked to come again."""

    long_at_once: int = 32
    """Long requests that are worked on or wait for it; more are asked to come again."""

    processes: int = 2
    """Short requests that are worked on at the same time, and long ones: so many processes each."""

    memory_bytes: int = 1 << 30
    """Of address space for one of these processes, on Linux."""

    drain_seconds: int = 5
    """For answers under way to be finished after a signal."""


BOUNDS = Bounds()
"""The bounds of ``elsinore serve``."""
