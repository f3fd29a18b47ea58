"""Scenarios: finding them, reading their parameters, building their scenes.

A scenario is a plain function whose parameters all have a type and a default and which returns a
``Scene``, or a ``Tournament`` of many. It is named by its file in the ``scenarios`` package
(``mousetrap``), by a file and a function (``my_file.py:my_scenario``), or by an entry point of
another package (``sim.extensions``). The package is imported at run time: nothing in ``sim``
imports ``scenarios`` (the data flows the other way).
"""

from __future__ import annotations

import inspect
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from itertools import product
from math import isfinite
from pathlib import Path
from pkgutil import iter_modules
from types import CodeType, ModuleType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from sim import extensions
from sim.errors import BadRequest, ScenarioError, SceneError
from sim.scene.base_model import AuthoredModel
from sim.scene.scene import Scene
from sim.text.suggestions import meant, nearest

Made = TypeVar("Made", bound=AuthoredModel)

PACKAGE = "scenarios"
OURS = ("analysis", "scenarios", "sim")
"""Our import packages. They stand side by side, in the repository and in an installed wheel."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a scenario: its name, its type as annotated, its default."""

    name: str
    annotation: Any
    default: Any

    @property
    def type_name(self) -> str:
        """The type, as a person would write it."""
        return _type_name(self.annotation)

    def __str__(self) -> str:
        return f"{self.name}: {self.type_name} = {self.default!r}"

    def read(self, value: Any) -> Any:
        """A value of the parameter's type. A text is read as a person types it, or as JSON.

        Raises ``ValueError`` with what is wrong.
        """
        adapter = TypeAdapter[Any](self.annotation)
        try:
            text = isinstance(value, str)
            typed = _from_text(adapter, value) if text else adapter.validate_python(value)
        except ValidationError as error:
            raise ValueError(error.errors(include_url=False)[0]["msg"]) from None
        if isinstance(typed, float) and not isfinite(typed):
            raise ValueError("Input should be a finite number")
        return typed

    def plain(self, value: Any) -> Any:
        """The value as JSON has it, for a plan."""
        return TypeAdapter[Any](self.annotation).dump_python(value, mode="json")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A function that makes a scene, described by its signature.

    ``returns`` is its annotated return type: ``Scene``, or ``Tournament``. ``origin`` is the
    package that it comes from, with its version; blank for ours and for files.
    """

    name: str
    function: Callable[..., Any]
    source: Path
    parameters: tuple[Parameter, ...]
    doc: str
    returns: type[AuthoredModel] = Scene
    origin: str = ""

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.partition("\n")[0]


def names() -> tuple[str, ...]:
    """The names of the scenarios that ship, without loading them."""
    package = own(PACKAGE)
    modules = iter_modules(package.__path__)
    return tuple(
        sorted(
            entry.name
            for entry in modules
            if not entry.name.startswith("_") and not entry.ispkg  # a package holds studies
        )
    )


def files() -> dict[str, Path]:
    """The tournaments that ship as files, by name."""
    package = own(PACKAGE)
    paths = [path for place in package.__path__ for path in Path(place).glob("*.toml")]
    return {path.stem: path for path in sorted(paths)}


def available() -> tuple[Scenario, ...]:
    """The scenarios that ship, in alphabetical order."""
    return tuple(find(name) for name in names())


def find(name: str) -> Scenario:
    """The scenario of that name: ``mousetrap``, ``path.py:function``, or one of another package.

    Raises ``ScenarioError`` if there is none, if its file does not import, or if the function is
    no scenario; the message says why, and names what is most similar. Raises ``ExtensionError`` if
    the package that has it does not load.
    """
    path, colon, function = name.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_file(name, Path(path), function)
    if name.endswith(".py"):
        offered = ", ".join(f"{name}:{each}" for each in _functions(load_file(Path(name))))
        raise ScenarioError(
            f"{name}: say which of its functions is the scenario; "
            f"use {offered or f'{name}:FUNCTION'}"
        )
    known = names()
    if name not in known:
        added = extensions.find("scenarios", name)
        if added is not None:
            return from_package(added)
        known += extensions.names("scenarios", known)
        raise ScenarioError(
            f"unknown scenario {name!r}{nearest(name, known)} (or path.py:function)"
        )
    try:
        module = import_module(f"{PACKAGE}.{name}")
    except ImportError as error:
        raise ScenarioError(f"the scenario {name!r} does not import: {error}") from error
    return describe(name, getattr(module, name, None), Path(str(module.__file__)))


def from_package(added: extensions.Extension) -> Scenario:
    """The scenario (or the study) that an entry point of another package names.

    Raises ``ExtensionError`` if it does not load or is none.
    """
    function = added.load()
    source = getattr(getattr(function, "__code__", None), "co_filename", added.entry.value)
    try:
        return replace(describe(added.name, function, Path(source)), origin=added.origin)
    except ScenarioError as error:
        raise added.wrong(f"cannot be used ({error})") from None


def describe(name: str, function: Any, source: Path) -> Scenario:
    """A scenario from its function. Raises ``ScenarioError`` if the function is none."""
    if not inspect.isfunction(function):
        raise ScenarioError(
            f"{name}: is no function; a scenario is a function that returns a Scene"
        )
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise ScenarioError(f"{name}: is async or a generator; use a plain function")
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # They are a user's own code, and texts among them are compiled.
        raise ScenarioError(f"{name}: its annotations cannot be read: {error}") from error
    returns = hints.pop("return", Scene)
    if not (isinstance(returns, type) and issubclass(returns, AuthoredModel)):
        raise ScenarioError(f"{name}: returns {_type_name(returns)}; a scenario returns a Scene")
    parameters: list[Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        where = f"{name}: the parameter {parameter.name!r}"
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ScenarioError(f"{where} takes anything; name each parameter")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise ScenarioError(f"{where} has no name to a caller; remove the / after it")
        if parameter.name not in hints:
            raise ScenarioError(f"{where} has no type; write `{parameter.name}: int = ...`")
        if parameter.default is parameter.empty:
            raise ScenarioError(
                f"{where} has no default; give it one, so that the scenario plays as it is"
            )
        annotation = hints[parameter.name]
        try:
            TypeAdapter[Any](annotation)
        except PydanticSchemaGenerationError as error:
            raise ScenarioError(
                f"{where} has the type {_type_name(annotation)}, which no text can be read as; "
                "use int, float, bool, str, Literal, or lists of them"
            ) from error
        parameters.append(Parameter(parameter.name, annotation, parameter.default))
    doc = inspect.getdoc(function) or ""
    return Scenario(name, function, source, tuple(parameters), doc, returns)


def read(scenario: Scenario, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a scenario: those given, typed, and the defaults of the others.

    Raises ``ScenarioError`` for a name that the scenario does not have or a value that is not of
    the type.
    """
    known = {parameter.name: parameter for parameter in scenario.parameters}
    takes = f"{scenario.name} takes: {', '.join(map(str, scenario.parameters)) or 'nothing'}"
    values = {parameter.name: parameter.default for parameter in scenario.parameters}
    for name, value in given.items():
        if name not in known:
            raise ScenarioError(
                f"{scenario.name} has no parameter {name!r}{meant(name, known) or ';'} {takes}"
            )
        try:
            values[name] = known[name].read(value)
        except ValueError as error:
            raise ScenarioError(
                f"{scenario.name}: {name}={value} is not {known[name].type_name} ({error}); {takes}"
            ) from None
    return values


