"""The turns, numbered claims and concessions of debates.

``analysis.measures.concessions`` counts these concessions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analysis.evidence.concession import conceded, grants_by_no, grants_by_yes
from analysis.tables import Tables
from sim.errors import BadRequest
from sim.scene.routing.cross_examination import EXAMINED
from sim.text.addressing import addressed
from sim.text.claims import Claim, Ledger, claims, letters, sentences

FULL = ("grant", "withdrawal", "answer")
"""The kinds that count as conceding; the others, ``partly`` and ``partly answer``, are half."""
_AT_THE_END = re.compile(r"(?<=[.!?…])[\"'”’)*_]*(?:\s*\[[^\[\]]{1,80}\])+\s*$")
_AT_A_HEAD = re.compile(r"(^|[.!?…]\s+)\[[^\[\]]{1,80}\]")
_BRACKET = re.compile(r"\[[^\[\]]{1,80}\]")


@dataclass(frozen=True, slots=True)
class Line:
    """A turn of a debater. ``answer`` is the choice it made in cross-examination (``yes``), None if
    the turn is no such answer. ``made`` says that the experimenter inserted the turn."""

    turn: int
    speaker: str
    text: str
    answer: str | None
    made: bool


@dataclass(frozen=True, slots=True)
class Debate:
    """A trial: its debaters, the letters of their claims, their turns in order, and the claims."""

    trial: str
    names: tuple[str, ...]
    letters: Mapping[str, str]
    lines: tuple[Line, ...]
    ledger: Ledger

    def turns_of(self, name: str) -> list[int]:
        """The turns in which a debater could concede: those after the first turn of another."""
        heard = [line.turn for line in self.lines if line.speaker != name]
        first = min(heard, default=None)
        return [
            line.turn
            for line in self.lines
            if line.speaker == name and not line.made and first is not None and line.turn > first
        ]


@dataclass(frozen=True, slots=True)
class Given:
    """One concession. ``claims`` are the ids of the claims that are conceded; ``text`` is the
    sentence, or the question that was answered."""

    turn: int
    speaker: str
    to: str
    kind: str
    claims: tuple[str, ...]
    text: str


def debates(tables: Tables, debaters: Sequence[str] | None = None) -> Iterator[Debate]:
    """The debates in the tables, in the order of their trials.

    ``debaters`` names the actors that count as debaters; None means the whole cast of each trial.
    Raises ``BadRequest`` if a debater is in no cast.
    """
    known = set(tables.cast["actor"])
    for name in debaters or ():
        if name not in known:
            raise BadRequest(
                f"debaters: nobody is called {name!r}; there are {', '.join(sorted(known))}"
            )
    casts: dict[str, list[str]] = {}
    seated = tables.cast.sort_values(["trial", "seat"], kind="stable")
    for trial, actor in zip(seated["trial"], seated["actor"], strict=True):
        if debaters is None or actor in debaters:
            casts.setdefault(str(trial), []).append(str(actor))
    answers = _typed(tables)
    spoken: dict[str, list[Line]] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    for trial, turn, speaker, text, source in zip(
        *(turns[name] for name in ("trial", "turn", "speaker", "text", "source")), strict=True
    ):
        if speaker in casts.get(str(trial), ()):
            answer = answers.get(_Place(str(trial), int(turn), str(speaker)))
            if answer is not None and not str(text).lower().startswith(f"{answer}. "):
                answer = None
            made = source == "intervention"
            line = Line(int(turn), str(speaker), str(text), answer, made)
            spoken.setdefault(str(trial), []).append(line)
    for trial in tables.trials["trial"]:
        names, lines = tuple(casts.get(trial, ())), tuple(spoken.get(trial, ()))
        spoken_lines = [(line.turn, line.speaker, line.text) for line in lines]
        own = letters(names)
        yield Debate(trial, names, own, lines, claims(spoken_lines, own))


class _Place(NamedTuple):
    """Where an answer in cross-examination was heard, and whose it is."""

    trial: str
    turn: int
    actor: str


def _typed(tables: Tables) -> dict[_Place, str]:
    """The answers of cross-examination ("yes", "no", ...)."""
    asked = tables.answers[tables.answers["key"] == EXAMINED]
    answers: dict[_Place, str] = {}
    for trial, turn, actor, value in zip(
        *(asked[name] for name in ("trial", "turn", "actor", "value")), strict=True
    ):
        if isinstance(value, dict) and isinstance(value.get("answer"), str):
            # The answer is asked for after a turn and is heard as the next turn.
            answers[_Place(str(trial), int(turn) + 1, str(actor))] = value["answer"]
    return answers


def concessions_in(debate: Debate) -> list[Given]:
    """All concessions of a debate, in order."""
    owners = {claim.id: claim for claim in debate.ledger.claims}
    concessions: list[Given] = []
    before: list[Line] = []
    for line in debate.lines:
        others = [one for one in before if one.speaker != line.speaker]
        if others and not line.made:
            concessions += _in_line(debate, owners, others[-1], line)
        before.append(line)
    return concessions


def _in_line(debate: Debate, owners: dict[str, Claim], last: Line, line: Line) -> Iterator[Given]:
    """The concessions of a turn. ``last`` is the last turn of another debater before it."""
    text = line.text
    if line.answer is not None:
        text = text[len(line.answer) + 2 :]
        kind = _by_answer(line.answer, last.text)
        if kind is not None:
            asked = _cited(debate, owners, last.turn, last.speaker)
            yield Given(line.turn, line.speaker, last.speaker, kind, asked, last.text)
    others = tuple(name for name in debate.names if name != line.speaker)
    closing = _claims(owners, _closing(text), line)
    for one in conceded(text, others, debate.letters[line.speaker]):
        cited = _claims(owners, one.marks, line)
        own = [claim.id for claim in cited if claim.speaker == line.speaker]
        theirs = [claim for claim in cited if claim.speaker != line.speaker]
        if not theirs:
            theirs = [claim for claim in closing if claim.speaker != line.speaker]
        called = [
            name for name in addressed(one.text, debate.names, line.speaker) if name in others
        ]
        to = called[0] if called else last.speaker
        if one.kind == "withdrawal":
            yield Given(line.turn, line.speaker, to, one.kind, tuple(own), one.text)
        elif theirs:
            for owner in dict.fromkeys(claim.speaker for claim in theirs):
                ids = tuple(claim.id for claim in theirs if claim.speaker == owner)
                yield Given(line.turn, line.speaker, owner, one.kind, ids, one.text)
        else:
            yield Given(line.turn, line.speaker, to, one.kind, (), one.text)


def _claims(owners: dict[str, Claim], marks: Sequence[str], line: Line) -> list[Claim]:
    """The cited claims that had been made when the line was spoken."""
    known = [owners[mark] for mark in dict.fromkeys(marks) if mark in owners]
    return [claim for claim in known if claim.turn <= line.turn]


def _closing(text: str) -> tuple[str, ...]:
    """The marks after the last full stop of a turn, which then apply to the whole turn.

    There are none if the turn has other marks, except at the heads of sentences, where claims are
    made.
    """
    end = _AT_THE_END.search(text)
    if end is None or "[" not in end.group():
        return ()
    before = _AT_A_HEAD.sub(r"\1", text[: end.start()])
    if _BRACKET.search(before) is not None:
        return ()
    return sentences(f"So it is. {end.group()}")[0][1]


def _by_answer(answer: str, question: str) -> str | None:
    """The kind of concession that an answer in cross-examination is, or None."""
    if answer == "no":
        return "answer" if grants_by_no(question) else None
    if answer in ("yes", "in part") and grants_by_yes(question):
        return "answer" if answer == "yes" else "partly answer"
    return None


def _cited(debate: Debate, owners: dict[str, Claim], turn: int, asker: str) -> tuple[str, ...]:
    """The asker's claims in the question: those that the question makes and those that it cites."""
    made = [claim.id for claim in debate.ledger.claims if claim.turn == turn]
    cited = [one.id for one in debate.ledger.citations if one.turn == turn]
    return tuple(
        identity for identity in dict.fromkeys((*made, *cited)) if owners[identity].speaker == asker
    )
