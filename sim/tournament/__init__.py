"""Tournaments of debates: who enters, who meets whom, what is debated, and who judges.

A tournament compiles to trials, without playing any; ``sim.tournament.run`` plays and judges them.
"""

from sim.tournament.debate import Debate, Side
from sim.tournament.entrants import Entrant, Motion
from sim.tournament.formats import (
    FORMATS,
    Format,
    Knockout,
    Meeting,
    RoundRobin,
    Standing,
    Swiss,
    read_format,
    standings,
)
from sim.tournament.rubric import TIE, Judge, Rubric, Verdict, read_verdict
from sim.tournament.tournament import Leg, Tournament

__all__ = [
    "FORMATS",
    "TIE",
    "Debate",
    "Entrant",
    "Format",
    "Judge",
    "Knockout",
    "Leg",
    "Meeting",
    "Motion",
    "RoundRobin",
    "Rubric",
    "Side",
    "Standing",
    "Swiss",
    "Tournament",
    "Verdict",
    "read_format",
    "read_verdict",
    "standings",
]
