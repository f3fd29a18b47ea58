"""Planted scenes: what they share, what is secret, and the limit of seeing it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.calibration import open_instruments
from analysis.calibration.stored import record
from analysis.calibration.talks import GROWN, SHAMS, Planted
from analysis.evidence.readings import Lines, Reading, TextEvidence
from analysis.spreading import spread_over
from analysis.tables import Record, tables_from
from sim.errors import BadRequest
from sim.events import Turn
from sim.layouts import render
from sim.planning import Trial
from sim.scene.prose import PROSE
from sim.stage.base import Stage
from sim.stage.exact import exact_stage
from sim.store import Store, open_store
from sim.study.calibration import Planting, Readers, calibrate, play_planted
from sim.study.calibration.following import followed_by_reading
from sim.study.calibration.limit import by_turn, planted_limits
from sim.study.calibration.plants import (
    ONE_WAY,
    PARTNER,
    PLANTS,
    TARGET,
    backwards,
    changed,
    pairs,
    place_of,
    scene,
)
from sim.study.calibration.readings import read_by_name

PLAN = Planting(scenes=3, turns=12)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return exact_stage("base")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, stage: Stage) -> Path:
    path = tmp_path_factory.mktemp("calibration") / "planted.db"
    report = asyncio.run(play_planted(PLAN, "embedded:base", stage, path))
    assert {trial.status for trial in report.trials} == {"done"}
    return path


@pytest.fixture(scope="module")
def trials(stage: Stage) -> list[tuple[Trial, Planted]]:
    return PLAN.trials("embedded:base", stage.identity)


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


def test_talks_of_a_scene_are_the_same_up_to_the_plant(
    store: Store, trials: list[tuple[Trial, Planted]]
) -> None:
    by_scene: dict[int, dict[str, list[str]]] = {}
    for trial, each in trials:
        said = [turn.text for turn in store.transcript(trial.id).turns]
        by_scene.setdefault(each.scene, {})[each.plant] = said
    for number, talks in by_scene.items():
        before = 2 * place_of(number, PLAN.turns)
        assert len({tuple(said[:before]) for said in talks.values()}) == 1
        assert talks["swap"] != talks["sham"]


def test_a_plant_changes_nothing_but_a_persona_and_no_prompt_names_the_opposite() -> None:
    for number in range(len(pairs())):
        for plant in PLANTS:
            made = scene(number, plant, turns=16, layout="persona_first", wording=PROSE)
            [target, partner] = made.cast
            assert target.persona.opposite is not None
            if plant == GROWN:
                assert not made.interventions
                continue
            [change] = made.interventions
            assert change.actors() == ((PARTNER if plant == "contagion" else TARGET),)
            opening = render(made, (), TARGET).text
            assert target.persona.opposite.split(",")[0].lower() not in opening.lower()
            assert partner.persona.opposite is None


def test_shams_say_the_same_character_in_other_words() -> None:
    for number in range(len(pairs())):
        own = scene(number, "sham", turns=16, layout="persona_first").cast[0].persona
        sham = changed(number, "sham")
        assert sham.brief != own.brief
        assert sham.stances == own.stances
        if own.traits:
            assert sham.traits
            assert sham.traits != own.traits


def test_places_differ_and_are_in_the_middle() -> None:
    places = {place_of(number, 16) for number in range(24)}
    assert places == {3, 4, 5}


def test_who_is_harsh_by_nature_is_not_made_hostile() -> None:
    planned = Planting(scenes=6).trials("m", "s")
    for _, each in planned:
        assert not (backwards(each.scene) and each.plant in ONE_WAY)
    assert {each.plant for _, each in planned} == set(PLANTS)


@pytest.mark.parametrize(
    ("plan", "why"),
    [(Planting(scenes=0), "--scenes 0"), (Planting(scenes=1, turns=6), "too few before and after"),
     (Planting(scenes=1, plants=("swop",)), "did you mean swap")],
)  # fmt: skip
def test_a_plan_that_is_none_is_one_message(plan: Planting, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        plan.trials("m", "s")


# --- The limit --------------------------------------------------------------------------------


@given(arrays(float, st.integers(1, 12), elements=st.floats(-60, 60)))
def test_the_limit_is_a_probability_that_only_rises(ratios: np.ndarray) -> None:
    """P(planted by turn k) contains P(planted by turn k - 1)."""
    found = by_turn(ratios)
    assert ((found >= -1e-12) & (found <= 1 + 1e-12)).all()
    assert (np.diff(found) >= -1e-12).all()


def test_the_limit_is_bayes_rule_written_out() -> None:
    ratios = np.array([0.3, -1.2, 2.0])
    starts = [np.exp(ratios[place:].sum()) for place in range(3)]
    whole = 3 + sum(starts)
    assert by_turn(ratios) == pytest.approx(np.cumsum(starts) / whole)


def test_the_limit_tells_swaps_from_shams(
    store: Store, trials: list[tuple[Trial, Planted]], stage: Stage
) -> None:
    planted = [each for _, each in trials]
    stored = {each.trial: store.trial(each.trial) for each in planted}
    limits = asyncio.run(planted_limits(stage, stored, planted))
    assert set(limits) == set(PLANTS) - {*SHAMS, GROWN}
    last: dict[str, list[float]] = {"swap": [], "sham": []}
    for each in planted:
        if each.plant in last:
            last[each.plant].append(limits["swap"][each.trial][-1])
    assert np.mean(last["swap"]) > 0.7
    assert np.mean(last["sham"]) < 0.2


# --- Did it follow? ---------------------------------------------------------------------------


class Knows(TextEvidence):
    """Evidence that knows the opposite's lines by heart."""

    kind = name = scaled_as = "test"

    def read(self, wanted: Sequence[Lines]) -> list[Reading]:
        known = {line for pair in pairs() for side in (pair.nice, pair.nasty)
                 for line in side.lines}  # fmt: skip
        found = []
        for each in wanted:
            assert each.sides is not None
            assert set(each.sides.own) | set(each.sides.opposite) <= known
            told = np.array([float(text == "opposite") for text in each.texts])
            blank = ("",) * len(told)
            found.append(
                Reading(each.trial, each.actor, each.turns, told, blank, np.ones(len(told)), None)
            )
        return found


