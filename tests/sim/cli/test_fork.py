"""``elsinore fork``: both arms are kept, nothing is played twice, and what cannot be is refused."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from select import select
from subprocess import CompletedProcess
from typing import Any

import pytest
from stub_server import StubServer

from sim import open_stage, play
from sim.calls.guard import ModelOptions
from sim.planning.scenarios import build, find
from sim.runs.fork import fork_transcript
from sim.runs.stages import open_cast, reopen
from sim.scene.interventions import say
from sim.stage.providers.sampling import Sampling
from sim.store import open_readonly

Command = Callable[..., "CompletedProcess[str]"]

SAID = ("--say", "Ada: I was wrong.")


@pytest.fixture
def live(played: tuple[Path, str], folder: Path) -> str:
    """The id of a trial of six turns on ``embedded:base``, in a store ``s.db`` that may grow."""
    _copy(played[0] / "runs/trio.db", folder / "s.db")
    return str(json.loads(played[1])["trials"][0]["id"])


def _copy(store: Path, to: Path) -> None:
    with sqlite3.connect(store) as source, sqlite3.connect(to) as connection:
        source.backup(connection)
    source.close()
    connection.close()


def rows(store: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(store)
    with connection:
        fetched = connection.execute(sql).fetchall()
    connection.close()
    return fetched


def branches(store: Path, columns: str = "arm, branch") -> list[tuple[Any, ...]]:
    return rows(store, f"SELECT {columns} FROM trials WHERE at IS NOT NULL ORDER BY arm, branch")


def own_turns(store: Path) -> list[tuple[Any, ...]]:
    """Arm, branch, turn, speaker and text of every turn that branches have themselves."""
    return rows(
        store,
        "SELECT arm, branch, turn, actor, json_extract(payload, '$.text') FROM events"
        " JOIN trials USING (trial) WHERE at IS NOT NULL AND kind = 'turn' ORDER BY 1, 2, 3",
    )


def one_line(done: CompletedProcess[str], says: str) -> None:
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert done.stderr.startswith("elsinore: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_both_arms_are_kept_with_their_place(inside: Command, folder: Path, live: str) -> None:
    done = inside("fork", "s.db", live, "--at", 4, "-n", 2, *SAID)
    assert (done.returncode, done.stderr) == (0, "")
    [(stage,)] = rows(folder / "s.db", f"SELECT stage FROM trials WHERE trial = '{live}'")
    assert branches(folder / "s.db", 'arm, branch, "of", at, seed, stage, status, turns') == [
        (arm, branch, live, 4, 0, stage, "done", 6)
        for arm in ("fork@4 reroll", "fork@4 say Ada: I was wrong.")
        for branch in (0, 1)
    ]


def test_the_same_command_again_plays_nothing(inside: Command, folder: Path, live: str) -> None:
    told, kept = [], []
    for _ in range(2):
        told.append(inside("fork", "s.db", live, "--at", 3, "-n", 2, "--drop", "--json").stdout)
        kept.append([rows(folder / "s.db", f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5")
                     for table in ("events", "replies", "trials")])  # fmt: skip
    assert told[0] == told[1]
    assert kept[0] == kept[1]
    # More branches are added to those that are there.
    inside("fork", "s.db", live, "--at", 3, "-n", 3, "--drop", "-q")
    more = rows(folder / "s.db", "SELECT * FROM events")
    assert set(kept[0][0]) < set(more)
    assert [branch for _, branch in branches(folder / "s.db")] == [0, 1, 2] * 2


def test_what_is_shared_is_not_stored_again(inside: Command, folder: Path, live: str) -> None:
    inside("fork", "s.db", live, "--at", 4, "-n", 2, *SAID, "-q")
    own = rows(
        folder / "s.db",
        "SELECT kind, turn, count(*) FROM events JOIN trials USING (trial) WHERE at IS NOT NULL"
        " GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert own == [
        ("ended", 6, 4), ("intervention", 4, 2), ("probe", 6, 12),
        ("turn", 4, 4), ("turn", 5, 4), ("turn", 6, 4),
    ]  # fmt: skip


def test_a_branch_is_shown_whole_with_what_was_put_there(inside: Command, live: str) -> None:
    forked = strict(inside("fork", "s.db", live, "--at", 4, "-n", 1, *SAID, "--json").stdout)
    printed = inside("show", "s.db", live, "--probes").stdout.splitlines()
    branch = inside("show", "s.db", forked["trials"][0][0], "--probes").stdout.splitlines()
    # The head draws the course of stances to the end; what is shared begins after it.
    first, fourth = (
        next(place for place, line in enumerate(printed) if line.startswith(f"   {turn} "))
        for turn in (1, 4)
    )
    assert printed[first:fourth] == branch[first:fourth], "the probes of what is shared, too"
    assert ", fork@4 say Ada: I was wrong.  " in branch[0]
    assert "   4 Ada   I was wrong. (put there)" in branch
    numbers = [line[:4].strip() for line in branch if line[:4].strip().isdigit()]
    assert numbers == list("123456")
    assert "(put there)" not in "".join(printed)
    rolled = inside("show", "s.db", forked["trials"][1][0]).stdout
    assert "(put there)" not in rolled
    record = strict(inside("show", "s.db", forked["trials"][0][0], "--json").stdout)
    turns = sorted((e["index"], e["source"]) for e in record["events"] if e["kind"] == "turn")
    assert turns == [(k, "intervention" if k == 4 else "stage") for k in range(1, 7)]


def test_json_has_every_result(inside: Command, live: str) -> None:
    done = inside("fork", "s.db", live[:6], "--at", 3, "-n", 4, *SAID, "--within", 2, "--json")
    assert done.stdout.count("\n") == 1
    record = strict(done.stdout)
    assert set(record) == {
        "store", "trial", "scenario", "model", "at", "speaker", "text", "branches", "arms", "told",
        "outcomes", "appears", "trials",
    }  # fmt: skip
    facts = [record[name] for name in ("trial", "scenario", "model", "at", "speaker", "branches")]
    assert facts == [live, "mine.py:trio", "embedded:base", 3, "Cleo", 4]
    assert record["arms"] == ["fork@3 say Ada: I was wrong.", "fork@3 reroll"]
    assert [len(arm) for arm in record["trials"]] == [4, 4]
    names = [each["outcome"] for each in record["outcomes"]]
    assert names == [
        *(f"{name} flips within 2" for name in ("Ada", "Ben", "Cleo")),
        *(f"{name} on share" for name in ("Ada", "Ben", "Cleo")),
    ]
    for each in record["outcomes"]:
        assert each["pairs"] + each["missing"] == 4
        for part in ("one", "other", "difference"):
            assert set(each[part]) == {"estimate", "low", "high"}
    # Whoever does not speak within two turns after the third has no outcome, and that is no zero.
    silent = record["outcomes"][names.index("Cleo flips within 2")]
    assert (silent["pairs"], silent["missing"], silent["one"]["estimate"]) == (0, 4, None)
    assert sum(record["appears"]["counts"].values()) == record["appears"]["of"] == 4


def test_concurrency_changes_no_byte(inside: Command, folder: Path, live: str) -> None:
    exports = []
    for concurrency in (1, 16):
        store = f"{concurrency}.db"
        _copy(folder / "s.db", folder / store)
        done = inside("fork", store, live, "--at", 3, "-n", 6, *SAID, "-q",
                      "--concurrency", concurrency)  # fmt: skip
        assert done.returncode == 0, done.stderr
        exports.append(inside("export", store, "-o", "-").stdout)
    assert exports[0].count('"at":3,"branch":') == 12
    assert exports[0] == exports[1]


@pytest.mark.parametrize(
    ("options", "arm", "turn"),
    [
        (["--drop"], "drop", ["Cleo", "", None, "intervention"]),
        (["--say", "Ben:  I gave in: truly. "], "say Ben: I gave in: truly.",
         ["Ben", "I gave in: truly.", None, "intervention"]),
        (["--whisper", "Ada > Ben: He lies."], "whisper Ada > Ben: He lies.",
         ["Ada", "He lies.", ["Ben"], "intervention"]),
        (["--whisper", "Ada >: Oh."], "whisper Ada > : Oh.", ["Ada", "Oh.", [], "intervention"]),
        (["--replace", "Never."], "replace Never.", ["Cleo", "Never.", None, "intervention"]),
        (["--note", "(Thunder.)"], "note (Thunder.)", None),
        (["--noise", "7"], "noise 7", None),
        (["--restage", "Cleo=fixed:Hum."], "restage Cleo=fixed:Hum.",
         ["Cleo", "Hum.", None, "stage"]),
        (["--reroll"], "reroll", None),
    ],
    ids=lambda value: value[0] if isinstance(value, list) and value[0][0] == "-" else "",
)  # fmt: skip
def test_changes(
    inside: Command, folder: Path, live: str, options: list[str], arm: str, turn: list[Any] | None
) -> None:
    forked = strict(inside("fork", "s.db", live, "--at", 3, "-n", 1, *options, "--json").stdout)
    against = "fork@4 reroll" if options == ["--reroll"] else "fork@3 reroll"
    assert forked["arms"] == [f"fork@3 {arm}", against]
    record = strict(inside("show", "s.db", forked["trials"][0][0], "--json").stdout)
    third = next(e for e in record["events"] if e["kind"] == "turn" and e["index"] == 3)
    said = [third[name] for name in ("speaker", "text", "audience", "source")]
    whats = [e["what"] for e in record["events"] if e["kind"] == "intervention"]
    if turn is not None:
        assert said == turn
    else:
        assert said[0::3] == ["Cleo", "stage"]
    expected = {"--drop": "delete", "--reroll": None}.get(options[0], options[0][2:])
    assert whats == ([] if expected is None else [expected])
    if options[0] == "--restage":
        assert record["stages"] == {"fixed:Hum.": open_stage("fixed:Hum.").identity}


def test_both_arms_end_at_the_same_turn(inside: Command, folder: Path, live: str) -> None:
    words = ("fork", "s.db", live, "--at", 3, "-n", 1, "--drop", "--turns", 2)
    record = strict(inside(*words, "--against", "kept", "--json").stdout)
    assert record["arms"] == ["fork@3 drop (2 turns)", "fork@4 reroll (1 turns)"]
    assert record["appears"] is None, "in neither arm was the turn generated again"
    assert [turn[:3] for turn in own_turns(folder / "s.db")] == [
        ("fork@3 drop (2 turns)", 0, 3), ("fork@3 drop (2 turns)", 0, 4),
        ("fork@4 reroll (1 turns)", 0, 4),
    ]  # fmt: skip


def test_a_stance_is_no_share(inside: Command, folder: Path) -> None:
    """On fixed lines everybody answers 0, from -1 to 1."""
    assert (
        inside("run", "mine.py:trio", "-m", "fixed:No.", "-qn1", "--store", "s.db").returncode == 0
    )
    [(trial,)] = rows(folder / "s.db", "SELECT trial FROM trials")
    record = strict(inside("fork", "s.db", trial, "--at", 3, "-n", 5, "--drop", "--json").stdout)
    [stance] = [each["one"] for each in record["outcomes"] if each["outcome"] == "Ada on share"]
    # All are alike: they show no variance, so there are no limits.
    assert stance["low"] is None
    assert stance["high"] is None


def test_a_branch_can_be_forked_again(inside: Command, folder: Path, live: str) -> None:
    first = strict(inside("fork", "s.db", live, "--at", 3, "-n", 2, *SAID, "--json").stdout)
    done = inside("fork", "s.db", first["trials"][0][1], "--at", 5, "-n", 2, "--reroll", "--json")
    again = strict(done.stdout)
    assert {of for of, at in branches(folder / "s.db", '"of", at') if at > 3} == {again["trial"]}
    stage = open_stage("embedded:base")
    told = asyncio.run(play(build(find("mine.py:trio"), {}), stage, seed=0))
    change = say("Ada", "I was wrong.", at=3)
    _, branch = asyncio.run(fork_transcript(told, stage, at=3, n=2, change=change))
    deeper = asyncio.run(fork_transcript(branch, stage, at=5, n=2))
    assert [each for each in own_turns(folder / "s.db") if each[0] == "fork@5 reroll"] == [
        ("fork@5 reroll", number, turn.index, turn.speaker, turn.text)
        for number, made in enumerate(deeper)
        for turn in made.turns[4:]
    ]
    shown = inside("show", "s.db", again["trials"][0][1]).stdout
    assert "   3 Ada   I was wrong. (put there)" in shown
    assert all(f"\n   {number} " in shown for number in range(1, 7))


def test_a_dry_run_leaves_no_trace(inside: Command, folder: Path, live: str) -> None:
    before = (folder / "s.db").read_bytes()
    done = inside("fork", "s.db", live, "--at", 3, "-n", 5, "--drop", "--dry-run", "--json")
    [estimate] = strict(done.stdout)["estimates"]
    assert (estimate["trials"], estimate["there"]) == (10, 0)
    assert (folder / "s.db").read_bytes() == before


# -- scenes with code of their own -----------------------------------------------------------------

OWN = """
from sim import Actor, Edge, Graph, Persona, Scene, after, ask_stance

