"""Structural balance of signed pairs: the friend of a friend is a friend, and an enemy's enemy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

Pair = frozenset[str]


def signed_triads(net: Mapping[Pair, float], names: Iterable[str]) -> list[tuple[Pair, ...]]:
    """The three pairs of each triad whose pairs all have a sign, in the order of ``names``.

    ``net`` is the net sign of each pair; a pair that is missing or zero has none.
    """
    threes = (
        tuple(frozenset(pair) for pair in combinations(triad, 2))
        for triad in combinations(names, 3)
    )
    return [three for three in threes if all(net.get(pair, 0) for pair in three)]


def triads(net: Mapping[Pair, float], names: Iterable[str]) -> list[bool]:
    """Whether each triad whose three pairs all have a sign is balanced: their product is positive.

    *Reference.* Cartwright and Harary, "Structural balance", Psychological Review 63, 1956.

    >>> pair = lambda one, two, sign: {frozenset((one, two)): sign}
    >>> triads(pair("A", "B", 2) | pair("A", "C", -1) | pair("B", "C", -3), "ABC")
    [True]
    >>> triads(pair("A", "B", 2) | pair("A", "C", 0) | pair("B", "C", -3), "ABC")
    []
    """
    return [sum(net[pair] < 0 for pair in three) % 2 == 0 for three in signed_triads(net, names)]
