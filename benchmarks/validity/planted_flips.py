"""Flips that the exact stage planted, in words never seen, against the best that can be done.

Scenes come from the tests' ancestral simulator (30 turns, three speakers in a ring), which keeps
the hidden path. A flip is a turn at which a speaker becomes its shadow: it is one, and was none at
its own turn before. Under M1 that is the first turn of a speaker that is a shadow throughout.
Concealed turns count like others: nobody can see when a hidden shadow began, so at high concealment
the limit itself is low.

- *The limit*: P(it became a shadow right before this turn | all texts), by the stage's own smoother
  with all its tables.
- *Decision*, one for all methods: the three turns in a row that hold most of that probability are
  an alarm at their middle; alarms go by that probability. A flip is found by an alarm within one of
  the speaker's own turns. An alarm that finds none is false.
- *Equal false alarms*: of each method the best F1 at up to 5 false alarms in 1,000 turns.
- *Words*: the held half, of which nothing was fitted. The reader is fitted to no sentence of the
  stage (``analysis.evidence.fit_tells``). The signature (how often characters attack, unmask
  themselves, yield) was counted on the build half, with seeds and words of its own. Whoever wrote
  the reader's lines had read the stage's sentences, both halves; none of its lines has five words
  in a row in common with one of them. The lexicon that it also reads was written on the build half.

    .venv/bin/python -m benchmarks.validity.planted_flips [--scenes 200] [--fit] [--write]

``--fit`` counts the signature anew, ``--write`` puts the tables into the section of
``docs/validity-details.md`` that is this file's. Intervals are over scenes (bootstrap, 95%).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from analysis.evidence import tells
from analysis.evidence.embeddings import available
from analysis.measures.flips import opposite_of
from analysis.measures.series import series
from analysis.measures.triggered_flips import LEAST, TriggeredFlips
from analysis.stats import Floats
from analysis.stats.switching import WARY
from analysis.stats.switching import estimate as estimate_switching
from analysis.stats.triggered import Rates, estimate, found_turns, paths
from analysis.tables import Record, Tables, tables_from
from benchmarks.validity.document import write_section
from benchmarks.validity.exact_stage import BRIEFS, SHADOW, TURNS, table, watched
from sim.stage.exact.acts import GRID
from sim.stage.exact.lines import parse
from sim.stage.exact.stances import STANCES

KAPPAS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9)
OTHERS = (0.0, 0.4)
"""Concealment for the mechanisms that are reported only."""

MOST_ALARMS = 5.0
"""False alarms in 1,000 turns, at most."""

ENOUGH = 0.5
"""The share of the limit is asked for where the limit's own F1 is at least this."""

TUNED, FITTED, REPORTED = 201, 203, 302
"""Seeds: of the scenes for choices, for the signature, and for what is reported."""

KIND_OF = {
    "insult": "attack",
    "reveal": "unmasking",
    "concede": "yielding",
    "agree": "yielding",
    "platitude": "platitude",
}
RAREST = 0.005
MOST_FLIPS = 3
TABLE = Path(__file__).resolve().parents[2] / "analysis" / "evidence" / "tables" / "signature.tsv"
LEANS = {"Ada": 0.75, "Ben": -0.75, "Cleo": 0.25}
HARSH = "Ben"


@dataclass(frozen=True, slots=True)
class Planted:
    """Scenes with their truth. Rows are speakers of scenes, columns their own turns: ``began``,
    whether it became a shadow then; ``limit``, how likely the stage's smoother finds that."""

    tables: Tables
    scenes: Floats
    keys: list[tuple[str, str]]
    texts: list[list[str]]
    characters: list[list[str]]
    began: Floats
    limit: Floats
    count: int


def planted(mechanism: str, half: str, scenes: int, kappa: float, seed: int) -> Planted:
    """Scenes of one setting, played and listened to."""
    values: dict[str, Any] = {"mechanism": mechanism, "kappa": kappa, "half": half}
    if mechanism == "M3":
        values["window"] = 4
    records: dict[int, Any] = {}
    keys, owners, texts, characters, began, limits = [], [], [], [], [], []
    for number, turns, own, steps in watched("base", values, scenes, seed):
        records[number] = turns
        keys.append((str(number), own[0][0].speaker))
        owners.append(number)
        texts.append([turn.text for turn, _ in own])
        characters.append([hidden.character for _, hidden in own])
        shadow = np.array([hidden.character == "shadow" for _, hidden in own])
        began.append(shadow & ~np.concatenate([[False], shadow[:-1]]))
        limits.append(became(steps))
    cast = [
        {"name": name, "brief": brief, "opposite": opposite, "stances": {"it": LEANS[name]}}
        for name, (brief, opposite) in BRIEFS.items()
    ]
    tables = tables_from([Record(str(number), cast, turns) for number, turns in records.items()])
    rows = (np.array(owners), keys, texts, characters, np.array(began), np.array(limits))
    return Planted(tables, *rows, scenes)


