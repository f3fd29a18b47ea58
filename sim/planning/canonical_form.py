"""A scene in canonical form: the JSON text whose hash says whether two trials are the same.

It holds the values of everything that was authored. Of a callable it holds a hash of the syntax,
and the values of its closure, its defaults and the globals that it reads. The place of a definition
and its layout are left out: editing a comment plays no trial again.
"""

from __future__ import annotations

import ast
import enum
import functools
import json
import math
import numbers
import sys
import types
from collections.abc import Callable, Mapping, Set
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel

from sim.errors import SceneError
from sim.planning.names import SCENE_NAMES, Names
from sim.planning.source import dump, names_in, tree_of_class, tree_of_function
from sim.redaction import secrets
from sim.scene.base_model import AuthoredModel
from sim.scene.scene import Scene

# Classes of these packages stand by name alone: the manifest of a run names their versions.
_KNOWN_PACKAGES = sys.stdlib_module_names | {"sim", "pydantic", "pydantic_core"}

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(scene: Scene) -> str:
    """The scene as JSON in ASCII with sorted keys.

    A store reads scenes back from it (``sim.planning.decoder``). Raises ``SceneError`` if the scene
    holds something that has no source or no plain value, or the value of a known secret, which
    would be stored and sent to the model.

    >>> from sim import Actor, Persona, Scene, after, ring
    >>> scene = Scene(topic="Tea?", cast=[Actor(Persona(name="Ada")), Actor(Persona(name="Ben"))],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> json.loads(canonical(scene))["ends"]
    {'$type': 'After', 'turns': 2}
    """
    text = _encode(plain(scene, "Scene"))
    if any(json.dumps(secret)[1:-1] in text for secret in secrets()):
        raise SceneError(
            "Scene: it holds the value of a key or token of the environment, which would be stored "
            "and told to the model; leave it out"
        )
    return text


def plain(value: Any, where: str, names: Names = SCENE_NAMES) -> Any:
    """A value as JSON has it. What JSON lacks becomes an object whose keys begin with ``$``.

    ``where`` names the value in messages; ``names`` are those of Elsinore's own classes. Raises
    ``SceneError`` if it has no plain form.
    """
    return _Plain(names).value(value, where)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


