"""The example notebook: executes ``docs/example.ipynb`` anew and keeps what it shows.

    python scripts/notebook.py           # writes the notebook with new outputs
    python scripts/notebook.py --check   # writes nothing; exit code 1 if the outputs are others

Cells run in a fresh kernel, in an empty folder, on the embedded stage with fixed seeds. Metadata
and the folder's name are taken out, so that the same version gives the same file. Edit the cells
in Jupyter, then run this. Needs the development group.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "example.ipynb"
MOST_BYTES = 400_000
SECONDS_A_CELL = 300

Notebook = dict[str, Any]
"""A notebook in format 4.5, as JSON has it."""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""All that is kept of a notebook's metadata: not which Python executed it."""

UNWANTED = {
    "a path": re.compile(r"(?<![\w./+])/(?:home|tmp|usr|var|Users)/|[A-Z]:\\"),
    "a warning": re.compile(r"\b\w*Warning\b"),
    "an address in memory": re.compile(r"\b0x[0-9a-f]{6,}"),
}
"""What no output may hold, by its name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the notebook, or check it; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, but write nothing")
    chosen = parser.parse_args(arguments)
    stored: Notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    executed = execute(stored)
    wrong = faults(executed)
    if chosen.check:
        wrong += faults(stored) + differences(stored, executed)
    for fault in wrong:
        print(f"{NOTEBOOK.name}: {fault}", file=sys.stderr)
    if wrong:
        return 1
    if chosen.check:
        print("The notebook shows what its cells do.")
        return 0
    beside = NOTEBOOK.with_suffix(".ipynb.new")
    beside.write_text(written(executed), encoding="utf-8")
    beside.replace(NOTEBOOK)
    print("The notebook was written.")
    return 0


def execute(notebook: Notebook) -> Notebook:
    """A normalised copy with the outputs of a fresh kernel.

    Raises ``nbclient.exceptions.CellExecutionError`` if a cell fails.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        stage = folder / "played"
        stage.mkdir()
        set_up(folder)
        # After the environment is set up: Jupyter reads its folders from there.
        import nbformat
        from nbclient import NotebookClient
        from traitlets.config import Config

        loaded = nbformat.from_dict(normalised(notebook, stage))
        client = NotebookClient(
            loaded,
            timeout=SECONDS_A_CELL,
            startup_timeout=SECONDS_A_CELL,
            kernel_name="python3",
            coalesce_streams=True,  # Else a print may come in one piece or in two.
            resources={"metadata": {"path": str(stage)}},
            # Sockets in our folder: a port would be open to everybody on this machine.
            config=Config(KernelManager={"transport": "ipc", "ip": str(folder / "socket")}),
        )
        client.execute()
        return normalised(json.loads(nbformat.writes(loaded)), stage)


def set_up(folder: Path) -> None:
    """Let the kernel, which inherits this environment, know this checkout and nothing of whoever
    runs it."""
    for name in [name for name in os.environ if name.startswith(("ELSINORE_", "JUPYTER_"))]:
        del os.environ[name]
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    os.environ |= {name: str(folder / name.lower()) for name in own}
    os.environ["PYTHONPATH"] = str(ROOT)
    # One thread of linear algebra: sums in another order could change a last digit.
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def normalised(notebook: Notebook, stage: Path) -> Notebook:
    """The notebook without what differs from one execution to the next.

    ``stage`` is the folder in which it was executed; its name is taken out of the outputs.
    """
    cells = []
    for place, cell in enumerate(notebook["cells"], 1):
        kept = {
            "cell_type": cell["cell_type"],
            "id": f"cell-{place:02}",
            "metadata": {},
            "source": joined(cell["source"]),
        }
        if cell["cell_type"] == "code":
            kept["execution_count"] = cell.get("execution_count")
            outputs = json.dumps([plain(output) for output in cell.get("outputs", [])])
            kept["outputs"] = json.loads(outputs.replace(f"{stage}/", ""))
        cells.append(kept)
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def plain(output: Mapping[str, Any]) -> dict[str, Any]:
    """An output whose texts are strings and not lists of lines, and without metadata."""
    kept = dict(output)
    if "text" in kept:
        kept["text"] = joined(kept["text"])
    if "data" in kept:
        kept["data"] = {kind: joined(value) for kind, value in kept["data"].items()}
        kept["metadata"] = {}
    return kept


