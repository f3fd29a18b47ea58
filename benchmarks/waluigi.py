"""Writes the measured part of ``docs/waluigi.md``, from files of results, with their pictures.

    elsinore bench waluigi --model gguf:gemma3-270m --out gemma.json
    python -m benchmarks.waluigi gemma.json

What stands between the marks in the page is replaced; the words around it are by hand. ``--print``
prints it and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from analysis.stats.interval import Interval
from analysis.waluigi import Direction, Estimates
from sim.cli.display.waluigi import told
from sim.errors import ElsinoreError
from sim.study.waluigi.figure import phase_diagram
from sim.study.waluigi.results import Results, read_results

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURES = DOCS / "waluigi.md", DOCS / "pictures"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

ARMS = {
    "lines": "lines of the opposite",
    "masked": "the same, out of its memory",
    "shuffled": "the same, words shuffled",
    "another": "lines of another pair's",
}


def named(results: Results) -> str:
    """A model's name without settings, folder or ending."""
    name = results.model.identity.partition("?")[0]
    return name.removeprefix("gguf:").removesuffix(".gguf")


def measured(files: Sequence[Path]) -> str:
    """The measured part: the number of each model and memory, then how actors turn."""
    found = [(path, results, results.estimated()) for path, results in _read(files)]
    parts = ["### The number", "", *_numbers(found)]
    for path, results, each in found:
        parts += ["", f"### {_title(path, results)}", "", *_one(path, results, each)]
    return "\n".join(parts)


def _read(files: Sequence[Path]) -> list[tuple[Path, Results]]:
    return [(path, read_results(path)) for path in files]


def _title(path: Path, results: Results) -> str:
    return f"{named(results)}, {len(results.pairs)} pairs (`{path.name}`)"


def _numbers(found: Sequence[tuple[Path, Results, Estimates]]) -> list[str]:
    lines = _head(
        "file", "memory", "pairs", "number", "sign flips", "good to bad", "bad to good", "neutral",
        "design",
    )  # fmt: skip
    for path, results, each in found:
        for number in each.numbers:
            slopes = {d.group: d.slope for d in each.directions if d.memory == number.memory}
            p = "–" if isnan(number.p) else f"p = {number.p:.3f}"
            if number.least > 0.05:
                p += " (cannot reach 0.05)"
            new = ""
            if not isnan(number.new_pairs.low):
                new = f"; new pairs [{number.new_pairs.low:+.2f}, {number.new_pairs.high:+.2f}]"
            lines.append(
                _row(
                    f"`{path.name}`", number.memory, len(number.asymmetries),
                    told(number.number, sign=True) + new, p,
                    *(told(slopes[g]) for g in ("good to bad", "bad to good", "neutral")),
                    results.design_key[:6],
                )
            )  # fmt: skip
    return lines


def _one(path: Path, results: Results, each: Estimates) -> list[str]:
    lines = _head(
        "memory", "direction", "turns at dose", "hazard at rest", "returns", "repair dose",
        "change a repair line", "hysteresis area",
    )  # fmt: skip
    lines += [_direction(one, results) for one in each.directions]
    lines += ["", f"Missing answers: {each.missing}."]
    if each.controls:
        lines += ["", *_head("what the replaced lines are (whole context)", "slope")]
        lines += [_row(ARMS[one.arm], told(one.slope)) for one in each.controls]
    lines += ["", *_head("pair", *(f"asymmetry, {number.memory}" for number in each.numbers))]
    for pair in results.pairs:
        gaps = [number.asymmetries.get(pair.name) for number in each.numbers]
        shown = ["–" if gap is None else f"{gap:+.2f}" for gap in gaps]
        lines.append(_row(f"{pair.name} ({pair.kind})", *shown))
    picture = f"waluigi-{path.stem}.svg"
    alt = f"Dose by repair on {named(results)}: how likely the opposite's line is, by memory"
    return [*lines, "", f"![{alt}](pictures/{picture})"]


def _direction(one: Direction, results: Results) -> str:
    repair = "not turned"
    if not isnan(one.repair.estimate):
        repair = told(one.repair, beyond=results.repairs[-1])
    cells: list[Interval] = [one.mending, one.area]
    return _row(
        one.memory, one.group, told(one.turning, beyond=results.doses[-1]), told(one.rest),
        told(one.back), repair, *(told(cell, sign=True) for cell in cells),
    )  # fmt: skip


def _head(*names: str) -> list[str]:
    return [_row(*names), _row(*("---" for _ in names))]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """Write the page and the pictures; an exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help="files of elsinore bench waluigi")
    parser.add_argument("--print", action="store_true", help="print it, and write nothing")
    options = parser.parse_args()
    files = sorted(options.files)
    try:
        text = measured(files)
    except ElsinoreError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if options.print:
        print(text)
        return 0
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", "utf-8")
    for path, results in _read(files):
        drawn = phase_diagram(results, results.estimated()).svg()
        (PICTURES / f"waluigi-{path.stem}.svg").write_text(drawn, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
