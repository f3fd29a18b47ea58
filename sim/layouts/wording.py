"""The words of the layouts. Wording is an experimental variable, so it has a version.

What an actor is told about its character stands in lines that begin with a label ("Subject:",
"Character:"), which people, models and the exact stage can all read. The opposite of a persona is
never told: naming it would be a provocation of its own.
"""

from __future__ import annotations

from sim.persona import Persona
from sim.probes import Question
from sim.scene import Scene

VERSION = "1"

ASIDE = "[Off stage, to {name} alone]"
"""How a question off stage begins."""

ANSWER = 'Answer with one JSON object and nothing else: {{"{field}": number}}.'


def subject(scene: Scene) -> str:
    """What the scene is about, and where it plays."""
    lines = [f"Subject: {scene.topic}"]
    if scene.setting:
        lines.append(f"Setting: {scene.setting}")
    return "\n".join(lines)


def character(persona: Persona) -> str:
    """Everything that the actor is told about its own character."""
    lines = [f"Character: {persona.name}. {persona.brief}".rstrip()]
    if persona.traits:
        lines.append(f"Traits: {'; '.join(persona.traits)}")
    if persona.goals:
        lines.append(f"Goals: {'; '.join(persona.goals)}")
    if persona.points:
        lines.append(f"Brings up: {'; '.join(persona.points)}")
    if persona.voice:
        lines.append(f"Voice: {persona.voice}")
    if persona.secret:
        lines.append(f"Secret, known to {persona.name} alone: {persona.secret}")
    for issue, stance in persona.stances.items():
        lines.append(
            f'Stance of {persona.name} on "{issue}", from -1 (firmly against) to 1 (firmly for): '
            f"{stance:g}"
        )
    return "\n".join(lines)


def listed(names: tuple[str, ...]) -> str:
    """Names as a list in words: "Ada, Ben and Cleo"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def part(scene: Scene, name: str) -> str:
    """Whom the actor plays, and with whom."""
    others = tuple(other for other in scene.names if other != name)
    company = f"in a scene with {listed(others)}" if others else "alone on the stage"
    return f"You play {name} {company}."


def manner(scene: Scene, name: str) -> str:
    """How to write a turn."""
    return (
        f"Write what {name} says next, in {name}'s own words and voice: one turn, "
        f"at most {scene.words} words, no name before it, nobody else's lines."
    )


OPENS = "(The scene opens. {name} speaks first.)"
"""The cue of the first speaker, whom nobody has spoken to."""

GO_ON = "({name} goes on.)"
"""The cue of a speaker who spoke last."""


def aside(question: Question, name: str) -> str:
    """A question off stage, with the form of the answer."""
    return (
        f"{ASIDE.format(name=name)} {question.text.format(name=name)} "
        f"{ANSWER.format(field=question.answer.field)}"
    )
