"""How many scenes and calls a process can have at once: what was asked for, within bounds."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)

MOST = 1000
"""Connections of a client at most. More calls would wait for a connection, and would hold a place
in the run meanwhile."""

OTHERS = 48
"""Files that a process needs for other things: the store, its log, libraries, pipes, names of hosts
that are looked up."""


def at_once(wanted: int) -> int:
    """How many of the ``wanted`` scenes and calls may be under way at once.

    Each call is a connection, and each connection an open file. The soft limit of open files is
    raised as far as the system lets a process raise its own. What is cut is said once, in the log.

    >>> at_once(16)
    16
    """
    files = _open_files(min(wanted, MOST) + OTHERS)
    least = max(1, files - OTHERS)
    bound = min(wanted, MOST, least)
    if bound < wanted:
        why = (
            f"this process may have {files:,} files open (ulimit -n)"
            if least < MOST
            else f"a client has at most {MOST:,} connections"
        )
        log.warning("at most %s calls at once, and not %s: %s", f"{bound:,}", f"{wanted:,}", why)
    return bound


def _open_files(needed: int) -> int:
    """The limit of open files, after it was raised to what is needed, if that is allowed."""
    if sys.platform == "win32":
        return MOST + OTHERS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed if soft == resource.RLIM_INFINITY else soft
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):  # some systems have another limit beside this one
        return soft
    return raised
