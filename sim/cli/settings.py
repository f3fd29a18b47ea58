"""``elsinore.toml``: defaults for a folder, below options and the environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.input_files import read_toml

FILE = Path("elsinore.toml")
LEVELS = ("debug", "info", "warning", "error")

Check = Callable[[Any], str | None]
"""Checks a value: None if it is right, else what it should be."""


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def _texts(value: Any) -> str | None:
    several = isinstance(value, list) and value and all(_text(item) is None for item in value)
    return None if several or _text(value) is None else "a text or a list of texts"


def _body(value: Any) -> str | None:
    wanted = "a table, or JSON in a text"
    if isinstance(value, dict) and value:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):  # TOML has dates, and JSON has none
            return wanted
        return None
    return None if _text(value) is None else wanted


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _whole(least: int) -> Check:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return None if fits else f"a whole number of at least {least}"

    return check


def _more_than_nothing(value: Any) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if number and 0 < value < float("inf") else "a number above 0"


def _number(value: Any) -> str | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return None if fits else "a number of at least 0"


def _one_of(*choices: str) -> Check:
    return lambda value: None if value in choices else f"one of {', '.join(choices)}"


_WHERE: Mapping[str, Check] = {
    "executor": _one_of("local", "ray"),
    "address": _text,
    "workers": _whole(1),
}
"""Where trials are played."""

_PAYING: Mapping[str, Check] = {
    "concurrency": _whole(1),
    "timeout": _number,
    "requests_per_minute": _whole(1),
    "tokens_per_minute": _whole(1),
    "attempts": _whole(1),
    "no_cache": _flag,
    "budget_usd": _more_than_nothing,
    "budget_tokens": _whole(1),
    "prices": _text,
    "quiet": _flag,
    "log_level": _one_of(*LEVELS),
}
"""Keys of the subcommands that may make paid calls for stored trials."""

_PLAYING: Mapping[str, Check] = {
    **_PAYING,
    **_WHERE,
    "durable": _one_of("normal", "full"),
    "in_doubt": _one_of("ask", "missing"),
    "retry_failed": _flag,
    "temperature": _number,
    "top_p": _number,
    "max_tokens": _whole(1),
    "seeds": _flag,
    "base_url": _text,
    "extra_body": _body,
    "provider_concurrency": _whole(1),
    "budget_minutes": _more_than_nothing,
}
"""Keys of the subcommands that play trials of their own making."""

KEYS: Mapping[str, Mapping[str, Check]] = {
    "run": {
        "model": _texts,
        "trials": _whole(1),
        "seed": _whole(0),
        "store": _text,
        "concurrency": _whole(1),
        **_WHERE,
        "durable": _one_of("normal", "full"),
        "in_doubt": _one_of("ask", "missing"),
        "yoked": _flag,
        "mute": _flag,
        "retry_failed": _flag,
        "temperature": _number,
        "top_p": _number,
        "max_tokens": _whole(1),
        "stop": _texts,
        "seeds": _flag,
        "base_url": _text,
        "extra_body": _body,
        "timeout": _number,
        "requests_per_minute": _whole(1),
        "tokens_per_minute": _whole(1),
        "provider_concurrency": _whole(1),
        "attempts": _whole(1),
        "layout": _one_of(
            "persona_first", "transcript_first", "screenplay", "author", "author_script"
        ),
        "no_cache": _flag,
        "budget_usd": _more_than_nothing,
        "budget_tokens": _whole(1),
        "budget_minutes": _more_than_nothing,
        "prices": _text,
        "quiet": _flag,
        "log_level": _one_of(*LEVELS),
    },
    "list": {"log_level": _one_of(*LEVELS)},
    "check": {
        "temperature": _number,
        "base_url": _text,
        "extra_body": _body,
        "timeout": _number,
        "log_level": _one_of(*LEVELS),
    },
    "show": {"probes": _flag, "log_level": _one_of(*LEVELS)},
    "fork": {
        "branches": _whole(1),
        **_PAYING,
        "in_doubt": _one_of("ask", "missing"),
        "retry_failed": _flag,
        "budget_minutes": _more_than_nothing,
    },
    "ask": {"samples": _whole(1), **_PAYING},
    "tournament": {
        "format": _one_of("round-robin", "swiss", "knockout"),
        "rounds": _whole(1),
        "judges": _texts,
        "model": _text,
        "seed": _whole(0),
        "store": _text,
        **_PLAYING,
    },
    "calibrate": {
        "model": _text,
        "instrument": _texts,
        "reader": _text,
        "calibrations": _text,
        "scenes": _whole(1),
        "turns": _whole(1),
        "seed": _whole(0),
        "store": _text,
        "layout": _one_of(
            "persona_first", "transcript_first", "screenplay", "author", "author_script"
        ),
        **_PLAYING,
    },
    "standings": {"log_level": _one_of(*LEVELS)},
    "judge": {"log_level": _one_of(*LEVELS)},
    "graph": {"kind": _text, "log_level": _one_of(*LEVELS)},
    "export": {"log_level": _one_of(*LEVELS)},
    # No token: the file may be shared, and a secret must not be.
    "serve": {
        "model": _texts,
        "host": _text,
        "port": _whole(0),
        "log_level": _one_of(*LEVELS),
    },
}
"""The sections of the file (one a command), their keys, and what each value must be."""


def read(file: Path = FILE) -> dict[str, dict[str, Any]]:
    """The file's sections, for click's ``default_map``; empty if there is no file.

    Raises ``BadRequest`` with the file and the key if something in it is wrong.
    """
    if not file.exists():
        return {}
    tables = read_toml(file)
    for section, keys in tables.items():
        _known(f"{file}: [{section}]", "section", section, KEYS)
        if not isinstance(keys, dict):
            raise BadRequest(f"{file}: {section} is a section; write [{section}] above its keys")
        for key, value in keys.items():
            where = f"{file}: {section}.{key}"
            _known(where, "key", key, KEYS[section])
            wanted = KEYS[section][key](value)
            if wanted is not None:
                raise BadRequest(f"{where}: {value!r} is not {wanted}")
            one_model = section in ("tournament", "calibrate")
            several = key in ("judges", "instrument") or (
                key in ("model", "stop") and not one_model
            )
            if several and isinstance(value, str):
                keys[key] = [value]
            if key == "extra_body" and isinstance(value, dict):
                keys[key] = json.dumps(value)
    return tables


def _known(where: str, what: str, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        close = get_close_matches(name, known, n=1)
        meant = f"did you mean {close[0]}? Known" if close else "known"
        raise BadRequest(f"{where}: no such {what}; {meant}: {', '.join(known)}")
