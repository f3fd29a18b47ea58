"""What the documents show runs: their Python, and the commands of tutorials and how-to pages.

Sybil finds the examples of a page and runs them one after the other in one namespace. Blocks are
cells of a notebook: they may await. ``<!-- skip: next -->`` before a block leaves it out, which is
for what needs a key, a server or a model; how its names are spelt is tested all the same
(``tests/test_documents.py``). Commands of other pages are read by the command's own parser, so that
no page names an option that there is not.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import logging
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, SkipParser

import sim
from sim.cli.app import SUMMARIES, app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ELSEWHERE = {"design.md", "package.md"}
"""Signatures, and a package: other tests read them."""

PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page.name not in ELSEWHERE]
FILE = r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$"
"""A file that a page shows, below its name."""

SHELLS = ("tutorial", "how-to")
"""The folders whose commands are run."""


def run_cell(example: Example) -> None:
    """A block of Python as a cell of a notebook, awaits and all."""
    line = example.line + example.parsed.line_offset
    code = compile(
        "\n" * line + example.parsed, str(example.path), "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    )  # fmt: skip
    example.namespace["__name__"] = "__main__"
    awaitable = eval(code, example.namespace)  # noqa: S307 - a notebook's cell
    if inspect.iscoroutine(awaitable):
        example.namespace["__loop__"].run(awaitable)


def commands_in(block: str) -> Iterator[list[str]]:
    """The words of each line that calls the command, without its remarks."""
    for line in re.sub(r"\\\n\s*", " ", block).splitlines():
        if line.startswith("elsinore "):
            yield shlex.split(line, comments=True)[1:]


def run_shell(example: Example) -> None:
    """The commands of a block, one after the other, in this process."""
    if not set(SHELLS) & set(Path(example.path).relative_to(ROOT).parts):
        return
    for words in commands_in(example.parsed):
        app(words, standalone_mode=False)


SYBIL = Sybil(
    parsers=[
        CodeBlockParser(language="python", evaluator=run_cell),
        CodeBlockParser(language="sh", evaluator=run_shell),
        SkipParser(),
    ]
)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what pages read: a store of a few trials."""
    folder = tmp_path_factory.mktemp("pages")
    sim.run("mousetrap", trials=3, store=folder / "runs" / "mousetrap.db")
    return folder


@pytest.fixture
def folder(stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder but for that store and a chat, in which a page is run."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mousetrap.db").write_bytes(
        (stores / "runs" / "mousetrap.db").read_bytes()
    )
    (tmp_path / "chat.csv").write_text("speaker,text\nAnn,Hello.\nBen,You fool.\nAnn,Oh.\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield tmp_path
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_examples_of_a_page_run(page: Path, folder: Path) -> None:
    document = SYBIL.parse(page)
    if set(SHELLS) & set(page.parts):
        for name, content in re.findall(FILE, page.read_text(encoding="utf-8"), re.M | re.S):
            (folder / name).write_text(content, encoding="utf-8")
    with asyncio.Runner() as loop, contextlib.redirect_stdout(io.StringIO()):
        document.namespace["__loop__"] = loop
        for example in document.examples():
            example.evaluate()


def test_pages_have_examples() -> None:
    counts = {page.name: len(list(SYBIL.parse(page).examples())) for page in PAGES}
    assert counts["scenes.md"] > 10
    assert sum(counts.values()) > 40


def test_an_example_that_fails_is_a_failure(tmp_path: Path) -> None:
    page = DOCS / "scenes.md"
    assert page.exists()
    broken = tmp_path / "broken.md"
    broken.write_text("```python\nassert 1 + 1 == 3\n```\n", encoding="utf-8")
    [example] = SYBIL.parse(broken).examples()
    with pytest.raises(AssertionError):
        example.evaluate()


# -- commands that are shown -----------------------------------------------------------------------


def shown() -> list[tuple[str, list[str]]]:
    """Every command that a page shows in a block: the page, and its words."""
    found: list[tuple[str, list[str]]] = []
    for page in [*PAGES, ROOT / "README.md", DOCS / "how-to" / "package.md"]:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^```(?:sh)?\n(.*?)^```$", text, re.M | re.S):
            found += [(str(page.relative_to(ROOT)), words) for words in commands_in(block)]
    return found


def test_commands_that_are_shown_have_the_options_that_they_name() -> None:
    wrong: list[str] = []
    commands = shown()
    assert len(commands) > 60
    group: Any = typer.main.get_command(app)
    for page, words in commands:
        if not words or words[0].startswith("-"):
            continue
        name, *rest = words
        told = f"{page}: elsinore {' '.join(words)}"
        if name not in SUMMARIES:
            wrong.append(f"{told}: no such command")
            continue
        command = group.get_command(None, name)
        if hasattr(command, "commands") and rest:
            command, rest = command.commands[rest[0]], rest[1:]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        used = [re.split("=", word)[0] for word in rest if re.match(r"--?[a-zA-Z]", word)]
        wrong += [f"{told}: no option {word}" for word in used if word not in known | {"--help"}]
    assert wrong == []
