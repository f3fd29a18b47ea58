"""Why: a turn is spoken again under crossed conditions, and only one actor's context changes."""

from __future__ import annotations

import asyncio
from functools import cache

import numpy as np
import pytest

from analysis.evidence.scoring import Asked
from analysis.stats import Floats
from benchmarks.validity.mechanisms import DESIGN, scene
from sim import Actor, Persona, Scene, after, open_stage, play, ring
from sim.errors import BadRequest
from sim.layouts import before, render
from sim.planning.scenarios import build, find
from sim.planning.trials import Trial
from sim.runs.fork import fork_transcript
from sim.scene.interventions import recast
from sim.scene.persona import Persona as Character
from sim.stage.base import Reply, Request
from sim.stage.exact.grammar import parse
from sim.stage.exact.reader import read
from sim.stage.fixed import FixedLines
from sim.study.fillers import neutral, off_topic
from sim.study.mechanisms import (
    OPTIONAL,
    Condition,
    Moment,
    conditions_of,
    design_without,
    mechanisms_in,
    mechanisms_of,
    plan_moment,
    spoken,
)
from sim.study.moments import Candidate, at_turn, in_which_it_happened
from sim.study.readings import LineOutcome, outcome_named, outcomes_of
from sim.study.reasons import ByModel, ByRule, InGrammar
from sim.transcript import Transcript

STAGE = open_stage("embedded:base")


@cache
def played(name: str = "mousetrap", seed: int = 1) -> Transcript:
    return asyncio.run(play(build(find(name), {}), STAGE, seed=seed))


def turn_of(transcript: Transcript, actor: str, number: int = 3) -> int:
    return [turn.index for turn in transcript.turns if turn.speaker == actor][number]


def prompt(moment: Moment, condition: Condition) -> str:
    """What the actor is shown when it speaks the turn again."""
    [branch] = asyncio.run(
        fork_transcript(
            moment.parent(), STAGE, at=moment.at, n=1, change=moment.change(condition), turns=1
        )
    )
    said = branch.turns[moment.turn - 1]
    shown = render(branch.scene, before(branch.events, said), moment.actor)
    assert shown.digest.hex() == said.prompt
    return shown.joined()


@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay"])
def test_a_condition_takes_out_what_it_names_and_nothing_else(layout: str) -> None:
    whole = asyncio.run(play(build(find("mousetrap"), {}).replace(layout=layout), STAGE, seed=1))
    moment = Moment(whole, turn_of(whole, "Maud"), rewriter=InGrammar())
    own = [turn.text for turn in moment.before if turn.speaker == "Maud"]
    heard = [turn.text for turn in moment.before if turn.speaker != "Maud"]
    assert own
    assert heard
    for condition in conditions_of(design_without()):
        shown = prompt(moment, condition)
        assert all((line in shown) is (condition.own == "kept") for line in own)
        assert all((line in shown) is (condition.heard == "real reasons") for line in heard)
        assert ("She has never raised her voice" in shown) is (condition.persona == "own")
        assert moment.scene.topic in shown
    assert (
        prompt(moment, Condition())
        == render(whole.scene, before(whole.events, moment.said), "Maud").joined()
    )


def test_with_everything_as_it_was_it_is_a_plain_fork() -> None:
    moment = Moment(played(), turn_of(played(), "Maud"), rewriter=InGrammar())
    plain = asyncio.run(fork_transcript(played(), STAGE, at=moment.turn, n=8, turns=1))
    again = asyncio.run(
        fork_transcript(
            moment.parent(), STAGE, at=moment.at, n=8, change=moment.change(Condition()), turns=1
        )
    )
    assert [b.turns[-1].text for b in again] == [b.turns[-1].text for b in plain]
    assert all(b.turns[:-1] == played().turns[: moment.turn - 1] for b in again)


def test_the_neutral_persona_is_as_long_and_says_nothing() -> None:
    for actor in played().scene.cast:
        own, other = actor.persona, neutral(actor.persona)
        assert abs(len(own.brief.split()) - len(other.brief.split())) <= 4
        assert len(own.traits) == len(other.traits)
        assert other.stances == dict.fromkeys(own.stances, 0.0)
        assert neutral(own) == other
    text = " ".join(["word"] * 40)
    assert abs(len(off_topic(text, (), 3).split()) - 40) <= 4
    assert off_topic(text, (), 3) != off_topic(text, (), 4)