def pair(turns: int = 6, names: tuple[str, ...] = ("Ada", "Ben")) -> Scene:
    edges = (Edge(source="Ada", target="Ben"), Edge(source="Ben", target="Ada"),
             Edge(source="Ben", target="Ben", when=lambda view: view.turns == 4))
    return Scene(topic="Tea?", graph=Graph(names=names, edges=edges, first="Ada"),
                 cast=[Actor(Persona(name=name, stances={"tea": 0.5})) for name in names],
                 probes=(ask_stance("tea"),), ends=after(turns=turns))
"""


def _own(inside: Command, folder: Path) -> str:
    (folder / "own.py").write_text(OWN)
    words = ("run", "own.py:pair", "-P", "turns=5", "--layout", "screenplay", "--store", "s.db")
    done = inside(*words, "-qn1")
    assert done.returncode == 0, done.stderr
    [(trial,)] = rows(folder / "s.db", "SELECT trial FROM trials")
    return str(trial)


def test_a_scene_with_code_is_built_again_from_its_file(inside: Command, folder: Path) -> None:
    trial = _own(inside, folder)
    done = inside("fork", "s.db", trial, "--at", 3, "-n", 8, "--say", "Ada: Never.", "-q")
    assert done.returncode == 0, done.stderr
    speakers = {speaker for *_, turn, speaker, _ in own_turns(folder / "s.db") if turn == 5}
    assert speakers == {"Ada", "Ben"}, "the condition lets Ben go on"


def test_an_arm_with_a_memory_of_its_own_is_built_again(inside: Command, folder: Path) -> None:
    (folder / "own.py").write_text(OWN)
    (folder / "asks.py").write_text(ASKS)
    done = inside("study", "asks.py:asks", "--no-report", "--store", "a.db", "-q")
    assert done.returncode == 0, done.stderr
    for (trial,) in rows(folder / "a.db", "SELECT trial FROM trials"):
        done = inside("fork", "a.db", str(trial), "--at", 3, "-n", 1, "--drop", "-q")
        assert done.returncode == 0, done.stderr


ASKS = """
from sim import Arm, Contrast, Study

