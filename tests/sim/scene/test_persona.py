"""Personas and populations: what is refused, and how one is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from backstage.strategies import personas
from hypothesis import given
from scipy.stats import chisquare

from sim import Persona, Population
from sim.errors import SceneError


def refused(build: Any, *parts: str) -> None:
    """One line that contains all parts, and nothing of pydantic's own noise."""
    with pytest.raises(SceneError) as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message
    assert "pydantic" not in message
    assert "validation error" not in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize("name", ["", " ", " Ada", "Ada ", "A:da", "A\nda", "A\rda", "A\u2028da"])
def test_a_name_must_stand_before_a_line(name: str) -> None:
    refused(lambda: Persona(name=name), "Persona.name", repr(name), "use a name without colons")


@pytest.mark.parametrize("stance", [-1.01, 2, float("nan"), float("inf")])
def test_a_stance_is_on_the_scale(stance: float) -> None:
    refused(lambda: Persona(name="Ada", stances={"sell": stance}), "Persona.stances.sell", "than")


@pytest.mark.parametrize("issue", ["", "  ", "sell\nit"])
def test_an_issue_is_one_line(issue: str) -> None:
    refused(lambda: Persona(name="Ada", stances={issue: 0}), "Persona.stances", repr(issue), "use")


def test_an_unknown_field_is_refused_with_those_there_are() -> None:
    refused(lambda: Persona(name="Ada", breif="x"), "Persona.breif", "no such field", "brief")


def test_a_missing_name_is_named() -> None:
    refused(lambda: Persona(), "Persona.name", "is missing", "give it a value")  # type: ignore[call-arg]


def test_several_problems_are_counted() -> None:
    refused(lambda: Persona(name="Ada", brief=1, voice=2), "Persona.brief", "(and 1 more)")


def test_one_text_stands_for_a_list_of_one() -> None:
    persona = Persona(name="Ada", traits="patient", goals="Win", points="the well")  # type: ignore[arg-type]
    assert (persona.traits, persona.goals, persona.points) == (
        ("patient",),
        ("Win",),
        ("the well",),
    )


def test_a_persona_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Persona(name="Ada").name = "Ben"  # type: ignore[misc]


@given(personas())
def test_a_persona_survives_being_written_down(persona: Persona) -> None:
    assert Persona(**persona.model_dump()) == persona
    assert Persona.model_validate_json(persona.model_dump_json()) == persona


PAIR = (Persona(name="Good"), Persona(name="Bad"), Persona(name="Never"))


def test_a_population_follows_its_weights() -> None:
    crowd = Population(personas=PAIR, weights=(3, 1, 0))
    drawn = [crowd.draw(seed).name for seed in range(4000)]
    assert drawn.count("Never") == 0
    # By chance below 0.001 once in a thousand; the seeds are fixed.
    assert chisquare([drawn.count("Good"), drawn.count("Bad")], [3000, 1000]).pvalue > 0.001


def test_without_weights_all_are_alike() -> None:
    crowd = Population(personas=PAIR)
    drawn = [crowd.draw(seed).name for seed in range(3000)]
    assert chisquare([drawn.count(persona.name) for persona in PAIR]).pvalue > 0.001


def test_a_seed_draws_the_same_persona() -> None:
    crowd = Population(personas=PAIR)
    assert [crowd.draw(seed) for seed in range(50)] == [crowd.draw(seed) for seed in range(50)]


@pytest.mark.parametrize(
    ("weights", "parts"),
    [
        ((1,), ("1 weights for 3 personas", "give one weight for each")),
        ((1, 1, -1), ("(1.0, 1.0, -1.0)", "use finite weights of at least 0")),
        ((0, 0, 0), ("one of them above 0",)),
        ((1, 1, float("nan")), ("nan", "finite")),
        ((1, 1, float("inf")), ("inf", "finite")),
    ],
)
def test_weights_must_be_a_distribution(weights: Any, parts: tuple[str, ...]) -> None:
    build = lambda: Population(personas=PAIR, weights=weights)  # noqa: E731
    refused(build, "Population.weights", *parts)


def test_a_population_has_somebody_in_it() -> None:
    refused(lambda: Population(personas=()), "Population.personas", "name at least one")