def joined(text: str | list[str]) -> str:
    """A text, which a notebook may store as its lines."""
    return text if isinstance(text, str) else "".join(text)


def written(notebook: Notebook) -> str:
    """The notebook as a file: texts as lines, so that git shows what changed."""
    import nbformat

    loaded = nbformat.from_dict(notebook)
    text: str = nbformat.writes(loaded)
    return text.rstrip("\n") + "\n"


def faults(notebook: Notebook) -> list[str]:
    """What a notebook must not have: a path, a warning, an address, a cell without its outputs, a
    stream of errors, too many bytes."""
    found = []
    for place, output in shown(notebook):
        if output["output_type"] == "error" or output.get("name") == "stderr":
            found.append(f"cell {place} complains: {output}")
        text = "\n".join(map(joined, [output.get("text", ""), *output.get("data", {}).values()]))
        here = [path for path in (str(ROOT), sys.prefix, str(Path.home())) if path != "/"]
        if any(f"{path}/" in text for path in here):
            found.append(f"cell {place} shows a path of this machine")
        found += [
            f"cell {place} shows {what}: {match.group()!r}"
            for what, pattern in UNWANTED.items()
            if (match := pattern.search(text))
        ]
    size = len(json.dumps(notebook, ensure_ascii=False).encode())
    if size > MOST_BYTES:
        found.append(f"{size:,} bytes; at most {MOST_BYTES:,}")
    return found


def differences(stored: Notebook, executed: Notebook) -> list[str]:
    """In which cells an execution shows something else than what is stored.

    Plain texts have to be the same. Of HTML the words are compared: a machine may round the last
    digit of a number, or of a coordinate, in another way.
    """
    before, after = list(map(visible, shown(stored))), list(map(visible, shown(executed)))
    found = [
        f"cell {new[0]} shows something else; run scripts/notebook.py\n{parting(old, new)}"
        for old, new in zip(before, after, strict=False)
        if old != new
    ]
    if len(before) != len(after):
        found.append(f"{len(before)} outputs are stored and {len(after)} were made")
    return found


def parting(old: object, new: object) -> str:
    """Two values from shortly before the place where they part.

    >>> print(parting("one and two", "one and three"))
      stored: 'one and two'
      now:    'one and three'
    """
    before, after = str(old), str(new)
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    )
    start = max(0, same - 40)
    return f"  stored: {before[start:][:120]!r}\n  now:    {after[start:][:120]!r}"


def shown(notebook: Notebook) -> list[tuple[int, dict[str, Any]]]:
    """All outputs, each with the number of its cell."""
    return [
        (place, output)
        for place, cell in enumerate(notebook["cells"], 1)
        for output in cell.get("outputs", [])
    ]


def visible(placed: tuple[int, Mapping[str, Any]]) -> tuple[int, dict[str, str]]:
    """What is compared of an output: its number, and its texts by their kind."""
    place, output = placed
    data = output.get("data", {"stream": output.get("text", "")})
    return place, {
        kind: words(joined(value)) if kind == "text/html" else joined(value)
        for kind, value in data.items()
    }


def words(html: str) -> str:
    """The words of HTML: without styles, drawings, tags and digits.

    >>> words('<style>b {}</style><p class="x">It is <b>0.25</b></p><svg><text>y</text></svg>')
    'It is'
    """
    text = re.sub(r"<(style|svg)\b.*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(re.findall(r"[^\W\d_]+", text))


if __name__ == "__main__":
    sys.exit(main())
