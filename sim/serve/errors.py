"""Errors as the protocol writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError


class Refused(Exception):
    """A request that is answered with an error of the OpenAI protocol.

    ``parameter`` is the field that is wrong, ``code`` one word for programs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        parameter: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.parameter = parameter
        self.code = code
        self.kind = kind

    def body(self) -> dict[str, Any]:
        """The answer's object."""
        error = {
            "message": str(self),
            "type": self.kind,
            "param": self.parameter,
            "code": self.code,
        }
        return {"error": error}


def not_understood(error: ValidationError) -> Refused:
    """The first error of a body."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = _path(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if not where:
        return Refused(400, f"The body cannot be read: {message}.")
    return Refused(400, f"{where}: {message}.", parameter=where)


def _path(location: Sequence[int | str]) -> str:
    """Where in the body, as in ``messages[0].role``; names of types in unions are left out."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier() and step not in ("str", "list", "dict", "bool", "int", "float"):
            path += f".{step}" if path else step
    return path