def grid(scenario: Scenario, given: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """All combinations of parameters, each as by ``read``; several values of one make several.

    A text with commas that is no value as a whole is several values: ``change=true,false``. Raises
    as ``read`` does.
    """
    known = {parameter.name: parameter for parameter in scenario.parameters}
    values: dict[str, list[str]] = {}
    for name, texts in given.items():
        parts = [part for text in texts for part in _values(known.get(name), text)]
        values[name] = list(dict.fromkeys(parts))
    return [
        read(scenario, dict(zip(values, chosen, strict=True)))
        for chosen in product(*values.values())
    ]


def _values(parameter: Parameter | None, text: str) -> list[str]:
    """The values in a text; the text itself if it is one, or if nothing else can be made of it."""
    if parameter is None or "," not in text:
        return [text]
    try:
        parameter.read(text)
    except ValueError:
        return [part.strip() for part in text.split(",")]
    return [text]


def build(scenario: Scenario, parameters: Mapping[str, Any]) -> Scene:
    """The scene that a scenario makes of these parameters (see ``read``), defaults filled in.

    Raises ``SceneError`` if the scene makes no sense, and ``ScenarioError`` if the function raises
    anything else or returns anything else.
    """
    if not issubclass(scenario.returns, Scene):
        kind = scenario.returns.__name__
        raise ScenarioError(
            f"{scenario.name}: makes a {kind} and no single scene; "
            f"use elsinore {kind.lower()} {scenario.name}"
        )
    return make(scenario, parameters, Scene)


def make(scenario: Scenario, parameters: Mapping[str, Any], kind: type[Made]) -> Made:
    """What a scenario makes of these parameters: a ``kind``. Raises as ``build`` does."""
    values = read(scenario, parameters)
    try:
        authored = scenario.function(**values)
    except SceneError as error:
        raise SceneError(f"{scenario.name}: {error}") from error
    except (Exception, SystemExit) as error:
        # The function is a user's own code and may raise anything, or call sys.exit(). The user has
        # to correct that file, so the message names its line.
        raise ScenarioError(f"{_where(error, scenario.source)}: {_what(error)}") from error
    if not isinstance(authored, kind):
        raise ScenarioError(
            f"{scenario.name}: returned {_type_name(type(authored))}; "
            f"here a function is needed that returns a {kind.__name__}"
        )
    return authored


def own(package: str) -> ModuleType:
    """One of Elsinore's packages.

    A user's folder ``analysis/`` or ``scenarios/`` that comes first on the path hides it; then this
    raises ``BadRequest``, which names the folder.
    """
    module = import_module(package)
    ours = _home() / package
    folders = [Path(path).resolve() for path in getattr(module, "__path__", [])]
    if ours not in folders:
        place = folders[0] if folders else module.__file__
        raise BadRequest(
            f"{place} hides Elsinore's own package {package!r}; "
            "rename it, or run the command from another folder"
        )
    return module


def _from_file(name: str, path: Path, function: str) -> Scenario:
    module = load_file(path)
    scenario = getattr(module, function, None)
    if scenario is None:
        raise ScenarioError(
            f"{path} has no function {function!r}{nearest(function, _functions(module))}"
        )
    return describe(name, scenario, path)


def _functions(module: ModuleType) -> list[str]:
    """The functions that a file defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]


class _UncachedLoader(SourceFileLoader):
    """Compiles the file every time, without cached bytecode.

    Python compares the cache with the source by size and whole seconds alone. A scenario edited and
    run again in the same second could play the old code under the hash of the new file.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_file(path: Path) -> ModuleType:
    """A user's file as a module, under a name made of its path and its content.

    It is executed once a process, and again when it was edited: in a notebook, too, what is played
    is what stands in the file.

    Its folder comes first on the path, so that it can import its neighbours.
    """
    try:
        if not path.is_file():
            raise ScenarioError(f"there is no file {path}")
        place = path.resolve()
        content = place.read_bytes()
    except OSError as error:  # A name of thousands of letters is none either.
        raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ScenarioError(f"{str(path)!r}: is no name of a file ({error})") from None
    digest = blake2b(os.fsencode(place) + b"\0" + content, digest_size=6).hexdigest()
    name = f"elsinore_scenario_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    for package in OURS:
        # Imported now, so that a folder of the same name beside the file cannot replace them.
        own(package)
    folder = str(place.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    linecache.checkcache(str(place))  # Functions are known by their source.
    loader = _UncachedLoader(name, str(place))
    spec = spec_from_loader(name, loader)
    assert spec is not None  # None only for loaders without get_filename
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        # It is a user's own code and may raise anything, or call sys.exit().
        del sys.modules[name]
        hiding = [
            package
            for package in OURS
            if place.parent != _home() and (place.parent / package).is_dir()
        ]
        hint = (
            f" (the folder {place.parent / hiding[0]} has the name of a package of Elsinore's, "
            "and cannot be imported; rename it)"
            if hiding and isinstance(error, ImportError)
            else ""
        )
        raise ScenarioError(f"{_where(error, path)}: {_what(error)}{hint}") from error
    return module


def _home() -> Path:
    """The folder that holds our packages."""
    return Path(__file__).resolve().parents[2]


def _where(error: BaseException, path: Path) -> str:
    """The file and line in the user's folder where an error came from."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(Path(error.filename), path)}:{error.lineno}"
    folder = path.resolve().parent
    place_of_error = str(path)
    for frame in traceback.extract_tb(error.__traceback__):
        place = Path(frame.filename).resolve()
        # Installed libraries and Elsinore itself may lie below the user's folder, too.
        foreign = "site-packages" in place.parts or place.is_relative_to(_home() / "sim")
        if not frame.filename.startswith("<") and place.is_relative_to(folder) and not foreign:
            place_of_error = f"{_short(place, path)}:{frame.lineno}"
    return place_of_error


def _short(place: Path, path: Path) -> str:
    """A place as the user wrote it, if it is the user's file."""
    return str(path) if place.resolve() == path.resolve() else str(place)


def _what(error: BaseException) -> str:
    """An error in one line."""
    message = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    if isinstance(error, SystemExit):
        return "it leaves the program; take sys.exit() out, or guard it by `if __name__ == ...`"
    if isinstance(error, SceneError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _from_text(adapter: TypeAdapter[Any], text: str) -> Any:
    """A value as a person types it; lists, tables and null are read as JSON."""
    try:
        return adapter.validate_strings(text)
    except ValidationError as error:
        try:
            return adapter.validate_json(text)
        except ValidationError as other:
            # Text that is no JSON at all was not meant as JSON: the first error is the one to show.
            syntax = any(problem["type"] == "json_invalid" for problem in other.errors())
            raise error if syntax else other from None


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _type_name(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " | ".join(repr(value) for value in get_args(annotation))
    return inspect.formatannotation(annotation)
