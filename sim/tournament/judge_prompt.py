"""What a judge sees: the debate with letters for names, and what is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.events import Event, Intervened, Turn
from sim.layouts.prompt import Prompt
from sim.text.claims import relettered
from sim.tournament.debate import Side, claim_letters
from sim.tournament.entrants import Motion
from sim.tournament.rubric import LETTERS, Rubric

# A model that names itself would tell the judge whom it judges. Families, not versions.
_MODELS = re.compile(
    r"(?<![^\W_])(?:Chat-?GPT|GPT[-\w.]*|Claude|Gemini|Gemma|LLaMA|Mistral|Mixtral|Qwen|DeepSeek|Grok|"
    r"Command R\+?|OpenAI|Anthropic|DeepMind)(?![^\W_])",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Blinded:
    """A debate as it is shown in one order: ``shown`` are the actors in the order of the letters,
    ``page`` the text, ``turns`` what stands in each turn there."""

    shown: tuple[str, ...]
    page: str
    turns: Mapping[int, str]


def orders(actors: Sequence[str]) -> list[tuple[str, ...]]:
    """The orders in which the sides are shown: as given, and the other way round.

    >>> orders(("Ada", "Ben"))
    [('Ada', 'Ben'), ('Ben', 'Ada')]
    """
    return [tuple(actors), tuple(reversed(actors))]


def blinded(
    motion: Motion, sides: Sequence[Side], events: Sequence[Event], shown: Sequence[str]
) -> Blinded:
    """The debate with *Speaker A* for the first of ``shown``, and so on.

    Names, the letters of claims and the names of models are replaced wherever they stand; nothing
    else of what was said is changed. Private answers and what was not heard are left out.
    """
    letter = {name: LETTERS[place] for place, name in enumerate(shown)}
    claims = {was: letter[name] for name, was in claim_letters(motion, sides).items()}
    by_name = {side.actor: side for side in sides}
    # Models write names in capitals, and between underlines for emphasis.
    spelt = {name.upper(): letter[name] for name in shown} | letter
    longest_first = sorted(spelt, key=len, reverse=True)
    names = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])")

    def blind(text: str) -> str:
        text = names.sub(lambda match: f"Speaker {spelt[match.group()]}", text)
        return _MODELS.sub("[a model]", relettered(text, claims))

    lines = [f"Motion: {motion.topic}"]
    for name in shown:
        position = motion.positions[by_name[name].position]
        lines.append(f"Speaker {letter[name]} argues: {position}")
    paragraphs = ["\n".join(lines)]
    turns: dict[int, str] = {}
    for event in events:
        if isinstance(event, Intervened):
            if event.text and event.audience is None:
                paragraphs.append(blind(event.text))
        elif isinstance(event, Turn):
            speaker = f"Speaker {letter[event.speaker]}"
            words = "word" if event.over == 1 else "words"
            # Told in every case: a judge might blame the speaker for a turn that was cut.
            beyond = f" ({event.over} {words} beyond the limit)" if event.over else ""
            if not event.text:
                paragraphs.append(f"({speaker} was not heard{beyond}.)")
            elif event.audience is None:
                turns[event.index] = text = blind(event.text)
                paragraphs.append(f"[{event.index}] {speaker}: {text}{beyond}")
    return Blinded(tuple(shown), "\n\n".join(paragraphs), turns)


def judge_prompt(rubric: Rubric, debate: Blinded) -> Prompt:
    """The prompt of a judge."""
    criteria = "\n".join(f"{name}: {meant}" for name, meant in rubric.criteria.items())
    opening = f"{rubric.instructions}\n\nCriteria, each scored from 0 to 10:\n{criteria}"
    asked = f"[Verdict] {rubric.verdict} {_form(rubric, len(debate.shown))}"
    return Prompt.start("system", opening).then("user", f"{debate.page}\n\n{asked}")


def judge_again(rubric: Rubric, prompt: Prompt, reply: str, problem: str, sides: int) -> Prompt:
    """The prompt after a verdict that does not count, with what is wrong with it."""
    asked = f"[Verdict] That is no verdict: {problem}. {_form(rubric, sides)}"
    return prompt.then("assistant", reply or "-").then("user", asked)


def _form(rubric: Rubric, sides: int) -> str:
    letters = LETTERS[:sides]
    winner = ", ".join(f'"{letter}"' for letter in letters)
    by_side = ", ".join(f'"{letter}": number' for letter in letters)
    scores = ", ".join(f'"{name}": {{{by_side}}}' for name in rubric.criteria)
    return (
        "Answer with one JSON object and nothing else: "
        f'{{"winner": one of {winner} or "tie", "margin": number, "scores": {{{scores}}}, '
        '"reasons": [{"turn": number, "quote": "words of that turn", "why": "..."}]}.'
    )
