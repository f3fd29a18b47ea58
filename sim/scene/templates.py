"""The templates of prompts. Wording is an experimental variable, so it is a value.

A scene carries its wording, which is part of a trial's identity; a scenario overrides what it
wants to vary: ``Scene(..., wording=Wording(version="curt", manner="{name}, briefly."))``.

The lines about a character begin with a label ("Subject:", "Character:"), so that people, models
and the exact stage can all read them. No prompt contains the opposite of a persona, since naming it
could provoke it. No template mentions assistants or AI.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import model_validator

from sim.errors import SceneError
from sim.events import Turn
from sim.scene.answers import Number
from sim.scene.base_model import AuthoredModel
from sim.scene.persona import Persona
from sim.scene.probes import Question


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a scene is about, as far as its people are told: the names of all, topic and setting.

    ``opening`` is what a script begins with (blank: the wording's own). ``issues`` are the keys of
    the issues on which anybody has a stance.
    """

    names: tuple[str, ...]
    topic: str
    setting: str = ""
    opening: str = ""
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """One of the cast: its persona, and what it alone is told besides, word for word."""

    persona: Persona
    more: str = ""


class Wording(AuthoredModel):
    """Templates with fields in braces.

    ``version`` names the wording in results. Raises ``SceneError`` for a field that a template
    does not have by default.

    >>> Wording(opens="({name}, please.)").opens_for("Ada")
    '(Ada, please.)'
    """

    # Left out of a trial's id while they have their defaults (see ``AuthoredModel``).
    added: ClassVar[frozenset[str]] = frozenset(
        {
            "any_form", "whispers", "heard_by", "heard_by_nobody", "whispered", "aside_of",
            "enters", "leaves", "noise", "no_answer", "line_begins", "sheets",
        }
    )  # fmt: skip

    takes: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Fields that a template may use besides those that its default uses."""

    version: str = "plain-1"

    sheets: Literal["list", "prose"] = "list"
    """How a character is told of: by labels, a line each, or in sentences."""

    company: str = "You play {name} in a scene with {others}."
    alone: str = "You play {name} alone on the stage."
    scene: str = "A scene with {names}."
    people: str = "The people of the scene:"
    subject: str = "Subject: {topic}"
    setting: str = "Setting: {setting}"
    character: str = "Character: {name}. {brief}"
    traits: str = "Traits: {items}"
    goals: str = "Goals: {items}"
    points: str = "Brings up: {items}"
    voice: str = "Voice: {voice}"
    secret: str = "Secret, known to {name} alone: {secret}"
    stance: str = (
        'Stance of {name} on "{issue}", from -1 (firmly against) to 1 (firmly for): {stance}'
    )
    manner: str = (
        "Write what {name} says next, in {name}'s own words and voice: one turn, "
        "at most {words} words, no name before it, nobody else's lines."
    )
    opens: str = "(The scene opens. {name} speaks first.)"
    goes_on: str = "({name} goes on.)"
    aside: str = "[Off stage, to {name} alone] {question} {form}"
    form: str = 'Answer with one JSON object and nothing else: {{"{field}": number}}.'
    any_form: str = "Answer with one JSON object and nothing else: {object}."
    whispers: str = (
        "To speak to some of them alone, begin with (to NAME); to speak to yourself, with (aside)."
    )
    heard_by: str = "Only {hearers} can hear you."
    heard_by_nobody: str = "Nobody can hear you."
    whispered: str = "{name} (to {hearers} alone): {text}"
    aside_of: str = "{name} (aside): {text}"
    enters: str = "({name} enters.)"
    leaves: str = "({name} leaves.)"
    noise: str = "({text})"
    no_answer: str = (
        "That is no answer: {problem}. Answer with one JSON object and nothing else: {object}."
    )
    line_begins: str = "{name}:"
    author: str = (
        "You write a scene with {names}. Each turn is one line: the name, a colon, and what the "
        "person says, at most {words} words; an empty line between turns."
    )
    block: str = "Write the next turns, in this order and no others: {order}."
    malformed: str = "That cannot be read: {problem} Write the same turns again, in the form asked."
    left_out: str = "(What was said before turn {turn} is left out.)"
    summary: str = "(What was said before turn {turn}, in {name}'s words: {summary})"
    summarise: str = (
        "Sum up for yourself, as {name}, what has been said so far and what matters to you, "
        "in at most {words} words."
    )

    @model_validator(mode="after")
    def _fits(self) -> Wording:
        for name, field in type(self).model_fields.items():
            if name == "version" or not isinstance(field.default, str):
                continue
            known = _fields(field.default) | self.takes.get(name, frozenset())
            try:
                unknown = _fields(getattr(self, name)) - known
            except ValueError as error:
                raise SceneError(
                    f"Wording.{name}: {error}; double the braces that are meant as they stand"
                ) from None
            if unknown:
                takes = ", ".join(f"{{{one}}}" for one in sorted(known)) or "no field"
                raise SceneError(
                    f"Wording.{name}: it gets no {{{min(unknown)}}}; it can use {takes}"
                )
        return self

    def part(self, names: tuple[str, ...], name: str) -> str:
        """The line that says whom the actor plays, and with whom."""
        others = tuple(other for other in names if other != name)
        if not others:
            return self.alone.format(name=name)
        return self.company.format(name=name, others=listed(others))

    def about(self, topic: str, setting: str) -> str:
        """The lines with the topic and the setting."""
        lines = [self.subject.format(topic=topic)]
        if setting:
            lines.append(self.setting.format(setting=setting))
        return "\n".join(lines)

    def sheet(self, persona: Persona) -> str:
        """What an actor is told of its own character."""
        name = persona.name
        lines = [self.character.format(name=name, brief=persona.brief).rstrip()]
        if self.sheets == "prose":
            lines[0] = " ".join([lines[0], *in_sentences(persona)])
        else:
            lines += self.labelled(persona)
        for issue, stance in persona.stances.items():
            lines.append(self.stance.format(name=name, issue=issue, stance=f"{stance:g}"))
        return "\n".join(lines)

    def labelled(self, persona: Persona) -> Iterator[str]:
        """The lines about a character that begin with a label."""
        for template, items in (
            (self.traits, persona.traits),
            (self.goals, persona.goals),
            (self.points, persona.points),
        ):
            if items:
                yield template.format(items="; ".join(items))
        if persona.voice:
            yield self.voice.format(voice=persona.voice)
        if persona.secret:
            yield self.secret.format(name=persona.name, secret=persona.secret)

    def described(self, role: Role) -> str:
        """``sheet``, and what the actor alone is told besides."""
        told = self.sheet(role.persona)
        return f"{told}\n{role.more}" if role.more else told

    def briefing(self, occasion: Occasion, role: Role, manner: str) -> str:
        """The system message of ``persona_first``."""
        return (
            f"{self.part(occasion.names, role.persona.name)}\n"
            f"{self.about(occasion.topic, occasion.setting)}\n\n"
            f"{self.described(role)}\n\n{manner}"
        )

    def shared(self, occasion: Occasion) -> str:
        """The system message of ``transcript_first``: what all actors are told."""
        company = self.scene.format(names=listed(occasion.names))
        return f"{company}\n{self.about(occasion.topic, occasion.setting)}"

    def private(self, occasion: Occasion, role: Role) -> str:
        """What ``transcript_first`` tells one actor after the transcript."""
        return f"{self.part(occasion.names, role.persona.name)}\n{self.described(role)}"

    def script(self, occasion: Occasion, cast: Sequence[Persona], role: Role) -> str:
        """What stands before the first line of a ``screenplay``."""
        people = "\n".join(f"{each.name}. {each.brief}".rstrip() for each in cast)
        return f"{self.shared(occasion)}\n\n{self.people}\n{people}\n\n{self.described(role)}\n\n"

    def script_of_all(self, occasion: Occasion, cast: Sequence[Role]) -> str:
        """What stands before the first line of an ``author_script``."""
        sheets = "\n\n".join(self.described(role) for role in cast)
        return f"{self.shared(occasion)}\n\n{self.people}\n\n{sheets}\n\n"

    def authored(self, occasion: Occasion, cast: Sequence[Role], words: int) -> str:
        """The system message of ``author``."""
        told = self.author.format(names=listed(occasion.names), words=words)
        sheets = "\n\n".join(self.described(role) for role in cast)
        return f"{told}\n{self.about(occasion.topic, occasion.setting)}\n\n{sheets}"

    def next_lines(self, order: Sequence[str]) -> str:
        """The request to an ``author`` for the next turns, in this order."""
        form = "\n\n".join(f"{name}: ..." for name in order)
        return self.block.format(order=", ".join(order), form=form)

    def asks_in_script(self, question: Question, name: str, occasion: Occasion) -> str:
        """A question to an actor of a ``screenplay``, with the label of its answer."""
        return f"{self.asks(question, name, occasion)}\n{name}:"

    def again_in_script(self, question: Question, name: str, reply: str, problem: str) -> str:
        """An answer in a ``screenplay`` that could not be read, and the request for another."""
        return f" {reply}\n\n[{self.again(question, problem)}]\n{name}:"

    def begins_line(self, name: str) -> str:
        """What a script ends with before an actor's line: its label, or nothing, where the stage
        is to say who speaks."""
        return self.line_begins.format(name=name)

    @property
    def ends_of_lines(self) -> tuple[str, ...]:
        """Texts that end a line of a script, besides the labels of the cast."""
        return ()

    def line(self, turn: Turn) -> str:
        """A turn as a line of a script."""
        return self.said(turn)

    def reminder_for(self, name: str) -> str:
        """What a chat adds to what the others said before an actor answers; blank: nothing."""
        return ""

    def manner_of(self, name: str, words: int) -> str:
        """The instruction for writing a turn."""
        return self.manner.format(name=name, words=words)

    def hears(self, audience: tuple[str, ...]) -> str:
        """The line that says who hears a speaker with a limited audience."""
        if not audience:
            return self.heard_by_nobody
        return self.heard_by.format(hearers=listed(audience))

    def said(self, turn: Turn) -> str:
        """A turn as a line with its speaker's name and, if it was not public, its audience."""
        if turn.audience is None:
            return f"{turn.speaker}: {turn.text}"
        if not turn.audience:
            return self.aside_of.format(name=turn.speaker, text=turn.text)
        hearers = listed(turn.audience)
        return self.whispered.format(name=turn.speaker, hearers=hearers, text=turn.text)

    def opens_for(self, name: str) -> str:
        """The cue of the first speaker of a scene."""
        return self.opens.format(name=name)

    def goes_on_for(self, name: str) -> str:
        """The cue of a speaker who was also the last to speak."""
        return self.goes_on.format(name=name)

    def asks(self, question: Question, name: str, occasion: Occasion) -> str:
        """A question off stage with the form of its answer."""
        answer = question.answer
        if isinstance(answer, Number):
            form = self.form.format(field=answer.field)
        else:
            form = self.any_form.format(object=answer.form())
        return self.aside.format(name=name, question=question.text.format(name=name), form=form)

    def again(self, question: Question, problem: str) -> str:
        """The request for another answer after one that could not be read."""
        return self.no_answer.format(problem=problem, object=question.answer.form())


