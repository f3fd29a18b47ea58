"""A prompt as a chain of chunks: what a layout hands over and a stage continues.

A prompt grows at its end. Each chunk points to the one before it, so that a scene of n turns holds
n chunks and not n(n+1)/2, adding one costs O(1), and a probe can hold on to a prompt while the
scene goes on. The hash is chained (the previous hash, then the new chunk), so that it can serve as
the key of a prefix cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

Role = Literal["system", "user", "assistant", "text"]


class Prompt:
    """One chunk of a prompt and, through ``parent``, everything before it.

    ``role`` is a role of a chat (``system``, ``user``, ``assistant``) or ``text`` in a prompt for a
    completions endpoint. ``digest`` has 16 bytes; ``length`` counts the characters of all chunks.

    >>> prompt = Prompt.start("system", "You play Ada.").then("user", "Ben: Well?")
    >>> [chunk.role for chunk in prompt.chunks()]
    ['system', 'user']
    >>> prompt.digest == Prompt.start("system", "You play Ada.").then("user", "Ben: Well?").digest
    True
    """

    __slots__ = ("_next", "depth", "digest", "length", "parent", "role", "text")

    parent: Prompt | None
    role: Role
    text: str
    digest: bytes
    depth: int
    length: int

    def __init__(self, parent: Prompt | None, role: Role, text: str) -> None:
        self.parent = parent
        self.role = role
        self.text = text
        if parent is None:
            self.depth = 1
            self.length = len(text)
            before = b""
        else:
            self.depth = parent.depth + 1
            self.length = parent.length + len(text)
            before = parent.digest
        self.digest = blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=before, person=role.encode()
        ).digest()
        self._next: Prompt | None = None

    @classmethod
    def start(cls, role: Role, text: str) -> Prompt:
        """The first chunk."""
        return cls(None, role, text)

    def then(self, role: Role, text: str) -> Prompt:
        """This prompt, longer by one chunk.

        The latest continuation is remembered: when every actor extends one shared prompt by the
        same turn, as in ``transcript_first``, the chunk is built and hashed once.
        """
        known = self._next
        if known is not None and known.role == role and known.text == text:
            return known
        self._next = longer = Prompt(self, role, text)
        return longer

    def chunks(self) -> list[Prompt]:
        """All chunks, first to last."""
        chunks: list[Prompt] = []
        chunk: Prompt | None = self
        while chunk is not None:
            chunks.append(chunk)
            chunk = chunk.parent
        chunks.reverse()
        return chunks

    def messages(self) -> list[Message]:
        """The prompt as chat messages; neighbouring chunks of one role become one message."""
        messages: list[Message] = []
        run: list[str] = []
        role: Role | None = None
        for chunk in self.chunks():
            if role is not None and chunk.role != role:
                messages.append(Message(role, "".join(run)))
                run = []
            role = chunk.role
            run.append(chunk.text)
        if role is not None:
            messages.append(Message(role, "".join(run)))
        return messages

    def joined(self) -> str:
        """The prompt as one string, for a completions endpoint."""
        return "".join(chunk.text for chunk in self.chunks())

    def __repr__(self) -> str:
        return f"<Prompt of {self.depth} chunks, {self.digest.hex()}>"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Role
    text: str
