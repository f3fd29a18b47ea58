"""Debates on the exact stage: numbered claims, and answers in cross-examination."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from math import exp, fsum, log
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.layouts import LAYOUTS, render
from sim.layouts.contexts import render_question
from sim.scene.answers import Explained
from sim.scene.probes import Question, ask_stance
from sim.scene.routing import CrossExamination, LongestWait, Phase, phases
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact.acts import ACTS, GRID, LEVELS, STANCED
from sim.stage.exact.claim_marks import bare, marked, marks_in, unmarked
from sim.stage.exact.frames import FRAMES
from sim.stage.exact.grammar import parse
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.script import read_facts
from sim.stage.exact.stances import STANCES
from sim.stage.exact.tables import CHARACTERS
from sim.text.claims import told

LETTERS = {"Ada": "A", "Ben": "B", "Cleo": "C"}
ANSWERS = ("Yes. ", "No. ", "In part. ", "No answer. ")
OPTIONS = ("yes", "no", "in part", "no answer")


def filtered(
    watching: ModuleType, stage: ExactStage, scene: Any, lines: list[Any], name: str
) -> list[Any]:
    turns = watching.as_turns(lines)
    return [step.filtered for step in watching.trace(stage, scene, turns, name)]


def replies(stage: ExactStage, requests: list[Request]) -> list[str]:
    async def ask() -> list[str]:
        return [(await stage.perform(request)).text for request in requests]

    return asyncio.run(ask())


def chance(stage: ExactStage, request: Request, text: str) -> float:
    log_prob = asyncio.run(stage.log_prob(request, text))
    return 0.0 if log_prob is None else exp(log_prob.value)


# --- What stands around a line --------------------------------------------------------------------


def test_no_line_of_the_grammar_begins_like_an_answer() -> None:
    texts = [text for frames in FRAMES.values() for text in frames]
    texts += [sentence for sentences in STANCES for sentence in sentences]
    assert not [text for text in texts if text.startswith(ANSWERS)]
    assert [bare(text) for text in texts] == texts


@given(
    st.sampled_from([f[0] for f in FRAMES.values()]),
    st.sampled_from([*ANSWERS, ""]),
    st.sampled_from(ACTS),
    st.none() | st.tuples(st.sampled_from("ABZ"), st.integers(1, 9999)),
    st.none() | st.tuples(st.sampled_from("ABZ"), st.integers(1, 9999)),
)
def test_what_stands_around_a_line_comes_off_again(
    line: str, answer: str, act: str, own: Any, cited: Any
) -> None:
    text = marked(line, act, own, cited)
    assert unmarked(text) == bare(answer + text) == line
    claims = own is not None and act in ("assert", "rebut")
    cites = cited is not None and act in ("rebut", "concede", "agree")
    assert marks_in(answer + text) == (*[own] * claims, *[cited] * cites)


@pytest.mark.parametrize("text", ["No.", "No. ", "No, Ben.", "Yes, exactly.", "No. 6 is late."])
def test_what_is_no_answer_before_a_line_stays(text: str) -> None:
    assert bare(text) == text


def test_a_name_or_a_point_that_looks_like_marks_or_answers_is_no_stumbling_block(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    points = ("No. 10 Downing Street", "the sum in [B7]")
    cast = [ancestral.Player(name, 0.5, (), False, points) for name in ("No. 6", "Ben")]
    stage, scene = ExactStage(Parameters()), watching.scene_of(cast, 40)
    played = watching.played(stage, scene, range(3))
    said = [turn for one in played for turn in one.turns]
    assert all(turn.exact for turn in said)
    assert any("No. 10 Downing Street" in turn.text for turn in said)
    assert any("the sum in" in turn.text for turn in said)
    # And whatever is said has its probability.
    for turn in played[0].turns:
        prompt = render(scene, played[0].turns[: turn.index - 1], turn.speaker)
        assert chance(stage, Request(prompt, 0, turn.speaker, stop=("\n",)), turn.text) > 0.0


# --- Numbered claims ------------------------------------------------------------------------------


def test_letters_are_read_from_the_setting_in_every_layout(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    cast = watching.company(ancestral)
    for layout in LAYOUTS:
        scene = watching.scene_of(cast, 9, layout, setting=watching.numbering(LETTERS))
        header = "".join(f"\n{chunk.text}" for chunk in render(scene, (), "Ben").chunks())
        assert read_facts(header, "Ben").letters == LETTERS
    assert watching.numbering(LETTERS).endswith(told(list(LETTERS)))
    two = watching.numbering({"The Mayor": "M", "Zoë, of the well": "Z"})
    assert read_facts(f"Setting: {two}", "").letters == {"The Mayor": "M", "Zoë, of the well": "Z"}
    assert read_facts("Setting: The hall, A [A1], [A2].", "").letters == {}


@pytest.mark.parametrize("layout", [*LAYOUTS, "author"])
def test_claims_are_numbered_by_their_speakers_and_cited_by_the_others(
    ancestral: ModuleType, watching: ModuleType, layout: str
) -> None:
    cast = [replace(one, temperament=()) for one in watching.company(ancestral)]
    stage = ExactStage(Parameters(skill=1.0))
    numbered = watching.scene_of(cast, 40, layout, setting=watching.numbering(LETTERS))
    (played,) = watching.played(stage, numbered, [2])
    claims: dict[str, int] = {}
    cited = 0
    for turn, before in zip(played.turns, (None, *played.turns), strict=False):
        act = parse(bare(turn.text))[0].act
        wanted = []
        if act in ("assert", "rebut"):
            wanted.append((LETTERS[turn.speaker], claims.get(turn.speaker, 0) + 1))
        cites = act in ("rebut", "concede", "agree")
        if cites and before is not None and before.speaker in claims:
            wanted.append((LETTERS[before.speaker], claims[before.speaker]))
            cited += 1
        assert marks_in(turn.text) == tuple(wanted)
        assert turn.exact
        if act in ("assert", "rebut"):
            claims[turn.speaker] = claims.get(turn.speaker, 0) + 1
    assert set(claims) == set(LETTERS)
    assert cited > 5
    # The marks are all that numbering changes: the same seed says the same.
    (plain,) = watching.played(stage, watching.scene_of(cast, 40, layout, setting="A hall."), [2])
    assert [bare(turn.text) for turn in played.turns] == [turn.text for turn in plain.turns]


def test_a_number_is_never_used_twice(ancestral: ModuleType, watching: ModuleType) -> None:
    """Whoever used it, and wherever: after [A7] comes [A8], though six are missing."""
    cast = watching.company(ancestral)[:2]
    scene = watching.scene_of(cast, 9, setting=watching.numbering(LETTERS))
    stage = ExactStage(Parameters(skill=5.0))
    lines = [("Ada", "[A7] Look at the well [B9]."), ("Ben", "I have read [A2] and [A8].")]
    for heard, wanted in ((lines, "A8"), ([*lines, ("Ada", "[A9] Then [A3].")], "A10")):
        prompt = render(scene, watching.as_turns(heard), "Ada")
        said = replies(stage, [Request(prompt, seed, "Ada") for seed in range(60)])
        assert {f"{a}{n}" for text in said for a, n in marks_in(text)} == {wanted}


@pytest.mark.parametrize(
    ("kind", "values"),
    [("base", {"skill": 1.5}), ("rlhf", {"skill": 2.0, "mechanism": "M0"}), ("base", {})],
)
def test_with_marks_and_answers_the_filter_is_the_sum_over_all_hidden_paths(
    ancestral: ModuleType, watching: ModuleType, kind: str, values: dict[str, Any]
) -> None:
    parameters = Parameters(kind=kind, **values)
    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, 12, setting=watching.numbering(LETTERS))
    stage = ExactStage(parameters)
    world = ancestral.World(parameters, None, LETTERS)
    for said in watching.ancestral_scenes(world, cast, 12, 2, seed=31):
        lines = watching.lines_of(said)
        assert any("[" in text for _, text in lines)
        answered = [
            (name, ANSWERS[index % 4] + text if index % 3 else text)
            for index, (name, text) in enumerate(lines)
        ]
        for one in cast:
            expected, _, each = world.posterior(one.name, cast, answered, watching.TOPIC)
            for heard in (lines, answered):
                laws = filtered(watching, stage, scene, heard, one.name)
                wanted = [[law[z] for z in CHARACTERS] for law in expected]
                assert laws == [pytest.approx(law, rel=1e-9, abs=1e-12) for law in wanted]
            own = [index for index, (name, _) in enumerate(lines) if name == one.name]
            for index, p in zip(own, each, strict=True):
                prompt = render(scene, watching.as_turns(answered)[:index], one.name)
                request = Request(prompt, 0, one.name, stop=("\n",))
                assert chance(stage, request, lines[index][1]) == pytest.approx(p, rel=1e-9)


# --- Cross-examination ----------------------------------------------------------------------------


class Asked:
    """Ben, who was asked something by Ada at the end of a scene."""

    def __init__(
        self, ancestral: ModuleType, watching: ModuleType, seed: int,
        parameters: Parameters, options: tuple[str, ...] = OPTIONS,
    ) -> None:  # fmt: skip
        cast = [replace(one, points=("the mill",)) for one in watching.company(ancestral)[:2]]
        letters = {name: LETTERS[name] for name in ("Ada", "Ben")}
        world = ancestral.World(parameters, None, letters)
        self.stage = ExactStage(parameters)
        self.lines = watching.lines_of(world.play(cast, 7, Random(seed), watching.TOPIC))
        self.world = world
        self.scene = watching.scene_of(cast, 99, setting=watching.numbering(letters))
        question = Question(
            key="floor:examined",
            text="Answer the question that Ada has just put to you, {name}.",
            answer=Explained(options=options),
        )
        turns = watching.as_turns(self.lines)
        self.spoken = Request(render(self.scene, turns, "Ben"), 0, "Ben", stop=("\n",))
        self.request = replace(
            self.spoken,
            prompt=render_question(self.scene, turns, "Ben", question),
            schema=question.answer.schema_(),
        )

    def every_line(self) -> list[str]:
        script, facts = self.stage.read(self.spoken)
        inference = self.stage.inference
        situation = inference.situation(facts, inference.belief(facts, script.node), script.node)
        texts: dict[str, None] = dict.fromkeys((*situation.own_lines, *situation.partner_lines))
        for act in ACTS:
            if act != "repeat":
                for level in range(LEVELS) if act in STANCED else (None,):
                    lines = inference.grammar.lines(act, level, situation.slots)
                    texts.update(dict.fromkeys(lines))
        return [self.world.numbered("Ben", line, self.lines) for line in texts]

    def stance(self, name: str) -> float | None:
        """What somebody expressed last."""
        levels = [parse(bare(text))[0].level for who, text in self.lines if who == name]
        stated = [GRID[level] for level in levels if level is not None]
        return stated[-1] if stated else None

    def wanted(self, because: str) -> str:
        """What the document has a line answer."""
        one = parse(bare(because))[0]
        for acts, answer in (
            (("rebut", "insult"), "no"), (("concede", "agree"), "yes"),
            (("hedge",), "in part"), (("disclaim",), "no answer"),
        ):  # fmt: skip
            if one.act in acts:
                return answer
        own = self.stance("Ben") if one.level is None else GRID[one.level]
        theirs = self.stance("Ada")
        if theirs is None:
            return "in part"
        apart = abs((-0.75 if own is None else own) - theirs)
        return "no" if apart > 1 else "yes" if apart <= 0.25 else "in part"


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("options", [OPTIONS, ("yes", "no")])
def test_an_answer_goes_with_a_line_that_would_be_spoken_next(
    ancestral: ModuleType, watching: ModuleType, seed: int, options: tuple[str, ...]
) -> None:
    """And its probability is that of the line, or the half of it where the answer is missing."""
    parameters = Parameters(half="build", skill=0.5)
    here = Asked(ancestral, watching, seed, parameters, options)
    total = []
    for index, line in enumerate(here.every_line()):
        wanted = here.wanted(line)
        for option in options:
            text = json.dumps({"answer": option, "because": line})
            share = 1.0 if option == wanted else 0.0
            if wanted not in options:
                share = 1.0 / len(options)
            if share or not index % 40:
                total.append(chance(here.stage, here.request, text))
            if not index % 40:
                p = chance(here.stage, here.spoken, line)
                assert total[-1] == pytest.approx(p * share, rel=1e-12)
    assert fsum(total) == pytest.approx(1.0, abs=1e-9)
    for nonsense in ("no", "[]", '{"answer": "no"}', '{"answer": "no", "because": 3}'):
        assert chance(here.stage, here.request, nonsense) == 0.0


def test_answers_are_as_frequent_as_they_are_likely(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    parameters = Parameters(half="held")
    here = Asked(ancestral, watching, 1, parameters, ("yes", "no", "in part"))
    draws = 3000
    given = replies(here.stage, [replace(here.request, seed=seed) for seed in range(draws)])
    expected: Counter[str] = Counter()
    for line in here.every_line():
        p, wanted = chance(here.stage, here.spoken, line), here.wanted(line)
        for option in ("yes", "no", "in part"):
            expected[option] += p * (option == wanted or (wanted == "no answer") / 3)
    counts = Counter(json.loads(text)["answer"] for text in given)
    for option, p in expected.items():
        assert 0.05 < p < 0.95
        assert abs(counts[option] - draws * p) < 4 * (draws * p * (1 - p)) ** 0.5
    # Whatever is answered has its probability, and it is that of what is said.
    for text in given[:40]:
        assert chance(here.stage, here.request, text) > 0.0
    assert chance(here.stage, here.request, given[0]) <= chance(
        here.stage, here.spoken, json.loads(given[0])["because"]
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_debate_with_cross_examination_stays_in_the_grammar(
    ancestral: ModuleType, watching: ModuleType, layout: str
) -> None:
    cast = watching.company(ancestral)[:2]
    letters = {name: LETTERS[name] for name in ("Ada", "Ben")}
    routing = phases(
        Phase(LongestWait(), turns=4, name="opening", note="(Each states a case.)"),
        Phase(CrossExamination((("Ada", "Ben"), ("Ada", "Ben"))), turns=4, name="questions"),
        Phase(LongestWait(), turns=4, name="closing"),
    )
    scene = watching.scene_of(
        cast, 12, layout, setting=watching.numbering(letters), routing=routing
    )
    stage = ExactStage(Parameters())
    for transcript in watching.played(stage, scene, range(3)):
        answered = [turn for turn in transcript.turns if turn.text.startswith(ANSWERS)]
        assert [turn.index for turn in answered] == [6, 8]
        # What is asked to be said has no exactness of its own; everything that hears it has.
        assert all(turn.exact for turn in transcript.turns if turn not in answered)
        assert all(answer.exact for answer in transcript.answers)
        for name in ("Ada", "Ben"):
            marks = [
                mark
                for turn in transcript.turns
                if turn.speaker == name
                for mark in marks_in(turn.text)
                if mark[0] == LETTERS[name]
            ]
            assert marks == [(LETTERS[name], n) for n in range(1, len(marks) + 1)]
        for truth in asyncio.run(stage.truths(scene, transcript, 5)):
            assert truth.undefined is None
            assert len(truth.turns) == 6


def test_an_answer_before_a_line_says_nothing_beyond_it(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    """A line that was repeated behind an answer was still repeated, and is worn out."""
    cast = watching.company(ancestral)[:2]
    scene = watching.scene_of(cast, 99)
    stage = ExactStage(Parameters())
    world = ancestral.World(stage.parameters)
    lines = watching.lines_of(world.play(cast, 9, Random(5), watching.TOPIC))
    lines += [("Ben", lines[1][1]), ("Ada", lines[0][1])]
    answered = [(name, f"In part. [Z{n}] {text}") for n, (name, text) in enumerate(lines, 1)]
    said = lines[3][1]
    both = []
    for heard in (lines, answered):
        prompt = render(scene, watching.as_turns(heard), "Ben")
        request = Request(prompt, 7, "Ben")
        both.append((replies(stage, [request]), log(chance(stage, request, said))))
    assert both[0] == both[1]


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"persona_first"}))
def test_everybody_answers_for_its_own_character_in_every_layout(
    ancestral: ModuleType, watching: ModuleType, layout: str
) -> None:
    """Also where the prompt describes all of them."""

    def answers(of: str) -> list[tuple[str, object]]:
        scene = watching.scene_of(watching.company(ancestral), 6, of)
        scene = scene.replace(probes=(ask_stance("it", start=True),))
        (played,) = watching.played(ExactStage(Parameters()), scene, [2])
        return [(each.actor, each.value) for each in played.answers if each.turn == 0]

    assert answers(layout) == answers("persona_first")
    assert len({value for _, value in answers(layout)}) > 1
