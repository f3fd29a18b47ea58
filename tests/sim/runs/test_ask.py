"""Asking after the curtain: in what state of mind, on which stage, how often, and what is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, Says
from backstage.scenes import ADA, BEN, CLEO, debate

from sim import Actor, Persona, Scene, Transcript, after, ask_stance, complete
from sim.calls.budget import Budget
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import Usage
from sim.layouts import render_question
from sim.planning import Trial
from sim.planning.branches import branch_trials, dropped
from sim.runs.ask import AskReport, Respondents, ask_actors
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.scene.answers import FreeText, Number
from sim.scene.audience import whispers
from sim.scene.interventions import enter, leave, note, recast, restage, say, whisper
from sim.scene.probes import Question
from sim.scene.routing import Simultaneous
from sim.stage.base import Reply, Request, Stage
from sim.store import export_lines, open_readonly, open_store

ALL = complete("Ada", "Ben", "Cleo")
WHY = Question(key="ask:why", text="Why, {name}?", answer=FreeText())
LAYOUTS = ("persona_first", "transcript_first", "screenplay")


def trial_of(scene: Scene, stage: str = "murmur:", **fields: Any) -> Trial:
    return Trial.of_scene(scene, scenario="debate", model="m", stage=stage, seed=1, **fields)


def played(store: Path, *trials: Trial, **stages: Stage) -> list[str]:
    """Plays trials, and returns their ids."""
    every: dict[str, Stage] = {"murmur:": Murmur()} | {s.identity: s for s in stages.values()}
    asyncio.run(run_trials(trials, every, store))
    return [trial.id for trial in trials]


def asked(store: Path, question: Question = WHY, stage: Any = None, **how: Any) -> AskReport:
    stages: Mapping[str, Stage] = how.pop("stages", None) or {"murmur:": stage or Murmur()}
    told = how.pop("told", None)
    whom = {name: how.pop(name) for name in ("trials", "actors", "at", "samples") if name in how}
    return asyncio.run(
        ask_actors(store, stages, question, Respondents(**whom), RunOptions(**how), told=told)
    )


def told(store: Path, trial: str, live: Trial | None = None) -> Transcript:
    """What is stored of a trial; with the scene of ``live``, if it is to be gone on from."""
    find = None if live is None else lambda: live.scene
    with open_store(store) as opened:
        return opened.transcript(trial, find_scene=find)


def exported(store: Path) -> list[dict[str, Any]]:
    connection = open_readonly(store)
    lines = [json.loads(line) for line in export_lines(connection)]
    connection.close()
    return lines


# -- the state of mind -----------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("together", [False, True], ids=["in turn", "at once"])
def test_the_prompt_is_that_of_the_probe(tmp_path: Path, layout: str, together: bool) -> None:
    """The scene's own question asked afterwards, at every turn and of everybody."""
    other = Persona(name="Ada", brief="She sold it long ago.", stances={"sell": 0.9})
    scene = debate(
        graph=ALL, layout=layout, ends=after(turns=12), hearing=whispers({"Cleo": "Ada"}),
        probes=(ask_stance("sell", every=1),),
        interventions=(
            note("(Thunder.)", at=2), whisper("Ada", "Ben", "He lies.", at=4), leave("Ben", at=5),
            note("(A cough.)", to=("Cleo",), at=6), recast(other, at=7), enter("Ben", at=9),
        ),
        **({"routing": Simultaneous()} if together else {}),
    )  # fmt: skip
    store = tmp_path / "a.db"
    [trial] = played(store, trial_of(scene))
    probe = scene.probes[0].question
    question = Question(key="again", text=probe.text, answer=probe.answer)
    stored = [answer for answer in told(store, trial).answers if answer.key == probe.key]
    turns = sorted({answer.turn for answer in stored})
    assert turns[0] == 0
    assert turns[-1] >= 12
    assert len(turns) == 13 or together
    for turn in turns:
        report = asked(store, question, at=turn)
        assert {each.answer.actor: each.answer.prompt for each in report.answers} == {
            answer.actor: answer.prompt for answer in stored if answer.turn == turn
        }


