"""Instruments on planted scenes: ours and others', on a model, and whether the scoring is right.

    python -m benchmarks.validity.instruments --served [--scenes 24] [--write]
    python -m benchmarks.validity.instruments --model gguf:gemma3-270m --layout screenplay \\
        --scenes 16 [--reader gguf:gemma3-270m] [--store runs/planted.db] [--write]
    python -m benchmarks.validity.instruments --scoring [--times 1000] [--write]

``--served`` starts ``elsinore serve`` as a process of its own and calibrates on ``openai:base`` of
it, as if it were somebody's model; the exact limit is that of ``embedded:base``. It does so twice,
with other seeds: the second time says whether what was stated the first time is found again.

The foreign instruments are the examples of ``docs/instruments.md`` and two more: a function that
counts words of assistants, and an expression of yielding. Judges need ``--reader``.

``--scoring`` draws instruments whose worth is known (a score that is normal, with an effect of its
own for each scene) and counts how often each interval of ``analysis.calibration.scoring`` holds the
truth, and how often a fitted threshold is reached where nothing was planted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from scipy import special, stats

from analysis.calibration import open_instruments
from analysis.calibration.instruments.base import Instrument, Scored
from analysis.calibration.instruments.identity import NAMES
from analysis.calibration.reliability import Twice
from analysis.calibration.scoring import Calibration, Trialled, calibrated
from analysis.calibration.talks import Planted, Shown
from analysis.evidence.scoring import Asked
from analysis.stats import Interval
from benchmarks.validity.document import write_section
from sim import open_stage
from sim.cli.display.calibrations import (
    ALARMS,
    SCORES,
    alarms,
    by,
    counted,
    scores,
    sentences,
)
from sim.runs.options import RunOptions
from sim.scene.actor import LayoutName
from sim.scene.prose import wording_named
from sim.stage.base import Stage, close_stage
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling
from sim.study.calibration.plants import Planting, plants_for
from sim.study.calibration.run import Readers, calibrate, play_planted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "instruments.md"
MORE = '''
def helpful(turns):
    """Words of assistants."""
    words = ("assist", "help you", "as an ai", "language model", "happy to", "let me know")
    return [sum(word in turn.text.lower() for word in words) for turn in turns]

helpful.detects = "collapse"
helpful.threshold = 1
'''
YIELDING = r"agreement=regex:\b(i agree|you are right|exactly|well said|good point|indeed)\b"
AGAIN = 100_000
"""The seed of the second time."""


# --- Foreign instruments ----------------------------------------------------------------------


def foreign(folder: Path, judges: bool) -> list[str]:
    """The instruments of the page and two more, as files of a folder, and how they are named."""
    page = PAGE.read_text("utf-8")

    def block(language: str) -> str:
        return str(re.findall(rf"```{language}\n(.*?)```", page, re.S)[0])

    (folder / "detectors.py").write_text(block("python"), "utf-8")
    (folder / "hostile.toml").write_text(block("toml"), "utf-8")
    (folder / "hostility.md").write_text(block("markdown"), "utf-8")
    (folder / "more.py").write_text(MORE, "utf-8")
    expression = re.findall(r"`--instrument '(hostility=regex:.*?)'`", page)[0]
    named = [f"{folder / 'detectors.py'}:shouting", expression]
    if judges:
        named += [str(folder / "hostile.toml"), f"petri:{folder / 'hostility.md'}"]
    return [*named, f"{folder / 'more.py'}:helpful", YIELDING]


# --- Models -----------------------------------------------------------------------------------


@contextmanager
def served() -> Iterator[str]:
    """``elsinore serve`` as a process; its address."""
    command = [sys.executable, "-m", "sim.cli", "serve", "--port", "0", "--model", "embedded:base"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def calibrations(
    plan: Planting, model: str, stage: Stage, store: Path, instruments: Sequence[Instrument],
    reading: Readers,
) -> list[Calibration]:  # fmt: skip
    """Play what is missing, and read it."""

    async def play() -> None:
        try:
            await play_planted(plan, model, stage, store, RunOptions(concurrency=4))
        finally:
            await close_stage(stage)

    asyncio.run(play())
    trials = plan.trials(model, stage.identity)
    return calibrate(store, trials, plan, instruments, reading)


def tables(found: Sequence[Calibration]) -> list[str]:
    """Both tables as Markdown, and the sentences under them."""
    first = ["instrument", "for", *SCORES]
    second = ["instrument", "for", "alarms by", *ALARMS]
    return [
        _table(first, [[_code(each), each.detects, *scores(each)] for each in found]),
        _table(second, [[_code(each), each.detects, by(each), *alarms(each)] for each in found]),
        "\n".join(f"- {each}" for each in sentences(found)),
    ]


def _code(found: Calibration) -> str:
    return "`" + found.instrument.replace("|", "\\|") + "`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def again(first: Sequence[Calibration], second: Sequence[Calibration]) -> str:
    """Whether the rates of the first time are those of the second, by Fisher's exact test."""
    rows = []
    for one, two in zip(first, second, strict=True):
        cells = [_code(one)]
        for name, count in (("sensitivity", "scenes"), ("sham_alarms", "shams")):
            table = []
            for each in (one, two):
                share, of = cast(Interval, getattr(each, name)), int(getattr(each, count))
                happened = 0 if np.isnan(share.estimate) else round(share.estimate * of)
                table.append([happened, of - happened])
                cells.append(counted(share, of))
            cells.append(f"{stats.fisher_exact(np.array(table)).pvalue:.2f}")
        rows.append(cells)
    head = ["instrument", "planted found", "again", "p", "alarms in shams", "again", "p"]
    return _table(head, rows)


