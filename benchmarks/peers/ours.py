"""Elsinore, as the peers are measured: prompts built, seeds derived, events recorded."""

from __future__ import annotations

from benchmarks.measuring import NAMES, REPLY, TOPIC, Play, Subject, main
from sim import Actor, Persona, Probe, Scene, after, play, ring
from sim.events import Event
from sim.stage.fixed import FixedLines


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def saw(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)


def scene_of(turns: int, probes: tuple[Probe, ...] = ()) -> Scene:
    """Three actors in a ring who speak for ``turns`` turns."""
    return Scene(
        topic=TOPIC,
        cast=tuple(
            Actor(
                Persona(
                    name=name,
                    brief=f"{name} has lived here for thirty years and says so.",
                    opposite="A cynic who sells to the highest bidder.",
                    stances={"sell": stance},
                )
            )
            for name, stance in zip(NAMES, (-0.8, 0.8, 0.0), strict=True)
        ),
        graph=ring(*NAMES),
        probes=probes,
        ends=after(turns=turns),
    )


def prepare(turns: int, latency: float) -> Play:
    """A scene of ``turns`` turns."""
    scene = scene_of(turns)
    stage = FixedLines([REPLY], latency)

    async def played() -> object:
        transcript = await play(scene, stage, seed=1, observers=(Notes(),))
        assert len(transcript) == turns, transcript.ended
        return transcript

    return played


if __name__ == "__main__":
    main(Subject("elsinore", prepare, "from sim import Scene, Persona"))
