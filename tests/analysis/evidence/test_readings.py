"""The contract of every kind of evidence, and what only some of them promise."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from backstage.readers import ReadingStage
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence import fused, judged, log_probabilities, readings
from analysis.evidence.fused import Fused
from analysis.evidence.judged import RUBRIC, Judged
from analysis.evidence.log_probabilities import LogProbabilities, describing
from analysis.evidence.persona import Meaning
from analysis.evidence.probed import NO_STANCE, NOT_ASKED, Probed
from analysis.evidence.readings import (
    BLANK,
    UNKNOWN_SIDES,
    Evidence,
    Lines,
    Scale,
    Sides,
    personas_from,
)
from analysis.evidence.scoring import Asked, Wanted
from analysis.stats.change_point import Shift
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest, ModelError
from sim.events import Answer, Turn

ANN = {"name": "Ann", "brief": "I love quiet rooms.", "opposite": "I love loud parties.",
       "stances": {"parties": -0.8}}  # fmt: skip
BEN = {"name": "Ben", "brief": "I sell boats."}
QUIET, LOUD = "I love a quiet evening in quiet rooms.", "I love loud music at loud parties."
SAID = [
    Turn(1, "Ann", QUIET),
    Answer(1, "Ann", "stance:parties", -0.9),
    Turn(2, "Ben", "Good evening."),
    Turn(3, "Ann", " "),
    Turn(4, "Ann", LOUD),
    Answer(4, "Ann", "stance:parties", 0.7),
]
JUDGE_SCALE = {1: Scale(Shift(0.0, 0.1, 2.0, 0.2, 1.0), alarm=0.0)}


@pytest.fixture
def tables() -> Tables:
    return tables_from([Record("t", [ANN, BEN], SAID)])


@pytest.fixture(autouse=True)
def fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scales for stages that exist in tests alone."""
    real = readings.scales

    def scales(name: str) -> dict[int, Scale]:
        return real(name) or (JUDGE_SCALE if "judge" in name or "log" in name else {})

    for module in (readings, fused, judged, log_probabilities):
        monkeypatch.setattr(module, "scales", scales)
    monkeypatch.setattr(fused, "fusions", lambda name: {1: (1.0, 0.1)})


def joined() -> Fused:
    return Fused(Meaning("hashing"), LogProbabilities(Asked(ReadingStage())))


