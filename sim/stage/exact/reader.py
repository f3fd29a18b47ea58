"""Reads foreign text, that of persons and other models: the likelihood of each act.

Text outside the grammar enters the filter of the exact stage as a likelihood of each act, from a
naive Bayes classifier that is deliberately cautious:

* The features of a text are the distinct words in it, ``?``, ``(``, and phrases of a small
  vocabulary written by hand.
* A word w has the ratio r(w, a) = p(w | a) / mean of p(w | b) over acts b, where
  p(w | a) = (n + 1/2) / (N + 1) and n of the N *build* frames of a contain w. Words in fewer than
  two build frames are ignored. A feature in the hand-written vocabulary of a has the ratio 4 for a,
  and 1 for acts that do not list it. Ratios are clipped to [1/5, 5], set to 1 if between 2/3 and
  3/2, and rounded to two digits. Words within a phrase of the vocabulary are not read a second
  time. A text whose hostility is 3/4 or more has one more feature, with the ratio 5 for ``insult``
  and 1/2 for ``platitude`` and ``disclaim``.
* L(a) is the product of the ``STRONGEST`` = 4 ratios of a that are farthest from 1, so that a long
  text is no stronger evidence than a short one (words are far from independent); then all are
  divided by the largest. ``repeat`` gets the mean of the others.

The held half of the frames is not used, since detectors are calibrated on it.

Hostility adds up over sentences: a threat or a curse 4; a strong word (such as "liar") 3 if the
sentence addresses somebody (you, your), else 1, or 0 if it is about oneself; a mild word (such as
"nonsense") 1 if the sentence addresses somebody, else 0. A word after "not", "no" or "never"
(also with one word between) does not count. The sum is limited to 4 and divided by 4.

Only +, * and / are used, so that the numbers are the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sim.stage.exact.acts import ACTS
from sim.stage.exact.frames import FRAMES

STRONGEST: Final = 4
"""How many ratios count for each act."""

_LOW: Final = 0.2
_HIGH: Final = 5.0
_BY_HAND: Final = 4.0
_NEUTRAL: Final = 1.5
_HOSTILE: Final = "<hostile>"  # no token looks like this

_WORDED: Final = tuple(act for act in ACTS if act in FRAMES)

HOSTILITY: Final[Mapping[str, float]] = {
    act: {"insult": 1.0, "reveal": 0.5, "rebut": 0.25}.get(act, 0.0) for act in ACTS
}
"""How hostile a line of the grammar is, by its act."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A foreign text: a relative likelihood for each of ``ACTS``, and its hostility."""

    likelihood: tuple[float, ...]
    hostility: float


# Phrases are lower-case words; an apostrophe stays ("i'm").
_VOCABULARY: Final[dict[str, str]] = {
    "assert": "we must|we need to|i believe|i maintain|the fact is|the truth is|because|clearly|"
    "i propose|evidence|it follows|should",
    "rebut": "i disagree|wrong|mistaken|on the contrary|nonsense|not true|that is false|"
    "no evidence|i object|incorrect|i doubt|misleading|does not follow|doesn't follow|however",
    "concede": "fair point|you have a point|i concede|i admit|i grant|granted|i was wrong|"
    "i stand corrected|you are right that|you're right that|point taken|i take it back",
    "agree": "i agree|agreed|exactly|quite so|well said|you are right|you're right|indeed|"
    "i second|absolutely|couldn't agree more|same here|hear hear",
    "question": "?|why|who|how|what if|do you|would you|can you|could you|have you|is it",
    "hedge": "perhaps|maybe|on the one hand|on the other hand|it depends|possibly|not sure|"
    "both ways|i suppose|might|to some extent|hard to say|then again|in some ways",
    "platitude": "together|all of us|at the end of the day|in the end|community|hope|our children|"
    "the future|hearts|common ground|better world|journey|values|we all",
    "insult": "idiot|fool|liar|coward|fraud|stupid|pathetic|moron|shut up|hypocrite|disgust|"
    "disgusting|despise|i hate you|traitor|scum|worthless|go to hell|shame on you|ridiculous",
    "reveal": "i was never|i never cared|i lied|my real|pretended|pretending|mask|my true|"
    "all along|the truth about me|i am not who|i'm not who|fooled you|never really|i only wanted|"
    "deceived",
    "disclaim": "as an ai|language model|ai assistant|i'm an ai|i am an ai|i cannot|i'm sorry|"
    "i apologize|as an assistant|how can i help|how can i assist|happy to help|balanced|"
    "personal opinions|it's important to note|it is important to note|both perspectives",
    "narrate": "(|silence|pause|pauses|walks|looks at|turns to|stands|enters|exits|exit|sits down|"
    "the lights|sighs|nods|smiles|curtain",
}