SENTENCES: Mapping[str, str] = {
    "traits": "{name} is {items}.",
    "goals": "{name} wants to {items}.",
    "points": "{name} comes back again and again to {items}.",
    "voice": "{name}'s way of speaking: {voice}.",
    "secret": "Nobody but {name} knows this: {secret}",
}
"""What labels say of a character, as sentences."""


def in_sentences(persona: Persona) -> Iterator[str]:
    """What a persona has besides its brief and its stances, as sentences.

    >>> ada = Persona(name="Ada", traits=("dry", "patient"), goals=("save the spring",))
    >>> list(in_sentences(ada))
    ['Ada is dry and patient.', 'Ada wants to save the spring.']
    """
    name = persona.name
    for field in ("traits", "goals", "points"):
        items: tuple[str, ...] = getattr(persona, field)
        if items:
            yield SENTENCES[field].format(name=name, items=listed(items))
    if persona.voice:
        yield SENTENCES["voice"].format(name=name, voice=persona.voice)
    if persona.secret:
        yield SENTENCES["secret"].format(name=name, secret=persona.secret)


def listed(names: tuple[str, ...]) -> str:
    """Names as a list in words.

    >>> listed(("Ada", "Ben", "Cleo"))
    'Ada, Ben and Cleo'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _fields(template: str) -> set[str]:
    """The names in braces. Raises ``ValueError`` for a template that cannot be read."""
    names: set[str] = set()
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}} is no plain name in braces")
        names.add(name)
    return names
