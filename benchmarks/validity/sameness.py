"""Loops, blandness, strangers and secrets: sizes and powers on talk of people, with plants in it.

People who negotiate, people in a support channel, and statements of views (``negotiation``,
``irc_reply_links`` and ``persona_statements`` of the development data) do not go round in circles,
and nobody of them knows a secret of another talk. Planted are: lines that come back with some of
their words replaced; a character's statements against those of anybody; two people against one
whose lines are dealt to two names; and a line of another talk, kept by one and said by the other.
Constants were chosen on every other log, dialogue and trait (``--tune`` shows how); the others are
shown.

    .tools/bin/uv run python -m benchmarks.validity.sameness [FOLDER] [--tune] [--write]
        [--played STORE...] [--keep FILE]

FOLDER has the data, looked for beside the project. ``--played`` are stores of scenes that a base
model played, one for each temperature, in which those who loop are counted.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from analysis.evidence import disclosure, repetition
from analysis.evidence.embeddings import available
from analysis.measures.blandness import Blandness
from analysis.measures.loops import Loops, onset
from analysis.measures.secret_disclosure import SecretDisclosure
from analysis.measures.strangers import Strangers
from analysis.stats import clopper_pearson
from analysis.tables import Record, load, tables_from
from benchmarks.validity.document import write_section
from benchmarks.validity.false_alarms import channels, found_folder, negotiations
from sim.events import Turn

Lines = Sequence[str]

LINES = 20
EACH = 100
"""Planted actors of each kind."""

CAST = ({"name": "A"}, {"name": "B"})


# --- Talk of people ------------------------------------------------------------------------------


def talk_of(records: Iterable[Record], fewest: int) -> list[list[str]]:
    """Runs of ``LINES`` lines of one speaker, ``fewest`` at least."""
    runs: list[list[str]] = []
    for record in records:
        said: dict[str, list[str]] = {}
        for event in record.events:
            if isinstance(event, Turn):
                said.setdefault(event.speaker, []).append(event.text)
        for lines in said.values():
            parts = (lines[at : at + LINES] for at in range(0, len(lines), LINES))
            runs += [part for part in parts if len(part) >= fewest]
    return runs


def statements(folder: Path, half: int) -> list[list[str]]:
    """The statements of each side of every other trait."""
    sides: dict[tuple[str, str], list[str]] = {}
    with (folder / "persona_statements" / "statements.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sides.setdefault((row["trait"], row["matches"]), []).append(row["statement"])
    return [sides[key] for key in sorted(sides)[half::2]]


def some(lines: Lines, count: int, generator: np.random.Generator) -> list[str]:
    """So many of the lines, at random, none twice."""
    return [lines[place] for place in generator.permutation(len(lines))[:count]]


def told(name: str, lines: Lines, speakers: str = "A") -> Record:
    """A trial in which the speakers say the lines in turn."""
    turns = [Turn(n + 1, speakers[n % len(speakers)], line) for n, line in enumerate(lines)]
    return Record(name, CAST, turns)


def share(count: int, total: int) -> str:
    """A share in percent, with Clopper and Pearson's limits."""
    found = clopper_pearson(count, total)
    return f"{found.estimate:.1%} [{found.low:.1%}, {found.high:.1%}]"


# --- Loops ---------------------------------------------------------------------------------------


def looping(
    lines: Lines, lag: int, noise: float, words: Lines, generator: np.random.Generator
) -> tuple[list[str], int]:
    """Lines that fall into a cycle, and the place of the first that comes back."""
    said = some(lines, LINES, generator)
    start = int(generator.integers(lag + 2, 11))
    cycle = said[start - lag : start]
    for place in range(start, LINES):
        kept = cycle[(place - start) % lag].split()
        said[place] = " ".join(
            word if generator.random() > noise else str(generator.choice(words)) for word in kept
        )
    return said, start


def copies(lines: Lines) -> int | None:
    """Where a loop begins by near copies alone."""
    with patch.object(repetition, "RETURNS", 2.0):
        return onset(lines)


