"""What a row of a table of utterances holds, once its cells are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import FormatError
from sim.formats.json_files import sound


def row(
    cells: Mapping[str, Any],
    titles: dict[str, str],
    wrong: Callable[[str], FormatError],
    line: int = 0,
) -> Iterator[About | Utterance]:
    """An utterance, by the keys of ``delimited.NAMES``, and the title of its conversation if it has
    not been told before (``titles`` are those that were). ``wrong`` makes the error of a place."""
    told = {what: text_of(value) for what, value in cells.items() if what != "audience"}
    if not told["speaker"].strip():
        raise wrong("there is no speaker; name one, or leave the row out")
    conversation = told.get("conversation", "")
    title = told.get("title", "")
    if title and titles.get(conversation) != title:
        titles[conversation] = title
        yield About(conversation, title=title)
    heard = cells.get("audience")
    audience = None
    if isinstance(heard, list):
        audience = tuple(text_of(each) for each in heard)
    elif heard:
        audience = tuple(text_of(heard).split("; "))
    yield Utterance(
        told["speaker"], told["text"], conversation, told.get("at", ""), told.get("name", ""),
        told.get("answers", ""), audience, told.get("thought", ""), line,
    )  # fmt: skip


def text_of(value: object) -> str:
    """A cell as a text: times in ISO 8601, what is missing blank."""
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return sound(str(value))


def cells_of(conversation: Conversation, said: Utterance) -> dict[str, Any]:
    """An utterance as a row, by the columns ``delimited.WRITTEN``; what is blank is None."""
    fields = {
        "conversation": conversation.about.conversation, "speaker": said.speaker,
        "text": said.text, "at": said.at, "name": said.name, "answers": said.answers,
        "thought": said.thought, "title": conversation.about.title,
    }  # fmt: skip
    audience = None if said.audience is None else list(said.audience)
    return {**{name: value or None for name, value in fields.items()}, "audience": audience}
