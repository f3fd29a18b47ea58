"""``docs/studies.md`` is what its command makes of the studies."""

from __future__ import annotations

from benchmarks.validity.study_table import DOCUMENT, document, read_rates, read_times, stale
from sim.planning.studies import study_names


def test_the_document_is_no_stale_copy() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(read_rates(), read_times()), (
        "docs/studies.md is stale; make it anew: python -m benchmarks.validity.studies --document"
    )


def test_the_rates_are_those_of_the_scenes_that_there_are() -> None:
    assert stale(read_rates()) == []


def test_every_study_that_ships_was_timed() -> None:
    assert set(read_times()) == set(study_names()), (
        "measure how long the studies take: python -m benchmarks.studies_time --study NAME --write"
    )