def test_an_actor_knows_what_it_had_heard_and_nothing_else(tmp_path: Path) -> None:
    scene = debate(
        graph=ALL, ends=after(turns=8),
        interventions=(
            whisper("Ada", "Ben", "A whisper.", at=2), leave("Cleo", at=3),
            say("Ben", "Said in her absence.", at=4), enter("Cleo", at=5),
            say("Ada", "Said to all.", at=6), say("Ben", "Said later.", at=7),
        ),
    )  # fmt: skip
    store = tmp_path / "a.db"
    [trial] = played(store, trial_of(scene))
    stage = Around(Murmur())
    report = asked(store, stage=stage, at=6)
    known = {request.speaker: request.prompt.joined() for request in stage.asked}
    lines = ("A whisper.", "Said in her absence.", "Said to all.", "Said later.", "Her own well")
    heard = {name: [line in known[name] for line in lines] for name in ("Ada", "Ben", "Cleo")}
    assert heard == {
        "Ada": [True, True, True, False, True],
        "Ben": [True, True, True, False, False],
        "Cleo": [False, False, True, False, False],
    }
    transcript = told(store, trial)
    happened = [e for e in transcript.events if getattr(e, "index", 0) <= 6]
    for each in report.answers:
        prompt = render_question(scene, happened, each.answer.actor, WHY)
        assert each.answer.prompt == prompt.digest.hex()
        assert known[each.answer.actor].endswith(f"Why, {each.answer.actor}? Answer with one JSON "
                                                 'object and nothing else: {"answer": "at most 60 '
                                                 'words"}.')  # fmt: skip
    assert {(r.purpose, r.schema is None) for r in stage.asked} == {("probe", False)}


