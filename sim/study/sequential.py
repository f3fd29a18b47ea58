"""Playing until a difference is decided: whole blocks, in a random order that was stored before.

A block is a topic and a seed, played in both arms. The order of the blocks is drawn beforehand and
stored with the rule, before the first of them is played; and what is looked at is the completed
*prefix* of it. Scenes end when they like, and those that end early are often those that agree: the
blocks that happen to be done would be a biased sample.

Each block is measured by itself. A measure that learns from all trials (the rates of the filter of
flips, say) would change earlier numbers with later ones, and no bound would hold for such numbers.

Topics are drawn anew for each block, with replacement. So each block is a fair sample of the topics
at hand, whatever came before, and the mean that is decided is theirs: for these topics only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import isnan, nan
from pathlib import Path
from typing import Any, ClassVar

from analysis.primary import Primary, tables_of
from analysis.stopping import Decision, StoppingRule, decide
from analysis.tables import Tables
from sim.errors import BadRequest
from sim.planning import Trial
from sim.redaction import redact_tree
from sim.runs.executors import Job
from sim.runs.executors.local import LocalExecutor
from sim.runs.options import RunOptions
from sim.runs.playing import TrialLedger
from sim.runs.report import RunReport, Watcher
from sim.runs.trials import run_trials
from sim.seeds import Stream, derive
from sim.stage.base import Stage
from sim.store import Store, open_store
from sim.store.pruning import remove
from sim.transcript import Transcript

Told = Callable[[Decision], None]
"""Is told what the rule says after each look."""


@dataclass(frozen=True, slots=True)
class Block:
    """One topic and seed: the trial of arm ``a`` and that of arm ``b``."""

    topic: int
    a: Trial
    b: Trial

    @property
    def ids(self) -> tuple[str, str]:
        """The ids of both trials."""
        return self.a.id, self.b.id


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """What is decided, by which rule, and the blocks in the order in which they are played.

    The difference is the quantity in arm ``a`` less that in arm ``b`` (their names); ``topics`` are
    named, too.
    """

    primary: Primary
    rule: StoppingRule
    a: str
    b: str
    topics: tuple[str, ...]
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if len(self.blocks) != self.rule.blocks:
            raise BadRequest(
                f"{len(self.blocks)} blocks: the rule is for {self.rule.blocks}; give one to each"
            )

    @property
    def trials(self) -> list[Trial]:
        """The trials of all blocks, in their order; of each first the arm that is compared with."""
        return [trial for block in self.blocks for trial in (block.b, block.a)]

    def facts(self) -> dict[str, Any]:
        """What is stored before the first trial."""
        return stored_facts(
            self.rule, self.primary.name, (self.a, self.b), self.topics, self.trials
        )


def stored_facts(
    rule: StoppingRule,
    measure: str,
    arms: tuple[str, str],
    topics: Sequence[str],
    trials: Sequence[Trial],
) -> dict[str, Any]:
    """A rule as it is stored: with what it decides, and a hash of the trials in their order."""
    order = "".join(trial.id for trial in trials)
    facts: dict[str, Any] = redact_tree(
        {
            **rule.facts(),
            "measure": measure,
            "a": arms[0],
            "b": arms[1],
            "topics": list(topics),
            "order": blake2b(order.encode(), digest_size=16).hexdigest(),
        }
    )
    return facts


def random_order(topics: int, seeds: int, seed: int) -> list[tuple[int, int]]:
    """The blocks of a study in random order, each as a topic and the place of its seed.

    There are ``topics * seeds`` blocks. The topic of each is drawn with replacement, and has its
    seeds in random order: the first ``seeds`` shuffled, and those after them where a topic is drawn
    more often than that. With one topic these are the seeds of a run without a rule.

    >>> sorted(random_order(1, 4, seed=7)), len(random_order(3, 4, seed=7))
    ([(0, 0), (0, 1), (0, 2), (0, 3)], 12)
    """
    drawn = Stream(derive(seed, "blocks", "topics"))
    left = [
        Stream(derive(seed, "blocks", "seeds", topic)).shuffled(range(seeds))
        for topic in range(topics)
    ]
    counts = [0] * topics
    order: list[tuple[int, int]] = []
    for _ in range(topics * seeds):
        topic = drawn.below(topics)
        count, counts[topic] = counts[topic], counts[topic] + 1
        order.append((topic, left[topic][count] if count < seeds else count))
    return order


class Prefix:
    """The completed blocks of a study up to the first gap, and what the rule says of them."""

    def __init__(self, plan: BlockPlan) -> None:
        self.plan = plan
        self.differences: list[float] = []
        self.decision = decide(plan.rule, [])

    def next_block(self, store: Store) -> Tables | None:
        """The tables of the next block, if it is complete and the rule has not decided."""
        if self.decision.decided or len(self.differences) == len(self.plan.blocks):
            return None
        block = self.plan.blocks[len(self.differences)]
        return tables_of(store, block.ids) if len(store.ended(block.ids)) == 2 else None

    def add(self, tables: Tables) -> Decision:
        """Measure the next block, and ask the rule."""
        block = self.plan.blocks[len(self.differences)]
        numbers = self.plan.primary.numbers(tables)
        self.differences.append(numbers.get(block.a.id, nan) - numbers.get(block.b.id, nan))
        self.decision = decide(self.plan.rule, self.differences)
        return self.decision

    @property
    def missing(self) -> int:
        """How many blocks have no number in one of the arms."""
        return sum(map(isnan, self.differences))


class UntilDecided:
    """An executor that plays trials in their order until a prefix of the blocks is decided.

    Trials that are under way then are played to their end; no other is begun. It is the run's
    follow-up, too, because that is given the store: while a run writes a store, nobody else in the
    process may open it (to close a file drops the locks that SQLite holds on it).
    """

    stages: ClassVar[Mapping[str, str]] = {}
    """As a follow-up it asks nobody."""

    def __init__(self, prefix: Prefix, told: Told | None = None) -> None:
        self.prefix = prefix
        self.told = told
        self.error: BaseException | None = None
        self._store: Store | None = None
        self._local = LocalExecutor()
        self._one_look = asyncio.Lock()

    def missing(self, store: Store, trials: Sequence[str]) -> set[str]:
        """No trial lacks anything; the store is kept for the looks."""
        self._store = store
        return set()

    async def carry_out(
        self, trial: Trial, transcript: Transcript, stage: Stage, ledger: TrialLedger
    ) -> None:
        """Nothing: a look comes after each trial, whether it failed or not."""

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Play these trials, at most ``concurrency`` at once."""
        await self.look()
        if not self.over:
            await self._local.play_all(trials, _Watched(self, job), concurrency)

    def cancel(self) -> None:
        """Cancel the trials that are being played."""
        self._local.cancel()

    @property
    def over(self) -> bool:
        """Whether it is decided, or a look failed."""
        return self.prefix.decision.decided or self.error is not None

    async def look(self) -> None:
        """Look at what is complete. Measuring takes a while, and calls go on meanwhile."""
        assert self._store is not None
        async with self._one_look:
            try:
                while (tables := self.prefix.next_block(self._store)) is not None:
                    decision = await asyncio.to_thread(self.prefix.add, tables)
                    if self.told is not None:
                        self.told(decision)
            except Exception as error:  # noqa: BLE001 - raised when what is under way has ended
                self.error = error


