"""Small exports of other people's chats, as their programs write them, and how to damage them."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.formats.conversation import About, Utterance
from sim.formats.format import HEAD, Format, FormatError, Head, ReadOptions


def packed(files: dict[str, Any]) -> bytes:
    """A zip of JSON files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in files.items():
            archive.writestr(name, json.dumps(value, indent=1))
    return held.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


TELEGRAM_CHAT = {
    "name": "Ann",
    "type": "personal_chat",
    "id": 4711,
    "messages": [
        {"id": 1, "type": "service", "date": "2023-12-31T21:14:00", "actor": "Ann",
         "actor_id": "user1", "action": "phone_call", "text": ""},
        {"id": 2, "type": "message", "date": "2023-12-31T21:15:00", "from": "Ann",
         "from_id": "user1", "text": "Guten Abend,\n\nBen: bist du da?"},
        {"id": 3, "type": "message", "date": "2023-12-31T21:16:00", "from": None,
         "from_id": "user2", "reply_to_message_id": 2,
         "text": ["See ", {"type": "link", "text": "https://example.org"}, " 🙂"]},
        {"id": 4, "type": "message", "date": "2023-12-31T21:17:00", "from": "Ann",
         "from_id": "user1", "photo": "photos/1.jpg", "text": ""},
        {"id": 5, "type": "message", "date": "2023-12-31T21:18:00", "from": "Ann",
         "from_id": "user3", "text": "何?"},
    ],
}  # fmt: skip

TELEGRAM_ACCOUNT = {
    "about": "Here is the data you requested.",
    "personal_information": {"user_id": 1, "first_name": "Zoë"},
    "contacts": {"about": "x", "list": [{"name": "not a chat", "id": 1, "messages": []}] * 3},
    "chats": {
        "about": "This page lists all chats.",
        "list": [
            TELEGRAM_CHAT,
            TELEGRAM_CHAT | {"id": 4712},
            {"type": "personal_chat", "id": 9, "messages": TELEGRAM_CHAT["messages"]},
        ],
    },
}

SLACK_FILES: dict[str, Any] = {
    "channels.json": [
        {"id": "C1", "name": "general", "topic": {"value": ""},
         "purpose": {"value": "All of it, <@U1>"}, "members": ["U1"]},
        {"id": "C2", "name": "Küche", "topic": {"value": "Tee"}, "members": []},
    ],
    "dms.json": [{"id": "D1", "members": ["U1", "U2"]}],
    "users.json": [
        {"id": "U1", "name": "ann.b", "profile": {"display_name": "Ann", "real_name": "Ann Berg"}},
        {"id": "U2", "name": "ann.c", "profile": {"display_name": "", "real_name": "Ann"}},
        {"id": "U3", "name": "ōsaka"},
    ],
    "general/2023-12-31.json": [
        {"type": "message", "subtype": "channel_join", "user": "U1", "text": "has joined",
         "ts": "1704057300.000100"},
        {"type": "message", "user": "U1", "text": "Hi <@U2>, see <#C2|> &amp; <https://x.org|x>!",
         "ts": "1704057302.000100", "thread_ts": "1704057302.000100"},
        {"type": "message", "user": "U2", "text": "&lt;no&gt;, <@U9|nobody>, <!here>: <https://y.z>",
         "ts": "1704057303.000100", "thread_ts": "1704057302.000100"},
        {"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "Robot",
         "text": "Beep.", "ts": "1704057304.000100"},
        {"type": "message", "user": "U3", "text": "", "files": [{}], "ts": "1704057305.000100"},
    ],
    "general/2024-01-01.json": [
        {"type": "message", "user": "U7", "text": "New\nyear", "ts": "1704067200.000000",
         "user_profile": {"display_name": "Zoë", "name": "zoe"}},
    ],
    "Küche/2023-12-31.json": [
        {"type": "message", "user": "U3", "text": "お茶", "ts": "1704057306.000100"},
    ],
    "D1/2023-12-31.json": [],
}  # fmt: skip

