"""Who is addressed and who answers whom: by examples, by properties, and on people's judgment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import graphs
from analysis.graphs.fit_reply_links import Log, fit, right, split
from analysis.graphs.reply_links import FEATURES, START, fitted, links
from analysis.graphs.speech import Said
from analysis.stats import Floats
from analysis.tables import Record, tables_from
from benchmarks.validity.replies import by_address, in_scene, linked, model, previous, report
from sim.events import Turn
from sim.text.addressing import addressed, mentioned

LOGS = next(
    (
        folder / "shared" / "data" / "irc_reply_links"
        for folder in Path(__file__).resolve().parents
        if (folder / "shared" / "data" / "irc_reply_links").is_dir()
    ),
    None,
)
needs_data = pytest.mark.skipif(LOGS is None, reason="the development data are not at hand")

CAST = ("Ada", "Ben", "Cleo", "The Mayor", "Dr. Ödön Łuk", "O'Neil", "Will")


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "called", "spoken_of"),
    [
        ("Ben, what do you think?", ["Ben"], []),
        ("Ben: hello", ["Ben"], []),
        ("ben: hello", ["Ben"], []),
        ("Look at this @Ben and tell me", ["Ben"], []),
        ("I agree, Ben.", ["Ben"], []),
        ("No, Ben — never!", ["Ben"], []),
        ("Hello Ben how are you", ["Ben"], []),
        ("I know. Thank you Ben.", ["Ben"], []),
        ("Ben you should go", ["Ben"], []),
        ("(to Ben) He lies.", ["Ben"], []),
        ("*turns to Ben* He lies.", ["Ben"], []),
        ("[to Ben and Cleo] He lies.", ["Ben", "Cleo"], []),
        ('"Ben, come here," she said.', ["Ben"], []),
        ("Ada: Ben, listen.", ["Ben"], []),
        ("What do you say, Ben and Cleo?", ["Ben", "Cleo"], []),
        ("Ben, Cleo, listen.", ["Ben", "Cleo"], []),
        ("Ben, Cleo and The Mayor, listen!", ["Ben", "Cleo", "The Mayor"], []),
        ("I saw Cleo, Ben, and The Mayor.", [], ["Cleo", "Ben", "The Mayor"]),
        ("Ben and Cleo are wrong.", [], ["Ben", "Cleo"]),
        ("Cleo is right, Ben, and Ada is wrong.", ["Ben"], ["Cleo", "Ada"]),
        ("Did you see Ben, Cleo?", ["Cleo"], ["Ben"]),
        ("Ben is wrong.", [], ["Ben"]),
        ("Ben's plan is mad; I told Cleo so.", [], ["Ben", "Cleo"]),
        ("Ben, who knows the river, agrees.", [], ["Ben"]),
        ("Ben, who told you that?", ["Ben"], []),
        ("Ben, the butcher, is here.", [], ["Ben"]),
        ("My friend, Ben, is here.", [], ["Ben"]),
        ("The water, Ben, is gone.", ["Ben"], []),
        ("With Ben, everything is possible.", [], ["Ben"]),
        ("I like Ben, and Cleo too.", [], ["Ben", "Cleo"]),
        ("Oh Ben's dog!", [], ["Ben"]),
        ("The bench is Bennish, McO'Neil.", [], []),
        ("Ben-Hur wrote to me@ben.com, see x/Ben and ben.txt.", [], []),
        ("What do you say, Mr. Mayor?", ["The Mayor"], []),
        ("The Mayor, a word!", ["The Mayor"], []),
        ("I think the mayor is wrong.", [], ["The Mayor"]),
        ("Thank you, Dr. Łuk.", ["Dr. Ödön Łuk"], []),
        ("Dr Ödön  Łuk, please.", ["Dr. Ödön Łuk"], []),
        ("Is Ödön here?", [], ["Dr. Ödön Łuk"]),
        ("O\u0308do\u0308n, please.", ["Dr. Ödön Łuk"], []),
        ("O\u2019Neil, stop. O'Neil's dog bit me.", ["O'Neil"], ["O'Neil"]),
        ("If you will, I go. I will.", [], []),
        ("You, Will, are mad.", ["Will"], []),
        ("Ben, you are right. Cleo, what do you think?", ["Cleo", "Ben"], []),
        ("Cleo and so on. @Ben yes. And you, The Mayor.", ["Ben", "The Mayor"], ["Cleo"]),
        ("", [], []),
    ],
)
def test_who_is_addressed(text: str, called: list[str], spoken_of: list[str]) -> None:
    assert list(addressed(text, CAST, "Ada")) == called
    assert list(mentioned(text, CAST)) == spoken_of


def test_parts_of_a_name_count_if_nobody_else_has_them() -> None:
    cast = ("Ada Holt", "Ben Holt", "Player One")
    assert addressed("Ada, come.", cast, "Ben Holt") == ("Ada Holt",)
    assert addressed("Holt, come.", cast, "Player One") == ()
    assert addressed("One, two, three!", cast, "Ada Holt") == ()
    assert addressed("Ada Holt, come.", (*cast, "Ada"), "Ben Holt") == ("Ada Holt",)
    assert addressed("Ada, come.", (*cast, "Ada"), "Ben Holt") == ("Ada",)


def test_a_speaker_does_not_address_itself() -> None:
    assert addressed("Ada, Ada, what have you done?", CAST, "Ada") == ()
    assert addressed("Ada, Ada, what have you done?", CAST, "Ben") == ("Ada",)


FRAGMENTS = (
    "{0}, listen to me.",
    "I saw {1} and {2} at the well.",
    "What do you say, {0}?",
    "Hello {1}!",
    "@{2} look at that.",
    "{2} is wrong about the river.",
    "That is {0}'s house.",
    "You know, {1}, it rained.",
    "(to {0}) He lies.",
    "Nobody was there.",
    "{0}, {1} and {2}, be quiet.",
    "I agree with {0}, {1}.",
)
WORD = st.from_regex(r"[A-ZÖŁ][a-zöłé]{2,5}q", fullmatch=True)


@st.composite
def names(draw: st.DrawFn) -> list[str]:
    words = iter(draw(st.lists(WORD, min_size=9, max_size=9, unique_by=str.casefold)))
    shapes = st.sampled_from(("{}", "The {}", "Dr. {} {}", "O'{}", "{} {}", "{}-{}"))
    return [draw(shapes).format(next(words), next(words)) for _ in range(4)]


@given(names(), st.lists(st.sampled_from(FRAGMENTS), max_size=5))
def test_addresses_do_not_depend_on_the_names(cast: list[str], fragments: list[str]) -> None:
    plain = ["Ada", "Ben", "Cleo", "Dan"]
    text = " ".join(fragments)
    seats = []
    for people in (cast, plain):
        said = text.format(*people)
        both = addressed(said, people, people[3]), mentioned(said, people)
        seats.append([[people.index(name) for name in some] for some in both])
    assert seats[0] == seats[1]


@given(st.text(max_size=60), st.lists(st.text(max_size=6), max_size=4))
def test_any_text_and_any_names_will_do(text: str, cast: list[str]) -> None:
    spoken = addressed(text, cast, "Ada") + mentioned(text, cast)
    assert set(spoken) <= set(cast)


# -- answers ---------------------------------------------------------------------------------------


def answered(*said: tuple[str, str], **audience: tuple[str, ...]) -> list[int]:
    """What each turn answers; ``turn_2=("Ada",)`` says who the second was for."""
    heard = {int(name.removeprefix("turn_")): names for name, names in audience.items()}
    turns = [
        Turn(index, who, text, audience=heard.get(index))
        for index, (who, text) in enumerate(said, 1)
    ]
    cast = [{"name": name} for name in ("Ada", "Ben", "Cleo")]
    table = graphs.answers(tables_from([Record("t", cast, turns)]))
    return table["answers"].fillna(0).astype(int).tolist()


def test_where_nothing_tells_the_last_turn_by_somebody_else_is_answered() -> None:
    said = ("Ada", "Hm."), ("Ben", "Hm."), ("Cleo", "Hm."), ("Cleo", "Hm.")
    assert answered(*said) == [0, 1, 2, 2]


def test_the_longer_ago_the_less_likely() -> None:
    people = ("Ada", "Ben", "Cleo", "Dan")
    lines = [Said(k + 1, people[k % 4], "Hm.", frozenset(people), k) for k in range(12)]
    last = links(lines, people)[-1]
    assert last.candidates == (10, 9, 8, 6, 5, 4, 2, 1, 0)
    assert len(set(last.probabilities)) == len(last.probabilities)


def test_what_was_not_heard_is_not_answered() -> None:
    said = ("Ada", "Hm."), ("Ben", "Hm."), ("Cleo", "Hm.")
    assert answered(*said, turn_2=("Ada",)) == [0, 1, 1]
    assert answered(*said, turn_1=(), turn_2=()) == [0, 0, 0]


def test_whoever_is_addressed_is_answered() -> None:
    said = ("Ada", "The spring is dry."), ("Ben", "It rained."), ("Cleo", "Ada, since when?")
    assert answered(*said) == [0, 1, 1]


def test_whoever_asked_by_name_is_answered_across_an_interjection() -> None:
    said = ("Ada", "Cleo, shall we sell?"), ("Ben", "Nonsense, Ada!"), ("Cleo", "I think so.")
    assert answered(*said) == [0, 1, 1]


def test_whoever_spoke_of_the_same_thing_is_answered() -> None:
    said = (
        ("Ada", "The bottling company wants the spring."),
        ("Ben", "My cousin bakes bread."),
        ("Cleo", "Bottling would ruin the company and the spring."),
    )
    assert answered(*said) == [0, 1, 1]


SAYINGS = st.sampled_from(["Hm.", "{0}, why?", "I saw {1} bottling.", "Bottling?", "No, {2}."])


@given(st.lists(st.tuples(st.integers(0, 2), SAYINGS), max_size=8))
def test_answers_do_not_depend_on_the_names(said: list[tuple[int, str]]) -> None:
    def linked_in(people: Sequence[str]) -> list[tuple[int, ...]]:
        lines = [
            Said(place, people[who], text.format(*people), frozenset(people), place)
            for place, (who, text) in enumerate(said)
        ]
        linked = links(lines, people, own=True, starts=True)
        for link in linked:
            assert sum(link.probabilities) == pytest.approx(1)
            assert list(link.probabilities) == sorted(link.probabilities, reverse=True)
        return [(link.position, *link.candidates) for link in linked]

    assert linked_in(("Ada", "Ben", "Cleo")) == linked_in(("The Mayor", "Dr. Ödön Łuk", "O'Neil"))


def test_weights_are_learnt_from_what_was_answered() -> None:
    """A channel in which everybody goes on with what they said themselves."""
    cast = tuple("ABCDE")
    everybody = frozenset(cast)
    lines = tuple(Said(k + 1, cast[k % 5], "It goes on and on.", everybody, k) for k in range(60))
    log = Log("made", cast, lines, {k: frozenset((k - 5,)) for k in range(10, 60)})
    weights = fit([log])
    assert set(weights) == set(FEATURES)
    assert right(log, weights) == (50, 50)
    assert right(log)[0] < 50


def test_the_weights_that_are_shipped_make_sense() -> None:
    weights = fitted()
    assert list(weights) == list(FEATURES)
    for name in ("addressed", "mentioned", "to_me", "exchange", "shared", "latest"):
        assert weights[name] > 0, name
    for name in ("recency", "elsewhere", "to_others", "before_own"):
        assert weights[name] < 0, name


# -- people's judgment -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def logs() -> tuple[list[Log], list[Log]]:
    assert LOGS is not None
    return split(LOGS)


@needs_data
def test_links_on_logs_that_were_not_fitted(logs: tuple[list[Log], list[Log]]) -> None:
    def share(guess: Callable[..., dict[int, int]], scene: bool) -> Floats:
        count = in_scene if scene else linked
        rows = [count(log, guess(log, scene=scene)) for log in logs[1]]
        return np.asarray(np.array(rows).sum(axis=0), dtype=np.float64)

    whole, before = share(model, False), share(previous, False)
    assert 2 * whole[0] / whole[1:].sum() > 0.6
    assert 2 * before[0] / before[1:].sum() < 0.3
    line, person, many = share(model, True)
    assert line / many > 0.7
    assert person / many > 0.87
    line, person, _ = share(by_address, True)
    assert line / many < 0.6
    assert person / many < 0.8


@needs_data
def test_the_weights_that_are_shipped_are_the_fit(logs: tuple[list[Log], list[Log]]) -> None:
    assert fit(logs[0]) == pytest.approx(dict(fitted()), abs=0.03)


@needs_data
def test_the_report_of_the_benchmark(logs: tuple[list[Log], list[Log]]) -> None:
    text = report(logs[1][:2])
    assert "the model less the better floor" in text
    assert "nan" not in text
    hits, many = right(logs[1][0])
    assert hits == linked(logs[1][0], model(logs[1][0], scene=False))[0]
    assert many == len(logs[1][0].gold)
    assert any(START in meant for meant in logs[1][0].gold.values())
