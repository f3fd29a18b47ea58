"""autogen-agentchat: a round-robin group chat of three assistants; their model answers at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    ModelCapabilities,
    ModelFamily,
    ModelInfo,
    RequestUsage,
)

from benchmarks.measuring import NAMES, REPLY, TOPIC, Play, Subject, main

# Its loggers build a message for every event unless logging is disabled.
logging.disable(logging.CRITICAL)


class Instant(ChatCompletionClient):
    """A model client that answers with the reply."""

    def __init__(self, latency: float) -> None:
        self.latency = latency

    async def create(self, messages: Sequence[LLMMessage], **_: Any) -> CreateResult:
        """The reply."""
        if self.latency:
            await asyncio.sleep(self.latency)
        return CreateResult(
            finish_reason="stop",
            content=REPLY,
            usage=RequestUsage(prompt_tokens=0, completion_tokens=0),
            cached=False,
        )

    async def create_stream(
        self, messages: Sequence[LLMMessage], **_: Any
    ) -> AsyncGenerator[str | CreateResult, None]:
        """The reply, in one piece."""
        yield await self.create(messages)

    async def close(self) -> None:
        """Nothing to close."""

    def actual_usage(self) -> RequestUsage:
        """Nothing."""
        return RequestUsage(prompt_tokens=0, completion_tokens=0)

    def total_usage(self) -> RequestUsage:
        """Nothing."""
        return RequestUsage(prompt_tokens=0, completion_tokens=0)

    def count_tokens(self, messages: Sequence[LLMMessage], **_: Any) -> int:
        """Nothing."""
        return 0

    def remaining_tokens(self, messages: Sequence[LLMMessage], **_: Any) -> int:
        """Plenty."""
        return 1_000_000

    @property
    def capabilities(self) -> ModelCapabilities:
        """None of those that cost time."""
        return ModelCapabilities(vision=False, function_calling=False, json_output=False)

    @property
    def model_info(self) -> ModelInfo:
        """None of those that cost time."""
        return ModelInfo(
            vision=False,
            function_calling=False,
            json_output=False,
            family=ModelFamily.UNKNOWN,
            structured_output=False,
        )


def prepare(turns: int, latency: float) -> Play:
    """A scene of ``turns`` turns."""
    client = Instant(latency)
    agents = [
        AssistantAgent(name, model_client=client, system_message=f"You play {name}.")
        for name in NAMES
    ]
    # The task is a message too.
    team = RoundRobinGroupChat(agents, termination_condition=MaxMessageTermination(turns + 1))

    async def play() -> object:
        result = await team.run(task=TOPIC)
        assert len(result.messages) == turns + 1, len(result.messages)
        return result

    return play


if __name__ == "__main__":
    main(
        Subject(
            "autogen-agentchat",
            prepare,
            "from autogen_agentchat.teams import RoundRobinGroupChat",
            ("autogen-agentchat", "autogen-core"),
        )
    )
