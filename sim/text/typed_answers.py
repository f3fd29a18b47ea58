"""The one reader of typed answers: what a reply says, given the JSON schema that was asked for.

The last complete answer counts, wherever in the reply it stands and however it is dressed. What is
ambiguous has no value: whoever asked may ask again, and then it is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sim.text.lenient_json import SEVERAL, Bare, Found, values_in
from sim.text.numbers_said import number_in, number_said
from sim.text.options import option_in, option_said
from sim.text.schema_values import (
    ALIASES,
    EMPHASIS,
    Problem,
    Read,
    field_of,
    fitting,
    parts_of,
    unwrapped,
)
from sim.text.thoughts import thought_and_speech

LONGEST: Final = 8000
"""The longest reply, in characters, in whose prose an answer is looked for."""

READ: Final = 100_000
"""The letters of a reply that are read at all, the last ones."""

_PLACEHOLDER: Final = re.compile(
    r"\s*(?:<[^<>]*>|\[[^\[\]]*\]|\.{2,}|…|_+|(?:a |the |your |some )?(?:number|value|string|float)"
    r"(?: here)?)\s*",
    re.I,
)
_FENCE: Final = re.compile(r"(?:```|~~~)[\w-]*[ \t]*\n?")
_TAG: Final = re.compile(r"</?(?:answer|final|final_answer|response|output|result|speech)>", re.I)
_BOX: Final = re.compile(r"\\boxed\{([^{}]*)\}")


def read_answer(reply: str, schema: Mapping[str, Any]) -> Read:
    """The answer in a reply as an object of the schema, or None and what is wrong.

    >>> stance = {"type": "object", "required": ["stance"],
    ...           "properties": {"stance": {"type": "number", "minimum": -1, "maximum": 1}}}
    >>> read_answer("First {'stance': 1}. On reflection: {'stance': −.5,}", stance)
    ({'stance': -0.5}, None)
    >>> read_answer("I would say **0.5**.", stance)[0]
    {'stance': 0.5}
    >>> read_answer("Somewhere between 0.2 and 0.4.", stance)[1].text
    'there is no JSON object in it'
    """
    _, text = thought_and_speech(reply)
    text = text[-READ:]  # Reading takes a fraction of a second, whatever the reply.
    text = _TAG.sub("", _BOX.sub(r"\1", text))
    pieces = list(values_in(text))
    answers = [
        (each.end, answer)
        for each in pieces
        for answer in _answers(each.value, schema)
        if not _is_a_form(answer, schema)
    ]
    if answers:
        complete = [each for each in answers if _is_complete(each[1], schema)]
        end, answer = (complete or answers)[-1]
        if _begun_again(text, pieces, end, schema):
            return None, Problem("broken", "its JSON is broken (the last answer breaks off)")
        if answer is SEVERAL:
            return None, Problem("several", "it answers several times at once")
        return fitting(answer, schema)
    return _without_json(text, pieces, schema)


def _is_complete(answer: Any, schema: Mapping[str, Any]) -> bool:
    names = schema.get("required", list(schema.get("properties", {})))
    return not isinstance(answer, dict) or all(field_of(answer, name, names)[0] for name in names)


def _begun_again(text: str, pieces: list[Found], end: int, schema: Mapping[str, Any]) -> bool:
    return any(
        each.problem == "it breaks off" and each.start >= end
        and any(name in text[each.start :] for name in schema.get("properties", {}))
        for each in pieces
    )  # fmt: skip


def _answers(value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """The answers in a JSON value: itself, or what stands inside it. Several that differ side by
    side are ``SEVERAL``."""
    whole = _as_answer(value, schema)
    if whole is not None:
        yield whole
        return
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    side_by_side = [answer for each in inner for answer in _answers(each, schema)]
    if side_by_side:
        same = all(_same(answer, side_by_side[0], schema) for answer in side_by_side)
        yield side_by_side[-1] if same else SEVERAL


def _same(one: Any, other: Any, schema: Mapping[str, Any]) -> bool:
    names = list(schema.get("properties", {}))
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one is other
    return all(field_of(one, name, names)[1] == field_of(other, name, names)[1] for name in names)


def _as_answer(value: Any, schema: Mapping[str, Any]) -> Any:
    """A JSON value if it is an answer, right or wrong; None if it is something else."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    names = list(properties)
    single = properties[names[0]] if len(names) == 1 else {}
    if isinstance(value, dict):
        if any(field_of(value, name, names)[0] for name in schema.get("required", names)):
            return value
        inner = single.get("properties")
        if inner and any(field_of(value, name, list(inner))[0] for name in inner):
            return {names[0]: value}
    options = single.get("items", {}).get("enum", ())
    if isinstance(value, list) and options and value:
        known = [isinstance(each, str) and option_in(each, options) for each in value]
        if all(known):
            return {names[0]: value}
    return None


