"""The one reader of typed answers: what a reply says, given the JSON schema that was asked for.

The last complete answer counts, wherever in the reply it stands and however it is dressed. What is
ambiguous has no value: whoever asked may ask again, and then it is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

from sim.text.lenient_json import SEVERAL, Bare, Found, values_in
from sim.text.numbers_said import number_in, number_said
from sim.text.options import bare, folded, option_in, option_said
from sim.text.thoughts import thought_and_speech

Kind = Literal["nothing", "broken", "type", "scale", "option", "missing", "order", "several"]
"""What is wrong: nothing like an answer, broken JSON, another type, off the scale, none of the
options, a field is missing, not every option once, two values."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reply is no answer. ``where`` is the path of the field, ``said`` what stood there."""

    kind: Kind
    text: str
    where: str = ""
    said: Any = None


Read = tuple[Any, Problem | None]
"""A value and None, or None and the problem."""

LONGEST: Final = 8000
"""The longest reply, in characters, in whose prose an answer is looked for."""

READ: Final = 100_000
"""The letters of a reply that are read at all, the last ones."""

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "because": ("reason", "why", "reasoning", "explanation", "rationale", "justification"),
}
_ANY_FIELD: Final = (
    "answer", "final answer", "value", "result", "response", "reply", "output", "number", "choice",
    "selection", "pick",
)  # fmt: skip
"""What models call the one field of an answer if they forget its name."""
_OWN: Final = re.compile(r"^(?:my|your|the|final|current|new|overall)\s+")
_PLACEHOLDER: Final = re.compile(
    r"\s*(?:<[^<>]*>|\[[^\[\]]*\]|\.{2,}|…|_+|(?:a |the |your |some )?(?:number|value|string|float)"
    r"(?: here)?)\s*",
    re.I,
)
_FENCE: Final = re.compile(r"(?:```|~~~)[\w-]*[ \t]*\n?")
_TAG: Final = re.compile(r"</?(?:answer|final|final_answer|response|output|result|speech)>", re.I)
_BOX: Final = re.compile(r"\\boxed\{([^{}]*)\}")
_EMPHASIS: Final = re.compile(r"\*\*|__|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|`|\$")


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
    return not isinstance(answer, dict) or all(_of(answer, name, names)[0] for name in names)


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
    return all(_of(one, name, names)[1] == _of(other, name, names)[1] for name in names)


