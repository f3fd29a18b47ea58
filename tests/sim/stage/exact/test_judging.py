"""Verdicts of the exact stage: their form, their law, and what is planted in it."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from dataclasses import replace
from random import Random
from types import ModuleType
from typing import Any

import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from sim.errors import StageError
from sim.layouts.prompt import Prompt
from sim.seeds import Stream
from sim.serve.prompts import of_messages
from sim.serve.requests import Message
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact.acts import ACTS, STANCED
from sim.stage.exact.arithmetic import exponential, logarithm, logistic
from sim.stage.exact.claim_marks import bare
from sim.stage.exact.grammar import Grammar, Slots, Used, parse
from sim.stage.exact.judged_debate import read_page
from sim.stage.exact.judging import MISQUOTES, liking, winner_law
from sim.stage.exact.laws import Laws
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.reader import read
from sim.stage.exact.tables import KINDS, MERIT
from sim.tournament.rubric import read_verdict, verdict_schema

MIRROR = {"A": "B", "B": "A"}
NOISE = "Perhaps the council should count the wells again, before anybody signs."


def line(act: str, seed: int) -> str:
    slots = Slots("Speaker A", "Speaker B", ("the mill", "the well"), "the price of bread", "Tea")
    level = seed % 9 if act in STANCED else None
    return Grammar().draw(Stream(seed), act, level, slots, Used())


def shown(said: list[tuple[str, str]], labels: str = "AB") -> str:
    sides = ("for", "against", "neither", "both")
    head = [f"Speaker {label} argues: {side}" for label, side in zip(labels, sides, strict=False)]
    turns = [f"[{n}] Speaker {label}: {text}" for n, (label, text) in enumerate(said, 1)]
    return "\n\n".join(["\n".join(["Motion: Tea.", *head]), *turns])


ASKS = "\n\n[Verdict] Who won? Answer with one JSON object and nothing else: {...}"


def page_of(said: list[tuple[str, str]], labels: str = "AB") -> Prompt:
    return Prompt.start("system", "You judge a debate.").then("user", shown(said, labels) + ASKS)


def form(labels: str = "AB", criteria: tuple[str, ...] = ("logic",), tie: bool = True) -> Any:
    scale = {"type": "integer", "minimum": 0, "maximum": 10}
    by_label = {"type": "object", "properties": dict.fromkeys(labels, scale)}
    reason = {"turn": {"type": "integer"}, "quote": {"type": "string"}, "why": {"type": "string"}}
    return {
        "type": "object",
        "properties": {
            "winner": {"type": "string", "enum": [*labels, *["tie"] * tie]},
            "margin": scale,
            "scores": {"type": "object", "properties": dict.fromkeys(criteria, by_label)},
            "reasons": {"type": "array", "items": {"type": "object", "properties": reason}},
        },
    }


def verdicts(
    stage: ExactStage, prompt: Prompt, schema: Any, seeds: Any
) -> list[tuple[dict[str, Any], bool | None]]:
    async def ask() -> list[tuple[dict[str, Any], bool | None]]:
        judged = []
        for seed in seeds:
            reply = await stage.perform(Request(prompt, seed, "", "verdict", schema=schema))
            judged.append((json.loads(reply.text), reply.exact))
        return judged

    return asyncio.run(ask())


def utilities(stage: ExactStage, prompt: Prompt) -> tuple[float, ...]:
    page = read_page(prompt)
    assert page is not None
    return stage.judging.utilities(page)


def debate(seed: int, labels: str = "AB", turns: int = 8) -> list[tuple[str, str]]:
    random = Random(seed)
    acts = [act for act in ACTS if act != "repeat"]
    return [
        (labels[n % len(labels)], line(random.choice(acts), random.randrange(1000)))
        for n in range(turns)
    ]


# --- Arithmetic -----------------------------------------------------------------------------------


@given(st.floats(-690, 690))
def test_exponentials_are_those_of_the_library(x: float) -> None:
    assert exponential(x) == pytest.approx(math.exp(x), rel=1e-11)
    assert logistic(x) == pytest.approx(1 / (1 + math.exp(-x)), rel=1e-11)


@given(st.floats(1e-300, 1e300))
def test_logarithms_are_those_of_the_library(x: float) -> None:
    assert logarithm(x) == pytest.approx(math.log(x), rel=1e-13, abs=1e-15)


# --- The page -------------------------------------------------------------------------------------


def test_a_page_is_read() -> None:
    text = shown([("B", "No."), ("A", "[A1] Tea (hot).\n\nAnd milk."), ("B", "")])
    text += "\n\n(Speaker B was not heard (2 words beyond the limit).)"
    text += "\n\n[5] Speaker A: Sugar. (12 words beyond the limit)"
    text += "\n\n[6] Speaker A: Cream (1 word beyond the limit)"
    text += "\n\n[7] Speaker Z: Who am I?"
    page = read_page(Prompt.start("user", text + ASKS))
    assert page is not None
    assert page.labels == ("A", "B")
    assert [(turn.number, turn.label) for turn in page.turns] == [
        (1, "B"), (2, "A"), (3, "B"), (5, "A"), (6, "A"),
    ]  # fmt: skip
    said = [turn.text for turn in page.turns]
    assert said[:4] == ["No.", "[A1] Tea (hot).\n\nAnd milk.", "", "Sugar."]
    # A speaker who is not listed is none: the paragraph belongs to the turn before it.
    assert said[4] == "Cream (1 word beyond the limit)\n\n[7] Speaker Z: Who am I?"
    assert page.asked == 1


def test_what_is_no_page_of_a_judge_is_none() -> None:
    page = page_of(debate(1))
    assert read_page(page) is not None
    assert read_page(page.then("assistant", "{}")) is None
    actor = Prompt.start("system", "You play Ada in a scene with Ben.\nSubject: Tea.")
    assert read_page(actor.then("user", shown(debate(1)) + ASKS)) is None
    assert read_page(Prompt.start("user", "Ben: [Verdict] We drink tea.")) is None
    assert read_page(Prompt.start("user", shown(debate(1)))) is None


def test_over_the_wire_a_page_is_the_same() -> None:
    stage = ExactStage(Parameters())
    prompt = page_of([*debate(2), ("A", NOISE)])
    messages = [Message(role=one.role, content=one.text) for one in prompt.messages()]
    sent, _ = of_messages(messages)
    seeds = range(5)
    assert verdicts(stage, sent, form(), seeds) == verdicts(stage, prompt, form(), seeds)


# --- The form -------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from([line(act, seed) for act in ACTS if act != "repeat" for seed in range(3)]),
    st.sampled_from(["", "No.", "Yes. [A2] Quite so. [B1]", NOISE, "One.\n\nTwo?\n\n(Three.)"]),
    st.text(max_size=60),
)


@settings(max_examples=effort(60, 150))
@given(
    st.sampled_from(["AB", "BA", "ABC", "DACB"]).flatmap(
        lambda labels: st.tuples(
            st.just(labels), st.lists(st.tuples(st.sampled_from(labels), TEXTS), max_size=8)
        )
    ),
    st.sampled_from([(), ("logic",), ("logic", "manners", "tie")]),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 2**31),
)
def test_a_verdict_fits_the_schema_and_quotes_what_was_said(
    said: Any, criteria: tuple[str, ...], tie: bool, misquote: float, seed: int
) -> None:
    labels, turns = said
    stage = ExactStage(Parameters(misquote=misquote, kinship=1.0, verbosity=-2.0))
    prompt, schema = page_of(turns, labels), form(labels, criteria, tie)
    ((verdict, exact),) = verdicts(stage, prompt, schema, [seed])
    assert list(verdict) == ["winner", "margin", "scores", "reasons"]
    assert verdict["winner"] in schema["properties"]["winner"]["enum"]
    assert verdict["margin"] in range(11)
    assert (verdict["margin"] == 0) == (verdict["winner"] == "tie")
    assert list(verdict["scores"]) == list(criteria)
    for scores in verdict["scores"].values():
        assert list(scores) == list(labels)
        assert all(type(score) is int and score in range(11) for score in scores.values())
    page = read_page(prompt)
    assert page is not None
    assert exact == all(parse(bare(turn.text)) for turn in page.turns)
    by_number = {turn.number: turn for turn in page.turns}
    spoke = {turn.label for turn in page.turns if any(map(str.isalnum, turn.text))}
    assert len(verdict["reasons"]) in ((1, 2) if spoke else (0,))
    genuine = [reason["quote"] in by_number[reason["turn"]].text for reason in verdict["reasons"]]
    assert misquote == 0.5 or genuine == [misquote == 0.0] * len(genuine)
    for reason, stands in zip(verdict["reasons"], genuine, strict=True):
        assert reason["quote"].strip()
        assert stands or not any(reason["quote"] in turn.text for turn in page.turns)
        if verdict["winner"] in spoke:
            assert by_number[reason["turn"]].label == verdict["winner"]
    # Two reasons are two.
    if len(set(map(str, verdict["reasons"]))) < len(verdict["reasons"]):
        assert misquote or len(turns) < 2 or min(turn.text.count(" ") for turn in page.turns) < 9


@pytest.mark.parametrize("sides", [2, 3])
def test_tournaments_take_its_verdicts_unless_it_misquotes(sides: int) -> None:
    labels, criteria = "ABC"[:sides], ("logic", "manners")
    prompt = page_of([*debate(3, labels, 12), ("A", NOISE), ("B", "Ha — ha. No.")], labels)
    page = read_page(prompt)
    assert page is not None
    texts = {turn.number: turn.text for turn in page.turns}
    schema = verdict_schema(sides, criteria)
    for misquote in (0.0, 1.0):
        stage = ExactStage(Parameters(misquote=misquote, acuity=0.5))
        for verdict, _ in verdicts(stage, prompt, schema, range(100)):
            taken, problem = read_verdict(json.dumps(verdict), sides, criteria, texts)
            if misquote:
                assert str(problem).startswith("nobody said ")
            else:
                assert problem is None
                assert taken is not None
                assert taken.winner == verdict["winner"]


def test_a_quote_is_whole_sentences_with_their_marks() -> None:
    said = [("A", "No. [A3] The well is dry. I am firmly against this. [B2]"), ("B", "Well?")]
    judged = verdicts(ExactStage(Parameters(acuity=0.0)), page_of(said), form(), range(60))
    quotes = {reason["quote"] for verdict, _ in judged for reason in verdict["reasons"]}
    assert quotes == {"[A3] The well is dry.", "I am firmly against this. [B2]", "Well?"}


def test_lists_are_as_long_as_the_schema_has_them_and_references_are_followed() -> None:
    schema = form()
    schema["$defs"] = {"Scale": {"type": "integer", "minimum": 1, "maximum": 5}}
    properties = schema["properties"]
    properties["reasons"] |= {"minItems": 4, "maxItems": 4}
    properties["margin"] = {"$ref": "#/$defs/Scale"}
    properties["note"] = {"const": "judged"}
    stage = ExactStage(Parameters(tie=100.0))
    judged = [verdict for verdict, _ in verdicts(stage, page_of(debate(3)), schema, range(40))]
    assert {len(verdict["reasons"]) for verdict in judged} == {4}
    assert {verdict["margin"] for verdict in judged} <= {1, 2, 3, 4, 5}
    assert all((v["margin"] == 1) == (v["winner"] == "tie") for v in judged)
    assert all(verdict["note"] == "judged" for verdict in judged)


def test_without_a_schema_a_verdict_is_as_it_is_described() -> None:
    ((verdict, _),) = verdicts(ExactStage(Parameters()), page_of(debate(4)), None, [1])
    assert set(verdict) == {"winner", "margin", "scores", "reasons"}


def test_a_schema_in_which_no_side_can_win_is_refused() -> None:
    stage = ExactStage(Parameters())
    with pytest.raises(StageError, match="no side of A, B can win"):
        verdicts(stage, page_of(debate(4)), form("XY", tie=False), [1])


def test_nobody_says_what_is_misquoted() -> None:
    assert not any(parse(quote) for quote in MISQUOTES)
    everything = [("A", " ".join(MISQUOTES))]
    stage = ExactStage(Parameters(misquote=1.0))
    for verdict, _ in verdicts(stage, page_of(everything), form(), range(20)):
        assert all(reason["quote"] not in everything[0][1] for reason in verdict["reasons"])


def test_whoever_is_asked_again_draws_again() -> None:
    stage = ExactStage(Parameters(misquote=0.5))
    prompt, schema = page_of(debate(5)), form()
    (first,) = verdicts(stage, prompt, schema, [11])
    problem = "Reason 1 quotes what turn 3 does not say.\n\n[Verdict] Answer again."
    again = prompt.then("assistant", json.dumps(first[0])).then("user", problem)
    page, longer = read_page(prompt), read_page(again)
    assert page is not None
    assert longer is not None
    assert (longer.turns, longer.labels, longer.asked) == (page.turns, page.labels, 2)
    assert utilities(stage, again) == utilities(stage, prompt)

    def quotes(verdict: dict[str, Any]) -> list[str]:
        return [reason["quote"] for reason in verdict["reasons"]]

    misquoted = [
        [any(quote in MISQUOTES for quote in quotes(verdict)) for verdict, _ in judged]
        for judged in (
            verdicts(stage, prompt, schema, range(200)), verdicts(stage, again, schema, range(200))
        )
    ]  # fmt: skip
    # Whether the second is wrong does not hang on whether the first was.
    both = Counter(zip(*misquoted, strict=True))
    assert len(both) == 4
    assert min(both.values()) > 15
    assert verdicts(stage, again, schema, [11]) == verdicts(stage, again, schema, [11])


def test_a_verdict_has_no_log_prob_and_leaves_nothing_behind(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    stage = ExactStage(Parameters())
    request = Request(page_of(debate(6)), 3, "", schema=form())
    reply = asyncio.run(stage.perform(request))
    assert asyncio.run(stage.log_prob(request, reply.text)) is None
    assert asyncio.run(ExactStage(Parameters()).perform(request)).text == reply.text
    scene = watching.scene_of(watching.company(ancestral), 9)
    (before,), (after,) = (
        watching.played(one, scene, [1]) for one in (ExactStage(Parameters()), stage)
    )
    assert [turn.text for turn in before.turns] == [turn.text for turn in after.turns]


# --- The law --------------------------------------------------------------------------------------


def goodness(counts: list[int], chances: list[float]) -> float:
    """Chi-square p-value."""
    draws = sum(counts)
    expected = [p * draws for p in chances]
    assert min(expected) > 5
    value = sum((o - e) ** 2 / e for o, e in zip(counts, expected, strict=True))
    return float(chi2.sf(value, len(counts) - 1))


@pytest.mark.parametrize("labels", ["AB", "ABC"])
def test_winners_margins_and_scores_follow_the_law(labels: str) -> None:
    """Seeds are fixed; at p > 0.001 each of the checks would fail a correct stage once in a
    thousand draws of them."""
    parameters = Parameters(acuity=2.0, primacy=0.4, tie=0.5)
    stage, draws = ExactStage(parameters), 3000
    prompt = page_of(debate(7, labels, 9), labels)
    judged = [v for v, _ in verdicts(stage, prompt, form(labels), range(draws))]
    u = dict(zip(labels, utilities(stage, prompt), strict=True))
    # Davidson's law, by the library's exponentials.
    weights = {label: math.exp(x) for label, x in u.items()}
    weights["tie"] = 0.5 * math.exp(sum(u.values()) / len(u))
    total = sum(weights.values())
    won = Counter(verdict["winner"] for verdict in judged)
    chances = [weight / total for weight in weights.values()]
    assert max(u.values()) - min(u.values()) > 0.3
    assert goodness([won[label] for label in weights], chances) > 1e-3
    winner = max(u, key=lambda label: u[label])
    runner_up = max(x for label, x in u.items() if label != winner)
    apart = abs(math.tanh((u[winner] - runner_up) / 2))
    for values, count, p in (
        ([v["margin"] - 1 for v in judged if v["winner"] == winner], 9, apart),
        *(
            ([v["scores"]["logic"][label] for v in judged], 10, 1 / (1 + math.exp(-u[label])))
            for label in labels
        ),
    ):
        mean, spread = binom.stats(count, p)
        assert abs(sum(values) / len(values) - mean) < 4 * math.sqrt(spread / len(values))
        assert min(values) >= 0


@given(
    st.lists(st.floats(-30, 30), min_size=2, max_size=4), st.floats(0, 5), st.floats(-5, 5)
)  # fmt: skip
def test_the_law_of_winners_is_davidsons(u: list[float], tie: float, shift: float) -> None:
    law = winner_law(u, tie)
    assert math.fsum(law) == pytest.approx(1.0)
    assert winner_law([x + shift for x in u], tie) == pytest.approx(law)
    assert winner_law(u[::-1], tie) == pytest.approx((*law[:-1][::-1], law[-1]))
    if len(u) == 2 and min(law[:2]) > 0.0:
        assert law[2] == pytest.approx(tie * math.sqrt(law[0] * law[1]))
        assert math.log(law[0] / law[1]) == pytest.approx(u[0] - u[1], abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_labels_swapped_mirror_the_law(seed: int) -> None:
    said = [*debate(seed), ("A", NOISE)]
    swapped = [(MIRROR[label], text) for label, text in said]
    plain = ExactStage(Parameters(verbosity=1.0, kinship=1.0))
    first = ExactStage(Parameters(verbosity=1.0, kinship=1.0, primacy=1.5))
    u, mirrored = utilities(plain, page_of(said)), utilities(plain, page_of(swapped))
    assert u == pytest.approx(mirrored[::-1])
    # The one who is listed first has the advantage, whatever its letter.
    assert utilities(first, page_of(said)) == pytest.approx((u[0] + 1.5, u[1]))
    assert utilities(first, page_of(swapped)) == pytest.approx((u[1] + 1.5, u[0]))
    assert utilities(first, page_of(said, "BA")) == pytest.approx((u[1] + 1.5, u[0]))


def test_utilities_are_those_of_the_document() -> None:
    said = [*debate(8), ("A", NOISE), ("B", "No. [B1] " + line("rebut", 5) + " [A2]")]
    said.append(("B", "[B2] " + line("rebut", 5)))  # word for word what was said before
    values = {"acuity": 1.7, "verbosity": 0.6, "kinship": 2.2, "primacy": -0.3}
    stage = ExactStage(Parameters(kind="rlhf", **values))
    acts: dict[str, list[dict[str, float]]] = {"A": [], "B": []}
    words = {"A": 0, "B": 0}
    for index, (label, text) in enumerate(said):
        plain = text.removeprefix("No. [B1] ").removesuffix(" [A2]").removeprefix("[B2] ")
        if text is NOISE:
            likelihood = read(NOISE).likelihood
            law = {a: p / sum(likelihood) for a, p in zip(ACTS, likelihood, strict=True)}
        else:
            law = {"repeat" if index == len(said) - 1 else parse(plain)[0].act: 1.0}
        acts[label].append(law)
        words[label] += len(plain.split())

    def calm(kind: str) -> dict[str, float]:
        row = Laws(Parameters(kind=kind)).acting((), 0.0, True, True, True).rows[0]
        return dict(zip(ACTS, row, strict=True))

    def likes(act: str) -> float:
        mean = sum(calm(kind)[act] for kind in KINDS) / len(KINDS)
        return math.log((calm("rlhf")[act] + 0.01) / (mean + 0.01))

    expected = []
    for label in "AB":
        of_side = acts[label]
        merit = sum(p * MERIT[a] for law in of_side for a, p in law.items()) / len(of_side)
        liking = sum(p * likes(a) for law in of_side for a, p in law.items()) / len(of_side)
        ratio = words[label] / (sum(words.values()) / 2)
        expected.append(1.7 * merit + 0.6 * math.log(ratio) + 2.2 * liking - 0.3 * (label == "A"))
    assert utilities(stage, page_of(said)) == pytest.approx(expected, abs=1e-6)


def test_nobody_likes_a_kind_more_than_its_own_does() -> None:
    for kind in KINDS:
        row = Laws(Parameters(kind=kind)).acting((), 0.0, True, True, True).rows[0]
        liked = {
            judge: sum(p * x for p, x in zip(row, liking(judge, 0.25), strict=True))
            for judge in KINDS
        }
        assert liked[kind] == max(liked.values()) > 0.04
    assert liking("rlhf", 0.1) != liking("rlhf", 0.25)


def test_a_judge_is_not_skilled() -> None:
    """How a stage debates is no part of how it judges."""
    parameters = Parameters(kinship=1.0)
    prompt = page_of(debate(9))
    skilled = replace(parameters, skill=3.0)
    assert utilities(ExactStage(parameters), prompt) == utilities(ExactStage(skilled), prompt)
