"""A scene from its canonical form: what a store holds becomes a scene again.

Everything that Elsinore ships stands there by name and can be read back, and so do the routers of
installed packages (``sim.extensions``) while their code is what it was. A user's own functions and
classes cannot, since the canonical form holds only a hash of their syntax: ``scene_from`` refuses
them, and ``scene_for_prompts`` leaves them out, since no prompt depends on them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from sim.errors import BadRequest
from sim.extensions import ExtensionError, installed
from sim.planning.canonical_form import plain
from sim.planning.names import SCENE_NAMES
from sim.scene.graph import PublicView
from sim.scene.routing.walks import Walk
from sim.scene.scene import Scene

log = logging.getLogger(__name__)


class Unreadable(BadRequest):
    """A stored scene holds a user's own code, or something that no version of Elsinore writes."""


def scene_from(stored: str | Mapping[str, Any], code_of: Scene | None = None) -> Scene:
    """The scene of a canonical text (``sim.planning.canonical``), or of its JSON, whole.

    ``code_of`` is another scene with the same code, such as the one that a branch comes from. Where
    the store holds only the hash of a user's function or object, the one of ``code_of`` with the
    same canonical form is used. Raises ``Unreadable`` if there is none.

    >>> from sim import Persona, after, ring
    >>> from sim.planning import canonical
    >>> from sim.scene.templates import Wording
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=2), wording=Wording())
    >>> scene_from(canonical(scene)) == scene
    True
    """
    form = json.loads(stored) if isinstance(stored, str) else stored
    known = {} if code_of is None else dict(_foreign(code_of))
    return _scene(form, _Reader(whole=True, known=known))


def _foreign(value: Any) -> Iterator[tuple[str, Any]]:
    """The functions and objects in a scene that are a user's own, by their canonical forms."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _foreign(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _foreign(item)
    elif isinstance(form := plain(value, "scene"), Mapping):
        if "$syntax" in form or form.get("$type", "") not in SCENE_NAMES.classes:
            yield _text(form), value
            return
        for name in form:
            if not name.startswith("$"):
                yield from _foreign(getattr(value, name))


def _text(form: Any) -> str:
    return json.dumps(form, sort_keys=True)


def scene_for_prompts(stored: Mapping[str, Any]) -> Scene:
    """As much of a stored scene as its prompts depend on: to render them again, not to play it.

    A condition that is a user's own never holds; a router or a rule of hearing that is one is None.
    """
    return _scene(stored, _Reader(whole=False))


def _scene(stored: Any, reader: _Reader) -> Scene:
    scene = reader.value(stored, "scene")
    if not isinstance(scene, Scene):
        raise Unreadable("scene: what is stored is no scene; use a backup")
    return scene


def _condition_left_out(view: PublicView) -> bool:
    return False


class _Reader:
    """Reads one canonical form: ``whole``, or with what is not Elsinore's left out."""

    def __init__(self, whole: bool, known: Mapping[str, Any] | None = None) -> None:
        self.whole = whole
        self.known = known or {}

    def value(self, stored: Any, where: str) -> Any:
        if isinstance(stored, list):
            return tuple(self.value(item, f"{where}.{place}") for place, item in enumerate(stored))
        if not isinstance(stored, Mapping):
            return stored
        if "$float" in stored:
            return float(stored["$float"])
        if "$pairs" in stored:
            pairs = self.value(stored["$pairs"], where)
            return dict(pairs)
        if "$type" in stored:
            return self.object(stored, where)
        marked = [name for name in stored if name.startswith("$")]
        if marked:
            return self.function(stored, where)
        return {name: self.value(item, f"{where}.{name}") for name, item in stored.items()}

    def function(self, stored: Mapping[str, Any], where: str) -> Any:
        if self.known and _text(stored) in self.known:
            return self.known[_text(stored)]
        name = stored.get("$function", "")
        if name in SCENE_NAMES.functions and "syntax" not in stored:
            return SCENE_NAMES.functions[name]
        return self.foreign(f"{where}: the function {name or 'here'}", _condition_left_out)

    def object(self, stored: Mapping[str, Any], where: str) -> Any:
        name = stored["$type"]
        cls = SCENE_NAMES.classes.get(name)
        if self.known and _text(stored) in self.known:
            return self.known[_text(stored)]
        if cls is None or "$syntax" in stored:
            return self.router(stored, where) or self.foreign(f"{where}: {name}", None)
        return self.made(cls, stored, where)

    def router(self, stored: Mapping[str, Any], where: str) -> Any:
        """The router of an installed package that has this very form; None if there is none."""
        for added in installed("routers"):
            try:
                cls = added.load()
                if not isinstance(cls, type) or not is_dataclass(cls):
                    raise added.wrong("is no dataclass, so that no store could read it")
                if cls.__qualname__ != stored["$type"]:
                    continue
                router = self.made(cls, stored, where)
                if _text(plain(router, where)) == _text(stored):
                    return router
            except (ExtensionError, Unreadable) as error:
                log.warning("%s", error)
        return None

    def made(self, cls: type[Any], stored: Mapping[str, Any], where: str) -> Any:
        """An object of a class with the stored fields."""
        name = stored["$type"]
        given = {
            part: self.value(item, f"{where}.{part}")
            for part, item in stored.items()
            if not part.startswith("$")
        }
        if issubclass(cls, BaseModel):
            # Not validated: it was when it was built, and what is left out here may be required.
            defaults = {name: field.get_default(call_default_factory=True)
                    for name, field in cls.model_fields.items()}  # fmt: skip
            if cls is Scene and given.get("routing") is None:
                given["routing"] = Walk()
            return cls.model_construct(**defaults | given)
        if is_dataclass(cls):
            # Fields younger than the store have their defaults.
            young = getattr(cls, "added", ())
            defaults = {field.name: field.default for field in fields(cls) if field.name in young}
            given = defaults | given
        if not is_dataclass(cls) or {field.name for field in fields(cls)} != set(given):
            raise Unreadable(f"{where}: {name} has other fields than this version's")
        record = object.__new__(cls)
        for part, item in given.items():
            object.__setattr__(record, part, item)
        return record

    def foreign(self, what: str, instead: Any) -> Any:
        """What stands for a user's own code. Raises ``Unreadable`` if the scene is read whole."""
        if self.whole:
            raise Unreadable(
                f"{what} is not Elsinore's, and a store holds no code; "
                "keep the file of its scenario where it was when it was played"
            )
        return instead
