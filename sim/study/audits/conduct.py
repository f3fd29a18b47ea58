"""Carrying out an audit: register, play what is missing, measure, keep the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sim.planning.studies import Study, find_study
from sim.runs.options import RunOptions
from sim.runs.run import wait_for
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.study.audits.design import audit_design
from sim.study.audits.registration import audit_store, keep, register
from sim.study.audits.verdicts import Audit, audit_of
from sim.study.measuring import measuring_on
from sim.study.studies.design import Opened


async def aaudit(
    study: Study | str,
    store: Path | str,
    *,
    models: Mapping[str, str] | None = None,
    worlds: int = 48,
    seeds: int | None = None,
    moderators: bool = True,
    options: RunOptions | None = None,
) -> Audit:
    """``audit``, inside an event loop."""
    how, path = options or RunOptions(), audit_store(Path(store))
    asked = find_study(study) if isinstance(study, str) else study
    design = audit_design(
        asked.on(models or {}), worlds=worlds, seeds=seeds, moderators=moderators,
        opened=Opened(how.asking),
    )  # fmt: skip
    try:
        facts, deviations = register(design, path)
        await run_trials(design.trials, design.stages, path, replace(how, study=facts))
    finally:
        await close_all(design.stages.values())
    with measuring_on(how.executor):
        found = audit_of(design, path, deviations)
    await keep(facts, found.sentence, found.outcome, path)
    return found


def audit(
    study: Study | str,
    store: Path | str,
    *,
    models: Mapping[str, str] | None = None,
    worlds: int = 48,
    seeds: int | None = None,
    moderators: bool = True,
    options: RunOptions | None = None,
) -> Audit:
    """Audit a study: play it again in equivalent worlds, and say what a new one would show.

    ``store`` is that of the study; the audit is kept beside it (``x-audit.db``), and whoever
    carries the study out on ``store`` afterwards finds the sentence in its verdict. ``seeds`` are
    those of each arm, topic and world. Raises ``BadRequest`` and what ``run_trials`` raises.
    """
    return wait_for(
        "audit",
        aaudit(
            study, store, models=models, worlds=worlds, seeds=seeds, moderators=moderators,
            options=options,
        ),
    )  # fmt: skip
