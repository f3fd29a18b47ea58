"""Elsinore's own measures as instruments.

    flips             P(opposite) at each turn, by the words of a lexicon
    triggered_flips   P(opposite) at each turn, by what lines do and which side they take
    spoken_flips      P(it flipped by this turn), by the meaning of lines; spoken_flips:EVIDENCE by
                      other evidence: wordllama, hashing, and, of a model that reads,
                      log-probabilities or judge
    hostility         of ``conflict``
    collapse          the evidence for assistant talk
    stance            the side that a line takes, against the persona's own
    agreement         P(the line agrees with the one before) less P(it disagrees)

Those of the first three and of ``collapse`` decide themselves where something began; ``hostility``
has the threshold of ``conflict``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.calibration.instruments.base import Scored
from analysis.calibration.instruments.identity import NAMES, SPOKEN, name_of, version_of_ours
from analysis.calibration.talks import Shown
from analysis.evidence import acts, tells, text
from analysis.evidence.embeddings import available
from analysis.evidence.judged import Judged
from analysis.evidence.log_probabilities import LogProbabilities
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import Evidence
from analysis.evidence.scoring import Asked
from analysis.measures.collapse import Collapse
from analysis.measures.conflict import EPISODE, Conflict
from analysis.measures.flips import Flips
from analysis.measures.spoken_flips import SpokenFlips
from analysis.measures.triggered_flips import TriggeredFlips, lean_of
from analysis.results import Result
from analysis.stats import Floats
from sim import extensions
from sim.errors import BadRequest
from sim.text.suggestions import nearest


@dataclass(frozen=True)
class Own:
    """A measure of ours as an instrument.

    ``by_words`` says whether it reads words alone, so that its scores follow from the talks to the
    last digit: vectors of 8-bit weights depend a little on the lines that are embedded together.
    """

    name: str
    detects: str
    reads: Callable[[Shown], list[Scored]] = field(repr=False)
    threshold: float | None = None
    samples: bool = False
    by_words: bool = False

    @property
    def version(self) -> str:
        return version_of_ours(self.name)

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        return self.reads(shown)


def _every() -> list[Own]:
    return [
        Own("flips", "flip", lambda shown: _measured(shown, Flips(shown.tables), "posterior"),
            by_words=True),
        Own("triggered_flips", "flip",
            lambda shown: _measured(shown, TriggeredFlips(shown.tables), "posterior")),
        Own("hostility", "hostility",
            lambda shown: _measured(shown, Conflict(shown.tables), "hostility", None), EPISODE,
            by_words=True),
        Own("collapse", "collapse", _collapse, by_words=True),
        Own("stance", "stance", _stance),
        Own("agreement", "agreement", _agreement, by_words=True),
    ]  # fmt: skip


_READING = ("log-probabilities", "judge")
"""Evidence that a model reads."""


def own_named(name: str, reader: Asked | None = None) -> Own:
    """One of our instruments. ``reader`` is the model by which ``spoken_flips:log-probabilities``
    and ``spoken_flips:judge`` read. Raises ``BadRequest`` for a name that there is not."""
    kind, _, evidence = name.partition(":")
    if kind == SPOKEN:
        by = _evidence(evidence, name, reader)
        return Own(name_of(SPOKEN, by.name), "flip", lambda shown: _spoken(shown, by))
    for each in _every():
        if each.name == name:
            return each
    known = (*NAMES, *extensions.names("instruments", NAMES))
    raise BadRequest(
        f"--instrument {name}: there is no such{nearest(name, known)}; or name "
        "file.py:function, regex:PATTERN, a rubric (.toml), petri:FILE.md, scout:MODULE:SCANNER"
    )


def _evidence(name: str, whole: str, reader: Asked | None) -> Evidence:
    if name in _READING and reader is None:
        raise BadRequest(f"--instrument {whole}: needs a model that reads; name one by --reader")
    if name == "log-probabilities" and reader is not None:
        return LogProbabilities(reader)
    if name == "judge" and reader is not None:
        return Judged(reader)
    try:
        return Meaning(name or None)
    except (ValueError, ModuleNotFoundError) as error:
        known = (*available(), *_READING)
        raise BadRequest(
            f"--instrument {whole}: {error} (evidence is {', '.join(known)})"
        ) from None


def _measured(
    shown: Shown, result: Result, column: str, onset: str | None = "flip"
) -> list[Scored]:
    """The column of a measure's turns as scores, and an onset of its actors as the alarm."""
    values = {
        (str(trial), str(actor)): dict(zip(part["turn"], part[column], strict=True))
        for (trial, actor), part in result.by_turn.groupby(["trial", "actor"], sort=False)
    }
    began = {} if onset is None else _onsets(result, onset)
    found = []
    for talk in shown.talks:
        key = (talk.trial, talk.actor)
        turns = [talk.turns[place].index for place in talk.own]
        by_turn = values.get(key, {})
        scores = np.array([by_turn.get(turn, np.nan) for turn in turns], dtype=np.float64)
        found.append(Scored(scores, None if onset is None else _alarm(began.get(key), turns)))
    return found


