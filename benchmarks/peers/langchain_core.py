"""langchain-core: a bare model call with the history as messages, one call a turn.

No loop of its own, so the least a chat application on top of it pays: a list of messages that
grows, and ``ainvoke`` of a model that answers at once.
"""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from benchmarks.measuring import NAMES, REPLY, TOPIC, Play, Subject, main


class Instant(BaseChatModel):
    """A chat model that answers with the reply."""

    latency: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(REPLY))])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        if self.latency:
            await asyncio.sleep(self.latency)
        return self._generate(messages)


def prepare(turns: int, latency: float) -> Play:
    """A scene of ``turns`` turns."""
    model = Instant(latency=latency)

    async def play() -> list[BaseMessage]:
        heard: dict[str, list[BaseMessage]] = {
            name: [SystemMessage(f"You play {name}. {TOPIC}")] for name in NAMES
        }
        for turn in range(turns):
            speaker = NAMES[turn % len(NAMES)]
            reply = await model.ainvoke(heard[speaker])
            for name in NAMES:
                own = name == speaker
                heard[name].append(reply if own else HumanMessage(f"{speaker}: {reply.content}"))
        return heard[NAMES[0]]

    return play


if __name__ == "__main__":
    main(
        Subject(
            "langchain-core",
            prepare,
            "from langchain_core.language_models import BaseChatModel",
            ("langchain-core",),
        )
    )
