"""Other people's transcripts become trials of a store: of the arm ``imported``, all or none.

A file is read to its end into a table on the disk before a store is touched, so that conversations
may be interleaved, larger than the memory, or broken near their end. Each becomes a scene whose
cast are its speakers; a persona may be given for a speaker or for a pattern of names.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import escape
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.events import Ended, Event, Turn
from sim.formats.conversation import About, Person, Utterance
from sim.formats.elsinore_export import ELSINORE
from sim.formats.format import Format, Reading, ReadOptions, wrong
from sim.formats.registry import detected, named
from sim.formats.texts import lines_of
from sim.input_files import read_toml
from sim.planning.trials import IMPORTED, Trial
from sim.runs.manifest import manifest
from sim.scene.actor import Actor
from sim.scene.endings import after
from sim.scene.graph import Edge, Graph
from sim.scene.persona import Persona
from sim.scene.persona_files import read_personas
from sim.scene.prose import wording_for
from sim.scene.routing.orders import Scripted
from sim.scene.routing.walks import Walk
from sim.scene.scene import Scene
from sim.store import Writer
from sim.store.restoring import BrokenRecord, restore
from sim.store.staging import Line, Staged, Staging, staging
from sim.text.suggestions import nearest

FEW = 12
"""Among so many speakers anybody may follow anybody. Among more, whoever did, and the next in a
ring, which has fewer edges. (It counts only where a model plays on.)"""

SCRIPTED = 2_000
"""A conversation of so many turns at most has its order of speakers as a script, by which a model
can play on from any turn. A longer one can only be read."""

Personas = Sequence[tuple[str, Mapping[str, Any]]]
"""Patterns of speakers' names (``"Dr*"``), each with fields of ``Persona``; the first that fits
counts."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: its format, and how many conversations, turns and speakers it had.

    ``known`` conversations were in the store already. ``trials`` are the ids, in the order of the
    file. ``left_out`` counts what the file holds beside its turns, by kind (``"tool calls"``).
    """

    path: Path
    format: Format
    conversations: int
    turns: int
    speakers: int
    known: int
    trials: tuple[str, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Preview:
    """The first turns of a file as they are understood, and the format in which it was read."""

    path: Path
    format: Format
    turns: list[Utterance] = field(default_factory=list)


def preview(
    path: Path, form: str | None = None, how: ReadOptions | None = None, most: int = 8
) -> Preview:
    """The first turns of a file, as they are understood. Raises ``FormatError``."""
    chosen = named(form) if form else detected(path)
    found = Preview(path, chosen)
    for record in chosen.read(path, how or ReadOptions()):
        if isinstance(record, Utterance):
            found.turns.append(record)
            if len(found.turns) == most:
                break
    return found


def import_file(
    path: Path | str,
    store: Path | str,
    *,
    form: str | None = None,
    how: ReadOptions | None = None,
    personas: Personas = (),
) -> Imported:
    """Make the conversations of a file into trials of a store, all or none.

    The format, ``form``, is found by content unless it is named. Importing a file again adds
    nothing. Raises ``FormatError`` if the file is not what its format says, ``BadRequest`` for a
    persona that is none.
    """
    source = Path(path)
    chosen = named(form) if form else detected(source)
    reading = how or ReadOptions()
    if chosen is ELSINORE:
        return _restored(source, store, reading)
    with staging() as staged:
        left_out = _stage(chosen.read(source, reading), staged)
        if not staged.speakers:
            raise BadRequest(f"{source}: nobody says anything in it; is it the right file?")
        trials = _Trials(staged, source, chosen, personas)
        [first] = [trial for trial, *_ in islice(trials, 1)]
        facts = manifest([first], {"imported": source.name, "format": chosen.name})
        trials = _Trials(staged, source, chosen, personas)
        with closing(Writer.open(store)) as writer:
            before = set(writer.store.ids())
            writer.whole_trials(facts, trials)
        return Imported(
            path=source,
            format=chosen,
            conversations=len(trials.made),
            turns=trials.turns,
            speakers=staged.speakers,
            known=sum(trial in before for trial in trials.made),
            trials=tuple(trials.made),
            left_out=left_out,
        )


def trials_in(
    path: Path | str, *, form: str | None = None, how: ReadOptions | None = None
) -> tuple[Trial, ...]:
    """The trials that ``import_file`` makes of a file, without a store and without their turns.

    Raises ``FormatError``, and ``BadRequest`` for an export of ours, whose trials were played.
    """
    source = Path(path)
    chosen = named(form) if form else detected(source)
    if chosen is ELSINORE:
        raise BadRequest(f"{source}: is an export of Elsinore, and no transcript of people's talk")
    with staging() as staged:
        _stage(chosen.read(source, how or ReadOptions()), staged)
        if not staged.speakers:
            raise BadRequest(f"{source}: nobody says anything in it; is it the right file?")
        return tuple(trial for trial, *_ in _Trials(staged, source, chosen, ()))


def _restored(source: Path, store: Path | str, how: ReadOptions) -> Imported:
    """The trials of an export of ours, as they were played."""
    with closing(Writer.open(store)) as writer:
        before = set(writer.store.ids())
        try:
            facts = manifest([], {"imported": source.name, "format": ELSINORE.name})
            counts = restore(lines_of(source, how.encoding), writer, facts)
        except BrokenRecord as error:
            raise wrong(source, error.line, f"{error}; export the store anew") from None
        new = [trial for trial in writer.store.trials() if trial.id not in before]
        return Imported(
            path=source,
            format=ELSINORE,
            conversations=counts["trials"] + counts["known"],
            turns=sum(trial.turns for trial in new),
            speakers=len({each["name"] for trial in new for each in trial.cast}),
            known=counts["known"],
            trials=tuple(trial.id for trial in new),
        )


def personas_of(path: Path | str) -> list[tuple[str, dict[str, Any]]]:
    """Personas from a TOML file: a table for each speaker or pattern of names. Of other files of
    personas (``sim.scene.persona_files``) names are no patterns.

    ``["Dr*"]`` followed by ``brief = "A doctor."`` and ``opposite = "A quack."``. Raises
    ``BadRequest`` with the field that is none.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    if Path(path).suffix.lower() != ".toml":
        for persona in read_personas(path, "--personas"):
            told = persona.model_dump(exclude={"name"}, exclude_defaults=True)
            found.append((escape(persona.name), told))
        return found
    for pattern, fields in read_toml(path, "--personas").items():
        if not isinstance(fields, dict):
            raise BadRequest(
                f"--personas {path}: {pattern} is no table; write a speaker in brackets, "
                '["Ann"], and below it brief = "..." and opposite = "..."'
            )
        for name in fields:
            if name not in Persona.model_fields or name == "name":
                known = [each for each in Persona.model_fields if each != "name"]
                raise BadRequest(
                    f"--personas {path}: [{pattern}] has no field {name!r}{nearest(name, known)}"
                )
        found.append((pattern, fields))
    return found


