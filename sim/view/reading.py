"""What pages need of a store, read and put together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial

from sim.errors import BadRequest, ElsinoreError
from sim.events import Event, Turn
from sim.runs.prompts import TurnPrompt, prompt_of
from sim.scene.scene import Scene
from sim.store import Store, StoredTrial
from sim.transcript import Transcript
from sim.view.forks import Allowed
from sim.view.library import Library, Row
from sim.view.notes import Notes
from sim.view.pages.alternatives import Alternative, Alternatives, alternatives_page
from sim.view.pages.comparison import Side
from sim.view.pages.prompt import prompt_page
from sim.view.pages.tree import tree_page
from sim.view.pages.trial import Played
from sim.view.probabilities import probabilities

_GENERATED = ("stage", "imported")
"""Where lines are from that are alternatives; in a tree that was imported, somebody else's."""

_BRANCHES = 400
"""So many branches of a turn are read for its bar."""

_ASKED = 40
"""For so many bars of a page the stage is asked for probabilities: milliseconds each."""


def played(
    library: Library, beginning: str, notes: Notes, labels: Sequence[str], allowed: Allowed
) -> Played:
    """All that the page of a trial shows. Raises ``BadRequest``, ``StoreRefused``."""
    with library.open() as store:
        trial = store.trial(beginning)
        transcript = trial.transcript
        family = library.family(trial.id)
        found = _alternatives(library, store, transcript, trial.id, family)
        for turn in list(found)[:_ASKED]:
            found[turn] = _with_probabilities(trial, transcript.events, found[turn])
        return Played(
            trial, store.short_ids()[trial.id], transcript.events, library.marks(trial.id),
            trial.verdicts, family, found, notes.of(trial.id), labels, allowed.why_not(trial),
        )  # fmt: skip


def side(library: Library, beginning: str) -> Side:
    """One side of a comparison."""
    with library.open() as store:
        trial = store.trial(beginning)
        trial.parameters  # noqa: B018 - read while the store is open
        return Side(trial, store.short_ids()[trial.id], trial.events, library.marks(trial.id))


def prompt(library: Library, beginning: str, turn: int) -> str:
    """The page of a turn's prompt."""
    with library.open() as store:
        trial = store.trial(beginning)
        events = trial.events
        found = prompt_of(trial, events, turn)
        if not found.turn.prompt:
            raise BadRequest(
                f"turn {turn} answered no prompt: it was said by a person, put there, or imported"
            )
        earlier = [
            each
            for each in events
            if isinstance(each, Turn)
            and each.speaker == found.turn.speaker
            and each.index < turn
            and each.prompt
        ]
        before: TurnPrompt | None = None
        if earlier:
            before = prompt_of(trial, events, max(each.index for each in earlier))
        return prompt_page(library, trial, store.short_ids()[trial.id], found, before)


def alternatives(
    library: Library, beginning: str, turn: int, *, by_probability: bool = False
) -> str:
    """The page of a turn's alternatives."""
    with library.open() as store:
        trial = store.trial(beginning)
        transcript = trial.transcript
        if not 1 <= turn <= len(transcript):
            raise BadRequest(f"trial {trial.id[:8]} has no turn {turn}; it has {len(transcript)}")
        family = library.family(trial.id)
        found = _alternatives(library, store, transcript, trial.id, family)
        said = transcript.turns[turn - 1]
        others = found.get(turn, Alternatives(turn, ()))
        return alternatives_page(
            library, (trial.id, store.short_ids()[trial.id]), (turn, said.speaker, said.text),
            _with_probabilities(trial, transcript.events, others),
            [str(persona["name"]) for persona in trial.cast], by_probability=by_probability,
        )  # fmt: skip