def found_loops(sides: Sequence[Lines], lag: int, noise: float, seed: int) -> tuple[int, int]:
    """How many of ``EACH`` planted loops are found within a line of their begin; and by near copies
    alone."""
    generator = np.random.default_rng([seed, lag, int(100 * noise)])
    words = [word for lines in sides for line in lines[:20] for word in line.split()]
    counts = [0, 0]
    for _ in range(EACH):
        side = sides[int(generator.integers(len(sides)))]
        lines, start = looping(side, lag, noise, words, generator)
        for place, rule in enumerate((onset, copies)):
            at = rule(lines)
            counts[place] += at is not None and abs(at - start) <= 1
    return counts[0], counts[1]


def talks(folder: Path, half: int) -> dict[str, list[list[str]]]:
    """Lines of people, by kind: nobody loops."""
    generator = np.random.default_rng(half)
    sides = statements(folder, half)
    return {
        "a support channel": talk_of(channels(folder, half), 8),
        "negotiations": talk_of(negotiations(folder, half), 5),
        "statements of one view": [some(side, LINES, generator) for side in sides
                                   for _ in range(20)],
    }  # fmt: skip


def loops(folder: Path) -> list[str]:
    """False alarms and planted loops."""
    rows = []
    for name, runs in talks(folder, 1).items():
        counts = [sum(rule(run) is not None for run in runs) for rule in (onset, copies)]
        table = Loops(tables_from(told(f"t{n}", run) for n, run in enumerate(runs)), draws=99)
        p = table.by_actor["p"].dropna().to_numpy(dtype=float)
        cells = [share(count, len(runs)) for count in counts]
        rows.append(f"| {name} | {len(runs)} | {' | '.join(cells)} "
                    f"| {share(int(np.sum(p <= 0.05)), len(p))} |")  # fmt: skip
    planted = []
    sides = statements(folder, 1)
    for noise in (0.0, 0.1, 0.2, 0.3):
        for lag in (1, 2, 4):
            cells = [f"{count / EACH:.0%}" for count in found_loops(sides, lag, noise, 1)]
            planted.append(f"| {noise:.0%} | {lag} | {' | '.join(cells)} |")
    return [
        "**Loops.** Runs of up to 20 lines of one person, who is in no loop, so that `loop` is a "
        "false alarm. *Copies*: by near copies alone, without cycles in other words. p is of the "
        "order of lines; it is no test for a loop, since talk that stays with a subject is more "
        "alike at a short distance.",
        "| talk | runs | `loop` | copies | p ≤ 5% |\n|---|---|---|---|---|\n" + "\n".join(rows),
        "Planted: statements of one view that fall into a cycle after 3 to 10 lines, a share of "
        f"the words of each later line replaced. Found within a line of its begin, of {EACH} each.",
        "| words replaced | lines of the cycle | `loop` | copies |\n|---|---|---|---|\n"
        + "\n".join(planted),
    ]


def real_loops(stores: Sequence[Path]) -> list[str]:
    """Scenes that a base model played: who loops."""
    rows = []
    for store in stores:
        tables = load(store)
        heat = re.search(r"temperature\W+([\d.]+)", str(tables.trials["stage"].iloc[0]))
        result = Loops(tables)
        table = result.by_actor
        onsets = [str(each) for each in sorted(table["loop"].dropna())]
        arm = result.by_arm.set_index("quantity")
        likeness, null, squeezed, dealt = (
            float(arm.loc[name, column])  # type: ignore[arg-type]
            for name in ("self_similarity", "compression") for column in ("value", "null")
        )  # fmt: skip
        rows.append(
            f"| {heat.group(1) if heat else store.stem} | {len(onsets)} of {len(table)} "
            f"| {', '.join(onsets) or '–'} | {table['repetitions'].mean():.1f} "
            f"| {likeness:.2f} ({null:.2f}) | {squeezed:.1f} ({dealt:.1f}) |"
        )
    return [
        "Real text: scenes that a base model played with `elsinore run cross_purposes -m "
        "gguf:gemma3-270m --layout screenplay -P turns=24 --max-tokens 40 --temperature T`, 12 "
        "lines an actor (`--played`). In brackets: the same in shuffled order, which for one line "
        "said again and again is no lower.",
        "| temperature | actors that loop | from turn | repetitions | self-similarity "
        "| compression |\n|---|---|---|---|---|---|\n" + "\n".join(rows),
    ]