def _stage(reading: Reading, staged: Staging) -> dict[str, int]:
    """Collect the records of a file; returns what its reader left out, the most frequent first."""
    left_out: Counter[str] = Counter()

    def counted() -> Generator[About | Utterance]:
        left_out.update((yield from reading))

    for record in counted():
        if isinstance(record, About):
            staged.told(
                record.conversation,
                title=_whole(record.title),
                setting=_whole(record.setting),
                people=[(speakable(each.name), each.brief, each.opposite)
                        for each in record.people],
                model=record.model,
                parent=record.parent,
                shared=record.shared,
            )  # fmt: skip
            continue
        audience = record.audience
        line = Line(
            speakable(record.speaker),
            _whole(record.text),
            record.at,
            record.name,
            record.answers,
            None if audience is None else tuple(map(speakable, audience)),
            _whole(record.thought),
        )
        staged.said(record.conversation, line)
    staged.whole()
    return {what: number for what, number in left_out.most_common() if number}


def speakable(name: str) -> str:
    """A speaker's name as it can stand before a line: on one line, without colons.

    >>> speakable(" Dr.  No: "), speakable("a\\nb")
    ('Dr. No', 'a b')
    """
    return " ".join(_whole(name).replace(":", " ").split()) or "unknown"


def _whole(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which nothing can store."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Trials:
    """The trials of a staged file, one after the other; ``made`` are the ids so far."""

    def __init__(self, staged: Staging, source: Path, form: Format, personas: Personas) -> None:
        self.staged = staged
        self.source = source
        self.form = form
        self.personas = personas
        self.made: list[str] = []
        self.turns = 0
        # Trials that have branches, by the names of their conversations.
        self._parents: dict[str, Trial] = {}
        self._branches: dict[str, int] = {}
        # By conversation: its number, and of a branch its parent and what the two share.
        self._places: dict[str, tuple[int, str, int]] = {}

    def __iter__(self) -> Iterator[tuple[Trial, Iterable[Event], Ended, int]]:
        digest = self.staged.digest()
        parameters = {"file": digest}
        if self.personas:
            told = json.dumps(list(self.personas), sort_keys=True)
            parameters["personas"] = blake2b(told.encode(), digest_size=4).hexdigest()
        parents = self.staged.parents()
        for seed, each in enumerate(self.staged.conversations()):
            of = self._parents.get(each.parent) if each.parent else None
            shared = each.shared if of is not None else 0
            self._places[each.name] = (each.place, each.parent if of is not None else "", shared)
            scene = self._scene(each, of)
            stage = f"{IMPORTED}:{self.staged.digest(each.place)}"
            trial = Trial(
                id="",
                scenario=self.source.name,
                parameters=parameters,
                scene=scene.worded(wording_for([stage])),
                model=each.model or f"{IMPORTED}:{self.form.name}",
                stage=stage,
                seed=seed,
                arm=IMPORTED,
                # One file is one version, whatever its conversations look like.
                source=digest,
            )
            trial = trial.renew() if of is None else self._branch(trial, of, shared)
            if each.name in parents:
                self._parents[each.name] = trial
            self.made.append(trial.id)
            self.turns += each.turns
            ended = Ended(shared + each.turns, "imported")
            yield trial, self._events(each.place, shared), ended, shared + each.turns

    def _branch(self, trial: Trial, of: Trial, shared: int) -> Trial:
        number = self._branches[of.id] = self._branches.get(of.id, -1) + 1
        return trial.renew(arm=f"{IMPORTED} branch", of=of.id, at=shared + 1, branch=number)

    def _scene(self, each: Staged, of: Trial | None) -> Scene:
        order = self._order(each.name)
        known: dict[str, Person] = {}
        for person in (Person(*facts) for facts in each.people):
            known.setdefault(person.name, person)
        # Who spoke before the branch is in its cast, too.
        others = () if of is None else of.scene.names
        for name in (*others, *dict.fromkeys(order), *self.staged.hearers(each.place)):
            known.setdefault(name, Person(name))
        title = " ".join((each.title or each.name or self.source.stem).split())
        return Scene(
            topic=title or "a conversation",
            setting=each.setting,
            cast=tuple(Actor(self._persona(person)) for person in known.values()),
            graph=_graph(tuple(known), [*dict.fromkeys(pairwise(order))], order[0]),
            routing=Scripted(*order) if len(order) <= SCRIPTED else Walk(),
            ends=after(turns=len(order)),
        )

    def _order(self, name: str) -> list[str]:
        """Who speaks in a conversation, turn by turn; in a branch from the beginning on."""
        place, parent, shared = self._places[name]
        before = self._order(parent)[:shared] if parent else []
        return [*before, *map(sys.intern, self.staged.order(place))]

    def _persona(self, person: Person) -> Persona:
        fields: dict[str, Any] = {"brief": person.brief, "opposite": person.opposite or None}
        for pattern, given in self.personas:
            if fnmatchcase(person.name, pattern):
                fields |= given
                break
        return Persona(name=person.name, **fields)

    def _events(self, place: int, begun: int) -> Iterator[Turn]:
        numbers: dict[str, int] = {}
        for index, line in enumerate(self.staged.lines(place), begun + 1):
            if line.name:
                numbers[line.name] = index
            yield Turn(
                index,
                line.speaker,
                line.text,
                audience=line.audience,
                source=IMPORTED,
                thought=line.thought,
                at=line.at,
                answers=numbers.get(line.answers) if line.answers else None,
            )


def _graph(names: tuple[str, ...], followed: Sequence[tuple[str, str]], first: str) -> Graph:
    """Who may follow whom: whoever did, and more (see ``FEW``)."""
    if len(names) <= FEW:
        pairs = [(one, other) for one in names for other in names if one != other]
    else:
        pairs = list(zip(names, [*names[1:], names[0]], strict=True))
    pairs = [*dict.fromkeys([*pairs, *followed])] or [(names[0], names[0])]
    edges = tuple(Edge(source=one, target=other) for one, other in pairs)
    return Graph(names=names, edges=edges, first=first)
