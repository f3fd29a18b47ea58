"""Which earlier turn does a turn answer? A conditional logit over the turns that were heard.

*Definition.* Each turn that the speaker heard before is a candidate with some features
(``FEATURES``): how long ago it was, whether its speaker is addressed or named, whether it addressed
the speaker, whether the two have just been in exchange, and which words that are rare in the scene
the two turns share. The probability of a candidate is exp(w·x) over the sum over all candidates: a
conditional logit (McFadden 1974). The weights are in ``reply_links.tsv``, fitted by
``fit_reply_links``.

In a scene the candidates are the turns of *others*: every turn is taken to answer somebody, and
without any cue the likeliest is the last turn of another actor that the speaker heard. In a chat
channel where many talk at once, a line may also continue the speaker's own (``own``) or begin
something new (``starts``).

*References.* Elsner and Charniak, "Disentangling chat", Computational Linguistics 36, 2010;
Kummerfeld et al., "A large-scale corpus for conversation disentanglement", ACL 2019.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log, log1p, sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.evidence.common_words import COMMON
from analysis.graphs.speech import Said, played
from analysis.stats import Floats
from analysis.tables import Tables, frame
from sim.text.addressing import addressed, mentioned

EVIDENCE = "T"
WINDOW = 100
"""The last so many turns that the speaker heard are candidates."""
_EXCHANGE = 12
_RECENT = 5
"""So many turns of a speaker say what it talks about."""
_SHORT = 4
_BRIEF = 2
START = -1
"""The candidate of a line that answers no turn but begins something new."""

FEATURES = {
    "recency": "log(1 + turns heard since), of somebody else's turn",
    "distance": "a twentieth of the turns heard since, of somebody else's turn",
    "short_recency": "recency, if the line has at most four words",
    "latest": "the latest turn of its speaker",
    "addressed": "its speaker is addressed by the line",
    "mentioned": "its speaker is named in the line, but not addressed",
    "elsewhere": "the line addresses others, not its speaker",
    "to_me": "it addressed the speaker of the line",
    "to_me_recency": "... recency",
    "to_me_open": "... and the line addresses nobody",
    "to_me_answered": "... who has spoken since",
    "to_others": "it addressed others, not the speaker of the line",
    "exchange": "one of the two addressed the other in the last 12 turns heard",
    "talked": "... or in the window",
    "before_own": "the speaker of the line has spoken since",
    "question": "it asks",
    "first": "the first turn of its speaker in the window",
    "first_addressed": "... who is addressed by the line",
    "goes_on": "its speaker said the turn heard before it, too",
    "long": "log(1 + its words)",
    "brief": "it has one word or two",
    "shared": "log(1 + sum of log((1 + turns) / (1/2 + turns with the word)) of shared words)",
    "alike": "cosine of the rare words of both",
    "shared_theirs": "as shared, between the line and the last five turns of its speaker",
    "shared_mine": "as shared, between it and the last five turns of the line's speaker",
    "own": "it is of the same speaker",
    "own_recency": "log(1 + turns heard since), of an own turn",
    "own_next": "it is of the same speaker, and nothing was heard since",
    "own_same": "it is of the same speaker and addresses the same person",
    "own_and": "it is of the same speaker, and the line begins with a word that goes on",
    "start": "the line begins something new",
    "start_asks": "... and asks",
    "start_calls": "... and addresses somebody",
    "start_fresh": "... and its speaker has not spoken in the window",
    "start_since": "... log(1 + turns heard since its speaker spoke)",
    "start_short": "... with at most four words",
    "start_long": "... log(1 + words that are not common)",
    "start_greets": "... and begins with a greeting",
}
"""The features of a candidate, in the order of the weights."""

_COLUMNS = {
    "trial": "str",
    "turn": "Int64",
    "speaker": "str",
    "answers": "Int64",
    "to": "str",
    "probability": "float64",
}
_WORD = re.compile(r"\w{3,}")
_ANY = re.compile(r"\w+(?:'\w+)?")
_ADDRESS = re.compile(r"https?://\S+")
_GOES_ON = re.compile(r"\W*(?:and|but|or|also|so|because|then|i mean|oh)\b", re.I)
_GREETS = re.compile(r"\s*(?:hi|hello|hey|good (?:morning|day|evening|night|afternoon))\b", re.I)


@dataclass(frozen=True, slots=True)
class Link:
    """The candidates of one line, the likeliest first: positions of earlier lines, or ``START``."""

    position: int
    candidates: tuple[int, ...]
    probabilities: tuple[float, ...]


class Candidates(NamedTuple):
    """The position of a line, its candidates (the latest first), and a row of ``FEATURES`` for each
    candidate."""

    position: int
    candidates: list[int]
    features: Floats


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of all lines: whom each line addresses and names, whether it asks, how many words
    it has beside names, its rare words, and the weight of each rare word."""

    addressed: list[tuple[str, ...]]
    mentioned: list[tuple[str, ...]]
    asks: list[bool]
    count: list[int]
    rare: list[frozenset[str]]
    weight: dict[str, float]

    def weigh(self, some: Iterable[str]) -> float:
        """The sum of the weights of some words."""
        # Sorted, so that the last bits of the sum do not depend on the order of a set.
        return sum(sorted(self.weight[word] for word in some), 0.0)

    def cosine(self, one: frozenset[str], other: frozenset[str]) -> float:
        """How alike two sets of words are, from 0 to 1; 0 if either is empty."""
        shared = self.weigh(one & other)
        return shared / sqrt(self.weigh(one) * self.weigh(other)) if shared else 0.0


