"""What a check raises."""

from __future__ import annotations


class Broken(AssertionError):
    """A promise of a contract is not kept. The message reads ``WHAT: WHAT IS WRONG; FIX``."""


def kept(holds: object, what: str) -> None:
    """Raise ``Broken`` unless the promise holds.

    >>> kept(1 + 1 == 2, "arithmetic: it does not add up")
    """
    if not holds:
        raise Broken(what)
