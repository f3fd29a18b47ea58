"""Tables of utterances in Parquet, as data sets are passed around. It needs pyarrow.

The columns are those of CSV, by the same names. Files are read by row groups and written by
batches, so that they may be larger than the memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from sim.errors import BadRequest
from sim.formats.conversation import Conversation
from sim.formats.delimited import WRITTEN, guessed
from sim.formats.format import FormatError, Head, Reading, ReadOptions
from sim.formats.rows import cells_of, row, text_of

_MAGIC: Final = b"PAR1"
_ROWS: Final = 1000
"""So many rows are held at a time."""


@dataclass(frozen=True, slots=True)
class Parquet:
    """One utterance a row. Which column is what is found as in CSV."""

    name: str = "parquet"
    about: str = "a table of utterances in Parquet (needs elsinore[parquet])"
    loses: str = "probes, branches, settings, who is described how"
    tried: bool = True

    def fits(self, head: Head) -> float:
        """It begins as every Parquet file does."""
        return 0.97 if head.data.startswith(_MAGIC) else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """One utterance a row. Raises ``FormatError``; ``BadRequest`` without pyarrow."""
        arrow, parquet = _pyarrow()
        try:
            with path.open("rb") as stream:
                file = parquet.ParquetFile(stream, page_checksum_verification=True)
                columns = guessed(file.schema_arrow.names, how)
                if isinstance(columns, str):
                    raise FormatError(f"{path}: {columns}")
                titles = {what: columns.titles[place] for what, place in columns.places.items()}
                wanted = list(titles.values())
                number = 0
                left_out: Counter[str] = Counter()
                known: dict[str, str] = {}
                for batch in file.iter_batches(_ROWS, columns=wanted):
                    for each in batch.to_pylist():
                        number += 1
                        fields = {what: each[title] for what, title in titles.items()}
                        if not text_of(fields["text"]).strip():
                            left_out["rows without text"] += 1
                            continue
                        yield from row(fields, known, _wrong_at(path, number))
                return left_out
        except FileNotFoundError:
            raise FormatError(f"{path}: there is no such file") from None
        except FormatError:
            raise
        except (arrow.ArrowException, OSError, ValueError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise FormatError(f"{path}: is no sound Parquet file ({told}); make it again") from None

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """One row an utterance. Raises ``BadRequest`` without pyarrow."""
        arrow, parquet = _pyarrow()
        texts = arrow.list_(arrow.string())
        schema = arrow.schema(
            [(name, texts if name == "audience" else arrow.string()) for name in WRITTEN]
        )
        with parquet.ParquetWriter(path, schema, write_page_checksum=True) as writer:
            rows: list[dict[str, Any]] = []
            for each in conversations:
                for said in each.utterances:
                    rows.append(cells_of(each, said))
                    if len(rows) == _ROWS:
                        writer.write_table(arrow.Table.from_pylist(rows, schema))
                        rows = []
            writer.write_table(arrow.Table.from_pylist(rows, schema))


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    """pyarrow and its part for Parquet. Raises ``BadRequest`` if it is not installed."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise BadRequest("Parquet needs pyarrow: pip install elsinore[parquet]") from None
    return arrow, parquet


def _wrong_at(path: Path, number: int) -> Callable[[str], FormatError]:
    """What makes the error of a row."""
    return lambda what: FormatError(f"{path}, row {number}: {what}")


PARQUET = Parquet()
