"""``docs/llms.txt``: what the documents hold, for programs that read them, made from the documents.

    python scripts/llms.py            # writes it
    python scripts/llms.py --check    # changes nothing; exit code 1 if it is not what it would be

The form is that of https://llmstxt.org: a title, what it is, and links with a line about each.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TARGET = DOCS / "llms.txt"

USE = """\
Use it as a program does:

- Every command takes `--json` and prints one object; `elsinore schema COMMAND` prints its JSON
  schema, `elsinore schema` the list. Errors are one line on standard error, with exit code 2.
- `elsinore list --json` has the scenarios with their parameters, the studies and the models;
  `elsinore explain NAME --json` says what a column or a measure is, how it is measured, and what it
  cannot say.
- `--dry-run` estimates calls, tokens and money and asks nobody. The same command again plays only
  what is missing.
- To cite a result, cite what `elsinore run --json` and `elsinore analyze --json` have beside it:
  the estimate with its interval, its null, `n`, the evidence, the identity of the stage, the ids of
  the trials, and the sentences in `warnings` and `instrument_error`. A number that is null is
  missing, and not zero. What was measured on an embedded stage says nothing about language models.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or check it; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it differs")
    chosen = parser.parse_args(arguments)
    made = text()
    if chosen.check:
        same = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == made
        if not same:
            sys.stderr.write("docs/llms.txt: run python scripts/llms.py\n")
        return 0 if same else 1
    TARGET.write_text(made, encoding="utf-8")
    return 0


def text() -> str:
    """The file, made from the index of the documents and from each page that it names."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    title, about = re.findall(r"^# (.+)\n\n(.+)$", readme, re.M)[0]
    parts = [f"# {title}", f"> {about}", USE.rstrip()]
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", index, flags=re.M)[1:]:
        name, _, body = section.partition("\n")
        links = re.findall(r"\[([^\]]+)\]\(([^)#]+\.(?:md|ipynb))(#[^)]*)?\)", body)
        lines = [
            f"- [{label}]({target}{anchor}): {first_sentence(DOCS / target)}"
            for label, target, anchor in dict.fromkeys(links)
        ]
        if lines:
            parts.append(f"## {name}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def first_sentence(page: Path) -> str:
    """The first sentence of a page that is prose, without its marks."""
    if page.suffix != ".md":
        return "a notebook with what it shows."
    body = re.sub(r"```.*?```|<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.S)
    for block in re.split(r"\n\s*\n", body):
        plain = " ".join(block.split())
        if not plain or plain[0] in "#|!-<[" or re.match(r"\d+\.", plain):
            continue
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", plain).replace("**", "").replace("*", "")
        found = re.match(r".+?[.:?!](?=\s|$)", plain)
        return (found[0] if found else plain).rstrip(":") + ("" if found else ".")
    return page.stem


if __name__ == "__main__":
    sys.exit(main())
