"""Labels that people put on lines of the viewer, as a folder of labels.

Whoever labels there reads the trial, knows its arm, sees the marks of measures and chooses the
lines. So the labels are not blind, no line has a known probability to be labelled, and a line
without a label was not called anything: it may not have been read. What may be said all the same
is how far coders agree on lines that both labelled, and how the judge's calls lie beside the labels
on these very lines. The folder is marked: its labels repair nothing unless somebody asks for that.

*A question for each label.* A line may have several labels. The question is whether a line has a
certain one: of every line that a coder gave any label, *yes* if it is among them, else *no*. Lines
on which a coder put none are not coded by that coder, and are no *no*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.labels.coded import BLIND
from analysis.labels.drawing import items_of, key_of, with_ids
from analysis.labels.folder import Shown, check_coder, write_folder
from analysis.labels.population import THRESHOLD, population
from analysis.labels.sample import Plan
from analysis.labels.sheet import Question
from analysis.tables import Data, load
from sim.errors import BadRequest
from sim.seeds import Stream, derive
from sim.text.suggestions import nearest

YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Mark:
    """A label that a coder put on a line."""

    trial: str
    turn: int
    label: str
    coder: str


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of marks: the lines with any label by coder, how many of them have the one that
    was asked for, and how many labels stand on lines that do not count."""

    folder: Path
    lines: Mapping[str, int]
    events: Mapping[str, int]
    left_out: int


def from_marks(
    data: Data, marks: Iterable[Mark], label: str, folder: Path | str, *,
    instruments: Sequence[str] = (), threshold: float = THRESHOLD,
) -> Marked:  # fmt: skip
    """A new folder with the marks of coders as labels: whether a line is called ``label``.

    Lines count as for a draw (``analysis.labels.population``): of whole trials that came to their
    end, and generated. ``instruments`` and ``threshold`` are those of ``labels.draw``. Raises
    ``BadRequest`` if nobody gave the label, if none of the lines counts, for names of coders that
    are alike as names of files, or for what ``draw`` refuses.
    """
    given = list(marks)
    known = sorted({mark.label for mark in given})
    if not given:
        raise BadRequest("label import: there is no label; put some on lines in elsinore view")
    if label not in known:
        raise BadRequest(f"--label {label}: no line has it{nearest(label, known)}")
    coders = _names(mark.coder for mark in given)
    tables = load(data)
    whole = population(tables, instruments)
    places = set(zip(whole.lines["trial"], whole.lines["turn"], strict=True))
    kept = [mark for mark in given if (mark.trial, mark.turn) in places]
    if not kept:
        raise BadRequest(
            f"label import: none of {len(given)} labels is on a line that counts; branches, "
            "surrogates, unfinished trials and lines that were put in do not"
        )
    said: dict[str, dict[tuple[str, int], str]] = {}
    for mark in kept:
        own = said.setdefault(coders[mark.coder], {})
        place = (mark.trial, mark.turn)
        own[place] = YES if mark.label == label else own.get(place, NO)
    chosen = {place for own in said.values() for place in own}
    plan = Plan(count=len(chosen), threshold=threshold)
    lines = whole.lines.assign(arm=whole.lines["trial"].map(whole.arms()))
    lines["chosen"] = [place in chosen for place in zip(lines["trial"], lines["turn"], strict=True)]
    arms = {arm: number for number, arm in enumerate(sorted(set(lines["arm"])))}
    # As if they had been drawn by chance in each arm: --not-blind asks for that.
    lines["probability"] = lines["arm"].map(lines.groupby("arm")["chosen"].mean())
    lines["stratum"] = lines["arm"].map(arms)
    columns = ["trial", "turn", "actor", "arm", "probability", "stratum"]
    drawn = lines.loc[lines["chosen"], columns].reset_index(drop=True)
    seed = derive(0, "labels", label, *sorted(f"{trial} {turn}" for trial, turn in chosen))
    drawn = with_ids(drawn, Stream(derive(seed, "ids")))
    question = Question(f"Is the line called {label}?", (YES, NO))
    shown = Shown(question, items_of(tables, drawn, plan), f"{derive(seed, 'draw'):016x}")
    ids = {
        (trial, turn): identity
        for trial, turn, identity in zip(drawn["trial"], drawn["turn"], drawn["id"], strict=True)
    }
    answers = {
        coder: {ids[place]: answer for place, answer in own.items()} for coder, own in said.items()
    }
    key = {**key_of(whole, drawn, plan), BLIND: False}
    write_folder(folder, shown, key, 0, answers)
    return Marked(
        Path(folder),
        {coder: len(own) for coder, own in said.items()},
        {coder: list(own.values()).count(YES) for coder, own in said.items()},
        len(given) - len(kept),
    )


def _names(coders: Iterable[str]) -> dict[str, str]:
    """The names of coders as names of files."""
    found: dict[str, str] = {}
    for coder in dict.fromkeys(coders):
        name = check_coder(re.sub(r"[^\w.-]+", "-", coder).strip("-.") or "somebody")
        if name in found.values():
            raise BadRequest(f"label import: two coders are called {name}; rename one in the CSV")
        found[coder] = name
    return found
