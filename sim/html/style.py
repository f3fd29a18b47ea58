"""The style sheet: one file, read once."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path


@cache
def stylesheet() -> str:
    """The whole style, as it stands in ``style.css``, without its comments."""
    text = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    return re.sub(r"/\*(?! figures:).*?\*/\s*", "", text, flags=re.S)


@cache
def figure_style() -> str:
    """The style of a figure in a file of its own: light colours on white, for print."""
    colours = "".join(f"--{name}:{value};" for name, value in light().items())
    found = re.search(r"/\* figures: begin \*/\s*(.*?)/\* figures: end \*/", stylesheet(), re.S)
    assert found is not None
    rules = re.sub(r"\s*\n\s*", "", found[1])
    return f":root{{{colours}--paper:#ffffff;--sans:Helvetica,Arial,sans-serif}}{rules}"


@cache
def light() -> dict[str, str]:
    """The colours of light pages, by name: ``paper``, ``ink``, ``s0``, ``s0-ink``, ..."""
    return _colours(stylesheet().partition("@media")[0])


@cache
def dark() -> dict[str, str]:
    """The colours of dark pages."""
    return light() | _colours(stylesheet().partition("@media")[2].partition("}")[0])


def _colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", text))
