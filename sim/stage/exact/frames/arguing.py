"""Frames for ``assert`` (argues for a position) and ``rebut`` (contradicts)."""

from __future__ import annotations

ASSERT = """
Let me begin with {point}, since nobody else seems willing to. {stance}

Somebody has to bring up {point} before we all go home, so it may as well be me. {stance}

{stance} I did not get there by temperament, {name}; I got there by looking hard at {point}.

{stance} If you want my reason in one breath, {name}, it is {point}, and I have plenty of breath
left.

Strip the speeches away and you are left with {point}. That is what this is about. {stance}

Take off the ribbons and the wrapping paper, and inside you will find {point}. {stance}

I have turned this over for longer than is good for my sleep, and I keep landing in the same spot.
{stance}

Three nights I have argued with the ceiling, and the ceiling lost. {stance}

{stance} Everything else I could say is decoration.

{stance} The rest of my remarks you can have in writing, or not at all.

Put {point} on one side of the scale and every fine phrase in this room on the other, then watch
which way it tips. {stance}

Weigh {point} honestly, with your thumb off the scale, and you will end up somewhere near me.
{stance}

I am going to be dull for a minute, {name}, and count things, beginning with {point}. {stance}

Forgive me if I sound like a bookkeeper, {name}, but I start my sums with {point} and work outwards.
{stance}

{stance} We can be clever about it afterwards; first we have to be honest about {point}.

{stance} You may call that stubborn. I call it having paid attention to {point}.

Here is the whole of my case, and it would fit on the back of a hand. {stance}

My argument is short because I have had years to whittle it down. {stance}

People will remember what we did about {point} long after they have forgotten who was in the room.
{stance}

In ten years nobody will quote our speeches, but somebody will still be living with {point}.
{stance}

{stance} I would rather say so now, {name}, than mutter it on the stairs afterwards.

{stance} Better you have it from my own mouth, {name}, than second-hand and improved.

When I think about {point}, I stop being polite about this. {stance}

Each time I come back to {point}, my patience for fine distinctions gets shorter. {stance}

{stance} It says "{topic}" at the top of the page, and I have read the whole page.

{stance} You can write "{topic}" in letters as tall as a house, and still nobody will have mentioned
{point}.

Facts first, feelings later. {stance}

No music, no flags, just a plain sentence. {stance}
"""

REBUT = """
No, {name}. You wave {heard} about like a lantern and still cannot see the road. {stance}

That is exactly backwards, {name}. Nothing about {heard} leads where you want to go. {stance}

I heard every word, {name}, and I disagree with most of them. {stance}

You argue beautifully, {name}, and you are mistaken from end to end. {stance}

{stance} As for {heard}, I could drive a cart through the hole in that argument.

{stance} You cannot simply hold up {heard} and expect the rest of us to faint.

{stance} What you have offered, {name}, is a conclusion in search of a reason.

{stance} An echo is not an argument, {name}, however large the room.

If {heard} proved what you say, I would have crossed the floor already. {stance}

I have looked at {heard} as closely as you have, and I cannot find the monster you describe.
{stance}

Wrong, I think, though said with admirable confidence. {stance}

Not so fast. You skipped a step, and it was the step that mattered. {stance}

You are selling me an umbrella indoors, {name}. What I worry about is {point}. {stance}

Everything you said sails straight past {point}, {name}, with all flags flying. {stance}

Once more we hear about {heard}, and once more nobody asks what it would cost to be mistaken.
{stance}

With respect, {heard} will not carry the weight that you are piling on top. {stance}

{stance} I have been waiting for the part where you mention {point}, and I am waiting still.

{stance} Strange how a speech that long could find no room for {point}.

You say {heard} the way other people say amen, {name}. I would like to see the proof. {stance}

Repeating {heard} does not make an argument, {name}; it makes a tune. {stance}

{stance} Dress up {heard} however you please, {name}, the seams still show.

{stance} I turned {heard} upside down and shook, {name}, and nothing you promised fell out.

Then explain {point} to me, slowly, for on your account none of that ought to exist. {stance}

Try saying that again with {point} in mind, and see whether the words still come. {stance}

By all means let us talk about {heard}, {name}, but this time with our eyes open. {stance}

I refuse to be marched to your conclusion by way of {heard}. {stance}

{stance} There, now you have heard the other side, and the roof has not come down.

{stance} And no, {name}, saying yours again louder will not help.
"""