def _is_a_form(answer: Any, schema: Mapping[str, Any]) -> bool:
    """Whether this is the form that was asked for, written down and not filled in."""
    if not isinstance(answer, dict):
        return False
    names = list(schema.get("properties", {}))
    for name in names:
        _, value = field_of(answer, name, names)
        wanted = schema["properties"][name]
        if isinstance(value, str) and "enum" not in wanted and wanted.get("type") != "string":
            return _PLACEHOLDER.fullmatch(value) is not None
    return False


def _without_json(text: str, pieces: list[Found], schema: Mapping[str, Any]) -> Read:
    """The answer in a reply without a JSON object that is one: after a label, bare, in prose."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    names = list(properties)
    broken = _what_broke(text, pieces)
    single = properties[names[0]] if len(names) == 1 else {}
    if single.get("type") == "string" and "enum" not in single:
        return _words(text, pieces, names[0])
    if any(isinstance(each.value, dict) and each.value for each in pieces):
        if broken is not None and any(name in text for name in names):
            return None, broken
        return None, Problem("missing", f"{names[0]!r} is missing", said=names[0])
    if broken is not None:
        return None, broken
    nothing = Problem("nothing", "there is no JSON object in it")
    clean = EMPHASIS.sub("", _FENCE.sub("\n", text)).strip()
    if not clean or len(clean) > LONGEST:
        return None, nothing
    if len(names) == 2 and "enum" in properties[names[0]]:
        return _explained(clean, schema, names) or (None, nothing)
    if len(names) != 1:
        return None, nothing
    value: Any = None
    labelled = _labelled(clean, names[0])
    if single.get("type") == "number":
        value = _number_of(clean, labelled, single)
    elif "enum" in single:
        for line in labelled[-1:]:
            value = option_in(line, single["enum"]) or option_said(line, single["enum"])
        if not labelled:
            value = option_in(clean, single["enum"]) or option_said(clean, single["enum"])
    elif single.get("type") == "array":
        wanted = labelled[-1] if labelled and labelled[-1] else clean
        parted = parts_of(wanted, single.get("items", {}).get("enum", ()))
        value = parted if isinstance(parted, list) else None
    elif single.get("type") == "object":
        value = _lines_of_shares(clean, list(single.get("properties", {})))
    return (None, nothing) if value is None else fitting({names[0]: value}, schema)


def _what_broke(text: str, pieces: list[Found]) -> Problem | None:
    """The first problem of what looked like JSON; braces in prose are none."""
    for each in pieces:
        looks = text[each.start] == "{" and (":" in text[each.start :] or len(text) > each.start)
        if (
            each.problem
            and looks
            and re.match(r"\{\s*(?:$|[\"'{“‘]|\w[\w ]*:)", text[each.start :])
        ):
            if "nests" in each.problem:
                return Problem("broken", each.problem)
            return Problem("broken", f"its JSON is broken ({each.problem})")
    return None


def _number_of(clean: str, labelled: list[str], schema: Mapping[str, Any]) -> float | None:
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    for line in labelled[-1:]:
        pieces = number_in(unwrapped(line), low, high)
        return number_said(line, low, high) if pieces is None else pieces
    pieces = number_in(unwrapped(clean), low, high)
    if pieces is not None and not re.search(r"\n.*\d|[.!?]\s.*\d", clean, re.S):
        return pieces
    return number_said(clean, low, high)


def _labelled(clean: str, name: str) -> list[str]:
    """What stands behind each "Stance:", "My answer is" and the like at the beginning of a line."""
    label = re.compile(
        r"^[ \t#>\"'“*-]*(?:(?:so|thus|therefore|and),?\s+)?"
        r"(?:(?:my|the|your|final|current|new|overall)\s+)*"
        rf"(?:{re.escape(name)}|answer|value|response|result)(?:\s+(?:speaker|is))?[\"'”]?"
        r"\s*(?::|=|\s[—–]\s)[ \t]*(.*)$",
        re.I | re.M,
    )
    return [match[1].strip() for match in label.finditer(clean)]


def _words(text: str, pieces: list[Found], name: str) -> Read:
    clean = text.strip()
    tried = re.match(r"(?:```\w*\s*)?[{\[]\s*[\"'“‘\w]", clean) is not None
    if not clean or (tried and any(each.start <= text.find(clean) + 10 for each in pieces)):
        broken = _what_broke(text, pieces)
        missing = Problem("missing", f"{name!r} is missing")
        return None, broken or (missing if clean else Problem("nothing", "it is blank"))
    clean = _FENCE.sub("", clean).strip() if clean.startswith(("```", "~~~")) else clean
    label = re.match(
        rf"(?:\*\*)?(?:{re.escape(name)}|answer)(?:\*\*)?:(?:\*\*)?\s+(?=\S)", clean, re.I
    )
    clean = clean[label.end() :] if label else clean
    return ({name: clean}, None) if clean else (None, Problem("nothing", "it is blank"))


def _explained(clean: str, schema: Mapping[str, Any], names: list[str]) -> Read | None:
    """An option and a reason: by labels ("Answer: no / Because: ..."), or the option in front."""
    options = schema["properties"][names[0]]["enum"]
    why = "|".join((names[1], *ALIASES.get(names[1], ())))
    labelled = re.search(
        rf"^\W*(?:{re.escape(names[0])})\W*:\s*(?P<option>[^\n]+?)\s*(?:\n+|\s)\W*(?:{why})\W*:\s*(?P<why>.+)",
        clean,
        re.I | re.M | re.S,
    )
    if labelled is not None:
        value = {names[0]: labelled["option"], names[1]: labelled["why"].strip()}
        return fitting(value, schema)
    longest_first = "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))
    parted = re.match(
        rf"[\"'“]?({longest_first})[\"'”]?(?:\s*[,.:;!–—-]\s*(?:because\b)?|\s+because\b)\s*(\S.*)",
        clean,
        re.I | re.S,
    )
    if parted is not None:
        again = option_in(re.sub(r"^(?:and|but|or)\s+", "", parted[2], flags=re.I), options)
        if again is not None and again != option_in(parted[1], options):
            return None, Problem("several", "it answers several times at once")
        return fitting({names[0]: parted[1], names[1]: parted[2].strip()}, schema)
    option = option_in(clean, options)
    if option is None:
        return None
    return None, Problem("missing", f"{names[1]!r} is missing", said=names[1])


def _lines_of_shares(clean: str, names: Sequence[str]) -> dict[str, Any] | None:
    """Shares by lines, "yes: 60%"; None unless every line is one."""
    pieces: dict[str, Any] = {}
    for line in filter(str.strip, clean.splitlines()):
        parted = re.fullmatch(r"\s*(?:[-–•*+]\s+)?(.+?)\s*[:=]\s*([\d.]+)\s*%?\s*", line)
        name = None if parted is None else option_in(parted[1], names)
        if parted is None or name is None or name in pieces:
            return None
        pieces[name] = Bare(parted[2])
    return pieces or None
