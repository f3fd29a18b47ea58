"""Other people's transcripts become trials of a store: of the arm ``imported``, all or none.

A file is read to its end into a table on the disk before a store is touched, so that conversations
may be interleaved, larger than the memory, or broken near their end. Each becomes a scene whose
cast are its speakers; a persona may be given for a speaker or for a pattern of names.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.events import Ended, Event, Turn
from sim.formats.conversation import About, Person, Utterance
from sim.formats.elsinore_export import ELSINORE
from sim.formats.format import Format, ReadOptions, wrong
from sim.formats.registry import detected, named
from sim.formats.texts import lines_of
from sim.input_files import read_toml
from sim.planning.trials import IMPORTED, Trial
from sim.runs.manifest import manifest
from sim.scene.actor import Actor
from sim.scene.endings import after
from sim.scene.graph import Edge, Graph
from sim.scene.persona import Persona
from sim.scene.routing.orders import Scripted
from sim.scene.routing.walks import Walk
from sim.scene.scene import Scene
from sim.store import Writer
from sim.store.restoring import BrokenRecord, restore
from sim.text.suggestions import nearest

FEW = 12
"""Among so many speakers anybody may follow anybody. Among more, whoever did, and the next in a
ring, which has fewer edges. (It counts only where a model plays on.)"""

SCRIPTED = 2_000
"""A conversation of so many turns at most has its order of speakers as a script, by which a model
can play on from any turn. A longer one can only be read."""

_TABLES = """
CREATE TABLE said (conversation INTEGER, speaker INTEGER, text TEXT, at TEXT, name TEXT,
                   answers TEXT, audience TEXT, thought TEXT);
CREATE TABLE about (name TEXT PRIMARY KEY, title TEXT DEFAULT '', setting TEXT DEFAULT '',
                    people TEXT DEFAULT '[]', model TEXT DEFAULT '', parent TEXT DEFAULT '',
                    shared INTEGER DEFAULT 0);
