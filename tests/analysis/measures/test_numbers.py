"""What the measures say of a stored study does not move: number by number, as recorded before.

``tests/stores/played_version_3_numbers.jsonl`` was written by the code of commit 9e360f8, before
measures had one shape: a line for each row, with the measure, the level, what tells the row, and
its numbers (None: missing). Since then politeness got another reader: ``flips`` and ``outcomes``
were recorded again, and differ from before by 0.0014 at most. So were the signed replies of
``conflict``, which are read by ``evidence.acts`` and no more by a lexicon. Limits of times to
agreement of which fewer than two were seen are gone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import analysis
from analysis.tables import Tables

STORES = Path(__file__).parents[2] / "stores"
RECORDED: dict[str, list[Any]] = defaultdict(list)
for _line in (STORES / "played_version_3_numbers.jsonl").read_text().splitlines():
    _measure, *_row = json.loads(_line)
    RECORDED[_measure].append(_row)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return analysis.load(STORES / "played_version_3.db")


def by_row(table: pd.DataFrame, keys: list[str]) -> dict[str, dict[str, Any]]:
    return {
        "|".join(str(row[key]) for key in keys): {str(name): value for name, value in row.items()}
        for row in table.to_dict("records")
    }


def arms(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The rows of ``by_arm`` as one for each arm, with a name for each number."""
    wide: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in table.to_dict("records"):
        # What told arms apart when the numbers were recorded: this store has one version of each.
        key = "|".join(str(row[name]) for name in ("scenario", "parameters", "model", "arm"))
        wide[key][row["quantity"]] = row["value"]
        for part in ("low", "high", "null", "null_low", "null_high"):
            wide[key][f"{row['quantity']}_{part}"] = row[part]
    return wide


@pytest.mark.parametrize("measure", sorted(RECORDED))
def test_numbers_are_those_of_before(tables: Tables, measure: str) -> None:
    result = getattr(analysis, measure)(tables)
    issues = ["issue"] if measure in ("differentiation", "vote_swing") else []
    levels = {
        "actor": by_row(result.by_actor, ["trial", "actor"]) if result.actor else {},
        "trial": by_row(result.by_trial, ["trial", *issues]) if result.trial else {},
        "arm": arms(result.by_arm),
    }
    compared = 0
    for level, key, numbers in RECORDED[measure]:
        row = levels[level][key]
        for name, before in numbers.items():
            now = row[name]
            if before is None:
                assert pd.isna(now), (level, key, name)
            else:
                assert float(now) == pytest.approx(before, rel=1e-9, abs=1e-12), (level, key, name)
            compared += 1
    assert compared > 20
