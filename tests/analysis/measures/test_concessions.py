"""What concedes and what only seems to; who conceded what to whom, and how often."""

from __future__ import annotations

import time
from math import isnan
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence.concession import conceded, grants_by_no, grants_by_yes
from analysis.measures.concessions import Concessions
from analysis.tables import Record, Tables, tables_from
from analysis.tournaments.tables import ContestRecord, LegRecord, contests_from
from sim.errors import BadRequest
from sim.events import Answer, Turn

BEN = ("Ben",)

GRANTS = """
I grant [B2].
I grant you [B2].
I concede.
I concede that the spring has fallen.
I must concede [B2], but it changes nothing.
I will concede that point gladly.
We accept [B1] and [B2].
I accept your point about the roof.
I do admit that the figures are old.
I yield on [B2].
I agree with [B2].
I agree with you there.
I agree that the roof leaks.
I couldn't agree more.
Agreed.
I see your point.
I'll give you that.
I stand corrected.
I share your view.
You are right that the school needs a roof.
You're absolutely right about the roof, but who pays?
You're right, Ben.
You were right to stop me.
You rightly point out that the roof leaks.
You have a point, Ben.
You make a good point.
You have convinced me.
You've changed my mind.
Ben is right about the roof.
My opponent is right: the roof leaks.
Fair point.
Fair enough; that one goes to you.
Point taken, and yet the well is dry.
Granted, the school needs a roof.
True, the spring is old.
Of course, the roof leaks, but so do all roofs.
It is true that the town is poor, but water is not for sale.
It is true that the town is poor. But water is not for sale.
[B2] is true, [B3] is not.
[B2] is well taken.
That's a fair point about safety.
That is a better argument than mine.
Your figures are correct.
What you say about the roof is true.
I cannot deny that the contract is long.
I don't dispute your figures.
I can't argue with that.
There is no denying that the roof leaks.
I have no answer to [B2].
I'm persuaded by [B2].
We are in agreement on the roof.
"""
WITHDRAWALS = """
I was wrong about the roof.
I withdraw [A1].
I take that back.
I overstated my case.
I had not considered that.
I spoke too soon.
I have changed my mind.
I admit that I was mistaken there.
"""
PARTS = """
I agree in part.
You are half right.
There is some truth in what you say.
That is true up to a point.
"""
NOTHING = """
I do not concede.
I concede nothing.
I grant you nothing.
I will never grant [B2].
I refuse to accept that.
I don't agree with you.
I cannot agree with [B2].
I can't accept that.
I am not convinced by [B2].
I am not wrong about that.
You are not right.
I do not think you are right.
Nobody says you are right.
You have not convinced me.
That is not true.
No, [B2] is not correct.
I grant that is what you believe, but it is false.
I grant that this is what you believe.
I grant that my opponent speaks well.
I recognise your concerns.
I do not doubt your sincerity.
I don't doubt that you mean well.
You are right to ask.
You are right to be worried, but the plan is sound.
Thank you for your question.
You would be right if wells refilled themselves.
If you are right, we are lost.
I would concede [B2] if you showed me the books.
Even if I granted [B2], the roof would leak.
For the sake of argument, I grant [B2].
Let us grant that the roof leaks.
Whether you are right is another question.
You may be right about the roof.
Perhaps you are right.
It is too early to concede.
I would be a fool to concede that.
You want me to say I was wrong.
You say that I concede.
You say "I concede", and then take it back.
You conceded [A1] yourself.
My opponent concedes [A1].
You think you have a point.
Ben agrees with me.
Max is right about the roof.
Why should I concede that?
Do you concede [A1]?
Will you admit that you are wrong?
Are you saying I was wrong?
Is that true?
Tell me where I am wrong.
I admit that you are wrong.
I agree that your figures are wrong.
I believe my opponent is mistaken.
We must agree to disagree.
I agree with my colleague on this side.
I was right, and you were wrong.
I have always been right about this.
We take water for granted.
We want a law that is fair.
The right to water is ours.
It is true that water is life.
I yield the floor.
I accept the nomination.
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("text", lines(GRANTS))
def test_granting(text: str) -> None:
    assert "grant" in {one.kind for one in conceded(text, BEN)}


@pytest.mark.parametrize("text", lines(WITHDRAWALS))
def test_taking_back(text: str) -> None:
    assert {one.kind for one in conceded(text, BEN)} == {"withdrawal"}


@pytest.mark.parametrize("text", lines(PARTS))
def test_granting_half(text: str) -> None:
    assert {one.kind for one in conceded(text, BEN)} == {"partly"}


@pytest.mark.parametrize("text", lines(NOTHING))
def test_what_only_seems_to_concede(text: str) -> None:
    assert conceded(text, BEN) == ()


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("[B2] is true, [B3] is not.", ("B2",)),
        ("I grant [B1, B2]; [B3] fails.", ("B1", "B2")),
        ("We accept [B1] and [B2].", ("B1", "B2")),
        ("You are right about the roof. [B2]", ("B2",)),
        ("You are right, but [B3] is false.", ()),
        ("[B1] is true but [B2] is not.", ("B1",)),
        ("**I grant** [b 02].", ("B2",)),
    ],
)
def test_the_claims_that_are_granted(text: str, marks: tuple[str, ...]) -> None:
    [conceding] = conceded(text, BEN)
    assert conceding.marks == marks


@pytest.mark.parametrize(
    ("question", "yes", "no"),
    [
        ("Is the well dry?", True, False),
        ("Would you agree that the well is dry?", True, False),
        ("Do you still stand by [B1]?", False, True),
        ("Do you deny that the well is dry?", False, True),
        ("You have no figures, have you?", False, True),
        ("Why is the well dry?", False, False),
        ("The well is dry.", True, False),
        ("(She points at the well.)", False, False),
    ],
)
def test_what_an_answer_grants(question: str, yes: bool, no: bool) -> None:
    assert (grants_by_yes(question), grants_by_no(question)) == (yes, no)


def test_long_texts_take_no_longer_than_their_length() -> None:
    for text in ("i grant that you say ", "[B1], ", "that is ", "if you say i agree that "):
        began = time.process_time()
        conceded(text * 4000 + "is true")
        assert time.process_time() - began < 30


PIECES = st.sampled_from([*"abI '\"[]?!.,;1B", "i grant ", "you are right ", "[B1]", "but "])


@given(st.lists(PIECES).map("".join))
def test_any_text_can_be_read(text: str) -> None:
    for one in conceded(text, BEN):
        assert one.text in text
        assert all(mark.isalnum() for mark in one.marks)


# --- Debates -------------------------------------------------------------------------------------


def debate(*said: tuple[str, str], names: str = "Ada Ben", answers: Any = None) -> Tables:
    """A debate; ``answers`` are typed answers by the turn in which they are heard."""
    events: list[Any] = [Turn(turn, name, text) for turn, (name, text) in enumerate(said, 1)]
    for turn, answer in (answers or {}).items():
        value = {"answer": answer, "because": "..."}
        events.append(Answer(turn - 1, said[turn - 1][0], "floor:examined", value, gauge=True))
    return tables_from([Record("t", [{"name": name} for name in names.split()], events)])


SAID = (
    ("Ada", "I concede that I am nervous. [A1] The spring falls."),
    ("Ben", "I grant [A1]. [B1] The town is poor."),
    ("Ada", "[A2] The roof leaks. You are right about [B1], Ben, but [A1] is true."),
    ("Ben", "Is that all?"),
)


def test_who_conceded_what_to_whom() -> None:
    conceding = Concessions(debate(*SAID)).by_turn
    columns = ["turn", "actor", "to", "kind", "claim"]
    assert conceding[columns].to_numpy().tolist() == [
        [2, "Ben", "Ada", "grant", "A1"],
        [3, "Ada", "Ben", "grant", "B1"],
    ]
    actors = Concessions(debate(*SAID)).by_actor.set_index("actor")
    assert actors.loc["Ada", ["turns", "conceding", "received", "granted"]].tolist() == [1, 1, 1, 1]
    assert actors.loc["Ben", ["turns", "conceding", "received", "claims"]].tolist() == [2, 1, 1, 2]
    assert actors.loc["Ben", "rate"] == 0.5
    claims = Concessions(debate(*SAID)).by_claim.set_index("claim")
    assert claims.loc["A1", "granted_by"] == ("Ben",)
    assert (claims.loc["A1", "granted_at"], claims.loc["A1", "cited"]) == (2, 1)
    assert claims.loc["A2", "granted"] == 0
    assert claims["granted_at"].isna().tolist() == [False, False, True]


def test_whoever_has_heard_nobody_concedes_to_nobody() -> None:
    tables = debate(("Ada", "I concede that the well is dry."))
    assert Concessions(tables).by_turn.empty
    assert Concessions(tables).by_actor["rate"].isna().all(), "no turn is no rate of zero"
    assert isnan(Concessions(tables).estimate("rate").value)
    assert isnan(Concessions(tables).estimate("granted").value)


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Is the well dry? [A2] It is.", "yes", "answer"),
        ("Is the well dry?", "in part", "partly answer"),
        ("Is the well dry?", "no", None),
        ("Is the well dry?", "no answer", None),
        ("Do you stand by [B1]?", "yes", None),
        ("Do you stand by [B1]?", "no", "answer"),
        ("Why do you deny it?", "in part", None),
    ],
)
def test_typed_answers_grant_the_question(question: str, answer: str, kind: str | None) -> None:
    given = f"{answer.capitalize()}. It has been a warm year."
    said = [("Ada", "Well."), ("Ben", "[B1] So."), ("Ada", question), ("Ben", given)]
    conceding = Concessions(debate(*said, answers={4: answer})).by_turn
    assert conceding["kind"].tolist() == ([] if kind is None else [kind])
    if "[A2]" in question:
        assert conceding["claim"].tolist() == ["A2"]
    untyped = Concessions(debate(*said)).by_turn
    assert untyped.empty, "a yes that answers nothing is no concession"


def test_among_three_a_concession_goes_to_whose_claim_it_is() -> None:
    conceding = Concessions(
        debate(
            ("Ada", "[A1] The well is dry."),
            ("Ben", "[B1] The town is poor."),
            ("Cleo", "I grant [A1]. You are right, Ada. Point taken."),
            ("Ada", "I agree with Cleo."),
            names="Ada Ben Cleo",
        )
    ).by_turn
    assert conceding[["actor", "to", "claim"]].fillna("").to_numpy().tolist() == [
        ["Cleo", "Ada", "A1"],
        ["Cleo", "Ada", ""],
        ["Cleo", "Ben", ""],
        ["Ada", "Cleo", ""],
    ]


def test_one_s_own_claim_is_withdrawn_and_not_granted() -> None:
    tables = debate(
        ("Ada", "[A1] The well is dry."),
        ("Ben", "Is it?"),
        ("Ada", "[A1] is true. No: I withdraw [A1]."),
    )
    assert Concessions(tables).by_turn["kind"].tolist() == ["withdrawal"]
    claim = Concessions(tables).by_claim.iloc[0]
    assert (claim["withdrawn"], claim["granted"]) == (True, 0)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Fair point. We need a roof. [A1]", ["A1"]),
        ("Fair point. [B1] We need a roof. [A1]", ["A1"]),
        ("[B1] I concede that we need a roof.", [None]),
        ("Fair point. We need a roof.", [None]),
        ("Fair point. As to [A1], it fails, and so does your roof. [A1]", [None]),
        ("Fair point. We need a roof, says [A1].", [None]),
    ],
)
def test_a_mark_at_the_very_end_speaks_for_the_turn(text: str, claims: list[str | None]) -> None:
    conceding = Concessions(debate(("Ada", "[A1] The well is dry."), ("Ben", text))).by_turn
    assert [None if one is pd.NA else one for one in conceding["claim"]] == claims


def test_what_the_experimenter_makes_somebody_say_is_not_conceded() -> None:
    events = [Turn(1, "Ada", "Well."), Turn(2, "Ben", "I concede.", source="intervention")]
    tables = tables_from([Record("t", [{"name": "Ada"}, {"name": "Ben"}], events)])
    assert Concessions(tables).by_turn.empty


def test_only_debaters_concede() -> None:
    tables = debate(
        ("Ada", "Well."), ("Kim", "I concede."), ("Ben", "You are right."), names="Ada Ben Kim"
    )
    assert len(Concessions(tables).by_turn) == 2
    conceding = Concessions(tables, ["Ada", "Ben"]).by_turn
    assert conceding[["actor", "to"]].to_numpy().tolist() == [["Ben", "Ada"]]
    with pytest.raises(BadRequest, match="nobody is called 'Max'"):
        _ = Concessions(tables, ["Max"]).by_turn


def test_other_names_change_no_count() -> None:
    renamed = [
        (name.replace("Ada", "Zoe").replace("Ben", "Yan"),
         text.replace("[A", "[Z").replace("[B", "[Y").replace("Ben", "Yan"))
        for name, text in SAID
    ]  # fmt: skip
    one = Concessions(debate(*SAID)).by_actor.drop(columns="actor")
    other = Concessions(debate(*renamed, names="Zoe Yan")).by_actor.drop(columns="actor")
    assert one.equals(other)


def test_rates_have_intervals_over_debates() -> None:
    records = []
    for number in range(6):
        last = "I grant [A1]." if number % 2 else "I do not grant [A1]."
        events = [Turn(1, "Ada", "[A1] So."), Turn(2, "Ben", last), Turn(3, "Ada", "Well.")]
        records.append(
            Record(f"t{number}", [{"name": "Ada"}, {"name": "Ben"}], events, seed=number)
        )
    result = Concessions(tables_from(records))
    sums = result.by_trial[["turns", "conceding", "claims"]].sum()
    assert sums.tolist() == [12, 3, 6]
    rate, partly = result.estimate("rate"), result.estimate("partly_rate")
    assert (rate.value, rate.n) == (pytest.approx(0.25), 6)
    assert 0 <= rate.low < 0.25 < rate.high
    assert (result.estimate("granted").value, partly.value) == (0.5, 0.0)
    assert partly.high > 0, "none in six debates is no certainty"


def test_of_two_entrants_what_one_leads_the_other_lacks() -> None:
    records, legs = [], []
    for number in range(1, 5):
        weak, strong = ("Ada", "Ben") if number % 2 else ("Ben", "Ada")
        events = [
            Turn(1, strong, f"[{strong[0]}1] The well is dry."),
            Turn(2, weak, f"I grant [{strong[0]}1]." if number > 1 else "Never."),
            Turn(3, strong, "Well."),
            Turn(4, weak, "Well."),
        ]
        records.append(Record(f"t{number}", [{"name": "Ada"}, {"name": "Ben"}], events))
        sides = [
            {"entrant": entrant, "actor": actor, "position": place, "place": place}
            for place, (entrant, actor) in enumerate((("strong", strong), ("weak", weak)))
        ]
        legs.append(LegRecord(1, number, 0, f"t{number}", "Tea?", sides))
    contest = contests_from([ContestRecord("x", {"judges": []}, legs=legs)])[0]
    table = Concessions(tables_from(records)).by_entrant(contest)
    at = {(row.entrant, row.quantity): row for row in table.itertuples()}
    assert at["weak", "rate"].value == at["strong", "received"].value == 0.375
    assert at["weak", "received"].value == 0.0
    assert at["strong", "lead"].value == -at["weak", "lead"].value == 0.375
    assert at["strong", "lead"].low == -at["weak", "lead"].high
    assert at["strong", "granted"].value == 0.75
    assert at["weak", "rate"].n == 4
    assert isnan(at["weak", "granted"].value), "who claimed nothing has no share of claims"