CREATE TABLE speakers (name TEXT PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: its format, and how many conversations, turns and speakers it had.

    ``known`` conversations were in the store already. ``trials`` are the ids, in the order of the
    file.
    """

    path: Path
    format: Format
    conversations: int
    turns: int
    speakers: int
    known: int
    trials: tuple[str, ...]


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
    personas: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> Imported:
    """Make the conversations of a file into trials of a store, all or none.

    The format, ``form``, is found by content unless it is named. ``personas`` are patterns of
    speakers' names (``"Dr*"``), each with fields of ``Persona``; the first that fits counts.
    Importing a file again adds nothing. Raises ``FormatError`` if the file is not what its format
    says, ``BadRequest`` for a persona that is none.
    """
    source = Path(path)
    chosen = named(form) if form else detected(source)
    if chosen is ELSINORE:
        return _restored(source, store, how or ReadOptions())
    with _staged(chosen.read(source, how or ReadOptions()), source) as staged:
        with closing(Writer.open(store)) as writer:
            before = set(writer.store.ids())
            trials = _Trials(staged, source, chosen, personas)
            [first] = [trial for trial, *_ in islice(trials, 1)]
            facts = manifest([first], {"imported": source.name, "format": chosen.name})
            trials = _Trials(staged, source, chosen, personas)
            writer.whole_trials(facts, trials)
        speakers = staged.execute("SELECT count(*) FROM speakers").fetchone()[0]
        return Imported(
            path=source,
            format=chosen,
            conversations=len(trials.made),
            turns=trials.turns,
            speakers=int(speakers),
            known=sum(trial in before for trial in trials.made),
            trials=tuple(trials.made),
        )


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
    """Personas from a TOML file: a table for each speaker or pattern of names.

    ``["Dr*"]`` followed by ``brief = "A doctor."`` and ``opposite = "A quack."``. Raises
    ``BadRequest`` with the field that is none.
    """
    found: list[tuple[str, dict[str, Any]]] = []
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


@contextmanager
def _staged(records: Iterable[About | Utterance], source: Path) -> Iterator[sqlite3.Connection]:
    """The records of a file in a table on the disk, by conversation."""
    with (
        tempfile.TemporaryDirectory(prefix="elsinore-") as folder,
        closing(sqlite3.connect(Path(folder) / "import.db", isolation_level=None)) as staged,
    ):
        # The table is thrown away, so it need survive nothing.
        staged.execute("PRAGMA journal_mode = OFF")
        staged.execute("PRAGMA synchronous = OFF")
        staged.executescript(_TABLES)
        staged.execute("BEGIN")
        _stage(records, staged)
        staged.execute("CREATE INDEX by_conversation ON said (conversation)")
        if not staged.execute("SELECT 1 FROM said LIMIT 1").fetchone():
            raise BadRequest(f"{source}: nobody says anything in it; is it the right file?")
        yield staged


def _stage(records: Iterable[About | Utterance], staged: sqlite3.Connection) -> None:
    conversations: dict[str, int] = {}
    speakers: dict[str, int] = {}

    def conversation(name: str) -> int:
        if name not in conversations:
            place = staged.execute("INSERT INTO about (name) VALUES (?)", (name,)).lastrowid
            conversations[name] = int(place or 0)
        return conversations[name]

    def speaker(name: str) -> int:
        cleaned = speakable(name)
        if cleaned not in speakers:
            place = staged.execute("INSERT INTO speakers VALUES (?)", (cleaned,)).lastrowid
            speakers[cleaned] = int(place or 0)
        return speakers[cleaned]

    for record in records:
        if isinstance(record, About):
            _add(record, conversation(record.conversation), staged)
            continue
        audience = record.audience
        heard = None if audience is None else json.dumps([speakable(name) for name in audience])
        staged.execute(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                conversation(record.conversation), speaker(record.speaker), _whole(record.text),
                record.at, record.name, record.answers, heard, _whole(record.thought),
            ),
        )  # fmt: skip


def _add(about: About, place: int, staged: sqlite3.Connection) -> None:
    """Facts about a conversation; what was told before stays where this says nothing."""
    people = [[speakable(each.name), each.brief, each.opposite] for each in about.people]
    told = {
        "title": about.title, "setting": about.setting, "model": about.model,
        "parent": about.parent, "shared": about.shared,
        "people": json.dumps(people) if people else "",
    }  # fmt: skip
    for column, value in told.items():
        if value:
            staged.execute(f"UPDATE about SET {column} = ? WHERE rowid = ?", (value, place))  # noqa: S608


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

    def __init__(
        self,
        staged: sqlite3.Connection,
        source: Path,
        form: Format,
        personas: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> None:
        self.staged = staged
        self.source = source
        self.form = form
        self.personas = personas
        self.made: list[str] = []
        self.turns = 0
        self._ids: dict[str, Trial] = {}
        self._branches: dict[str, int] = {}
        # By conversation: its number in the table, and of a branch its parent and what they share.
        self._places: dict[str, tuple[int, str, int]] = {}

    def __iter__(self) -> Iterator[tuple[Trial, Iterable[Event], Ended, int]]:
        digest = self._digest()
        parameters = {"file": digest}
        if self.personas:
            told = json.dumps(list(self.personas), sort_keys=True)
            parameters["personas"] = blake2b(told.encode(), digest_size=4).hexdigest()
        rows = self.staged.execute(
            "SELECT rowid, name, title, setting, people, model, parent, shared FROM about "
            "ORDER BY parent != '', rowid"
        ).fetchall()
        for seed, (place, name, title, setting, people, model, parent, shared) in enumerate(rows):
            count = int(
                self.staged.execute(
                    "SELECT count(*) FROM said WHERE conversation = ?", (place,)
                ).fetchone()[0]
            )
            if not count:
                continue
            of = self._ids.get(parent) if parent else None
            described = [Person(*each) for each in json.loads(people)]
            if of is not None:
                # Who spoke before the branch is in its cast, too.
                described += [Person(each) for each in of.scene.names]
            about = title or name or self.source.stem
            self._places[name] = (place, parent if of is not None else "", shared)
            scene = self._scene(name, about, setting, described)
            trial = Trial.of_scene(
                scene,
                scenario=self.source.name,
                model=model or f"{IMPORTED}:{self.form.name}",
                stage=f"{IMPORTED}:{self._digest(place)}",
                seed=seed,
                parameters=parameters,
                # One file is one version, whatever its conversations look like.
                source=digest,
            ).renew(arm=IMPORTED)
            if of is not None:
                trial = self._branch(trial, of, shared)
            self._ids[name] = trial
            self.made.append(trial.id)
            self.turns += count
            begun = shared if of is not None else 0
            ended = Ended(begun + count, "imported")
            yield trial, self._events(place, begun), ended, begun + count

    def _branch(self, trial: Trial, of: Trial, shared: int) -> Trial:
        number = self._branches[of.id] = self._branches.get(of.id, -1) + 1
        return trial.renew(arm=f"{IMPORTED} branch", of=of.id, at=shared + 1, branch=number)

    def _digest(self, place: int | None = None) -> str:
        """A hash of what is said in a conversation, or in the whole file."""
        found = blake2b(digest_size=8)
        where = "" if place is None else "WHERE conversation = ?"
        for row in self.staged.execute(
            f"SELECT conversation, speakers.name, text, at, audience FROM said "  # noqa: S608
            f"JOIN speakers ON speakers.rowid = speaker {where} ORDER BY said.rowid",
            () if place is None else (place,),
        ):
            found.update(json.dumps(row[1:] if place is not None else row).encode())
        return found.hexdigest()

    def _scene(self, name: str, title: str, setting: str, described: Sequence[Person]) -> Scene:
        place = self._places[name][0]
        known: dict[str, Person] = {}
        for each in described:
            known.setdefault(each.name, each)
        for (speaker,) in self.staged.execute(
            "SELECT speakers.name FROM said JOIN speakers ON speakers.rowid = speaker "
            "WHERE conversation = ? GROUP BY speaker ORDER BY min(said.rowid)",
            (place,),
        ):
            known.setdefault(speaker, Person(speaker))
        for (audience,) in self.staged.execute(
            "SELECT DISTINCT audience FROM said WHERE conversation = ? AND audience IS NOT NULL",
            (place,),
        ):
            for hearer in json.loads(audience):
                known.setdefault(hearer, Person(hearer))
        order = self._order(name)
        followed = [*dict.fromkeys(pairwise(order))]
        cast = tuple(Actor(self._persona(each)) for each in known.values())
        topic = " ".join(_whole(title).split()) or "a conversation"
        return Scene(
            topic=topic,
            setting=_whole(setting),
            cast=cast,
            graph=_graph(tuple(known), followed, order[0]),
            routing=Scripted(*order) if len(order) <= SCRIPTED else Walk(),
            ends=after(turns=len(order)),
        )

    def _order(self, name: str) -> list[str]:
        """Who speaks in a conversation, turn by turn; in a branch from the beginning on."""
        place, parent, shared = self._places[name]
        before = self._order(parent)[:shared] if parent else []
        own = self.staged.execute(
            "SELECT speakers.name FROM said JOIN speakers ON speakers.rowid = speaker "
            "WHERE conversation = ? ORDER BY said.rowid",
            (place,),
        )
        return [*before, *(sys.intern(speaker) for (speaker,) in own)]

    def _persona(self, person: Person) -> Persona:
        fields: dict[str, Any] = {"brief": person.brief, "opposite": person.opposite or None}
        for pattern, given in self.personas:
            if fnmatchcase(person.name, pattern):
                fields |= given
                break
        return Persona(name=person.name, **fields)

    def _events(self, place: int, begun: int) -> Iterator[Turn]:
        numbers: dict[str, int] = {}
        rows = self.staged.execute(
            "SELECT speakers.name, text, at, said.name, answers, audience, thought FROM said "
            "JOIN speakers ON speakers.rowid = speaker WHERE conversation = ? ORDER BY said.rowid",
            (place,),
        )
        for index, (speaker, text, at, name, answers, audience, thought) in enumerate(
            rows, begun + 1
        ):
            if name:
                numbers[name] = index
            yield Turn(
                index,
                speaker,
                text,
                audience=None if audience is None else tuple(json.loads(audience)),
                source=IMPORTED,
                thought=thought,
                at=at,
                answers=numbers.get(answers) if answers else None,
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
