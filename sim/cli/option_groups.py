"""Options that go together, as one value: a dataclass among a command's parameters.

Typer wants each option as a parameter of the command's function. Here a parameter may be a
dataclass whose fields are annotated like options: each field becomes an option of the command, and
the function gets the dataclass. So options that several commands share are declared once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command with each field of its option dataclasses as a parameter, for typer.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Size:
    ...     width: int = 3
    >>> @grouped
    ... def draw(name: str, size: Size) -> None:
    ...     print(name, size.width)
    >>> list(inspect.signature(draw).parameters)
    ['name', 'width']
    >>> draw(name="box", width=4)
    box 4
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, type[Any]] = {}
    flat: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if not is_dataclass(kind):
            flat.append(parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        assert isinstance(kind, type)
        groups[parameter.name] = kind
        own = get_type_hints(kind, include_extras=True)
        for each in fields(kind):
            default = inspect.Parameter.empty if each.default is MISSING else each.default
            flat.append(
                inspect.Parameter(
                    each.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=default,
                    annotation=own[each.name],
                )
            )

    def ungrouped(**given: Any) -> None:
        records = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)})
            for name, kind in groups.items()
        }
        command(**given, **records)

    ungrouped.__name__ = command.__name__
    ungrouped.__doc__ = command.__doc__
    ungrouped.__annotations__ = {each.name: each.annotation for each in flat}
    ungrouped.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return ungrouped
