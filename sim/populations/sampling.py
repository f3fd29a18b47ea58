"""Drawing personas from a specification.

Each person is a point in the unit cube, with one coordinate for each attribute, which the inverse
of the attribute's distribution (given the attributes before it) turns into a value. Ways to choose
the points:

- ``independent``: at random.
- ``stratified``: a Latin hypercube (McKay, Beckman and Conover, Technometrics 21, 1979): of n
  people one lies in each n-th part of every attribute, so that every value of a list comes up as
  often as its weight says, give or take fewer than two.
- ``sobol``: Sobol's points (``scipy.stats.qmc``), shifted by a random point (Cranley and Patterson,
  SIAM Journal on Numerical Analysis 13, 1976): they fill the space of all attributes evenly
  together; best where n is a power of two.

People who do not fulfil the constraints are drawn anew, so in strata and coverage these properties
hold before constraints. The same seed draws the same people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from sim.errors import BadRequest, SceneError
from sim.populations.specification import Attribute, Beta, Normal, PopulationSpecification
from sim.populations.templates import filled, word_of
from sim.scene.persona import Persona
from sim.seeds import Stream, derive
from sim.text.given_names import GIVEN_NAMES

Method = Literal["independent", "stratified", "sobol"]
METHODS: tuple[str, ...] = get_args(Method)

MOST = 100_000
_TRIES = 200
"""Of so many people, for each that is wanted, one at least has to fulfil the constraints."""

Facts = dict[str, Any]


def sample(
    specification: PopulationSpecification,
    n: int,
    *,
    method: Method = "independent",
    seed: int = 0,
) -> tuple[Persona, ...]:
    """n personas, each with the attributes that it was made of.

    Raises ``BadRequest`` for an unknown method, fewer than 1 or more than 100,000 people, and for
    constraints that next to nobody fulfils; ``SceneError`` for a template that makes no persona.

    >>> from sim.populations.specification import Attribute, Template
    >>> village = PopulationSpecification(
    ...     attributes={"job": Attribute(values={"baker": 3, "smith": 1})},
    ...     persona=Template(brief="A {job}."))
    >>> people = sample(village, 4, method="stratified")
    >>> sorted(each.brief for each in people)
    ['A baker.', 'A baker.', 'A baker.', 'A smith.']
    """
    if method not in METHODS:
        raise BadRequest(f"method: {method!r} is unknown; use {', '.join(METHODS)}")
    if not 1 <= n <= MOST:
        raise BadRequest(f"n: {n} people; use 1 to {MOST:,}")
    found: list[Facts] = []
    tries = 0
    for point in _points(len(specification.attributes), n, method, seed):
        tries += 1
        facts = _person(specification, point)
        if all(_holds(constraint, facts) for constraint in specification.constraints):
            found.append(facts)
            if len(found) == n:
                return _personas(specification, found, seed)
        if tries >= _TRIES * n and len(found) * _TRIES < tries:
            break
    raise BadRequest(
        f"constraints: {len(found)} of {tries:,} people fulfil them; draw attributes so that more "
        "do (cases make one depend on another)"
    )


# --- Points ---------------------------------------------------------------------------------------


def _points(size: int, n: int, method: Method, seed: int) -> Iterator[Sequence[float]]:
    """Points of the unit cube without an end; the first n are the design."""
    if method == "independent":
        number = 0
        while True:
            stream = Stream(derive(seed, "population", number))
            yield [stream.unit() for _ in range(size)]
            number += 1
    elif method == "stratified":
        batch = 0
        while True:
            yield from _latin(size, n, derive(seed, "strata", batch))
            batch += 1
    else:
        yield from _sobol(size, seed)


def _latin(size: int, n: int, seed: int) -> Iterator[Sequence[float]]:
    """A Latin hypercube of n points."""
    columns = []
    for axis in range(size):
        stream = Stream(derive(seed, axis))
        columns.append([(cell + stream.unit()) / n for cell in stream.shuffled(range(n))])
    return iter([[column[place] for column in columns] for place in range(n)])


def _sobol(size: int, seed: int) -> Iterator[Sequence[float]]:
    from scipy.stats import qmc  # two seconds

    stream = Stream(derive(seed, "shift"))
    shift = [stream.unit() for _ in range(size)]
    engine = qmc.Sobol(size, scramble=False, bits=64)
    count = 1
    while True:
        # The first call gives point 0 alone, and each other as many as there were: powers of two.
        for point in engine.random(count).tolist():
            yield [(value + more) % 1.0 for value, more in zip(point, shift, strict=True)]
        count = engine.num_generated


# --- One person -----------------------------------------------------------------------------------


def _person(specification: PopulationSpecification, point: Sequence[float]) -> Facts:
    facts: Facts = {}
    for (name, attribute), unit in zip(specification.attributes.items(), point, strict=True):
        facts[name] = _value(attribute, unit, facts, name)
    return facts


def _value(attribute: Attribute, unit: float, facts: Mapping[str, Any], name: str) -> Any:
    """The value at a quantile in [0, 1), given the attributes before."""
    if attribute.cases:
        fitting = (case.then for case in attribute.cases if _holds(case.when, facts))
        chosen = next(fitting, attribute.otherwise)
        assert chosen is not None
        return _value(chosen, unit, facts, name)
    if attribute.values is not None:
        return _listed(attribute.values, unit)
    spread = attribute.normal or attribute.uniform or attribute.beta
    assert spread is not None
    if isinstance(spread, Normal):
        number = _normal(spread, unit, name)
    elif isinstance(spread, Beta):
        from scipy import special

        share = float(special.betaincinv(spread.a, spread.b, unit))
        number = spread.low + (spread.high - spread.low) * share
    else:
        number = spread.low + (spread.high - spread.low) * unit
    number = min(max(number, spread.low), spread.high)
    if attribute.digits is None:
        return number
    rounded = round(number, attribute.digits)
    return int(rounded) if attribute.digits == 0 else rounded


def _listed(weights: Mapping[Any, float], unit: float) -> Any:
    left = unit * sum(weights.values())
    last = None
    for value, weight in weights.items():
        if weight > 0:
            last = value
            if left < weight:
                return value
            left -= weight
    return last  # rounding took the quantile past the end


def _normal(spread: Normal, unit: float, name: str) -> float:
    from scipy import special

    low, high = ((end - spread.mean) / spread.sd for end in (spread.low, spread.high))
    # Above the mean the upper tail has the digits.
    turned = low > 0
    if turned:
        low, high = -high, -low
    below, above = (float(special.ndtr(end)) for end in (low, high))
    if not above > below:
        raise SceneError(
            f"attributes.{name}: next to nobody of the normal distribution lies between "
            f"{spread.low:g} and {spread.high:g}; move the mean or the limits"
        )
    share = 1 - unit if turned else unit
    place = float(special.ndtri(below + share * (above - below)))
    return spread.mean + spread.sd * (-place if turned else place)


def _holds(condition: Any, facts: Mapping[str, Any]) -> bool:
    """Whether a condition holds; what somebody's function raises is told in one line."""
    try:
        return bool(condition(facts))
    except SceneError:
        raise
    except Exception as error:
        # A user's function may raise anything; the message names it in one line.
        name = getattr(condition, "__qualname__", repr(condition))
        raise SceneError(
            f"constraints: {name} raised {type(error).__name__}: {error} for {dict(facts)}"
        ) from error


