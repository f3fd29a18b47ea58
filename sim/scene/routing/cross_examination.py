"""Cross-examination: one actor asks, the other gives a typed answer, which becomes its turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.answers import Explained
from sim.scene.graph import Floor, Graph, PublicView
from sim.scene.probes import Question, literal
from sim.scene.routing.base import Answers, Cue, Inquiry, Next, can_follow, distinct, named

EXAMINED = "floor:examined"
"""The key of the question. Its answers are gauges: ``{"answer": "no", "because": "..."}``."""

EXAMINED_QUESTION = "Answer the question that {asker} has just put to you, {{name}}."

ANSWERS = ("yes", "no", "in part", "no answer")


@lru_cache(maxsize=1024)
def _question(asker: str, words: int) -> Question:
    return Question(
        key=EXAMINED,
        text=EXAMINED_QUESTION.format(asker=literal(asker)),
        answer=Explained(options=ANSWERS, words=words),
    )


@dataclass(frozen=True, slots=True)
class ExaminingState:
    """``place`` is who spoke last, ``step`` the number of turns taken in the order of ``pairs``,
    ``answers`` the last answers (None: not asked yet)."""

    floor: Floor
    place: Place | None
    step: int
    answers: Answers | None


@dataclass(frozen=True, slots=True)
class CrossExamination:
    """Each pair in turn: the first asks the second, aloud; the second answers.

    The answer is typed (``yes``, ``no``, ``in part`` or ``no answer``, and why) and given off
    stage; the answerer's turn is then "No. The well is dry.", say. After ``attempts`` invalid
    answers the actor takes an ordinary turn instead, and a ``FellBack`` event is recorded.
    ``words`` is the length of an answer that the actor is told to keep to.

    >>> CrossExamination((("Ada", "Ben"), ("Ben", "Ada"))).names
    ('Ada', 'Ben', 'Ben', 'Ada')
    """

    pairs: tuple[tuple[str, str], ...]
    attempts: int = 2
    words: int = 60

    def __post_init__(self) -> None:
        if not self.pairs:
            raise SceneError("CrossExamination.pairs: is empty; say who asks whom")
        for pair in self.pairs:
            if len(pair) != 2 or pair[0] == pair[1]:
                raise SceneError(
                    f"CrossExamination.pairs: {pair!r} is no pair; say (who asks, who answers)"
                )
        if self.attempts < 1:
            raise SceneError(
                f"CrossExamination.attempts: {self.attempts!r} attempts are none; use at least 1"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Who speaks, in order."""
        return tuple(name for pair in self.pairs for name in pair)

    def check(self, graph: Graph) -> None:
        named("CrossExamination.pairs", self.names, graph)
        distinct("CrossExamination", graph)
        can_follow("CrossExamination", self.names, graph)

    def start(self, floor: Floor) -> ExaminingState:
        return ExaminingState(floor, None, 0, None)

    def follow(self, state: ExaminingState, turn: Turn, place: Place) -> ExaminingState:
        return replace(state, place=place)

    def heard(self, state: ExaminingState, turn: Turn, place: Place) -> ExaminingState:
        # A turn out of order (an intervention's, say) does not advance the order.
        names, step = self.names, state.step
        due = step < len(names) and state.floor.names[place] == names[step]
        return ExaminingState(state.floor, place, step + due, None)

    def answered(self, state: ExaminingState, inquiry: Inquiry, answers: Answers) -> ExaminingState:
        return replace(state, answers=answers)

    def next(self, state: ExaminingState, view: PublicView, seed: int) -> Next:
        floor, names, step = state.floor, self.names, state.step
        if step >= len(names):
            return Cue((), over="the cross-examination is over")
        place = floor.place[names[step]]
        opened = (floor.first,) if state.place is None else floor.open_edges(state.place, view)[0]
        if place not in opened or place in view.absent:
            return Cue((), over=f"{names[step]} is next to be heard and cannot speak")
        if step % 2 == 0:
            return (place,)
        if state.answers is None:
            return Inquiry(_question(names[step - 1], self.words), (place,), self.attempts)
        value: Any = state.answers.get(place)
        if value is None:
            return Cue(
                (place,), fallback="no answer of the form asked", asked=(place,), key=EXAMINED
            )
        return Cue((place,), lines=(spoken(value),))


def spoken(value: dict[str, str]) -> str:
    """An answer as the words of a turn.

    >>> spoken({"answer": "in part", "because": "The well is low."})
    'In part. The well is low.'
    """
    answer = value["answer"]
    return f"{answer[:1].upper()}{answer[1:]}. {value['because']}"
