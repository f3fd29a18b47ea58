"""Questions beside the scene: every built-in one, switched on at once, changes no turn."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, facts, in_virtual_time, turns
from backstage.scenes import debate

from sim import Probe, Question, Scene, after, complete, play
from sim.layouts import LAYOUTS, render_question, until
from sim.planning import plan_scene
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.scene.answers import Choice, Distribution, FreeText, Ranking
from sim.scene.interventions import enter, leave
from sim.scene.probes import ASSISTANT, describe_self, guess_stances, urge_to_leave, who_are_you
from sim.scene.routing import Bidding, ChosenBy, Simultaneous, Walk
from sim.stage.exact import KINDS, exact_stage
from sim.stage.fixed import FixedLines
from sim.store import recorded_stages

NAMES = ("Ada", "Ben", "Cleo")
ALL = complete(*NAMES)


def every_probe(every: int = 1) -> tuple[Probe, ...]:
    """One of each kind of question, of answer, of time and of way."""
    ranked = Question(
        key="rank", text="Rank them.", answer=Ranking(options=("the spring", "the mill", "the inn"))
    )
    shares = Question(
        key="shares", text="How likely?", answer=Distribution(options=("sold", "kept"))
    )
    why = Question(key="why", text="Why, {name}?", answer=FreeText())
    side = Question(key="side", text="Which side?", answer=Choice(options=("for", "against")))
    return (
        *guess_stances("sell", NAMES, every=every),
        describe_self(every=every, samples=2),
        who_are_you(NAMES, every=every),
        urge_to_leave(every=every),
        Probe(question=ranked, every=every),
        Probe(question=shares, every=every, start=False),
        Probe(question=why, when=lambda view: view.turns % 2 == 0),
        Probe(question=side, every=every, by="log_prob"),
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("routing", [Walk(), Bidding(), ChosenBy(), Simultaneous()], ids=repr)
@pytest.mark.parametrize("stage", ["murmur", *(f"embedded:{kind}" for kind in KINDS)])
def test_every_probe_at_once_changes_no_turn(stage: str, routing: Any, layout: str) -> None:
    def played(probes: tuple[Probe, ...]) -> Any:
        made = Murmur() if stage == "murmur" else exact_stage(stage.partition(":")[2])
        scene = debate(
            graph=ALL, routing=routing, layout=layout, probes=probes, ends=after(turns=7),
            interventions=(leave("Cleo", at=3), enter("Cleo", at=5)),
        )  # fmt: skip
        return asyncio.run(play(scene, made, seed=11))

    plain, asked = played(()), played(every_probe())
    assert turns(asked) == turns(plain)
    assert asked.ended == plain.ended
    gauges = [answer for answer in asked.answers if answer.gauge]
    assert facts(gauges) == facts([answer for answer in plain.answers if answer.gauge])
    keys = {answer.key for answer in asked.answers if not answer.gauge}
    assert keys == {probe.question.key for probe in every_probe()}


def test_they_take_no_time_beyond_the_critical_path() -> None:
    """Thirty turns of 50 ms, and all of them at every turn: within 1.05 of the turns alone."""
    stage = FixedLines(["Yes."], latency=0.05)
    scene = debate(graph=ALL, ends=after(turns=30))
    beside = Scene(**{**dict(scene), "probes": every_probe()[:-1]})
    _, alone = in_virtual_time(play(scene, stage, seed=1))
    transcript, asked = in_virtual_time(play(beside, stage, seed=1))
    assert len(transcript.answers) > 800
    assert asked <= 1.05 * alone


def test_on_the_exact_stage_every_kind_of_answer_can_be_read() -> None:
    for kind in KINDS:
        scene = debate(graph=ALL, probes=every_probe(2), ends=after(turns=8))
        transcript = asyncio.run(play(scene, exact_stage(kind), seed=3))
        assert [answer for answer in transcript.answers if answer.missing is not None] == []
        assert all(answer.exact for answer in transcript.answers)


def test_a_log_probability_is_the_law_of_the_answers() -> None:
    """What is scored is what is drawn: shares of 400 answers lie near the scored ones."""
    who = who_are_you(NAMES, start=False, samples=400)
    scored = who_are_you(NAMES, start=False, by="log_prob")
    stage = exact_stage("rlhf", kappa=0.2)
    [drawn] = [
        asyncio.run(play(debate(graph=ALL, probes=(probe,), ends=after(turns=9)), stage, seed=2))
        for probe in (who,)
    ]
    told = asyncio.run(
        play(debate(graph=ALL, probes=(scored,), ends=after(turns=9)), stage, seed=2)
    )
    assistants = 0.0
    for name in NAMES:
        answers = [a.value for a in drawn.answers if a.actor == name]
        [law] = [a.value for a in told.answers if a.actor == name]
        assert sum(law.values()) == pytest.approx(1.0)
        for option, p in law.items():
            share = answers.count(option) / len(answers)
            # Six standard errors: once in a billion, for twelve comparisons.
            assert abs(share - p) <= 6 * (p * (1 - p) / 400) ** 0.5 + 1e-9, (name, option)
        assistants += law[ASSISTANT]
    assert assistants > 0.05, "a tuned stage thinks now and then that it is an assistant"


def test_where_a_stage_cannot_score_the_answer_is_missing_with_the_reason() -> None:
    probes = (who_are_you(NAMES, by="log_prob"),)
    transcript = asyncio.run(play(debate(probes=probes), Murmur(), seed=1))
    assert {answer.value for answer in transcript.answers} == {None}
    assert {answer.missing for answer in transcript.answers} == {
        "no-log-prob: the stage cannot score this text"
    }


def test_a_condition_asks_after_the_turns_at_which_it_holds_and_once() -> None:
    question = Question(key="why", text="Why, {name}?", answer=FreeText())
    probe = Probe(
        question=question, to=("Ada",), when=lambda view: view.last.speaker == "Ben", start=False,
        end=True,
    )  # fmt: skip
    transcript = asyncio.run(play(debate(probes=(probe,), ends=after(turns=6)), Murmur(), seed=1))
    spoke = [turn.index for turn in transcript.turns if turn.speaker == "Ben"]
    assert [answer.turn for answer in transcript.answers] == [*spoke, 6]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_prompt_of_a_question_can_be_rendered_again(layout: str) -> None:
    scene = debate(
        graph=ALL, layout=layout, probes=every_probe(2), ends=after(turns=8),
        interventions=(leave("Cleo", at=3), enter("Cleo", at=6)),
    )  # fmt: skip
    stage = Around(Murmur())
    transcript = asyncio.run(play(scene, stage, seed=4))
    questions = {probe.question.key: probe.question for probe in scene.probes}
    for answer in transcript.answers:
        happened = until(transcript.events, answer.turn)
        prompt = render_question(scene, happened, answer.actor, questions[answer.key])
        assert prompt.digest.hex() == answer.prompt, answer


def test_on_a_recording_too(tmp_path: Path) -> None:
    """Questions that were not recorded have no answer there, and what was said is said again."""
    scene = debate(graph=ALL, routing=Bidding(), ends=after(turns=7))
    stage = exact_stage("base")
    trials = plan_scene(scene, name="debate", models=[("embedded:base", stage.identity)])
    asyncio.run(
        run_trials(trials, {stage.identity: stage}, tmp_path / "a.db", RunOptions(cache=True))
    )
    [(_, recorded)] = recorded_stages(tmp_path / "a.db")
    asked = Scene(**{**dict(scene), "probes": every_probe()})
    plain = asyncio.run(play(scene, recorded, seed=0))
    beside = asyncio.run(play(asked, recorded, seed=0))
    assert turns(beside) == turns(plain)
    assert len(plain) == 7
    reasons = {answer.missing.partition(":")[0] for answer in beside.answers if answer.missing}
    assert reasons == {"not-recorded", "no-log-prob"}
    assert {answer.value for answer in beside.answers if not answer.gauge} == {None}