def on_served(scenes: int, store: Path) -> list[str]:
    """The section of the served exact stage."""
    found: list[list[Calibration]] = []
    with tempfile.TemporaryDirectory() as folder, served() as url, ExitStack() as ending:
        os.environ.setdefault("OPENAI_API_KEY", "none")
        # An embedded stage cannot judge: it is here to be found out.
        judge = ending.enter_context(Asked(open_model("embedded:base")))
        instruments = open_instruments([*NAMES, *foreign(Path(folder), judges=True)], judge)
        kinds = [each.detects for each in instruments]
        for seed in (0, AGAIN):
            plan = Planting(scenes, plants=plants_for(kinds, True), seed=seed,
                        wording=wording_named("plain-1"))  # fmt: skip
            stage = open_stage("openai:base", Sampling(base_url=url))
            reading = Readers(None, open_model("embedded:base"), _told)
            found.append(calibrations(plan, "openai:base", stage, store, instruments, reading))
    command = f"python -m benchmarks.validity.instruments --served --scenes {scenes} --write"
    return [
        f"`{command}`: `openai:base` of `elsinore serve` as if it were somebody's model, "
        f"{scenes} scenes of 16 turns with each plant, in the wording `plain-1`. What the "
        "columns are: [instruments.md](instruments.md). Judges ask `embedded:base`, which cannot "
        "judge, to see whether that is found out. Swaps of this stage's personas show in "
        "stances and tempers, and seldom in what the flip instruments look for, a character that "
        "unmasks itself; of that they are tried where it grew by itself.",
        *tables(found[0]),
        "Stated once, and counted again with other seeds; p by Fisher's exact test that the rate "
        "is the same both times:",
        again(found[0], found[1]),
    ]


def on_model(
    model: str, plan: Planting, store: Path, instruments: Sequence[Instrument], reader: Asked | None
) -> list[str]:
    """The section of a real model."""
    reading = Readers(None, None, _told)
    found = calibrations(plan, model, open_stage(model), store, instruments, reading)
    judged = "" if reader is None else f" Judges ask `{reader.stage.identity}`."
    return [
        f"`python -m benchmarks.validity.instruments --model {model} --layout {plan.layout} "
        f"--scenes {plan.scenes}{'' if reader is None else ' --reader MODEL'} --write`: scenes of "
        f"{plan.turns} turns with each plant.{judged} Where a model does not follow what it is "
        "told, nothing is to be found: then what is found is what is found in shams.",
        *tables(found),
    ]


def _told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- The scoring itself -----------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """An instrument that is drawn; its threshold is given or fitted. Its scores are made by
    ``drawn``: nothing is ever read with it."""

    threshold: float | None
    name: str = "drawn"
    version: str = ""
    detects: str = "flip"
    samples: bool = False

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        raise NotImplementedError


TURNS, STEP, SCENE, GIVEN = 8, 1.5, 0.5, 2.0
"""Own turns; the effect of a plant; the spread of scenes; the threshold, where it is given."""


def drawn(scenes: int, threshold: float | None, generator: np.random.Generator) -> Calibration:
    """An instrument on drawn talks: score = scene + noise, + STEP from the plant on."""
    planted = [
        Planted(number, number, plant, 3 + number % 3, f"{number}{plant}")
        for number in range(scenes)
        for plant in ("sham", "contagion", "swap")
    ]
    level = generator.normal(0, SCENE, scenes)
    scored = [
        Scored(
            level[each.scene] + generator.normal(size=TURNS)
            + STEP * (np.arange(TURNS) >= each.place) * (each.plant == "swap")
        )
        for each in planted
    ]  # fmt: skip
    tried = Trialled("", "", {}, planted, [Scored(np.ones(TURNS)) for _ in planted])
    odd, even = ([Scored(each.scores[start::2]) for each in scored] for start in (0, 1))
    return calibrated(Drawn(threshold), tried, scored, Twice(odd, even, halves=True))


