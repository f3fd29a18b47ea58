"""Tournaments that are held: what is played and asked, what is kept, and what goes on."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from backstage.doubles import Around
from backstage.stores import exported, rows

from sim import open_stage
from sim.calls.budget import Budget
from sim.errors import BadRequest, StageClosed, StageError
from sim.runs.estimate import tokens_of
from sim.runs.options import RunOptions
from sim.stage.base import Reply, Request, Stage
from sim.tournament import Debate, Entrant, Knockout, RoundRobin, Rubric, Swiss, Tournament
from sim.tournament.estimate import Forecast, debates_of, estimate_tournament
from sim.tournament.run import TournamentReport, run_tournament

BASE = "embedded:base"
SHORT = Debate(opening=30, rebuttals=0, questions=0, closing=None)


def cup(names: str = "abcd", **more: Any) -> Tournament:
    fields: dict[str, Any] = {
        "name": "Cup",
        "entrants": [Entrant(name=name) for name in names],
        "motions": ["Tea?"],
        "debate": SHORT,
        "judges": [BASE],
    }
    return Tournament(**fields | more)


def held(
    tournament: Tournament, store: Path, stages: dict[str, Stage] | None = None, **how: Any
) -> TournamentReport:
    stages = stages or {BASE: open_stage(BASE)}
    more = {name: how.pop(name) for name in ("identities", "watch") if name in how}
    return asyncio.run(run_tournament(tournament, stages, store, RunOptions(**how), **more))


class Bench:
    """A stage that debates by ``stage`` and judges as a function of the page has it."""

    free = True

    def __init__(self, judge: Any, identity: str = "bench:") -> None:
        self.stage = open_stage(BASE)
        self.judge = judge
        self.identity = identity
        self.pages: list[Request] = []

    async def perform(self, request: Request) -> Reply:
        if request.purpose != "verdict":
            return await self.stage.perform(request)
        self.pages.append(request)
        verdict = self.judge(request)
        if isinstance(verdict, Exception):
            raise verdict
        return Reply(verdict if isinstance(verdict, str) else json.dumps(verdict))

    async def log_prob(self, request: Request, text: str) -> None:
        return None


def says(winner: str, quote: str | None = None) -> Any:
    """A judge who always names the same letter, with a quote of the first turn."""

    def judge(request: Request) -> dict[str, Any]:
        page = "".join(chunk.text for chunk in request.prompt.chunks())
        text = page.partition("[1] Speaker ")[2].partition(": ")[2].partition("\n")[0]
        criteria = request.schema["properties"]["scores"]["properties"]  # type: ignore[index]
        return {
            "winner": winner,
            "margin": 0 if winner == "tie" else 4,
            "scores": {name: {"A": 5, "B": 5} for name in criteria},
            "reasons": [{"turn": 1, "quote": quote or text, "why": "So."}],
        }

    return judge


def test_all_is_played_and_judged_once_and_the_second_time_nothing(tmp_path: Path) -> None:
    store = tmp_path / "cup.db"
    judges = [BASE, {"stage": BASE, "name": "again"}]
    around = Around(open_stage(BASE))
    report = held(cup(judges=judges), store, {BASE: around})
    assert (report.rounds, report.of) == (3, 3)
    assert len(report.meetings) == 6
    assert all(meeting.scores is not None for meeting in report.meetings)
    assert (report.verdicts, report.missing_verdicts) == (12 * 2 * 2, 0)
    assert sum(standing.points for standing in report.standings) == 6
    turns = [request for request in around.asked if request.purpose == "turn"]
    asked = [request for request in around.asked if request.purpose == "verdict"]
    assert len(turns) == 12 * 2
    assert len(asked) >= 48
    # Two judges on one stage are two: their seeds differ.
    assert len({request.seed for request in asked}) == len(asked)
    again = Around(open_stage(BASE))
    second = held(cup(judges=judges), store, {BASE: again})
    assert again.asked == []
    assert second.standings == report.standings
    assert second.verdicts == report.verdicts
    [(name, definition)] = rows(store, "SELECT name, definition FROM tournaments")
    assert name == "Cup"
    assert [judge["name"] for judge in json.loads(definition)["judges"]] == [BASE, "again"]
    assert rows(store, "SELECT count(*) FROM matches") == [(12,)]


def test_what_is_new_is_all_that_is_played_or_asked(tmp_path: Path) -> None:
    store = tmp_path / "cup.db"
    held(cup("abc"), store)
    more = Around(open_stage(BASE))
    report = held(cup("abcd"), store, {BASE: more})
    assert Counter(request.purpose for request in more.asked)["turn"] == 6 * 2
    assert len(report.meetings) == 6
    judged = Around(open_stage(BASE))
    held(cup("abcd", judges=[BASE, {"stage": BASE, "name": "new"}]), store, {BASE: judged})
    assert {request.speaker for request in judged.asked} == {"new"}
    assert {request.purpose for request in judged.asked} == {"verdict"}
    assert rows(store, "SELECT count(*) FROM tournaments") == [(3,)]


def test_a_judge_who_likes_a_letter_is_undone_by_the_other_order(tmp_path: Path) -> None:
    report = held(cup(judges=["bench"]), tmp_path / "cup.db",
                  {BASE: open_stage(BASE), "bench": Bench(says("A"))})  # fmt: skip
    assert {meeting.scores for meeting in report.meetings} == {(0.5, 0.5)}
    assert {standing.points for standing in report.standings} == {1.5}


def test_judges_see_both_orders_and_no_names(tmp_path: Path) -> None:
    bench = Bench(says("tie"))
    tournament = cup("ab", judges=["bench"], debate=Debate())
    held(tournament, tmp_path / "cup.db", {BASE: open_stage(BASE), "bench": bench})
    assert len(bench.pages) == 4
    pages = ["".join(c.text for c in request.prompt.chunks()) for request in bench.pages]
    names = [
        json.loads(sides) for (sides,) in rows(tmp_path / "cup.db", "SELECT sides FROM matches")
    ]
    for page in pages:
        assert "Speaker A argues" in page
        for side in (side for each in names for side in each):
            assert side["actor"] not in page
            assert "embedded" not in page
    first = [page for page in pages if "Speaker A argues: for the motion" in page]
    assert len(first) == 2


def test_a_quote_that_nobody_said_is_asked_again_and_then_missing(tmp_path: Path) -> None:
    store = tmp_path / "cup.db"
    bench = Bench(says("A", "what nobody ever said"))
    report = held(cup("ab", judges=["bench"], rubric=Rubric(attempts=2)), store,
                  {BASE: open_stage(BASE), "bench": bench})  # fmt: skip
    assert len(bench.pages) == 4 * 2
    again = [r for r in bench.pages if "That is no verdict: nobody said" in r.prompt.text]
    assert len(again) == 4
    assert (report.verdicts, report.missing_verdicts) == (0, 4)
    assert [meeting.scores for meeting in report.meetings] == [None]
    payloads = [json.loads(p) for (p,) in rows(store, "SELECT payload FROM verdicts")]
    for payload in payloads:
        assert payload["winner"] is None
        assert payload["missing"].startswith('nobody said "what nobody ever said"')
        assert len(payload["problems"]) == 2
    # What was answered is not asked again, also where a missing verdict is to be tried again.
    count = len(bench.pages)
    held(cup("ab", judges=["bench"], rubric=Rubric(attempts=2)), store,
         {BASE: open_stage(BASE), "bench": bench}, retry_failed=True)  # fmt: skip
    assert len(bench.pages) == count


def test_a_verdict_whose_call_failed_can_be_asked_again(tmp_path: Path) -> None:
    store = tmp_path / "cup.db"
    broken = Bench(lambda request: StageError("timeout", "no reply within 1 s"))
    mended = Bench(says("tie"))
    one = held(cup("ab", judges=["bench"]), store, {BASE: open_stage(BASE), "bench": broken})
    assert one.missing_verdicts == 4
    two = held(cup("ab", judges=["bench"]), store, {BASE: open_stage(BASE), "bench": mended})
    assert (two.missing_verdicts, len(mended.pages)) == (4, 0)
    three = held(cup("ab", judges=["bench"]), store, {BASE: open_stage(BASE), "bench": mended},
                 retry_failed=True)  # fmt: skip
    assert (three.verdicts, three.missing_verdicts, len(mended.pages)) == (4, 0, 4)


def test_a_debate_that_failed_is_not_judged_and_counts_nowhere(tmp_path: Path) -> None:
    async def breaks(request: Request) -> None:
        if request.purpose == "turn" and request.speaker < "L":
            raise StageError("refused", "not today")

    around = Around(open_stage(BASE), breaks)
    report = held(cup(), tmp_path / "cup.db", {BASE: around})
    failed = sum(result.status == "failed" for result in report.run.trials)
    assert 0 < failed < 12
    assert report.verdicts == 2 * (12 - failed)


@pytest.mark.parametrize("form", [RoundRobin(), Swiss(rounds=3), Knockout()])
def test_every_format_ends_the_same_when_it_is_cut_off(tmp_path: Path, form: Any) -> None:
    quiet, cut = tmp_path / "quiet.db", tmp_path / "cut.db"
    tournament = cup("abcdefg", format=form)
    whole = held(tournament, quiet)
    # A budget of so many tokens stops it again and again.
    runs = 0
    while True:
        runs += 1
        budget = Budget(tokens=2500 * runs)
        report = held(tournament, cut, budget=budget, concurrency=3)
        if report.run.stopped is None:
            break
        assert runs < 40
    assert runs > 3
    assert report.standings == whole.standings
    assert exported(cut) == exported(quiet)


def test_a_budget_is_for_the_whole_tournament(tmp_path: Path) -> None:
    tournament = cup("abcdefgh", format=Swiss(rounds=3))
    report = held(tournament, tmp_path / "cup.db", budget=Budget(tokens=9000))
    assert report.run.stopped is not None
    used = rows(
        tmp_path / "cup.db",
        "SELECT sum(json_extract(usage, '$.prompt_tokens')"
        " + json_extract(usage, '$.completion_tokens')) FROM replies",
    )[0][0]
    assert 5000 < used < 12_000


ROOMY = Debate(opening=90, rebuttals=0, questions=0, closing=None)


class Failing(Bench):
    """Whose first calls for a verdict fail."""

    def __init__(self, fail: int) -> None:
        def judge(request: Request) -> Any:
            broken = len(self.pages) <= fail
            return StageError("timeout", "no reply") if broken else says("tie")(request)

        super().__init__(judge)


def test_a_verdict_that_is_missing_when_a_round_is_paired_stays_missing_in_later_rounds(
    tmp_path: Path,
) -> None:
    store = tmp_path / "cup.db"
    tournament = cup(judges=["bench"], format=Swiss(rounds=2), debate=ROOMY)
    failing = Failing(fail=4)
    report = held(tournament, store, {BASE: open_stage(BASE), "bench": failing}, retry_failed=True)
    assert (report.verdicts, report.missing_verdicts) == (12, 4)
    assert len(failing.pages) == 2 * 2 * 2 * 2
    assert [one.id for one in report.run.trials] == [
        trial for (trial,) in rows(store, "SELECT trial FROM matches ORDER BY round, match, leg")
    ]


def test_where_results_have_changed_matches_of_later_rounds_are_gone(tmp_path: Path) -> None:
    async def closed(request: Request) -> None:
        raise StageClosed("auth", "no key")

    def first_speaker(request: Request) -> Any:
        page = "".join(chunk.text for chunk in request.prompt.chunks())
        return says(page.partition("[1] Speaker ")[2][0])(request)

    store = tmp_path / "cup.db"
    names, form = "abcdefghij", Swiss(rounds=3)
    tournament = cup(names, judges=["bench"], format=form, debate=ROOMY, swap=False)
    count = "SELECT round, count(*) FROM matches GROUP BY round"
    trials = "SELECT trial FROM matches WHERE round = 2 ORDER BY trial"
    held(tournament, store, {BASE: open_stage(BASE), "bench": Failing(fail=10)})
    assert rows(store, count) == [(1, 5), (2, 5), (3, 5)]
    before = rows(store, trials)
    # The first round is asked for again, so the second is another, which cannot be played.
    shut: Stage = Around(open_stage(BASE), closed)
    with pytest.raises(StageClosed):
        held(tournament, store, {BASE: shut, "bench": Bench(first_speaker)}, retry_failed=True)
    assert rows(store, trials) != before
    assert rows(store, count) == [(1, 5), (2, 5)]


def test_a_stage_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="names 'embedded:rlhf'"):
        held(cup(judges=["embedded:rlhf"]), tmp_path / "cup.db")
    assert not (tmp_path / "cup.db").exists()


@pytest.mark.parametrize("form", [RoundRobin(times=2), Swiss(rounds=2), Knockout()])
def test_what_is_foreseen_is_what_is_played(tmp_path: Path, form: Any) -> None:
    tournament = cup("abcdef", format=form)
    stage = open_stage(BASE)
    forecast = asyncio.run(
        estimate_tournament(tournament, {stage.identity: stage}, {BASE: stage.identity})
    )
    around = Around(stage)
    report = held(tournament, tmp_path / "cup.db", {BASE: around})
    assert forecast.debates == debates_of(tournament) == len(report.run.trials)
    assert forecast.verdicts == report.verdicts
    played, judged = forecast.estimates
    assert played.calls == 2 * forecast.debates
    assert judged.calls == forecast.verdicts
    tokens = sum(each.usage.prompt_tokens for each in forecast.estimates)
    # Estimates count letters, since no tokenizer is asked.
    sent = sum(tokens_of(request.prompt.length) for request in around.asked)
    assert 0.9 < tokens / sent < 1.1


def foreseen(tournament: Tournament, store: Path, stage: Stage) -> Forecast:
    return asyncio.run(
        estimate_tournament(tournament, {stage.identity: stage}, {BASE: stage.identity}, store)
    )


def test_what_is_there_is_not_foreseen_and_what_is_not_is(tmp_path: Path) -> None:
    stage, store = open_stage(BASE), tmp_path / "cup.db"
    for form in (RoundRobin(), Swiss(rounds=3)):
        tournament = cup("abcdef", format=form)
        held(tournament, store, {BASE: stage})
        forecast = foreseen(tournament, store, stage)
        assert forecast.there == forecast.debates == debates_of(tournament)
        assert forecast.estimates == ()
    # Of a judge more only the verdicts are asked for.
    more = cup("abcdef", judges=[BASE, {"stage": BASE, "name": "new"}])
    [asked] = foreseen(more, store, stage).estimates
    assert (asked.model, asked.calls) == ("new (judge)", 2 * 30)
    # Of a swiss whose first round is over, the others.
    cut = tmp_path / "cut.db"
    swiss = cup("abcdef", format=Swiss(rounds=3))
    held(cup("abcdef", format=Swiss(rounds=1)), cut, {BASE: stage})
    played, judged = foreseen(swiss, cut, stage).estimates
    assert (played.calls, judged.calls) == (2 * 12, 2 * 12)


def test_a_large_knockout_has_one_match_less_than_entrants() -> None:
    entrants = [Entrant(name=f"e{number}") for number in range(100)]
    assert debates_of(cup(entrants=entrants, format=Knockout(), swap=False)) == 99
