"""What the stub can do, and what goes wrong: set by the command line or the control endpoint."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

FAULTS = (
    "429", "quota", "500", "503", "408", "400", "401", "403", "404", "context",
    "drop", "cut", "timeout", "malformed", "empty", "refusal", "filtered", "prose", "html",
    "thinking", "page",
)  # fmt: skip
"""Everything that can go wrong. ``drop`` closes the connection unanswered, ``cut`` in the middle of
the answer; ``prose`` answers in prose where JSON is asked for; ``html`` is a proxy's page;
``thinking`` uses up all tokens before a word; ``page`` is a proxy's page with the status 403."""


@dataclass(slots=True)
class Behaviour:
    """What the server can do.

    ``seed`` is ``honoured``, ``fresh`` (every reply is new), ``constant`` (seeds change nothing) or
    ``refused``; ``echo`` and ``json_schema`` are ``yes``, ``no`` (refused) or ``ignored``.
    ``words`` is the length of every reply in chat. ``faults`` are probabilities by name.
    ``message`` replaces fields of every chat message, and ``told_usage`` the usage. Without
    ``system_role`` the first message has to be the user's, and then roles alternate; who does not
    keep to it gets ``template_status``. ``schema_forms`` are the dialects of structured output that
    are taken. ``answers`` are whole answers for the next calls: a status, and JSON or a text that
    stands for bytes (Latin-1).
    """

    models: tuple[str, ...] = ("stub",)
    any_model: bool = True
    chat: bool = True
    completions: bool = True
    seed: str = "honoured"
    echo: str = "yes"
    zero_tokens: bool = True
    log_probs: bool = True
    prompt_logprobs: bool = True
    json_schema: str = "yes"
    refuses: tuple[str, ...] = ()
    usage: bool = True
    context: int | None = 8192
    max_stops: int | None = None
    key: str | None = None
    latency: float = 0.0
    words: int | None = None
    retry_after: str | None = "0"
    faults: dict[str, float] = field(default_factory=dict)
    fault_seed: int = 0
    message: dict[str, Any] = field(default_factory=dict)
    told_usage: Any = None
    system_role: bool = True
    template_status: int = 400
    schema_forms: tuple[str, ...] = ("json_schema", "schema", "json_object")
    answers: list[Any] = field(default_factory=list)


class Mischief:
    """Which call goes wrong.

    A fault is drawn from the seed, the request, and how often this request was made before: the
    order in which requests arrive changes nothing. ``script`` is used up first, in order of arrival
    (``"ok"`` is no fault).
    """

    def __init__(self) -> None:
        self.script: deque[str] = deque()
        self._before: Counter[str] = Counter()

    def fault(self, behaviour: Behaviour, ground: str) -> str | None:
        """The fault of this call, or None."""
        attempt = self._before[ground]
        self._before[ground] += 1
        if self.script:
            found = self.script.popleft()
            return None if found == "ok" else found
        if not behaviour.faults:
            return None
        drawn = blake2b(f"{behaviour.fault_seed}|{ground}|{attempt}".encode(), digest_size=7)
        share = int.from_bytes(drawn.digest()) / 2**56
        for name, probability in behaviour.faults.items():
            share -= probability
            if share < 0:
                return name
        return None
