"""The reader of dialogue acts: what it ships, what holds for any line, and lines it never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence.acts import ACTS, HEADS, MARKS, SIGNS, cue_names, design, read
from analysis.evidence.embeddings import available, embedder
from analysis.evidence.fit_acts import before, fit, of_exact_stage, read_lines
from analysis.evidence.linear import Grams, fitted

LINES = read_lines(Path(__file__).parents[3] / "benchmarks" / "validity" / "acts.tsv")
TABLES = ["acts.tsv", *(["acts_minilm.tsv"] if "minilm" in available() else [])]


def macro_f1(true: list[str], said: list[str], names: tuple[str, ...]) -> float:
    """The mean over labels of 2 right / (said + true)."""
    right = [sum(a == name == b for a, b in zip(true, said, strict=True)) for name in names]
    both = [true.count(name) + said.count(name) for name in names]
    return float(np.mean([2 * r / b if b else 0 for r, b in zip(right, both, strict=True)]))


# --- What ships -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_a_row_for_every_feature(name: str) -> None:
    reader = fitted(name)
    vectors = 384 if "minilm" in name else 0
    assert reader.heads == HEADS
    assert reader.weights.shape[0] == len(reader.grams.weights) + len(cue_names()) + vectors + 1


def test_no_scene_is_in_both_halves_and_no_line_either() -> None:
    halves = {half: [line for line in LINES if line.half == half] for half in ("fit", "report")}
    assert len(LINES) >= 600
    assert sum(map(len, halves.values())) == len(LINES)
    assert not {line.scene for line in halves["fit"]} & {line.scene for line in halves["report"]}
    # Of whole sentences; "I see." may be said by anybody.
    texts = [{line.text.lower() for line in half if len(line.text.split()) > 3}
             for half in halves.values()]  # fmt: skip
    assert not texts[0] & texts[1]


def test_every_label_is_in_both_halves() -> None:
    for half in ("fit", "report"):
        some = [line for line in LINES if line.half == half]
        assert {line.act for line in some} == set(ACTS)
        assert {line.sign for line in some} == set(SIGNS)
        assert {mark for line in some for mark in line.marks.split()} == set(MARKS)


# --- What holds for any line ----------------------------------------------------------------------


@settings(max_examples=effort(15, 60), deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=4))
def test_probabilities_are_probabilities_and_rows_do_not_mind_their_neighbours(
    lines: list[tuple[str, str]],
) -> None:
    texts, ahead = [text for text, _ in lines], [last for _, last in lines]
    found = read(texts, ahead)
    assert found.acts.shape == (len(lines), len(ACTS))
    assert np.allclose(found.acts.sum(axis=1), 1)
    assert np.allclose(found.signs.sum(axis=1), 1)
    assert np.all((found.marks >= 0) & (found.marks <= 1))
    for place, (text, last) in enumerate(lines):
        alone = read([text], [last])
        assert np.allclose(alone.acts[0], found.acts[place])


def test_no_line_is_slow() -> None:
    # Expressions with nested repeats could take exponential time on such lines.
    for text in ("m" * 20_000, "you are " * 3000, "oh " * 5000, "i (" * 3000, "? " * 5000):
        read([text], [text])


def test_case_and_typographic_apostrophes_do_not_matter() -> None:
    one = read(["I don't agree with that."], [""])
    other = read(["I DON\u2019T AGREE WITH THAT."], [""])
    assert np.allclose(one.acts, other.acts)


# --- Lines that it never saw ----------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_the_report_half_is_read_far_above_chance(name: str) -> None:
    by = embedder("minilm") if "minilm" in name else None
    ahead = before(LINES)
    half = [place for place, line in enumerate(LINES) if line.half == "report"]
    found = read([LINES[k].text for k in half], [ahead[k] for k in half], by)
    # 14 acts, of which the most frequent has F1 0.02; three signs, 0.28.
    assert macro_f1([LINES[k].act for k in half], found.act(), ACTS) > 0.7
    said = [SIGNS[place] for place in found.signs.argmax(axis=1)]
    assert macro_f1([LINES[k].sign for k in half], said, SIGNS) > 0.7


def test_the_held_half_of_the_exact_stage_is_read_above_chance() -> None:
    lines, ahead = of_exact_stage("held")
    found = read([line.text for line in lines], ahead)
    said = [SIGNS[place] for place in found.signs.argmax(axis=1)]
    assert macro_f1([line.sign for line in lines], said, SIGNS) > 0.55


def test_one_can_agree_in_anger_and_contradict_in_peace() -> None:
    lines = ["I agree, you pathetic liar.", "With respect, I do not think so."]
    found = read(lines, ["We should sell.", "We should sell."])
    assert found.sign().tolist() == [1, -1]
    hostile = found.marks[:, MARKS.index("hostile")]
    assert hostile[0] > 0.5 > hostile[1]


def test_what_a_line_answers_tells_an_answer_from_a_statement() -> None:
    answer = read(["Forty-two."], ["How many desks are there?"]).acts[0, ACTS.index("answer")]
    other = read(["Forty-two."], ["The office is nice."]).acts[0, ACTS.index("answer")]
    assert answer > 0.5 > other


# --- Fitting --------------------------------------------------------------------------------------


def test_a_fit_finds_planted_acts() -> None:
    # Made lines in which one word tells the act and another the sign.
    generator = np.random.default_rng(2)
    signs = dict(zip(SIGNS, ("umber", "ochre", "azure"), strict=True))
    filler = ["stone", "river", "cloud", "table", "glass", "paper"]

    def made(count: int) -> list[tuple[str, str, str]]:
        rows = []
        for _ in range(count):
            act, sign = generator.choice(ACTS[:4]), generator.choice(SIGNS)
            words = [f"{act}word", signs[sign], *generator.choice(filler, 4)]
            rows.append((str(act), str(sign), " ".join(generator.permutation(words))))
        return rows

    def lines(rows: list[tuple[str, str, str]]) -> list[object]:
        return [LINES[0]._replace(act=act, sign=sign, text=text) for act, sign, text in rows]

    train, test = made(300), made(100)
    reader = fit(lines(train), [""] * 300)  # type: ignore[arg-type]
    found = reader.read([text for *_, text in test], [""] * 100)
    assert np.mean([a == b for a, (b, *_) in zip(found.act(), test, strict=True)]) > 0.95
    said = [SIGNS[place] for place in found.signs.argmax(axis=1)]
    assert np.mean([a == b for a, (_, b, _) in zip(said, test, strict=True)]) > 0.95


def test_labels_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "lines.tsv"
    path.write_text("head\nchat\tone\tfit\tAda\t\tsinging\tneither\t\t\t\t\tLa la.\n")
    with pytest.raises(ValueError, match="unknown label"):
        read_lines(path)


def test_the_design_is_grams_cues_and_nothing_else() -> None:
    known = Grams.of(["a b"], 1)
    rows = design(known, ["a b", ""], ["", "Why?"])
    assert rows.shape == (2, len(known.weights) + len(cue_names()))
    assert np.all(np.isfinite(rows.toarray()))
