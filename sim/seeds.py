"""Seeds by path: every draw has a stream of its own.

The seed of a draw is derived from where it happens (which scene, which actor, which turn, for what
purpose), never from how many draws came before it. Adding a probe, reordering the trials or
changing the concurrency therefore changes no other draw.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeVar

_MASK = (1 << 64) - 1
_TWO_TO_MINUS_53 = 1.0 / (1 << 53)

Item = TypeVar("Item")


def derive(seed: int, *path: str | int) -> int:
    """A 64-bit seed for the draw at ``path`` below ``seed``.

    Paths are encoded without ambiguity: the text ``"1"`` and the number ``1`` are different, and
    no two different paths give the same bytes.

    >>> derive(7, "turn", 3, "Ada") == derive(7, "turn", 3, "Ada")
    True
    >>> derive(7, "turn", 3, "Ada") == derive(7, "turn", 3, "Ben")
    False
    >>> derive(7, "a", "b") == derive(7, "ab")
    False
    """
    # ascii() quotes text and escapes what could end it, so the encoding can be parsed back. repr()
    # would not do: which signs it escapes depends on the Unicode version, hence on Python's.
    return int.from_bytes(blake2b(ascii((seed, path)).encode(), digest_size=8).digest(), "little")


def request_seed(seed: int, *path: str | int) -> int:
    """A seed for a request to a stage: the upper 31 bits of ``derive``.

    Some providers accept no longer seeds, and a scene has to have the same seeds in process and
    over a network.

    >>> 0 <= request_seed(7, "turn", 3, "Ada") < 2**31
    True
    """
    return derive(seed, *path) >> 33


class Stream:
    """A stream of random numbers from one seed: SplitMix64 (Steele, Lea and Flood, 2014).

    Integer arithmetic only, so that the numbers are the same on every machine and version of
    Python, and a hundred times cheaper to seed than the Mersenne Twister: the exact stage takes a
    fresh stream every turn.

    >>> stream = Stream(1)
    >>> 0.0 <= stream.unit() < 1.0
    True
    >>> Stream(1).below(10) == Stream(1).below(10)
    True
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def bits(self) -> int:
        """64 random bits, as an integer."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def unit(self) -> float:
        """A number in [0, 1) with 53 random bits; exact, since it is an integer over 2**53."""
        return (self.bits() >> 11) * _TWO_TO_MINUS_53

    def below(self, n: int) -> int:
        """An integer in [0, n). The bias is below n / 2**64 and is ignored."""
        return (self.bits() * n) >> 64

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """The items in random order, all orders equally likely (Fisher-Yates shuffle).

        >>> sorted(Stream(7).shuffled("abcd"))
        ['a', 'b', 'c', 'd']
        """
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def choose(self, weights: list[float] | tuple[float, ...]) -> int:
        """An index, with probability proportional to its weight (which need not sum to 1).

        Raises ``ValueError`` if no weight is positive.
        """
        total = 0.0
        for weight in weights:
            total += weight
        if not total > 0.0:
            raise ValueError(f"no weight is positive: {weights!r}")
        left = self.unit() * total
        last = 0
        for index, weight in enumerate(weights):
            if weight > 0.0:
                if left < weight:
                    return index
                left -= weight
                last = index
        return last  # rounding took the draw past the end
