"""The exact stage itself: a stage whose every probability can be computed.

It plays scenes with no key and no network, and it is no language model: what is measured on it is
the instruments. The mathematics is in ``docs/exact-stage.md``.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from math import fsum, log
from time import perf_counter

from sim.events import Usage
from sim.layouts import render
from sim.layouts.prompt import Prompt
from sim.scene import Scene
from sim.seeds import Stream, derive
from sim.stage.base import LogProb, Reply, Request, Truth
from sim.stage.exact.acts import ACTS, GRID
from sim.stage.exact.answers import fill, issue_of
from sim.stage.exact.belief import IS_STANCED, REPEAT, Belief, Inference, Situation
from sim.stage.exact.grammar import Grammar
from sim.stage.exact.heard import Heard, Lines
from sim.stage.exact.laws import Laws, stance_law, surface
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.run_on import run_on, run_ons
from sim.stage.exact.script import Facts, read_facts, read_parts
from sim.stage.exact.tables import CHARACTERS, PARTNER, SELF, SHADOW
from sim.transcript import Transcript

_KEPT_PROMPTS = 16_384


@dataclass(frozen=True, slots=True)
class Script:
    """A prompt that was read: the facts in it, the lines, and what is asked of whom."""

    header: str
    node: Heard
    question: str | None
    cued: str
    words: int


class ExactStage:
    """The embedded stage. ``docs/exact-stage.md`` says what it does.

    >>> import asyncio
    >>> from sim.stage.exact.parameters import Parameters
    >>> stage = ExactStage(Parameters())
    >>> prompt = Prompt.start("system", "You play Ada in a scene with Ben.\\nSubject: Tea.")
    >>> request = Request(prompt.then("user", "Ben: Well?"), seed=3, speaker="Ada")
    >>> reply = asyncio.run(stage.perform(request))
    >>> reply.text == asyncio.run(stage.perform(request)).text, reply.exact
    (True, False)
    """

    free = True

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.identity = parameters.identity
        self.laws = Laws(parameters)
        self.inference = Inference(self.laws, Grammar(parameters.half))  # type: ignore[arg-type]
        self._lines = Lines()
        self._scripts: OrderedDict[bytes, Script] = OrderedDict()

    async def perform(self, request: Request) -> Reply:
        """Continue the prompt: a turn, or the answer to a question off stage."""
        started = perf_counter()
        script, facts = self.read(request)
        belief = self.inference.belief(facts, script.node)
        exact = script.node.foreign == 0 and belief.foreign == 0
        stream = Stream(request.seed)
        if request.schema is not None or script.question is not None:
            text, finish = self._answer(request, script, facts, belief, stream), "stop"
        else:
            text, finish = self._speak(request, script, facts, belief, stream)
        usage = Usage(script.words, text.count(" ") + 1, 0, 0.0)
        return Reply(text, finish, usage, exact, perf_counter() - started)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log P(text | prompt), with the end of the turn, at temperature 1.

        None outside the grammar: where the stage would never say this. Tokens are words.
        """
        script, facts = self.read(request)
        belief = self.inference.belief(facts, script.node)
        line, gap, rest = text.partition("\n\n")
        p = self.inference.probability(facts, belief, script.node, line)
        ending = 1.0
        rate = self.laws.kind.run_on
        if rate:
            same = [
                q
                for more, q in run_ons(facts, self.laws.kind.stranger)
                if _stopped(f"{line}\n\n{more}", request.stop) == text
            ]
            ending = (0.0 if gap else 1.0 - rate) + rate * fsum(same)
        elif rest:
            ending = 0.0
        if p <= 0.0 or ending <= 0.0 or _stopped(line, request.stop) != line:
            return None
        exact = script.node.foreign == 0 and belief.foreign == 0
        return LogProb(log(p) + log(ending), text.count(" ") + 1, exact)

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> list[Truth]:
        """One hidden path for each actor who spoke, drawn after the curtain. For calibration only.

        The paths have the planted law, given the texts. Undefined where foreign text was heard.
        """
        turns = transcript.turns
        found: list[Truth] = []
        for name in scene.names:
            own = [turn.index for turn in turns if turn.speaker == name]
            if not own:
                found.append(Truth(name, undefined="never spoke"))
                continue
            request = Request(render(scene, turns, name), 0, name)
            script, facts = self.read(request)
            belief = self.inference.belief(facts, script.node)
            nodes: list[Heard] = []
            node = script.node
            while node.parent is not None:
                if node.speaker == name:
                    nodes.append(node)
                node = node.parent
            nodes.reverse()
            if script.node.foreign or belief.foreign or len(nodes) != len(own):
                found.append(Truth(name, undefined="foreign text was heard"))
                continue
            stream = Stream(derive(seed, "truth", name))
            characters, stances = self.inference.path(facts, nodes, stream)
            names = tuple(CHARACTERS[character] for character in characters)
            found.append(Truth(name, tuple(own), names, stances))
        return found

    # --- Reading -------------------------------------------------------------------------------

    def read(self, request: Request) -> tuple[Script, Facts]:
        """The prompt as a script, from where an earlier prompt left off, and its facts."""
        script = self._script(request.prompt, request.speaker)
        return script, read_facts(script.header, script.cued or request.speaker)

    def _script(self, prompt: Prompt, speaker: str) -> Script:
        pending: list[Prompt] = []
        at: Prompt | None = prompt
        script = Script("", self._lines.root, None, "", 0)
        while at is not None:
            known = self._scripts.get(at.digest)
            if known is not None:
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
        header, node, question, cued = script.header, script.node, None, ""
        if chunk.role == "system":
            header = f"{header}\n{text}"
        elif chunk.role == "assistant":
            own = read_facts(header, "").own
            # A prompt that names nobody says whose turn it is only in the request.
            node = self._lines.after(node, speaker if own == "Somebody" else own, text)
        else:
            for part in read_parts(text):
                if part.kind == "line":
                    node = self._lines.after(node, part.speaker, part.text)
                elif part.kind == "header":
                    header = f"{header}\n{part.text}"
                elif part.kind == "question":
                    question, cued = part.text, part.speaker
                else:
                    cued = part.speaker
        return Script(header, node, question, cued, script.words + text.count(" ") + 1)

    # --- Speaking ------------------------------------------------------------------------------

    def _speak(
        self, request: Request, script: Script, facts: Facts, belief: Belief, stream: Stream
    ) -> tuple[str, str]:
        situation = self.inference.situation(facts, belief, script.node)
        line = self._line(situation, script.node, stream)
        kind = self.laws.kind
        if kind.run_on and stream.unit() < kind.run_on:
            line = f"{line}\n\n{run_on(facts, kind.stranger, stream)}"
        text = _stopped(line, request.stop)
        if request.max_tokens is not None:
            words = text.split(" ")
            if len(words) > request.max_tokens:
                return " ".join(words[: request.max_tokens]), "length"
        return text, "stop"

    def _line(self, situation: Situation, node: Heard, stream: Stream) -> str:
        """One line: the character, perhaps concealed, its stance, its act, its words."""
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

    def _answer(
        self, request: Request, script: Script, facts: Facts, belief: Belief, stream: Stream
    ) -> str:
        """The answer to a question off stage, from what the speaker would be at its next turn."""
        situation = self.inference.situation(facts, belief, script.node)
        character = stream.choose(situation.predicted)
        if character == SHADOW and stream.unit() < situation.acting.conceal:
            character = SELF
        issue = issue_of(script.question or "")
        mean = situation.means[character]
        if issue is not None and issue != facts.issue:
            # Lines speak of one issue; on others the persona stays where it was put.
            own = facts.stances.get(issue, 0.0)
            mean = {SHADOW: -own, SELF: own}.get(character, 0.0)
        stance = GRID[stream.choose(stance_law(mean))]
        if request.schema is None:
            return f"{stance:g}"
        value = fill(
            request.schema, stance, stream, lambda: self._line(situation, script.node, stream)
        )
        return json.dumps(value, ensure_ascii=False)


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    """The text before the first of the stops, without the blank that led up to it."""
    if "\n" not in text and not any(stop in text for stop in stops):
        return text
    cut = len(text)
    for stop in stops:
        at = text.find(stop)
        if 0 <= at < cut:
            cut = at
    return text[:cut].rstrip()
