"""langgraph: three nodes in a ring over a shared list of messages, with and without checkpoints.

A node answers at once by itself: no model's own cost is counted against the graph.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from itertools import count
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from benchmarks.measuring import FULL, NAMES, QUICK, REPLY, TOPIC, Play, Subject, measure

_threads = count()


def prepare(turns: int, latency: float, *, checkpoints: bool = False) -> Play:
    """A scene of ``turns`` turns."""
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    for seat, name in enumerate(NAMES):
        after = NAMES[(seat + 1) % len(NAMES)]

        async def speak(state: MessagesState, name: str = name) -> dict[str, Any]:
            if latency:
                await asyncio.sleep(latency)
            return {"messages": [AIMessage(REPLY, name=name)]}

        def following(state: MessagesState, after: str = after) -> str:
            # The first message is the topic.
            return after if len(state["messages"]) <= turns else END

        graph.add_node(name, speak)
        graph.add_conditional_edges(name, following, [after, END])
    graph.add_edge(START, NAMES[0])
    compiled = graph.compile(checkpointer=InMemorySaver() if checkpoints else None)

    async def play() -> object:
        return await compiled.ainvoke(
            {"messages": [HumanMessage(TOPIC)]},
            {"recursion_limit": turns + 10, "configurable": {"thread_id": str(next(_threads))}},
        )

    return play


def prepare_with_checkpoints(turns: int, latency: float) -> Play:
    """The same, with a checkpoint in memory after every turn."""
    return prepare(turns, latency, checkpoints=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--checkpoints", action="store_true")
    chosen = parser.parse_args()
    subject = Subject(
        "langgraph, checkpoints in memory" if chosen.checkpoints else "langgraph",
        prepare_with_checkpoints if chosen.checkpoints else prepare,
        "from langgraph.graph import StateGraph",
        ("langgraph", "langchain-core"),
    )
    print(json.dumps(measure(subject, QUICK if chosen.quick else FULL)))
