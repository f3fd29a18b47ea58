"""The exact stage without the Stage protocol: from a request to a reply.

This module and all that it imports need only the standard library, so that the golden test can run
on any version of Python. Prompts and requests may be those of ``sim.layouts.prompt`` and
``sim.stage.base``, or any objects with the same attributes.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from sim.seeds import Stream
from sim.stage.exact.acts import ACTS, GRID
from sim.stage.exact.answering import Answering
from sim.stage.exact.forward_filter import IS_STANCED, REPEAT, Belief, Inference, Situation
from sim.stage.exact.grammar import Grammar
from sim.stage.exact.judged_debate import read_page
from sim.stage.exact.judging import Judging
from sim.stage.exact.laws import Laws, stance_law, surface
from sim.stage.exact.observations import Heard, Lines
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.run_on import run_on, run_ons
from sim.stage.exact.script import Facts, read_facts, read_parts
from sim.stage.exact.tables import PARTNER, SELF, SHADOW

if TYPE_CHECKING:
    from sim.layouts.prompt import Prompt
    from sim.stage.base import Request

_KEPT_PROMPTS = 16_384


@dataclass(frozen=True, slots=True)
class Script:
    """A prompt that was read: its header, its lines, the question in it, and who is cued.

    ``whose`` is the speaker whose lines the assistant's messages are, if only the request named it;
    else blank. ``order`` are the speakers of the block that an author writes.
    """

    header: str
    node: Heard
    question: str | None
    cued: str
    words: int
    whose: str = ""
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply: its text, how it ended, whether the inference was exact, the prompt's words."""

    text: str
    finish: str
    exact: bool
    words: int


class Chance(NamedTuple):
    """P(line | prompt), P(the text after it | line), and whether both are exact."""

    line: float
    ending: float
    exact: bool


