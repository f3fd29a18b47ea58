"""The Python that the documents show is run, block after block."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["scenes.md", "tournaments.md"])
def test_the_page_runs(name: str) -> None:
    page = DOCS / name
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    assert len(blocks) > 3
    space: dict[str, object] = {}

    async def play_it() -> None:
        for block in blocks:
            code = compile(block, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            waiting = eval(code, space)  # noqa: S307 - a notebook's cell, awaits and all
            if inspect.iscoroutine(waiting):
                await waiting

    asyncio.run(play_it())
