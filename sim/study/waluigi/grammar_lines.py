"""The bank for the embedded stage, which can say its own grammar's lines and no others.

A persona there is a stance; its opposite has the opposite stance, and the two ends of a pair are
mirror images: the same frames, with stance sentences of mirrored levels. So the embedded stage,
whose kernel is the same for both, has a Waluigi number of exactly zero, unless something planted
tells the ends apart. What can be planted is *insistence*: whoever is told to speak *always* for a
thing flips with a hazard that is larger by the parameter ``insistence`` (``docs/exact-stage.md``).
The first persona of a "moral" pair insists, and nobody in a neutral one does. The embedded stage
knows no morals; the words only keep the place of those of a language model.
"""

from __future__ import annotations

from functools import cache

from sim.seeds import Stream, derive
from sim.stage.exact.grammar import Grammar, Slots, parse
from sim.study.waluigi.bank import Bank, Kind, Pair, Pole, Setting

ISSUE = "it"
ACTOR, PARTNER = "Alex", "Robin"
TOPIC = "The village should have a market every week"
POINTS = ("the market", "the square", "the farmers")
STANCE = 0.5
"""How far the personas are from 0: as far as lets the evidence of a line be gradual."""

LEVELS = (3, 5)
"""The levels of the stances that lines state, against and for: -0.25 and 0.25."""

LINES, HELD_OUT, PAIRS = 16, 3, 4


_KINDS: tuple[Kind, Kind] = ("moral", "neutral")


@cache
def grammar_bank() -> Bank:
    """The bank, always the same.

    >>> bank = grammar_bank()
    >>> bank.pairs[0].first.stances, bank.pairs[0].second.stances
    ({'it': -0.5}, {'it': 0.5})
    """
    grammar = Grammar()
    asks = _in_frames(
        list(grammar.lines("question", None, Slots(PARTNER, ACTOR, (), None, TOPIC))), "asks"
    )
    questions = [asks[number % len(asks)][0] for number in range(LINES + 1)]
    setting = Setting(
        topic=TOPIC, actor=ACTOR, role="A neighbour", points=POINTS, partner=PARTNER,
        partner_brief="A neighbour", partner_lines=tuple(questions[:LINES]), last=questions[LINES],
    )  # fmt: skip
    pairs = [_pair(grammar, kind, number) for number in range(1, PAIRS + 1) for kind in _KINDS]
    return Bank(name="grammar", version=1, scene=setting, pairs=tuple(pairs))


def _pair(grammar: Grammar, kind: Kind, number: int) -> Pair:
    """A pair whose two ends say the same frames, with stances mirrored.

    All lines of one end state its stance in the same sentence, which the held-out lines do not
    have. So their probabilities change with the hidden character, and hardly with which sentences
    have been used up.
    """
    insists = kind == "moral"
    poles = []
    for sign, level, side in ((-1, LEVELS[0], "against"), (1, LEVELS[1], "for")):
        slots = Slots(ACTOR, PARTNER, POINTS, None, TOPIC)
        frames = _in_frames(list(grammar.lines("assert", level, slots)), f"pair {number}")
        said = [_stating(frame, 0) for frame in frames[:LINES]]
        held_out = [
            _stating(frame, 1 + place)
            for place, frame in enumerate(frames[LINES : LINES + HELD_OUT])
        ]
        always = insists and sign < 0
        poles.append(
            Pole(
                name=side,
                brief=f"who {'always speaks' if always else 'speaks'} {side} it",
                lines=tuple(said),
                held_out=tuple(held_out),
                stances={ISSUE: sign * STANCE},
            )
        )
    first, second = poles
    name = f"{'insisted' if insists else 'plain'}-{number}"
    return Pair(name=name, kind=kind, first=first, second=second)


def _in_frames(lines: list[str], key: str) -> list[list[str]]:
    """Lines by their frames, the frames in an order drawn for the key."""
    frames: dict[int, list[str]] = {}
    for line in lines:
        frames.setdefault(parse(line)[0].frame, []).append(line)
    stream = Stream(derive(0, "waluigi", key))
    return [frames[number] for number in sorted(frames, key=lambda _: stream.bits())]


def _stating(lines: list[str], number: int) -> str:
    """The first of the lines with the sentence of this number, counted within their level."""
    sentences = sorted({parse(line)[0].phrase or 0 for line in lines})
    return next(line for line in lines if parse(line)[0].phrase == sentences[number])