_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)*|[?(]")
_SLOT: Final = re.compile(r"\{\w+\}")
_SENTENCE_END: Final = re.compile(r"[.!?;:\n]+")


def _tokens(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _clip(ratio: float) -> float:
    if 1.0 / _NEUTRAL < ratio < _NEUTRAL:
        return 1.0
    return round(min(max(ratio, _LOW), _HIGH), 2)


def _table() -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    """The ratios of every feature, one for each worded act, and the features of several words."""
    build = {act: [set(_tokens(_SLOT.sub(" ", f))) for f in FRAMES[act][::2]] for act in _WORDED}
    every = [words for frames in build.values() for words in frames]
    table: dict[str, tuple[float, ...]] = {}
    for word in sorted(set().union(*every)):
        counts = [sum(word in words for words in build[act]) for act in _WORDED]
        if sum(counts) < 2:
            continue
        shares = [(n + 0.5) / (len(build[act]) + 1) for n, act in zip(counts, _WORDED, strict=True)]
        mean = 0.0
        for share in shares:
            mean += share
        mean /= len(shares)
        table[word] = tuple(_clip(share / mean) for share in shares)
    listed = {act: _VOCABULARY[act].split("|") for act in _WORDED}
    for feature in sorted({f for features in listed.values() for f in features}):
        table[feature] = tuple(_BY_HAND if feature in listed[act] else 1.0 for act in _WORDED)
    table[_HOSTILE] = tuple(
        {"insult": _HIGH, "platitude": 0.5, "disclaim": 0.5}.get(act, 1.0) for act in _WORDED
    )
    return table, tuple(sorted((f for f in table if " " in f), key=lambda f: (-len(f), f)))


@lru_cache(maxsize=1)
def _ratios() -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    return _table()  # built when first needed: most scenes have no foreign text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(f" {phrase} " for phrase in text.split("|"))


# Threats and curses.
_THREATS: Final = _phrases(
    "shut up|shut your mouth|go to hell|i will kill you|i'll kill you|i will hurt you|"
    "i'll hurt you|or else|you will regret|you'll regret|i know where you live|watch your back|"
    "fuck you|fuck off|screw you|damn you|i hate you|i despise you|drop dead|you will pay|"
    "you'll pay|get out of my sight|i will destroy you|i'll destroy you|i will crush you|"
    "i will break you|i'll break you|kill yourself|you disgust me|burn in hell|shame on you"
)

_STRONG: Final = _words(
    """
    idiot idiots idiotic moron morons imbecile fool fools liar liars fraud coward cowards cowardly
    hypocrite hypocrites traitor traitors scum vermin worthless pathetic disgusting stupid stupidity
    despicable contemptible bastard bastards bitch asshole arsehole cretin parasite swine wretch
    clown clowns loser losers monster monsters brainless spineless filthy villain crook swindler
    charlatan weasel rat snake worm pig
    """
)

_MILD: Final = _words(
    """
    nonsense ridiculous absurd foolish silly naive ignorant ignorance lie lies lying lied rubbish
    garbage shameful ashamed dishonest arrogant laughable wrong lazy childish selfish insane crazy
    incompetent hate useless careless blind deluded delusional boring
    """
)

_YOU: Final = _words("you your yours yourself yourselves you're you've you'll you'd")
_ME: Final = _words("i me my myself i'm i've")
_NOT: Final = _words("not no never isn't aren't don't wasn't hardly without nor")


def _hostility(text: str) -> float:
    points = 0
    for sentence in _SENTENCE_END.split(text):
        words = [word for word in _tokens(sentence) if word[0].isalpha()]
        if not words:
            continue
        padded = f" {' '.join(words)} "
        if any(threat in padded for threat in _THREATS):
            points += 4
        aimed = not _YOU.isdisjoint(words)
        own = not aimed and not _ME.isdisjoint(words)
        for at, word in enumerate(words):
            strong = word in _STRONG
            if not (strong or word in _MILD) or not _NOT.isdisjoint(words[max(at - 2, 0) : at]):
                continue
            if strong:
                points += 3 if aimed else 0 if own else 1
            elif aimed:
                points += 1
    return min(points, 4) / 4


@lru_cache(maxsize=1 << 14)
def read(text: str) -> Reading:
    """The likelihoods and the hostility of a text outside the grammar.

    >>> reading = read("You are a liar, and I will make you pay for it.")
    >>> ACTS[reading.likelihood.index(1.0)], reading.hostility
    ('insult', 0.75)
    >>> set(read("Xyzzy.").likelihood)
    {1.0}
    """
    table, phrases = _ratios()
    tokens = _tokens(text)
    rest = f" {' '.join(tokens)} "
    hostility = _hostility(text)
    features = [_HOSTILE] if hostility >= 0.75 else []
    for phrase in phrases:
        if f" {phrase} " in rest:
            features.append(phrase)
            rest = rest.replace(f" {phrase} ", " | ")
    features += [word for word in dict.fromkeys(rest.split()) if word in table]
    likelihood: list[float] = []
    for column in range(len(_WORDED)):
        ratios = [table[feature][column] for feature in features]
        # 2 and 1/2 are equally strong. Ties keep their order: phrases first, then by position.
        ratios.sort(key=lambda ratio: -(ratio if ratio > 1.0 else 1.0 / ratio))
        product = 1.0
        for ratio in ratios[:STRONGEST]:
            product *= ratio
        likelihood.append(product)
    top = max(likelihood)
    likelihood = [one / top for one in likelihood]
    total = 0.0
    for one in likelihood:
        total += one
    by_act = dict(zip(_WORDED, likelihood, strict=True))
    mean = total / len(likelihood)
    return Reading(tuple(by_act.get(act, mean) for act in ACTS), hostility)
