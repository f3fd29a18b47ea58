"""ShareGPT: conversations with assistants, as many data sets for fine-tuning have them.

The file is a JSON array, or JSON Lines, of ``{"id": ..., "conversations": [{"from": ..., "value":
...}, ...]}``. Speakers are usually called ``human`` and ``gpt``; any other name is taken as well.
System messages and what tools say are left out and counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import first_keys, records_of
from sim.formats.messages import INSTRUCTIONS, TOOLS


@dataclass(frozen=True, slots=True)
class ShareGpt:
    """One object a conversation, known by its ``id``, or by its number in the file."""

    name: str = "sharegpt"
    about: str = "conversations with {'from', 'value'}, as data sets for fine-tuning have them"
    loses: str = (
        "titles, times, audiences, thoughts, branches, probes, speakers whose name is a role"
        " of instructions or of programs ('system', 'tool')"
    )
    tried: bool = False

    def fits(self, head: Head) -> float:
        """Its first object has conversations of ``from`` and ``value``."""
        wanted = {"conversations.from", "conversations.value"}
        return 0.95 if first_keys(head) >= wanted else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The turns of every conversation. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        for number, record in enumerate(records_of(path, how.encoding), start=1):
            if "conversations" not in record.fields:
                raise record.wrong("there are no conversations; write {'conversations': [...]}")
            conversation = record.text("id") or str(number)
            yield About(conversation, title=record.text("title"), model=record.text("model"))
            for turn in record.records("conversations"):
                speaker = turn.text("from")
                if not speaker.strip():
                    raise turn.wrong("there is no 'from'; write who says it")
                if speaker in TOOLS:
                    left_out["tool messages"] += 1
                elif speaker in INSTRUCTIONS and not how.system:
                    left_out["system messages"] += 1
                elif (text := turn.text("value")).strip():
                    yield Utterance(speaker, text, conversation, line=turn.line)
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """An array with one conversation a line; those without utterances are left out."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            before = "[\n"
            for each in conversations:
                turns = [{"from": said.speaker, "value": said.text} for said in each.utterances]
                if not turns:
                    continue
                record: dict[str, Any] = {"conversations": turns}
                if each.about.conversation:
                    record = {"id": each.about.conversation, **record}
                file.write(before + json.dumps(record, ensure_ascii=False))
                before = ",\n"
            file.write("[]\n" if before == "[\n" else "\n]\n")


SHAREGPT = ShareGpt()
