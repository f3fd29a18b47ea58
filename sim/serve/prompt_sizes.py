"""The size of a prompt, bounded before it is read.

The stage remembers what follows from every line up to it, so that a prompt of hundreds of thousands
of lines, which is a few megabytes, would take minutes and gigabytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.serve.errors import Refused
from sim.serve.tokens import count

MOST_PARAGRAPHS = 10_000
"""In all the prompts or messages of a request. A turn is a paragraph."""

MOST_ECHOED = 100_000
"""Words of the prompts that come back, all choices together."""


def check_prompts(texts: Sequence[str], field: str) -> None:
    """Refuse prompts or messages of too many paragraphs. Raises ``Refused``.

    >>> check_prompts(["Ada: Well?\\n\\nBen:"], "prompt")
    """
    paragraphs = sum(text.count("\n\n") + 1 for text in texts)
    if paragraphs > MOST_PARAGRAPHS:
        raise Refused(
            400,
            f"{field}: {paragraphs:,} paragraphs (a blank line ends one); at most "
            f"{MOST_PARAGRAPHS:,} are read. Send only the last turns of the scene.",
            parameter=field,
            code="context_length_exceeded",
        )


def check_echo(texts: Sequence[str], choices: int) -> None:
    """Refuse to send so many words back, for each of ``choices``. Raises ``Refused``.

    >>> check_echo(["Ada: Well?"], 128)
    """
    words = choices * sum(map(count, texts))
    if words > MOST_ECHOED:
        raise Refused(
            400,
            f"echo: {words:,} words would come back in {choices} x {len(texts)} choices; at most "
            f"{MOST_ECHOED:,} do. Send shorter or fewer prompts, or ask for fewer choices (n).",
            parameter="echo",
            code="context_length_exceeded",
        )
