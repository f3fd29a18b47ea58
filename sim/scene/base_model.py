"""The base class of authored objects: frozen, strict, and with error messages that help."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sim.errors import SceneError


class AuthoredModel(BaseModel):
    """A frozen pydantic model that refuses unknown fields and raises ``SceneError``.

    ``added`` names fields that were added after the first stores were written. While such a field
    has its default it is left out of the canonical form, so that the trials of those stores keep
    their ids and are not played (and paid for) again.

    Pydantic's own message lists every violated rule over several lines; ours is one line with the
    field, what is wrong with it, and how to fix it.
    """

    # Validators are built when they are first needed, so that imports stay fast.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True
    )

    added: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SceneError(explain(type(self), error)) from None

    def in_canonical_form(self, field: str) -> Any:
        """The value that stands for a field where trials are hashed and stored."""
        return getattr(self, field)

    def replace(self, **changes: Any) -> Self:
        """A copy with changed fields, validated again. Raises ``SceneError``."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**fields | changes)


def explain(model: type[BaseModel], error: ValidationError) -> str:
    """A pydantic error as one line: the first problem, and how many others there are."""
    problems = error.errors(include_url=False)
    first = problems[0]
    where = ".".join([model.__name__, *(str(step) for step in first["loc"])])
    kind = first["type"]
    if kind == "extra_forbidden":
        known = ", ".join(model.model_fields)
        text = f"{where}: no such field; {model.__name__} has: {known}"
    elif kind == "missing":
        text = f"{where}: is missing; give it a value"
    elif kind == "too_short":
        least = first["ctx"]["min_length"]
        text = (
            f"{where}: has {first['ctx']['actual_length'] or 'nothing'}, and needs {least} or more"
        )
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