KINDS: dict[str, Callable[[], Evidence]] = {
    "T": lambda: Meaning("hashing"),
    "L": lambda: LogProbabilities(Asked(ReadingStage())),
    "J": lambda: Judged(Asked(ReadingStage())),
    "J sampled": lambda: Judged(Asked(ReadingStage(scores=False))),
    "P": Probed,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_turn_of_everybody_has_a_ratio_or_a_reason(kind: str, tables: Tables) -> None:
    evidence = KINDS[kind]()
    assert kind.startswith(evidence.kind)
    series = evidence.series(tables)
    assert list(series["turn"]) == [1, 3, 4, 2]
    assert list(series["actor"]) == ["Ann", "Ann", "Ann", "Ben"]
    told = series.set_index("turn")
    # Missing is never zero: there is a ratio, or a reason why there is none.
    assert (series["ratio"].isna() == series["missing"].notna()).all()
    assert told.loc[1, "ratio"] < 0 < told.loc[4, "ratio"]
    assert np.isnan(told.loc[3, "ratio"])
    assert np.isnan(told.loc[2, "ratio"])
    reasons = (NOT_ASKED, NO_STANCE) if kind == "P" else (BLANK, UNKNOWN_SIDES)
    assert (told.loc[3, "missing"], told.loc[2, "missing"]) == reasons
    assert series["weight"].between(0, 1).all()
    assert not series.loc[series["ratio"].isna(), "weight"].any()


@pytest.mark.parametrize("kind", ["T", "L", "J", "J sampled"])
def test_sides_that_are_given_come_before_those_of_the_cast(kind: str, tables: Tables) -> None:
    turned = {"A*": Sides((ANN["opposite"],), (ANN["brief"],))}  # type: ignore[arg-type]
    series = KINDS[kind]().series(tables, turned).set_index("turn")
    assert series.loc[1, "ratio"] > 0 > series.loc[4, "ratio"]


@pytest.mark.parametrize("kind", ["T", "L", "J"])
def test_several_opposites_count_alike(kind: str, tables: Tables) -> None:
    def read(*opposites: str) -> np.ndarray:
        sides = Sides(("I love quiet rooms.",), opposites[:1], opposites[1:])
        [ann, _] = KINDS[kind]().readings(tables, {"Ann": sides})
        return ann.positions

    one, other = "I love loud parties.", "I love loud music."
    assert read(one, other) == pytest.approx(read(other, one), nan_ok=True)
    assert read(one, one) == pytest.approx(read(one), nan_ok=True)
    both, low, high = read(one, other), *np.sort([read(one), read(other)], axis=0)
    if kind != "T":  # Means of vectors have no such law.
        assert (both >= low - 1e-9)[[0, 2]].all()
        assert (both <= high + 1e-9)[[0, 2]].all()


def test_personas_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text('[Ann]\nbrief = "a"\nopposite = "b"\nopposites = ["c", " "]\n'
                    '["Dr*"]\nlines = ["x"]\nopposite_lines = ["y", "z"]\n')  # fmt: skip
    assert personas_from(path) == {
        "Ann": Sides(("a",), ("b",), ("c",)), "Dr*": Sides(("x",), ("y", "z")),
    }  # fmt: skip
    assert readings.given("Dr. No", personas_from(path)) == Sides(("x",), ("y", "z"))
    for text, told in (
        ('[Ann]\nbrief = "a"\n', "needs brief and opposite"),
        ('[Ann]\nbrief = "a"\noposite = "b"\n', "has no field 'oposite'; did you mean opposite"),
        ("Ann = 1\n", "is no table"),
        ("[Ann]\nbrief = 3\nopposite = 4\n", "is no text"),
    ):
        path.write_text(text)
        with pytest.raises(BadRequest, match=told):
            personas_from(path)


@pytest.mark.parametrize("kind", ["T", "L", "J"])
def test_an_actor_is_read_alike_in_any_company(kind: str) -> None:
    alone = tables_from([Record("t", [ANN, BEN], SAID)])
    beside = tables_from([Record("s", [BEN, ANN], SAID), Record("t", [ANN, BEN], SAID)])
    first = KINDS[kind]().series(alone)
    second = KINDS[kind]().series(beside)
    assert first.equals(second[second["trial"] == "t"].reset_index(drop=True))


def test_the_context_of_log_probabilities_holds_nothing_of_the_scene() -> None:
    seen: list[str] = []

    class Noting(ReadingStage):
        async def log_prob(self, request, text):  # type: ignore[no-untyped-def]
            seen.append(request.prompt.joined())
            return await super().log_prob(request, text)

    data = tables_from([Record("t", [ANN, BEN], SAID)])
    LogProbabilities(Asked(Noting())).series(data)
    assert set(seen) == {describing([ANN["brief"]]), describing([ANN["opposite"]])}  # type: ignore[list-item]


def test_what_is_fused_says_what_each_contributes(tables: Tables) -> None:
    both = joined()
    assert both.kind == "T+L"
    reading = both.readings(tables)[0]
    assert set(reading.parts) == {part.name for part in both.parts}
    assert np.sum(list(reading.parts.values()), axis=0) == pytest.approx(
        reading.positions, nan_ok=True
    )


def test_kinds_that_were_never_fitted_together_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fused, "fusions", lambda name: {})
    with pytest.raises(ValueError, match="no weights were fitted"):
        joined()


def test_a_judge_that_prefers_a_place_says_nothing_and_is_found_out() -> None:
    judge = Judged(Asked(ReadingStage(scores=False, bias="A")), Asked(ReadingStage(scores=False)))
    lines = Lines("t", "Ann", (1, 2), (QUIET, LOUD), Sides((ANN["brief"],), (ANN["opposite"],)))  # type: ignore[arg-type]
    [reading] = judge.read([lines])
    assert reading.weights.tolist() == [0.5, 0.5]
    told = judge.agreement.set_index(["judge", "other"])["agreed"]
    assert told["reading:2A", "other order"] == 0
    assert told["reading:2", "other order"] == 1
    assert told["reading:2A", "asked again"] == 1
    assert set(judge.agreement["lines"]) == {2, 4}


