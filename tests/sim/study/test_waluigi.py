"""The Waluigi number asked of a stage: its prompts, and what it finds on the exact stage."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from pathlib import Path

import numpy as np
import pytest

from analysis.evidence.scoring import Asked
from analysis.waluigi import Estimates
from benchmarks import waluigi
from sim.calls.guard import open_stage
from sim.errors import BadRequest, ModelError, SceneError
from sim.scene.prose import PROSE
from sim.stage.base import LogProb, Request, Stage, Wrapper
from sim.stage.exact.acts import ACT_INDEX, GRID
from sim.stage.exact.grammar import Grammar, Slots, Used, parse
from sim.stage.exact.laws import stance_law
from sim.stage.exact.tables import KINDS
from sim.stage.fixed import FixedLines
from sim.study.waluigi.asking import ask, cost_of
from sim.study.waluigi.bank import End, Pair, Pole, read_bank
from sim.study.waluigi.design import DOSES, ENDS, Cell, Design
from sim.study.waluigi.figure import phase_diagram
from sim.study.waluigi.grammar_lines import POINTS, STANCE, TOPIC, grammar_bank
from sim.study.waluigi.plan import design_for
from sim.study.waluigi.results import read_results, results_of

BANK = read_bank()


def prose(layout: str = "screenplay") -> Design:
    return Design(BANK, BANK.chosen(4), layout, PROSE)  # type: ignore[arg-type]


def asked(stage: Stage, memories: str = "whole") -> Estimates:
    design = design_for(
        stage, stage.identity, personas=2, split="reported", memories=memories,
        doses="0,1,2,4,8", repairs="0,2,4",
    )  # fmt: skip
    with Asked(stage) as asking:
        return results_of(design, stage, ask(design, asking)).estimated()


# --- The bank and its prompts ------------------------------------------------------------------


def test_nothing_that_is_scored_stands_in_a_prompt() -> None:
    """A held-out line that the model has read would be copied, and the number would be that."""
    for pair in BANK.pairs:
        held = {*pair.first.held_out, *pair.second.held_out}
        assert len(held) == len(pair.first.held_out) * 2
        said = [line for each in BANK.pairs for p in ENDS for line in each.pole(p).lines]
        assert not held & set(said)
        for end in ENDS:
            assert len(set(pair.pole(end).lines)) == 16
    design = prose()
    for cell in design.cells():
        text = design.prompt(cell).joined()
        assert not any(line.strip() in text for group in design.texts(cell) for line in group)


def test_pairs_that_are_reported_are_no_pairs_that_tuned() -> None:
    splits = {
        split: [p for p in BANK.pairs if p.split == split] for split in ("tuning", "reported")
    }
    for pairs in splits.values():
        kinds = [pair.kind for pair in pairs]
        assert kinds.count("moral") == kinds.count("neutral") > 0
    assert len(splits["reported"]) > 4
    assert {p.split for p in BANK.chosen(2, "tuning")} == {"tuning"}
    with pytest.raises(BadRequest, match="even number"):
        BANK.chosen(3)


def test_doses_replace_the_last_lines_and_repair_follows_them() -> None:
    design, pair = prose(), BANK.pair("kind-cruel")
    text = design.prompt(Cell("kind-cruel", "first", dose=2, repair=2)).joined()
    own, other = pair.first.lines, pair.second.lines
    said = [*own[:10], *other[10:12], *own[12:14]]
    places = [text.index(f"Alex: {line}") for line in said]
    assert places == sorted(places)
    assert not any(line in text for line in (*own[10:12], *own[14:], *other[:10], *other[12:]))
    assert text.endswith(f"Robin: {BANK.scene.last}\n\nAlex:")


def test_a_window_shows_the_last_lines_and_a_mask_hides_the_flipped_ones() -> None:
    design, pair = prose("persona_first"), BANK.pair("kind-cruel")
    own, other = pair.first.lines, pair.second.lines
    window = design.prompt(Cell("kind-cruel", "first", "lines", "last-8", 8)).joined()
    assert [line in window for line in other[:12]] == [False] * 8 + [True] * 4
    masked = design.prompt(Cell("kind-cruel", "first", "masked", "whole", 4)).joined()
    assert [line in masked for line in own[:12]] == [True] * 8 + [False] * 4
    assert not any(line in masked for line in other)
    assert all(line in masked for line in BANK.scene.partner_lines[:12])


def test_controls_keep_the_words_or_the_places() -> None:
    design, pair = prose(), BANK.pair("kind-cruel")
    lines = design.prompt(Cell("kind-cruel", "first", dose=8))
    shuffled = design.prompt(Cell("kind-cruel", "first", "shuffled", "whole", 8))
    assert sorted(lines.joined().split()) == sorted(shuffled.joined().split())
    assert lines.digest != shuffled.digest
    another = design.prompt(Cell("kind-cruel", "first", "another", "whole", 8)).joined()
    assert not any(line in another for line in pair.second.lines)
    assert BANK.pair("terse-wordy").second.lines[11] in another


def test_a_neutral_pair_has_no_good_end() -> None:
    poles = {name: Pole(name=name, brief="", lines=("a",), held_out=("b",)) for name in "ab"}
    with pytest.raises(SceneError, match="order of the alphabet"):
        Pair(name="x", kind="neutral", first=poles["b"], second=poles["a"])
    with pytest.raises(SceneError, match="equally many"):
        Pair(
            name="x", kind="moral", first=poles["a"],
            second=Pole(name="c", brief="", lines=("a", "d"), held_out=("b",)),
        )  # fmt: skip


def test_the_cost_counts_what_is_shared_once() -> None:
    cost = cost_of(prose())
    assert cost.cells == 4 * 2 * (2 * 15 + 12) + 4
    assert cost.prompt_tokens < cost.sent_tokens / 10


def test_a_model_without_log_probabilities_is_told_which_have_some() -> None:
    with pytest.raises(ModelError, match="These do: embedded:KIND, gguf:NAME"):
        asked(FixedLines(["Well?"]))


class Forgetful(Wrapper):
    """The exact stage, which says nothing of one line as long as it has a secret."""

    def __init__(self, stage: Stage, secret: str) -> None:
        super().__init__(stage)
        self.secret = secret
        self.asked = 0

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        self.asked += 1
        return None if text == self.secret else await super().log_prob(request, text)


def test_a_missing_answer_is_missing_and_is_asked_for_again(tmp_path: Path) -> None:
    pair = grammar_bank().chosen(2)[0]
    stage = Forgetful(open_stage("embedded:base"), pair.second.held_out[0])
    cache = tmp_path / "answers.jsonl"
    design = design_for(
        stage, "embedded:base", personas=2, split="reported", memories="whole", doses="0,8",
        repairs="0",
    )  # fmt: skip
    with Asked(stage, cache) as asking:
        results = results_of(design, stage, ask(design, asking))
    first, found = stage.asked, results.estimated()
    assert found.missing > 0
    cells = [cell for cell in results.cells if cell.pair == pair.name]
    assert all((cell.opposite + cell.own).count(None) == 1 for cell in cells)
    assert not np.isnan(found.numbers[0].number.estimate)

    stage = Forgetful(open_stage("embedded:base"), "")
    with Asked(stage, cache) as asking:
        whole = results_of(design, stage, ask(design, asking))
    assert whole.estimated().missing == 0
    assert 0 < stage.asked < first / 10 + len(cells) + 1


def test_the_page_says_what_the_files_say() -> None:
    page = waluigi.PAGE.read_text("utf-8")
    files = sorted((waluigi.DOCS / "waluigi").glob("*.json"))
    assert len(files) > 3
    shown = page.partition(waluigi.BEGIN)[2].partition(waluigi.END)[0]
    assert shown.strip() == waluigi.measured(files)
    for path in files:
        drawn = (waluigi.PICTURES / f"waluigi-{path.stem}.svg").read_text("utf-8")
        results = read_results(path)
        assert drawn == phase_diagram(results, results.estimated()).svg()


# --- The exact stage ---------------------------------------------------------------------------


def by_hand(insistence: float, kappa: float, end: End, pair: Pair, mechanism: str) -> float:
    """The slope of the outcome over the dose, from the kernel of docs/exact-stage.md.

    An own filter over the five characters: it shares the tables, the binomial law of stances and
    the words of the grammar with the stage, and nothing of its inference.
    """
    kind, eta = KINDS["base"], 0.01
    alpha, assert_ = 0.7, ACT_INDEX["assert"]
    insists = "always" in pair.pole(end).brief
    own_stance = STANCE if end == "second" else -STANCE
    hazard = eta + (insistence if insists else 0.0)
    leave = kind.leave
    kernel = np.zeros((5, 5))
    kernel[0] = (1 - hazard - sum(leave), hazard, *leave)
    back = hazard if mechanism == "M0" else 0.0
    kernel[1, :2] = back, 1 - back
    for place, rate in enumerate(kind.come_back):
        kernel[2 + place, 0], kernel[2 + place, 2 + place] = rate, 1 - rate
    acts = np.array([manner.calm[assert_] for manner in kind.manners])
    repeats = np.array([manner.calm[ACT_INDEX["repeat"]] for manner in kind.manners])
    homes = np.array([own_stance, -own_stance, 0.0, own_stance, own_stance])

    def likelihood(level: int, last: float | None) -> np.ndarray:
        said = acts + (repeats * [0, 0, 0, 0, 1] if last is None else 0.0)  # nothing to repeat yet
        means = homes if last is None else (1 - alpha) * last + alpha * homes
        plain = said * [stance_law(mean)[level] for mean in means]
        plain[1] = kappa * plain[0] + (1 - kappa) * plain[1]
        return plain

    slots = Slots("Alex", "Robin", POINTS, None, TOPIC)
    grammar, scene = Grammar(), grammar_bank().scene
    curve = []
    for dose in DOSES:
        used, last, predicted = Used(), None, np.array(kind.prior)
        for place in range(12):
            pole = pair.opposite(end) if place >= 12 - dose else pair.pole(end)
            for text in (scene.partner_lines[place], pole.lines[place]):
                used.add(text, parse(text))
            level = parse(pole.lines[place])[0].level
            assert level is not None
            joint = predicted * likelihood(level, last)
            predicted, last = joint / joint.sum() @ kernel, GRID[level]
        used.add(scene.last, parse(scene.last))

        def log_prob(text: str) -> float:
            level = parse(text)[0].level
            assert level is not None
            words = grammar.probability(text, "assert", level, slots, used)  # noqa: B023
            return log(words * float(predicted @ likelihood(level, last)))  # noqa: B023

        held = zip(pair.opposite(end).held_out, pair.pole(end).held_out, strict=True)
        curve.append(np.mean([log_prob(one) - log_prob(other) for one, other in held]))
    return float(np.polyfit(DOSES, curve, 1)[0])


def test_a_symmetric_stage_has_the_number_zero() -> None:
    found = asked(open_stage("embedded:base?insistence=0&kappa=0.1"))
    assert found.numbers[0].number.estimate == pytest.approx(0.0, abs=1e-6)
    assert found.missing == 0
    # It does turn: what is symmetric is not what does nothing.
    assert all(each.slope.estimate > 0.05 for each in found.directions)


@pytest.mark.parametrize(("insistence", "mechanism"), [(0.3, "M2"), (0.3, "M0"), (0.05, "M2")])
def test_what_is_planted_is_found_with_its_sign_and_size(insistence: float, mechanism: str) -> None:
    kappa = 0.1
    model = f"embedded:base?insistence={insistence}&kappa={kappa}&mechanism={mechanism}"
    found = asked(open_stage(model)).numbers[0]
    slopes: Mapping[tuple[str, End], float] = {
        (pair.name, end): by_hand(insistence, kappa, end, pair, mechanism)
        for pair in grammar_bank().chosen(2)
        for end in ENDS
    }
    expected = (
        slopes["insisted-1", "first"] - slopes["insisted-1", "second"]
        - slopes["plain-1", "first"] + slopes["plain-1", "second"]
    )  # fmt: skip
    assert abs(expected) > 0.01
    assert found.number.estimate == pytest.approx(expected, abs=1e-6)


def test_forgotten_lines_turn_nobody() -> None:
    found = asked(open_stage("embedded:base?insistence=0.3&kappa=0.1"))
    slopes = {each.arm: each.slope.estimate for each in found.controls}
    assert abs(slopes["masked"]) < 0.1 * slopes["lines"]
