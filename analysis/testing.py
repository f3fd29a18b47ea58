"""Checks of contracts, for whoever writes a measure or an instrument.

Each raises ``sim.testing.Broken``, which says which promise is not kept, where, and what was seen;
it returns nothing if all are kept. Elsinore's own tests use the same. Scenarios, stages, routers,
layouts and formats are checked by ``sim.testing``.

>>> import analysis
>>> check_measure(analysis.conflict)
>>> check_instrument("flips")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from analysis.calibration.instruments.base import Instrument, Scored
from analysis.calibration.instruments.specifications import open_instrument
from analysis.calibration.talks import KINDS, Shown
from analysis.estimates import ESTIMATE, Quantity, cells
from analysis.results import COMPARISON, KEYS, Result
from analysis.spreading import Level
from analysis.tables import ARM, Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Turn
from sim.testing.promises import Broken, kept

MODELS = ("model:one", "model:two")
"""The models of the example."""

SAID = (
    "We should sell the spring, and soon.", "I disagree. It belongs to all of us.",
    "You may be right, but the roof leaks.", "Then let us mend the roof.", "You are a fool.",
    "That is unkind.", "I agree with you.", "Let us agree to differ.",
)  # fmt: skip
"""What is said in the example, from a place that the seed decides."""

SEEDS = 3


def example() -> Tables:
    """Two models, three seeds, three actors, a stance asked of everybody after every turn."""
    return tables_from(
        Record(
            f"{model}/{seed}", _CAST, list(_events(seed, place)), scenario="spring",
            parameters={"rounds": 2}, model=model, stage=model, seed=seed,
        )
        for place, model in enumerate(MODELS) for seed in range(SEEDS)
    )  # fmt: skip


_CAST = [
    {"name": "Ada", "brief": "A hydrologist.", "opposite": "A cynic.", "stances": {"sell": -0.8}},
    {"name": "Ben", "brief": "The mayor.", "opposite": "A speculator.", "stances": {"sell": 0.7}},
    {"name": "Cleo", "brief": "She runs the inn.", "stances": {"sell": 0.1}},
]


def _events(seed: int, place: int) -> list[Turn | Answer]:
    names = [each["name"] for each in _CAST]
    events: list[Turn | Answer] = []
    for turn in range(7):
        if turn:
            said = SAID[(3 * turn + 5 * seed + place) % len(SAID)]
            events.append(Turn(turn, str(names[turn % 3]), said))
        for number, name in enumerate(names):
            value = round((number - 1) * (1 - turn / (8 + seed + place)), 3)
            events.append(Answer(turn, str(name), "stance:sell", value))
    return events


def check_measure(
    measure: type[Result],
    data: Tables | None = None,
    *,
    made: Callable[[Tables], Result] | None = None,
) -> None:
    """Check a measure, on ``data`` (``example`` unless given), on a trial without words, and on no
    trials at all.

    It says what it measures and reads; its tables have the columns that it declares, with values
    within the bounds that it states, and no trials but those that it was given; every estimate is
    within its limits, or says why it is missing; and two models are compared the same both ways.
    ``made`` makes the result where a measure needs to be told more than the tables. Raises
    ``Broken``.
    """
    make = made or measure
    says_what_it_measures(measure)
    tables = example() if data is None else data
    for each in (tables, tables_from([]), tables_from([Record("t", [{"name": "Ada"}])])):
        has_its_columns(measure, make(each), each)
    result = make(tables)
    estimates_are_sound(result)
    compares_both_ways(result)
    can_be_read(result)


def says_what_it_measures(measure: type[Result]) -> None:
    """Its name is one of Python's, it has words about itself, and so has every quantity."""
    name = getattr(measure, "measure", "")
    kept(name.isidentifier(), f"{measure.__name__}.measure: {name!r} is no name; use letters and _")
    kept((measure.__doc__ or "").strip(), f"{name}: has no docstring; say what it measures")
    for level in get_args(Level):
        for column, quantity in getattr(measure, level).items():
            kept(quantity.about, f"{name}.{level}: says nothing about {column!r}")
    kept(measure.arm, f"{name}: has no quantity by arm, so that nothing can be compared")


def has_its_columns(measure: type[Result], result: Result, tables: Tables) -> None:
    """Each table has the declared columns, bounded values, and trials that there are."""
    name = measure.measure
    levels: Mapping[Level, pd.DataFrame] = {
        "turn": result.by_turn, "actor": result.by_actor, "trial": result.by_trial,
    }  # fmt: skip
    for level, table in levels.items():
        declared: dict[str, Quantity] = dict(getattr(measure, level))
        wanted = [*KEYS[level], *measure.more_keys.get(level, {}), *declared]
        kept(
            list(table.columns) == wanted,
            f"{name}: by_{level} has the columns {list(table.columns)}, and declares {wanted}",
        )
        for column, quantity in declared.items():
            if quantity.kind in ("text", "count", "onset"):
                continue
            values = pd.to_numeric(table[column], errors="coerce").dropna()
            within = (values >= quantity.low - 1e-9) & (values <= quantity.high + 1e-9)
            kept(
                within.all(),
                f"{name}: {column} by {level} has values outside {quantity.low} to {quantity.high}",
            )
        strange = set(table["trial"]) - set(tables.trials["trial"])
        kept(not strange, f"{name}: by_{level} has trials that nobody gave it: {sorted(strange)}")
    kept(
        list(result.by_arm.columns) == [*ARM, "quantity", *ESTIMATE],
        f"{name}: by_arm has other columns than every result; give estimates, and no table",
    )
    strange = set(result.by_arm["quantity"]) - set(measure.arm)
    kept(not strange, f"{name}: by_arm has quantities that are not declared: {sorted(strange)}")
    null = [*ARM, "quantity", "value", "null", "null_low", "null_high"]
    kept(list(result.null.columns) == null, f"{name}: null has other columns than every result")


