"""What the stub says: a function of the request, and the tokens and probabilities of it.

Tests import this module too: it is what they compare with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

WORDS = re.findall(
    r"\w+",
    "the spring water town council well truth price river bottle winter letter garden promise "
    "stone bridge lantern harvest debt silence measure rumour winding honest bitter patient "
    "ancient cold never always perhaps again against before beneath because carries keeps sells "
    "owns asks knows hears wants remembers says shall must would may will and but yet so if",
)

STRANGER = "Old Tom"
_SPEAKER = re.compile(r"(?:^|\n)([A-Z][^\n:]{0,30}):")
_INSTRUCTION = re.compile(r'one JSON object[^{]*\{"([^"]+)"')


def tokens(text: str) -> list[str]:
    """The tokens of a text: each word with the space before it.

    >>> tokens("Ada: Well? ")
    ['Ada:', ' Well?', ' ']
    """
    return re.findall(r"\s*\S+|\s+$", text)


def log_prob(model: str, before: str, token: str) -> float:
    """log p of a token after a text (of which it sees the last 40 letters), in nats."""
    return -0.05 - 4.0 * _share(f"{model}|{before[-40:]}|{token}")


def log_probs(model: str, parts: list[str]) -> list[float]:
    """The log-probabilities of the tokens of one text."""
    found = []
    before = ""
    for part in parts:
        found.append(log_prob(model, before, part))
        before += part
    return found


def sentence(ground: str, count: int | None = None) -> str:
    """Six to fifteen words, or ``count``, that follow from ``ground``."""
    draws = _draws(ground)
    if count is None:
        count = 6 + next(draws) % 10
    words = [WORDS[next(draws) % len(WORDS)] for _ in range(count)]
    return f"{' '.join(words).capitalize()}."


def continuation(ground: str, prompt: str) -> str:
    """How a base model goes on: a line, and then somebody else's, perhaps a stranger's."""
    names = sorted({match.group(1) for match in _SPEAKER.finditer(prompt[-2000:])})
    draws = _draws(f"{ground}|who")
    who = [*names, STRANGER][next(draws) % (len(names) + 1)]
    return f" {sentence(ground)}\n\n{who}: {sentence(f'{ground}|more')}\n"


def instance(schema: Any, ground: str) -> Any:
    """A value that a JSON schema allows."""
    if "enum" in schema:
        return schema["enum"][int(_share(ground) * len(schema["enum"]))]
    kind = schema.get("type")
    if kind == "object":
        return {
            name: instance(inner, f"{ground}|{name}")
            for name, inner in schema.get("properties", {}).items()
        }
    if kind == "array":
        return [instance(schema.get("items", {}), ground)]
    if kind == "boolean":
        return _share(ground) < 0.5
    low, high = schema.get("minimum", -1), schema.get("maximum", 1)
    if kind == "number":
        return round(low + _share(ground) * (high - low), 2)
    if kind == "integer":
        return low + int(_share(ground) * (high - low + 1))
    return sentence(ground)


_TURN = re.compile(r"^\[(\d+)\] Speaker [A-Z]: (.+)$", re.M)


def verdict(schema: Any, ground: str, page: str) -> Any:
    """A verdict on a debate that makes sense: a quote that stands there, no margin for a tie."""
    found = instance(schema, ground)
    turns = _TURN.findall(page)
    number, text = turns[int(_share(f"{ground}|turn") * len(turns))]
    found["reasons"] = [{"turn": int(number), "quote": text, "why": sentence(ground, 4)}]
    found["margin"] = 0 if found["winner"] == "tie" else 1 + int(9 * _share(f"{ground}|margin"))
    return found


def instructed(text: str, ground: str) -> str | None:
    """The answer to "one JSON object and nothing else: {...}", if that is what is asked for."""
    found = _INSTRUCTION.search(text)
    if found is None:
        return None
    return json.dumps({found.group(1): round(2 * _share(ground) - 1, 2)})


def end(text: str, stops: list[str], limit: int | None) -> tuple[str, str]:
    """The text up to a stop or a number of tokens, and how it finished."""
    finish = "stop"
    if limit is not None:
        parts = tokens(text)
        if len(parts) > limit:
            text, finish = "".join(parts[:limit]), "length"
    places = [text.index(stop) for stop in stops if stop in text]
    return (text[: min(places)], "stop") if places else (text, finish)


def ground(*what: Any) -> str:
    """A short text that stands for everything that a reply depends on."""
    return blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=12).hexdigest()


def _share(text: str) -> float:
    """A number in [0, 1) that follows from a text."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest) / 2**56


def _draws(text: str) -> Iterator[int]:
    count = 0
    while True:
        yield from blake2b(f"{text}|{count}".encode(), digest_size=32).digest()
        count += 1
