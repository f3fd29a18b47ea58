"""Searching what was said: in all lines of all trials, whatever the case of the letters."""

from __future__ import annotations

from dataclasses import dataclass

from sim.store.damage import told_as_damage
from sim.store.reader import Store

_AROUND = 60
"""So many letters are told before and after what was found."""

_FOUND = (
    "SELECT trial, turn, actor, text FROM (SELECT trial, turn, actor, CASE kind"
    " WHEN 'turn' THEN json_extract(payload, '$.text') || char(10) ||"
    " coalesce(json_extract(payload, '$.thought'), '')"
    " ELSE json_extract(payload, '$.text') END AS text FROM events"
    " WHERE kind IN ('turn', 'intervention')) WHERE says(text) ORDER BY trial, turn"
)


@dataclass(frozen=True, slots=True)
class Found:
    """The first place of a trial where words stand, and in how many of its lines they do.

    ``before``, ``words`` and ``after`` are the words as they stand there, with what is around.
    """

    turn: int
    actor: str
    before: str
    words: str
    after: str
    lines: int = 1


@told_as_damage
def saying(store: Store, words: str) -> dict[str, Found]:
    """Where something was said, thought or put in, by trial; of a branch in its own turns alone.

    Upper and lower case are the same in every script. Nothing says nothing: blank ``words`` are
    found nowhere.
    """
    wanted = " ".join(words.casefold().split())
    if not wanted:
        return {}

    def says(text: object) -> bool:
        return isinstance(text, str) and wanted in " ".join(text.casefold().split())

    connection = store.connection
    connection.create_function("says", 1, says, deterministic=True)
    found: dict[str, Found] = {}
    for trial, turn, actor, text in connection.execute(_FOUND):
        earlier = found.get(trial)
        if earlier is None:
            found[trial] = _place(int(turn), str(actor), str(text), wanted)
        else:
            found[trial] = Found(
                earlier.turn, earlier.actor, earlier.before, earlier.words, earlier.after,
                earlier.lines + 1,
            )  # fmt: skip
    return found


def _place(turn: int, actor: str, text: str, wanted: str) -> Found:
    """The words in a text, with what stands around them."""
    line = " ".join(text.split())
    at = line.casefold().find(wanted)
    # Folding may change how long a text is (ß): then what is told is a little beside the words.
    at = min(max(at, 0), len(line))
    end = min(at + len(wanted), len(line))
    start = max(at - _AROUND, 0)
    return Found(
        turn, actor,
        ("…" if start else "") + line[start:at],
        line[at:end],
        line[end : end + _AROUND] + ("…" if end + _AROUND < len(line) else ""),
    )  # fmt: skip
