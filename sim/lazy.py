"""Public names of a package that are imported when they are first used (PEP 562).

An import then costs only what is used. Type checkers read the names from an
``if TYPE_CHECKING`` block.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, where: Mapping[str, str], modules: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` for a package.

    ``where`` maps public names to the modules that define them; where the name there is another, it
    follows after a colon (``{"flips": "analysis.measures.flips:Flips"}``). ``modules`` are modules
    that are public themselves, under the last part of their names.
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
