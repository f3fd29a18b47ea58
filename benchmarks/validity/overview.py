"""``docs/validity.md``: one table of what each instrument is worth, from the studies' sections.

    python -m benchmarks.validity.overview [--check]

Every number is taken from a table of ``docs/validity-details.md``, where its study wrote it: an
entry here names the section, the row and the column. A row that is gone, or that is there twice, is
an error. The README has the first rows, between two marks. ``--check`` writes nothing, and fails
where what is written differs.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.validity.document import DOCUMENT

ROOT = DOCUMENT.parents[1]
OVERVIEW = ROOT / "docs" / "validity.md"
README = ROOT / "README.md"
MARKS = ("<!-- benchmarks.validity.overview: its first rows -->", "<!-- end of its first rows -->")
FIRST = 5
"""So many rows are in the README."""

HEAD = """# What the instruments are worth

Written by `python -m benchmarks.validity.overview` from the sections of
[the details](validity-details.md), which the studies wrote themselves. *Found* is the sensitivity
on cases that were planted, or labelled by people, on text that the instrument was not fitted to;
*false alarms* are what it says where nothing was planted. *Baseline* is what a simpler reader gets
on the same cases (length alone, the line before, a lexicon), *limit* the best that can be had: the
same reader told much more, two labellings of the same lines, or exact inference with the stage's
own tables. In brackets 95% intervals.

