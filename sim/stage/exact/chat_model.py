"""The exact stage as a LangChain chat model, for programs built on LangChain.

Imported only when it is used, because importing LangChain is slow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough
from pydantic import BaseModel, Field, PrivateAttr

from sim.layouts.prompt import Prompt, Role
from sim.seeds import derive
from sim.stage.base import Reply, Request
from sim.stage.exact import exact_stage
from sim.stage.exact.stage import ExactStage


class ExactChatModel(BaseChatModel):
    """An exact stage behind LangChain's interface.

    ``kind`` and ``parameters`` as in a model string. A reply is a function of the messages and the
    seed: ``seed`` here, or ``seed=`` in a call. Messages are read as in any layout of Elsinore;
    a system message that begins "You play Ada in a scene with Ben." names the speaker.

    >>> model = ExactChatModel(kind="rlhf", seed=7)
    >>> model.invoke("Ben: Shall we?").content == model.invoke("Ben: Shall we?").content
    True
    """

    kind: str = "base"
    parameters: dict[str, Any] = Field(default_factory=dict)
    seed: int = 0
    _stage: ExactStage = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Build the stage. Raises ``ModelError`` for an unknown kind or parameter."""
        super().model_post_init(context)
        self._stage = exact_stage(self.kind, **self.parameters)

    @property
    def _llm_type(self) -> str:
        return "elsinore-exact"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"identity": self._stage.identity, "seed": self.seed}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # The exact stage awaits nothing, so its coroutine runs to its end in one step.
        performing = self._stage.perform(self._request(messages, stop, kwargs))
        try:
            performing.send(None)
        except StopIteration as done:
            return self._result(done.value)
        raise RuntimeError("the exact stage awaited something, which it never should")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(await self._stage.perform(self._request(messages, stop, kwargs)))

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> Request:
        prompt: Prompt | None = None
        for message in messages:
            role: Role = (
                "system"
                if isinstance(message, SystemMessage)
                else "assistant"
                if isinstance(message, AIMessage)
                else "user"
            )
            text = message.text
            prompt = Prompt.start(role, text) if prompt is None else prompt.then(role, text)
        assert prompt is not None  # LangChain refuses to call a model with no message
        seed = options.get("seed")
        if seed is None:
            seed = derive(self.seed, prompt.digest.hex())
        return Request(
            prompt,
            int(seed),
            "",
            "turn",
            tuple(stop or ()),
            options.get("max_tokens"),
            options.get("schema"),
        )

    def _result(self, reply: Reply) -> ChatResult:
        usage = reply.usage
        message = AIMessage(
            content=reply.text,
            response_metadata={"finish_reason": reply.finish, "exact": reply.exact},
            usage_metadata={
                "input_tokens": usage.prompt_tokens,
                "output_tokens": usage.completion_tokens,
                "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        **kwargs: Any,
    ) -> Runnable[Any, Any]:
        """Answers that fit a pydantic model or a JSON schema.

        Numbers are the speaker's stance, on the scale of the schema.
        """
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            model: type[BaseModel] = schema
            form: dict[str, Any] = model.model_json_schema()

            def read(message: AIMessage) -> Any:
                return model.model_validate_json(message.text)

        elif isinstance(schema, dict):
            form = schema

            def read(message: AIMessage) -> Any:
                return json.loads(message.text)

        else:
            raise TypeError(f"schema: {schema!r} is neither a pydantic model nor a JSON schema")
        asked = self.bind(schema=form)
        if not include_raw:
            return asked | RunnableLambda(read)
        parts: dict[str, Any] = {"raw": asked}
        return RunnableParallel(parts) | RunnablePassthrough.assign(
            parsed=itemgetter("raw") | RunnableLambda(read), parsing_error=lambda _: None
        )