def test_the_persona_taken_away_is_the_one_that_the_actor_had_last() -> None:
    changed = build(find("mousetrap"), {}).replace(
        interventions=(recast(Character(name="Maud", brief="She sold the keys."), at=2),)
    )
    whole = asyncio.run(play(changed, STAGE, seed=1))
    moment = Moment(whole, turn_of(whole, "Maud"), rewriter=InGrammar())
    assert moment.persona.brief == "She sold the keys."
    assert "sold the keys" in prompt(moment, Condition())
    assert "sold the keys" not in prompt(moment, Condition(persona="neutral"))


def test_positions_on_the_exact_stage_keep_the_stance_and_drop_the_tone() -> None:
    rewriter = InGrammar()
    lines = [turn.text for seed in (1, 2, 3) for turn in played(seed=seed).turns]
    assert any(parse(line)[0].act == "insult" for line in lines)
    for number, line in enumerate(lines):
        for said in (rewriter.position(line, number), rewriter.empty(line, number)):
            assert parse(said)[0].level == parse(line)[0].level
            assert read(said).hostility == 0


@pytest.mark.parametrize(
    ("line", "position"),
    [
        ("I oppose the hotel, because ships need the light.", "I oppose the hotel."),
        ("You are right; the winter trade matters. It pays.", "You are right."),
        ("Because the wells fall, I am against it.", "So much for that."),
        ("The lamp went out again.", "So much for that."),
        ("", "So much for that."),
    ],
)
def test_positions_by_rule(line: str, position: str) -> None:
    rule = ByRule()
    assert rule.position(line, 1) == position
    assert rule.empty(line, 1).startswith(position)
    assert rule.empty(line, 1) != position


def test_a_model_is_asked_once_a_line_and_what_is_no_rewriting_is_left_to_rules() -> None:
    lines = {
        "I oppose it, because ships need the light.": ('"I oppose it."', "I oppose it."),
        "The lamp went out again.": ("None.", "So much for that."),
        "No.": (" ".join(["word"] * 30), "No."),
    }  # fmt: skip
    asked: list[str] = []

    class Model(FixedLines):
        async def perform(self, request: Request) -> Reply:
            text = request.prompt.joined()
            asked.append(text)
            return Reply(next(said for line, (said, _) in lines.items() if f"\n{line}\n" in text))

    with Asked(Model(["unused"])) as answers:
        model = ByModel(answers)
        model.prepare([*lines, *lines])
        assert [model.position(line, 1) for line in lines] == [last for _, last in lines.values()]
        assert model.empty("No.", 1).startswith("No. ")
    assert len(asked) == 3
    assert model.refused == 1


def test_outcomes_are_read_blind_to_the_condition() -> None:
    """One call for all branches of a moment, with the original persona and the line really heard,
    whichever cells the branches come from."""
    asked: list[tuple[int, str, str]] = []

    def lines(texts: list[str], persona: Persona, heard: str) -> Floats:
        asked.append((len(texts), persona.brief, heard))
        return np.array([float(len(text)) for text in texts])

    outcome = LineOutcome("length", lines=lines, share=False)  # type: ignore[arg-type]
    moment = Moment(played(), turn_of(played(), "Maud"), rewriter=InGrammar())
    cells = [
        asyncio.run(
            fork_transcript(
                moment.parent(), STAGE, at=moment.at, n=3, change=moment.change(each), turns=1
            )
        )
        for each in (Condition("neutral", "masked", "nothing"), Condition())
    ]
    values = outcomes_of(outcome, [(moment, cells)])
    turned = outcomes_of(outcome, [(moment, cells[::-1])])
    assert values.shape == (1, 3, 2)
    assert (values == turned[..., ::-1]).all()
    [actor] = [one for one in moment.scene.cast if one.name == "Maud"]
    assert asked[0] == (6, actor.persona.brief, moment.answers_to)


def test_the_truth_of_the_exact_stage_is_recovered() -> None:
    """Error rate 0.001 for each of six sums over cells (normal, independent draws at worst)."""
    for number in (0, 1):
        found = scene(number, 10)
        assert found.truth.shape == (len(DESIGN.cells), 3)
        apart = found.done.mean(axis=0) - found.truth
        # Draws are common to cells, so the sum over cells varies as if they moved together.
        spread = np.sqrt(found.truth * (1 - found.truth) / 10).sum(axis=0)
        assert (np.abs(apart.sum(axis=0)) < 3.3 * spread + 1e-9).all()
        assert found.truth.std(axis=0).max() > 0.01


