"""What tournaments came to, in sentences: who won, what sways and divides judges, who concedes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isnan

from analysis.measures.concessions import Concessions
from analysis.reports.contests import Rated
from analysis.reports.examples import Claim, Spot
from analysis.reports.material import Material
from sim.html.numbers import counted, interval, number, share


def contested(material: Material) -> Iterator[Claim]:
    """Who won the tournaments, as far as that is established, and what else became of them."""
    if not material.contests:
        yield Claim("No debate has a verdict, so nobody is rated.")
    for found in material.contests:
        yield _won(found)
        for note in found.judges.notes if found.judges else ():
            # A note on one judge begins with its name; others are about all.
            judges = [str(name) for name in found.contest.judges["judge"]]
            named = [judge for judge in judges if note.startswith(judge)] or judges
            trials = dict.fromkeys(trial for each in named for trial in found.judged_by(each)[:2])
            told = note if named == judges else f"Judge {note}"
            yield Claim(told, spots=tuple(Spot(trial) for trial in trials))
        yield from _agreed(found)
        yield from _sides(found)
        yield from _conceded(material, found)


def _won(found: Rated) -> Claim:
    rows = found.entrants
    first = [str(row["entrant"]) for row in rows if row["tier"] == 1]
    best = rows[0]
    if len(first) == 1:
        told = f"{best['entrant']} won: the intervals of all others lie wholly below."
    else:
        told = (
            f"{best['entrant']} has the best rating, but "
            f"{counted(len(first), 'entrant')} are not told apart: {', '.join(first[:-1])} and "
            f"{first[-1]}."
        )
    spots = []
    if len(rows) > 1:
        met = found.debates_of(str(best["entrant"]), str(rows[1]["entrant"]))
        spots = [Spot(trial, None, f"against {rows[1]['entrant']}") for trial in met[:2]]
    limits = interval(best["low"], best["high"], sign=True)
    return Claim(
        told,
        f"Rating {number(best['rating'], sign=True)} {limits} in logits (95%, clustered by "
        f"topic); best in {share(float(best['p_best']))} of resampled tournaments; "
        f"{counted(len(found.legs), 'leg')}, evidence J.",
        tuple(spots),
    )


def _agreed(found: Rated) -> Iterator[Claim]:
    """How far judges agree on who won."""
    if found.judges is None:
        return
    for row in found.judges.agreement.to_dict("records"):
        if row["what"] != "winner" or isnan(row["alpha"]):
            continue
        split = found.split()
        yield Claim(
            f"Of {counted(int(row['debates']), 'debate')} with several judges, their verdicts "
            f"name different winners in {len(split):,}.",
            f"Krippendorff's α {number(row['alpha'])} {interval(row['low'], row['high'])} (1 is "
            "agreement, 0 is chance; 95%); a judge who is asked in both orders may differ from "
            "itself. Evidence J.",
            tuple(Spot(trial, None, "divided") for trial in split[:2]),
        )


def _sides(found: Rated) -> Iterator[Claim]:
    """Whether it helps to argue for the motion, or to speak first."""
    words = {
        "side": ("arguing for the motion", "arguing against it"),
        "order": ("speaking first", "speaking second"),
        "side or order": (
            "arguing for the motion and speaking first", "arguing against it and speaking second",
        ),
    }  # fmt: skip
    for row in found.ratings.effects.to_dict("records"):
        if row["effect"] not in words or isnan(row["estimate"]):
            continue
        one, other = words[row["effect"]]
        low, high = float(row["low"]), float(row["high"])
        if low > 0 or high < 0:
            told = f"{(one if low > 0 else other).capitalize()} helps."
        else:
            told = f"It is not shown that {one} helps or harms."
        trials = found.contest.matches["trial"].dropna().astype(str)
        yield Claim(
            told,
            f"{number(row['estimate'], sign=True)} {interval(low, high, sign=True)} logits (95%); "
            "evidence J.",
            tuple(Spot(trial) for trial in trials.iloc[:1]),
        )


def _conceded(material: Material, found: Rated) -> Iterator[Claim]:
    """Who concedes most, by the words."""
    entrants = found.entrant_of()
    debates = {trial for trial, _ in entrants} & set(material.read.trials["trial"])
    if not debates:
        return
    rows = Concessions(material.read.only(debates)).by_turn
    turns = rows.drop_duplicates(["trial", "turn"])
    spots = [
        Spot(str(trial), int(turn), entrants[str(trial), str(actor)])
        for trial, turn, actor in zip(turns["trial"], turns["turn"], turns["actor"], strict=True)
        if (str(trial), str(actor)) in entrants
    ]
    counts = Counter(spot.why for spot in spots)
    told = "; ".join(f"{name} in {count:,}" for name, count in counts.most_common(3))
    yield Claim(
        f"A point is conceded in {counted(len(spots), 'turn')}{f': {told}' if told else ''}.",
        f"Read in {material.of_how_many}. A polite model concedes in words and goes on as before. "
        "Evidence T, by the words alone.",
        tuple(spots[:3] or [Spot(sorted(debates)[0], None, "none here")]),
    )
