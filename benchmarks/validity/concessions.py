"""Are concessions found? Against what the exact stage says, and against requests by people.

Debates of entrants of planted skill are played on the exact stage. What a line does is known there:
it concedes if its act is ``concede`` or ``agree``. The truth is used here and nowhere in the
measure. Expressions are common English, and were tuned on the *build* half of the stage's lines.
The *held* half was not tuned on, but whoever wrote them had read it, and a few ("you win the
round", "I was too quick") are in it: its recall is rather too high than too low. Typed answers
agree by construction and are left out.

The requests are from talk pages of Wikipedia (``politeness`` of the development data). They have no
labels of concession: one reader judged every third request, from the second on, where it has a word
that concessions have (``CUES``) or the measure found something. Concessions without such a word are
unknown, so recall is at most what is shown. The others were used to choose expressions.

    .tools/bin/uv run python -m benchmarks.validity.concessions [FOLDER] [--times 4] [--write]

FOLDER has the requests, looked for beside the project; without them that part is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from analysis.evidence.concession import conceded
from analysis.measures.concessions import Concessions
from analysis.stats import Interval, clopper_pearson, share_of
from analysis.tables import Tables, load
from analysis.tournaments.grants import FULL, Debate, concessions_in, debates
from analysis.tournaments.tables import load_contest
from benchmarks.validity.document import write_section
from sim import open_stage
from sim.stage.exact.claim_marks import bare
from sim.stage.exact.grammar import parse
from sim.tournament import Entrant, Motion, RoundRobin, Tournament
from sim.tournament.run import run_tournament

SKILLS = (-1.4, -0.7, 0.0, 0.7, 1.4)
MOTIONS = (
    Motion(topic="The town should sell its spring.", issue="spring"),
    Motion(topic="The library should open at night.", issue="library"),
    Motion(topic="The bridge should be closed to cars.", issue="bridge"),
)
CONCEDES = frozenset(
    (391, 470, 484, 643, 877, 961, 1027, 1348, 1486, 1660, 1702, 1771, 1786, 2599, 2758, 2803, 2884,
     2974, 3064, 3829, 3883, 4048)
)  # fmt: skip
"""The requests, by their place in the file, that concede something to whom they are put to."""
CUES = re.compile(
    r"\b(?:agree|agreed|right|true|point|fair|admit\w*|wrong|mistaken|concede|granted?|accept"
    r"|convinced|correct|persuad\w+|makes sense|exactly|of course|sorry|apolog\w+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Played:
    """The debates of one half of the lines, and the measure by entrant."""

    tables: Tables
    entrants: pd.DataFrame


def name_of(skill: float) -> str:
    """The name of the entrant of this skill."""
    return f"skill {skill:+.1f}"


def play(half: str, times: int) -> Played:
    """Hold a round robin; nobody judges."""
    stages = {skill: f"embedded:base?skill={skill}&half={half}" for skill in SKILLS}
    cup = Tournament(
        name=f"Concessions ({half})",
        entrants=tuple(
            Entrant(name=name_of(skill), stage=stage) for skill, stage in stages.items()
        ),
        motions=MOTIONS,
        format=RoundRobin(times=times),
        stage=stages[0.0],
    )
    opened = {stage: open_stage(stage) for stage in stages.values()}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "cup.db"
        asyncio.run(run_tournament(cup, opened, store))
        tables, contest = load(store), load_contest(store)
    entrants = Concessions(tables).by_entrant(contest)
    return Played(tables, entrants[entrants["quantity"] == "rate"])


# --- The exact stage -----------------------------------------------------------------------------


def act_of(text: str) -> str:
    """What a line does; blank outside the grammar."""
    parses = parse(bare(text))
    return parses[0].act if parses else ""


def counts(debate: Debate) -> list[int]:
    """Of turns that could concede: true and found, found, true; found of ``concede``, of
    ``agree``, how many of each; of claims: true and found, found, true."""
    found = [one for one in concessions_in(debate) if one.kind in ("grant", "withdrawal")]
    turns = {turn for name in debate.names for turn in debate.turns_of(name)}
    acts = {line.turn: act_of(line.text) for line in debate.lines if line.turn in turns}
    true = {turn for turn, act in acts.items() if act in ("concede", "agree")}
    seen = {one.turn for one in found} & turns
    cells = [len(true & seen), len(seen), len(true)]
    for act in ("concede", "agree"):
        of_act = {turn for turn in true if acts[turn] == act}
        cells += [len(of_act & seen), len(of_act)]
    granted = {(one.turn, claim) for one in found for claim in one.claims}
    cited = {(one.turn, one.id) for one in debate.ledger.citations if one.turn in true}
    return [*cells, len(granted & cited), len(granted), len(cited)]


def shown(found: Interval) -> str:
    """A share in percent, with its interval."""
    if np.isnan(found.estimate):
        return "–"
    return f"{found.estimate:.0%} [{found.low:.0%}, {found.high:.0%}]"


def exact_row(half: str, played: Played) -> str:
    """A row of the first table."""
    table = np.array([counts(debate) for debate in debates(played.tables)], dtype=np.float64)
    both, seen, true, conceding, concedes, agreeing, agrees, claims, granted, cited = table.T
    cells = [
        share_of(*pair)
        for pair in ((both, seen), (conceding, concedes), (agreeing, agrees), (claims, granted),
                     (claims, cited))
    ]  # fmt: skip
    sums = f"{len(table)} | {true.sum():.0f} | {seen.sum():.0f}"
    return f"| {half} | {sums} | {' | '.join(map(shown, cells))} |"


def true_rates(played: Played) -> dict[str, float]:
    """The share of turns that truly concede in words, by entrant."""
    names: dict[tuple[str, str], str] = {
        (trial, actor): entrant
        for trial, parameters in zip(
            played.tables.trials["trial"], played.tables.trials["parameters"], strict=True
        )
        for actor, entrant in parameters["entrants"].items()
    }
    tally: dict[str, list[int]] = {name_of(skill): [0, 0] for skill in SKILLS}
    for debate in debates(played.tables):
        for name in debate.names:
            turns = set(debate.turns_of(name))
            acts = [act_of(line.text) for line in debate.lines if line.turn in turns]
            row = tally[names[debate.trial, name]]
            row[0] += sum(act in ("concede", "agree") for act in acts)
            row[1] += len(acts)
    return {name: part / whole for name, (part, whole) in tally.items()}


def skill_rows(played: Played) -> list[str]:
    """The second table: planted skill, what is conceded in truth, and what the measure says."""
    true = true_rates(played)
    table = {row["entrant"]: row for row in played.entrants.to_dict("records")}
    rows = []
    for skill in SKILLS:
        row = table[name_of(skill)]
        own, lead = (
            Interval(*(float(row[f"{what}{end}"]) for end in ("", "_low", "_high")))
            for what in ("rate", "lead")
        )
        rows.append(
            f"| {skill:+.1f} | {row['turns']} | {true[name_of(skill)]:.0%} | {shown(own)} "
            f"| {lead.estimate:+.2f} [{lead.low:+.2f}, {lead.high:+.2f}] |"
        )
    return rows


def ranks(played: Played) -> float:
    """Spearman's correlation of planted skill and measured rate."""
    rates = dict(zip(played.entrants["entrant"], played.entrants["value"], strict=True))
    measured = [rates[name_of(skill)] for skill in SKILLS]
    return float(spearmanr(SKILLS, measured).statistic)


