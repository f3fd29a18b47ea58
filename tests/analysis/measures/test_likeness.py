"""Whether actors come to speak alike: planted convergence, none, and what moves all alike."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.evidence.embeddings import Vectors
from analysis.measures.likeness import UNREAD, Likeness
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn

LINES = 12


class Planted:
    """An embedder whose texts are vectors: a direction for each character, and noise."""

    name = "planted"

    def embed(self, texts):  # type: ignore[no-untyped-def]
        rows = np.array([[float(number) for number in text.split()] for text in texts])
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: Vectors = (rows / lengths).astype(np.float32)
        return unit


def played(trials: int, *, meet: bool = False, drift: float = 0.0, seed: int = 0) -> Tables:
    """Two actors around two directions; they meet half way, and a third direction moves both."""
    generator = np.random.default_rng(seed)
    records = []
    for number in range(trials):
        said = []
        for k in range(LINES):
            late = k >= LINES // 2
            for place, name in enumerate(("Ann", "Ben")):
                mean = np.zeros(12)
                mean[place] = 1.0
                if meet and late:
                    mean[:2] = 0.5
                mean[2] = drift * late
                text = " ".join(f"{x:.4f}" for x in mean + generator.normal(0, 0.3, 12))
                said.append(Turn(2 * k + place + 1, name, text))
        records.append(Record(f"t{number}", [{"name": "Ann"}, {"name": "Ben"}], said))
    return tables_from(records)


def c(data: Tables) -> tuple[float, float, float]:
    [found] = [e.estimate for e in Likeness(data, by=Planted()).estimates if e.quantity == "c"]
    return found.value, found.low, found.high


def test_planted_convergence_is_found() -> None:
    value, low, _ = c(played(20, meet=True))
    assert value > 0.8
    assert low > 0.5


def test_intervals_cover_zero_where_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.measures.likeness.DRAWS", 1)  # The null is not looked at here.
    # 95% of 60 studies is 57; fewer than 51 happen once in a thousand times.
    covered = 0
    for seed in range(60):
        _, low, high = c(played(8, seed=seed))
        covered += low <= 0 <= high
    assert covered >= 51


def test_a_subject_that_all_turn_to_is_no_convergence() -> None:
    value, low, high = c(played(20, drift=0.6, seed=5))
    # Vectors of length 1 shrink the other directions a little when one is added.
    assert value == pytest.approx(0, abs=0.35)
    assert low < 0.35 < high + 0.35


def test_names_do_not_matter_and_few_lines_are_missing() -> None:
    data = played(4, meet=True)
    swapped = tables_from(
        Record(f"t{number}", [{"name": "Ben"}, {"name": "Ann"}],
               [Turn(row.turn, {"Ann": "Ben", "Ben": "Ann"}[row.speaker], row.text)
                for row in data.turns[data.turns["trial"] == f"t{number}"].itertuples()])
        for number in range(4)
    )  # fmt: skip
    assert c(swapped) == pytest.approx(c(data))
    short = tables_from([Record("t", [{"name": "Ann"}], [Turn(1, "Ann", "1 0")])])
    for each in Likeness(short, by=Planted()).estimates:
        assert each.estimate.note == UNREAD
        assert np.isnan(each.estimate.value)