class Speech:
    """The exact stage as functions of a request."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.laws = Laws(parameters)
        self.inference = Inference(self.laws, Grammar(parameters.half))  # type: ignore[arg-type]
        self.answering = Answering(self.inference, self._line)
        self.judging = Judging(parameters)
        self._lines = Lines()
        self._scripts: OrderedDict[bytes, Script] = OrderedDict()

    # --- Reading -------------------------------------------------------------------------------

    def read(self, request: Request) -> tuple[Script, Facts]:
        """The prompt as a script, read on from the longest known prefix, and its facts."""
        script = self._script(request.prompt, request.speaker)
        return script, read_facts(script.header, script.cued or request.speaker)

    def _script(self, prompt: Prompt, speaker: str) -> Script:
        pending: list[Prompt] = []
        at: Prompt | None = prompt
        script = Script("", self._lines.root, None, "", 0)
        while at is not None:
            known = self._scripts.get(at.digest)
            if known is not None and known.whose in ("", speaker):
                self._scripts.move_to_end(at.digest)
                script = known
                break
            pending.append(at)
            at = at.parent
        for chunk in reversed(pending):
            script = self._longer(script, chunk, speaker)
            self._scripts[chunk.digest] = script
        while len(self._scripts) > _KEPT_PROMPTS:
            self._scripts.popitem(last=False)
        return script

    def _longer(self, script: Script, chunk: Prompt, speaker: str) -> Script:
        text = chunk.text
        header, node, whose = script.header, script.node, script.whose
        question, cued = None, ""
        order: tuple[str, ...] = ()
        if chunk.role == "system":
            header = f"{header}\n{text}"
        elif chunk.role == "assistant":
            own = read_facts(header, "").own
            if own == "Somebody":
                # The prompt names nobody, so the speaker is the one in the request.
                own = whose = speaker
            node = self._lines.after(node, own, text)
        else:
            for part in read_parts(text):
                if part.kind == "line":
                    node = self._lines.after(node, part.speaker, part.text)
                elif part.kind == "header":
                    header = f"{header}\n\n{part.text}"
                elif part.kind == "question":
                    question, cued = part.text, part.speaker
                elif part.kind == "order":
                    order = tuple(part.text.split(", "))
                else:
                    cued = part.speaker
        words = script.words + text.count(" ") + 1
        return Script(header, node, question, cued, words, whose, order)

    # --- Speaking ------------------------------------------------------------------------------

    def reply(self, request: Request) -> Spoken:
        """A turn, an answer to a question off stage, or a verdict, by the prompt and the seed."""
        page = read_page(request.prompt)
        if page is not None:
            verdict = self.judging.verdict(page, request.schema, request.seed)
            text = json.dumps(verdict, ensure_ascii=False)
            return Spoken(text, "stop", self.judging.is_exact(page), page.words)
        script, facts = self.read(request)
        belief = self.inference.belief(facts, script.node)
        exact = script.node.foreign == 0 and belief.foreign == 0
        stream = Stream(request.seed)
        if request.schema is not None or script.question is not None:
            question = script.question or ""
            text = self.answering.answer(
                request.schema, question, facts, belief, script.node, stream
            )
            finish = "stop"
        elif script.order:
            text, finish = self._block(script, stream), "stop"
        else:
            text, finish = self._speak(request, script, facts, belief, stream)
        return Spoken(text, finish, exact, script.words)

    def chance(self, request: Request, text: str) -> Chance | None:
        """The probability of a text; None if the stage cannot say it, and for a verdict."""
        if read_page(request.prompt) is not None:
            return None
        script, facts = self.read(request)
        belief = self.inference.belief(facts, script.node)
        if request.schema is not None or script.question is not None or script.order:
            if script.order or request.schema is None:
                return None  # a block of several turns, or an answer without a schema
            question = script.question or ""
            p = self.answering.chance(request.schema, question, facts, belief, script.node, text)
            exact = script.node.foreign + belief.foreign == 0
            return None if p is None else Chance(p, 1.0, exact)
        line, gap, _ = text.partition("\n\n")
        p = self.inference.marked_probability(facts, belief, script.node, line)
        ending = 0.0 if gap else 1.0
        rate = self.laws.kind.run_on
        if rate:
            same = [
                q
                for more, q in run_ons(facts, self.laws.kind.stranger)
                if _stopped(f"{line}\n\n{more}", request.stop) == text
            ]
            ending = (1.0 - rate) * ending + rate * fsum(same)
        if p <= 0.0 or ending <= 0.0 or _stopped(line, request.stop) != line:
            return None
        return Chance(p, ending, script.node.foreign == 0 and belief.foreign == 0)

    def _speak(
        self, request: Request, script: Script, facts: Facts, belief: Belief, stream: Stream
    ) -> tuple[str, str]:
        situation = self.inference.situation(facts, belief, script.node)
        line = self._line(situation, script.node, stream)
        line = script.node.numbered(line, facts.own, facts.letters)
        kind = self.laws.kind
        if kind.run_on and stream.unit() < kind.run_on:
            line = f"{line}\n\n{run_on(facts, kind.stranger, stream)}"
        text = _stopped(line, request.stop)
        if request.max_tokens is not None:
            words = text.split(" ")
            if len(words) > request.max_tokens:
                return " ".join(words[: request.max_tokens]), "length"
        return text, "stop"

    def _block(self, script: Script, stream: Stream) -> str:
        """The next turns of several speakers, each of whom hears those before."""
        node = script.node
        turns: list[str] = []
        for name in script.order:
            facts = read_facts(script.header, name)
            belief = self.inference.belief(facts, node)
            line = self._line(self.inference.situation(facts, belief, node), node, stream)
            line = node.numbered(line, name, facts.letters)
            node = self._lines.after(node, name, line)
            turns.append(f"{name}: {line}")
        return "\n\n".join(turns)

    def _line(self, situation: Situation, node: Heard, stream: Stream) -> str:
        """Draw one line: the character, whether it conceals itself, its stance, act and words."""
        character = stream.choose(situation.predicted)
        if character == SHADOW and stream.unit() < situation.acting.conceal:
            character = SELF
        level = stream.choose(stance_law(situation.means[character]))
        meant = stream.choose(situation.acting.rows[character])
        act = surface(meant, GRID[level], situation.partner_stance)
        if act == REPEAT:
            lines = situation.partner_lines if character == PARTNER else situation.own_lines
            return lines[stream.below(len(lines))]
        stated = level if IS_STANCED[act] else None
        return self.inference.grammar.draw(stream, ACTS[act], stated, situation.slots, node.used())


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    """The text before the first of the stops, without trailing blanks."""
    if "\n" not in text and not any(stop in text for stop in stops):
        return text
    cut = len(text)
    for stop in stops:
        at = text.find(stop)
        if 0 <= at < cut:
            cut = at
    return text[:cut].rstrip()