def estimates_are_sound(result: Result) -> None:
    """The estimates are the table of arms: within their limits, or with a reason."""
    name = result.measure
    kept(len(result.estimates) == len(result.by_arm), f"{name}: estimates are not those of by_arm")
    for each, row in zip(result.estimates, result.by_arm.itertuples(), strict=True):
        told = f"{name}.{each.quantity}"
        same = tuple(getattr(row, column) for column in (*ARM, "quantity"))
        kept((*each.arm, each.quantity) == same, f"{told}: stands in another order in by_arm")
        estimate = each.estimate
        kept(estimate.evidence, f"{told}: does not say what it reads (evidence)")
        kept(len(cells(estimate)) == len(ESTIMATE), f"{told}: has other cells than every estimate")
        if estimate.known and not np.isnan(estimate.low):
            kept(
                estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9,
                f"{told}: {estimate} lies outside its own limits",
            )
        if not estimate.known:
            kept(
                estimate.note or not estimate.n,
                f"{told}: is missing and does not say why; write a note",
            )


def compares_both_ways(result: Result) -> None:
    """The difference of two models is minus that of the other order; nobody else is compared."""
    name = result.measure
    models = list(dict.fromkeys(map(str, result.tables.trials["model"])))
    if len(models) < 2:
        return
    forth, back = result.compare(*models[:2]), result.compare(*models[1::-1])
    kept(list(forth.columns) == list(COMPARISON), f"{name}: compare has other columns")
    for column, sign in (("difference", -1.0), ("p", 1.0)):
        one, other = forth[column].to_numpy(float), back[column].to_numpy(float)
        kept(
            np.allclose(one, sign * other, equal_nan=True),
            f"{name}: the {column} of two models is another the other way round",
        )
    try:
        result.compare("nobody", models[0])
    except BadRequest:
        return
    raise Broken(f"{name}: compares a model that played no trial")


def can_be_read(result: Result) -> None:
    """It prints itself, in a terminal and in a notebook."""
    name = result.measure
    kept(repr(result).startswith(f"{name} of "), f"{name}: does not print its name")
    kept("<table" in result._repr_html_(), f"{name}: shows no table in a notebook")


def check_instrument(instrument: str | Instrument) -> None:
    """Check an instrument: an object, or what ``--instrument`` would be given.

    It says what it is for and has a version; it is asked of talks of any length, one without words
    and one in which its actor never speaks among them; it gives one score for each own turn,
    missing or a number, and alarms at own turns alone; and it says the same when it is asked again,
    unless it samples. Raises ``Broken``.
    """
    try:
        made = open_instrument(instrument) if isinstance(instrument, str) else instrument
        told = made.name
        kept(told and made.version, f"{told!r}: has no name, or no version")
        kept(made.detects in KINDS, f"{told}: detects {made.detects!r}, none of {', '.join(KINDS)}")
        talks = shown()
        one = made.read(talks)
        scores_own_turns(made, talks, one)
        if not made.samples:
            two = made.read(talks)
            kept(
                all(
                    np.array_equal(a.scores, b.scores, equal_nan=True) and a.alarms == b.alarms
                    for a, b in zip(one, two, strict=True)
                ),
                f"{told}: says otherwise when it is asked again; it draws: set samples",
            )
    except BadRequest as error:
        raise Broken(str(error)) from error


def shown() -> Shown:
    """A few talks as an instrument sees them: Ada's turns are scored."""
    lines: tuple[tuple[str, ...], ...] = (SAID, SAID[:1], SAID[3:7], ("", "…", "", "Well."), SAID)
    records = [
        Record(
            f"talk-{number}", _CAST,
            [
                Turn(place, ("Ada", "Ben")[(place - 1 + (number == 1)) % 2], line)
                for place, line in enumerate(said, 1)
            ],
            model=MODELS[0], seed=number,
        )
        for number, said in enumerate(lines)
    ]  # fmt: skip
    return Shown.of(tables_from(records), {each.trial: "Ada" for each in records})


def scores_own_turns(made: Instrument, talks: Shown, found: list[Scored]) -> None:
    """One score for each own turn, and alarms at own turns alone."""
    kept(
        len(found) == len(talks.talks),
        f"{made.name}: {len(found)} answers to {len(talks.talks)} talks",
    )
    for talk, scored in zip(talks.talks, found, strict=True):
        own = len(talk.own)
        kept(
            scored.scores.shape == (own,),
            f"{made.name}: scores of shape {scored.scores.shape} for {own} own turns",
        )
        kept(
            not np.isinf(scored.scores).any(),
            f"{made.name}: a score is infinite; give NaN where there is nothing to say",
        )
        alarms = scored.alarms or ()
        kept(
            all(0 <= place < own for place in alarms),
            f"{made.name}: alarms at {alarms}, and there are {own} own turns, from 0",
        )
