"""From stored answers to panels: waves, missing answers, who heard whom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from backstage.opinions import records
from numpy.testing import assert_array_equal

from analysis.opinions.reading import Reading, issue_of, read, stances
from analysis.stats import Floats
from analysis.tables import Record, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Turn


def values(scenes: int = 4, waves: int = 5, actors: int = 3) -> Floats:
    return np.random.default_rng(0).uniform(-1, 1, (scenes, waves, actors)).round(2)


def reading(some: list[Record], negated: dict[str, bool] | None = None) -> Reading:
    tables = tables_from(some)
    found = read(tables, stances(tables, "x"), list(tables.trials["trial"]), negated or {})
    assert found is not None
    return found


def test_what_was_answered_is_in_the_panel() -> None:
    given = values()
    panel, note = reading(records(given, step=3))
    assert_array_equal(panel.values, given)
    assert panel.names == ("Ada", "Ben", "Cleo")
    assert panel.step == 3
    assert note == ""
    assert not panel.worded


def test_samples_are_averaged_and_a_missing_one_leaves_the_others() -> None:
    (one,) = records(values(1))
    more = [
        Answer(0, "Ada", "stance:x", 1.0, sample=1),
        Answer(0, "Ada", "stance:x", None, sample=2, missing="odd"),
    ]
    panel = reading([replace(one, events=[*one.events, *more])]).panel
    assert panel.values[0, 0, 0] == pytest.approx((values(1)[0, 0, 0] + 1) / 2)


def test_a_scene_counts_up_to_the_first_missing_answer() -> None:
    given = values()
    given[1, 3, 0] = np.nan
    given[2, 1, 2] = np.nan
    panel, note = reading(records(given))
    assert panel.scenes == ("m0", "m1", "m3")
    assert list(panel.waves) == [5, 3, 5]
    assert "2 scenes end at a missing answer" in note
    assert "1 scenes left out" in note


def test_the_last_question_of_a_scene_is_no_wave_where_it_breaks_the_step() -> None:
    late = [
        replace(
            one,
            events=[*one.events, *(Answer(9, name, "stance:x", 0.0) for name in ("Ada", "Ben"))],
        )
        for one in records(values(actors=2))
    ]
    panel = reading(late).panel
    assert panel.values.shape == (4, 5, 2)


def test_a_scene_that_is_asked_late_says_so() -> None:
    panel, note = reading(records(values(), first=2))
    assert panel.values.shape == (4, 5, 3)
    assert "nobody was asked before the scene" in note


def test_negated_motions_are_turned_round() -> None:
    given = values()
    panel = reading(records(given), {"m1": True}).panel
    assert_array_equal(panel.sign, [1, -1, 1, 1])
    assert_array_equal(panel.values[1], -given[1])
    assert panel.worded


def test_gauges_are_read_where_there_are_no_probes_and_yoked_trials_never() -> None:
    probed, gauged, yoked = records(values(3))
    gauge = [replace(event, gauge=True) for event in gauged.events if isinstance(event, Answer)]
    both = [*probed.events, Answer(0, "Ada", "stance:x", 0.77, gauge=True)]
    some = [
        replace(probed, events=both),
        replace(gauged, events=gauge),
        replace(yoked, arm="yoked", focal="Ada"),
    ]
    tables = tables_from(some)
    answers = stances(tables, "x")
    assert set(answers["trial"]) == {"m0", "m1"}
    assert 0.77 not in set(answers["value"])


def test_only_who_was_heard_weighs() -> None:
    (one,) = records(values(1))
    said = [
        Turn(1, "Ada", "To Ben.", audience=("Ben",)),
        Turn(2, "Ben", "To all, but Cleo is out.", absent=("Cleo",)),
        Turn(3, "Cleo", ""),
    ]
    panel = reading([replace(one, events=[*said, *one.events])]).panel
    assert_array_equal(panel.heard, [[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert reading([one]).panel.heard.all()


def test_who_is_not_asked_is_not_in_the_panel() -> None:
    (one,) = records(values(1, actors=2))
    panel = reading([replace(one, cast=[{"name": "The Mayor"}, *one.cast])]).panel
    assert panel.names == ("Ada", "Ben")


def test_the_issue_is_the_only_one_or_named() -> None:
    one = tables_from(records(values(1)))
    two = tables_from([*records(values(1)), *records(values(1), issue="y", scenario="other")])
    assert issue_of(one) == "x"
    assert issue_of(two, "y") == "y"
    assert issue_of(tables_from([])) is None
    with pytest.raises(BadRequest, match="name the issue; there are x, y"):
        issue_of(two)
    with pytest.raises(BadRequest, match="nobody was asked about 'z'"):
        issue_of(two, "z")


def test_who_is_asked_once_or_alone_has_no_panel() -> None:
    for given in (values(waves=1), values(actors=1)):
        tables = tables_from(records(given))
        assert read(tables, stances(tables, "x"), list(tables.trials["trial"]), {}) is None
