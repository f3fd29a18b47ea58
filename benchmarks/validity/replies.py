"""Who answers whom, against people's judgment: chat logs with links from lines to what they answer.

The weights of ``analysis.graphs.reply_links`` were fitted to every other log; the figures are of
the rest. Precision, recall and F1 are of links (a line that answers several counts each; one that
begins something new is linked to itself, as in Kummerfeld et al. 2019), and of *whom* a line
answers, where lines that go on with the speaker's own or begin something new answer nobody. *In a
scene* is the task that scenes pose: for lines that do answer somebody else, which line, and whose.
Floors: the line before; the last line by somebody else; the last line of whoever is addressed, and
if nobody is, the last by somebody else. Intervals are over logs (jackknife, 95%).

    .tools/bin/uv run python -m benchmarks.validity.replies [FOLDER]

FOLDER has the logs (``irc_reply_links`` of the development data, looked for beside the project).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from analysis.graphs.fit_reply_links import Log, split
from analysis.graphs.reply_links import START, links
from analysis.stats import Floats, Interval, clopper_pearson, jackknife, jackknife_ratio
from benchmarks.validity.document import write_section
from sim.text.addressing import addressed, mentioned

Guess = dict[int, int]
"""For each annotated line, the line that it is said to answer, or ``START``."""


def found_folder() -> Path | None:
    """The logs, where the development data are at hand."""
    places = (
        folder / "shared" / "data" / "irc_reply_links"
        for folder in Path(__file__).resolve().parents
    )
    return next((place for place in places if place.is_dir()), None)


# --- Guesses ----------------------------------------------------------------------------------


def model(log: Log, *, scene: bool) -> Guess:
    """The likeliest candidate; in a scene, among the lines of others."""
    some = links(log.lines, log.names, own=not scene, starts=not scene, of=log.gold)
    return {one.position: one.candidates[0] for one in some}


def previous(log: Log, *, scene: bool) -> Guess:
    """The line before; in a scene, the last by somebody else."""
    return {place: (_last_of_others(log, place) if scene else place - 1) for place in log.gold}


def by_address(log: Log, *, scene: bool) -> Guess:
    """The last line of whoever is addressed, else the last by somebody else."""
    guess: Guess = {}
    for place in log.gold:
        line = log.lines[place]
        called = addressed(line.text, log.names, line.speaker)
        theirs = (other for other in range(place - 1, -1, -1) if log.lines[other].speaker in called)
        guess[place] = next(theirs, _last_of_others(log, place))
    return guess


def _last_of_others(log: Log, place: int) -> int:
    speaker = log.lines[place].speaker
    others = (k for k in range(place - 1, -1, -1) if log.lines[k].speaker != speaker)
    return next(others, START)


GUESSES: dict[str, Callable[..., Guess]] = {
    "model": model,
    "line before": previous,
    "addressed, else before": by_address,
}


# --- Counts -----------------------------------------------------------------------------------


def linked(log: Log, guess: Guess) -> tuple[int, int, int]:
    """Links that are right, links guessed, links there are."""
    right = sum(guess.get(place) in meant for place, meant in log.gold.items())
    return right, len(log.gold), sum(len(meant) for meant in log.gold.values())


def whom(log: Log, guess: Guess) -> tuple[int, int, int]:
    """The same of whom lines answer; own lines and beginnings are of nobody."""
    right = guessed = there = 0
    for place, meant in log.gold.items():
        persons, name = _others(log, place, meant), _person(log, place, guess.get(place, START))
        right += name in persons
        guessed += name is not None
        there += len(persons)
    return right, guessed, there


def in_scene(log: Log, guess: Guess) -> tuple[int, int, int]:
    """Of the lines that answer somebody else: the line is right, the person is, how many."""
    line = person = many = 0
    for place, meant in log.gold.items():
        persons = _others(log, place, meant)
        if persons:
            many += 1
            line += guess.get(place) in meant
            person += _person(log, place, guess.get(place, START)) in persons
    return line, person, many


def overlap(log: Log, guess: Guess) -> tuple[int, int]:
    """Of the weights of the graph of replies: what guess and truth share, and what either has."""
    truth: Counter[tuple[str, str]] = Counter()
    made: Counter[tuple[str, str]] = Counter()
    for place, meant in log.gold.items():
        speaker, persons = log.lines[place].speaker, _others(log, place, meant)
        if persons:
            truth.update((speaker, name) for name in persons)
            name = _person(log, place, guess.get(place, START))
            if name is not None:
                made[speaker, name] += 1
    return (truth & made).total(), (truth | made).total()


def _others(log: Log, place: int, meant: frozenset[int]) -> set[str]:
    return {name for other in meant if (name := _person(log, place, other)) is not None}


def _person(log: Log, place: int, other: int) -> str | None:
    if other == START or log.lines[other].speaker == log.lines[place].speaker:
        return None
    return log.lines[other].speaker


# --- The report -------------------------------------------------------------------------------


def shown(found: Interval, signed: bool = False) -> str:
    """An interval in words."""
    sign = "+" if signed else ""
    return f"{found.estimate:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


def prf(counts: Floats) -> list[Interval]:
    """Precision, recall and F1 from right, guessed and there, one row for each log."""
    right, guessed, there = counts.T
    return [
        jackknife_ratio(right, guessed),
        jackknife_ratio(right, there),
        jackknife_ratio(2 * right, guessed + there),
    ]


def more(ours: Floats, theirs: Floats) -> Interval:
    """Ratio of ours less ratio of theirs; each log has a numerator and a denominator of both."""
    return jackknife(
        np.column_stack([ours, theirs]),
        lambda means: means[..., 0] / means[..., 1] - means[..., 2] / means[..., 3],
    )


def report(logs: list[Log]) -> str:
    """All figures."""
    lines = [f"{len(logs)} logs, {sum(len(log.gold) for log in logs)} annotated lines"]
    f1: dict[str, Floats] = {}
    made = {
        name: [(log, guess(log, scene=False)) for log in logs] for name, guess in GUESSES.items()
    }
    for title, count in (("links", linked), ("whom", whom)):
        lines.append(f"{title:26} precision               recall                  F1")
        for name, pairs in made.items():
            counts = np.array([count(*pair) for pair in pairs], dtype=float)
            lines.append(f"  {name:24}" + "  ".join(map(shown, prf(counts))))
            f1[f"{title}, {name}"] = np.column_stack([2 * counts[:, 0], counts[:, 1:].sum(axis=1)])
    lines.append(f"{'in a scene':26} the line                the person              overlap")
    for name, guess in GUESSES.items():
        pairs = [(log, guess(log, scene=True)) for log in logs]
        counts = np.array([in_scene(*pair) for pair in pairs], dtype=float)
        shared = np.array([overlap(*pair) for pair in pairs], dtype=float)
        some = [jackknife_ratio(counts[:, k], counts[:, 2]) for k in (0, 1)]
        some.append(jackknife_ratio(*shared.T))
        lines.append(f"  {name:24}" + "  ".join(map(shown, some)))
        for k, what in enumerate(("the line", "the person")):
            f1[f"{what}, {name}"] = counts[:, [k, 2]]
    lines.append("the model less the better floor")
    for title in ("links", "whom", "the line", "the person"):
        floors = [f1[f"{title}, {name}"] for name in list(GUESSES)[1:]]
        best = max(floors, key=lambda floor: float(floor[:, 0].sum() / floor[:, 1].sum()))
        lines.append(f"  {title:24}{shown(more(f1[f'{title}, model'], best), signed=True)}")
    return "\n".join([*lines, *calibration(logs), *addresses(logs)])


def calibration(logs: list[Log]) -> list[str]:
    """In a scene: how often the likeliest line is right, by the probability it was given."""
    sure: list[float] = []
    true: list[bool] = []
    for log in logs:
        for one in links(log.lines, log.names, of=log.gold):
            meant = log.gold[one.position]
            if _others(log, one.position, meant):
                sure.append(one.probabilities[0])
                true.append(one.candidates[0] in meant)
    lines = ["in a scene, by the probability of the line: believed, right, lines"]
    edges = (0.0, 0.4, 0.6, 0.8, 0.9, 1.0001)
    believed, right = np.array(sure), np.array(true)
    for low, high in pairwise(edges):
        here = (believed >= low) & (believed < high)
        if here.any():
            lines.append(
                f"  {low:.1f} to {min(high, 1.0):.1f}              "
                f"{believed[here].mean():.3f}  {right[here].mean():.3f}  {int(here.sum())}"
            )
    return lines


def addresses(logs: list[Log]) -> list[str]:
    """Of those addressed, and of those only mentioned: how many are answered by the line."""
    lines = ["of lines that answer somebody else, whoever is ... is answered"]
    for name, last in (("addressed (first)", False), ("mentioned, nobody addressed", True)):
        counts = np.array([_called(log, mention=last) for log in logs], dtype=float)
        right, many = map(int, counts.sum(axis=0))
        share = jackknife_ratio(*counts.T)
        if right == many:
            # All right in all logs has no spread, and is no certainty.
            share = clopper_pearson(right, many)
        lines.append(f"  {name:28}{shown(share)}  n = {many}")
    return lines


def _called(log: Log, *, mention: bool) -> tuple[int, int]:
    right = many = 0
    for place, meant in log.gold.items():
        line, persons = log.lines[place], _others(log, place, meant)
        called = addressed(line.text, log.names, line.speaker)
        if mention:
            spoken_of = [name for name in mentioned(line.text, log.names) if name != line.speaker]
            called = () if called else tuple(spoken_of)
        if persons and called:
            many += 1
            right += called[0] in persons
    return right, many


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=found_folder())
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    if options.folder is None or not options.folder.is_dir():
        parser.error("the logs are not at hand; give their folder")
    started = time.perf_counter()
    _, held = split(options.folder)
    text = report(held)
    print(text)
    if options.write:
        told = [
            "`python -m benchmarks.validity.replies --write`, on chat logs with reply links by "
            "people (Kummerfeld et al. 2019): every other log was tuned on, the others are shown.",
            f"```\n{text}\n```",
        ]
        write_section("benchmarks.validity.replies", "Who answers whom", told)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