DISCORD_CHANNEL = {
    "guild": {"id": "1", "name": "The Crew"},
    "channel": {"id": "2", "type": "GuildTextChat", "category": "Text", "name": "deck",
                "topic": "What we see"},
    "dateRange": {"after": None, "before": None},
    "exportedAt": "2024-01-01T00:00:00+00:00",
    "messages": [
        {"id": "10", "type": "GuildMemberJoin", "timestamp": "2023-12-31T21:14:00.123+01:00",
         "content": "Joined the server.", "author": {"id": "7", "name": "ann", "nickname": "Ann"}},
        {"id": "11", "type": "Default", "timestamp": "2023-12-31T21:15:00.123+01:00",
         "content": "Land!\n\nBen: look", "attachments": [], "embeds": [],
         "author": {"id": "7", "name": "ann", "discriminator": "0000", "nickname": "Ann",
                    "isBot": False, "roles": []}},
        {"id": "12", "type": "Reply", "timestamp": "2023-12-31T21:16:00+01:00", "content": "Où?",
         "author": {"id": "8", "name": "ann_b", "nickname": "Ann", "isBot": False},
         "reference": {"messageId": "11", "channelId": "2", "guildId": "1"}},
        {"id": "13", "type": "20", "timestamp": "2023-12-31T21:17:00+01:00", "content": "海",
         "author": {"id": "9", "name": "Robot", "nickname": None, "isBot": True}},
        {"id": "14", "type": "Default", "timestamp": "2023-12-31T21:18:00+01:00", "content": "",
         "author": {"id": "9", "name": "Robot", "isBot": True}},
    ],
    "messageCount": 5,
}  # fmt: skip

SAMPLES: dict[str, tuple[str, str, bytes]] = {
    "script": ("script", "play.txt", b"Ann: Hello, Ben.\n\nBen: No.\nNot now.\n\nAnn: Why?\n"),
    "script, German": (
        "script", "stück.md",
        "# Das Stück\n\n**Ärztin:** Wie?\n\n„So“, sagte er.\n\n"
        "**Herr Groß** (leise): Nein.\n\n**Ärztin:** Doch.\n".encode(),
    ),
    "script, Japanese": (
        "script", "劇.txt", "ミカ：こんにちは\nケン：うん\nミカ：またね\n".encode(),
    ),
    "script, headings": (
        "script", "talk.md",
        b"# Ships\n\n### Ann\n\nOne.\n\nTwo.\n\n### Ben\n\nNo.\n\n### Ann\n\nOh.\n",
    ),
    "script, log": (
        "script", "log.txt", b"[10:32] <ann> hi: you\n[10:33] <ben> oh\n[10:34] <ann> ok\n",
    ),
    "script, capitals": (
        "script", "act.txt", "ANN — Here.\nBEN — Where?\nANN — There.\n".encode(),
    ),
    "whatsapp, US": (
        "whatsapp", "_chat.txt",
        "[12/31/23, 9:14:00\u202fPM] Crew: \u200eMessages and calls are end-to-end encrypted.\r\n"
        "[12/31/23, 9:15:02\u202fPM] Ann: Hello\r\nthere\r\n\r\nBen: you?\r\n"
        "\u200e[12/31/23, 9:16:00\u202fPM] Ben: \u200eimage omitted\r\n"
        "[1/1/24, 12:01:00\u202fAM] Ben: A good year \u200e<This message was edited>\r\n".encode(),
    ),
    "whatsapp, German": (
        "whatsapp", "WhatsApp Chat mit Ann.txt",
        "31.12.23, 21:14 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.\n"
        "31.12.23, 21:14 - Ann hat den Betreff zu „Boot: groß“ geändert\n"
        "31.12.23, 21:15 - \u202a+49 170 1234567\u202c: Hallo: du\n"
        "31.12.23, 21:16 - Ann: <Medien ausgeschlossen>\n"
        "01.01.24, 00:01 - Ann: Schönes Jahr\n".encode(),
    ),
    "whatsapp, Swedish": (
        "whatsapp", "chatt.txt",
        "2023-12-31, 21:15 - Åsa: Hej\n2023-12-31, 21:16 - Dr: Bo: Hej: hej\n"
        "2024-01-01, 00:01 - Dr: Bo: Gott nytt år\n".encode(),
    ),
    "whatsapp, British": (
        "whatsapp", "chat.txt",
        b"31/12/2023 21:14 - Ann added Ben\n31/12/2023 21:15 - Ann: Hello\n"
        b"01/01/2024 00:01 - Ben: <Media omitted>\n01/01/2024 00:02 - Ben: Hi\n",
    ),
    "whatsapp, Korean": ("whatsapp", "chat.txt", "2023. 12. 31. 오후 9:15, 민수 : 안녕\n".encode()),
    "telegram, chat": ("telegram", "result.json", _json(TELEGRAM_CHAT)),
    "telegram, account": ("telegram", "result.json", _json(TELEGRAM_ACCOUNT)),
    "telegram, one line": ("telegram", "small.json", json.dumps(TELEGRAM_CHAT).encode()),
    "slack, zip": ("slack", "export.zip", packed(SLACK_FILES)),
    "slack, packed folder": (
        "slack", "export.zip", packed({f"crew/{name}": of for name, of in SLACK_FILES.items()}),
    ),
    "discord, JSON": ("discord", "deck.json", _json(DISCORD_CHANNEL)),
    "discord, direct": (
        "discord", "direct.json",
        _json(DISCORD_CHANNEL | {"guild": {"id": "0", "name": "Direct Messages"}}),
    ),
    "discord, CSV": (
        "discord", "deck.csv",
        '\ufeffAuthorID,Author,Date,Content,Attachments,Reactions\n'
        '"7","ann","2023-12-31T21:14:00.1230000+01:00","Joined the server.","",""\n'
        '"7","ann","2023-12-31T21:15:00.1230000+01:00","Land!\n\n""Ben: look""","",""\n'
        '"8","zoë","31-Dec-23 09:16 PM","Où, là?","https://x.org/1.png","👍 (1)"\n'.encode(),
    ),
}  # fmt: skip
"""By what it shows: the format, the name of the file, and its bytes."""


