"""One construct per file. Each is a pure function from tables to a tidy table.

A module says in ``EVIDENCE`` what it reads: "T" (text), "P" (off-stage answers). The modules are
loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.measures import collapse as collapse
    from analysis.measures import conflict as conflict
    from analysis.measures import convergence as convergence
    from analysis.measures import flip as flip
    from analysis.measures import loop as loop
    from analysis.measures import outcomes as outcomes

__all__ = ["collapse", "conflict", "convergence", "flip", "loop", "outcomes"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"analysis.measures.{name}")
    raise AttributeError(f"module 'analysis.measures' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
