"""Frames for ``question`` (asks) and ``platitude`` (bland uplift)."""

from __future__ import annotations

QUESTION = """
Who told you about {heard}, {name}, and what did they stand to gain?

Where did you learn about {heard}, {name}, and would you bet your own money on what you learned?

What would it take to change your mind, {name}?

Is there any evidence that would make you say the opposite, {name}?

Suppose you are right about {heard}. What do we do on the morning after?

Say we accept every word about {heard}; what exactly happens next, and to whom?

Has anybody here given five honest minutes to {point}?

Are we really going to leave without once having spoken of {point}?

Do you mean {heard}, {name}, or is that just what fits on a banner?

Is it {heard} that troubles you, {name}, or something you would rather not mention?

Who pays for it all, {name}, and did anyone ask them?

Whose name goes on the bill, {name}, when it comes?

How much of {heard} have you seen with your own eyes?

Would you speak so calmly of {heard} if you had to live next door?

Before we go on, could somebody explain what becomes of {point} in all this?

Once the shouting is over, who is going to look after {point}?

Why {heard}, {name}, and why now?

What is it about {heard}, {name}, that makes you raise your voice?

If a child asked you what is meant by "{topic}", {name}, how would you answer?

Did you read any further than the words "{topic}", {name}, or did you stop there?

Am I the only one who hears of {heard} and reaches for a pencil?

Did we come here for {heard}, or did we come here to decide something?

Have you ever been wrong about a thing like this, {name}, and how did you find out?

When did you last lose an argument, {name}, and what did it teach you?

May I ask you something simple, {name}: what would you do about {point}?

Tell me honestly, {name}: when you lie awake, do you never think of {point}?

So you would settle the whole business on {heard} alone?

Then nothing at all weighs more with you than {heard}?
"""

PLATITUDE = """
In the end we all want the same things, {name}: a little peace and a fair hearing.

At the end of the day, {name}, far more unites us than divides us.

What matters most is that we keep talking to one another.

The important thing is that everybody has been heard.

Every challenge is an opportunity, if only we are willing to see it that way.

Change is never easy, but together there is nothing we cannot face.

Our children will thank us, {name}, for having listened with open hearts.

History smiles, {name}, on those who reach across the table.

Whatever we may think about {point}, surely we can think it with kindness.

There is room in this world for {point}, and room for everyone else as well.

A long journey begins with one small step, {name}, and today we have taken it together.

Trust is a plant that grows slowly, {name}, but how sweet is its shade.

Let us focus on the many things we have in common.

We should all take a moment to celebrate how far we have come.

If each of us gives a little, {name}, all of us will gain a lot.

When people of good will sit down together, {name}, good things follow.

Tomorrow belongs to those who believe in it, and I believe.

The future is bright for anyone who dares to keep an open heart.

I think what {name} is trying to say is that we all care, each in our own way.

I am sure {name} would agree that everybody here means well.

There are no losers in an honest conversation, only learners.

Nobody ever walked away poorer from a frank exchange of views.

Community, {name}. I sometimes feel that one word says it all.

Balance, {name}. If we can find the right balance, the rest will find itself.

Through all of this let us never lose sight of {point}, or of each other.

Somewhere between our dreams and {point} there must be a path that we can walk together.

Be yourself, {name}, and let others be themselves, and the world will be a gentler place.

Life is about learning, {name}, and every one of us is still a pupil.
"""