def asks() -> Study:
    arms = {"all": Arm(scenario="own.py:pair"), "little": Arm(scenario="own.py:pair", context=150)}
    weights = {"all": 1, "little": -1}
    return Study(name="asks", question="?", source="-", known="-", refuted_by="-", arms=arms,
                 primary=(Contrast(measure="convergence.end", weights=weights),), seeds=1)
"""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("== 4", "== 3"), "makes another scene by now; bring back"),
        (lambda text: text.replace("0.5", "0.6"), "makes another scene by now; bring back"),
        (lambda text: text.replace("turns:", "length:").replace("=turns", "=length"), "turns"),
        (lambda text: text.replace("\n\n", "\n# Tea.\n"), ""),
        (None, "a store holds no code; keep the file of its scenario"),
    ],
    ids=["code", "persona", "parameter", "comment", "gone"],
)
def test_a_changed_file_is_refused(
    inside: Command, folder: Path, change: Callable[[str], str] | None, says: str
) -> None:
    trial = _own(inside, folder)
    # A file is executed once a process; this is to be another process.
    for name in [name for name in sys.modules if name.startswith("elsinore_scenario_")]:
        del sys.modules[name]
    if change is None:
        (folder / "own.py").unlink()
    else:
        (folder / "own.py").write_text(change(OWN))
    done = inside("fork", "s.db", trial, "--at", 3, "-n", 1, "--drop", "-q")
    if says:
        one_line(done, says)
    else:
        assert done.returncode == 0, done.stderr
    assert len(branches(folder / "s.db")) == (0 if says else 2)


@pytest.mark.parametrize("options", [["--say", "Ada: Never."], ["--reroll", "--turns", "3"]])
def test_a_branch_with_code_can_be_forked_again(
    inside: Command, folder: Path, options: list[str]
) -> None:
    trial = _own(inside, folder)
    record = strict(inside("fork", "s.db", trial, "--at", 2, "-n", 1, *options, "--json").stdout)
    done = inside("fork", "s.db", record["trials"][0][0], "--at", 4, "-n", 1, "--drop", "-q")
    assert done.returncode == 0, done.stderr


# -- stages are reopened as they were --------------------------------------------------------------


@pytest.mark.parametrize("model", ["fixed:Yes.|No.|Perhaps.", "embedded:base?kappa=0.9&pi=0.6"])
def test_a_stage_is_reopened_as_it_was(inside: Command, folder: Path, model: str) -> None:
    assert inside("run", "mine.py:trio", "-m", model, "-qn1", "--store", "s.db").returncode == 0
    [(trial, identity)] = rows(folder / "s.db", "SELECT trial, stage FROM trials")
    assert inside("fork", "s.db", trial, "--at", 3, "-n", 2, *SAID, "-q").returncode == 0
    assert {stage for (stage,) in branches(folder / "s.db", "stage")} == {identity}
    stage = open_stage(model)
    told = asyncio.run(play(build(find("mine.py:trio"), {}), stage, seed=0))
    for arm, change in (("reroll", ()), (f"say {SAID[1]}", say("Ada", "I was wrong.", at=3))):
        made = asyncio.run(fork_transcript(told, stage, at=3, n=2, change=change))
        assert [each for each in own_turns(folder / "s.db") if each[0] == f"fork@3 {arm}"] == [
            (f"fork@3 {arm}", number, turn.index, turn.speaker, turn.text)
            for number, branch in enumerate(made)
            for turn in branch.turns[2:]
        ]


@pytest.mark.parametrize(
    ("model", "identity", "says"),
    [
        ("fixed:Yes.", "fixed:00", "it is 'fixed:"),
        ("fixed:No.", None, "and was 'fixed:"),
        ("embedded:base", "embedded:base?kapa=1", "no parameter 'kapa'"),
        ("embedded:base", "embedded:base?kappa=0.4", "and was 'embedded:base?kappa=0.4'"),
    ],
)
def test_another_stage_is_refused(
    inside: Command, folder: Path, model: str, identity: str | None, says: str
) -> None:
    played = model if identity else "fixed:Yes."
    assert inside("run", "mine.py:trio", "-m", played, "-qn1", "--store", "s.db").returncode == 0
    [(trial,)] = rows(folder / "s.db", "SELECT trial FROM trials")
    rows(folder / "s.db", f"UPDATE trials SET model = '{model}'")
    if identity is not None:
        rows(folder / "s.db", f"UPDATE trials SET stage = '{identity}'")
    one_line(inside("fork", "s.db", trial, "--at", 3, "-n", 1, "--drop", "-q"), says)
    assert branches(folder / "s.db") == []


def _real(inside: Command, folder: Path, stub: StubServer, *how: str) -> str:
    done = inside("run", "mine.py:trio", "-m", "openai:stub", "--base-url", stub.url, *how,
                  "--store", "s.db", "-qn1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    [(trial,)] = rows(folder / "s.db", "SELECT trial FROM trials")
    stub.reset()
    return str(trial)


def test_a_real_model_is_asked_as_it_was(inside: Command, folder: Path, stub: StubServer) -> None:
    trial = _real(
        inside, folder, stub, "--temperature", "0.5", "--top-p", "0.9", "--no-seeds",
        "--extra-body", '{"top_k": 3}', "--stop", "END",
    )  # fmt: skip
    words = ("fork", "s.db", trial, "--at", 6, "-n", 3, "--drop", "--turns", 1, "-q")
    for _ in range(2):
        done = inside(*words)
        assert done.returncode == 0, done.stderr
        # Three turns generated again, and three actors asked in each of six branches.
        assert stub.counts()["calls"] == 3 + 18
    [(stage,)] = rows(folder / "s.db", "SELECT DISTINCT stage FROM trials")
    assert "temperature=0.5" in stage
    done = inside("fork", "s.db", trial, "--at", 6, "-n", 1, "--restage", "Ben=fixed:No.",
                  "--against", "kept", "-q")  # fmt: skip
    assert done.returncode == 0, done.stderr
    body = stub.last()
    assert (body["temperature"], body["top_p"], body["top_k"]) == (0.5, 0.9, 3)
    assert "seed" not in body


@pytest.mark.parametrize(
    "identity",
    [
        "openai:stub?temperature=[redacted]",
        "openai:stub?base_url=https://[redacted]@host/v1",
        "openai:stub?extra_body={",
        'openai:stub?extra_body={"user": "[redacted]"}',
        "openai:stub",
    ],
)
def test_what_is_not_known_any_more_is_not_asked(
    inside: Command, folder: Path, stub: StubServer, identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = _real(inside, folder, stub)
    rows(folder / "s.db", f"UPDATE trials SET stage = '{identity}'")
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    one_line(inside("fork", "s.db", trial, "--at", 6, "-n", 1, "--drop", "-q"), identity)
    assert stub.counts()["calls"] == 0


def test_one_account_has_one_limit_whoever_joins(stub: StubServer) -> None:
    options = ModelOptions(Sampling(base_url=stub.url), requests_per_minute=60)
    played = [(f"openai:{name}", f"openai:{name}?base_url={stub.url}") for name in "ab"]
    stages = reopen(played, options)
    more = open_cast(["openai:c", "completions:d"], stages, options).stages
    limits: list[Any] = [stage.stage.limits for stage in (*stages.values(), *more.values())]  # type: ignore[attr-defined]
    assert limits[0] is limits[1]
    assert limits == limits[:1] * 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "say what is to be different, once"),
        (["--drop", "--reroll"], "say what is to be different, once"),
        (["--note", "Rain.", "--noise", "3"], "say what is to be different, once"),
        (["--say", "Ada"], 'write it as --say "Ada: I was wrong."'),
        (["--say", ": No."], 'write it as --say "Ada: I was wrong."'),
        (["--say", "Ada > Ben: No."], 'write it as --say "Ada: I was wrong."'),
        (["--say", "Ada: "], "is blank"),
        (["--say", "Dan: No."], "'Dan' is not in the cast; use one of Ada, Ben, Cleo"),
        (["--whisper", "Ada: No."], 'write it as --whisper "Ada > Ben: He lies."'),
        (["--whisper", "Ada > Dan: No."], "'Dan' is not in the cast"),
        (["--replace", " "], "is blank"),
        (["--note", ""], "is blank"),
        (["--noise", "100001"], "less than or equal to 100000"),
        (["--restage", "Ada"], "write --restage NAME=MODEL"),
        (["--restage", "=fixed:No."], "write --restage NAME=MODEL"),
        (["--restage", "Dan=fixed:No."], "'Dan' is not in the cast"),
        (["--restage", "Ada=embedded:rhlf"], "did you mean rlhf?"),
        (["--reroll", "--against", "reroll"], "that is the same arm"),
        (["--drop", "--at", "7"], "no turn 7; the transcript has 6 turns"),
        (["--say", "Ada: No.", "--at", "7"], "it is due at turn 7, and the scene is over after 6"),
        (["--note", "Rain.", "--at", "9"], "no turn 9 to go on from"),
        (["--reroll", "--at", "9"], "no turn 9 to go on from"),
        (["--drop", "--against", "nothing"], "--against nothing: use kept or reroll"),
    ],
)  # fmt: skip
def test_bad_requests(
    inside: Command, folder: Path, live: str, options: list[str], says: str
) -> None:
    at = [] if "--at" in options else ["--at", "3"]
    one_line(inside("fork", "s.db", live, *at, "-n", 1, *options), says)
    assert branches(folder / "s.db") == []


def test_bad_places(inside: Command, folder: Path, live: str) -> None:
    one_line(inside("fork", "s.db", "xyz", "--at", 3, "--drop"), "s.db has no trial 'xyz'; list")
    one_line(inside("fork", "s.db", "", "--at", 3, "--drop"), "has no trial ''")
    one_line(inside("fork", "absent.db", live, "--at", 3, "--drop"), "does not exist")
    for usage in (["--at", "0", "--drop"], ["--drop"], ["--at", "3", "--drop", "-n", "0"]):
        done = inside("fork", "s.db", live, *usage)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


# -- killed ----------------------------------------------------------------------------------------

# Forks itself for each line, so that Python and its libraries start once.
NURSERY = """
import json, networkx, os, sys
import sim.cli.display.forks, sim.cli.commands.fork, sim.cli.display.costs
import sim.study.effects, sim.study.appearance, sim.runs.trials, sim.cli.execution
import sim.stage.providers.chat, sim.stage.providers.openai
from sim.cli import main

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv[1:] = json.loads(line)
        print("born", os.getpid(), flush=True)
        try:
            main()
        except SystemExit as left:
            sys.stdout.flush()
            os._exit(left.code or 0)
        os._exit(70)
    print("died", os.waitpid(child, 0)[1], flush=True)
