"""Slack's exports: a folder, or the zip of it, with a folder for each channel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import FormatError, Head, Reading, ReadOptions, wrong
from sim.formats.namesakes import Namesakes
from sim.formats.slack_export import LISTS, USERS, Export, opened_export

_DAY: Final = re.compile(r"(?:^|/)\d{4}-\d\d-\d\d\.json")
_SPOKEN: Final = (None, "", "bot_message", "me_message", "thread_broadcast", "reply_broadcast",
                  "file_share")  # fmt: skip
"""The subtypes of messages that somebody wrote."""

_REFERENCE: Final = re.compile(r"<([^<>]*)>")
_TIME: Final = re.compile(r"(\d{1,10})(?:\.(\d{1,6}))?")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


class Slack:
    """A workspace of Slack as its owner exports it: the zip, or the folder unpacked from it.

    The form is that of Slack's "How to read Slack data exports": ``channels.json`` (and
    ``groups.json``, ``mpims.json``, ``dms.json``) name the conversations, ``users.json`` the
    people; each conversation has a folder with a file a day, ``general/2023-12-31.json``, which is
    a list of messages with ``user``, ``text``, ``ts``, ``thread_ts`` and ``subtype``. One
    conversation a channel, in the order of time; what is said in a thread answers its beginning.
    People are called by their display name, else their real name; a second one of the same name
    gets the user name behind it, in brackets. Mentions become ``@Ann`` and ``#general``, links
    their label or their address, and ``&amp;`` ``&lt;`` ``&gt;`` the signs. Times are UTC.

    Left out are messages with a subtype that nobody wrote (people who join or leave, new topics,
    pins, files that were taken away), messages without text, attachments, blocks, files and
    reactions. It was written from the published form and not tried on a real export.
    """

    name = "slack"
    about = "a workspace exported by Slack: the zip or the folder"
    loses = ""
    tried = False

    def fits(self, head: Head) -> float:
        """By the names of the files in it."""
        ends = {name.rpartition("/")[2] for name in head.names}
        days = any(_DAY.search(name) for name in head.names)
        if any(name in ends for name in LISTS):
            return 0.95
        # Others, too, put a users.json into a zip.
        if any(name in ends for name in USERS):
            return 0.8 if days else 0.0
        return 0.6 if days else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The channels one after the other. Raises ``FormatError`` with the file in the export."""
        with opened_export(path) as export:
            folders = export.folders()
            if not folders:
                raise FormatError(
                    f"{path}: holds no messages of Slack, as general/2023-12-31.json; give the "
                    "folder or the zip that Slack exported"
                )
            workspace = _Workspace(export, how)
            left_out: Counter[str] = Counter()
            for folder in folders:
                title = workspace.resolved(workspace.titles.get(folder, ""))
                yield About(folder, title=title or folder)
                for day in export.days(folder):
                    where = export.path(day)
                    for line, message in export.values(day, how):
                        said = _said(message, workspace, folder, where, line, left_out)
                        if said is not None:
                            yield said
            return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Not written. Raises ``BadRequest``."""
        raise BadRequest(f"--format {self.name}: is only read; write csv or script")


def _said(
    message: Any,
    workspace: _Workspace,
    folder: str,
    path: Path,
    line: int,
    left_out: Counter[str],
) -> Utterance | None:
    """What a message says; None if nobody says anything in it."""
    if not isinstance(message, dict):
        raise wrong(path, line, "a message is no object; export it again")
    subtype = message.get("subtype")
    if message.get("type", "message") != "message" or subtype not in _SPOKEN:
        left_out["notices"] += 1
        return None
    text = message.get("text") or ""
    if not isinstance(text, str):
        raise wrong(path, line, "the text of a message is no string; export it again")
    if not text.strip():
        left_out["messages without text"] += 1
        return None
    speaker = workspace.speaker(message)
    if not speaker:
        raise wrong(path, line, "there is no speaker; give the message a user or a bot_id")
    name, thread = message.get("ts"), message.get("thread_ts")
    at = _time(name)
    if not at:
        raise wrong(path, line, f"ts is {name!r:.40} and no time; write it as 1704057302.000100")
    return Utterance(
        speaker,
        workspace.resolved(text),
        conversation=folder,
        at=at,
        name=str(name),
        answers=thread if isinstance(thread, str) and thread != name else "",
        line=line,
    )


class _Workspace:
    """The people and the channels of a workspace, by their numbers.

    ``titles`` are what channels are about, by name and by number.
    """

    def __init__(self, export: Export, how: ReadOptions) -> None:
        self._names = Namesakes()
        self._people: dict[str, str] = {}
        self._channels: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        for file in USERS:
            for line, user in export.values(file, how):
                if not isinstance(user, dict) or not isinstance(user.get("id"), str):
                    raise wrong(export.path(file), line, "a user has no id; export it again")
                self._people[user["id"]] = self._called(user["id"], user)
        for file in LISTS:
            for line, channel in export.values(file, how):
                number = channel.get("id") if isinstance(channel, dict) else None
                if not isinstance(number, str):
                    raise wrong(export.path(file), line, "a channel has no id; export it again")
                name = channel.get("name")
                self._channels[number] = name if isinstance(name, str) and name else number
                about = [channel.get(fact) for fact in ("topic", "purpose")]
                told = [each.get("value") for each in about if isinstance(each, dict)]
                title = next((each for each in told if isinstance(each, str) and each), "")
                self.titles[number] = self.titles[self._channels[number]] = title

    def _called(self, number: str, user: dict[str, Any]) -> str:
        profile = user.get("profile")
        inner = profile if isinstance(profile, dict) else {}
        handle = user.get("name")
        given = (inner.get("display_name"), user.get("display_name"), inner.get("real_name"),
                 user.get("real_name"), handle)  # fmt: skip
        name = next((each for each in given if isinstance(each, str) and each.strip()), number)
        return self._names.called(number, name, handle if isinstance(handle, str) else "")

    def speaker(self, message: dict[str, Any]) -> str:
        """Who wrote a message; blank if it does not say so."""
        number = message.get("user")
        if isinstance(number, str) and number:
            profile = message.get("user_profile")
            if number not in self._people and isinstance(profile, dict):
                self._people[number] = self._called(number, profile)
            return self._people.get(number, number)
        profile = message.get("bot_profile")
        bot = profile.get("name") if isinstance(profile, dict) else ""
        names = (message.get("username"), bot, message.get("bot_id"))
        return next((name for name in names if isinstance(name, str) and name.strip()), "")

    def resolved(self, text: str) -> str:
        """A text with mentions, links and entities as a reader sees them."""
        text = _REFERENCE.sub(self._shown, text)
        for entity, sign in _ENTITIES:
            text = text.replace(entity, sign)
        return text

    def _shown(self, reference: re.Match[str]) -> str:
        target, _, label = reference[1].partition("|")
        if target.startswith("@"):
            return f"@{self._people.get(target[1:], label or target[1:])}"
        if target.startswith("#"):
            return f"#{self._channels.get(target[1:], label or target[1:])}"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        return label or target


def _time(ts: Any) -> str:
    """A ``ts``, of seconds since 1970, in ISO 8601; blank if it is none.

    >>> _time("1355517523.000005")
    '2012-12-14T20:38:43.000005+00:00'
    """
    found = _TIME.fullmatch(ts) if isinstance(ts, str) else None
    if found is None:
        return ""
    parts = timedelta(seconds=int(found[1]), microseconds=int((found[2] or "").ljust(6, "0")))
    return (datetime.fromtimestamp(0, UTC) + parts).isoformat()


SLACK = Slack()
