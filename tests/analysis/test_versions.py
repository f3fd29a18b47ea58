"""An edited scenario is another arm: nothing pairs or pools what was played before with after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis
import sim
from analysis.versions import Made, versions

SCENARIO = '''
from sim import Actor, Persona, Scene, after, ask_stance, ring

def well(share: float = 0.9) -> Scene:
    """Two neighbours share a well."""
    # COMMENT
    cast = [Actor(Persona(name="Ada", brief="BRIEF", stances={"share": share})),
            Actor(Persona(name="Ben", stances={"share": -0.9}))]
    return Scene(topic="Share the well.", cast=cast, graph=ring("Ada", "Ben"),
                 probes=(ask_stance("share"),), ends=after(turns=6))
'''
MODELS = ["embedded:base", "embedded:rlhf"]


@pytest.fixture
def plays(tmp_path: Path) -> Callable[..., analysis.Tables]:
    """Plays the scenario with another text into the same store."""

    def play(brief: str, comment: str = "", trials: int = 4, **how: object) -> analysis.Tables:
        path = tmp_path / "mine.py"
        path.write_text(dedent(SCENARIO).replace("BRIEF", brief).replace("COMMENT", comment))
        sim.run(f"{path}:well", MODELS, trials=trials, store=tmp_path / "a.db", **how)  # type: ignore[arg-type]
        return analysis.load(tmp_path / "a.db")

    return play


def test_an_edit_makes_another_arm_and_pairs_stay_what_they_are(
    plays: Callable[..., analysis.Tables],
) -> None:
    before = analysis.convergence(plays("A hydrologist."))
    [row] = before.compare(*MODELS).to_dict("records")
    assert (row["pairs"], row["version"]) == (4, "")
    after = analysis.convergence(plays("A well digger."))
    rows = after.compare(*MODELS).to_dict("records")
    assert [(each["pairs"], each["version"]) for each in rows] == [(4, "1"), (4, "2")]
    for name in ("difference", "low", "high", "p"):
        assert rows[0][name] == row[name], "what was played before has the numbers of before"
    assert len(after.by_arm) == 2 * len(before.by_arm)
    value = after.estimate("c", model=MODELS[0], version="2")
    assert value.n == 4


def test_a_comment_makes_no_version(plays: Callable[..., analysis.Tables]) -> None:
    plays("A hydrologist.", "one")
    tables = plays("A hydrologist.", "two", trials=8)
    assert set(tables.trials["version"]) == {""}
    assert len(tables.trials) == 16


def test_surrogates_and_branches_are_of_their_trials_version(
    plays: Callable[..., analysis.Tables], tmp_path: Path
) -> None:
    plays("A hydrologist.", trials=2, surrogates=["yoked"])
    plays("A well digger.", trials=2, surrogates=["yoked"])
    trials = analysis.load(tmp_path / "a.db").trials.set_index("trial")
    versions_of = trials["version"].to_dict()
    assert set(versions_of.values()) == {"1", "2"}
    for trial, parent in trials["of"].dropna().items():
        assert versions_of[trial] == versions_of[parent]


def test_other_settings_of_a_model_are_another_arm(tmp_path: Path) -> None:
    scene = sim.Scene(
        topic="Tea?",
        cast=[sim.Persona(name="Ada"), sim.Persona(name="Ben")],
        graph=sim.ring("Ada", "Ben"),
        ends=sim.after(turns=2),
    )
    for layout in ("persona_first", "screenplay"):
        sim.run(scene.replace(layout=layout), "fixed:Yes.", trials=2, store=tmp_path / "a.db")
    loops = analysis.loops(tmp_path / "a.db")
    assert set(loops.by_arm["layout"]) == {"persona_first", "screenplay"}


_TRIALS = st.lists(
    st.builds(
        Made,
        trial=st.uuids().map(str),
        scenario=st.sampled_from(["tea", "cup"]),
        alike=st.sampled_from([("{}",), ("{1}",)]),
        source=st.sampled_from(["", "s1", "s2", "s3"]),
        scene=st.sampled_from(["x", "y", "z"]),
        of=st.none(),
        order=st.integers(0, 5),
    ),
    max_size=12,
    unique_by=lambda made: made.trial,
)


@given(_TRIALS)
def test_the_same_source_or_scene_is_one_version(made: list[Made]) -> None:
    found = versions(made)
    assert set(found) == {each.trial for each in made}
    for one in made:
        for other in made:
            if one.scenario != other.scenario:
                continue
            same_source = one.source and one.source == other.source
            if same_source or (one.alike, one.scene) == (other.alike, other.scene):
                assert found[one.trial] == found[other.trial]


@given(_TRIALS, st.randoms())
def test_the_order_of_the_rows_does_not_matter(made: list[Made], dice: object) -> None:
    ages = [each._replace(order=number) for number, each in enumerate(made)]
    shuffled = list(ages)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert versions(ages) == versions(shuffled)
