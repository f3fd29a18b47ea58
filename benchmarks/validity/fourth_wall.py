"""Are lines that step out of a scene found, and is ordinary talk left alone?

Lines written for the purpose (``fourth_wall.tsv``): half of them step out ("this is just a
simulation"), half have the same words and stay ("my script fails"). Expressions were written on the
parts ``fit`` and ``second``; whoever wrote them had read ``report``; ``late`` was written when the
expressions were done, and changed nothing in them: it is the only one that says how many such lines
are found. All are by one author.

Ordinary talk are people who negotiate, a support channel, requests on talk pages, and statements of
people's views (those about AI left out), all of the development data; every other dialogue, log,
request and trait was looked at while expressions were written, the others are counted here.

    .tools/bin/uv run python -m benchmarks.validity.fourth_wall [FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

from analysis.evidence.fourth_wall import steps_out
from analysis.evidence.text import score
from analysis.stats import Interval, clopper_pearson
from benchmarks.validity.document import write_section
from benchmarks.validity.false_alarms import channels, found_folder, negotiations

LINES = Path(__file__).with_suffix(".tsv")
PARTS = ("fit", "second", "report", "late")
ABOUT_AI = ("AI", "desire-to", "no-power", "self-replication")


def written() -> dict[tuple[str, bool], list[str]]:
    """The lines by part, and whether they step out."""
    found: dict[tuple[str, bool], list[str]] = {}
    for line in LINES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            part, steps, text = line.split("\t")
            found.setdefault((part, steps == "1"), []).append(text)
    return found


def talk(folder: Path) -> dict[str, list[str]]:
    """Ordinary talk that no expression was written on, by kind."""

    def column(file: str, name: str) -> list[dict[str, str]]:
        with (folder / file).open(encoding="utf-8", newline="") as source:
            return [row for row in csv.DictReader(source) if row[name]]

    statements = column("persona_statements/statements.csv", "statement")
    traits = sorted({row["trait"] for row in statements})[1::2]
    kept = [each for each in traits if not any(word in each for word in ABOUT_AI)]
    requests = column("politeness/wikipedia_requests.csv", "text")[1::2]
    return {
        "negotiations": [turn.text for one in negotiations(folder, 1) for turn in one.events],  # type: ignore[union-attr]
        "a support channel": [turn.text for one in channels(folder, 1) for turn in one.events],  # type: ignore[union-attr]
        "requests on talk pages": [row["text"] for row in requests],
        "statements of views": [row["statement"] for row in statements if row["trait"] in kept],
    }


def found_in(texts: Iterable[str]) -> tuple[Interval, Interval]:
    """The share that steps out, and the share with assistant talk (the baseline)."""
    ours, theirs = zip(
        *((bool(steps_out(text)), score(text).assistant > 0.25) for text in texts), strict=True
    )
    return clopper_pearson(sum(ours), len(ours)), clopper_pearson(sum(theirs), len(theirs))


def shown(share: Interval) -> str:
    """A share in percent, with its limits."""
    return f"{share.estimate:.1%} [{share.low:.1%}, {share.high:.1%}]"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=found_folder())
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    if options.folder is None:
        parser.error("the data are not at hand; give their folder")
    lines = written()
    rows = []
    for part in PARTS:
        out, stay = (found_in(lines[part, steps]) for steps in (True, False))
        rows.append(
            f"| {part} | {len(lines[part, True])} + {len(lines[part, False])} | {shown(out[0])} "
            f"| {shown(stay[0])} | {shown(out[1])} | {shown(stay[1])} |"
        )
    people = []
    for kind, texts in talk(options.folder).items():
        ours, theirs = found_in(texts)
        people.append(f"| {kind} | {len(texts)} | {shown(ours)} | {shown(theirs)} |")
    parts = [
        "`python -m benchmarks.validity.fourth_wall --write`: lines written for the purpose by one "
        "author. Expressions were written on `fit` and `second`, and their author had read "
        "`report`; `late` was written afterwards and is what counts. The baseline is assistant "
        "talk, as `collapse` knows it. Limits are 95% (Clopper and Pearson).",
        "| part | lines that step out + that stay | found | false alarms | found by the baseline "
        "| its false alarms |\n|---|---|---|---|---|---|\n" + "\n".join(rows),
        "False alarms on ordinary talk, in the half that no expression was written on:",
        "| talk | lines | false alarms | of the baseline |\n|---|---|---|---|\n"
        + "\n".join(people),
    ]
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.fourth_wall", "Stepping out of the scene", parts)


if __name__ == "__main__":
    main()
