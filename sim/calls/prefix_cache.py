"""An ideal prefix cache: how many of the tokens that are sent it would have to compute.

A server with a prefix cache computes a token only if no earlier prompt had the same tokens up to
and including it. An ideal cache never evicts anything. How much it computes is a property of the
layout: ``transcript_first`` shares the transcript between the actors, ``persona_first`` does not.

A prompt is a chain of chunks, each with a hash of everything before it. The prefix tree of all
prompts is therefore a dictionary from hashes to lengths, and the cost of a call grows with its new
chunks only. Providers count the tokens of whole prompts; they are attributed to chunks in
proportion to their letters.
"""

from __future__ import annotations

from sim.layouts.prompt import Prompt


class PrefixCache:
    """The tokens sent to one stage, and those of them that an ideal prefix cache would compute.

    >>> cache = PrefixCache()
    >>> opening = Prompt.start("system", "You play Ada.")  # 13 letters
    >>> cache.sent(opening.then("user", "Ben: Well?!"), 24)
    >>> cache.sent(opening.then("user", "Cleo: No, no"), 25)
    >>> cache.tokens, cache.computed
    (49, 36.0)
    """

    __slots__ = ("_letters", "computed", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.computed = 0.0
        # By a chunk's digest: the letters up to its end; negative if it was measured but not sent.
        self._letters: dict[bytes, int] = {}

    def letters(self, prompt: Prompt) -> int:
        """The number of letters of a prompt. The cost grows with its new chunks only."""
        known = self._letters.get(prompt.digest)
        if known is None:
            known = self._measure(prompt)
        return abs(known)

    def sent(self, prompt: Prompt, tokens: int) -> None:
        """Count a prompt that was sent, in which the stage counted ``tokens`` tokens."""
        letters = self._letters
        known = letters.get(prompt.digest)
        if known is None:
            known = self._measure(prompt)
        total = abs(known)
        chunk: Prompt | None = prompt
        while known < 0:
            assert chunk is not None
            letters[chunk.digest] = -known
            chunk = chunk.parent
            known = 0 if chunk is None else letters[chunk.digest]
        self.tokens += tokens
        if total:
            self.computed += tokens * (total - known) / total

    def _measure(self, prompt: Prompt) -> int:
        """Store the lengths of new chunks, as measured but not sent."""
        letters = self._letters
        new = [prompt]
        chunk = prompt.parent
        total = 0
        while chunk is not None:
            known = letters.get(chunk.digest)
            if known is not None:
                total = abs(known)
                break
            new.append(chunk)
            chunk = chunk.parent
        for chunk in reversed(new):
            total += len(chunk.text)
            letters[chunk.digest] = -total
        return -total
