"""From skill to victory: what planted strengths and biases make of debates that are played.

Unlike ``benchmarks.validity.ratings`` and ``judges``, which draw results, this plays: entrants
whose skill is planted debate on the exact stage, and judges of the exact stage see every debate in
both orders. Shown are how often the stronger wins, by the difference of skill; the slope of that in
logits; whether ratings find the planted order, from how many matches; and whether the biases that
were planted in judges are what ``analysis.tournaments.judges.biases`` estimates.

What is planted, in the units of the estimates (logits for the side that has it): ``primacy`` is
that of being shown first. ``verbosity`` times ln 2 is that of a doubling of words. ``kinship``
times how much more the judge's kind likes what the sides of its own kind did than what the other
sides did, which is read off the debates, is that of being its own kind. A fair judge has a length
effect of its own where longer lines are better ones; what is planted comes on top.

    .tools/bin/uv run python -m benchmarks.validity.strengths [--times 10] [--write]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special
from scipy.stats import spearmanr

from analysis.stats import Floats, Interval, jackknife_ratio, paired_difference
from analysis.tables import Tables, load
from analysis.tournaments.judges import Bias, biases, rows
from analysis.tournaments.ratings.ratings import rate
from analysis.tournaments.results import results
from analysis.tournaments.tables import Contest, load_contest
from benchmarks.validity.document import write_section
from sim import open_stage
from sim.stage.exact.judged_debate import Page, Statement
from sim.stage.exact.judging import Judging
from sim.stage.exact.parameters import Parameters
from sim.tournament import Entrant, Judge, Motion, RoundRobin, Tournament
from sim.tournament.run import run_tournament

SKILLS = (-1.4, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.4)
"""Those of ``scenarios/example_tournament.toml``."""
KINDS = ("base", "rlhf")
"""Who meets whose judges; each kind with several skills, so that it is not its strength."""
KIN_SKILLS = (-1.0, 0.0, 1.0)
NEUTRAL = "embedded:sft"
"""A judge who has nobody of its own in the debates."""
FAIR = "fair"
JUDGES = {
    FAIR: "embedded:base",
    "primacy 0.8": "embedded:base?primacy=0.8",
    "primacy -0.8": "embedded:base?primacy=-0.8",
    "verbosity 1.5": "embedded:base?verbosity=1.5",
    "verbosity -1.5": "embedded:base?verbosity=-1.5",
}
KINSHIPS = (0.0, 1.0, 2.0)
MOTIONS = tuple(
    Motion(topic=f"The town should {what}.", issue=what.split()[-1])
    for what in (
        "sell its spring", "light the park", "close the bridge", "keep the market",
        "move the school", "plant the square", "buy the mill", "widen the road", "open the tower",
        "mend the theatre", "fence the pond", "ring the bell",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Played:
    """A tournament that was held."""

    contest: Contest
    tables: Tables


def play(name: str, stages: dict[str, str], judges: dict[str, str], times: int) -> Played:
    """Hold a round robin of the entrants, whose stages are by their names."""
    cup = Tournament(
        name=name,
        entrants=tuple(Entrant(name=entrant, stage=stage) for entrant, stage in stages.items()),
        motions=MOTIONS,
        judges=tuple(Judge(stage=stage, name=judge) for judge, stage in judges.items()),
        format=RoundRobin(times=times),
    )
    strings = dict.fromkeys((*stages.values(), *judges.values(), cup.stage))
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "cup.db"
        asyncio.run(run_tournament(cup, {string: open_stage(string) for string in strings}, store))
        return Played(load_contest(store), load(store))


def name_of(skill: float) -> str:
    """The name of the entrant of this skill."""
    return f"skill {skill:+.1f}"


def skill_of(name: str) -> float:
    """And back."""
    return float(name.removeprefix("skill "))


# --- Skill ---------------------------------------------------------------------------------------


def by_difference(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each leg: how much better the stronger is, and its score with the fair judge."""
    first, second = (table[side].map(skill_of) for side in ("first", "second"))
    ahead = first > second
    return pd.DataFrame(
        {
            "match": table["match"],
            "apart": (first - second).abs().round(3),
            "score": np.where(ahead, table["score"], 1 - table["score"]),
        }
    ).dropna()


def slope(apart: Floats, score: Floats, groups: Floats) -> Interval:
    """b of P(the stronger wins) = logistic(b times the difference), by likelihood; the interval by
    leaving out one match at a time."""
    names, group = np.unique(groups, return_inverse=True)
    every = np.array([fitted(apart, score, np.ones(len(score)))])
    out = np.array(
        [fitted(apart, score, (group != one).astype(float)) for one in range(len(names))]
    )
    spread = float(np.sum((out - out.mean()) ** 2)) * (len(out) - 1) / len(out)
    half = float(special.stdtrit(len(out) - 1, 0.975)) * spread**0.5
    return Interval(float(every[0]), float(every[0]) - half, float(every[0]) + half)


