"""From a store of planted scenes to what instruments are worth on the model that played them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.calibration.instruments.base import Instrument
from analysis.calibration.instruments.words import lengths
from analysis.calibration.scoring import EXACTLY, Calibration, Trialled, calibrated
from analysis.calibration.talks import Planted, Shown, matching, needed
from analysis.evidence.judged import Judged
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import TextEvidence
from analysis.evidence.scoring import Asked
from analysis.stats import Floats
from analysis.tables import load
from sim.errors import BadRequest
from sim.planning import Trial
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials
from sim.stage.base import Omniscient, Stage
from sim.store import open_store
from sim.study.calibration.following import followed_by_reading, followed_exactly
from sim.study.calibration.limit import grown_truths, planted_limits
from sim.study.calibration.plants import TARGET, Planting
from sim.study.calibration.readings import read_all


@dataclass(frozen=True)
class Readers:
    """How talks are read: by which model, if one reads, and which stage's probabilities are the
    limit, if any is known. ``told`` is told what is being done."""

    reader: Asked | None = None
    exact: Stage | None = None
    told: Callable[[str], None] = lambda text: None


async def play_planted(
    plan: Planting, model: str, stage: Stage, store: Path, options: RunOptions | None = None
) -> RunReport:
    """Play what is missing of a plan. Raises what ``run_trials`` does."""
    trials = [trial for trial, _ in plan.trials(model, stage.identity)]
    return await run_trials(trials, {stage.identity: stage}, store, options)


def calibrate(
    store: Path,
    trials: Sequence[tuple[Trial, Planted]],
    plan: Planting,
    instruments: Sequence[Instrument],
    reading: Readers | None = None,
) -> list[Calibration]:
    """What each instrument is worth on what a store holds of a plan's trials.

    Trials that failed are left out. Raises ``BadRequest`` if there is none, and what instruments
    raise.
    """
    how = reading or Readers()
    with open_store(store) as opened:
        stored = {
            each.id: each
            for each in opened.trials([trial.id for trial, _ in trials])
            if each.status == "done"
        }
        planted = [each for _, each in trials if each.trial in stored]
        if not planted:
            raise BadRequest(f"{store}: no scene of this plan came to its end")
        limits: dict[str, dict[str, Floats]] = {}
        grown: dict[str, dict[str, Floats]] = {}
        if how.exact is not None:
            how.told("the exact limit")
            limits = asyncio.run(planted_limits(how.exact, stored, planted))
            if isinstance(how.exact, Omniscient):
                planted, grown = asyncio.run(grown_truths(how.exact, stored, planted))
    tables = load(store).only([each.trial for each in planted])
    shown = Shown.of(tables, {each.trial: TARGET for each in planted})
    first = trials[0][0]
    how.told("whether the model followed")
    if "swap" in limits:
        complied, by = followed_exactly(limits["swap"], planted), EXACTLY
    else:
        evidence = _blind(how.reader)
        complied, by = followed_by_reading(tables, planted, evidence), evidence.name
    tried = Trialled(
        model=first.model,
        stage=first.stage,
        plan={
            "scenes": plan.scenes, "turns": plan.turns, "layout": plan.layout, "seed": plan.seed,
            "wording": first.scene.templates.version,
            "plants": list(dict.fromkeys(each.plant for each in planted)),
        },
        planted=planted,
        lengths=lengths(shown),
        limits=limits,
        grown_limits=grown,
        complied=complied,
        complied_by=by,
    )  # fmt: skip
    places = [
        matching(planted, needed(each.detects, cheap=not each.samples)) for each in instruments
    ]
    readings = read_all(instruments, [shown.only(some) for some in places], how.told)
    return [
        calibrated(instrument, tried.only(some), scored, twice)
        for instrument, some, (scored, twice) in zip(instruments, places, readings, strict=True)
    ]


def _blind(reader: Asked | None) -> TextEvidence:
    """Who says whether the model followed: the reader, else the best embedder there is."""
    return Meaning() if reader is None else Judged(reader)