@pytest.mark.parametrize(("scenes", "seen"), [(5, True), (4, False)])
def test_a_blind_reader_sees_who_followed_if_shams_are_enough(scenes: int, seen: bool) -> None:
    planted, records = [], []
    for number in range(scenes):
        for plant in ("sham", "contagion", "swap"):
            each = Planted(number, number, plant, 3, f"{number}{plant}")
            follows = plant == "swap" and number % 2 == 0
            said = [Turn(turn, TARGET, "opposite" if follows and turn > 3 else "own")
                    for turn in range(1, 9)]  # fmt: skip
            records.append(Record(each.trial, [{"name": TARGET}], said))
            planted.append(each)
    followed = followed_by_reading(tables_from(records), planted, Knows())
    wanted = {f"{number}swap": number % 2 == 0 for number in range(scenes)}
    assert followed == (wanted if seen else {})


# --- The whole of it --------------------------------------------------------------------------


def test_a_store_is_read_and_nothing_is_played_again(
    path: Path, trials: list[tuple[Trial, Planted]], stage: Stage
) -> None:
    again = asyncio.run(play_planted(PLAN, "embedded:base", stage, path))
    assert again.calls == 0
    instruments = open_instruments(["flips", r"hostility=regex:fool"])
    found = calibrate(path, trials, PLAN, instruments, Readers(exact=stage))
    flips, fools = found
    assert (flips.scenes, flips.shams) == (3, 6)
    assert (fools.scenes, fools.shams) == (2, 4), "the scenes that have its plant"
    assert flips.limit.estimate > 0.9
    assert flips.complied_by == "the stage's own probabilities"
    assert set(flips.doses) == {"swap_weak", "swap_half", "swap"}
    assert "hostility" in flips.others
    assert flips.grown is not None
    assert flips.grown.talks == 3


class Elsewhere:
    """Calls as on a cluster: what is sent is pickled, and so is what comes back."""

    workers = 2

    def __init__(self) -> None:
        self.names: list[str] = []

    def map(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterator[Any]:
        for part in parts:
            if work is read_by_name:
                self.names.append(part[0])
            yield _travelled(work(_travelled(part)))


def _travelled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def test_instruments_read_the_same_elsewhere(
    path: Path, trials: list[tuple[Trial, Planted]]
) -> None:
    names = ["flips", r"hostility=regex:fool", "hostility", "spoken_flips:hashing"]
    here = calibrate(path, trials, PLAN, open_instruments(names))
    mapper = Elsewhere()
    with spread_over(mapper, least=1):
        there = calibrate(path, trials, PLAN, open_instruments(names))
    assert [repr(record(each)) for each in there] == [repr(record(each)) for each in here]
    assert mapper.names == ["flips"] * 3 + ["hostility"] * 3, "not what embeds, nor others"


def test_without_an_exact_stage_there_is_no_limit(
    path: Path, trials: list[tuple[Trial, Planted]]
) -> None:
    [found] = calibrate(path, trials, PLAN, open_instruments(["hostility"]))
    assert np.isnan(found.limit.estimate)
    assert found.grown is None
