"""What studies found on real models: verdicts from stores that were played, for a page.

    python -m benchmarks.real.studies NAME=STORE [NAME=STORE ...] [--write]

Each is a study and the store that ``elsinore study NAME --model ... --store STORE`` left. Nothing
is played. ``--write`` puts a section for each into ``docs/real-studies.md``, between its marks;
what the difference to a published figure means is written there by hand, beside them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.primary import tables_of
from sim.calls.guard import ModelOptions
from sim.errors import BadRequest
from sim.html.numbers import number
from sim.planning.studies import find_study
from sim.redaction import redact
from sim.store import open_store
from sim.study.studies.design import Opened, design_of
from sim.study.studies.deviations import deviations
from sim.study.studies.registration import digest, facts_of, registered
from sim.study.studies.verdicts import Verdict, verdict_of

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "real-studies.md"


def verdict_in(name: str, store: Path) -> tuple[Verdict, Mapping[str, Any]]:
    """The verdict of a study on a store, and what was registered there."""
    with open_store(store) as opened:
        facts = registered(opened, name)
        if facts is None:
            raise BadRequest(f"{store}: the study {name} was not played there")
        trials = opened.trials()
    seeds = facts["seeds"]
    study = find_study(name)
    played = study.on(dict.fromkeys(study.stages, f"recorded:{store}"))
    arms = {
        arm: each.replace(layout=facts["arms"][arm].get("layout"))
        for arm, each in played.arms.items()
    }
    design = design_of(
        played.replace(arms=arms),
        seeds=seeds["count"],
        seed=seeds["first"],
        opened=Opened(ModelOptions()),
    )
    with open_store(store) as opened:
        tables = tables_of(opened, [each.id for each in trials])
    told = tuple(map(str, deviations(facts, facts_of(design))))
    return verdict_of(design, tables, deviations=told), facts


def section(name: str, store: Path) -> Iterator[str]:
    """The lines of a study's section."""
    verdict, facts = verdict_in(name, store)
    models = ", ".join(f"`{_short(model)}` as {role}" for role, model in facts["models"].items())
    yield f"**{name}** on {models}: {facts['seeds']['count']} seeds; registration {digest(facts)}."
    yield ""
    yield from (f"- {redact(each)}" for each in (_short(told) for told in verdict.sentences))
    for each in verdict.findings:
        means = ", ".join(f"{arm} {number(value)}" for arm, value in each.result.means.items())
        rank = "Means by arm" if each.primary else "Exploratory"
        yield f"- {rank}: {each.contrast.name}: {means}; {each.sentence}"


def _short(text: str) -> str:
    """A sentence with the file of a model in place of its path and how it is run."""
    words = []
    for word in text.split(" "):
        if word.startswith("gguf:"):
            file, _, rest = word.removeprefix("gguf:").partition("?")
            end = rest[-1:] if rest[-1:] in ":;,." else ""
            words.append(f"gguf:{Path(file).name}{end}")
        else:
            words.append(word)
    return " ".join(words)


def write(name: str, lines: Sequence[str], path: Path = DOCUMENT) -> None:
    """Put the section of a study between its marks. Raises ``BadRequest`` if they are missing."""
    begins, ends = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = path.read_text(encoding="utf-8")
    if begins not in text or ends not in text:
        raise BadRequest(f"{path.name}: has no marks for {name}; put {begins} and {ends} there")
    head, tail = text.index(begins) + len(begins), text.index(ends)
    body = "\n".join(lines)
    path.write_text(f"{text[:head]}\n{body}\n{text[tail:]}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sections, and write them if that is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("played", nargs="+", metavar="NAME=STORE")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    for text in chosen.played:
        name, _, store = text.partition("=")
        lines = list(section(name, Path(store)))
        print("\n".join(lines), end="\n\n")
        if chosen.write:
            write(name, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