def tree(library: Library, beginning: str) -> str:
    """The page of the tree of branches."""
    with library.open() as store:
        trial = store.trial(beginning)
        family = library.family(trial.id)
        here = next(row for row in family if row.id == trial.id)
        parents = {str(row.of) for row in family if row.at is not None}
        bars: dict[tuple[str, str, int], Alternatives] = {}
        for parent in parents & {row.id for row in family}:
            transcript = store.transcript(parent, find_scene=partial(_scene, store, parent))
            by_turn = _alternatives(library, store, transcript, parent, family)
            for turn, found in by_turn.items():
                for arm in {each.arm for each in found.said}:
                    some = [each for each in found.said if each.arm == arm]
                    here_too = Alternatives(turn, some)
                    if len(bars) < _ASKED:
                        # A whisper or a stage direction makes the prompt of an arm its own.
                        branch = store.trial(some[0].trial)
                        here_too = _with_probabilities(branch, branch.events, here_too)
                    bars[parent, arm, turn] = here_too
        return tree_page(library, here, family, bars)


def _scene(store: Store, trial: str) -> Scene:
    return store.trials([trial])[0].scene


def tree_json(library: Library, beginning: str) -> str:
    """The whole tree as JSON: trials with where they branch off, their own lines and marks."""
    with library.open() as store:
        trial = store.trial(beginning)
        family = library.family(trial.id)
        trials = {each.id: each for each in store.trials([row.id for row in family])}
        record = [
            {
                **trials[row.id].facts(),
                "marks": [asdict(mark) for mark in library.marks(row.id)],
                "lines": [
                    {"turn": each.index, "speaker": each.speaker, "text": each.text,
                     "audience": each.audience}
                    for each in store.own_events(row.id)
                    if isinstance(each, Turn)
                ],
            }
            for row in family
        ]  # fmt: skip
    return json.dumps({"store": library.path.name, "trials": record}, allow_nan=False, indent=1)


def line_of(trial: StoredTrial, turn: str) -> str:
    """A line of a trial, as ``Ada: ...``; blank if there is no such turn."""
    if not turn.isascii() or not turn.isdecimal():
        return ""
    for event in trial.events:
        if isinstance(event, Turn) and event.index == int(turn[:9]):
            return f"{event.speaker}: {event.text}"
    return ""


def _alternatives(
    library: Library, store: Store, transcript: Transcript, trial: str, family: Sequence[Row]
) -> dict[int, Alternatives]:
    """The alternatives of each turn of a trial that branches generate again."""
    before = transcript.turns
    found: dict[int, list[Alternative]] = {}
    for row in [row for row in family if row.of == trial and row.at is not None][:_BRANCHES]:
        first = next((each for each in store.own_events(row.id) if isinstance(each, Turn)), None)
        # What an experimenter put there was not generated.
        if first is None or first.source not in _GENERATED or first.index != row.at:
            continue
        who = _who(library, transcript, first, before[: first.index - 1])
        kinds = dict.fromkeys(
            mark.kind for mark in library.marks(row.id) if mark.turn >= first.index
        )
        found.setdefault(first.index, []).append(
            Alternative(
                row.id, row.short, row.arm, first.speaker, first.text, who, row.turns, row.status,
                row.reason, list(kinds), first.prompt,
            )
        )  # fmt: skip
    return {turn: Alternatives(turn, said) for turn, said in sorted(found.items())}


def _with_probabilities(
    trial: StoredTrial, events: Sequence[Event], others: Alternatives
) -> Alternatives:
    """Alternatives with the probabilities of those lines that answered the prompt of the turn in
    this trial, its own line among them: a stage direction before a line makes it another prompt."""
    said = next(each for each in events if isinstance(each, Turn) and each.index == others.turn)
    lines = [said.text, *(each.text for each in others.said if each.prompt == said.prompt)]
    return replace(others, probable=probabilities(trial, events, others.turn, lines))


def _who(library: Library, transcript: Transcript, turn: Turn, before: Sequence[Turn]) -> str:
    """Who speaks in a line; blank where the scene cannot be read, and nobody can say."""
    try:
        return library.measures.who(transcript, turn, before)
    except ElsinoreError:
        return ""
