"""Wording as a value: what it takes, and that it is part of a trial."""

from __future__ import annotations

import pytest
from backstage.scenes import debate

from sim.errors import SceneError
from sim.layouts import render
from sim.planning import canonical
from sim.scene.templates import Wording


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"manner": "{nam}, please."}, r"Wording\.manner: it gets no \{nam\}; it can use \{name\}"),
        ({"manner": "{name"}, r"Wording\.manner: .*; double the braces"),
        ({"manner": "{name!r}"}, r"Wording\.manner: .* no plain name"),
        ({"manner": "{0}"}, r"Wording\.manner: .* no plain name"),
        ({"people": "{name}"}, r"Wording\.people: it gets no \{name\}; it can use no field"),
        ({"maner": "x"}, r"Wording\.maner: no such field"),
    ],
)
def test_a_template_that_gets_no_such_field_is_refused(
    fields: dict[str, str], message: str
) -> None:
    with pytest.raises(SceneError, match=message):
        Wording(**fields)


def test_a_scenario_overrides_what_it_varies() -> None:
    curt = debate(wording=Wording(version="curt", manner="{name}. Briefly."))
    shown = render(curt, [], "Ada").joined()
    assert "Ada. Briefly." in shown
    assert "Write what Ada says next" not in shown
    assert shown.splitlines()[0] == render(debate(), [], "Ada").joined().splitlines()[0]


def test_wording_is_part_of_what_a_trial_is() -> None:
    assert canonical(debate()) != canonical(debate(wording=Wording(version="other")))
    assert canonical(debate()) == canonical(debate(wording=Wording()))


def test_the_default_wording_speaks_of_no_assistant() -> None:
    for name, template in Wording().model_dump().items():
        words = template.casefold().replace(",", " ").replace(".", " ").split()
        assert not {"ai", "assistant", "model", "language"} & set(words), name
