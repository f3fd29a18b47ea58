"""Frames for ``concede`` (admits a point), ``agree``, and ``hedge`` (weighs both sides).

A speaker may agree or give ground on something and stand anywhere on the motion, so the words
leave the stance open.
"""

from __future__ import annotations

CONCEDE = """
All right, {name}. About {heard} you have me. {stance}

I will give you {heard}, {name}, and I will not ask for change. {stance}

Fair enough; that one goes to you. {stance}

Very well, you win the round, and I am not too proud to keep the score. {stance}

{stance} Still, I had not given {heard} enough thought, {name}, and I can say so without choking.

{stance} All the same, on {heard} I was too quick, {name}, and you were right to stop me.

{stance} You have moved me an inch, {name}, and I do not move easily.

{stance} I would be a fool to pretend that your last shot missed me, {name}. It did not.

I had an answer ready about {heard}, and while you spoke it quietly fell to pieces. {stance}

All week I have carried a speech against {heard} in my pocket, and I think it had better stay there.
{stance}

That is a better argument than the one I brought. {stance}

You put it more fairly than I did. {stance}

Nobody has ever explained {heard} to me quite like that. I give way there. {stance}

When you talk about {heard}, {name}, I notice that I have stopped shaking my head. {stance}

I overstated my case, {name}, mostly because I liked the sound of it. {stance}

Some of what I said before I would not say again, {name}. {stance}

{stance} Let me keep {point}, and the rest you may have.

{stance} Leave me {point}, and I will stop quarrelling over the small print.

{stance} Yet I cannot wave {heard} away any longer, and I have tried.

{stance} I take back what I muttered about {heard}; it was a cheap remark.

You are right to press me; I have been dodging. {stance}

There was a hole in what I said, and you have put your finger through it. {stance}

Granted, {heard} should have been in my sums from the start. {stance}

Yes, {heard} must count for something, and I had left that column blank. {stance}

I can lose an argument without losing my temper, {name}; watch. {stance}

Mark the day, {name}: I was mistaken, and I am saying so in front of people. {stance}
"""

AGREE = """
Yes, exactly, {name}: {heard}. Thank you for saying it aloud. {stance}

Somebody has finally mentioned {heard}, and I could kiss you for it, {name}. {stance}

I could not have put it better, and I have been trying all day. {stance}

Word for word, that is what I would have said with a clearer head. {stance}

{stance} You and I see {heard} through the same window, {name}.

{stance} On {heard}, {name}, you could not slide a sheet of paper between us.

{stance} We are rowing in the same direction, {name}, and it makes a pleasant change.

{stance} Let us shake hands on that, {name}, before one of us thinks of an objection.

There you have the heart of it: {heard}. {stance}

You do well to insist on {heard}. I would only add my signature. {stance}

And you can put {point} on the same list, {name}, just below your own. {stance}

The same goes for {point}, {name}, as you hardly need me to tell you. {stance}

I was hoping that someone would raise {heard}, and I am glad it was you. {stance}

What you say about {heard} has the ring of something tested. {stance}

Agreed, and let the record show how little it hurt. {stance}

Hear, hear, and I do not say that often. {stance}

{stance} After what you said about {heard}, the rest of us might as well applaud.

{stance} Keep hold of {heard}, {name}; that is the honest part of this whole business.

{stance} For once I find nothing to correct.

{stance} If this is a conspiracy of two, {name}, I am proud to join it.

Thank you, {name}. I have lain awake over {heard} and thought I was the only one. {stance}

Good, {name}. So I am not alone in taking {heard} seriously. {stance}

You took the words out of my mouth and polished them on the way. {stance}

I have nothing to add, which my friends will tell you is rare. {stance}

Your reasons are not mine, {name}, since mine have to do with {point}, but we have arrived at the
same gate. {stance}

By a different road, {name}, past {point} and through a good deal of mud, I have come out where you
are. {stance}
"""

HEDGE = """
On the one hand we have {heard}; on the other, everything we have not thought of. {stance}

There is something in what you say about {heard}, and something missing too. {stance}

I can see it from both banks of the river, and my feet are wet. {stance}

Two honest people could read the same page here and part ways. {stance}

{stance} But ask me about {heard}, and I begin to study my shoes.

{stance} Mind you, {heard} could cut either way, depending on who holds the knife.

{stance} I say so with one hand on the door, {name}.

{stance} Write that down in pencil, {name}, not in ink.

Perhaps {heard} will decide it, perhaps not; I have been fooled by clear cases before. {stance}

It depends on how far you trust {heard}, and I trust most things about halfway. {stance}

For every reason that I find in {point}, I find another lying face down beside it. {stance}

Seen from close by, {point} might settle the question; from further off, one wonders. {stance}

You may be right about {heard}, {name}; then again, so may whoever says the contrary. {stance}

I would not swear to {heard}, {name}, nor would I swear against. {stance}

It is complicated, and I distrust anybody who finds it simple before supper. {stance}

There are mornings when I think one thing, and evenings when I think another. {stance}

{stance} That said, I should like to know a good deal more about {heard} first.

{stance} Then again, {heard} may look different by daylight.

{stance} Give me another week, {name}, and I might well put it the other way round.

{stance} I reserve the right to wake up tomorrow and wonder, {name}.

Half of me nods at {heard}, and the other half folds its arms. {stance}

Part of the truth is in {heard}, and part of it is hiding. {stance}

Neither side has a monopoly on good sense, {name}, or on {point}. {stance}

I could argue from {point} to either conclusion, {name}, and be home by eight. {stance}

Call it caution, call it cowardice: I like to leave a window open. {stance}

With every hour I know more, and am less sure what follows. {stance}
"""
