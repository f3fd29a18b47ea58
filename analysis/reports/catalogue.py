"""The figures by the names under which ``elsinore plot`` draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from analysis.reports.answer import Answer
from analysis.reports.figures.becoming import incidence, ribbons
from analysis.reports.figures.coming_together import coming_together
from analysis.reports.figures.instruments import instruments
from analysis.reports.figures.stances import stances
from analysis.reports.figures.standings import standings
from analysis.reports.figures.who_answers import conflict, who_answers
from sim.errors import BadRequest
from sim.html import Figure
from sim.text.suggestions import nearest

Maker = Callable[[Answer], Iterator[Figure]]

FIGURES: Mapping[str, Maker] = {
    "stance": lambda answer: stances(answer.material),
    "distance": lambda answer: stances(answer.material),
    "half-life": lambda answer: coming_together(answer.material),
    "c": lambda answer: coming_together(answer.material),
    "flips": lambda answer: incidence(answer.material),
    "posterior": lambda answer: ribbons(answer.material),
    "graph": lambda answer: who_answers(answer.material),
    "conflict": lambda answer: conflict(answer.material),
    "effects": lambda answer: iter(answer.effects),
    "standings": lambda answer: standings(answer.material),
    "meetings": lambda answer: standings(answer.material),
    "judges": lambda answer: standings(answer.material),
    "instruments": lambda answer: instruments(answer.material),
}
"""What makes each figure."""


def figure(answer: Answer, name: str, *, drawn: bool = False) -> Figure:
    """The figure of a name. Raises ``BadRequest`` for an unknown name, or if the store has nothing
    for it: no numbers or, if it is to be ``drawn``, numbers alone."""
    if name not in FIGURES:
        raise BadRequest(f"plot: there is no figure {name!r}{nearest(name, list(FIGURES))}")
    for made in FIGURES[name](answer):
        if made.key == name:
            if drawn and not made.panels:
                raise BadRequest(
                    f"plot: {answer.material.path} has nothing to draw for {name}: "
                    f"{' '.join(made.notes[:1])} Its numbers: name a .csv file"
                )
            return made
    raise BadRequest(f"plot: {answer.material.path} has nothing for {name}; {_why[name]}")


_STANCES = "nobody in it was asked for a stance"
_TALK = "its trials are debates of a tournament, or have no lines"
_TOURNAMENT = "it has no tournament with verdicts"

_why = {
    **dict.fromkeys(("stance", "distance", "c"), _STANCES),
    "half-life": "the half-life of the distance is identifiable in no arm",
    **dict.fromkeys(("conflict", "flips"), _TALK),
    "graph": "nobody in it answers anybody, or its trials are debates of a tournament",
    "posterior": "nobody in it has a persona with an opposite, or its trials are debates of a "
    "tournament",
    **dict.fromkeys(("standings", "meetings", "judges"), _TOURNAMENT),
    "effects": "it has one arm alone, or its trials are debates of a tournament",
    "instruments": "no error is known",
}
