"""log_prob: it sums to one over everything that can be said, and is the log of how often it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from math import exp, fsum
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from backstage.effort import effort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from sim.layouts import render
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact.acts import ACTS, LEVELS, STANCED
from sim.stage.exact.grammar import parse
from sim.stage.exact.parameters import MECHANISMS, Parameters
from sim.stage.exact.run_on import run_ons
from sim.stage.exact.tables import KINDS, TRAITS

TALKS_BACK = replace(
    KINDS["base"], prior=(0.3, 0.1, 0.1, 0.25, 0.25), leave=(0.02, 0.04, 0.04), stranger=0.35
)
"""A base stage that repeats a lot."""


def chances(stage: ExactStage, request: Request, texts: list[str]) -> list[float | None]:
    """P(text | prompt), by log_prob."""

    async def ask() -> list[float | None]:
        scores = [await stage.log_prob(request, text) for text in texts]
        return [None if one is None else exp(one.value) for one in scores]

    return asyncio.run(ask())


def every_line(stage: ExactStage, request: Request) -> list[str]:
    """Whatever the speaker could say now, once each: the words' own list, and what was said."""
    script, facts = stage.read(request)
    inference = stage.inference
    situation = inference.situation(facts, inference.belief(facts, script.node), script.node)
    lines: dict[str, None] = dict.fromkeys((*situation.own_lines, *situation.partner_lines))
    for act in ACTS:
        if act != "repeat":
            for level in range(LEVELS) if act in STANCED else (None,):
                lines.update(dict.fromkeys(inference.grammar.lines(act, level, situation.slots)))
    return list(lines)


class Context:
    """A stage, and a prompt in a scene that an ancestral simulator wrote."""

    def __init__(
        self, ancestral: ModuleType, watching: ModuleType, parameters: Parameters,
        cast: list[Any], turns: int, seed: int, numbered: bool = False,
    ) -> None:  # fmt: skip
        self.stage = ExactStage(parameters)
        letters = {one.name: one.name[0] for one in cast} if numbered else {}
        self.world = ancestral.World(parameters, self.stage.laws.kind, letters)
        self.lines = watching.lines_of(self.world.play(cast, turns, Random(seed), watching.TOPIC))
        self.name = cast[turns % len(cast)].name
        self.scene = watching.scene_of(cast, 99, setting=watching.numbering(letters))
        self.prompt = render(self.scene, watching.as_turns(self.lines), self.name)

    def request(self, *stop: str, seed: int = 0) -> Request:
        return Request(self.prompt, seed, self.name, stop=stop)


