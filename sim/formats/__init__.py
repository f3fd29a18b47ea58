"""Other people's transcripts in, ours out: one file a format, one neutral conversation between.

``conversation`` has the records in the middle, ``format`` what every format is, ``registry`` the
formats by name and how a file's format is found by its content.
"""

from sim.formats.conversation import About as About
from sim.formats.conversation import Person as Person
from sim.formats.conversation import Utterance as Utterance
from sim.formats.format import Format as Format
from sim.formats.format import FormatError as FormatError
from sim.formats.format import ReadOptions as ReadOptions
from sim.formats.format import wrong as wrong
