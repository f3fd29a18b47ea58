"""WhatsApp's chats: headers of many countries, days and months, and what nobody said."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from backstage.chats import said, saved, told

from sim.formats.conversation import About, Utterance
from sim.formats.format import FormatError, ReadOptions
from sim.formats.whatsapp import WHATSAPP
from sim.formats.whatsapp_lines import header_of


def _read(folder: Path, text: str) -> list[tuple[str, str, str]]:
    path = folder / "_chat.txt"
    path.write_text(text, encoding="utf-8")
    return [(each.speaker, each.text, each.at) for each in said(WHATSAPP, path)]


def test_a_chat_of_an_american_telephone(tmp_path: Path) -> None:
    path = saved(tmp_path, "whatsapp, US")
    assert said(WHATSAPP, path) == [
        Utterance("Ann", "Hello\nthere\n\nBen: you?", at="2023-12-31T21:15:02", line=2),
        Utterance("Ben", "A good year", at="2024-01-01T00:01:00", line=7),
    ]
    assert told(WHATSAPP, path) == []


def test_a_chat_of_a_german_telephone(tmp_path: Path) -> None:
    assert said(WHATSAPP, saved(tmp_path, "whatsapp, German")) == [
        Utterance("+49 170 1234567", "Hallo: du", at="2023-12-31T21:15:00", line=3),
        Utterance("Ann", "Schönes Jahr", at="2024-01-01T00:01:00", line=5),
    ]


def test_a_name_may_hold_a_colon(tmp_path: Path) -> None:
    turns = said(WHATSAPP, saved(tmp_path, "whatsapp, Swedish"))
    assert [(each.speaker, each.text) for each in turns] == [
        ("Åsa", "Hej"), ("Dr: Bo", "Hej: hej"), ("Dr: Bo", "Gott nytt år"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("[12/31/23, 9:15:02\u202fPM] Ann: x", "2023-12-31T21:15:02"),
        ("\u200e[31.12.2023, 21:15:02] Ann: x", "2023-12-31T21:15:02"),
        ("[31.12.2023 klo 21.15.02] Ann: x", "2023-12-31T21:15:02"),
        ("31.12.23, 21:15 - Ann: x", "2023-12-31T21:15:00"),
        ("31.12.23 um 21:15 – Ann: x", "2023-12-31T21:15:00"),
        ("31/12/2023 21:15 - Ann: x", "2023-12-31T21:15:00"),
        ("31/12/2023 às 21:15 - Ann: x", "2023-12-31T21:15:00"),
        ("31/12/23, 9:15 p.\u00a0m. - Ann: x", "2023-12-31T21:15:00"),
        ("31-12-2023 21:15 - Ann: x", "2023-12-31T21:15:00"),
        ("2023-12-31, 21:15 - Ann: x", "2023-12-31T21:15:00"),
        ("2023/12/31, 9:15 am - Ann: x", "2023-12-31T09:15:00"),
        ("2023. 12. 31. 오후 9:15, Ann : x", "2023-12-31T21:15:00"),
        ("2023/12/31 下午9:15 - Ann: x", "2023-12-31T21:15:00"),
    ],
)
def test_headers_of_many_countries(line: str, at: str, tmp_path: Path) -> None:
    assert _read(tmp_path, line) == [("Ann", "x", at)]


@pytest.mark.parametrize(
    "line",
    ["Ann: x", "10:15 - Ann: x", "31.12 Ann: x", "[10:32] Ann: x", "", "31.12.2023 - Ann: x",
     "12/12/2023, 21:15 PM - Ann: x"],
)  # fmt: skip
def test_what_begins_no_message(line: str) -> None:
    assert header_of(line) is None


def test_one_day_beyond_the_twelfth_decides_for_all(tmp_path: Path) -> None:
    day = "01/02/23, 10:00 - Ann: x\n{}, 10:00 - Ann: y\n"
    assert _read(tmp_path, day.format("13/02/23"))[0][2] == "2023-02-01T10:00:00"
    assert _read(tmp_path, day.format("02/13/23"))[0][2] == "2023-01-02T10:00:00"
    assert told(WHATSAPP, tmp_path / "_chat.txt") == []


def test_dates_that_nothing_proves_are_read_in_order_and_told(tmp_path: Path) -> None:
    # Day first, the second would be sent before the first.
    assert _read(tmp_path, "01/12/23, 10:00 - Ann: x\n02/01/23, 10:00 - Ann: y\n")[0][2] == (
        "2023-01-12T10:00:00"
    )
    (about,) = told(WHATSAPP, tmp_path / "_chat.txt")
    assert about == About(setting="WhatsApp, its dates read month first, which no date proves")
    assert _read(tmp_path, "[1/2/23, 9:15:02 PM] Ann: x")[0][2] == "2023-01-02T21:15:02"
    assert _read(tmp_path, "1/2/23, 21:15 - Ann: x")[0][2] == "2023-02-01T21:15:00"


def test_a_day_that_cannot_be_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"line 2: there is no such day"):
        _read(
            tmp_path, "31/12/23, 10:00 - Ann: x\n12/31/23, 10:00 - Ann: y\n31/12/23, 11:00 - A: z\n"
        )


def test_a_pasted_chat_of_another_form_is_text(tmp_path: Path) -> None:
    text = (
        "31.12.23, 10:00 - Ann: look:\n[12/30/23, 9:15:02 PM] Ben: no\n31.12.23, 10:01 - Ben: so\n"
    )
    assert [each[:2] for each in _read(tmp_path, text)] == [
        ("Ann", "look:\n[12/30/23, 9:15:02 PM] Ben: no"), ("Ben", "so"),
    ]  # fmt: skip


def test_pictures_go_and_what_is_written_under_them_stays(tmp_path: Path) -> None:
    text = (
        "31.12.23, 10:00 - Ann: \u200eIMG-20231231-WA0001.jpg (file attached)\nThe sea\n"
        "31.12.23, 10:01 - Ann: voice.opus (Datei angehängt)\n"
        "31.12.23, 10:02 - Ben: This message was deleted\n"
        "31.12.23, 10:03 - Ben: the \u202amap\u202c \u200e<attached: 1.pdf>\n"
        "31.12.23, 10:04 - Ben: null\n"
    )
    assert [each[:2] for each in _read(tmp_path, text)] == [("Ann", "The sea"), ("Ben", "the map")]


def test_no_sender_and_no_date_end_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="line 1: there is no sender"):
        _read(tmp_path, "31.12.23, 10:00 - \u200e: x")
    with pytest.raises(FormatError, match="line 2: there is no date before the text"):
        _read(tmp_path, "\nHello\n31.12.23, 10:00 - Ann: x")
    with pytest.raises(FormatError, match="no line begins with a date"):
        _read(tmp_path, "Ann: Hello")


def test_a_long_chat_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "_chat.txt"
    with path.open("w") as file:
        file.writelines(
            f"{turn % 28 + 1}/12/2023, {turn % 24}:15 - {'AB'[turn % 2]}: {turn}: {'word ' * 200}\n"
            for turn in range(5_000)
        )
    assert path.stat().st_size > 5_000_000
    tracemalloc.start()
    try:
        assert len([1 for _ in WHATSAPP.read(path, ReadOptions())]) == 5_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
