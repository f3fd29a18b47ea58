"""Prompts as chains of chunks: what the hash tells apart, and what a client is sent."""

from __future__ import annotations

import itertools
from typing import Any, get_args

from backstage.strategies import TEXT
from hypothesis import given
from hypothesis import strategies as st

from sim.layouts.prompt import Message, Prompt, Role

CHUNKS = st.lists(st.tuples(st.sampled_from(get_args(Role)), TEXT), min_size=1, max_size=6)


def chain(chunks: list[tuple[Any, str]]) -> Prompt:
    prompt = Prompt.start(*chunks[0])
    for role, text in chunks[1:]:
        prompt = prompt.then(role, text)
    return prompt


@given(CHUNKS, CHUNKS)
def test_the_digest_is_the_chain(one: list[Any], two: list[Any]) -> None:
    assert (chain(one).digest == chain(two).digest) == (one == two)


@given(CHUNKS, st.data())
def test_a_change_anywhere_changes_the_digest(chunks: list[Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chunks) - 1))
    role, text = chunks[at]
    before = chain(chunks).digest
    other_role = next(other for other in get_args(Role) if other != role)
    for changed in ((role, text + "."), (role, "." + text), (other_role, text)):
        assert chain([*chunks[:at], changed, *chunks[at + 1 :]]).digest != before
    # The same bytes with another boundary between chunks.
    cut = data.draw(st.integers(0, len(text)))
    split = [(role, text[:cut]), (role, text[cut:])]
    assert chain([*chunks[:at], *split, *chunks[at + 1 :]]).digest != before
    assert chain([*chunks, (role, "")]).digest != before


def test_known_digests() -> None:
    """Committed: every stored turn has one, and every cache is keyed by one."""
    prompt = Prompt.start("system", "You play Ada.")
    assert prompt.digest.hex() == "dffc48cff30e3a0feb57d94f8445b356"
    assert (
        prompt.then("user", "Ben: Grüß dich 🫨").digest.hex() == "bafa4aef873c91fdb18473d366da2921"
    )


@given(CHUNKS)
def test_messages_coalesce_neighbours_of_one_role(chunks: list[Any]) -> None:
    prompt = chain(chunks)
    messages = prompt.messages()
    roles = [message.role for message in messages]
    assert all(one != two for one, two in itertools.pairwise(roles))
    assert "".join(message.text for message in messages) == prompt.joined()
    assert prompt.joined() == "".join(text for _, text in chunks)
    for role in get_args(Role):
        mine = "".join(text for other, text in chunks if other == role)
        assert "".join(message.text for message in messages if message.role == role) == mine


def test_messages_of_an_example() -> None:
    chunks = [("system", "S"), ("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d")]
    told = [("system", "S"), ("user", "ab"), ("assistant", "c"), ("user", "d")]
    assert chain(chunks).messages() == [Message(role, text) for role, text in told]


@given(CHUNKS, st.sampled_from(get_args(Role)), TEXT, TEXT)
def test_growing_leaves_what_was_there(chunks: list[Any], role: Any, one: str, two: str) -> None:
    prompt = chain(chunks)
    before = (prompt.digest, prompt.depth, prompt.joined(), prompt.messages())
    first, second = prompt.then(role, one), prompt.then(role, two)
    again = prompt.then(role, one)
    assert (prompt.digest, prompt.depth, prompt.joined(), prompt.messages()) == before
    assert again.digest == first.digest
    assert (first.digest == second.digest) == (one == two)
    assert first.parent is second.parent is prompt
    assert [(chunk.role, chunk.text) for chunk in first.chunks()] == [*chunks, (role, one)]
    assert first.depth == len(first.chunks())


def test_the_latest_continuation_is_one_object() -> None:
    prompt = Prompt.start("system", "S")
    first = prompt.then("user", "a")
    assert prompt.then("user", "a") is first
    assert prompt.then("user", "b") is not first
    assert prompt.then("assistant", "b") is not prompt.then("user", "b")
