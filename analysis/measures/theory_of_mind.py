"""Do actors know what the others think?

*Evidence*: P, guesses of another's private stance (``guess:ISSUE:NAME``) held against that actor's
own private answer (``stance:ISSUE``) after the same turn; T for one of the nulls.

*Definition.* The error of a guess is its absolute distance from the target's answer, on the scale
of stances. Three nulls guess without a mind of their own: *mean*, what everybody else in the arm
answers on average after that turn; *own*, the guesser's own stance; *public*, what the target last
said aloud, by its words (``evidence.stance``), where the guesser heard it. The skill against a null
is 1 - E|error| / E|error of the null|, a ratio of means over the guesses that have both: 0 is no
better than the null, 1 is always right.

*Interval.* Jackknife over trials, since the guesses of a scene are not independent.

*References.* Premack and Woodruff 1978; Ross, Greene and House 1977 (*own*: the false consensus);
for language models that play several people arXiv 2310.15421.

*Traps.* A guess near the target's public words needs no theory of mind: look at the skill against
*public*, and at guesses whose target spoke while the guesser was away (``missed``).
"""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.evidence.stance import stance
from analysis.stats import Interval, jackknife_ratio
from analysis.tables import ARM, Tables, frame, with_arms
from sim.events import Turn
from sim.scene.audience import heard_by

EVIDENCE = "P"
Place = tuple[str, int, str, str]
"""A trial, a turn, an actor and an issue."""

NULLS = ("mean", "own", "public")

_GUESSES = {
    "trial": "str",
    "turn": "Int64",
    "issue": "str",
    "guesser": "str",
    "target": "str",
    "guess": "float64",
    "truth": "float64",
    "mean": "float64",
    "own": "float64",
    "public": "float64",
    "missed": "boolean",
}
_ARMS = (
    dict.fromkeys(ARM, "str")
    | {"group": "str", "trials": "Int64", "guesses": "Int64", "missing": "Int64"}
    | {"error": "float64"}
    | {f"{null}_{name}": "float64" for null in NULLS for name in ("error", "skill", "low", "high")}
    | {f"{null}_guesses": "Int64" for null in NULLS}
)


def by_guess(tables: Tables) -> pd.DataFrame:
    """One row per guess: what was guessed, what was so, and what each null would have guessed.

    Samples are averaged. ``guess`` or ``truth`` is NaN where an answer is missing. ``missed`` says
    that the target took a stance aloud that the guesser did not hear and nothing later that it did;
    <NA> if the target has taken none.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(2, "A", "stance:x", -1.0), Answer(2, "B", "stance:x", 0.5),
    ...         Answer(2, "A", "guess:x:B", 0.25), Turn(1, "B", "I am in favour of it.")]
    >>> row = by_guess(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)])).iloc[0]
    >>> float(row.guess), float(row.truth), float(row.own), float(row.public)
    (0.25, 0.5, -1.0, 0.5)
    """
    answers = tables.answers[~tables.answers["gauge"]]
    numbers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
    numbers = numbers[numbers["key"].str.startswith(("stance:", "guess:"))]
    columns = ["trial", "turn", "actor", "key"]
    means = numbers.groupby(columns, sort=True)["value"].mean().reset_index()
    answered = [
        (str(trial), int(turn), str(actor), str(key), float(value))
        for trial, turn, actor, key, value in zip(
            *(means[name] for name in (*columns, "value")), strict=True
        )
    ]
    private = {
        (trial, turn, actor, key.removeprefix("stance:")): value
        for trial, turn, actor, key, value in answered
        if key.startswith("stance:")
    }
    expected = _expected(tables, private)
    spoken = _spoken(tables)
    rows: list[tuple[Any, ...]] = []
    for trial, turn, guesser, key, guess in answered:
        if not key.startswith("guess:"):
            continue
        issue, _, target = key.removeprefix("guess:").rpartition(":")
        if target == guesser:
            continue
        public, missed = _public(spoken.get(trial, []), turn, guesser, target)
        place = (trial, turn, target, issue)
        rows.append(
            (
                trial,
                turn,
                issue,
                guesser,
                target,
                guess,
                private.get(place, nan),
                expected.get(place, nan),
                private.get((trial, turn, guesser, issue), nan),
                public,
                missed,
            )
        )
    return frame(rows, _GUESSES)


