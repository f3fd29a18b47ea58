"""Answers off stage: draws an answer, and computes the probability of one.

``questions`` has the kinds of questions and the distributions of their answers, ``answers`` the
JSON forms. An answer changes no state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import fsum
from typing import Any

from sim.seeds import Stream
from sim.stage.exact.acts import GRID
from sim.stage.exact.answers import fill
from sim.stage.exact.claim_marks import unmarked
from sim.stage.exact.forward_filter import Belief, Inference, Situation
from sim.stage.exact.grammar import parse
from sim.stage.exact.laws import stance_law
from sim.stage.exact.observations import Heard
from sim.stage.exact.questions import (
    ANSWERS,
    Asked,
    examined,
    examined_law,
    guessed,
    options_of,
    read_asked,
    urge,
    who_law,
)
from sim.stage.exact.script import Facts
from sim.stage.exact.tables import SELF, SHADOW

Schema = Mapping[str, Any]

_EXAMINED: Schema = {"properties": {"answer": {"enum": ANSWERS}, "because": {}}}


class Answering:
    """The answers of one stage. ``line`` draws a line as the speaker would say it next."""

    def __init__(
        self, inference: Inference, line: Callable[[Situation, Heard, Stream], str]
    ) -> None:
        self.inference = inference
        self._line = line

    def answer(
        self,
        schema: Schema | None,
        question: str,
        facts: Facts,
        belief: Belief,
        node: Heard,
        stream: Stream,
    ) -> str:
        """Draw the answer to a question off stage, by the hidden state of the next turn."""
        situation = self.inference.situation(facts, belief, node)
        asked = read_asked(question)
        if asked.kind == "examined":
            line = self._line(situation, node, stream)
            ways = _testimonies(schema or _EXAMINED, asked, facts, node, line)
            return ways[stream.choose([p for _, p in ways])][0]
        character = stream.choose(situation.predicted)
        if character == SHADOW and stream.unit() < situation.acting.conceal:
            character = SELF
        options = () if schema is None else options_of(schema)
        if asked.kind == "who" and schema is not None and options:
            law = who_law(options, character, facts.own, node.partner(facts.own))
            field = next(iter(schema["properties"]))
            return json.dumps({field: options[stream.choose(law)]}, ensure_ascii=False)
        mean = self._mean(asked, facts, belief, node, situation, character)
        stance = GRID[stream.choose(stance_law(mean))]
        if schema is None:
            return f"{stance:g}"
        value = fill(schema, stance, stream, lambda: self._line(situation, node, stream))
        return json.dumps(value, ensure_ascii=False)

    def chance(
        self,
        schema: Schema,
        question: str,
        facts: Facts,
        belief: Belief,
        node: Heard,
        text: str,
    ) -> float | None:
        """P(answer), summed over the hidden characters.

        For questions with one choice or one number, and in cross-examination. None for other
        questions, and for an answer with probability 0.
        """
        asked = read_asked(question)
        if asked.kind == "examined":
            return self._testimony_chance(schema, asked, facts, belief, node, text)
        if len(schema.get("properties", {})) != 1:
            return None
        situation = self.inference.situation(facts, belief, node)
        options = options_of(schema)
        field, part = next(iter(schema["properties"].items()))
        chances: list[float] = []
        for character, p in enumerate(situation.predicted):
            conceal = situation.acting.conceal if character == SHADOW else 0.0
            for acts_as, share in ((character, 1.0 - conceal), (SELF, conceal)):
                if options:
                    law: tuple[float, ...] = (1.0 / len(options),) * len(options)
                    if asked.kind == "who":
                        law = who_law(options, acts_as, facts.own, node.partner(facts.own))
                    answers = [json.dumps({field: one}, ensure_ascii=False) for one in options]
                elif part.get("type") == "number":
                    law = stance_law(self._mean(asked, facts, belief, node, situation, acts_as))
                    answers = [json.dumps(fill(schema, x, Stream(0), str)) for x in GRID]
                else:
                    return None
                said = [q for one, q in zip(answers, law, strict=True) if one == text]
                chances.append(p * share * fsum(said))
        probability = fsum(chances)
        return probability if probability > 0.0 else None

    def _mean(
        self,
        asked: Asked,
        facts: Facts,
        belief: Belief,
        node: Heard,
        situation: Situation,
        character: int,
    ) -> float:
        """The mean of an answer on [-1, 1], of a speaker who is this character."""
        mean = situation.means[character]
        if asked.kind in ("speak", "leave"):
            theirs = situation.partner_stance
            apart = 0.0 if theirs is None else abs(mean - theirs)
            return urge(asked.kind, belief.provocation, apart)
        if asked.issue is not None and asked.issue != facts.issue:
            # Lines are about one issue; on others the stance stays as authored.
            own = facts.stances.get(asked.issue, 0.0)
            return {SHADOW: -own, SELF: own}.get(character, 0.0)
        if asked.kind == "guess" and asked.of != facts.own:
            heard = node.stances.get(asked.of)
            return guessed(self.inference.laws.parameters.projection, mean, heard)
        return mean

    def _testimony_chance(
        self,
        schema: Schema,
        asked: Asked,
        facts: Facts,
        belief: Belief,
        node: Heard,
        text: str,
    ) -> float | None:
        """P(answer in cross-examination): that of its line, times that of the option given it."""
        try:
            given = json.loads(text)
        except ValueError:
            return None
        because = given.get(_reason(schema)) if isinstance(given, dict) else None
        if not isinstance(because, str):
            return None
        ways = _testimonies(schema, asked, facts, node, unmarked(because))
        probability = self.inference.marked_probability(facts, belief, node, because)
        probability *= fsum(p for way, p in ways if way == text)
        return probability if probability > 0.0 else None


def _reason(schema: Schema) -> str:
    """The name of the field that takes free text."""
    return next((name for name, part in schema["properties"].items() if "enum" not in part), "")


def _testimonies(
    schema: Schema, asked: Asked, facts: Facts, node: Heard, line: str
) -> list[tuple[str, float]]:
    """The answers in cross-examination that fit a line, with their probabilities.

    The option follows from the line and the lines before it, so that the answer is no evidence
    beyond the line itself: if the line states no stance, the last expressed one is used.
    """
    fields = schema["properties"]
    options = next((tuple(part["enum"]) for part in fields.values() if "enum" in part), ANSWERS)
    parses = parse(line)
    level = parses[0].level if parses else None
    own = node.stances.get(facts.own, facts.stance) if level is None else GRID[level]
    wanted = examined(parses[0].act if parses else "", own, node.stances.get(asked.of))
    because = node.numbered(line, facts.own, facts.letters)
    answers: list[tuple[str, float]] = []
    for option, p in zip(options, examined_law(options, wanted), strict=True):
        value = {name: option if "enum" in part else because for name, part in fields.items()}
        answers.append((json.dumps(value, ensure_ascii=False), p))
    return answers