class _Plain:
    """One conversion. It remembers the values that it is inside of, to stop at a recursion."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._open: set[int] = set()

    def value(self, value: Any, where: str) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return {"$enum": self._names.of(type(value)), "name": value.name}
        if isinstance(value, str):
            return str(value)
        if isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
            number = float(value)
            return number if math.isfinite(number) else {"$float": repr(number)}
        if isinstance(value, bytes):
            return {"$bytes": value.hex()}
        if isinstance(value, list | tuple):
            return [self.value(item, f"{where}.{index}") for index, item in enumerate(value)]
        if isinstance(value, Set):
            return {"$set": sorted((self.value(item, where) for item in value), key=_encode)}
        if isinstance(value, Mapping):
            return self._mapping(value, where)
        if isinstance(value, types.ModuleType):
            raise SceneError(
                f"{where}: the module {value.__name__} is no value; name what is needed of it"
            )
        return self._once(value, where)

    def _mapping(self, mapping: Mapping[Any, Any], where: str) -> Any:
        if all(isinstance(key, str) and not key.startswith("$") for key in mapping):
            return {str(key): self.value(item, f"{where}.{key}") for key, item in mapping.items()}
        pairs = [
            [self.value(key, where), self.value(item, f"{where}.{key}")]
            for key, item in mapping.items()
        ]
        return {"$pairs": sorted(pairs, key=_encode)}

    def _once(self, value: Any, where: str) -> Any:
        """A value that may contain itself, as a recursive function does; there, its name."""
        if id(value) in self._open:
            return {"$again": getattr(value, "__qualname__", type(value).__qualname__)}
        self._open.add(id(value))
        try:
            if isinstance(value, functools.partial):
                return {
                    "$partial": self.value(value.func, where),
                    "args": self.value(value.args, where),
                    "keywords": self.value(value.keywords, where),
                }
            if isinstance(value, types.FunctionType):
                return self._function(value, where)
            if isinstance(value, types.MethodType):
                return {
                    "$method": self.value(value.__func__, where),
                    "self": self.value(value.__self__, where),
                }
            if isinstance(value, types.BuiltinFunctionType):
                return self._builtin(value, where)
            if isinstance(value, type):
                return {"$class": self._names.of(value), **self._source(value, where)}
            return self._object(value, where)
        finally:
            self._open.discard(id(value))

    def _function(self, function: types.FunctionType, where: str) -> Any:
        name = self._names.of(function)
        if _known(function.__module__):
            form: dict[str, Any] = {"$function": name}
            tree: ast.AST | None = None
        else:
            tree = tree_of_function(function, where)
            form = {"$function": name, "syntax": _digest(dump(tree))}
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        if cells:
            form["closure"] = {
                cell: self._cell(content, f"{where}: {cell}, which {name} closes over")
                for cell, content in cells.items()
            }
        if function.__defaults__ or function.__kwdefaults__:
            # The syntax shows how a default is written; its value was fixed at the definition.
            form["defaults"] = self.value(
                [function.__defaults__ or (), function.__kwdefaults__ or {}], f"{where}: {name}"
            )
        if tree is not None:
            read = self._globals(function, tree, where)
            if read:
                form["globals"] = read
        return form

    def _cell(self, cell: types.CellType, where: str) -> Any:
        try:
            return self.value(cell.cell_contents, where)
        except ValueError as error:
            if isinstance(error, SceneError):
                raise
            return {"$empty": True}  # the cell of a name that has no value yet

    def _globals(self, function: types.FunctionType, tree: ast.AST, where: str) -> dict[str, Any]:
        """The values of the global names that a function reads: constants, functions, classes."""
        read: dict[str, Any] = {}
        for name in sorted(names_in(tree)):
            if name not in function.__globals__:
                continue
            content = function.__globals__[name]
            if isinstance(content, types.ModuleType):
                continue
            try:
                read[name] = self.value(content, where)
            except SceneError:
                # A logger or a lock has no plain value, and no result depends on it.
                continue
        return read

    def _builtin(self, function: types.BuiltinFunctionType, where: str) -> Any:
        owner = function.__self__
        if owner is None or isinstance(owner, types.ModuleType):
            return {"$builtin": f"{function.__module__}.{function.__qualname__}"}
        return {"$builtin": function.__qualname__, "self": self.value(owner, where)}

    def _object(self, value: Any, where: str) -> Any:
        cls = type(value)
        if isinstance(value, BaseModel):
            names = [name for name in cls.model_fields if not _as_it_ships(value, name)]
            if value.model_extra:
                names += list(value.model_extra)
        elif is_dataclass(value):
            names = [f.name for f in fields(value) if not _as_it_ships(value, f.name)]
        else:
            names = self._attributes(value, where)
        return {
            "$type": self._names.of(cls),
            **self._source(cls, where),
            **{name: self.value(_field(value, name), f"{where}.{name}") for name in names},
        }

    def _attributes(self, value: Any, where: str) -> list[str]:
        cls = type(value)
        if not hasattr(value, "__dict__") and not any(
            "__slots__" in vars(base) for base in cls.__mro__
        ):
            raise SceneError(
                f"{where}: {value!r:.60} ({cls.__qualname__}) has no plain value; "
                "use numbers, texts, lists, dataclasses or functions"
            )
        names = set(getattr(value, "__dict__", ()))
        for base in cls.__mro__:
            slots = vars(base).get("__slots__", ())
            names.update([slots] if isinstance(slots, str) else slots)
        return sorted(name for name in names if not name.startswith("__") and hasattr(value, name))

    def _source(self, cls: type, where: str) -> dict[str, str]:
        """A hash of the syntax of a class and its bases, those of known packages left out."""
        own = [base for base in cls.__mro__ if not _known(base.__module__)]
        if not own:
            return {}
        return {"$syntax": _digest("\n".join(dump(tree_of_class(base, where)) for base in own))}


def _field(value: Any, name: str) -> Any:
    if isinstance(value, AuthoredModel):
        return value.in_canonical_form(name)
    return getattr(value, name)


def _as_it_ships(value: Any, name: str) -> bool:
    """Whether a field is younger than the first stores and has its default.

    Such a field is left out, so that trials of older stores keep their ids. A class names them in
    ``added`` (``AuthoredModel``); in a dataclass they have plain defaults.
    """
    if name not in getattr(value, "added", ()):
        return False
    if isinstance(value, BaseModel):
        default = type(value).model_fields[name].get_default(call_default_factory=True)
    else:
        default = next(field.default for field in fields(value) if field.name == name)
    return bool(getattr(value, name) == default)


def _known(module: str | None) -> bool:
    root = (module or "").partition(".")[0]
    return root in _KNOWN_PACKAGES and root != "__main__"


def source_digest(function: Callable[..., Any]) -> str:
    """A hash of the text of the file that defines a function; empty if it has no file."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    try:
        with open(code.co_filename, "rb") as file:
            return blake2b(file.read(), digest_size=16).hexdigest()
    except OSError:
        return ""
