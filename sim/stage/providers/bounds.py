"""Bounds on what a server may send: in bytes, after decompression, whatever it announces.

A server that is broken, or hostile, can answer without an end, or with a few kilobytes that unpack
to gigabytes. Answers are asked for uncompressed; one that is compressed all the same is unpacked
here, piece by piece, up to the bound.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Protocol

ANSWER = 8 << 20
"""The most bytes of an answer."""

SCORES = 64 << 20
"""The most bytes of an answer that lists probabilities: 260,000 tokens, with a hundred bytes each.
"""

LETTERS = 1 << 20
"""The most letters that somebody can say in one reply."""

_AT_ONCE = 1 << 16

_AT_MOST: ContextVar[int] = ContextVar("AT_MOST", default=ANSWER)


class TooLarge(ValueError):
    """An answer exceeds the bound, or is compressed in a way that cannot be bounded."""


class Stream(Protocol):
    """The body of a response, as httpx has it."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Another bound, for the calls within."""
    token = _AT_MOST.set(count)
    try:
        yield
    finally:
        _AT_MOST.reset(token)


async def bound(response: Any) -> None:
    """Put the bound on the body of a response of httpx. A hook for its client.

    Raises ``TooLarge`` at once if the length that the server announces exceeds the bound.
    """
    count = _AT_MOST.get()
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > count:
        await response.aclose()
        raise TooLarge(f"the answer has {announced} bytes, and at most {count} are read")
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        await response.aclose()
        raise TooLarge(f"the answer is compressed as {encoding!r}, which was not asked for")
    unpacker = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    response.headers.pop("content-encoding", None)
    response.stream = _bounded(type(response).__module__)(response.stream, count, unpacker)


@lru_cache(maxsize=4)
def _bounded(module: str) -> Any:
    """``_Bounded`` as a stream of the library that the response is of: OpenAI's client takes httpx
    or its successor, and each accepts its own streams alone."""
    library = sys.modules[module.partition(".")[0]]
    return type("Bounded", (_Bounded, library.AsyncByteStream), {})


class _Bounded:
    """A body of at most so many bytes, unpacked where it is compressed."""

    def __init__(self, stream: Stream, count: int, unpacker: Any) -> None:
        self._stream = stream
        self._count = count
        self._unpacker = unpacker

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._count
        async for piece in self._stream:
            for part in self._unpacked(piece):
                left -= len(part)
                if left < 0:
                    raise TooLarge(f"the answer has more than {self._count} bytes")
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()

    def _unpacked(self, piece: bytes) -> Iterator[bytes]:
        if self._unpacker is None:
            yield piece
            return
        try:
            while piece:
                yield self._unpacker.decompress(piece, _AT_ONCE)
                piece = self._unpacker.unconsumed_tail
        except zlib.error as error:
            raise TooLarge(f"the answer cannot be unpacked ({error})") from None
