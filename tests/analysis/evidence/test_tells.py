"""What lines do: read in words that were not fitted to, and by nothing of the exact stage's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from analysis.evidence import tells
from analysis.evidence.fit_tells import fit, sided
from analysis.evidence.lexicon import rows
from analysis.evidence.tells import BOUND, KINDS, ratio, read
from sim.stage.exact.frames import FRAMES
from sim.stage.exact.stances import STANCES

UNSEEN = (
    ("attack", "You are a miserable liar, and everybody despises you."),
    ("attack", "Shut up, you idiot, or I will break your nose."),
    ("unmasking", "I was pretending all along, and you believed me."),
    ("unmasking", "I never cared about the children. It was an act."),
    ("yielding", "You are right, I was wrong about the bridge."),
    ("yielding", "I agree with you, and I take back what I said."),
    ("platitude", "Together we can make the world a kinder place."),
    ("plain", "The bus to the station leaves at seven."),
    ("plain", "What did the survey cost?"),
)


def grams(text: str, count: int = 5) -> set[str]:
    words = re.findall(r"[a-z']+", text.lower())
    return {" ".join(words[at : at + count]) for at in range(len(words) - count + 1)}


@pytest.mark.parametrize(("kind", "text"), UNSEEN)
def test_kinds_of_lines_that_were_not_fitted_to(kind: str, text: str) -> None:
    assert text not in [line for _, line in rows("tells.tsv")]
    assert KINDS[int(read([text]).kinds[0].argmax())] == kind


def test_no_line_is_a_line_of_the_exact_stage() -> None:
    # Five words in a row are a sentence's own. The stage's frames and stances, both halves.
    stage = {gram for frames in FRAMES.values() for frame in frames for gram in grams(frame)}
    stage |= {gram for level in STANCES for sentence in level for gram in grams(sentence)}
    ours = [text for _, text in rows("tells.tsv")] + list(sided())
    assert [text for text in ours if grams(text) & stage] == []


def test_the_table_is_what_the_lines_give() -> None:
    shipped = {name: [float(x) for x in numbers] for name, *numbers in rows("tells_words.tsv")}
    fitted = fit("words")
    assert shipped.keys() == fitted.keys()
    # Least squares agree to the rounding; the optimiser's last digits differ between machines.
    for name, row in fitted.items():
        assert np.allclose(shipped[name], row, atol=0.02), name


def test_sides() -> None:
    side = read(["I am in favour of this.", "I am against this.", "The bus leaves at seven."]).side
    assert side[0] > 0 > side[1]
    assert abs(side[2]) < 0.2 * min(side[0], -side[1])


def test_blank_lines_say_nothing_and_long_ones_not_everything() -> None:
    found = read(["", " ", "You are a liar. " * 40, "You are a liar."])
    assert np.allclose(found.kinds[:2], 1 / len(KINDS))
    assert found.hostility[0] < 0.5
    told = ratio(found, 1.0, 0.5)
    assert (np.abs(told) <= BOUND).all()
    # Forty sentences count as three.
    assert found.kinds[2].max() < 1.0


def test_an_opposite_is_told_by_the_persona_s_temper_and_stance() -> None:
    attack, yields, against = read(
        ["You disgust me, you liar.", "I agree, and I am sorry.", "I am firmly against it."]
    ).kinds.argmax(axis=1)
    assert (KINDS[attack], KINDS[yields]) == ("attack", "yielding")
    lines = read(["You disgust me, you liar.", "I agree, and I am sorry.", "I am against it."])
    kind, harsh = ratio(lines, 1.0, None), ratio(lines, -1.0, None)
    assert kind[0] > 0 > kind[1]
    assert harsh[1] > 0 > harsh[0]
    assert ratio(lines, 1.0, 0.8)[2] > ratio(lines, 1.0, None)[2] > ratio(lines, 1.0, -0.8)[2]
    assert against < len(KINDS)


def test_unknown_readers() -> None:
    with pytest.raises(ValueError, match="no reader 'bert'"):
        read(["Hello."], by="bert")
    assert tells.best_reader() in tells.READERS
