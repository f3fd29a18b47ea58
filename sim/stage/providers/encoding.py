"""Prompts as JSON bytes, encoded incrementally.

A scene of 1000 turns sends 1000 prompts, each only slightly longer than an earlier one. OpenAI's
own client takes 100 ms to encode 670 messages, and ``json.dumps`` alone 1.5 ms. A prompt is a chain
of chunks, each with a hash, so the bytes of its beginning are cached under that hash, and a call
encodes only the chunks that were added since.
"""

from __future__ import annotations

import json
from collections import OrderedDict

from sim.layouts.prompt import Prompt

# A prefix is cached at every 16th chunk, and an older one is dropped: a call encodes at most 16 old
# chunks (a late probe 32), and the cache does not grow with the square of a scene's length.
_STRIDE = 16

_ROLES = {"system": b"system", "user": b"user", "assistant": b"assistant", "text": b"user"}
_WITHOUT_SYSTEM = {**_ROLES, "system": b"user"}


class Encoder:
    """Encodes prompts: as chat messages with ``roles``, else as one string.

    A screenplay's text becomes one user message; a stage adds no words to those of the layout.
    Without ``system`` the system text is the beginning of the first user message, for servers that
    know no such role. ``limit`` bounds the bytes in the cache.
    """

    def __init__(self, *, roles: bool, system: bool = True, limit: int = 64_000_000) -> None:
        self._roles = roles
        self._names = _ROLES if system else _WITHOUT_SYSTEM
        self._limit = limit
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0

    def encode(self, prompt: Prompt) -> bytes:
        """The prompt as JSON: a list of messages, or a string.

        >>> Encoder(roles=True).encode(Prompt.start("system", "Hi.").then("user", '"Yes"'))
        b'[{"role":"system","content":"Hi."},{"role":"user","content":"\\\\"Yes\\\\""}]'
        >>> Encoder(roles=False).encode(Prompt.start("text", "Ada:"))
        b'"Ada:"'
        >>> Encoder(roles=True, system=False).encode(Prompt.start("system", "A").then("user", "B"))
        b'[{"role":"user","content":"A\\\\n\\\\nB"}]'
        """
        return self._open(prompt) + (b'"}]' if self._roles else b'"')

    def _open(self, prompt: Prompt) -> bytes:
        """The bytes without the closing quotes and brackets."""
        new: list[Prompt] = []
        chunk: Prompt | None = prompt
        known: bytes | None = None
        while chunk is not None:
            if chunk.depth % _STRIDE == 0:
                known = self._kept.get(chunk.digest)
                if known is not None:
                    self._kept.move_to_end(chunk.digest)
                    break
            new.append(chunk)
            chunk = chunk.parent
        parts = [known if known is not None else b'[{"role":"' if self._roles else b'"']
        before = None if chunk is None else chunk.role
        deepest = prompt.depth - prompt.depth % _STRIDE
        for chunk in reversed(new):
            if self._roles:
                role = self._names[chunk.role]
                if before is None:
                    parts += (role, b'","content":"')
                elif role != self._names[before]:
                    parts += (b'"},{"role":"', role, b'","content":"')
                elif "system" in (chunk.role, before) and chunk.role != before:
                    parts.append(b"\\n\\n")
                before = chunk.role
            parts.append(escaped(chunk.text))
            if chunk.depth == deepest:
                parts = [b"".join(parts)]
                self._keep(chunk, parts[0])
        return b"".join(parts)

    def _keep(self, chunk: Prompt, data: bytes) -> None:
        if len(data) > self._limit // 8:
            return
        self._kept[chunk.digest] = data
        self._size += len(data)
        old: Prompt | None = chunk
        for _ in range(2 * _STRIDE):
            old = None if old is None else old.parent
        if old is not None:
            self._size -= len(self._kept.pop(old.digest, b""))
        while self._size > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)


def escaped(text: str) -> bytes:
    """A text inside the quotes of a JSON string.

    >>> escaped("né\\n")
    b'n\\xc3\\xa9\\\\n'
    """
    try:
        return json.dumps(text, ensure_ascii=False)[1:-1].encode()
    except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot encode
        return json.dumps(text)[1:-1].encode()
