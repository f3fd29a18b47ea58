"""Tables and lists that people write by hand, as JSON, YAML or TOML, with the lines of their parts.

What is refused besides mistakes of form: a name that is twice in one table (the first would be lost
in silence), references of YAML (a few letters may stand for gigabytes), numbers that are none.
Dates stay texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from sim.errors import BadRequest
from sim.input_files import read_text, read_toml

STRUCTURED = (".json", ".yaml", ".yml", ".toml")
"""The endings of such files."""

_YAML_MOST = 2 << 20
_DEEPEST = 40


def read_structure(path: Path | str, what: str = "", *, within: str = "") -> tuple[Any, list[int]]:
    """What a file holds, by its ending; and the lines where its parts begin.

    The parts are the items of a list, or of the list ``within`` a table, or else the entries of a
    table. There may be other numbers of lines than of parts in TOML, where lines are told by their
    looks; then they are of no use. ``what`` stands before the path in messages. Raises
    ``BadRequest`` with the line of a mistake.
    """
    where = f"{what} {path}".strip()
    suffix = Path(path).suffix.lower()
    if suffix not in STRUCTURED:
        known = ", ".join(STRUCTURED)
        raise BadRequest(f"{where}: {suffix or 'no ending'} is no format that is read; use {known}")
    if suffix == ".toml":
        return read_toml(path, what), _lines_of_toml(read_text(path, what), within)
    text = read_text(path, what)
    return _of_json(text, where, within) if suffix == ".json" else _of_yaml(text, where, within)


class _Twice(ValueError):
    """A name is there twice in one table."""


def _once(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(f"{name!r:.60} is there twice in one table; leave out one of them")
        found[name] = value
    return found


def _no_number(text: str) -> Any:
    raise _Twice(f"{text} is no number; leave it out")


def _of_json(text: str, where: str, within: str) -> tuple[Any, list[int]]:
    try:
        content = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise BadRequest(f"{where}, line {error.lineno}: is no JSON: {error.msg}") from None
    except RecursionError:
        raise BadRequest(f"{where}: cannot be read: it nests too deep") from None
    except ValueError as error:  # Twice, no number, and numbers with thousands of digits.
        raise BadRequest(f"{where}: {error}") from None
    places = _places_in_json(text, within)
    lines, line, last = [], 1, 0
    for place in places:
        line, last = line + text.count("\n", last, place), place
        lines.append(line)
    return content, lines


def _places_in_json(text: str, within: str) -> list[int]:
    """Where the parts of a sound JSON begin."""
    decoder = json.JSONDecoder()

    def skip(place: int, marks: str = " \t\r\n,:") -> int:
        while place < len(text) and text[place] in marks:
            place += 1
        return place

    def elements(place: int) -> list[int]:
        found: list[int] = []
        place = skip(place + 1)
        while text[place] != "]":
            found.append(place)
            place = skip(decoder.raw_decode(text, place)[1])
        return found

    start = skip(0)
    if text[start] == "[":
        return elements(start)
    if text[start] != "{":
        return []
    found: list[int] = []
    place = skip(start + 1)
    while text[place] != "}":
        begun = place
        name, end = decoder.raw_decode(text, place)
        value = skip(end)
        if name == within and text[value] == "[":
            return elements(value)
        found.append(begun)
        place = skip(decoder.raw_decode(text, value)[1])
    return found


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """YAML without references, whose few letters may stand for gigabytes, and without dates."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name is that of the base class
        first: [(tag, pattern) for tag, pattern in some if not tag.endswith(":timestamp")]
        for first, some in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(
                None, None, "a reference (*) is not read; write it out", event.start_mark
            )
        return super().compose_node(parent, index)


def _of_yaml(text: str, where: str, within: str) -> tuple[Any, list[int]]:
    if len(text) > _YAML_MOST:
        raise BadRequest(f"{where}: has more than {_YAML_MOST >> 20} MB; save it as JSON")
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            content = None if node is None else _plain(node, loader)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise BadRequest(f"{where}{line}: is no YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        told = str(error).splitlines()
        raise BadRequest(f"{where}: is no YAML: {told[0]}") from None
    except RecursionError:
        raise BadRequest(f"{where}: cannot be read: it nests too deep") from None
    return content, _lines_of_yaml(node, within)


def _plain(node: Any, loader: _Loader, deep: int = 0) -> Any:
    """What a node stands for. Raises ``yaml.MarkedYAMLError`` with its line."""
    problem = None
    if deep > _DEEPEST:
        problem = "it nests too deep"
    elif isinstance(node, yaml.MappingNode):
        pairs = [(_plain(name, loader, deep + 1), _plain(value, loader, deep + 1))
                 for name, value in node.value]  # fmt: skip
        try:
            return _once(pairs)
        except _Twice as error:
            problem = str(error)
        except TypeError:
            problem = "a list or a table is no name"
    elif isinstance(node, yaml.SequenceNode):
        return [_plain(each, loader, deep + 1) for each in node.value]
    else:
        try:
            return loader.construct_object(node)
        except (ValueError, OverflowError, IndexError) as error:
            problem = f"{node.value!r:.60} cannot be read ({error})"
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _lines_of_yaml(node: Any, within: str) -> list[int]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == within:
                node = value
                break
        else:
            return [name.start_mark.line + 1 for name, _ in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [each.start_mark.line + 1 for each in node.value]
    return []


def _lines_of_toml(text: str, within: str) -> list[int]:
    """The lines of the heads of parts; where texts look like heads there are too many of them,
    and none is used."""
    heads = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.lstrip().startswith("[")
    ]
    lists = [number for number, line in heads if line.replace(" ", "").startswith(f"[[{within}]]")]
    return lists or [number for number, line in heads if not line.startswith("[[")]