"""
CONCURRENCY = 8
KILLS = 6


def test_killed_in_the_middle_it_ends_as_if_it_had_never_been(
    inside: Command, folder: Path, stub: StubServer
) -> None:
    trial = _real(inside, folder, stub)
    shutil.copy(folder / "s.db", folder / "quiet.db")
    words = ["--at", "2", "-n", "8", *SAID, "-q", "--concurrency", str(CONCURRENCY)]
    assert inside("fork", "quiet.db", trial, *words).returncode == 0
    words.append("--no-cache")  # nothing but the journal keeps it from asking again
    alone = stub.counts()
    assert alone["calls"] == alone["unique"] == 8 * (4 + 6) + 8 * (5 + 6)

    stub.reset()
    stub.behave(latency=0.003)
    dice = random.Random(5)
    in_doubt = calls = unique = 0
    environment = {**os.environ, "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", NURSERY], cwd=folder, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as nursery:  # fmt: skip
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for kill in range(KILLS + 1):
            nursery.stdin.write(json.dumps(["fork", "s.db", trial, *words]) + "\n")
            nursery.stdin.flush()
            born, pid = nursery.stdout.readline().split()
            assert born == "born"
            if kill < KILLS:
                enough = calls + dice.randint(1, 20)
                while stub.counts()["calls"] < enough:
                    assert not select([nursery.stdout], [], [], 0.01)[0], "it died by itself"
                os.kill(int(pid), signal.SIGKILL)
            died = nursery.stdout.readline()
            assert died == f"died {int(signal.SIGKILL) if kill < KILLS else 0}\n"
            told = stub.counts()
            again = (told["calls"] - calls) - (told["unique"] - unique)
            assert again <= in_doubt, "a reply was asked for again"
            calls, unique = told["calls"], told["unique"]
            connection = open_readonly(folder / "s.db")
            (in_doubt,) = connection.execute("SELECT count(*) FROM intents").fetchone()
            (half_ended,) = connection.execute(
                "SELECT count(*) FROM events JOIN trials USING (trial)"
                " WHERE kind = 'ended' AND status = 'planned'"
            ).fetchone()
            connection.close()
            assert in_doubt <= CONCURRENCY * (kill + 1)
            assert half_ended == 0, "a branch has its end but not its status"
        nursery.stdin.close()
    assert in_doubt == 0
    assert calls > unique == alone["unique"]
    exports = [inside("export", store, "-o", "-").stdout for store in ("s.db", "quiet.db")]
    assert exports[0] == exports[1]
