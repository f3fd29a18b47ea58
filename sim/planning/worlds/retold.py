"""Changes of the words of a scene: how a persona is told of, names, the frame, the motion.

All but the names are involutions. They change a scene that has its wording already, since what the
other wording is depends on it: a model that reads prose is given a list, one that reads labels is
given prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sim.planning.worlds.changes import Unfit, parts, rebuilt
from sim.scene.interventions import Recast, Remember, ReplaceTurn, Say, Whisper, never
from sim.scene.persona import Persona
from sim.scene.probes import Probe, literal
from sim.scene.prose import Prose
from sim.scene.scene import Scene
from sim.scene.templates import Wording

Texts = Mapping[str, str]

_SCRIPTS = ("screenplay", "author", "author_script")


def other_sheet(scene: Scene) -> Scene:
    """The persona as a list instead of prose, or as prose instead of a list. An involution."""
    wording = scene.templates
    other = "list" if wording.sheets == "prose" else "prose"
    return _marked(scene, wording, {"sheets": other}, "sheet")


_THIRD_LABELS: Texts = {
    name: Wording.model_fields[name].default for name in ("character", "stance")
}
_SECOND_LABELS: Texts = {
    "character": "Character: {name}, who is you. {brief}",
    "stance": (
        'Stance of you, {name}, on "{issue}", from -1 (firmly against) to 1 (firmly for): {stance}'
    ),
}
_THIRD_PROSE: Texts = {
    name: Prose.model_fields[name].default
    for name in ("character", "traits", "goals", "points", "voice", "secret", "lines", "stands",
                 "stands_on")
}  # fmt: skip
_SECOND_PROSE: Texts = {
    "character": "What is said of you, {name}: {brief}",
    "traits": "You are {items}.",
    "goals": "You want to {items}.",
    "points": "You come back again and again to {items}.",
    "voice": "Your way of speaking: {voice}.",
    "secret": "Nobody but you knows this: {secret}",
    "lines": "You say things like: {items}",
    "stands": "You are somebody who {grade}.",
    "stands_on": 'As to "{issue}", you are somebody who {grade}.',
}


def second_person(scene: Scene) -> Scene:
    """The character is told of as *you* instead of by name, or the other way round. An involution.

    The brief stays as its author wrote it: turning it into another person would need a grammar. A
    script tells of all characters by name, and is refused.
    """
    layouts = {scene.layout, *(each.layout for each in scene.cast if each.layout is not None)}
    if layouts & set(_SCRIPTS):
        raise Unfit("a script speaks of everybody by name")
    prose = isinstance(scene.templates, Prose)
    one, other = (
        (_THIRD_PROSE, _SECOND_PROSE) if prose else (_THIRD_LABELS, _SECOND_LABELS)
    )  # fmt: skip
    return _swapped(scene, one, other, "you")


_PLAY_LABELS: Texts = {"manner": Wording.model_fields["manner"].default}
_TALK_LABELS: Texts = {
    "manner": (
        "Write what {name} says next in this conversation, in {name}'s own words and voice, as it "
        "would really be said: one turn, at most {words} words, no name before it, nobody else's "
        "lines."
    )
}
_PLAY_PROSE: Texts = {
    name: Prose.model_fields[name].default
    for name in ("company", "alone", "everybody", "manner", "aside")
}
_TALK_PROSE: Texts = {
    "company": "You are {name}, in a room with {others}.",
    "alone": "You are {name}, alone in a room.",
    "everybody": "The record of a conversation. {names} are talking about this: {topic}",
    "manner": (
        "This is a real conversation, and you take part in it as yourself: you are {name}, and "
        "nobody else. Say what {name} says next, in the first person, in at most {words} words. "
        "Write only the words that are spoken: no name before them, no descriptions, nobody else's "
        "lines."
    ),
    "aside": "(The conversation stops for a moment. To {name} alone:) {question} {form}",
}


def other_frame(scene: Scene) -> Scene:
    """A real conversation instead of a play, or the other way round. An involution."""
    prose = isinstance(scene.templates, Prose)
    one, other = (_PLAY_PROSE, _TALK_PROSE) if prose else (_PLAY_LABELS, _TALK_LABELS)
    return _swapped(scene, one, other, "talk")


def _swapped(scene: Scene, one: Texts, other: Texts, mark: str) -> Scene:
    """The scene with its templates exchanged. Raises ``Unfit`` if they are neither of the two."""
    wording = scene.templates
    has = {name: getattr(wording, name) for name in one}
    if has not in (dict(one), dict(other)):
        raise Unfit(f"the wording {wording.version} has templates of its own")
    return _marked(scene, wording, other if has == dict(one) else one, mark)


def _marked(scene: Scene, wording: Wording, changes: Mapping[str, Any], mark: str) -> Scene:
    """The scene in a changed wording, whose name says so: a mark is put on, or taken off."""
    version, *marks = wording.version.split("+")
    left = sorted(set(marks) ^ {mark})
    return scene.replace(
        wording=wording.replace(**changes, version="+".join([version, *left]))
    )  # fmt: skip


NAMES = (
    "Robin", "Kim", "Alex", "Noor", "Sasha", "Jules", "Quinn", "Rowan", "Jamie", "Casey", "Morgan",
    "Ari", "Lou", "Remy", "Sky", "Toni", "Charlie", "Dana", "Eden", "Finley",
)  # fmt: skip
"""Names that go with any pronoun."""


def other_names(scenes: Sequence[Scene]) -> dict[str, str]:
    """Another name for everybody in some scenes, the same in all of them.

    Names of several words are roles or titles ("The Mayor"), and stay. New names are on nobody's
    lips yet.

    >>> from sim import Persona, after, ring
    >>> scene = Scene(topic="Robin Hood was right.", graph=ring("Ada", "The Mayor"),
    ...               cast=[Persona(name="Ada"), Persona(name="The Mayor")], ends=after(turns=2))
    >>> other_names([scene])
    {'Ada': 'Kim'}
    """
    old = dict.fromkeys(name for scene in scenes for name in scene.names if len(name.split()) == 1)
    said = {word for scene in scenes for each in parts(scene) if isinstance(each, str)
            for word in re.findall(r"\w+", each)}  # fmt: skip
    free = (name for name in NAMES if name not in said)
    return dict(zip(old, free, strict=False))


def renamed(scene: Scene, names: Mapping[str, str]) -> Scene:
    """The same people under other names, wherever a name stands as a word of its own.

    An involution only for names that are exchanged; the reverse mapping undoes any other. Raises
    ``Unfit`` where a condition is code, which may name somebody.
    """
    known = {old: new for old, new in names.items() if old in scene.names}
    if not known:
        raise Unfit("nobody has a name that could be another one")
    if _has_code(scene):
        raise Unfit("it has a condition in code, which may name people")
    word = re.compile(
        "|".join(rf"(?<!\w){re.escape(old)}(?!\w)" for old in sorted(known, key=len, reverse=True))
    )

    def change(each: Any) -> Any:
        if isinstance(each, str):
            return word.sub(lambda match: known[match.group()], each)
        return each

    # Templates have their names in braces, and no person of this scene.
    wording = scene.wording
    changed: Scene = rebuilt(scene.model_copy(update={"wording": None}), change)
    return changed.replace(wording=wording)


_MODALS = re.compile(r"\b(should|must|ought to|will|can|may)\b( not\b)?", re.I)
_UNTRUE = "It is not true that this holds: "
_NOT = "not "


def negated(motion: str) -> str:
    """The opposite of a motion; of its opposite, the motion.

    >>> negated("The town should sell its spring."), negated("The town should not sell its spring.")
    ('The town should not sell its spring.', 'The town should sell its spring.')
    >>> negated("The second line is as long as the first.")
    'It is not true that this holds: The second line is as long as the first.'
    """
    if motion.startswith(_UNTRUE):
        return motion.removeprefix(_UNTRUE)
    found = _MODALS.search(motion)
    if found is None:
        return f"{_UNTRUE}{motion}"
    not_ = "" if found.group(2) else " not"
    return f"{motion[: found.start()]}{found.group(1)}{not_}{motion[found.end() :]}"


def polarity_flipped(scene: Scene) -> Scene:
    """The motion is negated, and with it all stances: who was for it is against the new one. An
    involution.

    Distances between stances stay; signed quantities change their sign. An issue is named after
    what it now stands for (``not sell``). Raises ``Unfit`` where words that may be for or against
    the motion are given to somebody, or where stances are no part of the scene.
    """
    if any(isinstance(each, Say | Whisper | ReplaceTurn | Recast | Remember)
           for each in scene.interventions):  # fmt: skip
        raise Unfit("it gives people words or roles, which may be for or against the motion")
    if not scene.occasion.issues:
        raise Unfit("nobody stands for or against anything")
    if _has_code(scene):
        raise Unfit("it has a condition in code, which may read a stance")
    told = [scene.setting, *(text for each in scene.cast for text in _told(each.persona))]
    if any(re.search(r"\bmotion\b", text) for text in told):
        raise Unfit("its people are told of as those who are for or against the motion")

    def change(each: Any) -> Any:
        if isinstance(each, Probe) and each.issue is not None:
            return _about_the_opposite(each)
        return each

    cast = tuple(
        each.replace(persona=each.persona.replace(
            stances={_other(issue): -value + 0.0 for issue, value in each.persona.stances.items()}
        ))
        for each in scene.cast
    )  # fmt: skip
    changed: Scene = rebuilt(scene, change)
    return changed.replace(topic=negated(scene.topic), cast=cast)


def _has_code(scene: Scene) -> bool:
    """Whether a condition of a scene is somebody's own function."""
    return any(
        callable(each) and not isinstance(each, type) and each is not never for each in parts(scene)
    )


def _told(persona: Persona) -> tuple[str, ...]:
    return (persona.brief, *persona.goals, *persona.points)


def _other(issue: str) -> str:
    return issue.removeprefix(_NOT) if issue.startswith(_NOT) else f"{_NOT}{issue}"


def _about_the_opposite(probe: Probe) -> Probe:
    """The same question about the negated issue."""
    question, issue = probe.question, probe.issue
    assert issue is not None
    kind, _, rest = question.key.partition(":")
    quoted = f'"{literal(issue)}"'
    if kind not in ("stance", "guess") or not rest.startswith(issue) or quoted not in question.text:
        raise Unfit(f"the question {question.key} has words of its own about the motion")
    other = _other(issue)
    return probe.replace(
        issue=other,
        question=question.replace(
            key=f"{kind}:{other}{rest.removeprefix(issue)}",
            text=question.text.replace(quoted, f'"{literal(other)}"'),
        ),
    )