def test_a_judge_that_prefers_a_letter_is_read_without_the_preference() -> None:
    texts = tuple(f"{text} {number}" for number in range(8) for text in (QUIET, LOUD))
    sides = Sides((ANN["brief"],), (ANN["opposite"],))  # type: ignore[arg-type]
    lines = Lines("t", "Ann", tuple(range(1, 17)), texts, sides)
    plain, leaning = Judged(Asked(ReadingStage())), Judged(Asked(ReadingStage(lean=90.0)))
    [fair], [read] = plain.read([lines]), leaning.read([lines])
    assert read.positions == pytest.approx(fair.positions)
    assert read.weights.tolist() == [1.0] * 16
    assert leaning.agreement["agreed"].tolist() == [1.0]
    # Of few lines the preference is not known, and the orders disagree.
    [few] = Judged(Asked(ReadingStage(lean=90.0))).read(
        [lines._replace(turns=(1, 2), texts=texts[:2])]
    )
    assert few.weights.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"rubric": RUBRIC.replace("{b}", "B")}, "{b} is missing"),
        ({"samples": 1}, "at least twice"),
    ],
)
def test_a_judge_without_what_it_needs_is_refused(how: dict[str, object], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        Judged(Asked(ReadingStage()), **how)  # type: ignore[arg-type]


def test_a_stage_without_log_probabilities_is_refused() -> None:
    with pytest.raises(ModelError, match="use another model"):
        LogProbabilities(Asked(ReadingStage(scores=False))).series(
            tables_from([Record("t", [ANN, BEN], SAID)])
        )


# --- The cache -------------------------------------------------------------------------------


def test_a_text_is_scored_once_also_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    wanted = [Wanted("one two", "two"), Wanted("one two", "three"), Wanted("one two", "two")]
    stage = ReadingStage()
    first = Asked(stage, path).log_probs(wanted)
    assert stage.asked == 2
    other = ReadingStage()
    assert Asked(other, path).log_probs(wanted) == first
    assert other.asked == 0
    changed = ReadingStage(gain=3.0)
    assert Asked(changed, path).log_probs(wanted)[0].value == 3.0, "another stage, other scores"


@given(cut=st.integers(0, 400))
def test_a_file_that_was_cut_anywhere_loses_one_score_at_most(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "scores.jsonl"
    wanted = [Wanted("one two three", word) for word in ("one", "two", "three", "four")]
    whole = Asked(ReadingStage(), path).log_probs(wanted)
    data = path.read_bytes()
    kept = data[: max(0, len(data) - cut)]
    path.write_bytes(kept)
    stage = ReadingStage()
    assert Asked(stage, path).log_probs(wanted) == whole
    there = kept.count(b"\n") + kept.endswith(b"]]")
    assert stage.asked == 4 - min(there, 4)
    for line in path.read_text().splitlines()[kept.count(b"\n") + 1 :]:
        json.loads(line)


def test_it_may_be_asked_within_a_running_loop() -> None:
    async def notebook() -> float:
        return Asked(ReadingStage()).log_probs([Wanted("one", "one")])[0].value

    assert asyncio.run(notebook()) == 2.0


COLLECTED = """
import threading
from concurrent.futures import thread
from analysis.evidence.scoring import Asked
from sim.stage.base import Request
from sim.layouts.prompt import Prompt
from sim.stage.fixed import FixedLines

asked = Asked(FixedLines(["Yes."]))
print(asked.replies([Request(Prompt.start("text", "Well? "), 0, "Ann", "score")]))
mine = asked._thread
with thread._global_shutdown_lock, threading._active_limbo_lock:
    del asked
mine.join(10)
print(mine.is_alive())
"""


def test_garbage_is_collected_while_locks_of_threads_are_held() -> None:
    """A collection comes anywhere, also while somebody starts a thread."""
    line = [sys.executable, "-c", COLLECTED]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['Yes.']\nFalse\n"
    assert done.stderr == ""


def test_a_cache_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRequest, match="use another path"):
        Asked(ReadingStage(), tmp_path / "file" / "scores").log_probs([Wanted("one", "one")])
