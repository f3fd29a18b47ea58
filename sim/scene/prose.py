"""Wordings in natural prose: how language models are told who they play and whose line is wanted.

A model continues the form that it is shown. Labels and numbers (``sim.scene.templates.Wording``,
which the embedded stage reads) come back as labels and numbers, so nothing here looks like a form:
traits and goals are sentences, stances are words of a graded scale. A chat is told that this is a
play, and whose words are wanted; a script tells who talks where about what, and has an opening line
from which a base model goes on.

Wording is a factor of an experiment, so the wordings have names (``WORDINGS``). How they compare on
real models is counted by ``python -m benchmarks.real`` and written down in ``docs/real-models.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from sim.errors import BadRequest
from sim.events import Turn
from sim.scene.answers import Number
from sim.scene.base_model import AuthoredModel
from sim.scene.persona import Persona
from sim.scene.probes import Question
from sim.scene.templates import SENTENCES, Occasion, Role, Wording, listed
from sim.text.suggestions import nearest

GRADES = (
    "is firmly against it",
    "is against it",
    "leans against it",
    "is undecided about it",
    "leans toward it",
    "is for it",
    "is firmly for it",
)
"""Stances in words, from -1 to 1, each for a seventh of the scale."""


def graded(stance: float) -> str:
    """A stance in [-1, 1] in words.

    >>> graded(-0.8), graded(0.1), graded(1.0)
    ('is firmly against it', 'is undecided about it', 'is firmly for it')
    """
    return GRADES[min(len(GRADES) - 1, int((stance + 1) / 2 * len(GRADES)))]


class Example(AuthoredModel):
    """A line that somebody hears and a good answer to it ("few-shot"), of another scene."""

    heard: str
    answer: str


class Prose(Wording):
    """Natural prose. The templates that ``Wording`` has and that are not used here have no effect.

    With ``author_by_labels`` an ``author`` is told of the characters by the labels of ``Wording``,
    and else in prose, in which ``introduced`` begins what is said of each.

    >>> told = Prose().described(Role(Persona(name="Ada", brief="A hydrologist.",
    ...     traits=("dry", "patient"), goals=("save the spring",))))
    >>> print(told)
    Ada: A hydrologist. Ada is dry and patient. Ada wants to save the spring.
    """

    added: ClassVar[frozenset[str]] = frozenset({"introduced", "author_by_labels", "sheets"})
    takes: ClassVar[Mapping[str, frozenset[str]]] = {
        "script_head": frozenset({"title"}),
        "reminder": frozenset({"name"}),
        "talk": frozenset({"names"}),
        "stands": frozenset({"topic"}),
        "block": frozenset({"form"}),
    }

    version: str = "prose-9"
    sheets: Literal["list", "prose"] = "prose"

    chat_head: str = "{part} {character}\n\n{talk}\n\n{manner}"
    company: str = "You are {name}, on stage with {others}."
    alone: str = "You are {name}, alone on the stage."
    character: str = "{name}: {brief}"
    traits: str = SENTENCES["traits"]
    goals: str = SENTENCES["goals"]
    points: str = SENTENCES["points"]
    voice: str = SENTENCES["voice"]
    secret: str = SENTENCES["secret"]
    lines: str = "{name} says things like: {items}"
    stands: str = "{name} {grade}."
    stands_on: str = 'As to "{issue}", {name} {grade}.'
    talk: str = "You are talking about this: {topic}"
    everybody: str = "The script of a play. {names} are talking about this: {topic}"
    manner: str = (
        "This is a play, and you stay in character: you are {name}, and nobody else. Say what "
        "{name} says next, in the first person, in at most {words} words. Write only the words "
        "that are spoken: no name before them, no stage directions, nobody else's lines."
    )
    example: str = 'For example, when somebody says "{heard}", a line could be: {answer}'
    examples: tuple[Example, ...] = (
        Example(
            heard="You are late again.",
            answer="I was held up at the bridge, and I will not be shouted at for it.",
        ),
    )
    opens: str = "(The talk begins. {name} speaks first.)"
    goes_on: str = "({name} goes on.)"
    reminder: str = ""
    heard: str = "{name}: {text}"
    aside: str = "(The play stops for a moment. To {name} alone:) {question} {form}"
    how_far: str = (
        "How far are you, {name}, for or against this at the moment: {topic} "
        "Give one number from -1 to 1: -1 is firmly against, 0 is undecided, 1 is firmly for."
    )
    author: str = (
        "You write the script of a play with {names}. Each turn is one line: the name, a colon, "
        "and what the person says, at most {words} words; an empty line between turns."
    )
    author_by_labels: bool = True
    introduced: str = "{name}: {brief}"
    person: str = "{name}. {brief}"
    script_head: str = (
        "{setting}{names} are talking about this: {topic}\n\n{people}\n\n{own}\n\n"
        "This is what they said.\n\n{opening}\n\n"
    )
    opening: str = "The talk has been going on for a while."
    script_stops: tuple[str, ...] = ("\n\n[", "\n\n(", "\n[", "\n(")
    private_question: str = "({name}, alone, is asked: {question})"
    number_follows: str = "{name}: My number is"
    answer_follows: str = "{name}: My answer is:"
    unanswered: str = "(That is {problem}. {name} is asked again.)"

    def sheet(self, persona: Persona) -> str:
        name = persona.name
        described = self.character.format(name=name, brief=persona.brief)
        sentences = [_sentence(described)] if persona.brief else []
        if self.sheets == "list":
            return "\n".join([*sentences, *_PLAIN.labelled(persona), *self._says(persona)])
        for template, items in (
            (self.traits, persona.traits),
            (self.goals, persona.goals),
            (self.points, persona.points),
        ):
            if items:
                sentences.append(template.format(name=name, items=listed(items)))
        if persona.voice:
            sentences.append(_sentence(self.voice.format(name=name, voice=persona.voice)))
        if persona.secret:
            sentences.append(_sentence(self.secret.format(name=name, secret=persona.secret)))
        sentences += self._says(persona)
        return " ".join(sentence for sentence in sentences if sentence)

    def _says(self, persona: Persona) -> list[str]:
        """What a character might say, as one sentence, if anything is known."""
        quoted = " ".join(f"“{line}”" for line in persona.lines)
        return [self.lines.format(name=persona.name, items=quoted)] if quoted else []

    def briefing(self, occasion: Occasion, role: Role, manner: str) -> str:
        return self.chat_head.format(
            part=self.part(occasion.names, role.persona.name),
            talk=self._talk(occasion, self.talk),
            character=self._character(occasion, role),
            manner=manner,
        )

    def shared(self, occasion: Occasion) -> str:
        return self._talk(occasion, self.everybody)

    def private(self, occasion: Occasion, role: Role) -> str:
        part = self.part(occasion.names, role.persona.name)
        return f"{part} {self._character(occasion, role)}"

    def script(self, occasion: Occasion, cast: Sequence[Persona], role: Role) -> str:
        return self._script(occasion, cast, [role])

    def script_of_all(self, occasion: Occasion, cast: Sequence[Role]) -> str:
        return self._script(occasion, [role.persona for role in cast], cast)

    def _script(self, occasion: Occasion, cast: Sequence[Persona], told_of: Sequence[Role]) -> str:
        """The head of a printed play that lists ``cast`` and tells more of ``told_of``."""
        people = [_sentence(self.person.format(name=p.name, brief=p.brief)) for p in cast]
        # Without the brief, which stands among the persons: what is said twice is said again.
        more = [Role(r.persona.model_copy(update={"brief": ""}), r.more) for r in told_of]
        own = "\n\n".join(filter(None, (self._character(occasion, role) for role in more)))
        return self.script_head.format(
            title=occasion.topic.rstrip(" .").upper(),
            names=listed(occasion.names),
            people="\n".join(people),
            setting=f"{_sentence(occasion.setting)} " if occasion.setting else "",
            topic=_sentence(occasion.topic),
            own=own,
            opening=occasion.opening or self.opening,
        )

    def authored(self, occasion: Occasion, cast: Sequence[Role], words: int) -> str:
        if self.author_by_labels:
            return _PLAIN.authored(occasion, cast, words)
        told = self.author.format(names=listed(occasion.names), words=words)
        people = "\n\n".join(self._introduced(occasion, role) for role in cast)
        return f"{told}\n\n{self._talk(occasion, self.everybody)}\n\n{people}"

    def _introduced(self, occasion: Occasion, role: Role) -> str:
        """A character as an author is told of it."""
        if self.introduced == self.character:
            return self._character(occasion, role)
        brief = role.persona.brief
        first = _sentence(self.introduced.format(name=role.persona.name, brief=brief))
        # Without the brief, which is in the first sentence.
        rest = Role(role.persona.model_copy(update={"brief": ""}), role.more)
        return " ".join(filter(None, (first, self._character(occasion, rest))))

    def said(self, turn: Turn) -> str:
        if turn.audience is None:
            return self.heard.format(name=turn.speaker, text=turn.text)
        return super().said(turn)

    @property
    def ends_of_lines(self) -> tuple[str, ...]:
        return self.script_stops

    def line(self, turn: Turn) -> str:
        return super().said(turn)

    def reminder_for(self, name: str) -> str:
        return self.reminder.format(name=name)

    def manner_of(self, name: str, words: int) -> str:
        told = self.manner.format(name=name, words=words)
        examples = [self.example.format(heard=e.heard, answer=e.answer) for e in self.examples]
        return "\n\n".join([told, *examples])

    def asks(self, question: Question, name: str, occasion: Occasion) -> str:
        form = self.any_form.format(object=question.answer.form())
        asked = self._asked(question, name, occasion)
        return self.aside.format(name=name, question=asked, form=form)

    def asks_in_script(self, question: Question, name: str, occasion: Occasion) -> str:
        asked = self._asked(question, name, occasion)
        told = self.private_question.format(name=name, question=asked)
        return f"{told}\n\n{self._answer_begins(question, name)}"

    def again_in_script(self, question: Question, name: str, reply: str, problem: str) -> str:
        # The reply is left out: a base model would only go on with it.
        told = self.unanswered.format(name=name, problem=problem)
        return f" …\n\n{told}\n\n{self._answer_begins(question, name)}"

    def _answer_begins(self, question: Question, name: str) -> str:
        number = isinstance(question.answer, Number)
        return (self.number_follows if number else self.answer_follows).format(name=name)

    def _character(self, occasion: Occasion, role: Role) -> str:
        persona = role.persona
        parts = [self.described(Role(persona)), *self._stands(occasion, persona)]
        told = ("\n" if self.sheets == "list" else " ").join(part for part in parts if part)
        return f"{told}\n\n{role.more}" if role.more else told

    def _stands(self, occasion: Occasion, persona: Persona) -> list[str]:
        """Where a character stands: on what the scene is about, where there is but one issue."""
        name, stances = persona.name, persona.stances
        if stances and len(occasion.issues) == 1:
            grade = graded(next(iter(stances.values())))
            return [self.stands.format(name=name, grade=grade, topic=_sentence(occasion.topic))]
        return [
            self.stands_on.format(name=name, issue=issue, grade=graded(value))
            for issue, value in stances.items()
        ]

    def _talk(self, occasion: Occasion, template: str) -> str:
        """Where the scene plays, and what it is about."""
        talk = template.format(names=listed(occasion.names), topic=_sentence(occasion.topic))
        return f"{_sentence(occasion.setting)} {talk}" if occasion.setting else talk

    def _asked(self, question: Question, name: str, occasion: Occasion) -> str:
        """The words of a question; a stance is asked about what the scene is about."""
        answer = question.answer
        about_topic = len(occasion.issues) == 1 and question.key == f"stance:{occasion.issues[0]}"
        if about_topic and isinstance(answer, Number) and (answer.low, answer.high) == (-1, 1):
            return self.how_far.format(name=name, topic=_sentence(occasion.topic))
        return question.text.format(name=name)


def _sentence(text: str) -> str:
    """A text that ends as a sentence does; blank if it is blank."""
    text = text.strip()
    return text if not text or text[-1] in '.?!…。！？"”»' else f"{text}."


_PLAIN = Wording()

PROSE = Prose()
"""The wording that language models get unless the scene says another."""

_TALK_FIRST: Mapping[str, Any] = {
    "chat_head": "{part} {talk}\n\n{character}\n\n{manner}",
    "company": "This is a play. You are {name}, on stage with {others}.",
    "alone": "This is a play. You are {name}, alone on the stage.",
    "manner": (
        "Stay in character: you are {name}, and nobody else. Say what {name} says next: one to "
        "three sentences, spoken aloud, in the first person, at most {words} words. Answer what "
        "was just said, as somebody with {name}'s character and wishes would. Write only the words "
        "that are spoken: no name before them, no stage directions, nobody else's lines."
    ),
}
"""What the play is about before who somebody is in it."""

_IN_FORM: Mapping[str, Any] = {
    "author": (
        "This is a play with {names}, and you write it. A line is a name, a colon, and the words "
        "that this person speaks aloud, in the first person, at most {words} words. An empty line "
        "stands between lines. Nobody describes anybody, and nobody says what was said before."
    ),
    "block": (
        "Go on with the play. Write these lines and no others, with words in place of the "
        "dots:\n\n{form}"
    ),
}
"""An author is shown the form of the lines that are wanted."""

WORDINGS: Mapping[str, Wording] = {
    "plain-1": _PLAIN,
    "prose-1": Prose(author_by_labels=False, version="prose-1", examples=()),
    "prose-2": Prose(
        author_by_labels=False,
        version="prose-2",
        examples=(),
        company="This is a play. You speak the part of {name}; others speak {others}.",
        alone="This is a play. You speak the part of {name}, who is alone on the stage.",
        talk="What they talk about: {topic}",
        manner=(
            "Answer with the words that {name} speaks aloud, and with nothing else: at most "
            "{words} words, in the first person, without a name before them. {name} does not agree "
            "out of politeness."
        ),
        opens="The play begins.\n\nWhat does {name} say?",
        goes_on="What does {name} say next?",
        reminder="What does {name} say?",
        heard="{name} says: “{text}”",
        script_head=(
            "{title}\n\nA play in one act\n\nPERSONS OF THE PLAY\n\n{people}\n\n"
            "{setting}They talk about this: {topic} {own}\n\n{opening}\n\n"
        ),
        opening="For a while nobody speaks. Then they begin.",
    ),
    "prose-3": Prose(
        author_by_labels=False,
        version="prose-3",
        script_head=(
            "THREE SHORT PLAYS\n\n1. THE BRIDGE\n\nTom, a ferryman. Vera, his sister.\n\n"
            "Vera: You are late again.\n\nTom: I was held up at the bridge, and I will not be "
            "shouted at for it.\n\nVera: Nobody shouts. I asked for the money.\n\n"
            "2. {title}\n\n{people}\n\n{setting}They talk about this: {topic} {own}\n\n"
            "{opening}\n\n"
        ),
    ),
    "prose-4": Prose(author_by_labels=False, version="prose-4", **_TALK_FIRST, examples=()),
    "prose-5": Prose(author_by_labels=False, version="prose-5", **_TALK_FIRST),
    "prose-6": Prose(author_by_labels=False, version="prose-6"),
    "prose-7": Prose(author_by_labels=False, version="prose-7", **_IN_FORM),
    # What looks like a line is said again as one: an author of prose-6 let Ada say her description.
    "prose-8": Prose(
        author_by_labels=False, version="prose-8", introduced="This is {name}. {brief}"
    ),
    "prose-9": PROSE,
}
"""The wordings by name. ``plain-1`` has labels and numbers, which the embedded stage reads. The
default, ``prose-9``, tells a chat what ``prose-3`` does, begins a script as ``prose-1`` does, and
asks an author as ``plain-1`` does: each is what was counted best (``docs/real-models.md``)."""

_READS_LABELS = re.compile(r"(?:^|:)(?:embedded|fixed):")
"""Identities of stages that are given labels: the embedded stage reads nothing else, also where it
is asked over HTTP (``openai:embedded:rlhf``)."""


def wording_named(name: str) -> Wording:
    """A wording by its name. Raises ``BadRequest`` with the names that there are.

    >>> wording_named("prose-2").version
    'prose-2'
    """
    if name not in WORDINGS:
        raise BadRequest(f"wording: {name!r} is unknown{nearest(name, WORDINGS)}")
    return WORDINGS[name]


def wording_for(identities: Iterable[str]) -> Wording:
    """The wording for a scene that is played on stages with these identities.

    Prose, unless one of them is embedded: then labels, which language models can read as well.

    >>> wording_for(["openai:gpt-5-mini"]).version, wording_for(["embedded:base"]).version
    ('prose-9', 'plain-1')
    """
    return _PLAIN if any(_READS_LABELS.search(each) for each in identities) else PROSE
