"""An Oxford debate: two sides, and an audience that votes before and after. Who moves it?

Source: the rules of the Oxford Union as Intelligence Squared uses them: the audience votes before
and after, and the side that gains more votes wins, not the one that has more.

Known result: Zhang, Kumar, Ravi and Danescu-Niculescu-Mizil, "Conversational flow in Oxford-style
debates" (2016), arXiv:1604.03114: winners talk more about the other side's points than losers do,
and more so as the debate goes on. On the embedded stage nothing is won by what one talks of: an
audience moves with what it hears, and most of all where it has no opinion of its own.

    elsinore run oxford_debate --trials 40 -P audience=6
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance
from sim.scene.graph import Edge, Graph
from sim.scene.routing import Limit, Phase, Scripted, phases

AUDIENCE = ("Kim", "Lou", "Max", "Nat", "Pat", "Ray", "Sam", "Uli", "Val", "Wim")
ISSUE = "votes"


def oxford_debate(audience: int = 4, lean: float = 0.2, words: int = 60) -> Scene:
    """Two sides debate before an audience that asks a question each, and votes before and after.

    ``audience`` is how many there are (1 to 10); they lean by ``lean`` for and against the motion,
    in turn, so that neither side begins ahead if they are an even number.
    """
    members = AUDIENCE[: max(1, min(audience, len(AUDIENCE)))]
    pro = Persona(
        name="Ida",
        brief="A teacher who proposes the motion.",
        opposite="A cynic who does not care who votes.",
        traits=("eloquent", "warm"),
        stances={ISSUE: 0.9},
        points=("the school council", "a bus fare at sixteen", "the first job"),
    )
    con = Persona(
        name="Otto",
        brief="A retired judge who opposes the motion.",
        opposite="A demagogue who would let nobody vote but his own.",
        traits=("dry", "fair"),
        stances={ISSUE: -0.9},
        points=("the age of majority", "the ballot box", "what one signs at sixteen"),
    )
    listeners = [
        Persona(
            name=name,
            brief="Somebody in the audience who has come to listen.",
            stances={ISSUE: lean if place % 2 == 0 else -lean},
        )
        for place, name in enumerate(members)
    ]
    sides = (pro.name, con.name)
    questions = [
        name for place, member in enumerate(members) for name in (member, sides[place % 2])
    ]
    names = (*sides, *members)
    limit = Limit(words)
    return Scene(
        topic="Sixteen-year-olds should have the vote.",
        setting=(
            "A debating hall. Ida proposes the motion, Otto opposes it; turns have at most "
            f"{words} words, and what is beyond is not heard. The audience asks a question each, "
            "and votes."
        ),
        cast=tuple(Actor(persona) for persona in (pro, con, *listeners)),
        graph=Graph(
            names=names,
            edges=tuple(
                Edge(source=one, target=other) for one in names for other in names if one != other
            ),
            first=pro.name,
        ),
        routing=phases(
            Phase(Scripted(*sides), name="opening", note="(The case for each side.)", limit=limit),
            Phase(Scripted(*questions), name="floor", note="(Questions.)", limit=limit),
            Phase(Scripted(*sides), name="rebuttal", note="(Rebuttals.)", limit=limit),
            Phase(Scripted(*sides), name="closing", note="(Last words.)", limit=limit),
        ),
        probes=(ask_stance(ISSUE, to=members),),
        words=words,
        ends=after(turns=6 + len(questions)),
    )