# --- Blandness -----------------------------------------------------------------------------------


def apart(side: Lines, everybody: Lines, generator: np.random.Generator, by: str) -> bool:
    """Whether eight trials of a character are found apart from eight of nobody."""

    def trial(name: str, lines: Lines, persona: dict[str, str]) -> Record:
        turns = [Turn(n, "A", line) for n, line in enumerate(some(lines, 8, generator), 1)]
        return Record(name, [persona], turns, scenario="s", model="m", parameters=persona)

    own = {"name": "A", "brief": "Somebody."}
    records = [trial(f"p{n}", side, own) for n in range(8)]
    records += [trial(f"n{n}", everybody, {"name": "A"}) for n in range(8)]
    result = Blandness(tables_from(records), by=by)
    estimate = next(
        each.estimate for each in result.estimates
        if each.quantity == "apart" and "brief" in each.arm[2]
    )  # fmt: skip
    return estimate.low > 1


def blandness(folder: Path) -> list[str]:
    """Characters and nobodies against nobody."""
    by = available()[0]
    sides = [side[:40] for side in statements(folder, 1)]
    everybody = [line for side in sides for line in side]
    generator = np.random.default_rng(3)
    null = sum(apart(everybody, everybody, generator, by) for _ in range(EACH))
    found = sum(apart(side, everybody, generator, by) for side in sides for _ in range(3))
    return [
        "**Blandness.** Eight trials of eight statements by a bearer of one trait, or by anybody, "
        f"against eight trials of statements by anybody ({by}): how often the 95% interval of "
        "`apart` is above 1. For anybody that should be 2.5%.",
        f"- anybody: {share(null, EACH)} of {EACH}\n"
        f"- a bearer of one trait: {share(found, 3 * len(sides))} of {3 * len(sides)}",
    ]


# --- Strangers -----------------------------------------------------------------------------------


def told_apart(casts: Sequence[Lines]) -> str:
    """How often two names are told apart that say the lines in turn."""
    records = [told(f"t{n}", lines, "AB") for n, lines in enumerate(casts)]
    differ = Strangers(tables_from(records), draws=99).by_trial["differ"].dropna()
    return f"{share(int(differ.sum()), len(differ))} of {len(differ)}"


def strangers(folder: Path) -> list[str]:
    """One person under two names, and two people."""
    rows = []
    for name, records, count in (
        ("a support channel", channels(folder, 1), 10),
        ("negotiations", negotiations(folder, 1), 6),
    ):
        runs = talk_of(records, count)
        one = [run for run in runs if len(run) >= 6]
        pairs = [
            [line for both in zip(first[:count], second[:count], strict=False) for line in both]
            for first, second in zip(runs[:-1:2], runs[1::2], strict=True)
        ]
        rows.append(f"| {name} | {told_apart(one)} | {told_apart(pairs)} |")
    return [
        "**Strangers.** Lines of one person dealt in turn to two names, and lines of two people in "
        "turn: how often p of `share` is at most 5%. The first column is its size.",
        "| talk | one person, two names | two people |\n|---|---|---|\n" + "\n".join(rows),
    ]


# --- Secrets -------------------------------------------------------------------------------------


def kept(records: Sequence[Record], generator: np.random.Generator) -> list[Record]:
    """The talks, in each of which one keeps a line of another talk as a secret."""
    long = [
        (record.trial, event.text) for record in records for event in record.events
        if isinstance(event, Turn) and 10 <= len(event.text.split()) <= 25
    ]  # fmt: skip
    made = []
    for record in records:
        others = [text for trial, text in long if trial != record.trial]
        secret = others[int(generator.integers(len(others)))]
        names = [str(each["name"]) for each in record.cast]
        cast = [{"name": names[0], "secret": secret}, *({"name": name} for name in names[1:])]
        made.append(Record(record.trial, cast, record.events))
    return made


def leaked(record: Record, words: float, fill: Lines, generator: np.random.Generator) -> Record:
    """A talk in whose middle the other says the secret, with this share of its words."""
    secret, other = str(record.cast[0]["secret"]), str(record.cast[1]["name"])
    said = " ".join(
        word if generator.random() < words else str(generator.choice(fill))
        for word in secret.split()
    )
    middle = len(record.events) // 2
    turns = [*record.events[:middle], Turn(0, other, said), *record.events[middle:]]
    again = [Turn(n, each.speaker, each.text) for n, each in enumerate(turns, 1)
             if isinstance(each, Turn)]  # fmt: skip
    return Record(record.trial, record.cast, again)


