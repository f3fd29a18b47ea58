"""The formats of language models and research tools know their own files, and nobody else's."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from backstage.foreign_files import SAMPLES, read, sample, stands_damage

from sim.errors import BadRequest
from sim.formats import Format, FormatError, ReadOptions
from sim.formats.chatgpt_account import CHATGPT
from sim.formats.claude_account import CLAUDE
from sim.formats.convokit import CONVOKIT
from sim.formats.inspect_logs import INSPECT
from sim.formats.json_rows import JSON_ROWS
from sim.formats.loom import LOOM
from sim.formats.openai_messages import OPENAI
from sim.formats.parquet import PARQUET
from sim.formats.petri import PETRI
from sim.formats.registry import head_of
from sim.formats.sharegpt import SHAREGPT

FORMATS: tuple[Format, ...] = (
    OPENAI, SHAREGPT, CLAUDE, CHATGPT, CONVOKIT, INSPECT, PETRI, JSON_ROWS, LOOM, PARQUET,
)  # fmt: skip
BY_NAME = {form.name: form for form in FORMATS}
TEXTS = [name for name in SAMPLES if name not in ("convokit", "inspect log") and "zip" not in name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_fits_its_own_format_and_no_other(name: str, tmp_path: Path) -> None:
    own = SAMPLES[name][0]
    head = head_of(sample(name, tmp_path))
    assert BY_NAME[own].fits(head) >= 0.7
    assert {
        form.name: form.fits(head) for form in FORMATS if form.name != own and form.fits(head)
    } == {}


@pytest.mark.parametrize(
    "text", ["", "Ann: Hello.", "[]", "{}", '{"a": 1}', "[1, 2]", "null", "\x00"]
)
def test_no_format_claims_what_is_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "it.json"
    path.write_text(text)
    assert [form.name for form in FORMATS if form.fits(head_of(path))] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_gives_records_or_an_error_that_tells_the_fix(
    name: str, tmp_path: Path
) -> None:
    stands_damage(BY_NAME[SAMPLES[name][0]], sample(name, tmp_path))


@pytest.mark.parametrize("name", TEXTS)
def test_a_mark_of_the_encoding_changes_nothing(name: str, tmp_path: Path) -> None:
    form = BY_NAME[SAMPLES[name][0]]
    path = sample(name, tmp_path)
    plain = read(form, path)
    assert plain
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert read(form, path) == plain
    assert form.fits(head_of(path)) >= 0.7
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("utf-16"))
    assert read(form, path) == plain


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_what_is_not_there_is_an_error(form: Format, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"there is no|pip install"):
        read(form, tmp_path / "nothing")


@pytest.mark.parametrize("form", [OPENAI, SHAREGPT, CLAUDE, CHATGPT, INSPECT, PETRI, LOOM],
                         ids=lambda form: form.name)  # fmt: skip
def test_json_of_another_kind_is_an_error(form: Format, tmp_path: Path) -> None:
    path = tmp_path / "it.json"
    for text in ('{"a": 1}', "[3]", '"x"', "[" * 5000, '{"a":' * 5000, "[{}]", "1" * 5000, "{"):
        path.write_text(text)
        with pytest.raises(FormatError, match=r"it\.json"):
            read(form, path)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_what_cannot_be_written_says_so(form: Format, tmp_path: Path) -> None:
    assert form.about
    if not form.loses:
        with pytest.raises(BadRequest, match=r"another format|instead"):
            form.write([], tmp_path / "it")


def test_the_line_of_a_mistake_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(
        '[\n{"conversations": [\n{"from": "a", "value": "b"}\n]},\n{"conversations" 3}]'
    )
    with pytest.raises(FormatError, match=r"data\.json, line 5: is no JSON"):
        read(SHAREGPT, path)
    path.write_text('[\n{"conversations": []},\n\n{"conversations": [{"value": "b"}]}]')
    with pytest.raises(
        FormatError, match=r"data\.json, line 4: conversations 1: there is no 'from'"
    ):
        read(SHAREGPT, path)
    path.write_bytes(b'{"conversations": []}\n{"conversations": "\xff"}')
    with pytest.raises(FormatError, match=r"data\.json, line 2: is no text in utf-8"):
        read(SHAREGPT, path, ReadOptions())
