"""How probable the alternatives of a turn were, where that can be asked for nothing.

An embedded stage gives the log-probability of any line at a prompt and costs nothing. Other stages
are not asked from a page that somebody only looks at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp

from sim.errors import ElsinoreError
from sim.events import Event
from sim.runs.prompts import prompt_of
from sim.scene.actor import HUMAN
from sim.stage.base import Request, Stage, info_of
from sim.stage.open import is_real, open_model
from sim.store import StoredTrial


@dataclass(frozen=True, slots=True)
class Probabilities:
    """The probability of each line at the prompt of its turn, from 0 to 1, and that the turn ends
    with it. A line that the stage cannot score has none. ``why_not`` says why there are none at
    all; blank if there are."""

    of: Mapping[str, float] = field(default_factory=dict)
    why_not: str = ""


def probabilities(
    trial: StoredTrial, events: Sequence[Event], turn: int, lines: Iterable[str]
) -> Probabilities:
    """The probability of each of ``lines`` as turn ``turn`` of a trial with these ``events``."""
    try:
        found = prompt_of(trial, events, turn)
        if not found.turn.prompt:
            return Probabilities(why_not="the turn answered no prompt")
        if trial.canonical.get("layout") == "author":
            return Probabilities(why_not="one reply is a block of turns here")
        if not found.same:
            return Probabilities(why_not="this version renders another prompt")
        model, identity = _speaker(trial, found.turn.speaker)
        if model == HUMAN or is_real(model) or is_real(identity):
            return Probabilities(why_not="the stage is not free to be asked")
        stage = _opened(model)
        if stage.identity != identity or not info_of(stage).free:
            return Probabilities(why_not="the stage is not free to be asked")
        request = Request(found.prompt, 0, found.turn.speaker)
        scored = asyncio.run(_scored(stage, request, dict.fromkeys(lines)))
    except ElsinoreError as error:
        return Probabilities(why_not=str(error))
    return Probabilities(scored, "" if scored else "the stage cannot score these lines")


def _speaker(trial: StoredTrial, speaker: str) -> tuple[str, str]:
    """The model string and the identity of the stage that plays somebody."""
    for member in trial.canonical.get("cast", ()):
        if member["persona"]["name"] == speaker and member.get("stage"):
            own = str(member["stage"])
            return own, trial.stages.get(own, "")
    return trial.model, trial.stage


@lru_cache(maxsize=8)
def _opened(model: str) -> Stage:
    return open_model(model)


async def _scored(stage: Stage, request: Request, lines: Iterable[str]) -> dict[str, float]:
    scored = {}
    for line in lines:
        log_prob = await stage.log_prob(request, line) if line else None
        if log_prob is not None:
            scored[line] = exp(log_prob.value)
    return scored