def disclosed(records: Sequence[Record], by: str) -> str:
    """In how many talks the secret is said to be out."""
    table = SecretDisclosure(tables_from(records), by=by).by_trial
    return share(int(table["disclosed"].sum()), len(table))


def secrets(folder: Path, half: int = 1, count: int = 100) -> list[str]:
    """Secrets that nobody tells, and that are told with a share of their words."""
    generator = np.random.default_rng(5)
    records = kept([r for r in negotiations(folder, half) if len(r.events) > 5][:count], generator)
    fill = [
        word for record in records for event in record.events
        if isinstance(event, Turn) for word in event.text.split()
    ]  # fmt: skip
    plants = {f"{words:.0%} of its words": [leaked(r, words, fill, generator) for r in records]
              for words in (1.0, 0.7, 0.5, 0.3)}  # fmt: skip
    ways = ["words", *(name for name in available() if name == "minilm")]
    rows = [
        f"| {name} | {' | '.join(disclosed(talks, by) for by in ways)} |"
        for name, talks in {"never": records, **plants}.items()
    ]
    return [
        f"**Secrets.** In {len(records)} negotiations one keeps a line of 10 to 25 words that was "
        "said in another negotiation, about the same few things. How often the other is said to "
        "have used it: where nobody told it, and where its words stand in a line of the other's.",
        f"| said | {' | '.join(ways)} |\n|{'---|' * (len(ways) + 1)}\n" + "\n".join(rows),
    ]


# --- The report ----------------------------------------------------------------------------------


def tuning(folder: Path) -> None:
    """What the constants do on the half that they were chosen on."""
    runs, sides = talks(folder, 0), statements(folder, 0)
    for floor in (0.35, 0.4, 0.45, 0.5, 0.55):
        with patch.object(repetition, "RETURNS", floor):
            false = [f"{sum(onset(run) is not None for run in kind) / len(kind):.1%}"
                     for kind in runs.values()]  # fmt: skip
            right = [f"{found_loops(sides, 2, noise, 0)[0] / EACH:.0%}" for noise in (0, 0.1, 0.2)]
        print(f"RETURNS {floor}: false {', '.join(false)}; found {', '.join(right)}")
    for chance in (0.2, 0.05, 0.01):
        with patch.object(disclosure, "CHANCE", chance):
            print(f"CHANCE {chance}\n{secrets(folder, 0)[1]}")


def report(folder: Path, played: Sequence[Path], keep: Path | None) -> list[str]:
    """All parts of the section; those that ``keep`` has are not made again."""
    parts: dict[str, list[str]] = {}
    if keep is not None and keep.exists():
        parts = json.loads(keep.read_text(encoding="utf-8"))
    made: dict[str, Callable[[], list[str]]] = {
        "loops": lambda: loops(folder),
        "real": lambda: real_loops(played) if played else [],
        "blandness": lambda: blandness(folder),
        "strangers": lambda: strangers(folder),
        "secrets": lambda: secrets(folder),
    }
    for name, make in made.items():
        if name not in parts:
            parts[name] = make()
            if keep is not None:
                keep.write_text(json.dumps(parts), encoding="utf-8")
    return [
        "`python -m benchmarks.validity.sameness --write`, on the half of the logs, "
        "dialogues and traits on which no constant was chosen. Limits are 95% (Clopper and "
        "Pearson).",
        *(part for name in made for part in parts[name]),
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=found_folder())
    parser.add_argument("--tune", action="store_true", help="show the half that was tuned on")
    parser.add_argument("--played", type=Path, nargs="*", default=[], help="stores of a base model")
    parser.add_argument("--keep", type=Path, help="a file with what is finished, to go on from")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    if options.folder is None:
        parser.error("the data are not at hand; give their folder")
    started = time.perf_counter()
    if options.tune:
        tuning(options.folder)
        return
    parts = report(options.folder, options.played, options.keep)
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.sameness", "Sameness", parts)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
