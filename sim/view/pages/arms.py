"""The arms of a store: what was played, how often, and in how many trials something was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sim.html import Html, element, name
from sim.html.numbers import MISSING, counted
from sim.view.library import Library, Row, arm_of
from sim.view.pages.frame import SIGNS, address
from sim.view.readings import KINDS

_SHOWN = 40
"""So many arms are told; a store of branches has many."""

_OPEN = 8


class _Key(NamedTuple):
    scenario: str
    model: str
    arm: str
    parameters: str


@dataclass(slots=True)
class _Arm:
    told: str
    trials: int = 0
    done: int = 0
    failed: int = 0
    turns: int = 0
    together: str = ""
    marks: Counter[str] = field(default_factory=Counter)
    """In how many trials that are at their end there is a mark of each kind."""


def arms_table(library: Library, rows: Iterable[Row]) -> Html | None:
    """The arms as a table that opens; None for an empty store."""
    arms: dict[_Key, _Arm] = {}
    for row in rows:
        key = _Key(row.scenario, row.model, row.arm, row.parameters)
        arm = arms.setdefault(key, _Arm(arm_of(row)))
        arm.trials += 1
        arm.failed += row.status == "failed"
        arm.turns += row.turns
        arm.together = arm.together or library.measured.reading.together.get(row.id, "")
        if row.status == "done":
            arm.done += 1
            arm.marks.update({mark.kind for mark in library.marks(row.id)})
    if not arms:
        return None
    kinds = [kind for kind in KINDS if any(arm.marks[kind] for arm in arms.values())]
    labelled = any(arm.told for arm in arms.values())
    together = any(arm.together for arm in arms.values())
    words = ["scenario", "model", *(["arm"] if labelled else [])]
    numbers = ["trials", "done", "failed", "turns"]
    head = element(
        "tr",
        [element("th", word, scope="col") for word in words],
        [element("th", word, scope="col", class_="n") for word in numbers],
        [element("th", f"{SIGNS[kind]} {kind}", scope="col", class_="n") for kind in kinds],
        element("th", "convergence C [95%]", scope="col") if together else None,
    )
    varied = _varied(arms)
    body = [
        _row(
            key,
            arm,
            kinds,
            parameters=key.scenario in varied,
            labelled=labelled,
            together=together,
        )
        for key, arm in list(arms.items())[:_SHOWN]
    ]
    table = element("table", element("thead", head), element("tbody", body))
    more = len(arms) - _SHOWN
    return element(
        "details",
        element("summary", counted(len(arms), "arm")),
        element("div", table, class_="scroll", role="region", aria_label="Arms", tabindex="0"),
        element("p", f"{more} more are not listed here.", class_="muted small")
        if more > 0
        else None,
        element(
            "p",
            "Marks count trials at their end in which something was found at least once."
            if kinds
            else None,
            " C is 1 where actors come to agree and 0 where they stay apart: elsinore explain C."
            if together
            else None,
            class_="muted small",
        )
        if kinds or together
        else None,
        _contrasts(library.measured.reading.contrasts),
        open=len(arms) <= _OPEN,
        class_="arms",
    )


def _contrasts(told: Sequence[str]) -> Html | None:
    """Arms beside each other, in sentences."""
    if not told:
        return None
    return element(
        "div",
        element("p", "Which arm converged more, by C:", class_="small"),
        element("ul", [element("li", sentence) for sentence in told], class_="small"),
        class_="contrasts",
    )


def _varied(arms: Mapping[_Key, _Arm]) -> set[str]:
    """The scenarios that were played with several sets of parameters."""
    told: dict[str, set[str]] = {}
    for key in arms:
        told.setdefault(key.scenario, set()).add(key.parameters)
    return {scenario for scenario, sets in told.items() if len(sets) > 1}


def _row(
    key: _Key, arm: _Arm, kinds: list[str], *, parameters: bool, labelled: bool, together: bool
) -> Html:
    told = key.parameters if len(key.parameters) <= 80 else f"{key.parameters[:79]}…"
    return element(
        "tr",
        element(
            "td",
            element("a", name(key.scenario), href=address(**key._asdict())),
            element("small", f" {told}", class_="muted") if parameters else None,
        ),
        element("td", name(key.model)),
        element("td", name(arm.told)) if labelled else None,
        [
            element("td", f"{number:,}", class_="n")
            for number in (arm.trials, arm.done, arm.failed, arm.turns)
        ],
        [element("td", _of(arm.marks[kind], arm.done), class_="n") for kind in kinds],
        element("td", arm.together or MISSING) if together else None,
    )


def _of(count: int, done: int) -> str:
    """How many of how many; a dash where there is nothing of which it could be."""
    return f"{count} of {done}" if done else "–"