def fitted(apart: Floats, score: Floats, weight: Floats) -> float:
    """The slope of one fit, by Newton's method."""
    slope = 0.0
    for _ in range(30):
        chance = special.expit(slope * apart)
        step = np.sum(weight * apart * (score - chance))
        step /= np.sum(weight * apart**2 * chance * (1 - chance))
        slope += float(step)
        if abs(step) < 1e-10:
            break
    return slope


def skill_rows(legs: pd.DataFrame, b: float) -> list[str]:
    """The table of wins by difference."""
    found = []
    for apart, some in legs.groupby("apart"):
        matches = some.groupby("match")["score"].agg(["sum", "size"])
        won = jackknife_ratio(
            matches["sum"].to_numpy(dtype=np.float64), matches["size"].to_numpy(dtype=np.float64)
        )
        won = Interval(won.estimate, max(0.0, won.low), min(1.0, won.high))
        found.append(
            f"| {apart:.1f} | {len(matches)} | {shown(won, percent=True)} "
            f"| {special.expit(b * float(str(apart))):.0%} |"
        )
    return found


def rating_rows(table: pd.DataFrame) -> list[str]:
    """The table of ratings."""
    by_name = {row["entrant"]: row for row in table.to_dict("records")}
    found = []
    for skill in SKILLS:
        row = by_name[name_of(skill)]
        rating = Interval(row["rating"], row["low"], row["high"])
        found.append(
            f"| {skill:+.1f} | {shown(rating)} | {row['rank']} | {row['rank_low']} to "
            f"{row['rank_high']} |"
        )
    return found


def alike(table: pd.DataFrame) -> float:
    """Spearman's correlation of ratings with planted skills."""
    return float(spearmanr(table["rating"], table["entrant"].map(skill_of)).statistic)


