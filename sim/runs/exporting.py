"""Trials of a store as conversations in other people's formats."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sim.errors import BadRequest, RunFailed
from sim.events import Turn
from sim.formats.conversation import About, Conversation, Person, Utterance
from sim.formats.registry import named
from sim.output_files import check_output
from sim.store import Store, StoredTrial, open_store


def export_conversations(store: Path | str, out: Path | str, form: str) -> str:
    """Write the trials of a store in a format, and say what the format cannot hold.

    What is written appears whole or not at all. Raises ``BadRequest`` if the format cannot be
    written or there is no place for it, ``RunFailed`` if the disk is full.
    """
    chosen = named(form)
    if not chosen.loses:
        raise BadRequest(f"--format {form}: it is only read; choose another")
    target = check_output(out, "export")
    with (
        open_store(store) as opened,
        tempfile.TemporaryDirectory(prefix=".elsinore-", dir=target.parent) as folder,
    ):
        draft = Path(folder) / target.name
        try:
            chosen.write(conversations(opened), draft)
            os.replace(draft, target)
        except OSError as error:
            raise RunFailed(
                f"export {target}: cannot be written ({error.strerror}); nothing is left of it"
            ) from None
    return chosen.loses


def conversations(store: Store) -> Iterator[Conversation]:
    """The trials of a store that have words, one by one. A branch has its own turns alone, and
    names its parent."""
    for trial in store.trials():
        conversation = _conversation(trial)
        if conversation.utterances:
            yield conversation


def _conversation(trial: StoredTrial) -> Conversation:
    people = tuple(
        Person(each["name"], each.get("brief") or "", each.get("opposite") or "")
        for each in trial.cast
    )
    shared = 0 if trial.at is None else trial.at - 1
    about = About(
        trial.id,
        str(trial.canonical.get("topic") or ""),
        str(trial.canonical.get("setting") or ""),
        people,
        trial.model,
        trial.of or "" if trial.at is not None else "",
        shared,
    )
    turns = [event for event in trial.events if isinstance(event, Turn)]
    return Conversation(about, [_said(turn, trial.id) for turn in turns if turn.index > shared])


def _said(turn: Turn, trial: str) -> Utterance:
    return Utterance(
        turn.speaker,
        turn.text,
        trial,
        turn.at,
        str(turn.index),
        "" if turn.answers is None else str(turn.answers),
        turn.audience,
        turn.thought,
    )
