"""One drawing of each thing, as escaped HTML and SVG: for the notebook, the report and the viewer.

Numbers, names and lines go in; text of HTML comes out. Nothing here measures, plays or reads a
store, and nothing needs a network, a script or a font that has to be loaded. All text passes one
function, ``markup.escaped``.
"""

from sim.html.estimates import estimate
from sim.html.figure import Figure
from sim.html.markup import Html, Part, anchor, element, escaped, joined, name
from sim.html.pages import content_policy, fragment, page, skip_link
from sim.html.scenes import scene
from sim.html.speakers import Speakers
from sim.html.style import stylesheet
from sim.html.tables import Table, table
from sim.html.transcripts import Notes, cast, marks_of, transcript
from sim.html.turns import turn

__all__ = [
    "Figure",
    "Html",
    "Notes",
    "Part",
    "Speakers",
    "Table",
    "anchor",
    "cast",
    "content_policy",
    "element",
    "escaped",
    "estimate",
    "fragment",
    "joined",
    "marks_of",
    "name",
    "page",
    "scene",
    "skip_link",
    "stylesheet",
    "table",
    "transcript",
    "turn",
]
