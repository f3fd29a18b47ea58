"""Carrying out a study: register, play what is missing, measure, and say what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.lineage import Lineage
from analysis.primary import tables_of
from analysis.tables import Tables
from sim.errors import BadRequest
from sim.planning.studies import Study, find_study
from sim.runs.importing import import_file
from sim.runs.options import RunOptions
from sim.runs.report import Watcher
from sim.runs.run import wait_for
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.store import open_store
from sim.study.audits.registration import sentence_for
from sim.study.measuring import measuring_on
from sim.study.studies.design import Design, Opened, design_of
from sim.study.studies.deviations import deviations
from sim.study.studies.registration import digest, facts_of, first_facts
from sim.study.studies.verdicts import Verdict, verdict_of


@dataclass(frozen=True, slots=True)
class Registered:
    """A design with its preregistration: the facts of now, those with which the store was begun
    (``first``), and in what the former deviate from the latter."""

    design: Design
    facts: Mapping[str, Any]
    first: Mapping[str, Any]
    deviations: tuple[str, ...]

    @property
    def hash(self) -> str:
        """The hash by which the preregistration is cited: of what was fixed beforehand."""
        return digest(self.first)

    def options(self, how: RunOptions) -> RunOptions:
        """The options of its run, which carry the facts into the manifest."""
        return replace(how, study=self.facts)


def register(design: Design, store: Path) -> Registered:
    """The preregistration of a design in a store.

    The facts are committed with the run, before its first trial. Raises ``BadRequest`` if the store
    holds trials of the design that no study registered: what was seen before is no test.
    """
    facts = facts_of(design)
    first = first_facts(store, design.study.name)
    if first is None:
        _refuse_seen(design, store)
        return Registered(design, facts, facts, ())
    return Registered(design, facts, first, tuple(map(str, deviations(first, facts))))


def _refuse_seen(design: Design, path: Path) -> None:
    if not path.exists():
        return
    with open_store(path) as store:
        seen = [
            each
            for each in store.trials([trial.id for trial in design.trials])
            if each.status != "planned" or each.turns
        ]
    if seen:
        raise BadRequest(
            f"{path}: {len(seen)} of these trials were played before the study was registered, "
            "and what was seen before is no test; use another --store, or another --seed"
        )


def take_in(design: Design, store: Path) -> None:
    """Import the transcripts that a design compares with. What is there already stays."""
    for path in design.files:
        import_file(path, store)


def measured(
    registered: Registered, store: Path, declared: Mapping[str, Lineage] | None = None
) -> tuple[Verdict, Tables]:
    """What a store says of a study: its verdict, with the sentence of an audit beside it, and the
    tables of its trials. ``declared`` says of which family models are and how they were tuned."""
    with open_store(store) as opened:
        tables = tables_of(opened, registered.design.ids)
    found = verdict_of(
        registered.design,
        tables,
        deviations=registered.deviations,
        audited=sentence_for(registered.facts, store),
        declared=declared,
    )
    return found, tables


async def aconduct(
    study: Study | str,
    store: Path | str,
    *,
    models: Mapping[str, str] | None = None,
    seeds: int | None = None,
    seed: int = 0,
    options: RunOptions | None = None,
    watch: Watcher | None = None,
) -> Verdict:
    """``conduct``, inside an event loop."""
    how, path = options or RunOptions(), Path(store)
    asked = find_study(study) if isinstance(study, str) else study
    design = design_of(asked.on(models or {}), seeds=seeds, seed=seed, opened=Opened(how.asking))
    try:
        registered = register(design, path)
        await run_trials(
            design.trials, design.stages, path, registered.options(how), watch=watch
        )  # fmt: skip
    finally:
        await close_all(design.stages.values())
    take_in(design, path)
    with measuring_on(how.executor):
        return measured(registered, path)[0]


def conduct(
    study: Study | str,
    store: Path | str,
    *,
    models: Mapping[str, str] | None = None,
    seeds: int | None = None,
    seed: int = 0,
    options: RunOptions | None = None,
) -> Verdict:
    """Carry out a study: what is fixed beforehand is stored, then what is missing is played, then
    its contrasts are measured.

    ``models`` are by role (``{"tuned": "openai:..."}``); roles that are not named keep their own.
    Run again with the same store it plays nothing anew, and with more ``seeds`` only those. Raises
    ``BadRequest`` and what ``run_trials`` raises.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = conduct("bland_agreement", f"{folder}/x.db", seeds=2)
    >>> found.found
    'cannot be said'
    """
    return wait_for(
        "conduct",
        aconduct(study, store, models=models, seeds=seeds, seed=seed, options=options),
    )
