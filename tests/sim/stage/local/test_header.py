"""The metadata of a GGUF file, from files made here."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sim.stage.local.header import Header, read_header


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(*facts: tuple[str, int, bytes]) -> bytes:
    """A file with these metadata: a name, the kind of the value, and the value."""
    held = b"".join(text(name) + struct.pack("<I", kind) + value for name, kind, value in facts)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(facts)) + held


ARCHITECTURE = ("general.architecture", 8, text("tiny"))
CONTEXT = ("tiny.context_length", 4, struct.pack("<I", 2048))
TOKENS = ("tokenizer.tokens", 9, struct.pack("<IQ", 8, 2) + text("Ada") + text("é"))
SCORES = ("tokenizer.scores", 9, struct.pack("<IQ", 6, 3) + bytes(12))
NESTED = ("nested", 9, struct.pack("<IQ", 9, 2) + 2 * (struct.pack("<IQ", 0, 3) + bytes(3)))
TEMPLATE = ("tokenizer.chat_template", 8, text("{{ messages }}"))


def test_a_template_behind_arrays_is_found(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf(TOKENS, SCORES, NESTED, ARCHITECTURE, CONTEXT, TEMPLATE))
    assert read_header(file) == Header("tiny", 2048, "{{ messages }}")
    assert read_header(file).is_chat


def test_what_is_not_said_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf(TOKENS))
    assert read_header(file) == Header("unknown", None, None)


@pytest.mark.parametrize("cut", [20, 30, 60, 80])
def test_a_file_that_was_cut_is_an_error_with_a_reason(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf(ARCHITECTURE, CONTEXT, TEMPLATE)[:cut])
    with pytest.raises(ValueError, match="cannot be read"):
        read_header(file)
