"""The base of what people author: frozen, strict, and with errors that help."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sim.errors import SceneError


class AuthoredModel(BaseModel):
    """A frozen pydantic model that refuses unknown fields and raises ``SceneError``.

    ``added`` names fields that came after the first stores were written. While such a field has its
    default it is left out of the canonical form, so that the trials of those stores keep their ids
    and are not played (and paid) again.

    Pydantic's own message lists every violated rule over several lines. A person at a terminal
    wants one line: which field, what is wrong with it, how to fix it.
    """

    # Validators are built when they are first needed: an import should not pay for them.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True
    )

    added: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SceneError(explain(type(self), error)) from None

    def replace(self, **changes: Any) -> Self:
        """One like this with other fields, checked anew. Raises ``SceneError``."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**fields | changes)


def explain(model: type[BaseModel], error: ValidationError) -> str:
    """One line for a pydantic error: the first problem, and how many others there are."""
    problems = error.errors(include_url=False)
    first = problems[0]
    where = ".".join([model.__name__, *(str(step) for step in first["loc"])])
    kind = first["type"]
    if kind == "extra_forbidden":
        known = ", ".join(model.model_fields)
        text = f"{where}: no such field; {model.__name__} has: {known}"
    elif kind == "missing":
        text = f"{where}: is missing; give it a value"
    elif kind == "value_error":
        # Raised by our own validators, which name the field, the value and the fix themselves.
        text = str(first["ctx"]["error"])
        if isinstance(first["ctx"]["error"], SceneError) is False:
            text = f"{where}: {text}"
    else:
        text = f"{where}: {first['msg']} (got {first['input']!r:.80})"
    if len(problems) > 1:
        text += f" (and {len(problems) - 1} more)"
    return text
