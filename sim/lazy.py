"""Public names of a package that are resolved when they are used (PEP 562).

So an import costs what is used of it. Type checkers see the names in a block of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, where: Mapping[str, str], modules: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    ``where`` are modules by the public names that they define; where the name there is another, it
    follows after a colon (``{"flips": "analysis.measures.flips:Flips"}``). ``modules`` are modules
    that are public themselves, by the last part of their names.
    """
    whole = {module.rpartition(".")[2]: module for module in modules}

    def resolve(name: str) -> Any:
        if name in whole:
            value: Any = import_module(whole[name])
        elif name in where:
            module, _, own = where[name].partition(":")
            value = getattr(import_module(module), own or name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *where, *whole})

    return resolve, names
