"""Options of stopping rules: ``--until decided`` and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

import typer

from sim.cli import completion
from sim.errors import BadRequest


class Until(StrEnum):
    """How long is played."""

    decided = "decided"


class Method(StrEnum):
    """What a stopping rule leans on."""

    betting = "betting"
    group_sequential = "group-sequential"


@dataclass(frozen=True)
class UntilOptions:
    """When to stop."""

    until: Annotated[
        Until | None,
        typer.Option(
            "--until",
            help="decided: play whole blocks in a random order, and stop as soon as two arms "
            "differ, or are alike within --margin. The rule is stored before the first trial.",
        ),
    ] = None
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            metavar="SIZE",
            help="With --until: how small a difference is none. Without it, none is never decided.",
        ),
    ] = None
    method: Annotated[
        Method | None,
        typer.Option(
            "--method",
            help="With --until: betting holds for any law and few blocks; group-sequential leans "
            "on normal theory and needs fewer.",
            show_default="betting",
        ),
    ] = None

    @property
    def chosen(self) -> Literal["betting", "group-sequential"]:
        """The method, as a stopping rule names it."""
        return "group-sequential" if self.method is Method.group_sequential else "betting"

    def refuse_alone(self, *also: object) -> None:
        """Raise ``BadRequest`` for details of a rule that was not asked for."""
        if self.until is None and any(
            each is not None for each in (self.margin, self.method, *also)
        ):
            raise BadRequest(
                "--margin, --method, --measure, --range, --between: are of a stopping rule; add "
                "--until decided"
            )


@dataclass(frozen=True)
class StoppingOptions(UntilOptions):
    """When to stop, and by which quantity that is decided."""

    measure: Annotated[
        str | None,
        typer.Option(
            "--measure",
            metavar="NAME",
            autocompletion=completion.measures,
            show_default="convergence.end",
            help="With --until: the quantity that decides, as in conflict.hostility.",
        ),
    ] = None
    limits: Annotated[
        str | None,
        typer.Option(
            "--range",
            metavar="LOW,HIGH",
            show_default="the measure's own",
            help="With --until: the bounds of the quantity; what lies outside is set to them.",
        ),
    ] = None


@dataclass(frozen=True)
class ContestOptions(UntilOptions):
    """When to stop, and between whom that is decided."""

    between: Annotated[
        list[str] | None,
        typer.Option(
            "--between",
            metavar="ENTRANT",
            help="With --until: one of the two entrants who meet alone until it is decided who "
            "wins more; give it twice.",
            show_default="the only two there are",
        ),
    ] = None
