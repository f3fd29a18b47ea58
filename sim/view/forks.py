"""Forks from the page: estimated, then played by a process of their own.

What is played is ``elsinore fork``, the command that a person would type, as a child process. So
the page stays quick while branches are played, the store has its one writer, a budget is kept as
anywhere, and what the page does can be done again without it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.planning.trials import IMPORTED
from sim.scene.actor import HUMAN
from sim.stage.open import is_real
from sim.store import StoredTrial
from sim.text.printing import command_line

CHANGES: Mapping[str, str] = {
    "reroll": "generate the turn again",
    "drop": "strike the turn: nobody heard it",
    "replace": "the same speaker says other words",
    "say": "somebody says something in its place",
    "whisper": "somebody whispers something to some",
    "note": "a stage direction before it",
}
"""What can be changed, with words for each."""

MOST_BRANCHES = 200
_ENDS_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may be asked from the page: free stages always, models that cost if they were named.

    ``models`` are their model strings. ``usd`` is what one fork may cost at most (None: no limit,
    which is refused for models that cost).
    """

    models: Sequence[str] = ()
    usd: float | None = None

    def why_not(self, trial: StoredTrial) -> str:
        """Why a trial cannot be forked from the page; blank if it can."""
        if HUMAN in trial.stages.values():
            return "A person plays in this trial, and cannot play its branches."
        if trial.arm.startswith(IMPORTED):
            if self.models:
                return ""
            return "Nobody was played here; to fork it, start the viewer with --model MODEL."
        asked = [trial.model, *trial.stages]
        stages = [trial.stage, *trial.stages.values()]
        cost = [model for model, stage in zip(asked, stages, strict=True) if is_real(stage)]
        missing = [model for model in cost if model not in self.models]
        if missing:
            return f"To fork it from the page, start the viewer with --model {missing[0]}."
        return ""

    def costs(self, trial: StoredTrial) -> bool:
        """Whether a fork of the trial may cost something."""
        if trial.arm.startswith(IMPORTED):
            return any(is_real(model) for model in self.models)
        return any(is_real(stage) for stage in (trial.stage, *trial.stages.values()))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks to be played. Raises ``BadRequest`` for what makes no fork."""

    trial: str
    at: int
    change: str
    text: str = ""
    speaker: str = ""
    to: str = ""
    branches: int = 8
    turns: int | None = None

    @classmethod
    def read(cls, trial: str, form: Mapping[str, str]) -> Asked:
        """From the fields of a form."""
        change = form.get("change", "")
        if change not in CHANGES:
            raise BadRequest(f"change: {change!r} is none; use one of {', '.join(CHANGES)}")
        asked = cls(
            trial=trial,
            at=_number("turn", form.get("at", ""), 1, 1_000_000),
            change=change,
            text=form.get("text", "").strip(),
            speaker=form.get("speaker", "").strip(),
            to=form.get("to", "").strip(),
            branches=_number("branches", form.get("branches", "8"), 1, MOST_BRANCHES),
            turns=_number("turns", form["turns"], 1, 1_000_000) if form.get("turns") else None,
        )
        if change in ("replace", "say", "whisper", "note") and not asked.text:
            raise BadRequest(f"{CHANGES[change]}: write what")
        if change in ("say", "whisper") and not asked.speaker:
            raise BadRequest(f"{CHANGES[change]}: say who")
        if change == "whisper" and not asked.to:
            raise BadRequest(f"{CHANGES[change]}: say to whom")
        return asked

    def words(self) -> list[str]:
        """The options of ``elsinore fork`` for it."""
        words = ["--at", str(self.at), "--branches", str(self.branches)]
        if self.turns is not None:
            words += ["--turns", str(self.turns)]
        # With "=", so that no text is taken for an option.
        if self.change in ("reroll", "drop"):
            words.append(f"--{self.change}")
        elif self.change == "say":
            words.append(f"--say={self.speaker}: {self.text}")
        elif self.change == "whisper":
            words.append(f"--whisper={self.speaker} > {self.to}: {self.text}")
        else:
            words.append(f"--{self.change}={self.text}")
        return words


def _number(what: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdecimal() or not least <= int(text[:9]) <= most:
        raise BadRequest(f"{what}: {text[:20]!r} is no number from {least} to {most}")
    return int(text[:9])


@dataclass
class Job:
    """A fork that is played: its command, and what came of it."""

    number: int
    asked: Asked
    command: str
    process: asyncio.subprocess.Process
    state: str = "playing"
    """``playing``, ``done``, ``stopped`` or ``failed``."""
    told: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)


class Forks:
    """The forks that this server has played, one at a time, since a store has one writer."""

    def __init__(self, store: Path, allowed: Allowed) -> None:
        self.store = store
        self.allowed = allowed
        self.jobs: dict[int, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def playing(self) -> Job | None:
        """The fork that is played now."""
        return next((job for job in self.jobs.values() if job.state == "playing"), None)

    def words(self, trial: StoredTrial, asked: Asked) -> list[str]:
        """The words of the command after ``elsinore``."""
        words = ["fork", str(self.store), asked.trial, *asked.words()]
        if trial.arm.startswith(IMPORTED):
            words += ["--model", self.allowed.models[0]]
        if self.allowed.usd is not None and self.allowed.costs(trial):
            words += ["--budget-usd", f"{self.allowed.usd:g}"]
        return words

    async def estimate(self, trial: StoredTrial, asked: Asked) -> list[Mapping[str, Any]]:
        """What it would take: a record for each model. Nothing is asked or written.

        Raises ``BadRequest`` with what the command said if it refuses.
        """
        process = await self._start([*self.words(trial, asked), "--dry-run", "--json"])
        out, err = await process.communicate()
        if process.returncode:
            raise BadRequest(said_by(err))
        estimated = json.loads(out)
        return [dict(each) for each in estimated["estimates"]]

    async def play(self, trial: StoredTrial, asked: Asked) -> Job:
        """Begin to play it. Raises ``BadRequest`` if it may not be, or if one is played already."""
        why = self.allowed.why_not(trial)
        if why:
            raise BadRequest(why)
        if self.allowed.costs(trial) and self.allowed.usd is None:
            raise BadRequest("A model that costs is asked only within a budget; use --budget-usd.")
        if self.playing is not None:
            raise BadRequest("A fork is being played; wait for its end, or stop it.")
        words = self.words(trial, asked)
        process = await self._start([*words, "--json"])
        job = Job(len(self.jobs) + 1, asked, command_line(*words), process)
        self.jobs[job.number] = job
        task = asyncio.create_task(self._follow(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _start(self, words: Sequence[str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            # -P: what lies in the working directory is not on the path, as with the command.
            sys.executable, "-P", "-m", "sim.cli", *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C in the terminal of the viewer is for the viewer, which tells its children.
            start_new_session=True,
        )  # fmt: skip

    async def _follow(self, job: Job) -> None:
        out, err = await job.process.communicate()
        if job.process.returncode == 0:
            job.record = json.loads(out)
            job.state = "done"
        else:
            job.state = "stopped" if job.process.returncode == 130 else "failed"
            job.told = said_by(err)

    def stop(self, number: int) -> None:
        """Stop a fork in order: what was played stays in the store."""
        job = self.jobs.get(number)
        if job is not None and job.state == "playing" and job.process.returncode is None:
            job.process.send_signal(signal.SIGINT)

    async def close(self) -> None:
        """Stop what is being played, and wait for it."""
        for job in self.jobs.values():
            self.stop(job.number)
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=_ENDS_SECONDS)
            for job in self.jobs.values():
                if left and job.process.returncode is None:
                    job.process.kill()


def said_by(err: bytes) -> str:
    """The last line that a command printed, without its label."""
    lines = err.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("elsinore: ").removeprefix("error: ") if lines else "it failed"
