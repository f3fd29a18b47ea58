"""From the name of a model to a stage: ``embedded:base``, ``embedded:rlhf?kappa=0.8``.

A model string is ``PROVIDER:NAME``, and for the embedded stage perhaps ``?parameter=value&...``.
Providers are loaded when a model of theirs is opened, so that one that is not used costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from sim.errors import ModelError
from sim.stage.base import Stage
from sim.stage.fixed import FixedLines

EMBEDDED = "sim.stage.exact"

# fixed:ONE|TWO?latency=0.05. Anything else after a question mark belongs to the line.
_LATENCY = re.compile(r"\?latency=(\d+(?:\.\d+)?)$")


def open_stage(model: str) -> Stage:
    """The stage that a model string names.

    ``embedded:KIND?parameter=value&...`` is the exact stage; ``fixed:ONE|TWO`` says its lines in
    turn and is for tests (``?latency=SECONDS`` makes it slow). Raises ``ModelError`` for
    everything else, with the names that come closest.

    >>> open_stage("fixed:Yes.|No.").identity.startswith("fixed:")
    True
    """
    provider, colon, name = model.partition(":")
    if provider == "embedded" and colon:
        return _embedded(name)
    if provider == "fixed" and colon:
        return _fixed(model, name)
    raise ModelError(f"unknown model {model!r}{nearest(model, known_models())}")


def known_models() -> tuple[str, ...]:
    """The models that can be named without more ado."""
    return tuple(f"embedded:{kind}" for kind in import_module(EMBEDDED).KINDS)


def meant(name: str, known: Iterable[str]) -> str:
    """What was perhaps meant by an unknown name: the middle of a message, and blank if nothing was.

    >>> meant("mousetrp", ["mousetrap", "water_sale"])
    '; did you mean mousetrap?'
    """
    close = get_close_matches(name, list(known), n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: what was perhaps meant, and what there is.

    >>> nearest("mousetrp", ["mousetrap", "water_sale"])
    '; did you mean mousetrap? Known: mousetrap, water_sale'
    """
    names = list(known)
    found = meant(name, names)
    there = ", ".join(names) or "none"
    return f"{found} Known: {there}" if found else f"; known: {there}"


def _embedded(name: str) -> Stage:
    exact = import_module(EMBEDDED)
    kind, question, query = name.partition("?")
    if kind not in exact.KINDS:
        raise ModelError(f"unknown model 'embedded:{kind}'{nearest(kind, exact.KINDS)}")
    parameters: dict[str, Any] = {}
    for part in query.split("&") if question else ():
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            raise ModelError(
                f"model 'embedded:{name}': {part!r} is no parameter; "
                "write them as ?name=value&name=value"
            )
        if key not in exact.PARAMETERS:
            raise ModelError(
                f"model 'embedded:{name}': no parameter {key!r}{nearest(key, exact.PARAMETERS)}"
            )
        if key in parameters:
            raise ModelError(f"model 'embedded:{name}': {key!r} is given twice; give it once")
        parameters[key] = _value(unquote(value))
    stage: Stage = exact.exact_stage(kind, **parameters)
    return stage


def _value(text: str) -> float | int | bool | str:
    """A number where the text is one, true or false, else the text."""
    if text in ("true", "false"):
        return text == "true"
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _fixed(model: str, text: str) -> Stage:
    latency = 0.0
    found = _LATENCY.search(text)
    if found is not None:
        latency = float(found.group(1))
        text = text[: found.start()]
    lines = text.split("|")
    if not all(line.strip() for line in lines):
        raise ModelError(
            f"model {model!r}: a line is blank, which nobody can say; use fixed:ONE|TWO"
        )
    return FixedLines(lines, latency)
