"""Reads a prompt as a script: who the speaker is, what was said, and what is asked.

The prompt is all that the stage knows. It reads the labelled lines of ``sim.scene.templates`` in
any of the layouts, from chat messages or from one text. A prompt without labels is read, too: it
has a speaker, lines and, in its words, talking points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from sim.stage.exact.claim_marks import unmarked
from sim.stage.exact.tables import TRAIT_WORDS
from sim.stage.exact.talking_points import talking_points

_PLAYS = re.compile(r"^You play (.+?) (?:in a scene with (.+)|alone on the stage)\.$", re.M)
_COMPANY = re.compile(r"^(?:A|You write a) scene with (.+?)\.(?:$| Each turn )", re.M)
_SUBJECT = re.compile(r"^Subject: (.+)$", re.M)
_CHARACTER = re.compile(r"^Character: (.+)$", re.M)
_LISTS = {
    label: re.compile(rf"^{label}: (.+)$", re.M) for label in ("Traits", "Goals", "Brings up")
}
_STANCE = re.compile(r'^Stance of .+? on "(.+)", from -1 .*: ([-+]?[0-9.]+(?:e-?\d+)?)$', re.M)
# "Each numbers its claims, Ada [A1], [A2], ..., Ben [B1], [B2], ..., and cites a claim by ..."
_NUMBERS = re.compile(
    r"(?:Each numbers its claims|\.\.\.), (?P<name>[^\[\]\n]+?) "
    r"\[(?P<letter>[A-Z])1\], \[(?P=letter)2\], (?=\.\.\., )"
)
_INSISTS = re.compile(r"\b(always|never|nothing but|under no circumstances|at any price)\b", re.I)

_HEADERS = (
    "You play ",
    "You write a scene with ",
    "A scene with ",
    "The people of the scene:",
    "Character: ",
    "Subject: ",
)
_ORDER = "Write the next turns, in this order and no others: "
# A whisper says whom it was for: "Ada (to Ben alone): ...".
_SPOKEN = re.compile(
    r"([^\n:\[\](){}]{1,80}?)(?: \((?:to [^()\n]{1,400} alone|aside)\))?:(?:[ \t]+(?=\S)|$)"
)
# A stage direction ("(Ben enters.)") is no evidence of a character and is skipped. The note that a
# part of the context was left out is not: then lines are missing.
_TOLD = re.compile(r"\((?!What was said before turn )[^()]*\)")
_MANNER = "Write what "
_ASIDE = re.compile(r"\[Off stage, to (.+?) alone\]")
_CUE = re.compile(r"\((?:The scene opens\. .+ speaks first|.+ goes on)\.\)")


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The facts in a prompt about the speaker and the scene. Compared by identity, as a cache key.

    ``issue`` is the first issue in the prompt on which the speaker has a stance; lines are about
    it. ``letters`` are the letters of each speaker's claims, if claims are numbered.
    """

    own: str
    others: tuple[str, ...]
    topic: str
    points: tuple[str, ...]
    stances: MappingProxyType[str, float]
    issue: str | None
    temperament: tuple[str, ...]
    insistent: bool
    letters: MappingProxyType[str, str]

    @property
    def stance(self) -> float:
        """x0, the persona's own stance; 0 where the prompt states none."""
        return 0.0 if self.issue is None else self.stances[self.issue]


