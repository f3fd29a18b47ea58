"""``recorded:STORE``: a stage that says what was said before. It needs no model, key or network.

The same trials, played on it into another store, give the same canonical export, byte for byte:
model and stage of a replayed trial are those that were recorded. What was not recorded is not made
up: it is a ``StageError`` that shows the nearest prompt that was.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from difflib import unified_diff
from typing import Protocol

from sim.calls.keys import request_key
from sim.errors import StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, StageInfo

_WIDTH = 96
_LINES = 40


class Recording(Protocol):
    """A source of recorded calls. ``sim.store.Recorder`` is one."""

    def outcome(self, request: str) -> Reply | StageError | None:
        """The reply to a request, or the error of a call that failed for good; None if unknown."""
        ...

    def nearest(self, prompt: Prompt) -> Prompt | None:
        """The recorded prompt that is most similar to this one; None if no prompts were stored."""
        ...


class Recorded:
    """A stage that answers with recorded replies.

    ``identity`` is that of the recorded stage; ``also`` are other identities under which its calls
    were recorded (in surrogates). ``sim.store.recorded_stages`` makes them.
    """

    info = StageInfo(free=True, recorded=True)

    def __init__(self, recording: Recording, identity: str, also: Sequence[str] = ()) -> None:
        self.identity = identity
        self._recording = recording
        self._identities = (identity, *also)

    async def perform(self, request: Request) -> Reply:
        """The recorded reply. Raises the recorded error, or ``StageError`` (``not-recorded``)."""
        for identity in self._identities:
            outcome = self._recording.outcome(request_key(identity, request))
            if isinstance(outcome, StageError):
                raise outcome
            if outcome is not None:
                return outcome
        nearest = self._recording.nearest(request.prompt)
        raise StageError(
            "not-recorded",
            f"{request.speaker}'s {request.purpose} was not recorded; "
            f"{difference(nearest, request.prompt)}",
        )

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """None: log-probabilities are not recorded."""
        return None


def difference(recorded: Prompt | None, asked: Prompt) -> str:
    """Describe the difference between a recorded prompt and the one asked for, as a unified diff.

    >>> old, new = Prompt.start("system", "You play Ada."), Prompt.start("system", "You play Eve.")
    >>> print(difference(old, new))
    the nearest prompt that was:
    --- recorded
    +++ asked
    @@ -1,2 +1,2 @@
     [system]
    -You play Ada.
    +You play Eve.
    """
    if recorded is None:
        return "the recording has no prompts, so that nothing can be compared"
    if recorded.digest == asked.digest:
        return (
            "the same prompt is in the recording, but with another seed, purpose, stop text, limit "
            "or form of the answer: play the same trials with the same seeds (or the recording "
            "ends here)"
        )
    lines = list(
        unified_diff(_lines(recorded), _lines(asked), "recorded", "asked", n=2, lineterm="")
    )
    if len(lines) > _LINES:
        left = len(lines) - _LINES
        lines = [*lines[:_LINES], f"... and {left} more lines of difference"]
    return "\n".join(["the nearest prompt that was:", *lines])


def _lines(prompt: Prompt) -> list[str]:
    """A prompt in short lines, so that a changed word does not put a whole speech in the diff."""
    lines: list[str] = []
    for message in prompt.messages():
        lines.append(f"[{message.role}]")
        for line in message.text.splitlines():
            lines += textwrap.wrap(line, _WIDTH) or [""]
    return lines