@dataclass(frozen=True, slots=True)
class _Watched:
    """A job after each of whose trials there is a look."""

    executor: UntilDecided
    job: Job

    @property
    def stopping(self) -> bool:
        return self.job.stopping or self.executor.over

    async def play(self, trial: Trial) -> None:
        await self.job.play(trial)
        if not self.job.stopping:
            await self.executor.look()

    def abort(self) -> None:
        self.job.abort()


@dataclass(frozen=True, slots=True)
class SequentialReport:
    """What a study came to: the report of the run, with the trials that were begun, the decision,
    and how many of the blocks that it looked at have no number in one of the arms."""

    run: RunReport
    decision: Decision
    missing: int


async def run_until_decided(
    plan: BlockPlan,
    stages: Mapping[str, Stage],
    store: Path | str,
    options: RunOptions | None = None,
    *,
    watch: Watcher | None = None,
    told: Told | None = None,
) -> SequentialReport:
    """Play the blocks of a study until its rule decides, or all are played.

    The rule is committed with the run before the first trial; what was played before a rule was
    stored is refused, and so is another rule. A run that was killed goes on, and decides the same.
    A trial that failed has no number, and its block is left out. Blocks that were never begun leave
    nothing in the store. Raises ``BadRequest``, and what ``run_trials`` raises.
    """
    how, path = options or RunOptions(), Path(store)
    if how.executor is not None:
        raise BadRequest(
            "--until decided: looks at each trial that ends, and plays on this machine; leave "
            "--executor out"
        )
    if how.retry_failed:
        raise BadRequest(
            "--retry-failed: a block that was looked at must not change; leave it out, and failed "
            "trials count as missing"
        )
    refuse_without_rule(plan.trials, plan.facts(), path)
    prefix = Prefix(plan)
    until = UntilDecided(prefix, told)
    report = await run_trials(
        plan.trials, stages, path, replace(how, stopping=plan.facts()), watch=watch,
        follow_up=until, executor=until,
    )  # fmt: skip
    if until.error is not None:
        raise until.error
    # What ended while the run was stopping; nobody writes the store now.
    with open_store(path) as left:
        while (tables := prefix.next_block(left)) is not None:
            prefix.add(tables)
    if prefix.decision.decided:
        never = {result.id for result in report.trials if result.status == "planned"}
        remove(path, never)
        report = replace(report, trials=tuple(r for r in report.trials if r.id not in never))
    return SequentialReport(report, prefix.decision, prefix.missing)


def refuse_without_rule(trials: Sequence[Trial], facts: Mapping[str, Any], path: Path) -> None:
    """Raise ``BadRequest`` if some of the trials were played before this rule was stored."""
    if not path.exists():
        return
    with open_store(path) as store:
        rules = list(stored_rules(store))
        if facts in rules:
            return
        begun = [
            each
            for each in store.trials([trial.id for trial in trials])
            if each.turns or each.status != "planned"
        ]
    if not begun:
        return
    same = [rule for rule in rules if {rule.get("a"), rule.get("b")} == {facts["a"], facts["b"]}]
    if same:
        apart = ", ".join(
            f"{name} was {_told(same[-1].get(name))} and is {_told(value)} now"
            for name, value in facts.items()
            if same[-1].get(name) != value and name != "order"
        )
        raise BadRequest(
            f"{path}: these trials have a stopping rule already, and it is another one "
            f"({apart or 'its blocks are others'}); a rule is fixed before the first trial: "
            "repeat it as it was, or use another --store"
        )
    raise BadRequest(
        f"{path}: {len(begun)} of these trials were played before there was a stopping rule, which "
        "has to be stored before the first; use another --store"
    )


def _told(value: object) -> str:
    return "none" if value is None else str(value)


def stored_rules(store: Store) -> Iterator[dict[str, Any]]:
    """The stopping rules that a store's runs were begun with."""
    for run in store.runs():
        rule = (run.manifest.get("options") or {}).get("stopping")
        if isinstance(rule, dict):
            yield rule
