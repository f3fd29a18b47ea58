"""The writer: groups of facts are committed whole, in the order of their making, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calls.journal import Call
from sim.errors import StoreFailed
from sim.events import Answer, Ended, Event, Failure, Turn, Usage
from sim.redaction import redact, redact_arguments, redact_tree
from sim.stage.base import Reply
from sim.store import (
    Writer,
    encode,
    encode_sorted,
    from_row,
    open_readonly,
    text_from_column,
    to_row,
)
from sim.store.rows import text_to_column


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer.open(tmp_path / "a.db")
    yield writer
    writer.close()


def events_in(path: Path) -> list[Event]:
    connection = open_readonly(path)
    rows = connection.execute("SELECT * FROM events ORDER BY trial, turn").fetchall()
    connection.close()
    return [from_row(row) for row in rows]


async def test_a_barrier_is_passed_when_all_before_it_is_committed(writer: Writer) -> None:
    turns = [Turn(index, "Ada", "Yes.") for index in range(1, 4)]
    for turn in turns:
        writer.event("t", turn)
    assert events_in(writer.path) == []
    await writer.barrier()
    assert events_in(writer.path) == turns
    await writer.barrier()  # nothing is waiting: no wait


async def test_one_tick_is_one_commit(writer: Writer) -> None:
    statements: list[str] = []
    writer.connection.set_trace_callback(statements.append)

    async def scene(name: str) -> None:
        for index in range(1, 6):
            writer.event(name, Turn(index, "Ada", "Yes."))
            await writer.barrier()

    await asyncio.gather(*(scene(f"trial {number}") for number in range(100)))
    assert statements.count("COMMIT") == 5
    assert len(events_in(writer.path)) == 500


async def test_one_waiter_that_is_cancelled_does_not_disturb_the_others(writer: Writer) -> None:
    async def scene(index: int) -> None:
        writer.event("t", Turn(index, "Ada", "Yes."))
        await writer.barrier()

    first = asyncio.create_task(scene(1))
    second = asyncio.create_task(scene(2))
    asyncio.get_running_loop().call_soon(first.cancel)
    await second
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_intents_come_and_go(writer: Writer) -> None:
    def intents() -> list[str]:
        return [key for (key,) in writer.connection.execute("SELECT key FROM intents ORDER BY 1")]

    for key in ("a", "b", "c"):
        writer.intent(Call(key, "t", 1, 1, "turn", "Ada"))
    await writer.barrier()
    assert intents() == ["a", "b", "c"]
    writer.reply("a", "t", Reply("Yes."))
    writer.settle("b")
    writer.settle("c")
    writer.intent(Call("c", "t", 1, 1, "turn", "Ada"))  # the last word counts
    await writer.barrier()
    assert intents() == ["c"]


async def test_closing_commits_what_waits(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "a.db")
    writer.event("t", Turn(1, "Ada", "Yes."))
    writer.close()
    writer.close()
    assert len(events_in(tmp_path / "a.db")) == 1
    await asyncio.sleep(0)  # the commit that was due finds the store closed


async def test_a_full_disk(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "a.db")
    (pages,) = writer.connection.execute("PRAGMA page_count").fetchone()
    writer.connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    stored = 0

    async def scene(name: str) -> None:
        nonlocal stored
        for index in range(1, 100):
            writer.event(name, Turn(index, "Ada", "word " * 200))
            await writer.barrier()
            stored += 1

    scenes = [scene(f"trial {number}") for number in range(5)]
    ends = await asyncio.gather(*scenes, return_exceptions=True)
    assert [type(end) for end in ends] == [StoreFailed] * 5
    message = str(ends[0])
    assert "full" in message
    assert "make room on the disk" in message
    assert "\n" not in message
    # Whoever comes later is told too, and nothing is queued into the void.
    with pytest.raises(StoreFailed):
        writer.event("later", Turn(1, "Ada", "Yes."))
    with pytest.raises(StoreFailed):
        await writer.barrier()
    writer.close()
    assert 0 < stored < 500
    assert len(events_in(tmp_path / "a.db")) == stored
    connection = sqlite3.connect(tmp_path / "a.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    Writer.open(tmp_path / "a.db").close()


async def test_two_events_in_one_place_are_a_defect_and_no_full_disk(tmp_path: Path) -> None:
    writer = Writer.open(tmp_path / "a.db")
    writer.event("t", Turn(1, "Ada", "Yes."))
    writer.event("t", Turn(1, "Ada", "No."))
    with pytest.raises(sqlite3.IntegrityError):
        await writer.barrier()
    writer.close()
    assert events_in(tmp_path / "a.db") == []


async def test_reading_while_writing(writer: Writer) -> None:
    reader = open_readonly(writer.path)
    for index in range(1, 4):
        writer.event("t", Turn(index, "Ada", "Yes."))
        await writer.barrier()
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (index,)
    reader.close()


# Any text that Python can hold, half surrogate pairs and NUL included.
texts = st.text(st.characters(codec=None, categories=None), max_size=20)
numbers = st.integers(0, 10**6)
usages = st.builds(Usage, numbers, numbers, numbers, st.none() | st.floats(0, 10))
seconds = st.floats(0, 100)
maybe = st.none() | st.booleans()
events = st.one_of(
    st.builds(
        Turn, numbers, texts, texts, st.none() | st.lists(texts).map(tuple), texts, texts, texts,
        st.lists(texts).map(tuple), maybe, usages, seconds,
    ),
    st.builds(
        Answer, numbers, texts, texts, st.none() | st.floats(-1, 1) | texts | st.lists(numbers),
        st.booleans(), numbers, texts, st.none() | texts, texts, maybe, usages, seconds,
    ),
    st.builds(Ended, numbers, texts, st.sampled_from(["done", "failed"])),
)  # fmt: skip


@given(events)
def test_an_event_survives_its_row(event: Event) -> None:
    row = to_row("t", event)
    assert from_row(row) == event
    row[6].encode()  # a payload can be written to any file


@given(texts)
def test_a_text_survives_its_column(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    column = connection.execute("SELECT ?", (text_to_column(text),)).fetchone()[0]
    connection.close()
    assert text_from_column(column) == text
    encode(text).encode()
    encode_sorted({text: [text]}).encode()


def test_a_failure_forgets_the_key_that_a_provider_quotes() -> None:
    failure = Failure(3, "Ada", "turn", "refused", "Incorrect API key: sk-abcd1234efgh5678ijkl")
    assert from_row(to_row("t", failure)) == Failure(
        3, "Ada", "turn", "refused", "Incorrect API key: [redacted]"
    )


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-Ab12_cd34EF56gh78",
        "sk-ant-api03-Zz99yy88xx77",
        "ghp_0123456789abcdefABCD",
        "hf_abcdefghijklmnopqr",
        "AIzaSyA1234567890abcdefghijklmnopqrstu",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_keys_are_blotted_out(secret: str) -> None:
    for text in (secret, f"key={secret}", f"({secret})", f"the key {secret}, which", f"x/{secret}"):
        assert secret not in redact(text)
    assert secret not in str(redact_tree({"a": [{"b": secret}], secret: 1}["a"]))
    assert secret not in " ".join(redact_arguments(["run", "--model", f"openai:x?key={secret}"]))


@pytest.mark.parametrize(
    "text",
    [
        "Ask for the risk-benefit ratio of a task-oriented desk-clerk.",
        "He kept the secret: the king is dead.",
        "openai:gpt-5-mini?temperature=0.7",
        "The password is swordfish, said the guard.",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_values_under_telling_names() -> None:
    assert redact_arguments(["--openai-api-key", "hush", "--seed", "7"]) == [
        "--openai-api-key", "[redacted]", "--seed", "7",
    ]  # fmt: skip
    assert redact_tree({"api_key": "hush", "seed": 7}) == {"api_key": "[redacted]", "seed": 7}
    assert redact("Authorization: Bearer abcdefgh12345") == "Authorization: Bearer [redacted]"


async def test_what_cannot_be_written_is_raised_and_never_waited_for(writer: Writer) -> None:
    """An error of any kind: a barrier that is never passed would hang the run for good."""
    writer.event("t\udcff", Turn(1, "Ada", "Yes."))
    with pytest.raises(UnicodeEncodeError):
        await asyncio.wait_for(writer.barrier(), 5)
    with pytest.raises(UnicodeEncodeError):
        writer.event("t", Turn(2, "Ada", "Yes."))
    assert not writer.connection.in_transaction


def test_a_closed_writer_leaves_nothing_to_the_garbage_collector(tmp_path: Path) -> None:
    """It collects in any thread, and SQLite lets only the one that opened a connection close it."""
    writer = Writer.open(tmp_path / "x.db")
    writer.close()
    assert not writer.store._closing.alive
