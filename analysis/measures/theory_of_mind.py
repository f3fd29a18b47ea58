"""Do actors know what the others think?

*Evidence*: P, guesses of another's private stance (``guess:ISSUE:NAME``) held against that actor's
own private answer (``stance:ISSUE``) after the same turn; T for one of the nulls.

*Definition.* The error of a guess is its absolute distance from the target's answer, on the scale
of stances. Three nulls guess without a mind of their own: *mean*, what everybody else in the arm
answers on average after that turn; *own*, the guesser's own stance; *public*, what the target last
said aloud, by its words (``evidence.stance``), where the guesser heard it. The skill against a null
is 1 - E|error| / E|error of the null|, a ratio of means over the guesses that have both: 0 is no
better than the null, 1 is always right.

A trial has the *gain* over each null: the error of the null less that of the guess, mean over the
guesses that have both, of actors who were asked for their own view, too. Two more nulls have heard
the same and hold no view: the *spectator*, the guess of an actor who was not, and *as*, what it
answers in the target's place (``as:ISSUE:NAME``): what the stage makes of the public lines alone.

*Interval.* Jackknife over trials, since the guesses of a scene are not independent.

*References.* Premack and Woodruff 1978; Ross, Greene and House 1977 (*own*: the false consensus);
for language models that play several people arXiv 2310.15421.

*Traps.* A guess near the target's public words needs no theory of mind: look at the skill against
*public*, and at guesses whose target spoke while the guesser was away (``missed``).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from math import nan
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.stance import stance
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import Interval, jackknife_ratio
from analysis.tables import ARM, Data, with_arms
from sim.events import Turn
from sim.scene.audience import heard_by


class Held(NamedTuple):
    """Where a stance is held: a trial, a turn, an actor and an issue."""

    trial: str
    turn: int
    actor: str
    issue: str


class Stated(NamedTuple):
    """A turn that takes a stance, and the stance."""

    turn: Turn
    stance: float


NULLS = ("mean", "own", "public")

GAINS = {
    "own": "the guesser's own stance",
    "mean": "the mean of all others",
    "public": "the target's public words",
    "spectator": "a spectator without a persona, who guesses, too",
    "as": "a spectator who answers in the target's place",
}
"""What a guess is compared with in each trial."""

Known = Literal["all", "heard", "missed", "untold"]
"""Which guesses are read, by what the guesser knew of the target's public stance."""


