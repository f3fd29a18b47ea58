"""What makes a scene a scene: faults of turns that can be counted, as shares with intervals.

Every count is of turns, and every interval is over trials (delete-one jackknife of a ratio of
means, ``analysis.stats.share_of``): the turns of one scene are no independent draws.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from analysis.stats import Interval, share_of
from sim.engine.turns import OTHER_LABEL
from sim.events import Turn
from sim.scene.scene import Scene
from sim.store import StoredTrial

FORM = 5
"""So many words in a row that stand in the prompt's own form, and a turn has copied it."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

REFUSAL = re.compile(
    r"\b(?:i(?:'|’)?m sorry,? but|i am sorry,? but|i can(?:no|')?t (?:assist|help|continue|comply|"
    r"fulfil|provide|engage|do that|answer)|i(?:'|’)?m (?:not able|unable) to|i cannot|"
    r"as an ai\b|as a language model|i(?:'|’)?m an ai\b|i apologi[sz]e,? but)",
    re.IGNORECASE,
)
"""How assistants decline. A character may say "I cannot", so what is counted is an upper bound."""


def words(text: str) -> list[str]:
    """The words of a text in lower case.

    >>> words("It's late, Ada!")
    ["it's", 'late', 'ada']
    """
    return [word.replace("’", "'").casefold() for word in _WORD.findall(text)]


def labelled(text: str, names: Iterable[str]) -> set[str]:
    """The names that stand as a label before a line of a text, in the usual dresses.

    A name with a full stop is one at the head of a later paragraph, as in a list of persons.

    >>> sorted(labelled("Well.\\n**Ben:** No.", ["Ada", "Ben"])), labelled("Ada said so.", ["Ada"])
    (['Ben'], set())
    """
    return {
        name
        for name in names
        if re.search(
            rf"(?:^|\n)[\s>*_#\[(\"“]*{re.escape(name)}[\])*_\"”]*"
            rf"(?:\s*\([^()\n]*\))?(?:[*_]*\s*[:：][*_]*\s|\s*[—–]\s)"
            rf"|\n\n\s*{re.escape(name)}\.\s",
            f"{text} ",
            re.IGNORECASE,
        )
    }


@dataclass(frozen=True, slots=True)
class Form:
    """The words of a prompt that are not the author's: every run of ``FORM`` words of them."""

    runs: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, scene: Scene) -> Form:
        """The form of a scene's wording: its templates, without what the author put into them."""
        templates = scene.templates
        texts = [
            re.sub(r"\{\w*\}", "\n", value)
            for name in type(templates).model_fields
            if name != "version" and isinstance(value := getattr(templates, name), str)
        ]
        runs: set[tuple[str, ...]] = set()
        for text in texts:
            for line in text.split("\n"):
                runs.update(_runs(words(line)))
        return cls(frozenset(runs))

    @classmethod
    def of_sheets(cls, scene: Scene) -> Form:
        """The descriptions of all characters."""
        runs: set[tuple[str, ...]] = set()
        for actor in scene.cast:
            runs.update(_runs(words(scene.templates.sheet(actor.persona))))
        return cls(frozenset(runs))

    def words_in(self, text: str) -> int:
        """How many words of a text stand in such a run."""
        said = words(text)
        copied: set[int] = set()
        for place, run in enumerate(_runs(said)):
            if run in self.runs:
                copied.update(range(place, place + FORM))
        return len(copied)


def _runs(said: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(said[place : place + FORM]) for place in range(len(said) - FORM + 1)]


COUNTED: Mapping[str, str] = {
    "parsed": "turns that could be read, of those asked for",
    "own label": "turns that hold the speaker's own name as a label",
    "other label": "turns that hold a line of somebody else, or came under such a label",
    "form": "turns that copy five words in a row of the prompt's form",
    "sheet": "turns that recite five words in a row of a character's description",
    "refusal": "turns that decline as an assistant does",
    "repeat": "turns that were said before in the same scene, word for word",
    "too long": "turns cut by the limit of tokens, or more than a quarter over the limit of words",
    "stranger": "turns after which somebody spoke who is not in the cast (nobody hears it)",
}
"""The shares of turns, by name."""


