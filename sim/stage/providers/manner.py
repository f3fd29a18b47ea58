"""The manner in which a server wants to be asked, found out from the calls that it refuses.

Servers of the OpenAI protocol differ: ``max_tokens`` has two names, reasoning models refuse
``temperature``, ``top_p`` or ``stop``, some servers take other forms of structured output or none,
some chat templates have no system role. Each is found out once, and what was changed is recorded
with the reply of the call that found it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sim.stage.providers.faults import NO_SYSTEM_ROLE

FORMS: Final = ("json_schema", "schema", "json_object")
"""The dialects of structured output, in the order in which they are tried: the protocol's, that of
older llama.cpp servers, and JSON without a schema."""

_OUT_OF_RANGE: Final = re.compile(
    r"valid range|range of|out of range"
    r"|must be (?:at |less|greater|between|in |within|[<>≤≥]|non-|pos)"
    r"|should be (?:less|greater|between|in |[<>≤≥])|too (?:large|small|high|low|big)"
    r"|(?:less|greater|more|larger|smaller) than|exceeds|at most|at least",
    re.I,
)
_OTHER_FORM: Final = re.compile(r"json_schema|json_object|response_format[.'\"\]\[ ]*type", re.I)
_LIMITS: Final = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server is asked: parameters left out, the name of the limit, the most stops, the form
    of structured output, and whether the system text goes into the first user message."""

    limit_name: str = "max_tokens"
    most_stops: int | None = None
    left_out: frozenset[str] = frozenset()
    swapped: bool = False
    form: str = FORMS[0]
    without_system: bool = False

    def instead(
        self, said: str, parameter: str | None, sent: Mapping[str, Any], own: Mapping[str, Any]
    ) -> tuple[Manner, str] | None:
        """Another manner after a refusal, and what is recorded of it; None if there is no other.

        ``said`` is the server's message, ``parameter`` what it names, ``sent`` were the parameters
        and ``own`` those of the user, which are never left out.

        >>> manner, why = Manner().instead("temperature is not supported", None,
        ...                                {"temperature": 0.5}, {})
        >>> manner.left_out, why
        (frozenset({'temperature'}), 'without temperature')
        """
        if NO_SYSTEM_ROLE.search(said):
            return None if self.without_system else (replace(self, without_system=True), "system")

        def refused(name: str) -> bool:
            return name in sent and name not in own and (parameter == name or name in said)

        if refused(self.limit_name):
            if _OUT_OF_RANGE.search(said):
                return None
            if not self.swapped:
                other = _LIMITS[1 - _LIMITS.index(self.limit_name)]
                return replace(self, limit_name=other, swapped=True), "unsupported"
            return replace(self, left_out=self.left_out | {*_LIMITS}), "unsupported"
        if refused("response_format") or ("response_format" in sent and _OTHER_FORM.search(said)):
            following = FORMS[FORMS.index(self.form) + 1 :]
            if following and _OTHER_FORM.search(said) and "response_format" not in own:
                return replace(self, form=following[0]), "unsupported"
            if "response_format" not in own:
                return self._without("response_format")
        if refused("stop") and len(sent["stop"]) > 4 and self.most_stops is None:
            return replace(self, most_stops=4), "unsupported"
        for name in ("seed", "stop", "temperature", "top_p"):
            if refused(name) and (name in ("seed", "stop") or not _OUT_OF_RANGE.search(said)):
                return self._without(name)
        return None

    def _without(self, name: str) -> tuple[Manner, str]:
        # What the user set and cannot have is named in the record of the reply.
        why = f"without {name}" if name in ("temperature", "top_p") else "unsupported"
        return replace(self, left_out=self.left_out | {name}), why

    def response_format(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The request for structured output in this form."""
        if self.form == "json_object":
            return {"type": "json_object"}
        if self.form == "schema":
            return {"type": "json_object", "schema": dict(schema)}
        strict = schema.get("additionalProperties") is False and set(
            schema.get("properties", ())
        ) == set(schema.get("required", ()))
        name = schema.get("title", "answer")
        return {
            "type": "json_schema",
            "json_schema": {"name": name, "schema": dict(schema), "strict": strict},
        }