def _expected(tables: Tables, private: dict[Place, float]) -> dict[Place, float]:
    """For each private answer, the mean of all others of its arm after the same turn."""
    arms = with_arms(tables.trials)
    arm_of = {row[0]: row[1:] for row in arms[["trial", *ARM]].itertuples(index=False, name=None)}
    groups: dict[tuple[Any, ...], list[Place]] = {}
    for place in private:
        trial, turn, _, issue = place
        groups.setdefault((arm_of.get(trial), turn, issue), []).append(place)
    found: dict[Place, float] = {}
    for places in groups.values():
        known = [place for place in places if not np.isnan(private[place])]
        total = sum(private[place] for place in known)
        for place in places:
            own = 0.0 if np.isnan(private[place]) else private[place]
            others = len(known) - (not np.isnan(private[place]))
            found[place] = (total - own) / others if others else nan
    return found


def _spoken(tables: Tables) -> dict[str, list[tuple[Turn, float]]]:
    """Per trial, the turns that take a stance aloud or for some, with the stance."""
    found: dict[str, list[tuple[Turn, float]]] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    names = ("trial", "turn", "speaker", "text", "audience", "overheard", "absent")
    for trial, index, speaker, text, audience, overheard, absent in zip(
        *(turns[name] for name in names), strict=True
    ):
        value = stance(str(text))
        if value is not None:
            turn = Turn(
                int(index), str(speaker), str(text),
                audience if isinstance(audience, tuple) else None,
                overheard=overheard, absent=absent,
            )  # fmt: skip
            found.setdefault(str(trial), []).append((turn, value))
    return found


def _public(
    spoken: list[tuple[Turn, float]], turn: int, guesser: str, target: str
) -> tuple[float, bool | None]:
    """What a guesser last heard the target say of it, and whether it missed something since."""
    missed: bool | None = None
    for said, value in reversed(spoken):
        if said.index > turn or said.speaker != target:
            continue
        if heard_by(guesser, said):
            return value, bool(missed)
        missed = True
    return nan, missed


def by_arm(tables: Tables, by_heard: bool = False) -> pd.DataFrame:
    """One row per arm: mean error, and the skill against each null with a 95% interval.

    ``group`` is ``all``; with ``by_heard`` the guesses stand apart by what the guesser knew:
    ``heard`` (the last stance that the target took aloud), ``missed`` (it has taken one since, or
    one that the guesser did not hear), ``untold`` (it has taken none). Guesses without an answer on
    either side are counted as ``missing``.
    """
    guesses = by_guess(tables)
    arms = with_arms(tables.trials)[["trial", *ARM]]
    table = guesses.merge(arms, on="trial")
    rows: list[list[Any]] = []
    for arm, members in table.groupby(list(ARM), sort=True):
        groups = {"all": members}
        if by_heard:
            missed, told = members["missed"].eq(True), members["missed"].notna()
            groups = {
                "heard": members[told & ~missed],
                "missed": members[missed],
                "untold": members[~told],
            }
        for group, some in groups.items():
            rows.append([*arm, group, *_skills(some)])
    return frame(rows, _ARMS)


def _skills(guesses: pd.DataFrame) -> list[Any]:
    error = (guesses["guess"] - guesses["truth"]).abs()
    known = error.notna()
    found: list[Any] = [guesses["trial"].nunique(), int(known.sum()), int((~known).sum())]
    found.append(float(error.mean()) if known.any() else nan)
    counts: list[int] = []
    for null in NULLS:
        other = (guesses[null] - guesses["truth"]).abs()
        both = known & other.notna()
        sums = pd.DataFrame(
            {"trial": guesses["trial"], "one": error.where(both), "other": other.where(both)}
        )
        by_trial = sums[both].groupby("trial")[["one", "other"]].sum().to_numpy(dtype=float)
        ratio = (
            jackknife_ratio(by_trial[:, 0], by_trial[:, 1])
            if len(by_trial)
            else Interval(nan, nan, nan)
        )
        mean = float(other[both].mean()) if both.any() else nan
        found += [mean, 1 - ratio.estimate, 1 - ratio.high, 1 - ratio.low]
        counts.append(int(both.sum()))
    return [*found, *counts]
