"""The reference in ``docs/reference``, made from docstrings, signatures and the command's help.

python scripts/reference.py            # writes the pages
python scripts/reference.py --check    # changes nothing; exit code 1 if a page differs
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
NOTE = (
    "<!-- Made by `python scripts/reference.py` from docstrings: change those, not this page. -->"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or check them; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page differs")
    chosen = parser.parse_args(arguments)
    made = dict(pages())
    stale = [
        name
        for name, text in made.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    stale += sorted(path.name for path in FOLDER.glob("*.md") if path.name not in made)
    if chosen.check:
        if stale:
            sys.stderr.write(f"{', '.join(stale)}: run python scripts/reference.py\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def pages() -> Iterator[tuple[str, str]]:
    """The name and the text of each page."""
    yield "commands.md", page("The command", commands())
    yield "python.md", page("The package `sim`", names("sim", skip=MODULES_OF_SCENES))
    yield "scenes.md", page("What scenes are made of", modules(MODULES_OF_SCENES, "sim"))
    yield "analysis.md", page("The package `analysis`", names("analysis", skip=measures()))
    yield "measures.md", page("The measures", all_measures())
    yield "testing.md", page("Checks for authors", checks())
    yield "scenarios.md", page("The scenarios that ship", scenarios())


def page(title: str, parts: Iterable[str]) -> str:
    """A page: a title, the note that it is made, and its parts."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


# --- The command ----------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    """Each subcommand with its arguments and options, as its help has them."""
    import typer

    from sim.cli.app import SUMMARIES, app

    group: Any = typer.main.get_command(app)
    yield (
        "Every command has `--help`, and `--json`, with which it prints one JSON object; `elsinore "
        "schema COMMAND` prints the JSON schema of that object. Exit codes: 0 done, 1 something "
        "failed, 2 bad request, 130 interrupted."
    )
    for name in SUMMARIES:
        command = group.get_command(None, name)
        subcommands = getattr(command, "commands", None)
        for each, title in (
            [(command, name)]
            if not subcommands
            else [(one, f"{name} {key}") for key, one in subcommands.items()]
        ):
            yield from described_command(each, title)


def described_command(command: Any, title: str) -> Iterator[str]:
    """One command: what it does, and a table of what it takes."""
    yield f"## `elsinore {title}`"
    yield prose(inspect.cleandoc(command.help or "").partition("\f")[0])
    rows = [row for each in command.params if (row := option_row(each)) is not None]
    if rows:
        yield "\n".join(["| option | what it is |", "|---|---|", *rows])


def option_row(parameter: Any) -> str | None:
    """An argument or an option as a row; None for those that every command has."""
    if parameter.name in ("log_level", "as_json", "help"):
        return None
    if parameter.param_type_name == "argument":
        name = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        shown = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
        name = f"{shown} `{parameter.metavar}`" if parameter.metavar else shown
    about = " ".join((getattr(parameter, "help", None) or "").split())
    return f"| {name} | {cell(about)} |"


# --- Python ---------------------------------------------------------------------------------------

MODULES_OF_SCENES = ("answers", "audience", "endings", "interventions", "probes", "routing")


def measures() -> tuple[str, ...]:
    """The names of the measures, which have a page of their own."""
    from analysis.measure_names import own

    return (*own(), "measures", "labels")


def names(package: str, skip: Sequence[str] = ()) -> Iterator[str]:
    """The public names of a package."""
    module = importlib.import_module(package)
    yield prose(inspect.getdoc(module) or "")
    for name in sorted(module.__all__, key=str.lower):
        if name not in skip:
            yield from described(getattr(module, name), f"{package}.{name}")


def modules(some: Sequence[str], package: str) -> Iterator[str]:
    """The public names of modules of a package, module by module."""
    whole = importlib.import_module(package)
    for name in some:
        module: ModuleType = getattr(whole, name)
        yield f"## `{package}.{name}`"
        yield prose(inspect.getdoc(module) or "")
        for each in public(module):
            yield from described(getattr(module, each), f"{package}.{name}.{each}", "###")


