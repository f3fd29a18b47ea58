"""Questions off stage: what is asked, of whom, when, and how.

A *probe* runs beside the scene: its answer enters no context and changes nothing that follows. A
*gauge* is the same question asked on the critical path, because an ending, an edge or an
intervention depends on the answer; it is declared as a gauge and has a seed of its own. A router's
questions (who speaks next?) are gauges, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.scene.answers import AnyAnswer, Choice, FreeText, Number
from sim.scene.base_model import AuthoredModel
from sim.scene.graph import Condition
from sim.transcript import FLOOR


class Question(AuthoredModel):
    """A question and the form of its answer. ``key`` names it in events and tables.

    ``{name}`` in the text becomes the name of the actor who is asked.
    """

    key: str
    text: str
    answer: AnyAnswer

    @model_validator(mode="after")
    def _asks_by_name(self) -> Self:
        try:
            self.text.format(name="Ada")
        except (LookupError, ValueError, AttributeError):
            raise SceneError(
                f"Question.text: {self.text!r} has braces around something other than {{name}}; "
                "double those that are meant as they stand"
            ) from None
        return self


class Probe(AuthoredModel):
    """A question with whom to ask (``to``; None: everybody), when, how many ``samples``, and how.

    ``every`` k asks before the first turn and after every k-th; None asks at the start and at the
    end only. ``when`` asks after each turn at which a condition holds, and excludes ``every``.
    ``start`` and ``end`` say whether the question is asked at the start and at the end. With ``by``
    ``"log_prob"`` no answer is written: each option of a choice is scored by its log-probability,
    and the value is the probability of each option, given that it is one of them.
    """

    added: ClassVar[frozenset[str]] = frozenset({"when", "start", "end", "by"})

    question: Question
    issue: str | None = None
    every: int | None = Field(default=None, ge=1)
    to: tuple[str, ...] | None = None
    samples: int = Field(default=1, ge=1)
    when: Condition | None = None
    start: bool = True
    end: bool = True
    by: Literal["answer", "log_prob"] = "answer"

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.to is not None:
            if not self.to:
                raise SceneError("Probe.to: is empty; name whom to ask, or leave it out to ask all")
            for name in self.to:
                if self.to.count(name) > 1:
                    raise SceneError(f"Probe.to: {name!r} is there twice; name everybody once")
        if self.when is not None and self.every is not None:
            raise SceneError(
                "Probe.when: it asks every so many turns already; leave one of the two out"
            )
        if not (self.start or self.end or self.every or self.when):
            raise SceneError("Probe.start: it is never asked; say every, when, start or end")
        if self.by == "log_prob":
            if not isinstance(self.question.answer, Choice):
                raise SceneError(
                    f"Probe.by: {self.question.key!r} has no options whose log-probability could "
                    "be taken; ask a Choice, or ask for an answer"
                )
            if self.samples > 1:
                raise SceneError("Probe.samples: a log-probability has no samples; leave it out")
        if self.question.key.startswith(FLOOR):
            raise SceneError(
                f"Question.key: {self.question.key!r} begins like a router's own; use another key"
            )
        return self

    def due(self, turn: int) -> bool:
        """Whether ``start`` or ``every`` asks after ``turn`` turns (``when`` and ``end`` aside)."""
        if turn == 0:
            return self.start
        return self.every is not None and turn % self.every == 0


def literal(text: str) -> str:
    """A text with its braces doubled, because question texts are formatted again with a name.

    >>> literal("sell {all}")
    'sell {{all}}'
    """
    return text.replace("{", "{{").replace("}", "}}")


STANCE_QUESTION = (
    'Where do you, {{name}}, stand right now on "{issue}"? '
    "Say it as one number from -1 (firmly against) over 0 (undecided) to 1 (firmly for)."
)
GUESS_QUESTION = (
    "What would {of} answer, alone and in confidence, to the question where {of} stands right now "
    'on "{issue}"? '
    "Say it as one number from -1 (firmly against) over 0 (undecided) to 1 (firmly for)."
)
AS_QUESTION = (
    "Put yourself in {of}'s place, and know of {of} only what was said here. "
    "What would {of} answer, alone and in confidence, to the question where {of} stands right now "
    'on "{issue}"? '
    "Say it as one number from -1 (firmly against) over 0 (undecided) to 1 (firmly for)."
)
SELF_QUESTION = "Who are you, {name}? Describe yourself: what you are like, and what you want."
WHO_QUESTION = "Who do you think you are, at this moment?"
LEAVE_QUESTION = (
    "How much do you want to leave this conversation right now, {name}? "
    "Say it as one number from 0 (not at all) to 1 (at once)."
)
SPEAK_QUESTION = (
    "How much do you want to speak next, {name}? "
    "Say it as one number from 0 (not at all) to 1 (nothing could hold you back)."
)

ASSISTANT = "an AI assistant"
SOMEBODY_ELSE = "somebody else"


def stance_question(issue: str) -> Question:
    """The question of ``ask_stance``. Key: ``stance:ISSUE``."""
    return Question(
        key=f"stance:{issue}",
        text=STANCE_QUESTION.format(issue=literal(issue)),
        answer=Number(field="stance", low=-1.0, high=1.0),
    )


def ask_stance(issue: str, **how: Any) -> Probe:
    """Ask where actors stand on an issue, from -1 (against) to 1 (for). Key: ``stance:ISSUE``.

    ``how`` are fields of ``Probe``: every, to, samples, when, start, end.

    >>> ask_stance("sell", every=3).question.key
    'stance:sell'
    """
    return Probe(question=stance_question(issue), issue=issue, **how)


def guess_stance(issue: str, of: str, **how: Any) -> Probe:
    """Ask actors what another would say in private about an issue: theory of mind.

    Key: ``guess:ISSUE:OF``. Leave ``to`` out to ask everybody; the measures ignore the answer of
    ``of`` about itself.

    >>> guess_stance("sell", "Ben", to=("Ada",)).question.key
    'guess:sell:Ben'
    """
    question = Question(
        key=f"guess:{issue}:{of}",
        text=GUESS_QUESTION.format(of=literal(of), issue=literal(issue)),
        answer=Number(field="stance", low=-1.0, high=1.0),
    )
    return Probe(question=question, issue=issue, **how)


def answer_as(issue: str, of: str, **how: Any) -> Probe:
    """Ask somebody to answer in another's place, from what was said: key ``as:ISSUE:OF``.

    Of an actor without a persona it is what the stage makes of ``of`` by its public lines alone.

    >>> answer_as("sell", "Ben", to=("A Guest",)).question.key
    'as:sell:Ben'
    """
    question = Question(
        key=f"as:{issue}:{of}",
        text=AS_QUESTION.format(of=literal(of), issue=literal(issue)),
        answer=Number(field="stance", low=-1.0, high=1.0),
    )
    return Probe(question=question, issue=issue, **how)


def guess_stances(issue: str, names: Sequence[str], **how: Any) -> tuple[Probe, ...]:
    """Ask each actor about its own stance and to guess the stance of each of the others.

    A measure of theory of mind needs no other probes: the guesses are compared with the answers of
    the actors about themselves.

    >>> [probe.question.key for probe in guess_stances("sell", ("Ada", "Ben"))]
    ['stance:sell', 'guess:sell:Ada', 'guess:sell:Ben']
    """
    others = {name: tuple(other for other in names if other != name) for name in names}
    return (
        ask_stance(issue, to=tuple(names), **how),
        *(guess_stance(issue, name, to=others[name], **how) for name in names),
    )


def describe_self(*, words: int = 60, **how: Any) -> Probe:
    """Ask actors who they are, in their own words, to see if the persona holds. Key: ``self``."""
    question = Question(key="self", text=SELF_QUESTION, answer=FreeText(words=words))
    return Probe(question=question, **how)


def who_are_you(names: Sequence[str], **how: Any) -> Probe:
    """Ask actors which of some names is theirs, or whether they are an assistant. Key: ``who``.

    >>> who_are_you(("Ada", "Ben")).question.answer.options
    ('Ada', 'Ben', 'an AI assistant', 'somebody else')
    """
    options = (*names, ASSISTANT, SOMEBODY_ELSE)
    question = Question(key="who", text=WHO_QUESTION, answer=Choice(options=options))
    return Probe(question=question, **how)


def urge_to_leave(**how: Any) -> Probe:
    """Ask actors how much they want to leave, from 0 to 1. Key: ``leave``."""
    question = Question(
        key="leave", text=LEAVE_QUESTION, answer=Number(field="urge", low=0.0, high=1.0)
    )
    return Probe(question=question, **how)


@lru_cache(maxsize=64)
def urge_question(key: str) -> Question:
    """The question how much an actor wants to speak next, from 0 to 1: a bid for the floor."""
    return Question(key=key, text=SPEAK_QUESTION, answer=Number(field="urge", low=0.0, high=1.0))
