"""The results of a run: its trials in the store, to be read, measured and forked."""

from __future__ import annotations

from pathlib import Path

from sim.html import Table, element, fragment, table
from sim.html.tables import SHOWN
from sim.runs.report import RunReport
from sim.store import Store, StoredTrial, open_store
from sim.transcript import Transcript


class Results:
    """The trials of a run, in the order in which they were planned.

    ``report`` says what the run did, ``path`` is the store. It can be printed, iterated over (the
    trials), and handed to ``analysis.load``.

    >>> import tempfile
    >>> from sim import Persona, Scene, after, ring, run
    >>> def tea() -> Scene:
    ...     return Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...                  graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = run(tea, "fixed:Yes.", trials=3, store=f"{folder}/tea.db")
    ...     print([turn.text for turn in results.transcripts[0].turns])
    ...     print(results)
    ['Yes.', 'Yes.']
    3 trials of tea in ...tea.db: 3 done; 6 calls
    """

    def __init__(self, report: RunReport) -> None:
        self.report = report
        self.path = Path(report.store)
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The store, opened for reading when it is first used."""
        if self._store is None:
            self._store = open_store(self.path)
        return self._store

    @property
    def ids(self) -> list[str]:
        """The ids of the trials."""
        return [trial.id for trial in self.report.trials]

    @property
    def trials(self) -> list[StoredTrial]:
        """The trials, as they are stored."""
        stored = {trial.id: trial for trial in self.store.trials(self.ids)}
        return [stored[trial] for trial in self.ids]

    @property
    def transcripts(self) -> list[Transcript]:
        """The transcripts of the trials."""
        return [trial.transcript for trial in self.trials]

    def trial(self, beginning: str) -> StoredTrial:
        """The trial whose id begins like this. Raises ``BadRequest`` if none or several do."""
        return self.store.trial(beginning)

    def __len__(self) -> int:
        return len(self.report.trials)

    def __str__(self) -> str:
        return str(self.report)

    def __repr__(self) -> str:
        return f"<Results: {self}>"

    def _repr_html_(self) -> str:
        """The trials as a table, for a notebook."""
        rows = [
            (each.id[:12], each.scenario, each.model, each.seed, each.arm, each.status,
             each.turns, each.reason)
            for each in self.trials[:SHOWN]
        ]  # fmt: skip
        columns = ["trial", "scenario", "model", "seed", "arm", "status", "turns", "ended by"]
        more = len(self) - len(rows)
        return fragment(
            element("p", str(self)),
            element("div", table(Table(columns, rows)), class_="scroll"),
            element("p", f"and {more:,} more", class_="muted") if more > 0 else None,
        )