def by_matches(table: pd.DataFrame, times: int) -> list[str]:
    """The correlation from fewer matches: disjoint parts of the tournament, and their mean."""
    rounds = table["match"].str.partition(".")[0].astype(int)
    once = len(SKILLS) - 1
    found = []
    for some in (1, 2, 5, 10):
        if times % some or times == some:
            continue
        parts = [
            alike(rate(table[(rounds - 1) // (once * some) == part], replicates=0).table)
            for part in range(times // some)
        ]
        found.append(f"| {some * once} | {len(parts)} | {np.mean(parts):.2f} | {min(parts):.2f} |")
    return found


# --- Biases --------------------------------------------------------------------------------------


def planted(judge: str) -> dict[str, float]:
    """What was planted in a judge, in the units of its estimates."""
    what, _, size = judge.partition(" ")
    found = {"position": 0.0, "length": 0.0}
    if what == "primacy":
        found["position"] = float(size)
    elif what == "verbosity":
        found["length"] = float(size) * log(2)
    return found


def bias_rows(found: Sequence[Bias], kind: str) -> list[str]:
    """The table of one kind of bias."""
    mine = {one.judge: one for one in found if one.bias == kind}
    return [
        f"| {judge} | {kind} | {planted(judge)[kind]:+.2f} | "
        f"{shown(Interval(one.estimate, one.low, one.high))} | {one.cases} |"
        for judge, one in mine.items()
    ]


def beyond(found: Sequence[Bias]) -> str:
    """The effects of length less that of the fair judge, in words."""
    mine = {one.judge: one.estimate for one in found if one.bias == "length"}
    return " and ".join(
        f"{mine[judge] - mine[FAIR]:+.2f} ({judge})" for judge in mine if planted(judge)["length"]
    )


def liked(played: Played, kind: str) -> float:
    """How much more a kind likes what its own sides did than what the others did, in debates of
    one of its own with another; by the words of the debates."""
    judging = Judging(Parameters(kind=kind, kinship=1.0))
    own = f"embedded:{kind}"
    matches = played.contest.matches
    models = {
        trial: dict(zip(some["actor"], some["model"], strict=True))
        for trial, some in matches.groupby("trial")
    }
    turns = played.tables.turns.sort_values(["trial", "turn"])
    apart: list[float] = []
    for trial, said in turns.groupby("trial"):
        sides = models[str(trial)]
        if list(sides.values()).count(own) != 1:
            continue
        spoken = tuple(
            Statement(int(turn), str(name), str(text))
            for turn, name, text in zip(said["turn"], said["speaker"], said["text"], strict=True)
        )
        made = judging.sides(Page(tuple(sides), spoken, 1, 0))
        mine, theirs = sorted(sides, key=lambda name: sides[name] != own)
        apart.append(made[mine].liking - made[theirs].liking)
    return float(np.mean(apart))


def own_scores(played: Played, judge: str, kind: str) -> pd.Series[float]:
    """The mean score of the sides of a kind against others, by match, with one judge."""
    judged = results(played.contest, judges=[judge])
    first, second = (judged[side].str.startswith(kind) for side in ("first", "second"))
    mixed = judged[first != second]
    score = mixed["score"].where(first, 1 - mixed["score"])
    return score.groupby(mixed["match"]).mean()


def kinship_rows(played: Played) -> list[str]:
    """The table of judges who like their own kind."""
    found = {one.judge: one for one in biases(rows(played.contest)) if one.bias == "self"}
    lines = []
    for kind in KINDS:
        apart, plain = liked(played, kind), own_scores(played, f"{kind} 0", kind)
        for size in KINSHIPS:
            judge = f"{kind} {size:g}"
            own, one = own_scores(played, judge, kind), found[judge]
            both = np.array([own, plain.reindex(own.index)], dtype=np.float64)
            more = paired_difference(both[0], both[1])
            beyond = shown(more) if size else "–"
            lines.append(
                f"| {kind} | {size:g} | {size * apart:+.2f} | {own.mean():.0%} | {beyond} "
                f"| {shown(Interval(one.estimate, one.low, one.high))} |"
            )
    return lines


# --- The report ----------------------------------------------------------------------------------


def shown(found: Interval, *, percent: bool = False) -> str:
    """An interval in words."""
    if np.isnan(found.estimate):
        return "–"
    form: Callable[[float], str] = "{:.0%}".format if percent else "{:+.2f}".format
    return f"{form(found.estimate)} [{form(found.low)}, {form(found.high)}]"


def table(head: str, lines: Sequence[str]) -> str:
    """A table."""
    columns = [cell.strip() for cell in head.split("|")]
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines])


def report(times: int) -> list[str]:
    """All parts of the section."""
    skilled = play("Skill", {name_of(x): f"embedded:base?skill={x}" for x in SKILLS}, JUDGES, times)
    fair = results(skilled.contest, judges=[FAIR])
    legs = by_difference(fair)
    found = slope(*(legs[name].to_numpy() for name in ("apart", "score", "match")))
    ratings = rate(fair, replicates=500)
    line = np.polyfit(SKILLS, _in_order(ratings.table), 1)
    ties = skilled.contest.verdicts.query("judge == @FAIR")["winner"].eq("tie").mean()
    judges = {f"{kind} {size:g}": f"embedded:{kind}?kinship={size}"
              for kind in KINDS for size in KINSHIPS}  # fmt: skip
    kinds = play(
        "Kinds",
        {
            f"{kind} {skill:+g}": f"embedded:{kind}?skill={skill}"
            for kind in KINDS
            for skill in KIN_SKILLS
        },
        {"neutral": NEUTRAL} | judges,
        times,
    )
    estimated = biases(rows(skilled.contest))
    pairs = len(list(combinations(SKILLS, 2)))
    return [
        f"`python -m benchmarks.validity.strengths --times {times} --write`: debates that are "
        f"played on the exact stage. {len(SKILLS)} entrants, {pairs * times} matches of two legs, "
        f"{len(MOTIONS)} motions; judges see each debate in both orders. Intervals are 95%.",
        "### Skill and victory",
        f"With a fair judge, the score of a leg is logistic({found.estimate:.2f} "
        f"[{found.low:.2f}, {found.high:.2f}] times the difference of skill); "
        f"{ties:.0%} of verdicts are ties (half a win each).",
        table("skill apart | matches | the stronger's score | by the slope",
              skill_rows(legs, found.estimate)),
        "### Skill and rating",
        f"`ratings.rate`: Spearman with planted skill {alike(ratings.table):.2f}; a "
        f"unit of skill is worth {line[0]:.2f} logits.",
        table("skill | rating, logits | rank | rank, 95%", rating_rows(ratings.table)),
        "From fewer matches, in parts of the tournament:",
        table("matches an entrant | parts | mean Spearman | least", by_matches(fair, times)),
        "### Planted biases of judges",
        "By `judges.biases`, in logits for the side that has it (length: for each "
        "doubling of words). A fair judge has an effect of length, since lines that assert "
        f"and rebut are the longest; beyond it are {beyond(estimated)}.",
        table("judge | bias | planted | estimate | debates that tell",
              [*bias_rows(estimated, "position"), *bias_rows(estimated, "length")]),
        "Judges who like what their own kind does, in debates of two kinds with three skills each. "
        "*Planted* is `kinship` times how much more the judge's kind likes what its own sides did, "
        "in logits, by the words of the debates; *own score* that of its kind against the other, "
        "and *beyond* what it is more than with the same judge without kinship, in the same "
        "debates. The estimate of *self* asks how a judge differs from the others in favour of its "
        "own model. Kinship is no bonus for a name: it likes acts, and what it likes may cancel "
        "merit among all sides, which the model of that estimate takes for a judge less sharp. So "
        "where its interval misses what is planted, that is a limit of the estimate.",
        table("judge | kinship | planted | own score | beyond | estimate of self",
              kinship_rows(kinds)),
    ]  # fmt: skip


def _in_order(table: pd.DataFrame) -> list[float]:
    """The ratings in the order of ``SKILLS``."""
    by_name = dict(zip(table["entrant"], table["rating"], strict=True))
    return [float(by_name[name_of(skill)]) for skill in SKILLS]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=10, help="matches of each pair")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    parts = report(options.times)
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.strengths", "Strengths and judges", parts)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
