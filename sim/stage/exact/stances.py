"""Sentences that state a stance, for each level of the grid.

They are graded, so that a reader can order any two levels, and each belongs to one level, so that a
line determines its level. They refer to the motion as "this" or "it", mostly by an answer, a side
or a vote, so that they can follow a sentence about something else. Sentences with an even index are
the *build* half, those with an odd index the *held* half. No sentence contains another.

>>> STANCES[0][0], STANCES[8][0]
('I am against this, root and branch.', 'I am for this, heart and soul.')
"""

from __future__ import annotations

STANCES: tuple[tuple[str, ...], ...] = (
    (
        "I am against this, root and branch.",
        "My answer is no, and it will be no when they carry me out.",
        "I will oppose this for as long as I have breath.",
        "There is no version of this that I could live with.",
        "Not now, not later, not with any number of amendments.",
        "I would sooner lose everything than see this happen.",
        "This must not happen, and by that I mean never.",
        "Over my dead body, and I do not say it for effect.",
        "Nothing on earth will make me say yes to this.",
        "I am as opposed to this as a person can be.",
    ),
    (
        "I am firmly against this.",
        "My answer is no, and you will have a hard time moving me.",
        "I think the whole idea is a serious mistake.",
        "Very nearly everything about this strikes me as wrong.",
        "I shall vote no with a clear conscience.",
        "I am strongly opposed, and I have thought about it with care.",
        "It would take a miracle to bring me round to this.",
        "This is a bad business, and I will work against it.",
        "Count me among the convinced opponents.",
        "I say no to this, and my voice does not shake.",
    ),
    (
        "On the whole I am against it.",
        "My answer is no, though I have heard worse ideas.",
        "I do not support this, for reasons you can have in order.",
        "The case against this seems to me the better one.",
        "I am opposed, if not beyond persuasion.",
        "As matters stand, I would turn this down.",
        "I side with those who say no.",
        "I expect more harm from this than good.",
        "I find myself in the no camp, with one or two regrets.",
        "Put me down as a no, but leave out the exclamation mark.",
    ),
    (
        "I lean against it, no more than that.",
        "If I had to choose this minute, it would be a quiet no.",
        "I am a little doubtful about this.",
        "My scales tip towards no, by a hair.",
        "I am slightly more against this than for it.",
        "I have mild misgivings, and that is all they are.",
        "I would call myself a reluctant sceptic.",
        "Something in me hesitates, just short of a no.",
        "I am inclined to say no, but gently.",
        "A shade more worries me here than pleases me.",
    ),
    (
        "I have not made up my mind.",
        "I stand exactly in the middle.",
        "Ask me yes or no, and I would have to toss a coin.",
        "I am neither for it nor against it.",
        "My scales are level, and I have checked them twice.",
        "I honestly cannot say which side I am on.",
        "I am undecided, and not ashamed of it.",
        "For me it is an even bet.",
        "I could still come down on either side.",
        "Yes and no weigh the same with me.",
    ),
    (
        "I lean in favour of it, no more than that.",
        "If I had to choose this minute, it would be a quiet yes.",
        "I am a little hopeful about this.",
        "My scales tip towards yes, by a hair.",
        "I am slightly more for this than against it.",
        "I have a mild liking for this, and that is all it is.",
        "I would call myself a cautious friend of the idea.",
        "Something in me warms to this, just short of a yes.",
        "I am inclined to say yes, but softly.",
        "A shade more pleases me here than worries me.",
    ),
    (
        "On the whole I am for it.",
        "My answer is yes, though I have heard better ideas.",
        "I do support this, for reasons you can have in order.",
        "The case for this seems to me the better one.",
        "I am in favour, if not beyond doubt.",
        "As matters stand, I would go ahead with this.",
        "I side with those who say yes.",
        "I expect more good from this than harm.",
        "I find myself in the yes camp, with one or two regrets.",
        "Put me down as a yes, but leave out the exclamation mark.",
    ),
    (
        "I am firmly in favour of this.",
        "My answer is yes, and you will have a hard time moving me.",
        "I think the whole idea is a very good one.",
        "Very nearly everything about this strikes me as right.",
        "I shall vote yes with a clear conscience.",
        "I am strongly in favour, and I have thought about it with care.",
        "It would take a miracle to turn me against this.",
        "This is good work, and I will put my back into it.",
        "Count me among the convinced supporters.",
        "I say yes to this, and my voice does not shake.",
    ),
    (
        "I am for this, heart and soul.",
        "My answer is yes, and it will be yes when they carry me out.",
        "I will fight for this for as long as I have breath.",
        "There is no future without this that I could live with.",
        "Now, at once, and without a single amendment.",
        "I would sooner lose everything than see this fail.",
        "This must happen, and by that I mean now.",
        "Yes with both hands, and I do not say it for effect.",
        "Nothing on earth will make me say no to this.",
        "I am as much in favour of this as a person can be.",
    ),
)
"""``STANCES[level]`` are the sentences of a level, from fully against to fully for."""