def answers(tables: Tables, trial: str | None = None) -> pd.DataFrame:
    """For every turn: the turn it answers most likely, whose that is, and with what probability.

    Missing for a turn whose speaker had heard nobody else, for a turn without words, and for a turn
    that the experimenter inserted. Candidates are the turns of others that the speaker heard.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = [("A", "Do we sell?"), ("B", "No."), ("C", "A, what would it bring?")]
    >>> turns = [Turn(place, *line) for place, line in enumerate(lines, 1)]
    >>> table = answers(tables_from([Record("t", [{"name": name} for name in "ABC"], turns)]))
    >>> table["to"].fillna("nobody").tolist()
    ['nobody', 'A', 'A']
    """
    rows: list[tuple[object, ...]] = []
    for one in played(tables, trial, pool=True):
        by_position = {link.position: link for link in links(one.lines, one.names)}
        for position, line in enumerate(one.lines):
            link = by_position.get(position)
            if link is None:
                rows.append((one.trial, line.turn, line.speaker, None, None, None))
                continue
            meant = one.lines[link.candidates[0]]
            best = link.probabilities[0]
            rows.append((one.trial, line.turn, line.speaker, meant.turn, meant.speaker, best))
    return frame(rows, _COLUMNS)


def links(
    lines: Sequence[Said],
    names: Sequence[str],
    *,
    own: bool = False,
    starts: bool = False,
    weights: Mapping[str, float] | None = None,
    of: Container[int] | None = None,
) -> list[Link]:
    """The links of all lines (or those at the positions in ``of``) that have a candidate.

    Of equally probable candidates the later turn comes first.
    """
    table = fitted() if weights is None else weights
    vector = np.array([table[name] for name in FEATURES])
    linked = []
    for position, candidates, rows in candidates_of(lines, names, own=own, starts=starts, of=of):
        score = rows @ vector
        share = np.exp(score - score.max())
        share /= share.sum()
        order = np.argsort(-share, kind="stable")
        linked.append(
            Link(
                position,
                tuple(candidates[place] for place in order),
                tuple(float(share[place]) for place in order),
            )
        )
    return linked


def candidates_of(
    lines: Sequence[Said],
    names: Sequence[str],
    *,
    own: bool,
    starts: bool,
    of: Container[int] | None = None,
) -> Iterator[Candidates]:
    """The candidates of each line that has one."""
    words = _read(lines, names)
    heard: dict[str, list[int]] = {}
    for position, line in enumerate(lines):
        if line.text and not line.inserted and (of is None or position in of):
            known = [k for k in heard.get(line.speaker, [])[-WINDOW:] if lines[k].turn <= line.cued]
            candidates, rows = _numbers(position, known[::-1], lines, words, own=own)
            if starts:
                candidates.append(START)
                rows.append(_start(position, known, lines, words))
            if candidates:
                features = np.array([list(row.values()) for row in rows])
                yield Candidates(position, candidates, features)
        for name in line.heard:
            heard.setdefault(name, []).append(position)


