"""The actors whom people play, the time that they have, and the fallback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.runs.stages import Cast
    from sim.scene.scene import Scene
    from sim.stage.base import Stage

_OWN = "model"


@dataclass(frozen=True, slots=True)
class People:
    """The actors whom people play, the seconds that they have, and who speaks if they do not.

    ``otherwise`` is ``model`` (the scene's own stage) or a line that is said as it stands. Raises
    ``BadRequest`` for a time in which nobody can speak, or a line that is blank.
    """

    names: tuple[str, ...] = ()
    seconds: float | None = None
    otherwise: str = _OWN

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0 < self.seconds < inf:
            raise BadRequest(
                f"--human-seconds {self.seconds:g}: is no time to speak in; give more than 0, or "
                "leave it out for no limit"
            )
        if not self.otherwise.strip():
            raise BadRequest("--human-otherwise: the line is blank; give it words, or write model")

    def into(self, scene: Scene) -> Scene:
        """The scene with actors whom people play. Raises ``BadRequest`` for an unknown name."""
        from sim.scene.actor import HUMAN

        if not self.names:
            return scene
        for name in self.names:
            if name not in scene.names:
                raise BadRequest(
                    f"--human: {name!r} is not in the cast; use one of {', '.join(scene.names)}"
                )
        cast = tuple(
            actor.model_copy(update={"stage": HUMAN}) if actor.name in self.names else actor
            for actor in scene.cast
        )
        # Checked anew, so that a scene in which nobody can be played by a person is refused.
        return scene.replace(cast=cast)

    def join(self, cast: Cast, own: Mapping[str, Stage]) -> None:
        """Add the person at the terminal to a cast. ``own`` is the stage that speaks otherwise."""
        from sim.cli.display.terminal import err
        from sim.cli.person import Person
        from sim.scene.actor import HUMAN
        from sim.stage.human import HumanStage

        if len(own) > 1:
            raise BadRequest("--human: a person plays with one model at a time; name one --model")
        fallback = next(iter(own.values())) if self.otherwise == _OWN else self.otherwise
        human = HumanStage(Person(err()), seconds=self.seconds, fallback=fallback)
        cast.stages[human.identity] = human
        cast.identities[HUMAN] = human.identity
