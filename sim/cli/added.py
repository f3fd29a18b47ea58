"""What other packages add, group by group, each tried: for ``elsinore list``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

from sim import extensions
from sim.extensions import Extension, ExtensionError
from sim.text.suggestions import nearest

if TYPE_CHECKING:
    from sim.planning.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Added:
    """One thing that loads: what it is, in a line, and what its package says of itself.

    ``scenario`` is the whole of it where it is one.
    """

    extension: Extension
    about: str
    scenario: Scenario | None = None


def everything() -> Iterator[Added | ExtensionError]:
    """All that other packages add, in the order of the groups; in place of what is broken, why."""
    for group in extensions.GROUPS:
        for each in extensions.usable(group, _own(group)):
            if isinstance(each, ExtensionError):
                yield each
                continue
            try:
                yield _tried(each)
            except ExtensionError as error:
                yield error
    for package, group in extensions.misnamed():
        known = nearest(group, [f"elsinore.{name}" for name in extensions.GROUPS])
        yield ExtensionError(
            f"{package}: declares entry points in {group}, which is no group of Elsinore's{known}"
        )


def _own(group: str) -> tuple[str, ...]:
    """Elsinore's own names in a group, which no other package can take."""
    if group == "scenarios":
        from sim.planning.scenarios import files, names

        return (*names(), *files())
    if group == "studies":
        from sim.planning.studies import study_names

        return study_names()
    if group == "stages":
        from sim.stage.open import OWN

        return OWN
    if group == "measures":
        from analysis.measure_names import own

        return tuple(own())
    if group == "instruments":
        from sim.cli.completion import DETECTORS

        return DETECTORS
    if group == "formats":
        from sim.formats.registry import FORMATS

        return FORMATS
    from sim.planning.names import SCENE_NAMES

    return tuple(SCENE_NAMES.classes)


def _tried(added: Extension) -> Added:
    """An extension that was loaded and is what its group asks for. Raises ``ExtensionError``."""
    match added.group:
        case "scenarios" | "studies":
            from sim.planning.scenarios import from_package

            scenario = from_package(added)
            return Added(added, scenario.summary, scenario)
        case "stages":
            from sim.stage.open import opener

            return Added(added, _first_line(opener(added)))
        case "measures":
            from analysis.measures_by_name import from_package as measure_from

            return Added(added, _first_line(measure_from(added)))
        case "instruments":
            from analysis.calibration.instruments.package import instrument_from

            made = instrument_from(added)
            return Added(added, f"detects {made.detects}")
        case "formats":
            from sim.formats.registry import from_package as format_from

            return Added(added, format_from(added).about)
        case _:
            return Added(added, _first_line(_router(added)))


def _router(added: Extension) -> Any:
    """A class of routers that stores can read back."""
    found = added.load()
    if not isinstance(found, type) or not is_dataclass(found):
        raise added.wrong("is no dataclass, so that no store could read it")
    lacking = [name for name in ("start", "heard", "next") if not hasattr(found, name)]
    if lacking:
        raise added.wrong(f"is no router: it has no {', '.join(lacking)}")
    return found


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]
