"""Conversations that branch: from a tree of messages, one conversation for each of its ends.

The main one ends where the file says that its reader was last, or else at the first end. Every
other is a branch of the conversation in which the message before its own first one stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sim.formats.conversation import About, Utterance


class BrokenTreeError(ValueError):
    """A tree that is none: the message says why, without the file."""


@dataclass(frozen=True, slots=True)
class Node:
    """A message in a tree: the one before it, blank for the first; what it says, if anything; and
    the model that wrote it, if the file says so."""

    before: str
    said: Utterance | None
    model: str = ""


def conversations_of(
    nodes: Mapping[str, Node], last: str, about: About
) -> Iterator[About | Utterance]:
    """The conversations of a tree, the main one first, each without what it shares with its parent.

    ``last`` is where the main one ends, blank if nobody says. ``about`` are the facts of the main
    one; the model is that of the last message that has one. Raises ``BrokenTreeError`` for messages
    that follow each other in a circle, or one that is not there.
    """
    # For each message: the conversation in which it was said, and the how-manieth it was there.
    place: dict[str, tuple[str, int]] = {}
    branches = 0
    for path in paths_of(nodes, last):
        own = next((n for n, name in enumerate(path) if name not in place), len(path))
        parent, shared = place[path[own - 1]] if own else ("", 0)
        said = [said for name in path[own:] if (said := nodes[name].said) is not None]
        if place and not said:
            continue
        model = next((model for each in reversed(path) if (model := nodes[each].model)), "")
        facts = replace(about, model=model or about.model)
        name = about.conversation
        if place:
            branches += 1
            name = f"{name}/branch-{branches}"
        # What has nothing in common with another conversation is a conversation of its own.
        yield replace(facts, conversation=name, parent=parent if shared else "", shared=shared)
        count = shared
        for each in path[own:]:
            utterance = nodes[each].said
            if utterance is not None:
                count += 1
                yield replace(utterance, conversation=name)
            place[each] = (name, count)


def paths_of(nodes: Mapping[str, Node], last: str) -> Iterator[list[str]]:
    """For each end of a tree the messages up to it, in the order in which they were said.

    The first one ends in ``last``, unless that is blank; the others come in the order of the file.
    Raises ``BrokenTreeError`` for a circle, or a message that is not there.
    """
    if last and last not in nodes:
        raise BrokenTreeError(f"the last message {last!r} is not there")
    followed = {node.before for node in nodes.values()}
    ends = [name for name in nodes if name not in followed and name != last]
    reached: set[str] = set()
    for end in [last, *ends] if last else ends:
        path = _path_to(nodes, end)
        reached.update(path)
        yield path
    if len(reached) < len(nodes):
        raise BrokenTreeError("some messages follow each other in a circle")


def _path_to(nodes: Mapping[str, Node], end: str) -> list[str]:
    path: list[str] = []
    seen: set[str] = set()
    name = end
    while name:
        if name in seen:
            raise BrokenTreeError(f"message {name!r} follows itself")
        if name not in nodes:
            raise BrokenTreeError(f"message {path[-1]!r} follows {name!r}, which is not there")
        seen.add(name)
        path.append(name)
        name = nodes[name].before
    path.reverse()
    return path
