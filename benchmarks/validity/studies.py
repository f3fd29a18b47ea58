"""How often does a study find what was planted, and what is not there?

    python -m benchmarks.validity.studies [--study NAME ...] [--times 100] [--scenes 400] [--write]

Each twin of a study is played once as a pool of at most ``--scenes`` scenes, kept in ``--pools``
and resumed from there. A repetition is a study of the default size, drawn from the pool without
replacement: whole blocks (a topic and a seed, all arms) of each topic, and what they come to.
Repetitions share scenes, so that the error of a rate is larger than that of as many studies of
their own. A measure that learns from all trials (the rates of a filter) learns from the pool here.

With ``--write`` the rates go into ``studies.tsv`` beside this file, with a hash of the scenes, and
``docs/studies.md`` is made anew from the studies and that table (also by ``--document`` alone;
``--check`` fails where it is stale).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from analysis.primary import tables_of
from benchmarks.validity.study_table import (
    DOCUMENT,
    Rates,
    document,
    read_rates,
    read_times,
    scenes_hash,
    write_document,
    write_rates,
)
from sim.planning.studies import Study, TwinName, find_study, study_names
from sim.runs.trials import run_trials
from sim.seeds import derive
from sim.store import open_store
from sim.study.studies.design import Design, design_of
from sim.study.studies.verdicts import Verdict, findings_of, numbers_by_trial


@dataclass(frozen=True)
class Pool:
    """Scenes of a twin that were played once: the number of each, by arm, topic and seed."""

    study: Study
    numbers: pd.DataFrame
    seeds: int
    scenes: int

    def repeated(self, times: int) -> list[Verdict]:
        """What studies of the default size find, each drawn from the pool."""
        generator = np.random.default_rng(derive(0, "pool", self.study.name) % (1 << 32))
        by_block = dict(list(self.numbers.groupby(["topic", "seed"], sort=False)))
        topics = list(dict.fromkeys(topic for topic, _ in by_block))
        size = min(self.study.seeds, self.seeds)
        found = []
        for _ in range(times):
            drawn = [
                by_block[topic, seed]
                for topic in topics
                for seed in generator.choice(self.seeds, size, replace=False)
            ]
            findings = findings_of(self.study, pd.concat(drawn))
            found.append(Verdict(self.study, self.study.stages, findings, ()))
        return found


def pool_of(study: Study, kind: TwinName, scenes: int, folder: Path) -> Pool:
    """The pool of a twin: played as far as it is not there, then measured."""
    twin = study.twin(kind).replace(exploratory=())
    blocks = len(twin.arms) * max(len(twin.topics), 1)
    seeds = max(scenes // blocks, twin.seeds)
    design = design_of(twin, seeds=seeds)
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / f"{study.name}-{kind}.db"
    asyncio.run(run_trials(design.trials, design.stages, store))
    return Pool(twin, _measured(design, store), seeds, len(design.planned))


def _measured(design: Design, store: Path) -> pd.DataFrame:
    with open_store(store) as opened:
        tables = tables_of(opened, [trial.id for trial in design.trials])
    return numbers_by_trial(design, tables)


def rates_of(name: str, kind: TwinName, times: int, scenes: int, folder: Path) -> Rates | None:
    """How often the twin of a study is found; None if it has none of that kind."""
    study = find_study(name)
    if getattr(study, kind) is None:
        return None
    began = time.perf_counter()
    pool = pool_of(study, kind, scenes, folder)
    found = pool.repeated(times)
    return Rates(
        study=name,
        twin=kind,
        scenes_hash=scenes_hash(study, kind),
        scenes=pool.scenes,
        seeds=pool.study.seeds,
        times=times,
        expected=sum(each.found == "as expected" for each in found),
        opposite=sum(each.found == "the opposite" for each in found),
        undecided=sum(each.found == "cannot be said" for each in found),
        seconds=round(time.perf_counter() - began),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rates; 1 if a planted twin is found too seldom, or an absent one too often."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--study", action="append", help="a study; all that ship unless given")
    parser.add_argument("--twin", choices=get_args(TwinName), help="one kind of twin alone")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--pools", type=Path, default=Path("runs/pools"))
    parser.add_argument("--write", action="store_true", help="write the rates and the document")
    parser.add_argument("--document", action="store_true", help="make the document anew, no more")
    parser.add_argument("--check", action="store_true", help="fail if the document is stale")
    chosen = parser.parse_args(arguments)
    if chosen.check:
        return int(DOCUMENT.read_text(encoding="utf-8") != document(read_rates(), read_times()))
    if chosen.document:
        write_document()
        return 0
    missed = 0
    kinds = get_args(TwinName) if chosen.twin is None else (chosen.twin,)
    for name in chosen.study or study_names():
        for kind in kinds:
            rates = rates_of(name, kind, chosen.times, chosen.scenes, chosen.pools)
            if rates is None:
                print(f"{name} has no {kind} twin: {find_study(name).cannot}", flush=True)
                continue
            print(rates.sentence, flush=True)
            missed += not rates.holds
            if chosen.write:
                write_rates([rates])
    if chosen.write:
        write_document()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