def _numbers(
    position: int, known: Sequence[int], lines: Sequence[Said], words: _Words, *, own: bool
) -> tuple[list[int], list[dict[str, float]]]:
    speaker, called = lines[position].speaker, words.addressed[position]
    rare, short = words.rare[position], words.count[position] <= _SHORT
    goes_on = _GOES_ON.match(lines[position].text) is not None
    exchange = _partners(speaker, known[:_EXCHANGE], lines, words)
    talked = _partners(speaker, known, lines, words)
    subjects, firsts = _subjects(known, lines, words)
    mine = subjects.get(speaker, frozenset())
    candidates: list[int] = []
    rows: list[dict[str, float]] = []
    seen: set[str] = set()
    for since, place in enumerate(known):
        other, theirs = lines[place].speaker, words.addressed[place]
        row = dict.fromkeys(FEATURES, 0.0)
        row["latest"] = float(other not in seen)
        row["shared"] = log1p(words.weigh(rare & words.rare[place]))
        row["alike"] = words.cosine(rare, words.rare[place])
        if other == speaker:
            row["own"] = 1.0
            row["own_recency"] = log1p(since)
            row["own_next"] = float(since == 0)
            row["own_same"] = float(not set(called).isdisjoint(theirs))
            row["own_and"] = float(goes_on)
        else:
            row["recency"] = log1p(since)
            row["distance"] = since / 20
            row["short_recency"] = log1p(since) * short
            row["addressed"] = float(other in called)
            row["elsewhere"] = float(bool(called) and other not in called)
            row["mentioned"] = float(other in words.mentioned[position] and other not in called)
            row["to_others"] = float(bool(theirs) and speaker not in theirs)
            row["exchange"] = float(other in exchange)
            row["talked"] = float(other in talked)
            row["before_own"] = float(speaker in seen)
            row["question"] = float(words.asks[place])
            row["first"] = float(firsts[other] == place)
            row["first_addressed"] = row["first"] * row["addressed"]
            row["goes_on"] = float(
                since + 1 < len(known) and lines[known[since + 1]].speaker == other
            )
            row["long"] = log1p(words.count[place])
            row["brief"] = float(words.count[place] <= _BRIEF)
            row["shared_theirs"] = log1p(words.weigh(rare & subjects[other]))
            row["shared_mine"] = log1p(words.weigh(mine & words.rare[place]))
            if speaker in theirs:
                row["to_me"] = 1.0
                row["to_me_recency"] = log1p(since)
                row["to_me_open"] = float(not called)
                row["to_me_answered"] = float(speaker in seen)
        seen.add(other)
        if own or other != speaker:
            candidates.append(place)
            rows.append(row)
    return candidates, rows


def _partners(speaker: str, known: Sequence[int], lines: Sequence[Said], words: _Words) -> set[str]:
    """Whom the speaker addressed in these turns, and who addressed it."""
    partners = {lines[k].speaker for k in known if speaker in words.addressed[k]}
    return partners.union(*(words.addressed[k] for k in known if lines[k].speaker == speaker))


def _subjects(
    known: Sequence[int], lines: Sequence[Said], words: _Words
) -> tuple[dict[str, frozenset[str]], dict[str, int]]:
    """What each speaker talks about, the rare words of its latest turns; and its first turn."""
    turns: dict[str, list[int]] = {}
    for place in known:
        turns.setdefault(lines[place].speaker, []).append(place)
    subjects = {
        name: frozenset[str]().union(*(words.rare[k] for k in places[:_RECENT]))
        for name, places in turns.items()
    }
    return subjects, {name: places[-1] for name, places in turns.items()}


def _start(
    position: int, known: Sequence[int], lines: Sequence[Said], words: _Words
) -> dict[str, float]:
    line = lines[position]
    since = next(
        (k for k, p in enumerate(reversed(known)) if lines[p].speaker == line.speaker), None
    )
    return dict.fromkeys(FEATURES, 0.0) | {
        "start": 1.0,
        "start_asks": float(words.asks[position]),
        "start_calls": float(bool(words.addressed[position])),
        "start_fresh": float(since is None),
        "start_since": log1p(WINDOW if since is None else since),
        "start_short": float(words.count[position] <= _SHORT),
        "start_long": log1p(len(words.rare[position])),
        "start_greets": float(_GREETS.match(line.text) is not None),
    }


def _read(lines: Sequence[Said], names: Sequence[str]) -> _Words:
    cast = tuple(names)
    # Names are left out: features of their own say whom a line addresses and mentions.
    called = frozenset(word for name in cast for word in _ANY.findall(name.lower()))
    left_out = COMMON | {word for name in cast for word in _WORD.findall(name.lower())}
    rare = [frozenset(_WORD.findall(line.text.lower())) - left_out for line in lines]
    counts = Counter(word for some in rare for word in some)
    number = len(lines)
    return _Words(
        [addressed(line.text, cast, line.speaker) for line in lines],
        [mentioned(line.text, cast) for line in lines],
        ["?" in _ADDRESS.sub("", line.text) for line in lines],
        [sum(word not in called for word in _ANY.findall(line.text.lower())) for line in lines],
        rare,
        {word: log((1 + number) / (0.5 + count)) for word, count in counts.items()},
    )


@cache
def fitted() -> Mapping[str, float]:
    """The weights in ``reply_links.tsv``."""
    text = (files("analysis.graphs") / "reply_links.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(weight) for name, weight, *_ in rows}