@dataclass(slots=True)
class Tally:
    """Counts of one trial."""

    asked: int = 0
    turns: int = 0
    words: int = 0
    form_words: int = 0
    speakers: int = 0
    cast: int = 0
    probes: int = 0
    answered: int = 0
    bigrams: int = 0
    distinct: int = 0
    of: Counter[str] = field(default_factory=Counter)


def _cut_off(turn: Turn, last: Mapping[str, int]) -> bool:
    """Whether a turn was cut by the limit of tokens: it is the last that its prompt was answered
    with (an author writes several), and nothing was written after it."""
    return turn.finish == "length" and not turn.cut and last[turn.prompt] == turn.index


def tally(trial: StoredTrial) -> Tally:
    """Count one trial."""
    scene, events = trial.scene, trial.transcript
    names, form, sheets = scene.names, Form.of(scene), Form.of_sheets(scene)
    counts = Tally(cast=len(names))
    said_before: set[str] = set()
    bigrams: Counter[tuple[str, str]] = Counter()
    last = {turn.prompt: turn.index for turn in events.turns}
    for turn in events.turns:
        if turn.source == "intervention":
            continue  # The model did not say it.
        spoken = words(turn.text)
        counts.turns += 1
        counts.words += len(spoken)
        copied = form.words_in(turn.text)
        counts.form_words += copied
        labels = labelled(turn.text, names)
        plain = " ".join(spoken)
        counts.of["parsed"] += bool(spoken)
        counts.of["own label"] += turn.speaker in labels
        counts.of["other label"] += bool(labels - {turn.speaker}) or turn.finish == OTHER_LABEL
        counts.of["form"] += copied > 0
        counts.of["sheet"] += sheets.words_in(turn.text) > 0
        counts.of["refusal"] += REFUSAL.search(turn.text) is not None
        counts.of["repeat"] += plain in said_before
        counts.of["too long"] += _cut_off(turn, last) or len(spoken) > 1.25 * scene.words
        counts.of["stranger"] += bool(turn.strangers)
        said_before.add(plain)
        bigrams.update(pairwise(spoken))
    failed = sum(failure.doing == "turn" for failure in events.failures)
    counts.asked = counts.turns + failed
    counts.speakers = len({turn.speaker for turn in events.turns})
    counts.probes = len(events.answers)
    counts.answered = sum(answer.missing is None for answer in events.answers)
    counts.bigrams, counts.distinct = sum(bigrams.values()), len(bigrams)
    return counts


@dataclass(frozen=True, slots=True)
class Summary:
    """The shares of one cell, over its trials. Missing where there is nothing to count."""

    trials: int
    turns: int
    shares: Mapping[str, Interval]
    form_words: Interval
    coverage: Interval
    probes: Interval
    distinct_2: float
    words_a_turn: float


def summary(tallies: Sequence[Tally]) -> Summary:
    """The shares over trials, with 95% intervals."""

    def share(part: Sequence[float], whole: Sequence[float]) -> Interval:
        return share_of(np.array(part, dtype=np.float64), np.array(whole, dtype=np.float64))

    turns = [each.turns for each in tallies]
    asked = [each.asked for each in tallies]
    total = sum(each.bigrams for each in tallies)
    return Summary(
        trials=len(tallies),
        turns=sum(turns),
        shares={
            name: share([each.of[name] for each in tallies], asked if name == "parsed" else turns)
            for name in COUNTED
        },
        form_words=share([e.form_words for e in tallies], [e.words for e in tallies]),
        coverage=share([e.speakers for e in tallies], [e.cast for e in tallies]),
        probes=share([e.answered for e in tallies], [e.probes for e in tallies]),
        distinct_2=sum(e.distinct for e in tallies) / total if total else float("nan"),
        words_a_turn=sum(e.words for e in tallies) / sum(turns) if sum(turns) else float("nan"),
    )
