"""The tables of studies: their rates (``studies.tsv``), how long they take (``studies_time.tsv``),
and the document made of these and the studies."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from sim.planning.studies import Contrast, Study, TwinName, find_study, study_names
from sim.study.studies.design import design_of

TABLE = Path(__file__).with_name("studies.tsv")
TIMES = Path(__file__).parents[1] / "studies_time.tsv"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "studies.md"

FOUND, ALARMS = 0.9, 0.05
"""The bars: a planted twin is found at least so often, an absent one at most."""

BAR = 180.0
"""So many seconds of wall clock a study takes at most, on two idle processors."""


@dataclass(frozen=True)
class Rates:
    """How often a twin was found. ``scenes_hash`` is that of the trials of its first seed, by which
    rates of a study that has changed since are known; counts are of ``times`` repetitions, and what
    is left of them was not shown.
    """

    study: str
    twin: TwinName
    scenes_hash: str
    scenes: int
    seeds: int
    times: int
    expected: int
    opposite: int
    undecided: int
    seconds: int

    @property
    def share(self) -> float:
        """The share that found what the study expects."""
        return self.expected / self.times

    @property
    def holds(self) -> bool:
        """Whether the bar is met."""
        return self.share >= FOUND if self.twin == "planted" else self.share <= ALARMS

    @property
    def sentence(self) -> str:
        """The rate in a sentence."""
        return (
            f"{self.study}, {self.twin}: found in {self.share:.0%} of {self.times} (expected "
            f"{self.expected}, opposite {self.opposite}, cannot be said {self.undecided}); pool of "
            f"{self.scenes} scenes, {self.seeds} seeds, {self.seconds} s"
        )


@dataclass(frozen=True)
class Took:
    """How long a study took from end to end, its report with it: seconds of wall clock and of
    processor. ``load`` is that of the machine when it began."""

    study: str
    trials: int
    turns: int
    wall: float
    processor: float
    load: float

    @property
    def sentence(self) -> str:
        """The seconds in a sentence."""
        return (
            f"{self.study}: {self.wall:.1f} s, {self.processor:.1f} s of a processor "
            f"({self.trials} trials, {self.turns} turns)"
        )


Row = TypeVar("Row", Rates, Took)


def scenes_hash(study: Study, twin: TwinName) -> str:
    """The hash of the trials of the first seed of a twin: 16 hexadecimal letters."""
    ids = "".join(design_of(study.twin(twin), seeds=1).ids)
    return blake2b(ids.encode(), digest_size=8).hexdigest()


def stale(rates: Mapping[tuple[str, TwinName], Rates]) -> list[str]:
    """The twins whose rates are those of other scenes than they have now."""
    return [
        f"{study}, {twin}"
        for (study, twin), each in rates.items()
        if scenes_hash(find_study(study), twin) != each.scenes_hash
    ]


def read_rates(path: Path = TABLE) -> dict[tuple[str, TwinName], Rates]:
    """The rates by study and twin."""
    return {(row.study, row.twin): row for row in _read(Rates, path)}


def write_rates(rates: Iterable[Rates], path: Path = TABLE) -> None:
    """Put these rates in the place of older ones of the same twins."""
    known = read_rates(path) | {(each.study, each.twin): each for each in rates}
    _write([known[key] for key in sorted(known)], path)


def read_times(path: Path = TIMES) -> dict[str, Took]:
    """How long studies took, by study."""
    return {row.study: row for row in _read(Took, path)}


def write_times(times: Iterable[Took], path: Path = TIMES) -> None:
    """Put these times in the place of older ones of the same studies."""
    known = read_times(path) | {each.study: each for each in times}
    _write([known[key] for key in sorted(known)], path)


def _read(kind: type[Row], path: Path) -> list[Row]:
    if not path.exists():
        return []
    adapter = TypeAdapter(kind)
    with path.open(encoding="utf-8", newline="") as file:
        return [adapter.validate_strings(row) for row in csv.DictReader(file, delimiter="\t")]


def _write(rows: Sequence[Rates | Took], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [each.name for each in fields(rows[0])]
        writer = csv.DictWriter(file, names, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def write_document() -> None:
    """Make the document anew, from the tables as they are."""
    DOCUMENT.write_text(document(read_rates(), read_times()), encoding="utf-8")


def document(rates: Mapping[tuple[str, TwinName], Rates], times: Mapping[str, Took]) -> str:
    """``docs/studies.md``: each study, how often its twins are found, and how long it takes."""
    studies = [find_study(name) for name in study_names()]
    rows = [
        f"| [{study.name}](#{study.name}) | {_cell(rates, study, 'planted')} | "
        f"{_cell(rates, study, 'absent')} | {study.seeds} | {_took(times, study)} |"
        for study in studies
    ]
    return (
        "\n".join(
            [
                _HEAD.replace("{load}", _load(times)),
                *rows,
                "",
                *(_about(study) for study in studies),
            ]
        )
        + "\n"
    )


_HEAD = """# The studies that ship

