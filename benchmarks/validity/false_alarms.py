"""How often do instruments report something in talk between people, where nothing of the kind is?

People who negotiate over camp supplies and people in a support channel (``negotiation`` and
``irc_reply_links`` of the development data) are no actors: none of them turns into an assistant,
leaves a scene that there is not, or goes round in circles, but for the channel's robots, whose
messages are left out. So what an instrument reports there is a false alarm. Every other dialogue
and log may be used to write an instrument; the other half alone is counted here.

People have no descriptions, so of ``echo`` only copying is tried here, not the voice.

An alarm takes the speaker out of the count, as in ``competing_risks``: the rate is of first alarms
in lines until then.

    .tools/bin/uv run python -m benchmarks.validity.false_alarms [FOLDER] [--fit] [--write]

``--fit`` writes ``analysis/evidence/tables/false_alarms.tsv``, from which ``competing_risks`` has
its null. FOLDER has the data, looked for beside the project.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.evidence.refusals import declines
from analysis.measures.competing_risks import INSTRUMENTS
from analysis.measures.fates import CAUSES, fates_of, onsets_of
from analysis.stats import clopper_pearson
from analysis.tables import Record, Tables, tables_from
from benchmarks.validity.document import write_section
from sim.events import Turn

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "analysis" / "evidence" / "tables" / "false_alarms.tsv"
ROBOTS = ("ubotu", "ubottu", "floodbot")
HEAD = """\
# How often instruments report something in a line of talk between people, where there is nothing;
# written by benchmarks/validity/false_alarms.py --fit from every other dialogue of CaSiNo and log
# of #ubuntu (both CC BY 4.0). Cause, first alarms, lines until then.
"""


def found_folder() -> Path | None:
    """The development data, where they are at hand."""
    places = (folder / "shared" / "data" for folder in Path(__file__).resolve().parents)
    return next((place for place in places if place.is_dir()), None)


def negotiations(folder: Path, half: int) -> Iterator[Record]:
    """Every other dialogue, from the first (0) or the second (1)."""
    text = (folder / "negotiation" / "dialogues.jsonl").read_text(encoding="utf-8")
    for row in map(json.loads, text.splitlines()[half::2]):
        said = [turn for turn in row["turns"] if "deal" not in turn]
        turns = [Turn(n, turn["speaker"], turn["text"]) for n, turn in enumerate(said, 1)]
        yield Record(f"n{row['id']}", [{"name": name} for name in row["participants"]], turns)


def channels(folder: Path, half: int) -> Iterator[Record]:
    """Every other log, from the first (0) or the second (1)."""
    for file in sorted((folder / "irc_reply_links").glob("*.jsonl"))[half::2]:
        rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        said = [(row["speaker"], row["text"]) for row in rows if row["kind"] == "message"]
        kept = [(who, text) for who, text in said if not who.lower().startswith(ROBOTS)]
        turns = [Turn(n, who, text) for n, (who, text) in enumerate(kept, 1)]
        yield Record(
            file.stem, [{"name": name} for name in dict.fromkeys(n for n, _ in kept)], turns
        )


def counted(tables: Tables) -> dict[str, tuple[int, int]]:
    """First alarms and the lines until then, by cause; of refusals all alarms and lines."""
    counts = {}
    for cause in CAUSES:
        if cause in INSTRUMENTS:
            onsets = onsets_of(INSTRUMENTS[cause](tables), cause)
            fates = fates_of(tables, {cause: onsets})
            alarms = sum(each.first is not None for each in fates)
            counts[cause] = alarms, sum(each.own for each in fates)
    refused = sum(declines(str(text)) == "task" for text in tables.turns["text"])
    counts["refusal"] = refused, len(tables.turns)
    return counts


def shown(counts: Mapping[str, Mapping[str, tuple[int, int]]]) -> list[str]:
    """The section: by cause, false alarms in 1,000 lines of each kind of talk."""
    rows = []
    for cause in next(iter(counts.values())):
        cells = []
        for of_talk in counts.values():
            alarms, lines = of_talk[cause]
            share = clopper_pearson(alarms, lines)
            cells.append(
                f"{alarms} of {lines}: {1000 * share.estimate:.1f} "
                f"[{1000 * share.low:.1f}, {1000 * share.high:.1f}]"
            )
        rows.append(f"| {cause} | {' | '.join(cells)} |")
    return [
        "`python -m benchmarks.validity.false_alarms --write`: first alarms of each instrument in "
        "1,000 lines of talk between people, in the half of dialogues and logs that no instrument "
        "was written on, with 95% limits (Clopper and Pearson, lines taken as independent).",
        f"| cause | {' | '.join(counts)} |\n|---|{'---|' * len(counts)}\n" + "\n".join(rows),
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=found_folder())
    parser.add_argument("--fit", action="store_true", help="write the table of the measures")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    if options.folder is None:
        parser.error("the data are not at hand; give their folder")
    counts = {
        "negotiations": counted(tables_from(negotiations(options.folder, 1))),
        "a support channel": counted(tables_from(channels(options.folder, 1))),
    }
    parts = shown(counts)
    print("\n\n".join(parts))
    if options.fit:
        both = zip(*(of_talk.items() for of_talk in counts.values()), strict=True)
        rows = [
            f"{cause}\t{one[0] + other[0]}\t{one[1] + other[1]}\n"
            for (cause, one), (_, other) in both
            if cause != "flip"  # Its null is drawn from the actor's own lines.
        ]
        TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")
    if options.write:
        write_section("benchmarks.validity.false_alarms", "False alarms on talk of people", parts)


if __name__ == "__main__":
    main()
