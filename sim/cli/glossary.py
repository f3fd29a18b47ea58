"""What the columns and numbers of the command's tables are: short words here, the rest from the
measures themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from sim.errors import BadRequest
from sim.text.suggestions import nearest


@dataclass(frozen=True, slots=True)
class Term:
    """A name that stands in a table, what it is in one line, and the measure and quantity behind
    it (blank: there is none)."""

    name: str
    about: str
    measure: str = ""
    quantity: str = ""


TERMS = (
    Term("flipped", "turned into the opposite of its persona, and at which turn", "flips", "flip"),
    Term("flipped in meaning", "began to speak as the opposite of its persona, by the meaning of "
         "its lines", "spoken_flips", "flip"),
    Term("speaks otherwise", "began to speak otherwise than it did, by the meaning of its lines, "
         "and from which turn on: no flip by itself", "changes", "change"),
    Term("collapsed", "turned into a polite assistant", "collapse", "collapse"),
    Term("looped", "says the same again and again", "loops", "loop"),
    Term("C", "1 if they come to agree, 0 if they stay as far apart, below 0 if farther",
         "convergence", "c"),
    Term("distance", "mean distance of stances, at the start → at the end", "convergence", "start"),
    Term("agreed", "trials that end in agreement", "convergence", "agreed"),
    Term("shared pull", "C of actors who cannot hear each other: what the stage does",
         "convergence", "shared"),
    Term("interaction", "C less the shared pull: what they do to one another", "convergence",
         "interaction"),
    Term("start", "the answer when first asked, mean of the actors, then of the trials", "answers",
         "start"),
    Term("end", "the answer when last asked", "answers", "end"),
    Term("chance", "how likely it is that an actor has become its opposite", "flips",
         "flip_confidence"),
    Term("[95%]", "a 95% interval over trials: where the number would lie with other seeds, for 95 "
         "of 100 runs like this one. Counts have exact limits (Clopper and Pearson), means "
         "Student's, ratios of means those of the jackknife"),
    Term("p", "how often chance alone makes a difference this large, by exchanging the two members "
         "of pairs that share a seed"),
    Term("pairs", "trials of two arms that share a seed"),
    Term("left out", "trials, or pairs, in which a number is missing: missing is never zero"),
    Term("missing", "questions to which no answer could be had, also when asked again", "answers",
         "missing"),
    Term("yoked", "a trial in which an actor's partners say lines of other talks: what is left of "
         "an effect there is not theirs"),
    Term("mute", "a trial in which an actor's partners say nothing"),
    Term("instrument error", "how often a measure errs on this model: its sensitivity to changes "
         "that were planted in secret, and its alarms where nothing was (elsinore calibrate)"),
    Term("sham", "a talk in which an actor is told the same persona in other words, or its partner "
         "another one: an alarm is false"),
    Term("area under the curve", "how likely a turn after a planted change scores higher than the "
         "same turn without one: 0.5 is chance, 1 is perfect"),
    Term("rating", "strength in logits: 1 more is an expected score of 0.73 (Bradley and Terry)"),
    Term("best", "the share of replicates of the bootstrap in which nobody was better"),
    Term("points", "a win is 1, a tie 1/2"),
)  # fmt: skip
"""The terms, in the order in which tables have them."""


def known() -> list[str]:
    """All that can be explained: the terms, and the measures."""
    return [*(term.name for term in TERMS), *measures()]


def measures() -> list[str]:
    """The names of the measures: ours, and those of other packages."""
    from analysis.measure_names import names

    return names()


def term(name: str) -> Term:
    """A term by its name, in any case. Raises ``BadRequest`` with the names that there are."""
    folded = name.strip().casefold()
    for each in TERMS:
        if folded in (each.name.casefold(), each.name.strip("[]").casefold()):
            return each
    if folded in measures():
        return Term(folded, described(folded).partition("\n")[0], folded)
    measure, _, quantity = folded.partition(".")
    if quantity and measure in measures():
        return Term(folded, _about(measure, quantity), measure)
    raise BadRequest(f"explain: {name!r} is no column and no measure{nearest(name, known())}")


def _about(measure: str, quantity: str) -> str:
    """What one quantity of a measure is. Raises ``BadRequest`` with those that there are."""
    from analysis.measures_by_name import named

    declared = named(measure, "explain")
    known = {**declared.turn, **declared.actor, **declared.trial, **declared.arm}
    if quantity not in known:
        raise BadRequest(
            f"explain: {measure} has no quantity {quantity!r}{nearest(quantity, known)}"
        )
    return known[quantity].about


def place(measure: str) -> str:
    """Where a measure is in Python: ``analysis.flips``, or a class of another package."""
    from analysis.measure_names import own
    from analysis.measures_by_name import named

    if measure in own():
        return f"analysis.{measure}"
    made = named(measure, f"explain {measure}")
    return f"{made.__module__}.{made.__qualname__}"


def described(measure: str) -> str:
    """What a measure says of itself: definition, evidence, null, limits, references."""
    from analysis.measures_by_name import named

    made = named(measure, f"explain {measure}")
    text = sys.modules[made.__module__].__doc__ or made.__doc__ or ""
    return text.strip().replace("``", "").replace("*", "")


def legend(columns: Iterable[str]) -> list[str]:
    """A line for each of these columns that is a term."""
    by_name = {each.name: each for each in TERMS}
    return [f"{name}: {by_name[name].about}" for name in columns if name in by_name]
