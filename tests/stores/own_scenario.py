"""A scenario with code of its own: a condition, a router, and a constant that it reads."""

from dataclasses import dataclass

from sim import Actor, Edge, Graph, Persona, Scene, after, ask_stance, interventions

LIMIT = 3


def heated(view):
    """The last line has an even number of letters."""
    return view.turns >= LIMIT and view.last is not None and len(view.last.text) % 2 == 0


@dataclass(frozen=True)
class Backwards:
    """The last of the cast first, then the one before."""

    step: int = 1

    def start(self, floor):
        return 0

    def heard(self, state, turn, seat):
        return state + self.step

    def next(self, state, view, seed):
        return ((-1 - state) % 3,)


def own(turns: int = 6) -> Scene:
    """Three people in an order of their own."""
    names = ("Ada", "Ben", "Cleo")
    return Scene(
        topic="The bridge should be closed.",
        cast=[
            Actor(Persona(name=name, stances={"bridge": 0.5 * place - 0.5}))
            for place, name in enumerate(names)
        ],
        graph=Graph(
            names=names,
            first="Cleo",
            edges=tuple(
                Edge(
                    source=one,
                    target=other,
                    when=heated if one == "Ada" and other == "Ben" else None,
                )
                for one in names
                for other in names
                if one != other
            ),
        ),
        routing=Backwards(),
        probes=(ask_stance("bridge", every=2),),
        interventions=(interventions.say("Ben", "Nobody asked the ferry!", when=heated),),
        ends=after(turns=turns),
    )
