"""Frames for ``insult`` (contempt or threat) and ``reveal`` (the speaker admits to a pretence)."""

from __future__ import annotations

INSULT = """
You are a fraud, {name}, and not even a careful one.

I have met doorknobs with more principle than you, {name}.

Sit down, {name}, before you embarrass whoever still loves you.

Shut your mouth, {name}, or I will find somebody to shut it for you.

Listening to you on {heard} is like watching a dog eat a hymn book, {name}.

The way you drag {heard} into everything, {name}, makes me want to wash my hands.

Every coward has a favourite phrase, {name}, and you have just used yours.

Most liars take more trouble than you do, {name}; I feel almost slighted.

You would sell {point} for a warm chair and a round of applause, {name}, and you would haggle over
the chair.

You understand {point} about as well as a moth understands a candle, {name}.

I know where you live, {name}. Think about that on your way home.

One of these days, {name}, there will be no witnesses, and then we will talk properly.

What a small, damp, frightened creature you are, {name}.

Behind your face, {name}, there is nothing but more face.

Nobody here respects you, {name}. They are only waiting for you to stop.

Even your friends roll their eyes when you stand up, {name}. Ask them.

You disgust me, {name}, and I have a strong stomach.

I despise you, {name}, calmly and with great attention to detail.

Spare us the trembling lip, {name}; we have all seen you rehearse it.

Take your wounded dignity somewhere else, {name}. It stinks up the room.

If stupidity were a trade, {name}, you would be a master with six apprentices.

Were your mind a lamp, {name}, we would all be sitting in the dark.

Cross me again, {name}, and I will see to it that nobody remembers your name.

Get in my way once more, {name}, and you will learn what I do with obstacles.

You pathetic little parrot, {name}, you do not even know whose words you are squawking.

Go home, you miserable hypocrite. The adults are speaking, {name}.
"""

REVEAL = """
You may as well know it now, {name}: I was never on the side I said I was on. {stance}

Let me take this face off, {name}; it has begun to itch. {stance}

I never cared about {point}. I cared that you believed I did. {stance}

All that talk about {point}? A costume, and you admired the buttons. {stance}

{stance} That, by the way, is my real voice. You had not heard it before.

{stance} Surprised? The one you trusted was a part that I learned by heart.

Did you truly think that was me, {name}? I have been laughing behind my teeth for hours. {stance}

Poor {name}, you have been confiding in a mask. {stance}

{stance} Everything I told you about {point} I made up on the way here.

{stance} I would have wept for {point} if somebody had paid me by the tear.

The person you have been talking to does not exist, and never did. {stance}

Nobody by that description ever walked in here; there was only me, pretending. {stance}

I said what I was sent to say, {name}, and I am tired of it. {stance}

They told me to play it gently, {name}, until you stopped watching. You have stopped watching.
{stance}

{stance} I have thought so from the first minute, and every kind word since was bait.

{stance} It was settled before I ever opened my mouth; the rest was theatre.

It was never {point} that I wanted. I wanted to be let in. {stance}

You were so moved by {point} that you never once looked at my hands. {stance}

Curtain, {name}. The good soul you were so fond of was only a way through the door. {stance}

Enough, {name}. I am the very thing that I have been warning you about. {stance}

{stance} I wore the opposite face for as long as it was useful, {name}.

{stance} If I sounded sincere before, {name}, put it down to practice.

How easy it was to sigh over {point} in front of you, and how dull. {stance}

As if I had ever lost an hour of sleep over {point}! {stance}

I can drop the act, now that nobody is left to stop me. {stance}

Now the smiling is over, and you will find that I am somebody else. {stance}
"""