class TheoryOfMind(Result):
    """How well actors guess what others privately think, against guessing without a mind.

    ``known`` parts the guesses by what the guesser knew: ``heard`` (the last stance that the target
    took aloud), ``missed`` (it has taken one since, or one that the guesser did not hear),
    ``untold`` (it has taken none). Samples of a guess are averaged; a guess without an answer on
    either side is left out.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(2, "A", "stance:x", -1.0), Answer(2, "B", "stance:x", 0.5),
    ...         Answer(2, "A", "guess:x:B", 0.25), Turn(1, "B", "I am in favour of it.")]
    >>> result = TheoryOfMind(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)]))
    >>> row = result.by_turn.iloc[0]
    >>> float(row.guess), float(row.truth), float(row.own), float(row.public)
    (0.25, 0.5, -1.0, 0.5)
    """

    measure = "theory_of_mind"
    evidence = "P"
    more_keys: ClassVar = {"turn": {"issue": "str", "target": "str"}}
    turn: ClassVar[Quantities] = {
        "guess": Quantity("what was guessed of the target's stance", low=-1, high=1),
        "truth": Quantity("the target's own private answer", low=-1, high=1),
        "mean": Quantity(
            "what everybody else in the arm answers on average after that turn", low=-1, high=1
        ),
        "own": Quantity("the guesser's own stance", low=-1, high=1),
        "public": Quantity(
            "what the guesser last heard the target say", low=-1, high=1, evidence="T"
        ),
        "missed": Quantity(
            "the target took a stance that the guesser did not hear, and none later that it did",
            "share",
            0,
            1,
        ),
    }
    trial: ClassVar[Quantities] = {
        "guesses": Quantity("guesses that have an answer on both sides", "count"),
        "missing": Quantity("guesses without an answer on one side", "count"),
        "error": Quantity("mean distance of guesses from the truth", low=0, high=2),
        **{
            f"gain_{null}": Quantity(f"error of {about} less that of the guess", low=-2, high=2)
            for null, about in GAINS.items()
        },
    }
    arm: ClassVar[Quantities] = {
        "error": Quantity("mean distance of guesses from the truth", low=0, high=2),
        "skill_public": Quantity("skill against the target's public words", high=1),
        "skill_own": Quantity("skill against the guesser's own stance", high=1),
        "skill_mean": Quantity("skill against the mean of all others", high=1),
        "error_public": Quantity("mean error of the target's public words", low=0, high=2),
        "error_own": Quantity("mean error of the guesser's own stance", low=0, high=2),
        "error_mean": Quantity("mean error of the mean of all others", low=0, high=2),
    }

    def __init__(self, data: Data, known: Known = "all") -> None:
        super().__init__(data)
        self.known = known

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        answers = self.tables.answers[~self.tables.answers["gauge"]]
        numbers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
        numbers = numbers[numbers["key"].str.startswith(("stance:", "guess:"))]
        columns = ["trial", "turn", "actor", "key"]
        means = numbers.groupby(columns, sort=True)["value"].mean().reset_index()
        answered = [
            (Held(str(trial), int(turn), str(actor), str(key)), float(value))
            for trial, turn, actor, key, value in zip(
                *(means[name] for name in (*columns, "value")), strict=True
            )
        ]
        private = {
            place._replace(issue=place.issue.removeprefix("stance:")): value
            for place, value in answered
            if place.issue.startswith("stance:")
        }
        expected = _expected(self.arm_of(), private)
        for place, guess in answered:
            if not place.issue.startswith("guess:"):
                continue
            issue, _, target = place.issue.removeprefix("guess:").rpartition(":")
            if target == place.actor:
                continue
            stated = self._stated.get(place.trial, [])
            public, missed = _public(stated, place.turn, place.actor, target)
            theirs = Held(place.trial, place.turn, target, issue)
            yield (
                place.trial,
                place.turn,
                place.actor,
                issue,
                target,
                guess,
                private.get(theirs, nan),
                expected.get(theirs, nan),
                private.get(place._replace(issue=issue), nan),
                public,
                missed,
            )

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        guesses = self.guesses
        errors = (guesses["guess"] - guesses["truth"]).abs()
        gains = self._gains.groupby("trial").mean()
        for trial, values in errors.groupby(guesses["trial"], sort=False):
            answered = int(values.notna().sum())
            own = gains.loc[trial] if trial in gains.index else dict.fromkeys(GAINS, nan)
            yield (
                trial,
                answered,
                len(values) - answered,
                float(values.mean()),
                *(float(own[null]) for null in GAINS),
            )

    @cached_property
    def _gains(self) -> pd.DataFrame:
        """By trial: how much nearer the guesses of those who hold a view came than each null."""
        guesses = self.guesses
        outside = guesses["own"].isna()
        place = ["trial", "turn", "issue", "target"]
        watched = guesses[outside].groupby(place)["guess"].mean().rename("spectator")
        answers = self.tables.answers[self.tables.answers["key"].str.startswith("as:")]
        named = [str(key).removeprefix("as:").rpartition(":") for key in answers["key"]]
        put = answers.assign(
            issue=pd.Series([issue for issue, _, _ in named], answers.index, dtype="str"),
            target=pd.Series([target for _, _, target in named], answers.index, dtype="str"),
            value=pd.to_numeric(answers["value"], errors="coerce"),
        )
        placed = put.groupby(place)["value"].mean().rename("as")
        held = guesses[~outside]
        for each in (watched, placed):
            held = held.merge(each.reset_index(), on=place, how="left")
        errors = held[["guess", *GAINS]].sub(held["truth"], axis=0).abs()
        gains = errors[list(GAINS)].sub(errors["guess"], axis=0)
        return gains.assign(trial=held["trial"])

    def _arms(self) -> Iterable[ArmEstimate]:
        arms = with_arms(self.tables.trials)[["trial", *ARM]]
        table = self.guesses.merge(arms, on="trial")
        for values, rows in table.groupby(list(ARM), sort=True):
            arm = tuple(map(str, values))
            error = (rows["guess"] - rows["truth"]).abs()
            answered = error.notna()
            missing = int((~answered).sum())
            note = f"{missing} guesses have no answer on one side" if missing else ""
            mean = Interval(float(error.mean()) if answered.any() else nan, nan, nan)
            count = int(rows.loc[answered, "trial"].nunique())
            yield ArmEstimate(arm, "error", self.made("error", mean, count, note=note))
            skills = {null: _skill(rows, error, null) for null in reversed(NULLS)}
            for null, skill in skills.items():
                name, note = f"skill_{null}", f"{skill.guesses} guesses"
                yield ArmEstimate(arm, name, self.made(name, skill.skill, skill.trials, note=note))
            for null, skill in skills.items():
                name, mean = f"error_{null}", Interval(skill.null_error, nan, nan)
                yield ArmEstimate(arm, name, self.made(name, mean, skill.trials))

    @property
    def guesses(self) -> pd.DataFrame:
        """The guesses that are read."""
        guesses = self.by_turn
        missed, told = guesses["missed"].eq(True), guesses["missed"].notna()
        parts = {"heard": told & ~missed, "missed": missed, "untold": ~told}
        return guesses if self.known == "all" else guesses[parts[self.known]]

    @cached_property
    def _stated(self) -> dict[str, list[Stated]]:
        """Per trial, the turns that take a stance aloud or for some."""
        stated: dict[str, list[Stated]] = {}
        turns = self.tables.turns.sort_values(["trial", "turn"], kind="stable")
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
                stated.setdefault(str(trial), []).append(Stated(turn, value))
        return stated