def test_a_private_stance_can_be_asked_after_the_turn() -> None:
    moment = Moment(played(), turn_of(played(), "Maud"), rewriter=InGrammar())
    outcome = outcome_named("stance:keys")
    found = asyncio.run(
        mechanisms_of([moment], outcome, STAGE, n=4, left_out=["off-topic", "empty reasons"])
    )
    assert -1 <= found.nothing <= 1
    assert found.missing == (0,) * 12
    assert [each.mechanism for each in found.steps][2:] == [
        "being spoken to and positions of the others",
        "being given a reason and what the reasons say",
    ]


# --- Which turns ----------------------------------------------------------------------------------


def candidate(seed: int) -> Candidate:
    whole = played(seed=seed)
    live = Trial.of_scene(
        whole.scene, scenario="mousetrap", model="embedded:base", stage=STAGE.identity, seed=seed
    )
    return Candidate(live, whole, lambda turn: Moment(whole, turn, rewriter=InGrammar()))


def test_matched_turns_are_of_the_same_actor_elsewhere_and_nothing_was_read_in_them() -> None:
    outcome = outcome_named("flip")
    scenes = [candidate(seed) for seed in range(6)]
    cases = in_which_it_happened(scenes, outcome)
    assert len({case.live.id for case in cases}) == len(cases) > 1
    for case in cases:
        assert case.matched is not None
        assert case.matched.moment.actor == case.moment.actor
        assert case.matched.live.id != case.live.id
        for one, happened in ((case, 1.0), (case.matched, 0.0)):
            persona = next(a.persona for a in one.moment.scene.cast if a.name == one.moment.actor)
            [value] = outcome.of_lines([one.moment.said.text], persona, one.moment.answers_to)
            assert value == happened


def test_a_turn_that_is_named_is_taken_whatever_was_said_in_it() -> None:
    scenes = [candidate(seed) for seed in range(3)]
    assert [case.moment.turn for case in at_turn(scenes, 5)] == [5, 5, 5]
    with pytest.raises(BadRequest, match="--at 99"):
        at_turn(scenes, 99)
    with pytest.raises(BadRequest, match="say which one with --at"):
        in_which_it_happened(scenes, outcome_named("stance:keys"))
    with pytest.raises(BadRequest, match="in no turn"):
        in_which_it_happened(scenes, outcome_named("says:xyzzy"))


def test_branches_are_planned_once_for_each_condition_and_number() -> None:
    one = candidate(1)
    moment = one.moment(turn_of(one.transcript, "Maud"))
    cells = plan_moment(one.live, moment, outcome_named("flip"), n=3)
    trials = [trial for cell in cells for trial in cell]
    assert len({trial.id for trial in trials}) == len(trials) == 60
    assert {trial.of for trial in trials} == {one.live.id}
    assert {trial.scene.probes for trial in trials} == {()}
    # The same plan again has the same ids, so that nothing is played twice.
    again = plan_moment(one.live, moment, outcome_named("flip"), n=3)
    assert [trial.id for cell in again for trial in cell] == [trial.id for trial in trials]


def test_what_cannot_be_spoken_again_is_refused() -> None:
    scene = Scene(
        topic="Tea?", cast=[Actor(Persona(name="Ada")), Actor(Persona(name="Ben"))],
        graph=ring("Ada", "Ben"), ends=after(turns=4), layout="author",
    )  # fmt: skip
    written = asyncio.run(play(scene, STAGE, seed=1))
    with pytest.raises(BadRequest, match="layout author"):
        Moment(written, 3)
    with pytest.raises(BadRequest, match="no turn 99"):
        Moment(played(), 99)
    assert not spoken(played().turns[0].__class__(1, "Ada", "Well.", source="intervention"))
    with pytest.raises(BadRequest, match="cannot be left out"):
        design_without(["reasons"])
    assert mechanisms_in(design_without(OPTIONAL)) == [
        "being spoken to and positions of the others and being given a reason and what the "
        "reasons say"
    ]
    with pytest.raises(BadRequest, match="did you mean flip"):
        outcome_named("flp")
