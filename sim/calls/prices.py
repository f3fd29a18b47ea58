"""Prices of tokens: the table that ships (``prices.toml``), and the user's own, which goes first.

An unknown price is None and never 0: a run then reports its tokens and says that their price is
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.events import Usage
from sim.input_files import read_toml
from sim.stage.surrogate import played_on

SHIPPED = Path(__file__).with_name("prices.toml")

_MILLION = 1_000_000
_FIELDS = ("prompt", "cached", "completion")
_OFFICIAL = "base_url=https://api.openai.com/"
# The suffix of a model's name for one snapshot of it: -2024-07-18, -20241022, -latest.
_SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens: of the prompt, of its cached part, and of the completion.

    >>> Price(prompt=2.0, cached=0.5, completion=8.0).of(Usage(1_000_000, 100_000, 400_000))
    2.2
    """

    prompt: float
    cached: float
    completion: float

    def of(self, usage: Usage) -> float:
        """The price of a usage in USD. Cached tokens are a part of the prompt's."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        return (
            (usage.prompt_tokens - cached) * self.prompt
            + cached * self.cached
            + usage.completion_tokens * self.completion
        ) / _MILLION


class Prices:
    """A table of prices by model string, as on the command line.

    >>> prices = Prices.load()
    >>> prices.of("openai:gpt-4o-mini-2024-07-18?temperature=0.7")
    Price(prompt=0.15, cached=0.075, completion=0.6)
    >>> prices.of("openai:gpt-4o-mini?base_url=http://localhost:8000/v1") is None
    True
    >>> prices.of("gguf:gemma3-270m?sha256=a5fd3b62230aa5ec").prompt
    0.0
    """

    def __init__(self, shipped: Mapping[str, Price], own: Mapping[str, Price], date: str) -> None:
        self.date = date
        self._shipped = shipped
        self._own = own

    @classmethod
    def load(cls, own: Path | None = None) -> Prices:
        """The table that ships, and the user's own before it. Raises ``BadRequest``."""
        shipped = read_toml(SHIPPED, "prices")
        mine = {} if own is None else _table(read_toml(own, "prices"), own)
        return cls(_table(shipped, SHIPPED), mine, str(shipped["date"]))

    def of(self, identity: str) -> Price | None:
        """The price of a model, or of a stage by its identity; None if it is unknown.

        The shipped prices hold only at the providers' own addresses, not at a ``base_url``. The
        prices of the user's table hold at every address.
        """
        name, _, options = played_on(identity).partition("?")
        elsewhere = "base_url=" in options and _OFFICIAL not in options
        tables = [self._own] if elsewhere else [self._own, self._shipped]
        if name.startswith("gguf:"):
            return self._own.get(name, Price(0.0, 0.0, 0.0))  # It runs on the user's own machine.
        provider = name.removeprefix("langchain:")
        for table in tables:
            for known in (name, provider, _SNAPSHOT.sub("", provider)):
                if known in table:
                    return table[known]
        return None


def _table(document: Mapping[str, Any], path: Path) -> dict[str, Price]:
    models = document.get("models", {})
    unknown = sorted(document.keys() - {"models", "date"})
    if unknown or not isinstance(models, dict) or not models:
        what = f"{unknown[0]!r} is unknown" if unknown else "there are no prices in it"
        raise BadRequest(f"prices {path}: {what}; write them below [models], one model a line")
    return {name: _price(fields, f"prices {path}: {name}") for name, fields in models.items()}


def _price(fields: Any, where: str) -> Price:
    example = "{ prompt = 0.15, cached = 0.075, completion = 0.6 }, in USD per million tokens"
    if not isinstance(fields, dict):
        raise BadRequest(f"{where}: {fields!r} is no price; write {example}")
    for name, value in fields.items():
        if name not in _FIELDS:
            raise BadRequest(f"{where}: {name!r} is unknown; write {example}")
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not 0 <= value < float("inf"):
            raise BadRequest(f"{where}: {name} = {value!r} is no price; write {example}")
    missing = [name for name in ("prompt", "completion") if name not in fields]
    if missing:
        raise BadRequest(f"{where}: {missing[0]} is missing; write {example}")
    prompt = float(fields["prompt"])
    return Price(prompt, float(fields.get("cached", prompt)), float(fields["completion"]))