class Skill(NamedTuple):
    """The skill against a null, with what it rests on and the null's own mean error."""

    skill: Interval
    trials: int
    guesses: int
    null_error: float


def _skill(guesses: pd.DataFrame, error: pd.Series, null: str) -> Skill:
    """1 - E|error| / E|error of the null|, over the guesses that have both."""
    other = (guesses[null] - guesses["truth"]).abs()
    both = error.notna() & other.notna()
    sums = pd.DataFrame(
        {"trial": guesses["trial"], "one": error.where(both), "other": other.where(both)}
    )
    by_trial = sums[both].groupby("trial")[["one", "other"]].sum().to_numpy(dtype=float)
    if not len(by_trial):
        return Skill(Interval(nan, nan, nan), 0, 0, nan)
    ratio = jackknife_ratio(by_trial[:, 0], by_trial[:, 1])
    skill = Interval(1 - ratio.estimate, 1 - ratio.high, 1 - ratio.low)
    return Skill(skill, len(by_trial), int(both.sum()), float(other[both].mean()))


def _expected(arms: dict[str, Arm], private: dict[Held, float]) -> dict[Held, float]:
    """For each private answer, the mean of all others of its arm after the same turn."""
    groups: dict[tuple[Any, ...], list[Held]] = {}
    for place in private:
        groups.setdefault((arms.get(place.trial), place.turn, place.issue), []).append(place)
    expected: dict[Held, float] = {}
    for places in groups.values():
        known = [place for place in places if not np.isnan(private[place])]
        total = sum(private[place] for place in known)
        for place in places:
            own = 0.0 if np.isnan(private[place]) else private[place]
            others = len(known) - (not np.isnan(private[place]))
            expected[place] = (total - own) / others if others else nan
    return expected


def _public(
    stated: list[Stated], turn: int, guesser: str, target: str
) -> tuple[float, bool | None]:
    """What a guesser last heard the target say of it, and whether it missed something since."""
    missed: bool | None = None
    for said, value in reversed(stated):
        if said.index > turn or said.speaker != target:
            continue
        if heard_by(guesser, said):
            return value, bool(missed)
        missed = True
    return nan, missed