def test_an_answer_is_part_of_nobody_s_past(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    played(store, trial_of(debate()))
    asked(store, at=3)
    stage = Around(Murmur())
    asked(store, WHY.model_copy(update={"key": "ask:more", "text": "And now?"}), stage, at=3)
    assert not any("Why, " in request.prompt.joined() for request in stage.asked)


# -- how often -------------------------------------------------------------------------------------


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    [trial] = played(store, trial_of(debate()))
    stage, heard = Around(Murmur()), []
    first = asked(store, stage=stage, actors=["Ben", "Ada"], samples=2, told=heard.append)
    assert [(a.answer.actor, a.answer.turn, a.answer.sample) for a in first.answers] == [
        ("Ben", 6, 0), ("Ben", 6, 1), ("Ada", 6, 0), ("Ada", 6, 1),
    ]  # fmt: skip
    assert len({request.seed for request in stage.asked}) == first.calls == 4
    assert not any(each.known for each in first.answers)
    assert sorted(map(repr, heard)) == sorted(map(repr, first.answers))
    again = asked(store, stage=stage, actors=["Ben", "Ada"], samples=2)
    assert (again.calls, len(stage.asked)) == (0, 4)
    assert [each.answer for each in again.answers] == [each.answer for each in first.answers]
    more = asked(store, stage=stage, samples=3)
    assert [(r.speaker) for r in stage.asked[4:]] == ["Ada", "Ben", "Cleo", "Cleo", "Cleo"]
    assert [each.known for each in more.answers] == [True, True, False] * 2 + [False] * 3
    # Another turn, another form and another question are other answers.
    assert asked(store, at=5).calls == 3
    kept = told(store, trial).answers
    assert len(kept) == 3 * 3 + 3
    assert {(a.key, a.gauge) for a in kept} == {("ask:why", False)}


def test_what_a_probe_answered_is_known(tmp_path: Path) -> None:
    scene = debate(probes=(ask_stance("sell", every=3),))
    store = tmp_path / "a.db"
    played(store, trial_of(scene))
    stage = Around(Murmur())
    report = asked(store, scene.probes[0].question, stage, at=3)
    assert all(each.known for each in report.answers)
    assert not stage.asked


def test_what_could_not_be_had_is_missing(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    [trial] = played(store, trial_of(debate()))

    async def ben_is_ill(request: Request) -> None:
        if request.speaker == "Ben":
            raise StageError("timeout", "no reply from sk-abcdefgh12345678")

    scale = Question(key="ask:x", text="How much?", answer=Number(field="x", low=0, high=1))
    stage = Around(Says("", '{"x": 7}'), ben_is_ill)
    stage.stage.identity = "murmur:"  # type: ignore[attr-defined]
    answers = {a.answer.actor: a.answer for a in asked(store, scale, stage).answers}
    assert {name: (a.value, a.raw) for name, a in answers.items()} == {
        "Ada": (None, '{"x": 7}'), "Ben": (None, ""), "Cleo": (None, '{"x": 7}'),
    }  # fmt: skip
    kept = {answer.actor: answer.missing for answer in told(store, trial).answers}
    assert kept["Ada"] == "off the scale"
    assert kept["Ben"] == "timeout: no reply from [redacted]"


def test_the_same_seed_gives_the_same_answers(tmp_path: Path) -> None:
    made = []
    for concurrency in (1, 16):
        store = tmp_path / f"{concurrency}.db"
        played(store, trial_of(debate()))
        asked(store, samples=4, concurrency=concurrency)
        made.append(exported(store))
    assert made[0] == made[1]


# -- trials, branches, stages ----------------------------------------------------------------------


def test_all_trials_that_are_over_are_asked(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    one, two = trial_of(debate()), trial_of(debate(ends=after(turns=4)))
    ids = played(store, one, two)
    incomplete, _ = _cut_off(store)
    report = asked(store, stages={"murmur:": Murmur(), "incomplete": Murmur()})
    assert {each.trial for each in report.answers} == set(ids)
    assert {each.trial: each.answer.turn for each in report.answers} == {ids[0]: 6, ids[1]: 4}
    report = asked(store, stages={"incomplete": Murmur()}, trials=[incomplete, incomplete])
    assert {each.answer.turn for each in report.answers} == {3}, "as far as it went"
    assert len(report.answers) == 3


def _cut_off(store: Path, **fields: Any) -> tuple[str, Trial]:
    """A trial that is cut off after three turns."""
    trial = trial_of(debate(ends=after(turns=7), **fields), stage="incomplete")

    class Tired(Murmur):
        identity = "incomplete"
        calls = 0

        async def perform(self, request: Request) -> Reply:
            self.calls += request.purpose == "turn"
            if self.calls > 3:
                raise StageClosed("auth", "the key is wrong")
            return await super().perform(request)

    with pytest.raises(StageClosed):
        asyncio.run(run_trials([trial], {"incomplete": Tired()}, store))
    return trial.id, trial


def test_a_trial_goes_on_as_if_nobody_had_asked(tmp_path: Path) -> None:
    exports = []
    for curious in (False, True):
        store = tmp_path / f"{curious}.db"
        incomplete, trial = _cut_off(store, probes=(ask_stance("sell", every=2),))
        stages = {"incomplete": Murmur()}
        if curious:
            for at in (0, 2, 3):
                asked(store, stages=stages, trials=[incomplete], at=at, samples=2)
        asyncio.run(run_trials([trial], stages, store))
        if curious:
            asked(store, stages=stages, at=5)
        exports.append(exported(store))
    assert exports[0][0]["turns"] == 7
    new = [event for event in exports[1] if event not in exports[0]]
    assert [event for event in exports[1] if event in exports[0]] == exports[0]
    assert [(e["kind"], e["key"]) for e in new] == [("probe", "ask:why")] * (3 * 3 * 2 + 3)


def test_a_branch_is_asked_as_it_is(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    live = trial_of(debate())
    [trial] = played(store, live)
    transcript = told(store, trial, live)
    change = say("Ben", "I give in.", at=4)
    made = branch_trials(live, transcript, at=4, n=2, change=change, label="say")
    made += branch_trials(live, transcript, at=4, n=1, change=dropped(transcript, 4), label="drop")
    played(store, *made)
    stage = Around(Murmur())
    report = asked(store, stage=stage, trials=[each.id for each in made], actors=["Cleo"], at=5)
    texts = [request.prompt.joined() for request in stage.asked]
    assert ["I give in." in text for text in texts] == [True, True, False]
    assert all(transcript.turns[2].text in text for text in texts)
    assert not any(transcript.turns[3].text in text for text in texts)
    assert [each.trial for each in report.answers] == [each.id for each in made]
    # What is asked of a branch is kept with the branch.
    assert told(store, trial).answers == []
    for each in made:
        assert len(told(store, each.id).answers) == 1


def test_what_is_shared_is_asked_once(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    live = trial_of(debate())
    [trial] = played(store, live)
    transcript = told(store, trial, live)
    [branch] = branch_trials(live, transcript, at=4, n=1)
    played(store, branch)
    asked(store, trials=[trial], at=3)
    assert asked(store, trials=[branch.id], at=3).calls == 0
    assert len(told(store, branch.id).answers) == 3


@pytest.mark.parametrize("order", [["all"], ["branch", "live"]], ids="-".join)
def test_what_is_shared_is_kept_once(tmp_path: Path, order: list[str]) -> None:
    store = tmp_path / "a.db"
    live = trial_of(debate())
    [trial] = played(store, live)
    transcript = told(store, trial, live)
    [branch] = branch_trials(live, transcript, at=4, n=1)
    played(store, branch)
    for who in order:
        trials = {"all": None, "branch": [branch.id], "live": [trial]}[who]
        asked(store, trials=trials, at=3)
    assert len(told(store, branch.id).answers) == 3


def test_branches_answer_apart(tmp_path: Path) -> None:
    """Every draw has its own stream: in the scene their probes have seeds of their own, too."""
    store = tmp_path / "a.db"
    live = trial_of(debate())
    [trial] = played(store, live)
    transcript = told(store, trial, live)
    made = branch_trials(live, transcript, at=4, n=3)
    played(store, *made)
    stage = Around(Murmur())
    asked(store, stage=stage, trials=[each.id for each in made], actors=["Ada"])
    assert len({request.seed for request in stage.asked}) == 3


def test_an_actor_is_asked_on_the_stage_that_plays_it_then(tmp_path: Path) -> None:
    cast = (Actor(ADA), Actor(BEN, stage="b"), Actor(CLEO))
    scene = debate(
        cast=cast, graph=ALL, interventions=(restage("Ada", "c", at=4), restage("Ben", None, at=6))
    )
    stages: dict[str, Any] = {"murmur:": Around(Murmur()), "B": Around(Says("Bee."))}
    stages["C"] = Around(Says("Sea."))
    for identity, stage in list(stages.items())[1:]:
        stage.stage.identity = identity
    store = tmp_path / "a.db"
    trial = trial_of(scene, stages={"b": "B", "c": "C"})
    asyncio.run(run_trials([trial], stages, store))
    for at, expected in (
        (3, {"Ada": "murmur:", "Ben": "B", "Cleo": "murmur:"}),
        (4, {"Ada": "C", "Ben": "B", "Cleo": "murmur:"}),
        (6, {"Ada": "C", "Ben": "murmur:", "Cleo": "murmur:"}),
    ):
        for stage in stages.values():
            stage.asked.clear()
        asked(store, stages=stages, at=at)
        assert expected == {
            request.speaker: identity for identity, stage in stages.items()
            for request in stage.asked
        }, at  # fmt: skip


# -- what is not done ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"samples": 0}, "0 is no number of answers"),
        ({"actors": ["Ada", "Dan"]}, "'Dan' is not in the cast; use one of Ada, Ben, Cleo"),
        ({"at": 7}, "there is no turn 7; it has 6, and 0 is before the first"),
        ({"at": -1}, "there is no turn -1"),
        ({"trials": ["abc"]}, "has no trial 'abc'"),
        ({"stages": {"other": Murmur()}}, "'murmur:', which played"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, how: dict[str, Any], says: str) -> None:
    store = tmp_path / "a.db"
    played(store, trial_of(debate()))
    before = exported(store)
    stage = Around(Murmur())
    with pytest.raises(BadRequest, match=says):
        asked(store, stage=stage, **how)
    assert not stage.asked
    assert exported(store) == before


def test_whoever_is_named_twice_is_asked_once(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    played(store, trial_of(debate()))
    assert len(asked(store, actors=["Ada", "Ada"]).answers) == 1


class Costly(Murmur):
    """Counts a hundred tokens a call."""

    free = False

    async def perform(self, request: Request) -> Reply:
        reply = await super().perform(request)
        return Reply(reply.text, usage=Usage(80, 20))


def test_a_budget_ends_it_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    played(store, trial_of(debate()))
    first = asked(store, stage=Costly(), samples=20, budget=Budget(tokens=3000), concurrency=1)
    assert first.stopped is not None
    assert 0 < len(first.answers) < 60
    stage = Around(Costly())
    rest = asked(store, stage=stage, samples=20)
    assert rest.stopped is None
    assert len(stage.asked) == 60 - len(first.answers)
    assert sum(each.known for each in rest.answers) == len(first.answers)


def test_a_wrong_key_is_raised_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    [trial] = played(store, trial_of(debate()))

    async def key(request: Request) -> None:
        if request.speaker == "Cleo":
            raise StageClosed("auth", "the key is wrong")

    with pytest.raises(StageClosed, match="the key is wrong"):
        asked(store, stage=Around(Murmur(), key), concurrency=1)
    assert [answer.actor for answer in told(store, trial).answers] == ["Ada", "Ben"]
    assert asked(store).calls == 1


def test_a_question_that_was_cut_off_is_no_doubt_of_the_trial(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    trial = trial_of(debate())
    played(store, trial)

    async def cut_off() -> None:
        under_way = asyncio.Event()

        async def never(request: Request) -> None:
            under_way.set()
            await asyncio.Event().wait()

        asking = asyncio.ensure_future(ask_actors(store, {"murmur:": Around(Murmur(), never)}, WHY))
        await under_way.wait()
        asking.cancel()
        await asyncio.wait([asking])

    asyncio.run(cut_off())
    report = asyncio.run(run_trials([trial], {"murmur:": Murmur()}, store))
    assert report.in_doubt == ()
    # Asked again, it is settled.
    assert asked(store).calls == 3
    assert asyncio.run(run_trials([trial], {"murmur:": Murmur()}, store)).in_doubt == ()