# --- Requests by people --------------------------------------------------------------------------


def found_file() -> Path | None:
    """The requests, where the development data are at hand."""
    places = (
        folder / "shared" / "data" / "politeness" for folder in Path(__file__).resolve().parents
    )
    return next((place for place in places if place.is_dir()), None)


def requests_of(folder: Path) -> list[str]:
    """The requests, in order."""
    with (folder / "wikipedia_requests.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def people(texts: list[str]) -> str:
    """Precision, and what is known of recall."""
    held = range(1, len(texts), 3)
    kinds = {at: {one.kind for one in conceded(texts[at])} for at in held}
    seen = {at for at, found in kinds.items() if found & set(FULL)}
    judged = seen | {at for at in held if CUES.search(texts[at])}
    right = len(seen & CONCEDES)
    precision, recall = clopper_pearson(right, len(seen)), clopper_pearson(right, len(CONCEDES))
    return (
        f"Of {len(held)} requests {len(judged)} were judged; {len(CONCEDES)} concede. "
        f"Found: {len(seen)}; precision {shown(precision)}, recall {shown(recall)} of those judged."
    )


# --- The report ----------------------------------------------------------------------------------


def report(times: int, folder: Path | None) -> list[str]:
    """All parts of the section."""
    played = {half: play(half, times) for half in ("build", "held")}
    parts = [
        f"`python -m benchmarks.validity.concessions --times {times} --write`: debates of the "
        "exact stage, whose lines concede if their act is `concede` or `agree`. Expressions were "
        "tuned on the build half; the held half had been read, and a few are in it, so that its "
        "recall is rather too high. Many of the stage's lines give in by a figure of speech, which "
        "no list knows. Intervals are 95%, over debates.",
        "| half | debates | turns that concede | found | precision | recall, `concede` "
        "| recall, `agree` | claims: precision | claims: recall |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
        + "\n".join(exact_row(half, one) for half, one in played.items()),
        "What the planted skill does to it (held half). *Conceding* is the measure, typed answers "
        "included, over matches; *lead* what opponents concede less what is conceded to them. "
        f"Spearman of skill and rate: {ranks(played['held']):+.2f}.",
        "| skill | turns | concede in words, in truth | conceding | lead |\n|---|---|---|---|---|\n"
        + "\n".join(skill_rows(played["held"])),
    ]
    if folder is not None:
        parts.append(
            "Requests by people, on talk pages of Wikipedia, judged by one reader (an author of "
            "the measure) where they have a word that concessions have; a concession without such "
            "a word is unknown, so that recall is at most this. " + people(requests_of(folder))
        )
    return parts


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=found_file())
    parser.add_argument("--times", type=int, default=4, help="matches of each pair")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    if options.write and options.folder is None:
        parser.error("the requests are not at hand; give their folder, or leave out --write")
    started = time.perf_counter()
    parts = report(options.times, options.folder)
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.concessions", "Concessions", parts)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
