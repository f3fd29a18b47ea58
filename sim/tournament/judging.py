"""Judging: each debate is shown to each judge in both orders, and the verdicts are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sim.errors import StageError
from sim.events import NO_USAGE, Usage
from sim.planning import Trial
from sim.redaction import redact
from sim.runs.playing import TrialLedger
from sim.seeds import request_seed
from sim.stage.base import Request, Stage
from sim.store import Store, VerdictKey, encode_sorted, usage_to_json
from sim.text.thoughts import thought_and_speech
from sim.tournament.judge_prompt import Blinded, blinded, judge_again, judge_prompt, orders
from sim.tournament.rubric import LETTERS, TIE, Judge, Verdict, read_verdict, verdict_schema
from sim.tournament.tournament import Leg, Tournament
from sim.transcript import Transcript

VERDICT: Final = "verdict"
"""The purpose of a judge's request."""

Told = Callable[[str, str, Mapping[str, Any]], None]
"""Is called with each verdict: the trial, the judge's name, the payload."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The judges of a tournament, who judge each debate when it ends (a ``FollowUp``).

    ``legs`` are by trial; ``identities`` are those of the stages by their names in the tournament.
    With ``retry_failed`` missing verdicts are asked for again. ``forms`` are the forms of verdicts
    (``Rubric.form``), by judge.
    """

    tournament: Tournament
    legs: Mapping[str, Leg]
    identities: Mapping[str, str]
    told: Told | None = None
    retry_failed: bool = False
    forms: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "forms", self.tournament.forms(self.identities))

    @property
    def stages(self) -> dict[str, str]:
        """The identities of the judges' stages, by the names that requests have for them."""
        return {
            judge_asked(judge.known_as): self.identities[judge.stage]
            for judge in self.tournament.judges
        }

    def missing(self, store: Store, trials: Sequence[str]) -> set[str]:
        """Those of the trials on which a verdict is missing."""
        return {key.trial for key in self.wanted(trials) - self.stored(store, trials)}

    def wanted(self, trials: Sequence[str]) -> set[VerdictKey]:
        """The keys of all verdicts on these trials."""
        return {
            self._key(trial, judge, shown)
            for trial in trials
            if trial in self.legs
            for judge in self.tournament.judges
            for shown in orders(self.legs[trial].actors)
        }

    def stored(self, store: Store, trials: Sequence[str]) -> set[VerdictKey]:
        """The keys of the verdicts that need not be asked for."""
        return store.verdict_keys(trials, also_missing=not self.retry_failed)

    async def carry_out(
        self, trial: Trial, transcript: Transcript, stage: Stage, ledger: TrialLedger
    ) -> None:
        """Ask for the verdicts on a debate that the store lacks, all at once, and store them."""
        leg = self.legs[trial.id]
        stored = await ledger.verdict_keys(trial.id, also_missing=not self.retry_failed)
        motion = self.tournament.motions[leg.motion]
        calls = []
        for place, shown in enumerate(orders(leg.actors)):
            page = blinded(motion, leg.sides, transcript.events, shown)
            calls += [
                self._judge(trial, judge, place, page, stage, ledger)
                for judge in self.tournament.judges
                if self._key(trial.id, judge, shown) not in stored
            ]
        given = await asyncio.gather(*calls, return_exceptions=True)
        # All calls end before an error is raised, so that every reply is stored.
        await ledger.barrier()
        for each in given:
            if isinstance(each, BaseException):
                raise each

    async def _judge(
        self,
        trial: Trial,
        judge: Judge,
        place: int,
        page: Blinded,
        stage: Stage,
        ledger: TrialLedger,
    ) -> None:
        """One verdict, asked for until it counts or the attempts are over."""
        rubric, sides = self.tournament.rubric, len(page.shown)
        criteria = tuple(rubric.criteria)
        schema = verdict_schema(sides, criteria)
        prompt = judge_prompt(rubric, page)
        problems: list[str] = []
        usage = NO_USAGE
        verdict: Verdict | None = None
        for attempt in range(rubric.attempts):
            seed = request_seed(trial.seed, VERDICT, judge.known_as, place, attempt)
            request = Request(
                prompt,
                seed,
                judge.known_as,
                VERDICT,
                schema=schema,
                stage=judge_asked(judge.known_as),
            )
            try:
                reply = await stage.perform(request)
            except StageError as error:
                problems.append(redact(f"{error.reason}: {error}"))
                break
            usage += reply.usage
            _, answered = thought_and_speech(reply.text)
            verdict, problem = read_verdict(answered, sides, criteria, page.turns)
            if verdict is not None:
                break
            problems.append(str(problem))
            prompt = judge_again(rubric, prompt, answered, str(problem), sides)
        payload = unblinded(verdict, page.shown, problems, self.identities[judge.stage], usage)
        key = self._key(trial.id, judge, page.shown)
        ledger.verdict(key, payload)
        self.heard(key, payload)

    def heard(self, key: VerdictKey, payload: Mapping[str, Any]) -> None:
        """Tell of a verdict that was queued."""
        if self.told is not None:
            self.told(key.trial, key.judge, payload)

    def portable(self) -> Panel:
        """The panel without whom it tells, for another process."""
        return replace(self, told=None)

    def _key(self, trial: str, judge: Judge, shown: Sequence[str]) -> VerdictKey:
        return VerdictKey(trial, judge.known_as, self.forms[judge.known_as], shown_as(shown))


def shown_as(shown: Sequence[str]) -> str:
    """An order of actors as the column ``shown`` has it."""
    return encode_sorted(list(shown))


def unblinded(
    verdict: Verdict | None,
    shown: Sequence[str],
    problems: Sequence[str],
    identity: str,
    usage: Usage = NO_USAGE,
) -> dict[str, Any]:
    """A verdict with names for letters, as it is stored; or why there is none.

    >>> verdict = unblinded(None, ("Ada", "Ben"), ["there is no JSON object in it"], "toy")
    >>> verdict["winner"], verdict["missing"]
    (None, 'there is no JSON object in it')
    """
    name = dict(zip(LETTERS, shown, strict=False)) | {TIE: TIE}
    payload: dict[str, Any] = {
        "winner": None,
        "margin": None,
        "scores": {},
        "reasons": [],
        "missing": None,
        "problems": list(problems),
        "stage": identity,
        "usage": usage_to_json(usage),
    }
    if verdict is None:
        payload["missing"] = problems[-1] if problems else "not asked"
        return payload
    payload["winner"] = name[verdict.winner]
    payload["margin"] = verdict.margin
    payload["scores"] = {
        criterion: {name[letter]: value for letter, value in by_letter.items()}
        for criterion, by_letter in verdict.scores.items()
    }
    payload["reasons"] = [reason.model_dump() for reason in verdict.reasons]
    return payload


def stored_verdicts(
    store: Store, trials: Sequence[str], forms: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """The verdicts on trials, by trial, with ``judge`` and ``shown``; only those of ``forms``."""
    by_trial: dict[str, list[dict[str, Any]]] = {}
    for verdict in store.verdicts_on(trials):
        if forms.get(verdict.judge) == verdict.form:
            by_trial.setdefault(verdict.trial, []).append(verdict.record())
    return by_trial


def judge_asked(known_as: str) -> str:
    """The name that requests have for a judge's stage."""
    return f"judge:{known_as}"
