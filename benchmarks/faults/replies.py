"""Readers of what models say: lines, blocks, typed answers, verdicts, claims."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from benchmarks.faults.attempts import Reader
from benchmarks.faults.mutations import as_bytes, as_text, odd_json, odd_text, odd_version
from sim.scene.answers import Choice, Distribution, Explained, FreeText, Number, Ranking
from sim.text.blocks import MalformedError, read_block
from sim.text.claims import claims, letters
from sim.text.replies import read_reply
from sim.text.thoughts import thought_and_speech
from sim.tournament.rubric import read_verdict

CAST = ("Ada", "Ben", "Old Tom", "Zoë", "Dr. Müller")

LINES = (
    "Well?", "**Ada:** I would not sell it.\n\nBen: You would.", "Ada (to Ben): Quiet!",
    "<think>He lies. Ada: no.</think>\n\nI agree, Ben.", '"We keep the spring."',
    "Here is Ada's next line:\n\n\"Never.\"", "ADA\nI said no.\n\nBEN\nYes.", "[A1] Dry. [A2] "
    "We pay for it, see [B1].", "Sit.\n\nEconomically: we gain.", "* Ada: one\n* Ben: two",
    "1. Ada: Well.\n2. Ben: No.\n3. Ada: Yes.", "*(smiles)* Fine.", "Ada：好的。\nBen：不。",
    "<|channel|>analysis<|message|>Think.<|channel|>final<|message|>Said.", "### Ada\nWell.",
)  # fmt: skip

ANSWERS: tuple[Any, ...] = (
    {"stance": 0.25}, {"answer": "yes"}, {"answer": "The well is dry."}, {"value": 7},
    {"order": ["a", "b", "c"]}, {"a": 0.2, "b": 0.3, "c": 0.5}, {"answer": "no", "because": "Dry."},
    {"ranking": ["c", "a", "b"]}, {"result": {"stance": -1}}, [{"stance": 1}, {"stance": 1}],
)  # fmt: skip

KINDS = (
    Number(field="stance", low=-1, high=1), Choice(options=("yes", "no")), FreeText(),
    Explained(options=("yes", "no", "perhaps")), Ranking(options=("a", "b", "c")),
    Distribution(options=("a", "b", "c")), Number(field="value", low=0, high=10),
)  # fmt: skip

VERDICT: Any = {
    "winner": "A",
    "margin": 3,
    "scores": {"argument": {"A": 7, "B": 4}, "wit": {"A": 5, "B": 5.5}},
    "reasons": [{"turn": 1, "quote": "The well is dry", "why": "It is."}],
}
TURNS = {1: "So: The well is dry, and we pay for it.", 2: "Nobody pays. " * 40}

WORDS = (*LINES, *CAST, "Ada:", "\n\nBen: ", "0.5", "yes", "A wins", "as an AI", "(pauses)")


def _said(dice: Random) -> bytes:
    text = dice.choice(LINES)
    for _ in range(dice.randrange(4)):
        text += dice.choice(["\n", "\n\n", " "]) + dice.choice(LINES)
    if dice.random() < 0.02:
        text = (text + "\n") * dice.choice([50, 1000])
    return as_bytes(odd_version(text, dice, WORDS), dice)


def _dressed(value: Any, dice: Random) -> bytes:
    text = odd_json(value, dice) if dice.random() < 0.7 else json.dumps(value)
    around = ("{}", "```json\n{}\n```", "I would say: {}", "<think>{}</think> {}", "{} {}", "{}{}",
              "First {}. On reflection:\n{}", "**{}**", "\\boxed{{{}}}", "'{}'")  # fmt: skip
    shape = dice.choice(around)
    text = shape.replace("{}", text) if dice.random() < 0.5 else text
    if dice.random() < 0.4:
        text = odd_version(text, dice, WORDS)
    return as_bytes(text, dice)


def _answer(dice: Random) -> bytes:
    if dice.random() < 0.3:
        return as_bytes(odd_text(dice) + dice.choice(WORDS) + odd_text(dice), dice)
    return _dressed(dice.choice(ANSWERS), dice)


def _verdict(dice: Random) -> bytes:
    return _dressed(VERDICT, dice)


def _read_lines(given: bytes, folder: Path) -> None:
    text, which = as_text(given), crc32(given)
    own = CAST[which % len(CAST)]
    if which % 4 < 2:
        reading = read_reply(text, own, CAST, script=which % 4 == 1)
        "\n".join([reading.text, reading.cut, reading.thought, *reading.dropped]).encode()
    elif which % 4 == 2:
        thought_and_speech(text)
    else:
        half = len(text) // 2
        claims([(1, "Ada", text[:half]), (2, "Ben", text[half:])], letters(("Ada", "Ben")))


def _read_block(given: bytes, folder: Path) -> None:
    order = ["Ada", "Ben", "Ada"][: 1 + crc32(given) % 3]
    read_block(as_text(given), order, CAST)


def _read_answer(given: bytes, folder: Path) -> None:
    kind = KINDS[crc32(given) % len(KINDS)]
    value, missing = kind.read(as_text(given))
    if (value is None) == (missing is None):
        raise AssertionError(f"{kind!r} read {value!r} and {missing!r}")
    json.dumps(value, allow_nan=False).encode()


def _read_verdict(given: bytes, folder: Path) -> None:
    verdict, problem = read_verdict(as_text(given), 2, ("argument", "wit"), TURNS)
    if (verdict is None) == (problem is None):
        raise AssertionError(f"read {verdict!r} and {problem!r}")


READERS = (
    Reader("lines", 150, _said, _read_lines, ()),
    Reader("blocks", 80, _said, _read_block, (MalformedError,)),
    Reader("answers", 140, _answer, _read_answer, ()),
    Reader("verdicts", 72, _verdict, _read_verdict, ()),
)
