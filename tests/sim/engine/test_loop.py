"""The loop: what plays, what a probe cannot change, what a gauge can, and who is told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, Says, Watching, facts, in_virtual_time, turns
from backstage.effort import effort
from backstage.scenes import debate, probed
from backstage.strategies import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import Edge, Graph, Scene, after, agreement, ask_stance, complete, play, said, star
from sim.events import Answer, Ended, Turn
from sim.layouts import LAYOUTS
from sim.scene.probes import Probe
from sim.seeds import Stream
from sim.stage.base import Request, Stage
from sim.stage.exact import KINDS, exact_stage
from sim.stage.fixed import FixedLines
from sim.transcript import Transcript

SLOW = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=effort(10, 25))

STAGES: dict[str, Callable[[], Stage]] = {
    "murmur": Murmur,
    "fixed": lambda: FixedLines(["Yes.", "No.", "Perhaps."]),
    **{f"embedded:{kind}": lambda kind=kind: exact_stage(kind) for kind in KINDS},
}


def run(scene: Scene, stage: Stage | None = None, seed: int = 1, **options: Any) -> Transcript:
    return asyncio.run(play(scene, stage or Murmur(), seed=seed, **options))


def never() -> Probe:
    """A gauge that no answer of ``Murmur`` lets agree: see where it is used."""
    return ask_stance("sell", every=1)


@SLOW
@given(scenes(), st.integers(0, 2**64 - 1))
def test_a_seed_gives_a_scene(scene: Scene, seed: int) -> None:
    first = run(scene, seed=seed)
    assert facts(first) == facts(run(scene, seed=seed))
    assert [turn.index for turn in first.turns] == list(range(1, len(first) + 1))
    bound = scene.ends.bound()
    assert bound is not None
    assert 1 <= len(first) <= bound
    assert first.events[-1] == first.ended
    edges = {(edge.source, edge.target) for edge in scene.graph.edges}
    spoke = [turn.speaker for turn in first.turns]
    assert spoke[0] == scene.graph.first
    assert set(itertools.pairwise(spoke)) <= edges


def test_seeds_differ() -> None:
    assert len({tuple(turns(run(debate(), seed=seed))) for seed in range(20)}) == 20


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_probes_change_no_turn(stage: str, layout: str) -> None:
    graph, ends = complete("Ada", "Ben", "Cleo"), after(turns=9)
    for seed in range(2):
        plain = run(debate(layout=layout, graph=graph, ends=ends), STAGES[stage](), seed)
        for every, samples in ((None, 1), (1, 1), (1, 3), (4, 2)):
            scene = probed(every, samples, layout=layout, graph=graph, ends=ends)
            asked = run(scene, STAGES[stage](), seed)
            assert turns(asked) == turns(plain)
            assert asked.ended == plain.ended
            assert asked.answers


@SLOW
@given(scenes(probes=()), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2**32))
def test_probes_change_no_turn_of_any_scene(
    scene: Scene, every: int, samples: int, seed: int
) -> None:
    probes = (ask_stance("sell", every=every, samples=samples),)
    asked = Scene(**{**dict(scene), "probes": probes})
    plain, beside = run(scene, seed=seed), run(asked, seed=seed)
    assert turns(plain) == turns(beside)
    gauges = [answer for answer in beside.answers if answer.gauge]
    assert facts(gauges) == facts(plain.answers)


def test_when_probes_are_asked_and_of_whom() -> None:
    probes = (ask_stance("sell", every=2, samples=2, to=("Ben", "Cleo")),)
    answers = run(debate(probes=probes, ends=after(turns=5))).answers
    asked = [(answer.turn, answer.actor, answer.sample) for answer in answers]
    assert sorted(asked) == [
        (turn, name, sample)
        for turn in (0, 2, 4, 5)
        for name in ("Ben", "Cleo")
        for sample in (0, 1)
    ]
    assert len({answer.raw for answer in answers}) > 8, "samples are seeded apart"


def test_the_end_is_asked_once() -> None:
    asked = [(a.turn, a.actor) for a in run(probed(3, ends=after(turns=6))).answers]
    assert sorted(asked) == [(turn, name) for turn in (0, 3, 6) for name in ("Ada", "Ben", "Cleo")]


def test_a_gauge_that_never_fires_changes_no_turn() -> None:
    for seed in range(5):
        plain = run(debate(), seed=seed)
        ends = (agreement(gauge=never(), within=0) & said("no such words")) | after(turns=6)
        gauged = run(debate(ends=ends), seed=seed)
        assert turns(gauged) == turns(plain)
        assert len([answer for answer in gauged.answers if answer.gauge]) == 18


def test_a_gauge_and_a_probe_of_one_question_are_seeded_apart() -> None:
    gauge = ask_stance("sell", every=1)
    ends = (agreement(gauge=gauge, within=0) & said("no such words")) | after(turns=6)
    stage = Around(Murmur())
    answers = run(probed(1, ends=ends), stage).answers
    assert len({request.seed for request in stage.asked}) == len(stage.asked)
    for turn in range(1, 7):
        raws = {kind: [a.raw for a in answers if (a.kind, a.turn) == (kind, turn)]
                for kind in ("gauge", "probe")}  # fmt: skip
        assert raws["gauge"] != raws["probe"]


def test_a_gauge_ends_the_scene() -> None:
    ends = agreement(gauge=ask_stance("sell", every=2), within=0.1) | after(turns=6)
    transcript = run(debate(ends=ends), Says("Well.", '{"stance": 0.3}'))
    assert transcript.ended == Ended(2, "agreement on sell within 0.1")
    assert [(a.turn, a.kind, a.value) for a in transcript.answers] == [(2, "gauge", 0.3)] * 3


def test_a_gauge_asks_once_a_round_if_it_does_not_say() -> None:
    ends = agreement(gauge=ask_stance("sell"), within=0.1) | after(turns=6)
    transcript = run(debate(ends=ends), Says("Well.", '{"stance": 0.3}'))
    assert transcript.ended == Ended(3, "agreement on sell within 0.1")


def test_a_gauge_without_an_answer_ends_nothing() -> None:
    ends = agreement(gauge=ask_stance("sell", every=1), within=2) | after(turns=4)
    transcript = run(debate(ends=ends), Says("Well.", "Who is asking?"))
    assert transcript.ended == Ended(4, "after 4 turns")
    assert {(a.value, a.missing) for a in transcript.answers} == {(None, "no number")}


def test_a_phrase_ends_the_scene() -> None:
    transcript = run(debate(ends=said("w0 ") | after(turns=6)), Says("w1 w0 end"))
    assert transcript.ended == Ended(1, "Ada said 'w0 '")


def test_a_condition_reads_the_floor_and_nobody_left_ends_the_scene() -> None:
    graph = Graph(
        names=("Ada", "Ben", "Cleo"),
        first="Ada",
        edges=(
            Edge(source="Ada", target="Ben"),
            Edge(source="Ben", target="Cleo", when=lambda view: view.turns == 2),
            Edge(source="Cleo", target="Ada", when=lambda view: view.last.text == "no such text"),
        ),
    )
    transcript = run(debate(graph=graph))
    assert transcript.ended == Ended(3, "nobody may take the floor from Cleo")


@pytest.mark.parametrize("text", ["Yes.", "Ada: Yes.", "  Ada:   Yes.\n"])
def test_a_leading_own_name_is_dropped(text: str) -> None:
    assert run(debate(ends=after(turns=1)), Says(text)).turns[0].text == "Yes."


def test_strangers_are_cut_and_kept_and_nobody_hears_them() -> None:
    stage = Around(Says("Yes.\n\nOld Tom: Evening.\n\nBen: Ah.\nOld Tom: Rain."))
    transcript = run(debate(), stage)
    for turn in transcript.turns:
        assert (turn.text, turn.strangers) == ("Yes.", ("Old Tom",))
        assert turn.cut == "Old Tom: Evening.\n\nBen: Ah.\nOld Tom: Rain."
    assert not any("Old Tom" in request.prompt.joined() for request in stage.asked)


def test_the_facts_of_a_turn_are_kept() -> None:
    turn = run(debate(), exact_stage("base")).turns[3]
    assert (turn.index, turn.speaker, turn.audience, turn.finish) == (4, "Ada", None, "stop")
    assert turn.exact is True
    assert turn.usage.prompt_tokens > turn.usage.completion_tokens > 0
    assert len(turn.prompt) == 32


async def jitter(request: Request) -> None:
    await asyncio.sleep(Stream(request.seed).unit())


def test_order_and_concurrency_of_scenes_change_nothing() -> None:
    gauge = agreement(gauge=ask_stance("sell", every=2), within=0.05)
    scene = probed(2, 2, ends=gauge | after(turns=9), graph=complete("Ada", "Ben", "Cleo"))
    for make in (Murmur, lambda: exact_stage("base")):
        alone = [sorted(facts(run(scene, make(), seed))) for seed in range(8)]
        stage = Around(make(), jitter)

        async def at_once(stage: Stage = stage) -> dict[int, Transcript]:
            order = [5, 2, 7, 0, 6, 1, 3, 4]
            played = await asyncio.gather(*(play(scene, stage, seed=seed) for seed in order))
            return dict(zip(order, played, strict=True))

        together, _ = in_virtual_time(at_once())
        assert [sorted(facts(together[seed])) for seed in range(8)] == alone


def test_latency_changes_no_fact() -> None:
    scene = probed(1, 2, graph=star("Ada", "Ben", "Cleo"))
    quick = run(scene, FixedLines(["Yes.", "No."]))
    slow, _ = in_virtual_time(play(scene, FixedLines(["Yes.", "No."], 0.05), seed=1))
    assert sorted(facts(slow)) == sorted(facts(quick))


def test_probes_run_beside_the_scene() -> None:
    """Thirty turns of 50 ms, three probes at each: one more call at the end, and no other wait."""
    ends = after(turns=30)
    stage = FixedLines(["Yes."], latency=0.05)
    _, alone = in_virtual_time(play(debate(ends=ends), stage, seed=1))
    transcript, beside = in_virtual_time(play(probed(1, ends=ends), stage, seed=1))
    assert alone == pytest.approx(30 * 0.05)
    assert beside == pytest.approx(31 * 0.05)
    assert beside <= 1.05 * alone
    assert len(transcript.answers) == 93


def test_gauges_are_asked_at_once_and_waited_for() -> None:
    ends = (agreement(gauge=never(), within=0) & said("no such words")) | after(turns=6)
    _, seconds = in_virtual_time(
        play(debate(ends=ends), FixedLines(["Yes."], latency=0.05), seed=1)
    )
    assert seconds == pytest.approx(12 * 0.05)


@SLOW
@given(scenes(), st.integers(0, 2**32))
def test_observers_see_every_event_once_and_in_order(scene: Scene, seed: int) -> None:
    one, two = Watching(), Watching()
    transcript = asyncio.run(play(scene, Murmur(), seed=seed, observers=[one, two]))
    assert one.events == two.events == transcript.events
    told = [
        (event.kind, getattr(event, "index", None), getattr(event, "turn", None),
         getattr(event, "actor", None), getattr(event, "sample", None))
        for event in one.events
    ]  # fmt: skip
    assert len(set(told)) == len(told)


def test_a_turn_is_told_before_the_next_is_asked() -> None:
    watching = Watching()

    async def told(request: Request) -> None:
        if request.purpose == "turn":
            spoken = [event for event in watching.events if isinstance(event, Turn)]
            prompt = request.prompt.joined()
            assert all(turn.text in prompt for turn in spoken)
            counts.append(len(spoken))

    counts: list[int] = []
    asyncio.run(play(debate(), Around(Murmur(), told), seed=1, observers=[watching]))
    assert counts == [0, 1, 2, 3, 4, 5]


def test_a_probe_is_told_what_was_said_by_then_and_no_more() -> None:
    """It may be answered much later than it was asked."""
    heard: dict[tuple[int, str], int] = {}
    stage = Around(Murmur(), jitter)
    scene = probed(1, ends=after(turns=12))
    transcript, _ = in_virtual_time(play(scene, stage, seed=2))
    prompts = {request.prompt.digest.hex(): request.prompt.joined() for request in stage.asked}
    for answer in transcript.answers:
        prompt = prompts[answer.prompt]
        heard[answer.turn, answer.actor] = sum(turn.text in prompt for turn in transcript.turns)
    assert heard == {(t, name): t for t in range(13) for name in scene.names}
    asked = [event.turn for event in transcript.events if isinstance(event, Answer)]
    assert asked != sorted(asked), "some came back late, or the test shows nothing"