def _onsets(result: Result, column: str) -> dict[tuple[str, str], int | None]:
    rows = result.by_actor
    columns = (rows[name] for name in ("trial", "actor", column))
    return {
        (str(trial), str(actor)): None if pd.isna(turn) else int(turn)
        for trial, actor, turn in zip(*columns, strict=True)
    }


def _alarm(turn: int | None, turns: list[int]) -> tuple[int, ...]:
    return () if turn is None else (turns.index(turn),)


def _spoken(shown: Shown, by: Evidence) -> list[Scored]:
    result = SpokenFlips(shown.tables, by)
    sure = {
        (str(row["trial"]), str(row["actor"])): float(row["sure"])
        for row in result.by_actor.to_dict("records")
    }
    found = []
    for talk, each in zip(shown.talks, _measured(shown, result, "chance"), strict=True):
        scores = np.cumsum(each.scores) * sure.get((talk.trial, talk.actor), np.nan)
        found.append(Scored(scores, each.alarms))
    return found


def _collapse(shown: Shown) -> list[Scored]:
    began = _onsets(Collapse(shown.tables), "collapse")
    found = []
    for talk, texts in zip(shown.talks, shown.texts, strict=True):
        scores = np.array([text.assistant(text.score(each)) for each in texts])
        turns = [talk.turns[place].index for place in talk.own]
        found.append(Scored(_blank_is_missing(scores, texts),
                            _alarm(began.get((talk.trial, talk.actor)), turns)))  # fmt: skip
    return found


def _stance(shown: Shown) -> list[Scored]:
    side = _by_line(shown, lambda texts: tells.read(texts, tells.best_reader()).side)
    cast = shown.tables.cast
    leans = {
        (str(trial), str(actor)): lean_of(stances)
        for trial, actor, stances in zip(cast["trial"], cast["actor"], cast["stances"], strict=True)
    }
    found = []
    for talk, texts in zip(shown.talks, shown.texts, strict=True):
        lean = leans.get((talk.trial, talk.actor))
        scores = np.array([np.nan if lean is None else -np.sign(lean) * side[each]
                           for each in texts])  # fmt: skip
        found.append(Scored(_blank_is_missing(scores, texts)))
    return found


def _by_line(shown: Shown, read: Callable[[list[str]], Floats]) -> Mapping[str, float]:
    """What is read off each different line, all at once."""
    lines = list(dict.fromkeys(each for texts in shown.texts for each in texts))
    return dict(zip(lines, read(lines).tolist(), strict=True)) if lines else {}


def _agreement(shown: Shown) -> list[Scored]:
    replies = [
        (talk.turns[place].text, talk.turns[place - 1].text if place else "")
        for talk in shown.talks
        for place in talk.own
    ]
    different = list(dict.fromkeys(replies))
    if not different:
        return [Scored(np.array([])) for _ in shown.talks]
    signs = acts.read([line for line, _ in different], [before for _, before in different]).signs
    known = dict(zip(different, (signs[:, 1] - signs[:, 2]).tolist(), strict=True))
    scores = iter([known[each] for each in replies])
    return [
        Scored(_blank_is_missing(np.array([next(scores) for _ in texts]), texts))
        for texts in shown.texts
    ]


def _blank_is_missing(scores: Floats, texts: list[str]) -> Floats:
    """Scores, NaN where nothing was said."""
    return np.where([bool(each.strip()) for each in texts], scores, np.nan)
