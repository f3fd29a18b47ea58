"""The table of what instruments are worth is that of the studies, and no stale copy."""

from __future__ import annotations

import pytest

from benchmarks.validity.overview import ENTRIES, Cell, Details, Entry, anchor, pages


def test_the_pages_are_as_the_command_writes_them() -> None:
    for path, text in pages().items():
        stale = f"{path.name} is stale: python -m benchmarks.validity.overview"
        assert path.read_text("utf-8") == text, stale


DETAILS = """
## One

Planted here:

| what | n | found | found |
|---|---|---|---|
| a \\| b | 3 | 50% | 20% |
| c | 3 | 60% | 30% |

Planted there:

| what | n | found |
|---|---|---|
| c | 3 | 70% |
"""


def test_a_number_is_that_of_the_one_row_it_names() -> None:
    details = Details(DETAILS)
    assert details.number(Cell("One", ("a \\| b",), "found", "{} of them")) == "50% of them"
    assert details.number(Cell("One", ("c",), "found", under="there")) == "70%"
    assert details.number(None) == ""
    for place in (Cell("One", ("c",), "found"), Cell("One", ("d",), "found"), Cell("Two", (), "")):
        with pytest.raises(ValueError, match=r"times|no section"):
            details.number(place)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.instrument)
def test_every_row_leads_to_its_section(entry: Entry) -> None:
    assert anchor(entry.found.section).strip("-")
