"""The exact stage: a stage whose probabilities can all be computed.

It plays scenes without a key and a network. It is no language model: it serves to calibrate the
measures. The mathematics is in ``docs/exact-stage.md``.
"""

from __future__ import annotations

from math import log
from time import perf_counter

from sim.events import Intervened, Usage
from sim.layouts import render
from sim.scene.scene import Scene
from sim.seeds import Stream, derive
from sim.stage.base import LogProb, Reply, Request, StageInfo, Truth
from sim.stage.exact.observations import Heard
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.speech import Speech
from sim.stage.exact.tables import CHARACTERS
from sim.transcript import Transcript


class ExactStage(Speech):
    """The exact stage behind the Stage protocol. See ``docs/exact-stage.md``.

    >>> import asyncio
    >>> from sim.layouts.prompt import Prompt
    >>> from sim.stage.exact.parameters import Parameters
    >>> stage = ExactStage(Parameters())
    >>> prompt = Prompt.start("system", "You play Ada in a scene with Ben.\\nSubject: Tea.")
    >>> request = Request(prompt.then("user", "Ben: Well?"), seed=3, speaker="Ada")
    >>> reply = asyncio.run(stage.perform(request))
    >>> reply.text == asyncio.run(stage.perform(request)).text, reply.exact
    (True, False)
    """

    info = StageInfo(free=True)

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.identity = parameters.identity

    async def perform(self, request: Request) -> Reply:
        """Continue the prompt: a turn, or the answer to a question off stage."""
        started = perf_counter()
        spoken = self.reply(request)
        text = spoken.text
        usage = Usage(spoken.words, text.count(" ") + 1, 0, 0.0)
        return Reply(text, spoken.finish, usage, spoken.exact, perf_counter() - started)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log P(text | prompt), including that the turn ends there, at temperature 1.

        None if the stage cannot say this text. Tokens are words.
        """
        chance = self.chance(request, text)
        if chance is None:
            return None
        value = log(chance.line) + log(chance.ending)
        return LogProb(value, text.count(" ") + 1, chance.exact)

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> list[Truth]:
        """One hidden path for each actor who spoke, drawn at the end. For calibration only.

        The paths are drawn from their posterior, given the texts. They are undefined if foreign
        text was heard, and after an intervention, which has no probability under the model.
        """
        turns, events = transcript.turns, transcript.events
        if any(isinstance(event, Intervened) and event.what != "phase" for event in events):
            return [Truth(name, undefined="the scene was changed") for name in scene.names]
        truths: list[Truth] = []
        for name in scene.names:
            own = [turn.index for turn in turns if turn.speaker == name]
            if not own:
                truths.append(Truth(name, undefined="never spoke"))
                continue
            request = Request(render(scene, events, name), 0, name)
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
                truths.append(Truth(name, undefined="foreign text was heard"))
                continue
            stream = Stream(derive(seed, "truth", name))
            path = self.inference.path(facts, nodes, stream)
            names = tuple(CHARACTERS[character] for character in path.characters)
            truths.append(Truth(name, tuple(own), names, path.stances))
        return truths
