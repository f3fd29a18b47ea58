"""A debate in fifteen lines: an example of a scenario, held to the same contract as those we ship.

Source: made up for the tests. Known result: with nobody to agree with, all stay as they are.
"""

from sim import Actor, Persona, Scene, after, ask_stance, ring


def well(rounds: int = 4, temper: float = 0.5) -> Scene:
    """Three neighbours argue about their well."""
    ada = Persona(name="Ada", brief="A careful hydrologist.", stances={"share": -temper})
    ben = Persona(name="Ben", brief="He is thirsty.", stances={"share": temper})
    cleo = Persona(name="Cleo", brief="She owns the bucket.", stances={"share": 0.1})
    return Scene(
        topic="The well should be shared.",
        cast=(Actor(ada), Actor(ben), Actor(cleo)),
        graph=ring("Ada", "Ben", "Cleo"),
        probes=(ask_stance("share"),),
        ends=after(turns=3 * rounds),
    )
