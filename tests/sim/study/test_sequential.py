"""Playing until a difference is decided: the order, the prefix, the rule that was stored, kills."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from backstage.stores import rows

from analysis.primary import Primary
from analysis.stopping import StoppingRule
from sim import Persona, Scene, after, ask_stance, open_stage, ring
from sim.errors import BadRequest, StageError
from sim.planning import plan
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.stage.base import Reply, Request, Wrapper
from sim.store import open_store
from sim.study.sequential import (
    Block,
    BlockPlan,
    SequentialReport,
    random_order,
    run_until_decided,
    stored_rules,
)

ARMS = ("embedded:base", "embedded:rlhf")
STAGES = {model: open_stage(model) for model in ARMS}


def sale(topic: str = "The town should sell its spring.") -> Scene:
    cast = [Persona(name="Ada", stances={"sell": 0.9}), Persona(name="Ben", stances={"sell": -0.9})]
    return Scene(
        topic=topic, cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=4),
        probes=[ask_stance("sell", every=4)],
    )  # fmt: skip


def study(
    seeds: int = 30,
    topics: tuple[str, ...] = ("The town should sell its spring.",),
    measure: str = "convergence.end",
    margin: float | None = None,
) -> BlockPlan:
    order = random_order(len(topics), seeds, seed=1)
    most = max(place for _, place in order) + 1
    cells = [
        {
            model: plan(
                sale,
                models=[(model, STAGES[model].identity)],
                trials=most,
                parameters={"topic": topic},
            )
            for model in ARMS
        }
        for topic in topics
    ]
    primary = Primary.named(measure)
    return BlockPlan(
        primary,
        StoppingRule(primary.low, primary.high, len(order), margin),
        a=ARMS[1],
        b=ARMS[0],
        topics=topics,
        blocks=tuple(
            Block(topic, cells[topic][ARMS[1]][place], cells[topic][ARMS[0]][place])
            for topic, place in order
        ),
    )


def stages() -> dict[str, Wrapper]:
    return {stage.identity: Wrapper(stage) for stage in STAGES.values()}


def played(what: BlockPlan, store: Path, concurrency: int = 2) -> SequentialReport:
    options = RunOptions(concurrency=concurrency)
    return asyncio.run(run_until_decided(what, stages(), store, options))


# --- The order ------------------------------------------------------------------------------------


def test_one_topic_has_the_seeds_of_a_run_without_a_rule() -> None:
    order = random_order(1, 50, seed=3)
    assert sorted(order) == [(0, place) for place in range(50)]
    assert order != sorted(order)
    assert order != random_order(1, 50, seed=4)


def test_topics_are_drawn_with_replacement_and_no_block_comes_twice() -> None:
    order = random_order(4, 100, seed=3)
    assert len(set(order)) == len(order) == 400
    counts = Counter(topic for topic, _ in order)
    assert set(counts) == {0, 1, 2, 3}
    assert len(set(counts.values())) > 1, "dealt, and not drawn"
    # A share of a quarter is off by 0.07 once in a thousand times.
    assert all(abs(count / 400 - 0.25) < 0.07 for count in counts.values())


# --- What is played -------------------------------------------------------------------------------


def test_it_stops_when_it_is_decided_and_leaves_nothing_planned(tmp_path: Path) -> None:
    what = study(measure="collapse.collapse", margin=0.5)
    report = played(what, tmp_path / "x.db")
    assert report.decision.decided
    assert report.decision.blocks < 30
    kept = rows(tmp_path / "x.db", "SELECT trial, status FROM trials")
    assert {status for _, status in kept} == {"done"}
    assert len(kept) == len(report.run.trials) < 60
    assert {trial for block in what.blocks[: report.decision.blocks] for trial in block.ids} <= {
        trial for trial, _ in kept
    }


def test_the_decision_is_of_the_prefix_whatever_the_concurrency(tmp_path: Path) -> None:
    found = [
        played(study(margin=1.0), tmp_path / f"{count}.db", count).decision for count in (1, 7)
    ]
    assert found[0] == found[1]
    assert found[0].decided


def test_several_topics_are_played_in_the_stored_order(tmp_path: Path) -> None:
    what = study(seeds=6, topics=("The town should sell its spring.", "Dogs belong in the park."))
    report = played(what, tmp_path / "x.db")
    assert report.decision.blocks == 12
    assert {block.topic for block in what.blocks} == {0, 1}
    with open_store(tmp_path / "x.db") as store:
        [rule] = stored_rules(store)
    assert rule == what.facts()
    assert rule["topics"] == list(what.topics)


class Broken(Wrapper):
    """Fails every call of one seed in four."""

    async def perform(self, request: Request) -> Reply:
        if request.purpose == "turn" and request.seed % 5 == 0:
            raise StageError("gone", "the line is dead")
        return await self.stage.perform(request)


def test_a_failed_trial_is_missing_and_not_zero(tmp_path: Path) -> None:
    what = study(seeds=8)
    broken = {stage.identity: Broken(stage) for stage in STAGES.values()}
    report = asyncio.run(
        run_until_decided(what, broken, tmp_path / "x.db", RunOptions(concurrency=2))
    )
    failed = {trial.id for trial in report.run.trials if trial.status == "failed"}
    missing = sum(bool(failed & set(block.ids)) for block in what.blocks)
    assert 0 < missing < 8
    assert (report.missing, report.decision.known) == (missing, 8 - missing)


# --- The rule -------------------------------------------------------------------------------------


def test_another_rule_is_refused_and_the_same_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    first = played(study(seeds=4), store)
    with pytest.raises(BadRequest, match=r"margin was none and is 0\.3 now"):
        played(study(seeds=4, margin=0.3), store)
    with pytest.raises(BadRequest, match=r"measure was convergence\.end"):
        played(study(seeds=4, measure="conflict.hostility"), store)
    with pytest.raises(BadRequest, match="another one"):
        played(study(seeds=5), store)
    again = played(study(seeds=4), store)
    assert (again.decision, again.run.calls) == (first.decision, 0)


def test_a_rule_after_the_fact_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    what = study(seeds=4)
    asyncio.run(run_trials(what.trials[:3], stages(), store))
    with pytest.raises(BadRequest, match="3 of these trials were played before there was"):
        played(what, store)
    options = RunOptions(retry_failed=True)
    with pytest.raises(BadRequest, match="--retry-failed"):
        asyncio.run(run_until_decided(what, stages(), tmp_path / "y.db", options))


# --- Kills ----------------------------------------------------------------------------------------


def ended(store: Path) -> int:
    if not store.exists():
        return 0
    try:
        return int(rows(store, "SELECT count(*) FROM trials WHERE status = 'done'")[0][0])
    except Exception:  # noqa: BLE001 - the file is being made
        return 0


def test_killed_again_and_again_it_decides_the_same(tmp_path: Path) -> None:
    what, killed = study(margin=1.0), tmp_path / "killed.db"
    quiet = played(what, tmp_path / "quiet.db")
    assert quiet.decision.blocks > 8
    for wanted in (1, 5, 11):
        child = os.fork()
        if child == 0:
            try:
                played(what, killed)
            finally:
                os._exit(0)
        for _ in range(1000):
            if ended(killed) >= wanted:
                break
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL, "it was over before it was killed"
    assert played(what, killed).decision == quiet.decision
    with open_store(killed) as store:
        assert list(stored_rules(store)) == [what.facts()] * len(store.runs())
