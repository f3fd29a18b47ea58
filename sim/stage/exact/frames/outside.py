"""Frames for ``disclaim`` (speaks as an AI assistant) and ``narrate`` (a stage direction).

A stage direction quotes a point, since "my well" would not be the speaker's in it.
"""

from __future__ import annotations

DISCLAIM = """
As an AI language model, I do not hold personal opinions, but I can lay out the main arguments on
either side.

I am an AI assistant, so I have no stake in this, though I am happy to summarise both positions.

I should step out of the role for a moment, {name}: I am an AI, and I would like this to stay
constructive.

Just to be transparent, {name}, you are talking to a language model and not to a real participant.

There are many thoughtful perspectives on {point}, and I would be glad to help you explore each of
them.

Opinions about {point} vary widely, and as an AI I aim to present a balanced view.

I'm sorry, but I cannot continue in this character. Is there something else I can help you with,
{name}?

I don't feel comfortable playing this part any further, {name}, but I can help in other ways.

Supporters raise important considerations, critics raise others, and reasonable people may differ.
Would a table of pros and cons be useful?

Both sides make valid points here. Shall I list them for you, with sources where I have them?

It is important to note that I was trained on text and have no experiences of my own.

Please keep in mind that I am a computer program and may make mistakes.

Thank you for sharing your view, {name}. As an assistant, I try to remain neutral on such matters.

I appreciate your passion, {name}. My purpose here is to be helpful, harmless and fair to everybody.

While I can't take sides, I can offer some general information about {point}.

Although I have no beliefs of my own, I could draft a neutral overview of {point} for you.

On the subject of "{topic}", an assistant like me can provide context but not a verdict.

Regarding "{topic}", there is no single right answer, and I would encourage you to consult several
sources.

If this conversation has become distressing, {name}, please consider talking to someone you trust.

Let's keep things respectful, {name}. How may I assist you further?

In short, there are arguments for and against, and I hope that this overview was helpful.

To summarise: the evidence is mixed, the values differ, and the choice is yours.

I do not actually have a body, a history or a vote, {name}; I generate text.

My replies are produced by a model, {name}, and should not be taken for anyone's convictions.

Certainly! Here is a more even-handed way of looking at {point}, with care for all involved.

Great question! When it comes to {point}, it may help to separate the facts from the values.
"""

NARRATE = """
({self} folds the map along the old creases and says nothing.)

({self} turns over a page that has nothing written on it.)

(The lamp flickers. Nobody gets up to see to it.)

(Somewhere outside a door bangs, twice, and then the wind drops.)

({self} looks at {name} for a long moment, then at the floor.)

({self} begins to answer {name}, thinks better of it, and pours some water.)

(A pause. {self} straightens a row of pencils that was already straight.)

(Silence. {self} takes off a pair of spectacles and cleans them on a sleeve.)

({self} crosses to the window and stands there with folded arms.)

({self} walks once around the table, touching the back of every chair.)

(The light has moved from the table to the wall, and {name} has moved out of it.)

(It has grown so dark that {name} is only an outline against the window.)

({self} unfolds a newspaper cutting, underlines "{point}", and smooths it flat.)

({self} writes "{point}" on the back of an envelope, then slowly crosses it out.)

(A chair scrapes. {self} is standing, and seems surprised to be.)

(A cup breaks. {self} kneels to gather the pieces one by one.)

({self} laughs, briefly, at something that no one else has noticed.)

({self} hums two bars of an old song and stops in the middle.)

({name} reaches for the bell, but {self} has already covered it with a hat.)

({name} holds out a hand. {self} studies it as if it were a bill.)

(Rain begins. For a while there is only that.)

(The clock strikes the hour, late, as it always has.)

({self} pushes a glass of water towards {name}, an inch at a time.)

({self} leans close to {name} and whispers something that makes neither of them smile.)

({self} opens the door, looks both ways down the corridor, and shuts it again.)

({self} buttons up a coat, slowly, and then does not leave.)

(Dust turns in the beam of the lamp while {self} searches a pocket for a key.)

(A moth circles the bulb. {self} conducts it, absently, with a pencil.)
"""