def public(module: ModuleType) -> list[str]:
    """What a module defines, or names as its own."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed, key=str.lower)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    ]


def described(value: Any, name: str, level: str = "##") -> Iterator[str]:
    """A function, a class with its own methods, or another value."""
    if inspect.isclass(value) or inspect.isroutine(value):
        yield f"{level} `{name}`"
        yield f"```text\n{signature(value, name.rpartition('.')[2])}\n```"
        yield prose(own_doc(value))
    if inspect.isclass(value):
        for each, method in sorted(vars(value).items()):
            if each.startswith("_") or not callable(getattr(value, each, None)):
                continue
            plain = method.__func__ if isinstance(method, classmethod | staticmethod) else method
            if inspect.isfunction(plain) and inspect.getdoc(plain):
                yield f"**`{signature(plain, each)}`** {first(inspect.getdoc(plain) or '')}"


def own_doc(value: Any) -> str:
    """The docstring that something has itself, or inherits from ours."""
    return inspect.getdoc(value) or ""


def signature(value: Any, name: str) -> str:
    """How it is called. Types are left to the text, defaults are shown."""
    try:
        given = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    parts: list[str] = []
    star = False
    for each in given.parameters.values():
        if each.name == "self" or each.name.startswith("_"):
            continue
        if each.kind is each.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        if each.kind is each.VAR_POSITIONAL:
            parts.append(f"*{each.name}")
            star = True
        elif each.kind is each.VAR_KEYWORD:
            parts.append(f"**{each.name}")
        else:
            parts.append(each.name + default(each))
    if parts and parts[0] == "*" and inspect.isclass(value):
        parts = parts[1:]
    return f"{name}({', '.join(parts)})"


def default(parameter: inspect.Parameter) -> str:
    """A default that is short and says the same on every machine."""
    if parameter.default is parameter.empty:
        return ""
    shown = repr(parameter.default)
    return (
        f"={shown}" if len(shown) <= 40 and " at 0x" not in shown and "<" not in shown else "=..."
    )


def all_measures() -> Iterator[str]:
    """Each measure: what its module says of it, and its quantities."""
    import analysis
    from analysis.measure_names import own

    yield (
        "`analysis.flips(data)` and its like: of a store, of tables or of a run. Which one to "
        "choose, and what to beware of: [explanation](../explanation/measures.md)."
    )
    for name in own():
        measure = getattr(analysis, name)
        yield f"## `{name}`"
        yield prose(inspect.getdoc(sys.modules[measure.__module__]) or "")
        rows = [
            f"| {level} | `{column}` | {cell(quantity.about)} |"
            for level in ("turn", "actor", "trial", "arm")
            for column, quantity in getattr(measure, level).items()
        ]
        yield "\n".join(["| by | quantity | what it is |", "|---|---|---|", *rows])


def checks() -> Iterator[str]:
    """The checks of contracts."""
    import analysis.testing
    import sim.testing

    yield prose(inspect.getdoc(sim.testing) or "")
    for name in sim.testing.__all__:
        yield from described(getattr(sim.testing, name), f"sim.testing.{name}")
    for name in ("check_measure", "check_instrument"):
        yield from described(getattr(analysis.testing, name), f"analysis.testing.{name}")


def scenarios() -> Iterator[str]:
    """Each scenario: where it comes from, what is known, its parameters."""
    from sim.planning.scenarios import available

    for each in available():
        yield f"## `{each.name}`"
        yield prose(inspect.getdoc(sys.modules[each.function.__module__]) or "")
        yield prose(each.doc)
        rows = [
            f"| `{one.name}` | `{cell(one.type_name)}` | `{cell(repr(one.default))}` |"
            for one in each.parameters
        ]
        yield "\n".join(["| parameter | type | default |", "|---|---|---|", *rows])


# --- Docstrings as Markdown -----------------------------------------------------------------------


def prose(text: str) -> str:
    """A docstring as Markdown: code in single backticks, examples and tables in fences."""
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = block.splitlines()
        if any(line.lstrip().startswith(">>>") for line in lines):
            blocks.append(f"```pycon\n{inspect.cleandoc(block)}\n```")
        elif any(re.match(r"\s*=+( +=+)+$", line) for line in lines) or block.startswith("    "):
            blocks.append(f"```text\n{inspect.cleandoc(block)}\n```")
        else:
            plain = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", block)
            blocks.append(re.sub(r"::$", ":", plain.replace("``", "`").replace("|", r"\|")))
    return "\n\n".join(blocks)


def first(text: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(prose(text.partition("\n\n")[0]).split())


def cell(text: str) -> str:
    """A text that may stand in a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", r"\|")


if __name__ == "__main__":
    sys.exit(main())
