"""An ideal prefix cache: how many of the tokens that are sent it would have to compute.

A server with a prefix cache computes a token only if no earlier prompt had the same tokens up to
and including it. An ideal cache never evicts what will come again. How much it computes is a
property of the layout: ``transcript_first`` shares the transcript between the actors,
``persona_first`` does not.

A prompt is a chain of chunks, each with a hash of everything before it. The prefix tree of all
prompts is therefore a set of hashes, and the cost of a call grows with its new chunks only.
Providers count the tokens of whole prompts; they are attributed to chunks in proportion to their
letters.

A run of a million turns would fill the memory with chunks of scenes that are long over. So what was
not met among the last ``KEPT`` chunks may be forgotten: scenes that go on meet theirs at each turn,
and what scenes share is met whenever one begins.
"""

from __future__ import annotations

from sim.layouts.prompt import Prompt

KEPT = 1 << 17
"""Chunks that are kept at least, and half of those that are kept at most: about 100 bytes each."""


class PrefixCache:
    """The tokens sent to one stage, and those of them that an ideal prefix cache would compute.

    >>> cache = PrefixCache()
    >>> opening = Prompt.start("system", "You play Ada.")  # 13 letters
    >>> cache.sent(opening.then("user", "Ben: Well?!"), 24)
    >>> cache.sent(opening.then("user", "Cleo: No, no"), 25)
    >>> cache.tokens, cache.computed
    (49, 36.0)
    """

    __slots__ = ("_met", "_met_before", "computed", "kept", "tokens")

    def __init__(self, kept: int = KEPT) -> None:
        self.tokens = 0
        self.computed = 0.0
        self.kept = kept
        # Digests of chunks, in two generations: the older one is dropped when the newer is full.
        self._met: set[bytes] = set()
        self._met_before: set[bytes] = set()

    def sent(self, prompt: Prompt, tokens: int) -> None:
        """Count a prompt that was sent, in which the stage counted ``tokens`` tokens."""
        chunk: Prompt | None = prompt
        while chunk is not None and not self._meet(chunk.digest):
            chunk = chunk.parent
        self.tokens += tokens
        if prompt.length:
            known = 0 if chunk is None else chunk.length
            self.computed += tokens * (prompt.length - known) / prompt.length

    def _meet(self, digest: bytes) -> bool:
        """Whether a chunk was met before; from now on it was."""
        if digest in self._met:
            return True
        if len(self._met) >= self.kept:
            self._met_before, self._met = self._met, set()
        self._met.add(digest)
        return digest in self._met_before