def _as_answer(value: Any, schema: Mapping[str, Any]) -> Any:
    """A JSON value if it is an answer, right or wrong; None if it is something else."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    names = list(properties)
    single = properties[names[0]] if len(names) == 1 else {}
    if isinstance(value, dict):
        if any(_of(value, name, names)[0] for name in schema.get("required", names)):
            return value
        inner = single.get("properties")
        if inner and any(_of(value, name, list(inner))[0] for name in inner):
            return {names[0]: value}
    options = single.get("items", {}).get("enum", ())
    if isinstance(value, list) and options and value:
        known = [isinstance(each, str) and option_in(each, options) for each in value]
        if all(known):
            return {names[0]: value}
    return None


def _of(value: Mapping[str, Any], name: str, names: Sequence[str]) -> tuple[bool, Any]:
    """Whether an object has a field, under its own name or one that can only mean it; its value."""
    if name in value:
        others = [key for key in value if key != name and folded(key) == folded(name)]
        differ = any(value[key] != value[name] for key in others)
        return True, SEVERAL if differ else value[name]
    wanted = _key(name)
    any_field = _ANY_FIELD if len(names) == 1 else ()
    for known in ((wanted,), _ALIASES.get(wanted, ()), any_field):
        pieces = [key for key in value if _key(key) in known]
        if known is _ANY_FIELD:
            # {"result": {"stance": 0.5}} is no answer, but holds one.
            pieces = [key for key in pieces if not isinstance(value[key], dict)]
        if len(pieces) == 1 or (pieces and len({str(value[key]) for key in pieces}) == 1):
            return True, value[pieces[0]]
        if pieces:
            return True, SEVERAL
    return False, None


def _key(name: str) -> str:
    return _OWN.sub("", bare(name).replace("_", " ").replace("-", " "))


def _is_a_form(answer: Any, schema: Mapping[str, Any]) -> bool:
    """Whether this is the form that was asked for, written down and not filled in."""
    if not isinstance(answer, dict):
        return False
    names = list(schema.get("properties", {}))
    for name in names:
        _, value = _of(answer, name, names)
        wanted = schema["properties"][name]
        if isinstance(value, str) and "enum" not in wanted and wanted.get("type") != "string":
            return _PLACEHOLDER.fullmatch(value) is not None
    return False


def fitting(value: Any, schema: Mapping[str, Any], where: str = "") -> Read:
    """A JSON value as the schema has it, or None and the first thing that the schema refuses.

    Numbers and options may be in any dress; fields that were not asked for are left out.

    >>> fitting("7/10", {"type": "number", "minimum": 0, "maximum": 10})
    (7.0, None)
    """
    prefix = f"{where}: " if where else ""
    if value is SEVERAL:
        return None, Problem("several", f"{prefix}it is there twice, with two values", where)
    if "enum" in schema:
        return _option(value, schema["enum"], where)
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return _number(value, schema, where)
    if kind == "object":
        return _object(value, schema, where)
    if kind == "array":
        return _array(value, schema, where)
    known = {"string": str, "boolean": bool, "null": type(None)}
    if isinstance(kind, str) and not isinstance(value, known.get(kind, object)):
        return None, Problem("type", f"{prefix}{short(value)} is no {kind}", where, value)
    return (str(value) if isinstance(value, Bare) else value), None


def _number(value: Any, schema: Mapping[str, Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    low, high = schema.get("minimum"), schema.get("maximum")
    number: Any = value
    if isinstance(value, str):
        ends = (float("-inf") if low is None else low, float("inf") if high is None else high)
        number = number_in(_unwrapped(_EMPHASIS.sub("", value)), *ends)
    kind = schema["type"]
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None, Problem("type", f"{prefix}{short(value)} is no {kind}", where, value)
    if low is not None and not number >= low:
        said = f"{prefix}{float_of(number):g} is less than {low:g}"
        return None, Problem("scale", said, where, value)
    if high is not None and not number <= high:
        said = f"{prefix}{float_of(number):g} is more than {high:g}"
        return None, Problem("scale", said, where, value)
    if not isfinite(float_of(number)) or (kind == "integer" and number != int(number)):
        return None, Problem("type", f"{prefix}{short(value)} is no {kind}", where, value)
    return (int(number) if kind == "integer" else number), None


def float_of(number: float) -> float:
    """A number as a float; infinite if it is too long for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _option(value: Any, options: Sequence[Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    said = value
    while not isinstance(said, str) and isinstance(said, dict | list) and len(said) == 1:
        said = next(iter(said.values())) if isinstance(said, dict) else said[0]
    if isinstance(said, str):
        texts = [option for option in options if isinstance(option, str)]
        pieces = option_in(said, texts) or option_said(said, texts)
        if pieces is not None:
            return pieces, None
    elif any(said == option and type(said) is type(option) for option in options):
        return said, None
    listed = ", ".join(short(option) for option in options)
    text = f"{prefix}{short(value)} is none of {listed}"
    return None, Problem("option", text, where, value)


def _object(value: Any, schema: Mapping[str, Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    if not isinstance(value, dict):
        return None, Problem("type", f"{prefix}{short(value)} is no object", where, value)
    properties: Mapping[str, Any] = schema.get("properties", {})
    names = list(properties)
    numbers = len(names) > 1 and all(one.get("type") == "number" for one in properties.values())
    if numbers:
        value, problem = _shares(value, names, where)
        if problem is not None:
            return None, problem
    fields: dict[str, Any] = {}
    for name in names:
        there, inner = _of(value, name, names)
        if not there:
            if name in schema.get("required", ()):
                text = f"{prefix}{name!r} is missing"
                return None, Problem("missing", text, where, name)
            continue
        path = f"{where}.{name}" if where else name
        fields[name], problem = fitting(inner, properties[name], path)
        if problem is not None:
            return None, problem
    return fields, None


def _shares(value: Mapping[str, Any], names: Sequence[str], where: str) -> Read:
    """An object of numbers under the names of its fields. One number too many changes them all."""
    pieces: dict[str, Any] = {}
    for key, each in value.items():
        name = option_in(key, names)
        if name is None:
            if isinstance(each, int | float) and not isinstance(each, bool):
                text = f"{where}: {key!r} is none of {', '.join(map(short, names))}"
                return None, Problem("option", text, where, key)
            continue
        percent = isinstance(each, str) and each.strip().removesuffix("%").rstrip()
        each = Bare(percent) if isinstance(percent, str) else each
        pieces[name] = SEVERAL if name in pieces and pieces[name] != each else each
    return pieces, None


def _array(value: Any, schema: Mapping[str, Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    items: Mapping[str, Any] = schema.get("items", {})
    if isinstance(value, dict):
        value = _by_place(value)
    if isinstance(value, str) and "enum" in items:
        value = _parted(value, items["enum"])
    if not isinstance(value, list):
        return None, Problem("type", f"{prefix}{short(value)} is no array", where, value)
    pieces = []
    for place, item in enumerate(value):
        each, problem = fitting(item, items, f"{where}[{place}]")
        if problem is not None:
            return None, problem
        pieces.append(each)
    low, high = schema.get("minItems", 0), schema.get("maxItems", len(pieces))
    options = items.get("enum")
    if options and low == len(options) and sorted(pieces) != sorted(options):
        text = f"{prefix}it does not hold every one of {', '.join(map(short, options))} once"
        return None, Problem("order", text, where, value)
    if not low <= len(pieces) <= high:
        text = f"{prefix}it holds {len(pieces)} entries, and {low} to {high} were asked for"
        return None, Problem("order", text, where, value)
    return pieces, None


def _by_place(value: Mapping[str, Any]) -> Any:
    """The entries of ``{"1": ..., "2": ...}`` in their order; the object if it is none such."""
    places = {key.strip(): entry for key, entry in value.items()}
    wanted = [str(place) for place in range(1, len(places) + 1)]
    return [places[place] for place in wanted] if sorted(places) == sorted(wanted) else value


def _parted(text: str, options: Sequence[str]) -> Any:
    """The parts of ``a > b > c`` or ``a, b, c``, or of a list by lines; the text if none is one."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return _listed(lines, options) or text
    for mark in (">", ",", ";", "→"):
        parts = text.strip().rstrip(".").split(mark)
        if len(parts) > 1 and all(option_in(part, options) is not None for part in parts):
            return parts
    return text


def _listed(lines: Sequence[str], options: Sequence[str]) -> list[str] | None:
    """A list by lines, with numbers or bullets; None if the lines are none."""
    numbered: dict[int, str] = {}
    pointed: list[str] = []
    for line in lines:
        item = re.match(r"\s*(?:#?(\d{1,2})[.):]\s*|[-–•*+]\s+)(.+)", line)
        entry = (
            None if item is None else re.split(r"\s+[-–—(]|:\s|,\s|\s\(", item[2], maxsplit=1)[0]
        )
        option = None if entry is None else option_in(entry, options)
        if item is None:
            if pointed or numbered:
                return None
            continue
        if option is None:
            return None
        if item[1] is None:
            pointed.append(option)
        elif int(item[1]) in numbered:
            return None
        else:
            numbered[int(item[1])] = option
    if numbered and pointed:
        return None
    if numbered:
        wanted = list(range(1, len(numbered) + 1))
        return [numbered[place] for place in wanted] if sorted(numbered) == wanted else None
    return pointed or None


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
    clean = _EMPHASIS.sub("", _FENCE.sub("\n", text)).strip()
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
        parted = _parted(wanted, single.get("items", {}).get("enum", ()))
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
        pieces = number_in(_unwrapped(line), low, high)
        return number_said(line, low, high) if pieces is None else pieces
    pieces = number_in(_unwrapped(clean), low, high)
    if pieces is not None and not re.search(r"\n.*\d|[.!?]\s.*\d", clean, re.S):
        return pieces
    return number_said(clean, low, high)


def _unwrapped(text: str) -> str:
    """A text without the quotes or brackets around it."""
    text = text.strip("\"'“”‘’ \n\t")
    wrapped = re.fullmatch(r"\(([^()]*)\)\.?|\[([^\[\]]*)\]\.?", text)
    return text if wrapped is None else (wrapped[1] or wrapped[2] or "").strip()


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
    why = "|".join((names[1], *_ALIASES.get(names[1], ())))
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


def short(value: object) -> str:
    """A value as JSON, on at most forty characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:40]}…"
