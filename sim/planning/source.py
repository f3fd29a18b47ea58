"""The syntax trees of functions and classes, as text that does not depend on how they are laid out.

A comment, a docstring, a line break or another version of Python changes nothing in it.
(``ast.dump`` is not used because its fields differ between versions.)
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from sim.errors import SceneError

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# Fields of a node that do not change its meaning.
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def dump(node: ast.AST) -> str:
    """A syntax tree as text, without positions, docstrings and empty fields.

    >>> dump(ast.parse("f(1)  # one", mode="eval").body)
    "Call(func=Name(id='f'),args=[Constant(value=1)])"
    """
    parts: list[str] = []
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED or value is None or value == []:
            continue
        if name == "body" and isinstance(value, list):
            value = _without_docstring(node, value)
        parts.append(f"{name}={_dump_field(value)}")
    return f"{type(node).__name__}({','.join(parts)})"


def _dump_field(value: Any) -> str:
    if isinstance(value, ast.AST):
        return dump(value)
    if isinstance(value, list):
        return f"[{','.join(_dump_field(item) for item in value)}]"
    return repr(value)


def _without_docstring(node: ast.AST, body: list[Any]) -> list[Any]:
    documented = isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    )
    first = body[0]
    if (
        documented
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:] or [ast.Pass()]
    return body


def tree_of_function(function: FunctionType, where: str) -> _Function:
    """The syntax tree of a function or lambda.

    Raises ``SceneError`` if its source cannot be found, or is one of several alike in its line.
    """
    name = function.__qualname__
    try:
        lines, _ = inspect.findsource(function)
        module = _parsed("".join(lines))
    except (OSError, TypeError, SyntaxError):
        raise SceneError(
            f"{where}: the source of {name} cannot be found, so a change of it could not be "
            "noticed; define it in a file"
        ) from None
    code = function.__code__
    candidates = [
        node for node in ast.walk(module) if isinstance(node, _Function) and _begins(node, code)
    ]
    if len(candidates) > 1:
        candidates = _innermost(candidates, code)
    if len({dump(node) for node in candidates}) != 1:
        raise SceneError(
            f"{where}: the source of {name} cannot be told from its neighbours'; "
            "write one function or lambda a line"
        )
    return candidates[0]


@lru_cache(maxsize=32)
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def _begins(node: _Function, code: CodeType) -> bool:
    """Whether the node could have been compiled to this code: it has its name and first line."""
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno
    decorated = [decorator.lineno for decorator in node.decorator_list]
    return node.name == code.co_name and min([node.lineno, *decorated]) == code.co_firstlineno


def _innermost(candidates: list[_Function], code: CodeType) -> list[_Function]:
    """Of several lambdas in one line, the one whose body holds all instructions of the code."""
    places = [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if line is not None
        and end_line is not None
        and column is not None
        and end_column is not None
        # The first instructions of a function have an empty range.
        and (line, column) != (end_line, end_column)
    ]
    if not places:
        return candidates  # Python runs with -X no_debug_ranges
    fitting = []
    for node in candidates:
        first = node.body[0] if isinstance(node.body, list) else node.body
        last = node.body[-1] if isinstance(node.body, list) else node.body
        begin = (first.lineno, first.col_offset)
        end = (last.end_lineno or 0, last.end_col_offset or 0)
        if all(begin <= start and stop <= end for start, stop in places):
            fitting.append((begin, node))
    # Bodies that hold the same place are nested; the one that begins last is innermost.
    return [max(fitting, key=lambda entry: entry[0])[1]] if fitting else candidates


def tree_of_class(cls: type, where: str) -> ast.AST:
    """The syntax tree of a class. Raises ``SceneError`` if its source cannot be found."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        raise SceneError(
            f"{where}: the source of {cls.__qualname__} cannot be found, so a change of it could "
            "not be noticed; define it in a file"
        ) from None


def names_in(tree: ast.AST) -> set[str]:
    """The names that a tree reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