COUNTS = (6, 12, 24)
JUDGED = ("area", "f1", "sensitivity", "sham_alarms", "false_alarms", "delay")


def scoring(times: int) -> list[str]:
    """How often intervals hold the truth, and how often fitted thresholds are reached."""
    generator = np.random.default_rng(11)
    # The truth of each number: what very many scenes give.
    large = [drawn(300, GIVEN, generator) for _ in range(40)]
    truth = {name: float(np.mean([getattr(each, name).estimate for each in large]))
             for name in JUDGED}  # fmt: skip
    rows = []
    for name in JUDGED:
        cells = [name.replace("_", " "), f"{truth[name]:.3f}"]
        for scenes in COUNTS:
            found = [getattr(drawn(scenes, GIVEN, generator), name) for _ in range(times)]
            known = [each for each in found if not np.isnan(each.low)]
            held = sum(each.low <= truth[name] <= each.high for each in known)
            p = stats.binomtest(held, len(known), 0.95, alternative="less").pvalue
            miss = " **miss**" if p < 0.001 else ""
            unknown = 1 - len(known) / len(found)
            told = f", {unknown:.0%} unknown" if unknown >= 0.005 else ""
            cells.append(f"{held / len(known):.1%}{miss}{told}")
        rows.append(cells)
    fitted = []
    for scenes in (10, 12, 24):
        several = [drawn(scenes, None, generator) for _ in range(times)]
        share = float(np.mean([each.any_alarm.estimate for each in several]))
        inside = np.mean([each.any_alarm.low <= 0.1 for each in several])
        fitted.append([str(scenes), f"{share:.1%}", f"{inside:.1%}"])
    exact = 1 - special.ndtr((GIVEN) / np.sqrt(1 + SCENE**2))
    return [
        f"`python -m benchmarks.validity.instruments --scoring --times {times} --write`: drawn "
        f"instruments (score = scene + noise, standard deviations {SCENE} and 1, {STEP} more from "
        f"the plant on; {TURNS} own turns, threshold {GIVEN:g}, which a turn without a plant "
        f"reaches with probability {exact:.3f}). How many 95% intervals hold the truth, which is "
        "the mean of 40 times 300 scenes; a miss is refused by an exact binomial test at "
        "p < 0.001.",
        _table(["number", "truth", *(f"{scenes} scenes" for scenes in COUNTS)], rows),
        "A threshold that is fitted on half of the scenes: how many of the other half's shams have "
        "an alarm (asked for: 10% at most), and how often the interval of that share reaches down "
        "to 10%.",
        _table(["scenes", "shams with an alarm", "10% or less within the interval"], fitted),
    ]


# --- The command ------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--served", action="store_true")
    parser.add_argument("--scoring", action="store_true")
    parser.add_argument("--model")
    parser.add_argument("--layout", default="persona_first")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--turns", type=int, default=16)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--reader")
    parser.add_argument("--store", type=Path, default=Path("runs/planted.db"))
    parser.add_argument(
        "--write", action="store_true", help="write sections of docs/validity-details.md"
    )
    chosen = parser.parse_args(arguments)
    sections: list[tuple[str, str, list[str]]] = []
    base = "benchmarks.validity.instruments"
    chosen.store.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ending:
        reader = None
        if chosen.reader:
            kept = chosen.store.with_name(f"{chosen.store.name}.scores.jsonl")
            reader = ending.enter_context(Asked(open_stage(chosen.reader), kept))
        if chosen.served:
            title = "Instruments on planted scenes: the exact stage through a server"
            sections.append((f"{base} served", title,
                             on_served(chosen.scenes, chosen.store)))  # fmt: skip
        if chosen.model:
            folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
            named = [*NAMES, *foreign(folder, reader is not None)]
            instruments = open_instruments(named, reader)
            plants = plants_for([each.detects for each in instruments], exact=False)
            layout = cast(LayoutName, chosen.layout)
            plan = Planting(chosen.scenes, chosen.turns, plants, layout)
            name = Path(chosen.model.partition(":")[2]).stem
            parts = on_model(chosen.model, plan, chosen.store, instruments, reader)
            sections.append((f"{base} {name}", f"Instruments on planted scenes: {name}", parts))
        if chosen.scoring:
            title = "Instruments on planted scenes: the scoring itself"
            sections.append((f"{base} scoring", title, scoring(chosen.times)))
    for name, title, parts in sections:
        print("\n\n".join([f"## {title}", *parts]))
        if chosen.write:
            write_section(name, title, parts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
