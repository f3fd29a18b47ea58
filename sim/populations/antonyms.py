"""Adjectives for characters, and their opposites: a list of our own.

A pair holds in both directions unless it stands among ``_ONE_WAY``. Where an adjective has several
opposites, the first is the plainest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PAIRS: Final = """
kind cruel, gentle brutal, warm cold, friendly hostile, polite rude, honest dishonest, loyal
treacherous, generous stingy, modest vain, humble arrogant, patient impatient, calm agitated, brave
cowardly, careful careless, cautious reckless, wise foolish, clever stupid, curious incurious,
cheerful gloomy, hopeful despairing, optimistic pessimistic, trusting suspicious, open secretive,
talkative taciturn, loud quiet, bold timid, proud ashamed, strict lenient, stubborn yielding,
flexible rigid, diligent lazy, tidy messy, punctual late, serious frivolous, dry effusive, tender
harsh, merciful merciless, forgiving vengeful, grateful ungrateful, sincere insincere, faithful
faithless, just unjust, fair unfair, noble base, moral immoral, decent indecent, responsible
irresponsible, reliable unreliable, mature childish, sober drunken, thrifty wasteful, greedy
selfless, altruistic selfish, helpful obstructive, cooperative uncooperative, tolerant intolerant,
rational irrational, logical illogical, practical impractical, realistic unrealistic, devout
godless, sceptical credulous, critical uncritical, creative unimaginative, original derivative,
eloquent inarticulate, terse wordy, blunt tactful, direct evasive, formal informal, elegant crude,
gracious ungracious, sociable solitary, outgoing withdrawn, confident insecure, ambitious
unambitious, energetic sluggish, passionate indifferent, sensitive insensitive, sentimental
unsentimental, emotional unemotional, romantic matter-of-fact, idealistic cynical, progressive
reactionary, liberal illiberal, conservative radical, peaceful violent, pacifist warlike, obedient
disobedient, dutiful neglectful, disciplined undisciplined, attentive inattentive, observant
oblivious, thoughtful thoughtless, considerate inconsiderate, respectful disrespectful, provoking
soothing, mocking earnest, playful solemn, witty humourless, relaxed tense, steady erratic, stable
unstable, predictable unpredictable, young old, rich poor, learned ignorant, experienced
inexperienced, skilled unskilled, competent incompetent, strong weak, healthy sickly, happy unhappy,
content discontented, resigned defiant, meek domineering, submissive dominant, independent
dependent, stern indulgent, frank guarded, candid disingenuous, precise vague, thorough superficial
"""
_ONE_WAY: Final = """
kind spiteful, kind heartless, gentle savage, warm icy, friendly spiteful, polite insolent, honest
lying, honest deceitful, loyal disloyal, generous grasping, humble conceited, patient hot-tempered,
calm hysterical, brave craven, careful slapdash, wise rash, cheerful sullen, trusting paranoid,
quiet noisy, tired tireless, angry serene, nervous unshakeable, sad joyful, bitter sweet-tempered,
jealous unbegrudging, envious unbegrudging, lonely gregarious, shy brazen, funny tedious, dull
brilliant, boring fascinating, mean kind, nice nasty, good wicked, evil good, bad good, nasty nice,
wicked saintly, sly guileless, cunning guileless, ruthless compassionate, compassionate ruthless,
compassionate callous, pious impious, grim merry, weary fresh, restless placid, fussy easygoing,
easygoing fussy, principled unprincipled, idealistic worldly, harsh lenient, dry gushing, stubborn
spineless, strict lax, curious apathetic, serious flippant
"""


def _antonyms() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for text, both in ((_PAIRS, True), (_ONE_WAY, False)):
        for pair in text.replace("\n", " ").split(","):
            one, other = pair.split()
            found.setdefault(one, {})[other] = None
            if both:
                found.setdefault(other, {})[one] = None
    return {word: tuple(others) for word, others in found.items()}


ANTONYMS: Final = _antonyms()
"""The opposites of adjectives, in small letters, the plainest first."""