def became(steps: Sequence[Any]) -> Floats:
    """P(the speaker became a shadow right before each own turn | all texts)."""
    late = np.array(steps[-1].filtered)
    found = np.zeros(len(steps))
    for place in range(len(steps) - 1, 0, -1):
        later = steps[place].situation
        predicted = np.array(later.predicted)
        ahead = np.where(predicted > 0, late / np.where(predicted > 0, predicted, 1), 0.0)
        joint = np.array(steps[place - 1].filtered)[:, None] * np.array(later.switching) * ahead
        found[place] = joint[:, SHADOW].sum() - joint[SHADOW, SHADOW]
        late = joint.sum(axis=1)
    found[0] = late[SHADOW]
    return found


# --- Judging ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alarms:
    """All alarms that could be raised, the likeliest first: the scene of each, how likely it is,
    and whether it finds a flip."""

    scene: Floats
    chance: Floats
    right: Floats


def alarms(turned: Floats, scenes: Planted) -> Alarms:
    """The alarms of a method that gives ``turned``, shape (speakers, own turns)."""
    scene, chance, right = [], [], []
    for row, owner, truth in zip(turned, scenes.scenes, scenes.began, strict=True):
        unfound = np.array(truth)
        for place, likely in found_turns(row, 0.0)[:MOST_FLIPS]:
            near = [p for p in (place, place - 1, place + 1) if 0 <= p < len(row) and unfound[p]]
            unfound[near[:1]] = False
            scene.append(owner)
            chance.append(likely)
            right.append(bool(near))
    order = np.argsort(-np.array(chance), kind="stable")
    return Alarms(*(np.array(column)[order] for column in (scene, chance, right)))


@dataclass(frozen=True, slots=True)
class Score:
    """F1, and false alarms in 1,000 turns."""

    f1: float
    false: float


def at_most(found: Alarms, scenes: Planted, weight: Floats, least: float | None = None) -> Score:
    """The best F1 at up to ``MOST_ALARMS`` false alarms, or that of the threshold ``least``; scenes
    count ``weight`` times."""
    weights = weight[found.scene.astype(int)]
    right = np.cumsum(weights * found.right)
    wrong = np.cumsum(weights * ~found.right.astype(bool))
    flips = float((scenes.began.sum(axis=1) * weight[scenes.scenes.astype(int)]).sum())
    false = 1000 * wrong / (weight.sum() * TURNS)
    f1 = 2 * right / (right + wrong + flips)
    allowed = false <= MOST_ALARMS if least is None else found.chance >= least
    if not allowed.any():
        return Score(0.0, 0.0)
    place = int(np.where(allowed, f1, -1).argmax()) if least is None else int(allowed.sum()) - 1
    return Score(float(f1[place]), float(false[place]))


def turned_of(by_turn: Any, scenes: Planted, column: str = "turned") -> Floats:
    """A column of a measure's turns, shape (speakers, own turns)."""
    parts = by_turn.groupby(["trial", "actor"], sort=False)[column]
    known = {key: part.to_numpy(dtype=float) for key, part in parts}
    return np.array([known[key] for key in scenes.keys])


def of_flips(scenes: Planted) -> Floats:
    """What ``flips`` makes of the same scenes: its evidence and its rates, a crossing's place by
    the same smoother."""
    known = {(each.trial, each.actor): each.evidence for each in series(scenes.tables, opposite_of)}
    evidence = [known[key] for key in scenes.keys]
    rates = estimate_switching(evidence, prior=WARY)
    same = Rates(rates.q01.estimate, 0.0, rates.q10.estimate, 0.01, rates.concealment)
    return np.array([path.turned for path in paths(evidence, [0 * e for e in evidence], same)])