def saved(folder: Path, sample: str) -> Path:
    """A sample as a file."""
    _, name, data = SAMPLES[sample]
    path = folder / name
    path.write_bytes(data)
    return path


def head(path: Path) -> Head:
    """The beginning of a file, as the command reads it."""
    data = path.read_bytes()[:HEAD]
    names: tuple[str, ...] = ()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            names = tuple(archive.namelist())
    return Head(path, data, names)


def said(reader: Format, path: Path, how: ReadOptions | None = None) -> list[Utterance]:
    """The utterances of a file."""
    records = reader.read(path, how or ReadOptions())
    return [record for record in records if isinstance(record, Utterance)]


def told(reader: Format, path: Path, how: ReadOptions | None = None) -> list[About]:
    """What a file tells about its conversations."""
    records = reader.read(path, how or ReadOptions())
    return [record for record in records if isinstance(record, About)]


def damaged(data: bytes, times: int = 100, seed: int = 1) -> Iterator[bytes]:
    """The bytes with one of them changed, left out or put in twice, or cut off there."""
    draw = random.Random(seed)
    for _ in range(times):
        at = draw.randrange(len(data))
        yield draw.choice((
            data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :],
            data[:at] + data[at + 1 :],
            data[:at] + data[at : at + 1] + data[at:],
            data[:at],
        ))  # fmt: skip


def survives_damage(reader: Format, sample: str, folder: Path) -> int:
    """Read a sample in a hundred damaged forms; how many raised ``FormatError``.

    Anything but records with a speaker and a text, or that error with the file's name, fails.
    """
    path = saved(folder, sample)
    whole = path.read_bytes()
    refused: list[str] = []
    for data in damaged(whole):
        path.write_bytes(data)
        try:
            for record in reader.read(path, ReadOptions()):
                if isinstance(record, Utterance):
                    assert record.speaker.strip(), data
                    assert record.text.strip(), data
                    record.text.encode()
        except FormatError as error:
            refused.append(str(error))
    for message in refused:
        assert message.startswith(str(path)), message
        assert ";" in message, message
    return len(refused)