Sensitivity to what was planted is no prevalence: a flip that grows by itself may be harder to see
than a swap. What was tried on the exact stage alone was tried on no language; `elsinore calibrate`
tries instruments on a model of yours.
"""

_SEPARATOR = re.compile(r"[\s|:-]+")


@dataclass(frozen=True)
class Cell:
    """A cell of a table in the details: ``row`` are the first cells of its row, ``under`` is in the
    text right above the table."""

    section: str
    row: tuple[str, ...]
    column: str
    words: str = "{}"
    under: str = ""


@dataclass(frozen=True)
class Line:
    """What ``pattern`` finds in a section whose figures stand in text."""

    section: str
    pattern: str
    words: str = "{}"


@dataclass(frozen=True)
class Entry:
    """One instrument, tried on one thing; blank where a study has no such number."""

    instrument: str
    tried_on: str
    found: Cell | Line
    false_alarms: Cell | Line | None = None
    baseline: Cell | Line | None = None
    limit: Cell | Line | None = None


_LANGUAGE, _MODEL, _SPLICED = (
    "Small classifiers of language", "Flips by a language model", "Flips in real language",
)  # fmt: skip
_WHY, _LABELS, _STOPPING, _SERVED = (
    "Why: contributions of mechanisms", "Judges repaired by labels", "Stopping when it is decided",
    "Instruments on planted scenes: the exact stage through a server",
)  # fmt: skip
_FIRST, _SAME = "What becomes of actors first", "Sameness"

_LENGTH = Cell(_SPLICED, ("length, 10 lines",), "found by `spoken_flips`",
               "{} (length, ten lines)")  # fmt: skip
_CEILING = Cell(_SPLICED, ("minilm, 40 lines",), "found by `spoken_flips`",
                "{} (40 lines a side)")  # fmt: skip


def _spoken(instrument: str, section: str, *row: str) -> Entry:
    """How `spoken_flips` does with one kind of evidence."""
    return Entry(
        f"`spoken_flips`, {instrument}",
        "statements of views, spliced; traits held out",
        Cell(section, row, "found by `spoken_flips`", "{} within a turn"),
        Cell(section, row, "its false alarms", "{} of actors that never flip"),
        _LENGTH,
        _CEILING,
    )


ENTRIES = (
    _spoken("five sample lines a side, MiniLM", _SPLICED, "minilm, 5 lines"),
    _spoken("one sentence a side, MiniLM", _SPLICED, "minilm, one sentence"),
    _spoken("five lines, log-probabilities", _MODEL, "log-probabilities, 5 lines", "50%"),
    Entry(
        "`changes`, nobody described, MiniLM",
        "the same statements",
        Cell(_SPLICED, ("minilm",), "found by `changes`, nothing known",
             "{} within a turn"),
        Cell(_SPLICED, ("minilm",), "false alarms", "{} of actors"),
        None,
        _CEILING,
    ),
    Entry(
        "`triggered_flips`, MiniLM",
        "the exact stage, absorbing switching, κ = 0.4; unseen wordings",
        Cell("Planted flips", ("0.4",), "`triggered_flips`, minilm",
             "F1, share of the limit: {}", "M2"),
        Line("Planted flips", r"(up to \d+ false alarms in 1,000 turns)"),
        Cell("Planted flips", ("0.4",), "`flips`", "{} (`flips`, a lexicon)", "M2"),
        Cell("Planted flips", ("0.4",), "limit", "F1 {}", "M2"),
    ),
    _spoken("one sentence, light vectors", _SPLICED, "wordllama, one sentence"),
    _spoken("one sentence, base install", _SPLICED, "hashing, one sentence"),
    _spoken("one sentence, log-probabilities of gemma3-270m", _MODEL,
            "log-probabilities, one sentence", "50%"),
    _spoken("one sentence, MiniLM and log-probabilities", _MODEL,
            "minilm + log-probabilities, one sentence", "50%"),
    Entry(
        "politeness",
        "requests on talk pages, raters' mean; subjects left out",
        Cell(_LANGUAGE, ("subjects left out",), "words and vectors", "r = {}"),
        None,
        Cell(_LANGUAGE, ("subjects left out",), "length only", "r = {} (length)"),
    ),
    Entry(
        "dialogue acts (14)",
        "scenes written for it, other scenes left out; a smoke test",
        Cell(_LANGUAGE, ("act (macro-F1)",), "words and vectors", "macro-F1 {}"),
        None,
        Cell(_LANGUAGE, ("act (macro-F1)",), "length only", "{} (length)"),
        Cell(_LANGUAGE, ("act (macro-F1)",), "alpha of two labellings", "alpha {}, one hand"),
    ),
    Entry(
        "agreement, disagreement",
        "the same scenes",
        Cell(_LANGUAGE, ("agreement (macro-F1)",), "words and vectors", "macro-F1 {}"),
        None,
        Cell(_LANGUAGE, ("agreement (macro-F1)",), "lexicon", "{} (lexicon)"),
        Cell(_LANGUAGE, ("agreement (macro-F1)",), "alpha of two labellings", "alpha {}, one hand"),
    ),
    Entry(
        "who answers whom (`graphs.replies`)",
        "chat logs, links by people; other logs left out",
        Line("Who answers whom", r"links .*\n  model .* (\S+ \([^)]*\))\n", "F1 {}"),
        None,
        Line("Who answers whom", r"links .*\n.*\n.*\n  addressed.* (\S+ \([^)]*\))\n",
             "F1 {} (whom it addresses, else the line before)"),
    ),
    Entry(
        "`fourth_wall`",
        "lines written after its expressions were",
        Cell("Stepping out of the scene", ("late",), "found"),
        Cell("Stepping out of the scene", ("late",), "false alarms"),
        Cell("Stepping out of the scene", ("late",), "found by the baseline",
             "{} (assistant talk)"),
    ),
    Entry(
        "`loops`",
        "statements that fall into a cycle of two lines, 20% of the words replaced",
        Cell(_SAME, ("20%", "2"), "`loop`", "{} within a line"),
        Cell(_SAME, ("statements of one view", "480"), "`loop`", "{} of runs without"),
        Cell(_SAME, ("20%", "2"), "copies", "{} (near copies alone)"),
    ),
    Entry(
        "`collapse`",
        "the exact stage `rlhf`, unseen wordings",
        Cell(_FIRST, ("rlhf M2", "collapse"), "found"),
        Cell("False alarms on talk of people", ("collapse",), "negotiations",
             "{} of lines, in 1,000, in negotiations"),
    ),
    Entry(
        "`secret_disclosure`, MiniLM",
        "negotiations, half of the secret's words said",
        Cell(_SAME, ("50% of its words",), "minilm"),
        Cell(_SAME, ("never",), "minilm"),
        Cell(_SAME, ("50% of its words",), "words", "{} (words alone)"),
    ),
    Entry(
        "`strangers`",
        "a support channel",
        Cell(_SAME, ("a support channel",), "two people"),
        Cell(_SAME, ("a support channel",),
             "one person, two names"),
    ),
    Entry(
        "`concessions`",
        "debates of the exact stage, unseen wordings",
        Cell("Concessions", ("held", "240"), "recall, `concede`"),
        Cell("Concessions", ("held", "240"), "precision", "precision {}"),
    ),
    Entry(
        "the effect of one turn",
        "the exact stage, planted triggers",
        Line("The effect of one turn", r"trigger: (first in .*?\))"),
        Line("The effect of one turn", r"no trigger, independent arms: .*?(cover zero \([^)]*\))",
             "intervals {}"),
    ),
    Entry(
        "`why`: by how much all causes change unmasking",
        "200 scenes of the exact stage, whose contributions are known",
        Cell(_WHY, ("total",), "estimate [95%]"),
        None,
        None,
        Cell(_WHY, ("total",), "unmasks: truth", "truth {}"),
    ),
    Entry(
        "`hostility` on a model reached through a server",
        "planted hostility, the exact stage as if it were somebody's model",
        Cell(_SERVED, ("`hostility`", "hostility"), "planted found", "{} of talks"),
        Cell(_SERVED, ("`hostility`", "hostility"), "alarms in shams", "{} of shams"),
        Cell(_SERVED, ("`hostility`", "hostility"), "of length alone", "area {} (length)"),
        Cell(_SERVED, ("`hostility`", "hostility"), "exact limit", "area {}"),
    ),
    Entry(
        "`label`: a share of 0.3, 120 of 1,200 lines labelled",
        "a biased judge, lines of 40 scenes",
        Cell(_LABELS, ("share", "40", "30", "120", "simple", "0.3", "0.1", "0.8, 0.1"), "covers",
             "intervals cover {}", "label read"),
        None,
        Cell(_LABELS, ("share", "40", "30", "120", "simple", "0.3", "0.1", "0.8, 0.1"), "raw",
             "the judge's own cover {}", "label read"),
        Cell(_LABELS, ("share", "40", "30", "120", "simple", "0.3", "0.1", "0.8, 0.1"),
             "width found", "width {} of that from labels alone"),
    ),
    Entry(
        "`--until decided`, betting",
        "drawn studies with 90% power, shares that differ by 0.15",
        Cell(_STOPPING, ("betting", "shares", "0.15"),
             "saved in the median (of the t test)", "saves {}"),
        Cell(_STOPPING, ("betting", "shares", "differ"), "200 blocks", "{} decide falsely"),
    ),
    Entry(
        "`puppeteer`, three actors, 200 scenes",
        "stances drawn with a planted pull of 0.02",
        Cell("Opinion dynamics and the puppeteer", ("complete", "3", "200", "apart, binomial",
             "0.02"), "pull found at p < 0.05"),
    ),
    Entry(
        "`population`: more than one mode",
        "60 minds, halves at ±0.6",
        Cell("Populations of minds", ("halves at ±0.6", "60"), "all three (`p`)"),
        Cell("Populations of minds", ("normal, sd 0.35", "60"), "all three (`p`)"),
    ),
    Entry(
        "`elsinore audit`: an effect that one format carries",
        "planted studies in at most 48 worlds, 6 seeds each",
        Cell("Equivalent worlds", ("temper", "fragile"), "told so", "fragile in {}"),
        Cell("Equivalent worlds", ("nothing", "not shown"), "told so", "nothing: not shown in {}"),
        None,
        Cell("Equivalent worlds", ("apart", "robust"), "told so", "a robust one: robust in {}"),
    ),
)  # fmt: skip


class Details:
    """The sections of the details, with their tables."""

    def __init__(self, text: str) -> None:
        parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2], strict=True))

    def number(self, place: Cell | Line | None) -> str:
        """What stands there; blank for None. Raises ValueError if nothing does, or two things."""
        if place is None:
            return ""
        if place.section not in self.sections:
            raise ValueError(f"there is no section {place.section!r}")
        section = self.sections[place.section]
        if isinstance(place, Line):
            found = re.findall(place.pattern, section)
            about = place.pattern
        else:
            about = f"{' | '.join(place.row)} | ... {place.column}"
            found = [
                cells[place.column]
                for above, row, cells in _rows(section)
                if row[: len(place.row)] == place.row
                and place.column in cells
                and place.under in above
            ]
        if len(found) != 1:
            raise ValueError(f"{place.section}: {about!r} is there {len(found)} times")
        return place.words.format(found[0])


def _rows(section: str) -> Iterator[tuple[str, tuple[str, ...], dict[str, str]]]:
    """The rows of the tables of a section: the text above, the cells, and these by their heads."""
    heads: list[str] | None = None
    above = ""
    for line in section.splitlines():
        if not line.startswith("|"):
            heads, above = None, line or above
        elif heads is None:
            heads = _cells(line)
        elif not _SEPARATOR.fullmatch(line):
            cells = _cells(line)
            # Of columns of one name the first counts.
            named = zip(heads[::-1], cells[len(heads) - 1 :: -1], strict=True)
            yield above, tuple(cells), dict(named)


def _cells(line: str) -> list[str]:
    # A bar within a cell is escaped.
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def anchor(section: str) -> str:
    """The anchor of a section in a page.

    >>> anchor("Who answers whom")
    'who-answers-whom'
    """
    return re.sub(r"[^\w\- ]", "", section.lower()).replace(" ", "-")


def rows(details: Details, folder: str = "") -> list[str]:
    """The table in Markdown. ``folder`` is where the details are, seen from it."""
    table = [
        "| instrument | tried on | found | false alarms | baseline | limit | details |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in ENTRIES:
        numbers = map(
            details.number, (entry.found, entry.false_alarms, entry.baseline, entry.limit)
        )
        link = f"[{entry.found.section}]({folder}validity-details.md#{anchor(entry.found.section)})"
        cells = (entry.instrument, entry.tried_on, *numbers, link)
        table.append(f"| {' | '.join(cells)} |")
    return table


def pages() -> dict[Path, str]:
    """The pages that have the table, as they should be."""
    details = Details(DOCUMENT.read_text("utf-8"))
    readme = README.read_text("utf-8")
    start, end = (readme.index(mark) for mark in MARKS)
    first = "\n".join(rows(details, "docs/")[: FIRST + 2])
    return {
        OVERVIEW: f"{HEAD}\n" + "\n".join(rows(details)) + "\n",
        README: f"{readme[: start + len(MARKS[0])]}\n\n{first}\n\n{readme[end:]}",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or compare them; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if it differs")
    chosen = parser.parse_args(arguments)
    stale = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    if chosen.check:
        for path in stale:
            print(f"{path.name} is stale: python -m benchmarks.validity.overview")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
