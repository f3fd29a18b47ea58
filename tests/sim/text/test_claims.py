"""Claims are read where they were planted, and invalid marks are named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.text.claims import Claim, Ledger, Line, claims, letters, sentences, told

CAST = ("Ada", "Ben", "Cleo")
LETTERS = letters(CAST)

_WORDS = st.sampled_from(["the", "spring", "falls", "Dr. Wu", "says", "3.5", "e.g. in", "May"])
_SENTENCES = st.lists(_WORDS, min_size=1, max_size=8).map(
    lambda words: f"It is so that {' '.join(words)} today."
)


def read(*texts: str, speaker: str = "Ada") -> Ledger:
    return claims([(turn, speaker, text) for turn, text in enumerate(texts, 1)], LETTERS)


def ids(ledger: Ledger) -> list[str]:
    return [claim.id for claim in ledger.claims]


def kinds(ledger: Ledger) -> list[tuple[str, str]]:
    return [(problem.kind, problem.id) for problem in ledger.problems]


# -- planted claims --------------------------------------------------------------------------------


@st.composite
def debates(draw: st.DrawFn) -> tuple[list[Line], list[Claim], list[tuple[str, str, int]]]:
    """Turns whose claims and citations are known: each turn writes its marks in a place of its own.

    Sentences without a mark stand between, and cite what has been claimed.
    """
    lines: list[Line] = []
    planted: list[Claim] = []
    cited: list[tuple[str, str, int]] = []
    counts = dict.fromkeys(CAST, 0)
    for turn in range(1, draw(st.integers(1, 6)) + 1):
        speaker = draw(st.sampled_from(CAST))
        style = draw(st.sampled_from(("before", "within", "before the stop", "after")))
        written = []
        for said in draw(st.lists(_SENTENCES, min_size=1, max_size=4)):
            if style != "after" and draw(st.booleans()):
                known = draw(st.sampled_from(planted)).id if planted else None
                if known is not None:
                    cited.append((known, speaker, turn))
                written.append(f"Yet I must ask of {f'[{known}]' if known else 'it'} whether so.")
                continue
            counts[speaker] += 1
            made = f"{LETTERS[speaker]}{counts[speaker]}"
            planted.append(Claim(made, speaker, turn, said))
            written.append(
                {
                    "before": f"[{made}] {said}",
                    "within": said.replace("It is", f"It [{made}] is"),
                    "before the stop": f"{said[:-1]} [{made}].",
                    "after": f"{said} [{made}]",
                }[style]
            )
        lines.append((turn, speaker, draw(st.sampled_from((" ", "\n", "\n\n"))).join(written)))
    return lines, planted, cited


@given(debates())
def test_planted_claims_are_read(
    debate: tuple[list[Line], list[Claim], list[tuple[str, str, int]]],
) -> None:
    lines, planted, cited = debate
    ledger = claims(lines, LETTERS)
    assert list(ledger.claims) == planted
    assert [(one.id, one.by, one.turn) for one in ledger.citations] == cited
    assert ledger.problems == ()


# -- any text --------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    ["[A1]", "[B1]", "[a3]", "[A1, B2]", "[C9]", "[", "]", ". ", "? ", "\n", " ", "So it is",
     "**", "(", ")", "…", "Dr. ", "1. ", '"', "é", "[A01]", "[A0]", "[AA1]", "[1]"]
)  # fmt: skip
_TEXTS = st.one_of(st.lists(_PIECES, max_size=30).map("".join), st.text(max_size=80))
_LINES = st.lists(st.tuples(st.sampled_from((*CAST, "Nobody")), _TEXTS), max_size=6).map(
    lambda said: [(turn, *pair) for turn, pair in enumerate(said, 1)]
)


@given(_LINES)
def test_every_mark_is_a_claim_a_citation_or_a_problem(lines: list[Line]) -> None:
    ledger = claims(lines, LETTERS)
    marks = [
        (turn, mark) for turn, _, text in lines for _, some in sentences(text) for mark in some
    ]
    told_of = [(one.turn, one.id) for one in (*ledger.claims, *ledger.citations)]
    told_of += [(one.turn, one.id) for one in ledger.problems if one.kind != "skipped"]
    assert sorted(told_of) == sorted(marks)


@given(_LINES)
def test_a_claim_is_its_speakers_own_and_made_once(lines: list[Line]) -> None:
    ledger = claims(lines, LETTERS)
    assert len(set(ids(ledger))) == len(ledger.claims)
    for claim in ledger.claims:
        assert claim.id.rstrip("0123456789") == LETTERS[claim.speaker]
        assert not re.search(r"\[[A-C][1-9]\]", claim.text)
    known = {claim.id: claim.turn for claim in ledger.claims}
    assert all(known[one.id] <= one.turn for one in ledger.citations)


@given(_LINES, st.integers(0, 6))
def test_what_is_said_later_changes_no_earlier_claim(lines: list[Line], heard: int) -> None:
    whole, part = claims(lines, LETTERS), claims(lines[:heard], LETTERS)
    assert whole.claims[: len(part.claims)] == part.claims
    assert whole.citations[: len(part.citations)] == part.citations


@given(_TEXTS)
def test_sentences_leave_out_nothing(text: str) -> None:
    joined = "".join(sentence for sentence, _ in sentences(text))
    assert "".join(joined.split()) == "".join(text.split())


# -- what people write -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**[A1]** The spring falls.", [("A1", "The spring falls.")]),
        ("[A1]: The spring falls.", [("A1", "The spring falls.")]),
        ("- [a1] The spring falls.", [("A1", "The spring falls.")]),
        ("1. [A1] One.\n2. [A2] Two.", [("A1", "One."), ("A2", "Two.")]),
        ("[A1]\nThe spring falls.", [("A1", "The spring falls.")]),
        ("The spring falls ([A1]).", [("A1", "The spring falls.")]),
        ("The spring falls.[A1] We wait.[A2]", [("A1", "The spring falls."), ("A2", "We wait.")]),
        ("[A1, A2] Both.", [("A1", "Both."), ("A2", "Both.")]),
        ("[A 1] Spaced, e.g. so.", [("A1", "Spaced, e.g. so.")]),
        ("[A1] Is it? We wait.", [("A1", "Is it?")]),
        ("Dr. Wu knows. J. Smith [A1] knows it.", [("A1", "J. Smith knows it.")]),
        ("[A1]", [("A1", "")]),
        ("A1: no brackets, no claim. [1] [AA1] [A0] [A-1]", []),
    ],
)
def test_a_claim_is_the_sentence_of_its_mark(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(claim.id, claim.text) for claim in read(text).claims] == expected


def test_only_the_first_time_does_a_mark_claim() -> None:
    ledger = read("[A1] It is dry. As [A1] says, it is.", "I said so in [A1].")
    assert ids(ledger) == ["A1"]
    assert [(one.turn, one.text) for one in ledger.citations] == [
        (1, "As says, it is."),
        (2, "I said so in."),
    ]


def test_a_range_is_read_as_its_ends() -> None:
    ledger = read("[A1] One. [A2] Two. [A3] Three.", "It follows from [A1–A3].")
    assert [one.id for one in ledger.citations] == ["A1", "A3"]


def test_problems_are_named() -> None:
    lines = [
        (1, "Ada", "[A1] One. [A4] Four. [A6] Six. [A3] Three."),
        (2, "Ben", "[A7] Ada said more. As [A8] has it, [B1] no. See [Z1]."),
        (3, "Cleo", "[C1] Yes."),
    ]
    assert kinds(claims(lines, LETTERS)) == [
        ("skipped", "A3"),
        ("skipped", "A6"),
        ("foreign", "A7"),
        ("dangling", "A8"),
        ("dangling", "Z1"),
    ]


def test_a_claim_cannot_be_cited_before_it_is_made() -> None:
    ledger = claims([(1, "Ben", "As for [A1], no."), (2, "Ada", "[A1] Yes.")], LETTERS)
    assert kinds(ledger) == [("dangling", "A1")]
    assert not ledger.citations


def test_who_has_no_letter_claims_nothing_and_cites() -> None:
    ledger = claims([(1, "Ada", "[A1] Yes."), (2, "Chair", "On [A1], [H1]?")], LETTERS)
    assert ids(ledger) == ["A1"]
    assert [one.by for one in ledger.citations] == ["Chair"]


# -- letters ---------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=60))
def test_letters_are_different_and_depend_on_the_names_alone(names: list[str]) -> None:
    by_name = letters(names)
    assert len(set(by_name.values())) == len(names)
    assert all(re.fullmatch("[A-Z]{1,2}", letter) for letter in by_name.values())
    assert list(by_name) == names
    assert letters(names[::-1]) == by_name


@pytest.mark.parametrize(
    ("names", "given_"),
    [
        (["Ben", "Ada"], ["B", "A"]),
        (["Anna", "Ada", "Ben"], ["B", "A", "C"]),
        (["Ödön", "Ben"], ["B", "A"]),
        (["ada", "Ben"], ["A", "B"]),
        (["Speaker B", "Speaker A"], ["B", "A"]),
    ],
)
def test_letters_are_initials_where_these_tell_people_apart(
    names: list[str], given_: list[str]
) -> None:
    assert list(letters(names).values()) == given_


def test_more_people_than_letters() -> None:
    by_name = letters([f"P{place:02d}" for place in range(30)])
    assert [*by_name.values()][24:28] == ["Y", "Z", "AA", "AB"]
    assert ids(claims([(1, "P27", "[AB1] Yes.")], by_name)) == ["AB1"]


def test_the_setting_tells_everybody_its_marks() -> None:
    said = told(["Ada", "Ben"])
    assert said.startswith("Each numbers its claims, Ada [A1], [A2], ..., Ben [B1], [B2], ..., and")
