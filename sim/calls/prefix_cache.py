"""An ideal prefix cache: how much of what is sent an ideal prefix cache would have to compute.

A server with a prefix cache computes a token only if the same tokens have not stood before it in a
prompt that it saw. An ideal one forgets nothing. What it would compute is a property of the layout:
``transcript_first`` shares the transcript between the actors, ``persona_first`` does not.

A prompt is a chain of chunks with a hash of all that stands before, so the tree of everything that
was sent is a dictionary from hashes to lengths, and a call costs as much as the chunks that are new
in it. Providers count tokens of a whole prompt only; a call's tokens are shared out by letters.
"""

from __future__ import annotations

from sim.layouts.prompt import Prompt


class PrefixCache:
    """What was sent to one stage, in tokens, and what an ideal prefix cache would compute of it.

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
        # The letters from the first chunk to this one; below zero if it was never sent.
        self._letters: dict[bytes, int] = {}

    def letters(self, prompt: Prompt) -> int:
        """How many letters a prompt has. Costs as much as the chunks that are new."""
        known = self._letters.get(prompt.digest)
        if known is None:
            known = self._measure(prompt)
        return abs(known)

    def sent(self, prompt: Prompt, tokens: int) -> None:
        """A prompt was sent, and the stage counted so many tokens in it."""
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
        """Write down the chunks that were never seen, as not sent yet."""
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
