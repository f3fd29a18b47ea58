"""The tables that the benchmark prints: all subjects, and Elsinore against the bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import LENGTHS


@dataclass(frozen=True)
class Bar:
    """A promise of the design: the measured value, and the bar that it must keep to."""

    what: str
    value: float
    bar: float
    unit: str = ""
    at_least: bool = False
    best: float | None = None

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def show(figures: dict[str, Any]) -> None:
    """Print the tables, to a terminal or to a file."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"Python {figures['python']}, {figures['cores']} cores, "
        f"medians of {figures['rounds']} rounds. "
        "A turn: CPU time of the framework; three actors in a ring, instant replies of 65 words."
    )
    console.print(time_of_turns(figures))
    console.print(time_of_scenes(figures))
    console.print(against_bars(figures))


def time_of_turns(figures: dict[str, Any]) -> Table:
    """All subjects: microseconds a turn, also as a multiple of the bare loop and of Elsinore."""
    bare, ours = figures["subjects"][:2]
    table = Table(title="µs a turn, in scenes of so many turns")
    table.add_column("", overflow="fold")
    for heading in (*map(str, LENGTHS), "× bare", "× ours", "1000/30"):
        table.add_column(heading, justify="right", no_wrap=True)
    for subject in figures["subjects"]:
        a_turn = [subject["turn_us"][str(length)]["median"] for length in LENGTHS]
        table.add_row(
            titled(subject),
            *(f"{value:.1f}" for value in a_turn),
            f"{a_turn[-1] / bare['turn_us']['1000']['median']:,.0f}",
            f"{a_turn[-1] / ours['turn_us']['1000']['median']:.1f}",
            f"{a_turn[-1] / a_turn[0]:.2f}",
        )
    return table


def time_of_scenes(figures: dict[str, Any]) -> Table:
    """All subjects: many scenes at once, memory, import."""
    bare, ours = figures["subjects"][:2]
    table = Table(title="100 scenes of 30 turns at 50 ms; memory of 1000 turns; import")
    table.add_column("", overflow="fold")
    for heading in ("scenes", "× bare", "memory", "import", "× ours"):
        table.add_column(heading, justify="right", no_wrap=True)
    for subject in figures["subjects"]:
        start = subject["import_s"]["median"]
        table.add_row(
            titled(subject),
            f"{subject['scenes_s']:.3f} s",
            f"{subject['scenes_s'] / bare['scenes_s']:.3f}",
            f"{memory(subject):.1f} MB",
            f"{start:.3f} s",
            f"{start / ours['import_s']['median']:.1f}",
        )
    return table


def show_beside(figures: dict[str, list[list[float]]]) -> None:
    """Print the figures of two versions: medians, their ratio, and its range over rounds.

    A ratio is computed within a round. The column ``rounds`` has its least and greatest values: if
    1 lies between them, the difference is within the noise.
    """
    table = Table(title="This version beside the older one")
    for heading in ("", "before", "now", "ratio", "rounds"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, pairs in figures.items():
        ratios = sorted(now / before for before, now in pairs if before)
        if not ratios:
            continue
        table.add_row(
            name,
            *(rounded(median(pair[place] for pair in pairs)) for place in (0, 1)),
            f"{median(ratios):.3f}",
            f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        )
    Console(highlight=False, width=110).print(table)


def titled(subject: dict[str, Any]) -> str:
    """A subject's name with the version of its first package."""
    versions = list(subject["versions"].values())
    name, comma, how = str(subject["subject"]).partition(",")
    return " ".join([name, *versions[:1]]) + comma + how


def against_bars(figures: dict[str, Any]) -> Table:
    """Ours against what the design promises."""
    table = Table(title="Against the bars")
    for heading in ("", "median", "best", "bar", ""):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=bool(heading))
    for bar in bars(figures):
        table.add_row(
            bar.what,
            f"{rounded(bar.value)}{bar.unit}",
            "" if bar.best is None else f"{rounded(bar.best)}{bar.unit}",
            f"{'≥' if bar.at_least else '≤'} {bar.bar:,g}{bar.unit}",
            "[green]pass[/]" if bar.met else "[red]miss[/]",
        )
    return table


def rounded(value: float) -> str:
    """A number with four significant digits.

    >>> rounded(0.27431), rounded(10688.5)
    ('0.2743', '10,688')
    """
    return f"{value:.4g}" if value < 1000 else f"{value:,.0f}"


def bars(figures: dict[str, Any]) -> Iterator[Bar]:
    """Every promise, with its measured value."""
    ours, beyond = figures["subjects"][1], figures["beyond"]
    a_turn = {length: ours["turn_us"][str(length)] for length in LENGTHS}
    for length, taken in a_turn.items():
        yield within(f"a turn, scenes of {length}", taken, 20, " µs")
    flat = a_turn[1000]["median"] / a_turn[30]["median"]
    yield Bar("flat: 1000 turns over 30", flat, 1.2)
    yield Bar("100 scenes × 30 turns at 50 ms, over bare", figures["scenes_over_bare"], 1.03)
    stored = beyond["store"]
    yield within("… with a store", stored["scenes_s"], 1.7, " s")
    yield within("a turn with a store, 100 scenes at once", stored["together_us"], 60, " µs")
    yield within("a turn with a store, one scene", stored["alone_us"], 300, " µs")
    yield Bar("a scene with probes, over its turns alone", beyond["probes"]["ratio"], 1.05)
    yield Bar("memory of 1000 turns", memory(ours), 15, " MB")
    starts = beyond["starts"]
    yield within("import sim", starts["import sim"], 0.05, " s")
    both = "from sim import Scene, Persona"
    yield within(both, starts[both], 0.25, " s")
    yield within("elsinore --help", starts["elsinore --help"], 0.2, " s")
    rate = beyond["exact"]["turns_per_s"]
    yield Bar("the exact stage, turns a second", rate, 3000, at_least=True)


def within(what: str, taken: dict[str, float], bar: float, unit: str) -> Bar:
    """A promise about a time of which the median and the best were measured."""
    return Bar(what, taken["median"], bar, unit, best=taken["best"])


def memory(subject: dict[str, Any]) -> float:
    """Megabytes for 1000 turns: resident or allocated, whichever is more."""
    return float(max(subject["memory_mb"], subject["allocated_mb"]))
