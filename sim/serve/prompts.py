"""What a client sent, as a prompt of chunks.

In process a prompt is a chain of chunks, one for each turn, and the stage caches what it has read
up to each of them. Over the protocol the same prompt comes as a few long messages, or as one text.
Here it is cut into the same chunks, so that the stage reads the same lines, and each only once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.layouts.prompt import Prompt, Role
from sim.serve.requests import Message
from sim.stage.exact.script import names_a_speaker, read_parts

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

NOBODY = "Somebody"
"""The speaker of a prompt that names none. With it the assistant's messages are its own lines."""


def of_text(text: str) -> Prompt:
    """The prompt of a completion."""
    return _chained([("text", piece) for piece in pieces(text)] or [("text", "")])


def of_messages(messages: Sequence[Message]) -> tuple[Prompt, str]:
    """The prompt of a chat, and who speaks if the prompt does not say it."""
    chunks: list[tuple[Role, str]] = []
    named = False
    for message in messages:
        role = _ROLES[message.role]
        text = message.text
        if role == "user":
            if message.name and not text.startswith(f"{message.name}:"):
                text = f"{message.name}: {text}"
            chunks += [(role, piece) for piece in pieces(text)] or [(role, "")]
        else:
            chunks.append((role, text))
        named = named or (role != "assistant" and names_a_speaker(text))
    return _chained(chunks), "" if named else NOBODY


def pieces(text: str) -> Iterator[str]:
    """A text cut where a part begins that says what it is: a line with its speaker, say.

    Put together, the pieces are the text; read one after the other, they say what it says.

    >>> list(pieces("Ada: One.\\n\\nAnd two.\\n\\nBen: Three.\\n\\nAda:"))
    ['Ada: One.\\n\\nAnd two.\\n\\n', 'Ben: Three.\\n\\nAda:']
    """
    begun = at = 0
    while True:
        gap = text.find("\n\n", at)
        if gap < 0:
            break
        at = gap + 2
        end = text.find("\n\n", at)
        paragraph = text[at:] if end < 0 else text[at:end]
        if paragraph.strip() and _says_what_it_is(paragraph):
            yield text[begun:at]
            begun = at
    if begun < len(text):
        yield text[begun:]


def _says_what_it_is(paragraph: str) -> bool:
    parts = read_parts(paragraph)
    # A cue is not cut off: after a question off stage it says who is asked.
    return (
        bool(parts)
        and (parts[0].speaker != "" or parts[0].kind != "line")
        and (parts[0].kind != "cue")
    )


def _chained(chunks: Sequence[tuple[Role, str]]) -> Prompt:
    prompt: Prompt | None = None
    for role, text in chunks:
        # Not then(): nobody will extend this prompt object again.
        prompt = Prompt(prompt, role, text)
    assert prompt is not None  # a body has at least one message
    return prompt
