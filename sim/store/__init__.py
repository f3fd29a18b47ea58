"""The SQLite event store: one file a study, one writer, any number of readers.

``Writer`` queues facts and commits them in groups; ``open_readonly`` reads; ``export_jsonl``
writes the canonical export. ``to_row`` and ``from_row`` turn events into rows and back.
"""

from sim.store.branches import transcript_of
from sim.store.connection import Durable, Lease, open_readonly
from sim.store.export import export_jsonl, export_lines
from sim.store.naming import tournament_named
from sim.store.recording import Recorder, recorded_stages
from sim.store.rows import (
    REPLY_COLUMNS,
    encode,
    encode_sorted,
    from_row,
    reply_from_row,
    reply_to_row,
    text_from_column,
    to_row,
    usage_from_json,
    usage_to_json,
)
from sim.store.schema import APPLICATION_ID, MIGRATIONS, VERSION, migrate
from sim.store.writer import Writer

__all__ = [
    "APPLICATION_ID",
    "MIGRATIONS",
    "REPLY_COLUMNS",
    "VERSION",
    "Durable",
    "Lease",
    "Recorder",
    "Writer",
    "encode",
    "encode_sorted",
    "export_jsonl",
    "export_lines",
    "from_row",
    "migrate",
    "open_readonly",
    "recorded_stages",
    "reply_from_row",
    "reply_to_row",
    "text_from_column",
    "to_row",
    "tournament_named",
    "transcript_of",
    "usage_from_json",
    "usage_to_json",
]