Made by `python -m benchmarks.validity.studies --document` from the studies themselves, and from the
rates that `python -m benchmarks.validity.studies --write` found. `elsinore study NAME` plays one on
embedded stages; `--model ROLE=MODEL` on models of yours.

*Planted* and *absent* say how often a study of its default size finds the effect on its twins: the
bars are 90% at least, and 5% at most. (A test at 5% to both sides finds the expected one in 2.5% of
studies of nothing.) Repetitions are drawn without replacement from one pool of at most 400 scenes a
twin, whole blocks at a time, and so share scenes. An embedded stage is no language model: these
rates are those of the study as an instrument, and say nothing about language models. Figures of
papers are as cited, not checked at their place.

*Trials* to *processor* are of `elsinore study NAME` in its default size on embedded stages, from
the start of the command to its report, by `python -m benchmarks.studies_time --write`: seconds of
wall clock, and of processor in all threads, on a virtual machine with two processors. The bar is 3
minutes of wall clock on two processors that nobody else uses.{load}

| study | planted: found | absent: found | seeds | trials | turns | seconds | processor |
|---|---|---|---|---|---|---|---|"""


def _cell(rates: Mapping[tuple[str, TwinName], Rates], study: Study, twin: TwinName) -> str:
    if getattr(study, twin) is None:
        return "cannot be shown" if twin == "planted" else "none"
    found = rates.get((study.name, twin))
    if found is None:
        return "not measured"
    missed = "" if found.holds else " (bar missed)"
    return f"{found.share:.0%} of {found.times}{missed}"


def _load(times: Mapping[str, Took]) -> str:
    """A sentence on what else the machine did."""
    loads = [each.load for each in times.values()]
    if not loads:
        return ""
    return (
        f" When they began, the load was between\n{min(loads):.1f} and {max(loads):.1f}: where it "
        "was above 0, wall clock is an upper bound."
    )


def _took(times: Mapping[str, Took], study: Study) -> str:
    found = times.get(study.name)
    if found is None:
        return " | ".join(["not measured"] * 4)
    missed = "" if found.wall <= BAR else " (bar missed)"
    return f"{found.trials} | {found.turns:,} | {found.wall:.0f}{missed} | {found.processor:.0f}"


def _contrast(each: Contrast) -> str:
    weights = " ".join(f"{weight:+g} {arm}" for arm, weight in each.weights.items() if weight)
    than = f" than {each.null:g}" if each.expected in ("greater", "less") else ""
    about = each.about or "the contrast"
    return f"{about} (`{each.name}`: {weights}; expected {each.expected}{than})"


def _about(study: Study) -> str:
    planted = study.planted.why if study.planted is not None else study.cannot
    arms = ", ".join(f"`{name}`" for name in study.arms)
    contrasts = [_contrast(each) for each in study.primary]
    published = [
        f"- Published: {each.value}, {each.estimand} ({each.source}; {each.read}"
        + (f"; {each.differs}" if each.differs else "")
        + ")."
        for each in study.published
    ]
    return "\n".join(
        [
            f"## {study.name}",
            "",
            study.question,
            "",
            f"- Source: {study.source}",
            f"- Known: {study.known}",
            f"- Would refute it: {study.refuted_by}",
            f"- Arms: {arms}; roles: {', '.join(f'`{role}`' for role in study.stages)}.",
            f"- Primary: {'; and '.join(contrasts)}.",
            *published,
            f"- On the embedded stage: {planted}",
            "",
        ]
    )
