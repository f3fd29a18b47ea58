"""The SQLite event store: one file, one writer, any number of readers. All SQL is in this package.

``open_store`` reads: trials, transcripts, replies, runs, tournaments, verdicts, as typed records.
``Writer`` queues facts and commits them in groups. ``export_jsonl`` writes the canonical export;
``recorded_stages`` plays a store again without a model.
"""

from sim.store.connection import Durable, Lease, open_readonly
from sim.store.export import export_jsonl, export_lines
from sim.store.reader import Store, open_store
from sim.store.recording import Recorder, recorded_stages
from sim.store.rows import (
    REPLY_COLUMNS,
    ChunkRow,
    chunk_row,
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
from sim.store.runs import InDoubt, StoredRun
from sim.store.schema import APPLICATION_ID, MIGRATIONS, VERSION, migrate
from sim.store.tournaments import StoredMatch, StoredTournament, StoredVerdict, VerdictKey
from sim.store.trials import StoredTrial, short_ids
from sim.store.writer import Writer

__all__ = [
    "APPLICATION_ID",
    "MIGRATIONS",
    "REPLY_COLUMNS",
    "VERSION",
    "ChunkRow",
    "Durable",
    "InDoubt",
    "Lease",
    "Recorder",
    "Store",
    "StoredMatch",
    "StoredRun",
    "StoredTournament",
    "StoredTrial",
    "StoredVerdict",
    "VerdictKey",
    "Writer",
    "chunk_row",
    "encode",
    "encode_sorted",
    "export_jsonl",
    "export_lines",
    "from_row",
    "migrate",
    "open_readonly",
    "open_store",
    "recorded_stages",
    "reply_from_row",
    "reply_to_row",
    "short_ids",
    "text_from_column",
    "to_row",
    "usage_from_json",
    "usage_to_json",
]