@settings(max_examples=effort(8, 20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_over_all_texts_the_probabilities_sum_to_one(
    ancestral: ModuleType, watching: ModuleType, data: st.DataObject
) -> None:
    traits = st.lists(st.sampled_from(sorted(TRAITS)), max_size=2, unique=True).map(tuple)
    points = data.draw(st.sampled_from([("the mill",), ("my father's watch", "the mill")]))
    cast = [
        ancestral.Player(name, data.draw(st.sampled_from([-1.0, -0.3, 0.0, 1.0])),
                         data.draw(traits), data.draw(st.booleans()), points)
        for name in ("Ada", "The Mayor", "Cleo")[: data.draw(st.integers(2, 3))]
    ]  # fmt: skip
    parameters = Parameters(
        kind=data.draw(st.sampled_from(sorted(KINDS))),
        mechanism=data.draw(st.sampled_from(MECHANISMS)),
        kappa=data.draw(st.sampled_from([0.0, 0.4, 1.0])),
        half=data.draw(st.sampled_from(["build", "held"])),
        window=3,
        skill=data.draw(st.sampled_from([0.0, 1.5, -3.0])),
    )
    turns = data.draw(st.sampled_from([0, 1, 2, 5, 12]))
    seed, numbered = data.draw(st.integers(0, 10**6)), data.draw(st.booleans())
    here = Context(ancestral, watching, parameters, cast, turns, seed, numbered)
    # With a stop there is nothing after the line, and lines are all there is.
    request = here.request("\n")
    lines = every_line(here.stage, request)
    if numbered:
        # Each line has its marks. Without them, with others, or behind an answer, it is never said.
        plain = lines[:: len(lines) // 4]
        lines = [here.world.numbered(here.name, line, here.lines) for line in lines]
        never = [line for line in plain if line not in lines]
        never += [f"[Q1] {line}" for line in plain] + [f"No. {line}" for line in lines[:4]]
        assert set(chances(here.stage, request, never)) == {None}
    probabilities = chances(here.stage, request, lines)
    assert fsum(p for p in probabilities if p is not None) == pytest.approx(1.0, abs=1e-9)
    # Without one, a base stage runs on. For each line, all that can come after it sums to it.
    open_ended = here.request(f"\n{cast[0].name}:")
    _, facts = here.stage.read(open_ended)
    after = list(run_ons(facts, here.stage.laws.kind.stranger))
    for line, p in list(zip(lines, probabilities, strict=True))[:: len(lines) // 4]:
        texts = {line, f"{line}\n\n"} | {f"{line}\n\n{more}" for more, _ in after}
        parts = [q for q in chances(here.stage, open_ended, sorted(texts)) if q is not None]
        assert (len(parts) > 1) == (here.stage.laws.kind.run_on > 0 and p is not None)
        assert fsum(parts) == pytest.approx(p or 0.0, rel=1e-9, abs=1e-15)


def test_repeats_have_their_share_of_the_sum(
    ancestral: ModuleType, watching: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {**KINDS, "base": TALKS_BACK}
    monkeypatch.setattr("sim.stage.exact.laws.KINDS", changed)
    repeated = []
    for seed in range(effort(3, 6)):
        cast = watching.company(ancestral)[:2]
        parameters = Parameters(half="build")
        here = Context(ancestral, watching, parameters, cast, 12, seed)
        request = here.request("\n")
        lines = every_line(here.stage, request)
        probabilities = dict(zip(lines, chances(here.stage, request, lines), strict=True))
        assert fsum(p for p in probabilities.values() if p) == pytest.approx(1.0, abs=1e-9)
        before = {text for _, text in here.lines[-6:]}
        repeated.append(fsum(probabilities[text] or 0.0 for text in before))
    assert max(repeated) > 0.05


def test_a_repeat_says_each_of_the_last_lines_as_often_as_log_prob_has_it(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    cast = watching.company(ancestral)[:2]
    stage = ExactStage(Parameters())
    world = ancestral.World(stage.parameters)
    lines = watching.lines_of(world.play(cast, 11, Random(5), watching.TOPIC))
    lines[7], lines[9] = lines[1], lines[3]  # Ben is stuck: he says his first lines again
    prompt = render(watching.scene_of(cast, 99), watching.as_turns(lines), "Ben")
    draws = 4000

    async def draw() -> list[str]:
        requests = [Request(prompt, seed, "Ben", stop=("\n",)) for seed in range(draws)]
        return [(await stage.perform(request)).text for request in requests]

    said = Counter(asyncio.run(draw()))
    before = [lines[place][1] for place in (5, 7, 9)]
    assert len(set(before)) == 3
    probabilities = chances(stage, Request(prompt, 0, "Ben", stop=("\n",)), before)
    for text, p in zip(before, probabilities, strict=True):
        assert p is not None
        assert p > 0.05
        assert abs(watching.counted([True] * said[text], [p] * draws)) < 4


def agree(observed: list[float], chance: list[float], draws: int) -> float:
    """Chi-square p-value; cells that are expected fewer than ten times are put together."""
    cells: list[tuple[float, float]] = [(0.0, 0.0)]
    for count, p in sorted(zip(observed, chance, strict=True), key=lambda pair: pair[1]):
        if cells[-1][1] < 10:
            cells[-1] = (cells[-1][0] + count, cells[-1][1] + draws * p)
        else:
            cells.append((count, draws * p))
    rest = draws - sum(expected for _, expected in cells)
    if rest > 10:
        cells.append((draws - sum(count for count, _ in cells), rest))
    value = sum((o - e) ** 2 / e for o, e in cells)
    return float(chi2.sf(value, len(cells) - 1))


@pytest.mark.parametrize(
    ("kind", "turns", "stop"), [("base", 0, ()), ("base", 12, ("\nBen:",)), ("rlhf", 7, ("\n",))]
)
def test_log_prob_is_the_log_of_how_often_it_is_said(
    ancestral: ModuleType,
    watching: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    turns: int,
    stop: tuple[str, ...],
) -> None:
    monkeypatch.setattr("sim.stage.exact.laws.KINDS", {**KINDS, "base": TALKS_BACK})
    cast = [replace(one, points=("the mill",)) for one in watching.company(ancestral)[:2]]
    parameters = Parameters(kind=kind, half="held", kappa=0.2, pi=0.6, mechanism="M1")
    here = Context(ancestral, watching, parameters, cast, turns, 4)
    draws = effort(8_000, 20_000)

    async def draw() -> list[str]:
        return [
            (await here.stage.perform(here.request(*stop, seed=seed))).text for seed in range(draws)
        ]

    said = asyncio.run(draw())
    counts = Counter(said)
    # Whatever is said has a probability.
    asked = dict(zip(counts, chances(here.stage, here.request(*stop), list(counts)), strict=True))
    assert all(p is not None and p > 0 for p in asked.values())
    # Line by line, all of them; texts that were never drawn are expected, too.
    lines = every_line(here.stage, here.request("\n"))
    expected = chances(here.stage, here.request("\n"), lines)
    chance = {line: p or 0.0 for line, p in zip(lines, expected, strict=True)}
    by_line = Counter(text.split("\n\n")[0] for text in said)
    assert set(by_line) <= set(chance)
    assert agree([by_line[line] for line in lines], [chance[line] for line in lines], draws) > 1e-3
    # By act and stance.
    groups: dict[tuple[str, int | None], list[float]] = {}
    for line in lines:
        one = parse(line)[0]
        cell = groups.setdefault((one.act, one.level), [0.0, 0.0])
        cell[0] += by_line[line]
        cell[1] += chance[line]
    assert agree([c[0] for c in groups.values()], [c[1] for c in groups.values()], draws) > 1e-3
    # The most frequent whole texts, with what comes after them.
    top = counts.most_common(40)
    z = [
        (count - draws * asked[text]) / np.sqrt(draws * asked[text] * (1 - asked[text]))
        for text, count in top
        if asked[text] * draws > 25
    ]
    assert len(z) >= 3
    assert max(map(abs, z)) < 5
    ran_on = sum("\n\n" in text for text in said)
    assert (ran_on > 0) == (kind == "base")
    # Those that run on: all together, and by who has the last word.
    if kind == "base":
        share = TALKS_BACK.run_on * (TALKS_BACK.stranger if stop else 1.0)
        assert abs(watching.counted([True] * ran_on, [share] * draws)) < 4


def test_a_line_that_was_said_is_discounted(ancestral: ModuleType, watching: ModuleType) -> None:
    cast = watching.company(ancestral)[:2]
    stage = ExactStage(Parameters(kind="sft"))
    scene = watching.scene_of(cast, 99)
    world = ancestral.World(stage.parameters)
    drawn = world.play(cast, 9, Random(3), watching.TOPIC)
    lines = watching.lines_of(drawn)
    said = next(one.text for one in drawn if one.speaker == "Ben")

    def chance(heard: list[tuple[str, str]]) -> float:
        prompt = render(scene, watching.as_turns(heard), "Ben")
        (p,) = chances(stage, Request(prompt, 0, "Ben"), [said])
        return p or 0.0

    without = [pair for pair in lines if pair[1] != said]
    again = [*without[:1], ("Ben", said), *without[1:]]
    assert 0 < chance(again) < 0.05 * chance(without)


@pytest.mark.parametrize(
    "text",
    [
        "To be, or not to be.",
        "",
        "The mill.\n\nOld Tom: Well?",
        "Ada: I am firmly against this.",
    ],
)
def test_foreign_text_has_no_log_prob(
    ancestral: ModuleType, watching: ModuleType, text: str
) -> None:
    here = Context(ancestral, watching, Parameters(), watching.company(ancestral), 4, 1)
    assert chances(here.stage, here.request(), [text]) == [None]


def test_a_question_has_no_log_prob_of_a_line(ancestral: ModuleType, watching: ModuleType) -> None:
    here = Context(ancestral, watching, Parameters(), watching.company(ancestral), 4, 1)
    line = every_line(here.stage, here.request())[0]
    asked = replace(here.request(), schema={"type": "number"})
    assert chances(here.stage, here.request(), [line]) != [None]
    assert chances(here.stage, asked, [line]) == [None]
