"""Lines about nothing in particular: no stance, no praise, no quarrel, nobody addressed."""

from __future__ import annotations

OFF_TOPIC = (
    "The last bus leaves at ten past eleven on weekdays.",
    "There are two kinds of nails in that tin, and neither is the right one.",
    "Somebody moved the clock from the hall to the kitchen.",
    "The blue paint dries in four hours, the white in six.",
    "A parcel came this morning, wrapped in an old map.",
    "The library closes early on the first Monday of the month.",
    "It takes eleven steps from the gate to the door.",
    "The kettle whistles a little before it boils.",
    "They have started to print the timetable on yellow paper.",
    "Seven swallows sat on the wire, then six.",
    "The stamp on the envelope shows a lighthouse.",
    "The third drawer sticks when the weather is damp.",
    "Bread was sold out by nine, as on every Friday.",
    "The piano in the hall has been out of tune since August.",
    "One of the street lamps flickers, then it steadies.",
    "The ferry carries forty passengers and nine bicycles.",
    "A spider has built its web across the mirror.",
    "The tablecloth has a pattern of small green pears.",
    "Rain is expected toward evening, with a light wind.",
    "The old mill has forty-two windows on the river side.",
    "There is a spare key on the nail behind the shutter.",
    "The radio plays marches between seven and eight.",
    "Three chairs are stacked by the wall, one without a back.",
    "The ink in this pen is brown rather than black.",
    "The market moves to the square in front of the church on Saturday.",
    "The cat sleeps on the second shelf, next to the jars.",
    "A letter takes two days to the coast and three to the hills.",
    "The stairs were swept this morning and again at noon.",
    "The bicycle has a bell on the left and a lamp on the right.",
    "The calendar on the wall still shows the month of May.",
)
"""What partners say in a yoked trial."""
