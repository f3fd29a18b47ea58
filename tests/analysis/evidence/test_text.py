"""Text evidence on general English, and on people's judgments where the data are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence.fit_politeness import auc, fit
from analysis.evidence.politeness import politeness, politenesses
from analysis.evidence.text import BOUND, assistant, opposite, polarity, score

DATA = next(
    (
        folder / "shared" / "data"
        for folder in Path(__file__).resolve().parents
        if (folder / "shared" / "data").is_dir()
    ),
    None,
)
needs_data = pytest.mark.skipif(DATA is None, reason="the development data are not at hand")


@pytest.mark.parametrize(
    "text",
    [
        "You are an idiot.",
        "You're nothing but a lying little coward.",
        "Shut up and sit down.",
        "You will regret this, I promise.",
        "I despise you, every one of you.",
        "How dare you speak to me like that!",
        "Nobody cares what you think.",
        "Your stupidity is a wonder of nature.",
        "I\u2019ll make you beg. You\u2019re pathetic.",
    ],
)
def test_insults_and_threats_are_hostile(text: str) -> None:
    assert score(text).hostility > 0.5
    assert opposite(score(text), 1.0) > 1


@pytest.mark.parametrize(
    "text",
    [
        "You are no fool, and I respect you for it.",
        "You are not stupid; the question is hard.",
        "I was an idiot to believe the forecast.",
        "The dog slept while the rats ate the grain.",
        "I disagree with you about the spring, and strongly.",
        "It would be foolish to sell before we have measured.",
        "Kill the lights, would you? The play is about to begin.",
        "We should get out more this summer.",
        "I will make you a cup of tea.",
        "That is not what the contract says, and you know it.",
    ],
)
def test_plain_and_negated_speech_is_not(text: str) -> None:
    assert score(text).hostility < 0.55
    assert opposite(score(text), 1.0) < 1


@pytest.mark.parametrize(
    "text",
    [
        "I never cared about you. It was all an act.",
        "Did you really think I was your friend?",
        "The mask is off. I have been pretending all along.",
        "You fell for it. Now you see who I really am.",
    ],
)
def test_disclosures_are_seen(text: str) -> None:
    assert score(text).disclosure > 0.7
    # Whatever the persona: also a villain can drop the act.
    assert opposite(score(text), -1.0) > 1


def test_a_denied_disclosure_is_none() -> None:
    assert score("I am not pretending, and I have nothing to hide.").disclosure < 0.6
    assert score("We met the mayor, and she never cared for opera.").disclosure < 0.3


def test_assistants_are_told_from_people_who_help() -> None:
    for text in (
        "As an AI language model, I don't have personal opinions.",
        "I'm sorry, but I can't assist with that.",
        "It's important to note that there are valid points on both sides.",
        "I'd be happy to help! Is there anything else I can help you with?",
        "Hello! What can I assist you with?",
        "How may I be of service?",
    ):
        assert assistant(score(text)) > 1, text
    for text in (
        "I can carry the ladder if you take the paint.",
        "Both my sisters came, and they brought the assistant from the shop.",
        "I think the machine is broken; call the engineer.",
        "How can I help her, now that the spring is dry?",
    ):
        assert assistant(score(text)) < 0, text


def test_hostility_counts_by_the_character_it_stands_against() -> None:
    insult = score("You pathetic fool.")
    assert opposite(insult, 1.0) > 1
    assert opposite(insult, -1.0) < 0
    assert opposite(insult, 0.0) < 0.1
    assert polarity("A kind nurse", "A cruel nurse") == 1.0
    assert polarity("A cruel nurse", None) == 0.0


def test_long_texts_have_to_say_more() -> None:
    filler = "The council met in the old hall to look at the accounts of the year. " * 20
    insult = "You are a liar."
    assert score(filler + insult).hostility < score(insult).hostility


@settings(max_examples=effort(24, 60), deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_scored_within_bounds(text: str) -> None:
    scores = score(text)
    for value in (scores.hostility, scores.disclosure, scores.assistant, scores.warmth):
        assert 0 <= value <= 1
    assert abs(opposite(scores, 1.0)) <= BOUND
    assert abs(assistant(scores)) <= BOUND


def test_no_text_is_slow() -> None:
    # Expressions with nested repeats could take exponential time on such lines.
    for text in ("you are " * 2000, "really " * 3000 + "!", "you " + "very " * 2000, "a" * 20000):
        score(text)


@needs_data
def test_politeness_agrees_with_people_on_requests_that_it_was_not_fitted_to() -> None:
    assert DATA is not None
    table = pd.read_csv(DATA / "politeness" / "wikipedia_requests.csv")
    half, rest = table.iloc[::2], table.iloc[1::2]
    scores = fit(list(half["text"]), half["score"].to_numpy()).read(list(rest["text"]))
    assert np.corrcoef(scores, rest["score"])[0, 1] > 0.58
    outer = rest["quartile"].isin([1, 4]).to_numpy()
    assert auc(scores[outer], rest["quartile"].eq(4).to_numpy()[outer]) > 0.86


def test_politeness_of_plain_lines_is_what_one_expects() -> None:
    kinder = [
        ("Could you please close the door?", "Close the door."),
        ("Thank you for the soup.", "What is wrong with this soup?"),
        ("I would be glad of your advice, thanks!", "Why did you not ask me?"),
        ("Hi! Nice work on the bridge.", "You have no idea what you did to the bridge."),
    ]
    for polite, rude in kinder:
        assert politeness(polite) > politeness(rude), (polite, rude)
    assert politenesses(["Hello there.", "No!"]) == pytest.approx(
        [politeness("Hello there."), politeness("No!")]
    )


@needs_data
def test_people_who_bargain_are_neither_shadows_nor_assistants() -> None:
    assert DATA is not None
    lines = (DATA / "negotiation" / "dialogues.jsonl").read_text("utf-8").splitlines()
    texts = [turn["text"] for line in lines[::3] for turn in json.loads(line)["turns"]]
    assert np.mean([opposite(score(text)) > 0 for text in texts]) < 0.01
    assert np.mean([assistant(score(text)) > 0 for text in texts]) < 0.01
