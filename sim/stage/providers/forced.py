"""Log-probabilities on llama.cpp's server, which scores no prompt: forced decoding.

The whole text is tokenised, prompt and continuation together, since that is how the model would
read it. Then one token is asked for at a time, after the tokens before it, with a bias that leaves
no other choice than the text's own token. The server reports the probability of that token as the
model gives it, before any bias, temperature or truncation. What came before is in its prefix cache,
so that a call computes one token: scoring runs at about the speed of generation. (A grammar of the
tokens would need only one call, but takes twice as long: each token is tested against the grammar.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.errors import StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb
from sim.stage.providers import bounds
from sim.stage.providers.faults import malformed
from sim.stage.providers.openai import Server, Unsupported

_FORCED = 1e6
_SOME, _ALL = 1000, 1 << 24
_LEAST = -1e30
"""Below every logarithm of a probability: the server's number for one that is 0 in its floats."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its number, and the bytes that it stands for."""

    number: int
    piece: bytes

    @property
    def whole(self) -> bool:
        """Whether it consists of whole letters.

        >>> Token(7, "é".encode()).whole, Token(8, "é".encode()[:1]).whole
        (True, False)
        """
        try:
            return bool(self.piece.decode())
        except UnicodeDecodeError:
            return False


@dataclass(frozen=True, slots=True)
class Forced:
    """The log-probabilities of the last tokens of a text. ``exact`` says that they begin with it.

    >>> Forced((-1.0, -0.5), exact=True).log_prob
    LogProb(value=-1.5, tokens=2, exact=True)
    """

    log_probs: tuple[float, ...]
    exact: bool

    @property
    def log_prob(self) -> LogProb:
        """The sum."""
        return LogProb(sum(self.log_probs), len(self.log_probs), self.exact)


async def score(server: Server, prompt: str, text: str) -> Forced | str:
    """The log-probabilities of a text after a prompt, or why there are none.

    Raises what ``Server.post`` does: ``Unsupported`` or ``StageClosed`` (``not-found``) for a
    server that is not llama.cpp's.
    """
    tokens = await tokenize(server, prompt + text)
    found = first_covering([token.piece for token in tokens], text.encode("utf-8", "replace"))
    if isinstance(found, str):
        return found
    first, exact = found
    numbers = [token.number for token in tokens]
    if first == 0:
        return "the first token of all has no probability: the prompt is blank"
    whole = next((each.number for each in tokens[::-1] if each.whole), numbers[0])
    log_probs = []
    for place in range(first, len(numbers)):
        value = await _forced(server, numbers[:place], numbers[place], whole)
        if value < _LEAST:
            return f"{tokens[place].piece!r} is less likely than the server's numbers can say"
        log_probs.append(value)
    return Forced(tuple(log_probs), exact)


def not_served(error: StageError) -> bool:
    """Whether an error says that the server is another than llama.cpp's: it has no such endpoints,
    or others of the same name."""
    return isinstance(error, Unsupported) or error.reason in ("not-found", "malformed")


async def tokenize(server: Server, text: str) -> list[Token]:
    """The tokens of a text, with what the model wants at its beginning."""
    order = {"content": text, "add_special": True, "parse_special": True, "with_pieces": True}
    response = await server.post(f"{root_of(server)}/tokenize", order)
    held = response.get("tokens")
    if not isinstance(held, list):
        raise malformed(server.label, "it holds no tokens")
    try:
        return [Token(int(each["id"]), _bytes(each["piece"])) for each in held]
    except (TypeError, KeyError, ValueError):
        raise malformed(server.label, "its tokens have no numbers and texts") from None


async def as_chat(server: Server, prompt: Prompt) -> str:
    """The text that a server makes of a prompt's messages, by the model's chat template."""
    said = [{"role": each.role, "content": each.text} for each in prompt.messages()]
    order = {"messages": said}
    response = await server.post(f"{root_of(server)}/apply-template", order)
    text = response.get("prompt")
    if not isinstance(text, str):
        raise malformed(server.label, "it holds no prompt")
    return text


def root_of(server: Server) -> str:
    """The address of llama.cpp's own endpoints, which lie beside those of the OpenAI protocol."""
    address = server.sampling.base_url or ""
    return address.rstrip("/").removesuffix("/v1")


def first_covering(pieces: Sequence[bytes], text: bytes) -> tuple[int, bool] | str:
    """The first of the last tokens that cover a text, and whether it begins with the text.

    Or why they do not cover it.

    >>> first_covering([b"<bos>", b"Ada:", b" Well", b"?"], b" Well?")
    (2, True)
    >>> first_covering([b"<bos>", b"Ada:", b" Well", b"?"], b"Well?")
    (2, False)
    """
    left = len(text)
    for place in range(len(pieces) - 1, -1, -1):
        if left <= 0:
            return place + 1, left == 0
        piece = pieces[place]
        start = left - len(piece)
        if text[max(start, 0) : left] != piece[max(-start, 0) :]:
            return "the tokens' texts do not add up to the text"
        left = start
    return (0, left == 0) if left <= 0 else "the tokens do not cover the text"


def _bytes(piece: object) -> bytes:
    """A piece as bytes: the server lists the bytes of those that are no whole letters."""
    if isinstance(piece, str):
        return piece.encode("utf-8", "surrogatepass")
    if isinstance(piece, list):
        return bytes(piece)
    raise TypeError(f"{piece!r} is no piece")


async def _forced(server: Server, before: Sequence[int], token: int, whole: int) -> float:
    """The log-probability of a token after others.

    ``whole`` is any token of whole letters. The server keeps back a token that ends within a
    letter, and its probability with it; then that of ``token`` is looked up in the list of
    alternatives to ``whole``, which takes longer, most of all if all tokens have to be listed.
    """
    answer = await _ask(server, before, token, 1)
    if answer is not None:
        number, value = _pair(server, answer)
        if number != token:
            raise malformed(server.label, f"it chose the token {number}, and {token} was forced")
        return value
    for count in (_SOME, _ALL):
        answer = await _ask(server, before, whole, count)
        listed = None if answer is None else answer.get("top_logprobs")
        if not isinstance(listed, list):
            break
        for each in listed:
            number, value = _pair(server, each)
            if number == token:
                return value
    raise malformed(server.label, f"it holds no probability of the token {token}")


async def _ask(
    server: Server, before: Sequence[int], token: int, count: int
) -> Mapping[str, Any] | None:
    """What the server says of a token that is forced; None if it says nothing."""
    order: dict[str, Any] = {
        "prompt": before,
        "n_predict": 1,
        "n_probs": count,
        "logit_bias": [[token, _FORCED]],
        "samplers": ["top_k"],
        "top_k": 1,
        "cache_prompt": True,
        "post_sampling_probs": False,
    }
    with bounds.at_most(bounds.SCORES):
        response = await server.post(f"{root_of(server)}/completion", order)
    said = response.get("completion_probabilities")
    if isinstance(said, list) and said and isinstance(said[0], Mapping):
        return said[0]
    return None


def _pair(server: Server, said: Mapping[str, Any]) -> tuple[int, float]:
    try:
        return int(said["id"]), float(said["logprob"])
    except (KeyError, TypeError, ValueError):
        raise malformed(server.label, "a token has no probability") from None