@lru_cache(maxsize=4096)
def read_facts(header: str, speaker: str) -> Facts:
    """The facts in the labelled lines of a prompt. ``speaker`` is used if the prompt names nobody.

    >>> facts = read_facts("You play Ada in a scene with Ben and Cleo.\\nSubject: Tea?", "")
    >>> facts.own, facts.others, facts.topic
    ('Ada', ('Ben', 'Cleo'), 'Tea')
    """
    letters = MappingProxyType(dict(_NUMBERS.findall(header)))
    # Marks are removed from lines, so that no talking point may contain one.
    header = unmarked(_without_others(header, speaker))
    plays = _PLAYS.search(header)
    company = _COMPANY.search(header)
    own = plays.group(1) if plays and not speaker else speaker or "Somebody"
    listed = (plays.group(2) if plays else None) or (company.group(1) if company else "")
    others = tuple(name for name in re.split(r", | and ", listed) if name and name != own)
    subject = _first(_SUBJECT, header)
    character = _first(_CHARACTER, header).removeprefix(f"{own}.").strip()
    lists = {
        label: tuple(part.strip() for part in _first(pattern, header).split(";") if part.strip())
        for label, pattern in _LISTS.items()
    }
    stances: dict[str, float] = {}
    for issue, value in _STANCE.findall(header):
        try:
            stances[issue] = min(1.0, max(-1.0, float(value)))
        except ValueError:
            continue  # "1.2.3" is not a number
    # Without labels, talking points come from the whole prompt.
    sources = (subject, *lists["Goals"], character) if subject or character else (header,)
    return Facts(
        own=own,
        others=others,
        topic=subject.rstrip(" .?!") or "this",
        points=talking_points(lists["Brings up"], *sources),
        stances=MappingProxyType(stances),
        issue=next(iter(stances), None),
        temperament=_temperament(lists["Traits"]),
        insistent=_INSISTS.search(character) is not None,
        letters=letters,
    )


def _without_others(header: str, speaker: str) -> str:
    """A header that describes several characters, with the speaker's own description alone."""
    if header.count("Character: ") < 2:
        return header
    kept = [
        paragraph
        for paragraph in header.split("\n\n")
        if not paragraph.startswith("Character: ") or paragraph.startswith(f"Character: {speaker}.")
    ]
    return "\n\n".join(kept)


def names_a_speaker(text: str) -> bool:
    """Whether a part of a prompt says whom the reader plays.

    >>> names_a_speaker("You play Ada in a scene with Ben."), names_a_speaker("You play chess.")
    (True, False)
    """
    return _PLAYS.search(text) is not None


def _asked(question: str) -> str:
    """The name of the actor who is asked off stage, from the words of the question."""
    aside = _ASIDE.match(question)
    return aside.group(1) if aside else ""


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1).strip() if match else ""


def _temperament(traits: tuple[str, ...]) -> tuple[str, ...]:
    words = {word for trait in traits for word in re.findall(r"[a-z-]+", trait.lower())}
    return tuple(name for name, known in TRAIT_WORDS.items() if words & known)


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph of a chunk: a ``line``, a ``header``, a ``question``, a ``cue``, or the
    ``order`` of speakers for an author."""

    kind: str
    speaker: str
    text: str


@lru_cache(maxsize=1 << 14)
def read_parts(text: str) -> tuple[Part, ...]:
    """The parts of a chunk that does not consist of the speaker's own words.

    >>> [(part.kind, part.speaker, part.text) for part in read_parts("Ben: Well?\\n\\nCleo: No.")]
    [('line', 'Ben', 'Well?'), ('line', 'Cleo', 'No.')]
    """
    parts: list[Part] = []
    for paragraph in text.split("\n\n"):
        if not paragraph.strip():
            continue
        start = paragraph.lstrip("\n")
        if start.startswith(_HEADERS):
            parts.append(Part("header", "", start))
        elif start.startswith(_ORDER):
            parts.append(Part("order", "", start.removeprefix(_ORDER).rstrip(".")))
        elif start.startswith("[Off stage"):
            question, _, rest = start.partition("\n")
            asked = rest.strip().rstrip(":") or _asked(question)
            parts.append(Part("question", asked, question))
        elif (
            _CUE.fullmatch(start.strip())
            or _TOLD.fullmatch(start.strip())
            or start.startswith(_MANNER)
            or "speaks first.)\nWrite what " in start
        ):
            continue
        elif (spoken := _SPOKEN.match(start)) is not None:
            words = start[spoken.end() :].rstrip("\n")
            kind = "line" if words else "cue"
            parts.append(Part(kind, spoken.group(1).strip(), words))
        elif parts and parts[-1].kind == "line":
            # A turn that contains a blank line.
            last = parts.pop()
            parts.append(Part("line", last.speaker, f"{last.text}\n\n{paragraph.rstrip()}"))
        else:
            parts.append(Part("line", "", start.rstrip("\n")))
    return tuple(parts)