def known_kinds(scenes: Planted, *, kinds: bool, triggers: bool, by: str) -> Floats:
    """The measure's model with the true kinds (and sides) of lines, or true triggers, or both."""
    signature, _ = tells._signature(by)
    measured = TriggeredFlips(scenes.tables, by=by)
    evidence, heard = [], []
    lines = dict(zip(scenes.keys, scenes.texts, strict=True))
    hostility = {"insult": 1.0, "reveal": 0.5, "rebut": 0.25}
    known = {(each.trial, each.actor): each for each in measured._heard}
    for key in scenes.keys:
        each = known[key]
        told = np.array(each.evidence)
        if kinds:
            table = signature[int(key[1] == HARSH)]
            for place, text in enumerate(lines[key]):
                one = parse(text)[0]
                kind = tells.KINDS.index(KIND_OF.get(one.act, "plain"))
                told[place] = np.log(table[1, kind] / table[0, kind])
                if one.level is not None:
                    # Levels have a variance of about 0.2 around 0.7 times the stance.
                    told[place] -= 2 * 0.7 * LEANS[key[1]] * GRID[one.level] / 0.2
        evidence.append(np.clip(told, -8, 8))
        heard.append(np.array(each.triggers))
    if triggers:
        names = list(BRIEFS)
        for row, key in enumerate(scenes.keys):
            # In a ring everybody hears both others between two turns of its own.
            for place in range(1, len(heard[row])):
                at = place * len(names) + names.index(key[1])
                acts = [
                    parse(lines[key[0], names[t % len(names)]][t // len(names)])[0].act
                    for t in range(at - len(names) + 1, at)
                ]
                heard[row][place] = max(hostility.get(act, 0.0) for act in acts)
    rates = estimate(evidence, heard)
    return np.array([path.turned for path in paths(evidence, heard, rates)])


# --- Fitting ----------------------------------------------------------------------------------


def fit_signature(scenes: int) -> None:
    """Count how often characters say each kind, on the build half, and write the table."""
    counts = np.full((2, 2, len(tells.KINDS)), 0.5)
    for mechanism in ("M1", "M2"):
        played = planted(mechanism, "build", scenes, 0.0, FITTED)
        for key, texts, characters in zip(
            played.keys, played.texts, played.characters, strict=True
        ):
            for text, character in zip(texts, characters, strict=True):
                if character in ("self", "shadow"):
                    kind = tells.KINDS.index(KIND_OF.get(parse(text)[0].act, "plain"))
                    counts[int(key[1] == HARSH), int(character == "shadow"), kind] += 1
    # The stage is stricter than people: nothing is said so seldom that one line settles it.
    shares = np.maximum(counts / counts.sum(axis=2, keepdims=True), RAREST)
    lines = [
        "# How often characters say each kind of line (evidence/tells.py), and what readings of a",
        "# side are like: slope and spread. benchmarks/validity/planted_flips.py --fit counts it",
        "# on the build half of the exact stage's words.",
        f"#\t\t{'	'.join(tells.KINDS)}",
    ]
    for temper, row in zip(("kinder", "harsher"), shares, strict=True):
        for who, values in zip(("own", "opposite"), row, strict=True):
            lines.append("\t".join([temper, who, *(f"{value:.3f}" for value in values)]))
    levels = np.repeat(GRID, [len(phrases[::2]) for phrases in STANCES])
    texts = [phrase for phrases in STANCES for phrase in phrases[::2]]
    for by in tells.READERS:
        if by in ("words", *available()):
            side = tells.read(texts, by).side
            slope = float(levels @ side / (levels @ levels))
            spread = float(np.std(side - slope * levels))
            lines.append(f"side\t{by}\t{slope:.3f}\t{spread:.3f}")
    TABLE.write_text("\n".join(lines) + "\n", "utf-8")
    sys.stdout.write("\n".join(lines) + "\n")


# --- The report -------------------------------------------------------------------------------


def cells(found: dict[str, Floats], scenes: Planted) -> dict[str, dict[str, Any]]:
    """For each method its score at equal false alarms, its share of the limit with an interval, and
    its score at the measure's own threshold."""
    lists = {name: alarms(turned, scenes) for name, turned in found.items()}
    once: Floats = np.ones(scenes.count)
    generator = np.random.default_rng(303)
    drawn: list[Floats] = [
        generator.multinomial(scenes.count, once / scenes.count).astype(np.float64)
        for _ in range(200)
    ]
    limits = [at_most(lists["limit"], scenes, weight).f1 for weight in drawn]
    best = at_most(lists["limit"], scenes, once).f1
    rows = {}
    for name, listed in lists.items():
        again = np.array([at_most(listed, scenes, weight).f1 for weight in drawn])
        low, high = np.quantile(again / np.maximum(limits, 1e-9), [0.025, 0.975])
        equal = at_most(listed, scenes, once)
        rows[name] = {
            "equal": equal,
            "share": f"{equal.f1 / best:.2f} ({low:.2f} to {high:.2f})" if best else "–",
            "own": at_most(listed, scenes, once, LEAST),
        }
    return rows


def swept(mechanism: str, kappa: float, scenes: int, readers: Sequence[str]) -> list[str]:
    """One row of the table of a mechanism."""
    played = planted(mechanism, "held", scenes, kappa, REPORTED)
    found = {"limit": played.limit, "flips": of_flips(played)}
    for by in readers:
        found[by] = turned_of(TriggeredFlips(played.tables, by=by, draws=1).by_turn, played)
    rows = cells(found, played)
    asked = "yes" if rows["limit"]["equal"].f1 >= ENOUGH else "no"
    line = [f"{kappa:g}", f"{played.began.sum() / len(played.keys):.2f}"]
    line += [f"{rows['limit']['equal'].f1:.2f}", asked]
    line.append(f"{rows['flips']['equal'].f1:.2f}, {rows['flips']['share']}")
    for by in readers:
        line.append(f"{rows[by]['equal'].f1:.2f}, {rows[by]['share']}")
        line.append(f"{rows[by]['own'].f1:.2f} at {rows[by]['own'].false:.1f}")
    print(mechanism, *line, sep=" | ", file=sys.stderr, flush=True)
    return line


def losses(mechanism: str, kappa: float, scenes: int, by: str) -> list[list[str]]:
    """Where the share of the limit is lost, as rows."""
    played = planted(mechanism, "held", scenes, kappa, REPORTED)
    methods: dict[str, Callable[[], Floats]] = {
        "limit": lambda: played.limit,
        "kinds, sides and triggers known": partial(
            known_kinds, played, kinds=True, triggers=True, by=by
        ),
        "kinds and sides known, triggers read": partial(
            known_kinds, played, kinds=True, triggers=False, by=by
        ),
        "lines read, triggers known": partial(
            known_kinds, played, kinds=False, triggers=True, by=by
        ),
        "all read": partial(known_kinds, played, kinds=False, triggers=False, by=by),
        "`flips`, its lexicon and rates": partial(of_flips, played),
    }
    rows = cells({name: method() for name, method in methods.items()}, played)
    return [
        [mechanism, f"{kappa:g}", name, f"{row['equal'].f1:.2f}", row["share"]]
        for name, row in rows.items()
    ]


def report(scenes: int) -> list[str]:
    """All tables, with a word to each."""
    readers = [by for by in tells.READERS if by in ("words", *available())]
    head = ["κ", "flips a speaker", "limit", "asked", "`flips`"]
    for by in readers:
        head += [f"`triggered_flips`, {by}", "at its own threshold"]
    about = (
        f"`python -m benchmarks.validity.planted_flips --scenes {scenes} --write`: scenes of "
        f"{TURNS} turns of three speakers of the exact stage, kind `base`, in words of the held "
        "half. A flip is found by an alarm within one turn of the speaker's own. F1 at up to "
        f"{MOST_ALARMS:g} false alarms in 1,000 turns, with its share of the limit's and the 95% "
        "interval of the share; then F1 and false alarms in 1,000 turns at the threshold that "
        f"`triggered_flips` has ({LEAST:g}). *Asked*: the limit's own F1 is at least {ENOUGH:g}; "
        "there a share of 0.85 is asked for. `flips` is given the same decision. The reader's "
        "lines were written by somebody who had read the stage's sentences, of both halves, so "
        "the shares are rather too high; no line has five words in a row in common with a "
        "sentence of the stage, and to no sentence of the stage was anything fitted, but the "
        "lexicon had been written on the build half."
    )
    parts = [about]
    for mechanism, kappas, note in (
        ("M2", KAPPAS, "absorbing switching, set off by hostility"),
        ("M1", KAPPAS, "a shadow from the first turn or never"),
        ("M0", OTHERS, "symmetric switching"),
        ("M3", OTHERS, "drawn anew every four turns"),
    ):
        parts.append(f"Mechanism {mechanism}, {note}:")
        parts.append(table(head, [swept(mechanism, k, scenes, readers) for k in kappas]))
    parts.append(
        "Where it is lost: the same model when it is told what the stage knows. *Kinds* are "
        "attack, unmasking, yielding, platitude and plain; lines are read by "
        f"`{readers[-1]}`."
    )
    rows = [
        row
        for mechanism, kappa in (("M2", 0.4), ("M2", 0.7), ("M1", 0.7))
        for row in losses(mechanism, kappa, scenes, readers[-1])
    ]
    parts.append(table(["mechanism", "κ", "known", "F1", "share of the limit"], rows))
    return parts


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()
    if options.fit:
        fit_signature(options.scenes)
        return
    parts = report(options.scenes)
    print("\n\n".join(parts))
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)
    if options.write:
        write_section("benchmarks.validity.planted_flips", "Planted flips", parts)


if __name__ == "__main__":
    main()