# --- Personas -------------------------------------------------------------------------------------


def _personas(
    specification: PopulationSpecification, people: Sequence[Facts], seed: int
) -> tuple[Persona, ...]:
    template = specification.persona
    pool = Stream(derive(seed, "names")).shuffled(sorted(GIVEN_NAMES))
    used: dict[str, int] = {}
    personas = []
    for number, facts in enumerate(people, start=1):
        words = {
            name: word_of(value, specification.attributes[name].words())
            for name, value in facts.items()
        } | {"number": str(number)}

        def fill(text: str, words: Mapping[str, str] = words) -> str:
            return filled(text, words).strip()

        given = fill(template.name) or pool[(number - 1) % len(pool)].capitalize()
        name = _new(given, used)
        opposite = fill(template.opposite)
        more = _filled(template.opposites, words)
        personas.append(
            Persona(
                name=name,
                brief=fill(template.brief),
                traits=_filled(template.traits, words),
                stances={issue: _stance(value, words, issue)
                         for issue, value in template.stances.items()},
                goals=_filled(template.goals, words),
                points=_filled(template.points, words),
                secret=fill(template.secret) or None,
                voice=fill(template.voice) or None,
                lines=_filled(template.lines, words),
                attributes=facts,
                opposite=opposite or None,
                opposites=more,
            )
        )  # fmt: skip
    return tuple(personas)


def _filled(templates: Sequence[str], words: Mapping[str, str]) -> tuple[str, ...]:
    texts = (filled(each, words).strip() for each in templates)
    return tuple(text for text in texts if text)


def _new(name: str, used: dict[str, int]) -> str:
    """A name that nobody has: the name, or with the next number that makes it one."""
    number, new = used.get(name, 0), name
    while new in used:
        number += 1
        new = f"{name} {number + 1}"
    used[name], used[new] = number, used.get(new, 0)
    return new


def _stance(value: float | str, words: Mapping[str, str], issue: str) -> float:
    if not isinstance(value, str):
        return value
    text = filled(value, words)
    try:
        return float(text)
    except ValueError:
        raise SceneError(
            f"persona.stances.{issue}: {text!r:.40} is no number; name an attribute from -1 to 1"
        ) from None
