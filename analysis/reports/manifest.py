"""Where the numbers come from: runs, versions, models, scenarios, as the store has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from analysis.reports.material import Material
from sim.html import Html, Part, element
from sim.html.numbers import counted
from sim.store import StoredRun, open_store
from sim.text.printing import command_line

_MOST_RUNS = 12


def manifest(material: Material) -> Html:
    """The facts of a store and its runs, as a list."""
    with open_store(material.path) as store:
        runs = store.runs()
    facts: list[tuple[str, Part]] = list(_of_store(material))
    facts += [(f"run {run.number}", _of_run(run)) for run in runs[-_MOST_RUNS:]]
    if len(runs) > _MOST_RUNS:
        facts.append(("earlier runs", counted(len(runs) - _MOST_RUNS, "more")))
    if runs:
        packages = runs[-1].manifest.get("packages") or {}
        told = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
        facts.append(("packages", told or None))
    parts = [
        (element("dt", name), element("dd", value)) for name, value in facts if value is not None
    ]
    return element("dl", parts, class_="manifest")


def _of_store(material: Material) -> Iterator[tuple[str, Part]]:
    trials = material.loaded.trials
    yield "store", material.path.name
    arms = trials["arm"].value_counts().to_dict()
    yield "trials", ", ".join(f"{count:,} {arm}" for arm, count in sorted(arms.items()))
    yield "scenarios", ", ".join(sorted(set(map(str, trials["scenario"]))))
    topics = sorted({str(each) for each in trials["topic"].dropna()} - {""})
    if topics:
        more = [f"and {len(topics) - 8} more"] if len(topics) > 8 else []
        yield "topics", [element("div", each) for each in (*topics[:8], *more)]
    stages = sorted(set(map(str, trials["stage"])) - {""})
    shown = [each for each in stages if "#" not in each][:12]
    yield "stages", [element("div", element("code", each)) for each in shown]
    seeds = trials["seed"].dropna()
    if len(seeds):
        yield "seeds", f"{seeds.nunique():,}, from {int(seeds.min())} to {int(seeds.max())}"
    yield "again", element("code", command_line("verify", material.path.name))


def _of_run(run: StoredRun) -> list[Part]:
    made = run.manifest
    when = datetime.fromtimestamp(run.started, UTC).strftime("%Y-%m-%d %H:%M UTC")
    words = [str(word) for word in made.get("command") or ()]
    told = [f"{when}, {run.outcome or 'not ended'}"]
    if made.get("version"):
        told.append(f"Elsinore {made['version']}")
    if made.get("commit"):
        told.append(f"commit {str(made['commit'])[:12]}")
    if made.get("python"):
        told.append(f"Python {made['python']}")
    parts: list[Part] = [element("div", ", ".join(told))]
    if words:
        # Of the command's own path the name says enough.
        line = command_line(*words[1:]) if Path(words[0]).name == "elsinore" else " ".join(words)
        parts.append(element("div", element("code", line)))
    for name, facts in sorted((made.get("scenarios") or {}).items()):
        source = str((facts or {}).get("source") or "")[:12]
        if source:
            parts.append(element("div", f"{name}: source {source}", class_="muted"))
    return parts
