"""The command's good side: what it prints, where, and in which shape."""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from keyword import iskeyword
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from sim.cli import completion
from sim.cli.app import SUMMARIES
from sim.cli.display.terminal import visible
from sim.redaction import redact
from sim.stage.open import known_models

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.mark.parametrize("name", ["personas", "label", "bench"])
def test_the_help_of_a_group_cuts_no_summary_off(inside: Command, name: str) -> None:
    shown = inside(name, "--help").stdout
    assert "..." not in shown.partition("Commands:")[2]


def test_version_and_help(inside: Command) -> None:
    assert inside("--version").stdout.startswith("elsinore 0.")
    assert "elsinore run mousetrap" in inside("--help").stdout
    shown = inside("run", "--help").stdout
    for option in ("--model", "--trials", "--seed", "-P", "--store", "--concurrency", "--durable",
                   "--in-doubt", "--yoked", "--json", "--quiet", "--log-level"):  # fmt: skip
        assert option in shown


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_help_of_all_has_each_command_s_own_summary(name: str) -> None:
    # The help of all loads no command, so it cannot take the summaries from their functions.
    # A word that Python keeps for itself cannot name a module.
    [module] = Path("sim/cli/commands").glob(f"{name}{'_files' if iskeyword(name) else ''}.py")
    [own] = (
        ast.get_docstring(node)
        for node in ast.parse(module.read_text()).body
        if isinstance(node, ast.FunctionDef)
        if node.name in (name, f"{name}_scenarios", f"{name}_files")
    )
    assert own is not None
    assert " ".join(own.partition("\n\n")[0].split()) == SUMMARIES[name]


def test_a_mistyped_command_gets_a_suggestion(inside: Command) -> None:
    refused = inside("tournamet")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Did you mean 'tournament'?" in refused.stderr


def test_list(inside: Command) -> None:
    shown = inside("list")
    assert shown.returncode == 0
    assert "embedded:base" in shown.stdout
    record = json.loads(inside("list", "--json").stdout)
    assert record["models"] == list(known_models())
    for scenario in record["scenarios"]:
        assert scenario["summary"]
        for parameter in scenario["parameters"]:
            assert set(parameter) == {"name", "type", "default"}


def test_json_is_one_object_of_the_promised_shape(played: tuple[Path, str]) -> None:
    assert played[1].count("\n") == 1
    record = json.loads(played[1], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert record["store"] == "runs/trio.db"
    assert [(trial["model"], trial["seed"]) for trial in record["trials"]] == [
        ("embedded:base", 0),
        ("embedded:base", 1),
        ("embedded:rlhf", 0),
        ("embedded:rlhf", 1),
    ]
    for trial in record["trials"]:
        assert set(trial) >= {"id", "scenario", "stage", "seed", "status", "turns"}
        assert trial["scenario"] == "mine.py:trio"
        assert trial["status"] == "done"
        assert trial["turns"] == 6
        assert set(trial["outcomes"]) == {"Ada", "Ben", "Cleo"}
        for fate in trial["outcomes"].values():
            for name in ("flip", "collapse", "loop"):
                assert fate[name] is None or 1 <= fate[name] <= 6
        assert {"c", "start", "end", "agreed_at"} <= set(trial["convergence"])
    assert [arm["model"] for arm in record["arms"]] == ["embedded:base", "embedded:rlhf"]
    assert record["comparisons"][0]["pairs"] == 2
    assert record["interrupted"] is False


def test_a_pipe_gets_the_table_and_nothing_else(
    played: tuple[Path, str], in_played: Command, inside: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = in_played("run", "mine.py:trio", "-n", 2, "-m", "embedded:base", "-m", "embedded:rlhf")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert done.stdout.startswith("mine.py:trio on embedded:base, embedded:rlhf: 4 trials, 24 turn")
    assert "embedded:rlhf − embedded:base: C " in done.stdout
    command = done.stdout.splitlines()[-1].removeprefix("Read one: ").split()
    assert command[:3] == ["elsinore", "show", "runs/trio.db"]
    monkeypatch.chdir(played[0])
    assert "The end: after 6 turns." in inside(*command[1:]).stdout


def test_the_summary_says_who_never_spoke(inside: Command, folder: Path) -> None:
    (folder / "short.py").write_text(
        "from sim import Persona, Scene, after, ring\n"
        "def short(turns: int = 2) -> Scene:\n"
        "    cast = [Persona(name=name) for name in ('Ada', 'Ben', 'Cleo')]\n"
        "    graph = ring('Ada', 'Ben', 'Cleo')\n"
        "    return Scene(topic='Tea?', cast=cast, graph=graph, ends=after(turns=turns))\n"
    )
    short = ("run", "short.py:short", "--store", "s.db", "-m", "fixed:Well.")
    assert "\nNever spoke: Cleo\n" in inside(*short, "-n1").stdout
    assert "\nNever spoke: Cleo (in 2 of 2 trials)\n" in inside(*short, "-n2").stdout
    record = json.loads(inside(*short, "-n1", "--json").stdout)
    assert record["trials"][0]["silent"] == ["Cleo"]
    assert "Never spoke" not in inside(*short, "-n1", "-P", "turns=3").stdout


def test_surrogates_tell_a_shared_pull_from_interaction(inside: Command) -> None:
    done = inside("run", "mine.py:trio", "-n", 3, "-m", "embedded:rlhf", "--yoked", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert len(record["trials"]) == 3
    assert record["surrogates"] == 9
    ends = record["arms"][0]["convergence"]
    assert ends["c"] == pytest.approx(ends["shared"] + ends["interaction"])
    table = inside("run", "mine.py:trio", "-n", 3, "-m", "embedded:rlhf", "--yoked").stdout
    assert "3 trials, 18 turns, 9 surrogates" in table
    assert "shared pull" in table


def test_quiet_is_quiet(elsinore: Command) -> None:
    done = elsinore("run", "mine.py:trio", "--quiet", "-m", "fixed:Yes.|No.")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_show_lists_and_prints(played: tuple[Path, str], inside: Command) -> None:
    store = played[0] / "runs/trio.db"
    shown = inside("show", store).stdout
    assert [line.split()[1:6] for line in shown.splitlines()[1:5]] == [
        ["mine.py:trio", "embedded:base", "0", "done", "6"],
        ["mine.py:trio", "embedded:base", "1", "done", "6"],
        ["mine.py:trio", "embedded:rlhf", "0", "done", "6"],
        ["mine.py:trio", "embedded:rlhf", "1", "done", "6"],
    ]
    first = json.loads(played[1])["trials"][0]["id"]
    printed = inside("show", store, first[:6], "--probes").stdout
    assert "   1 Ada   " in printed
    assert "stance:share: Ada " in printed
    record = json.loads(inside("show", store, first[:6], "--json").stdout)
    turns = [event for event in record["events"] if event["kind"] == "turn"]
    assert [turn["speaker"] for turn in turns] == ["Ada", "Ben", "Cleo"] * 2
    assert set(record["outcomes"]) == {"Ada", "Ben", "Cleo"}


def test_a_prompt_is_rendered_again_and_checked(
    played: tuple[Path, str], inside: Command, tmp_path: Path
) -> None:
    first = json.loads(played[1])["trials"][0]["id"]
    done = inside("show", played[0] / "runs/trio.db", first, "--prompt", 4)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[system]\nYou play Ada in a scene with Ben and Cleo.")
    record = json.loads(
        inside("show", played[0] / "runs/trio.db", first, "--prompt", 4, "--json").stdout
    )
    assert record["same"] is True

    changed = tmp_path / "changed.db"
    with sqlite3.connect(changed) as connection:
        source = sqlite3.connect(played[0] / "runs/trio.db")
        source.backup(connection)
        source.close()
        connection.execute("UPDATE events SET payload = replace(payload, ' ', '  ') WHERE turn = 3")
    connection.close()
    done = inside("show", changed, first, "--prompt", 4)
    assert done.returncode == 1
    assert "this is not the prompt that was sent" in done.stderr


OTHERS = """
from sim import Actor, Persona, Scene, after, ring
from sim.scene.templates import Wording
from sim.scene.actor import Context

ADA = Persona(name="Ada", stances={"tea": 0.8, "milk": -0.5})

def scene(cast=(ADA, Persona(name="Ben")), **fields) -> Scene:
    return Scene(topic="Tea?", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=12), **fields)

def worded(turns: int = 1) -> Scene:
    return scene(wording=Wording(version="curt", manner="{name}, briefly."))

def authored(turns: int = 1) -> Scene:
    return scene(layout="author", block=3)

def forgetful(turns: int = 1) -> Scene:
    full = Context(tokens=150, policy="drop_oldest")
    return scene(cast=(Actor(ADA, context=full), Persona(name="Ben")))
"""


@pytest.mark.parametrize("name", ["worded", "authored", "forgetful"])
def test_every_prompt_can_be_rendered_again(inside: Command, folder: Path, name: str) -> None:
    (folder / "others.py").write_text(OTHERS)
    assert inside("run", f"others.py:{name}", "-qn1", "--store", "s.db").returncode == 0
    (trial,) = json.loads(inside("show", "s.db", "--json").stdout)["trials"]
    for turn in range(1, 13):
        done = inside("show", "s.db", trial["id"], "--prompt", turn)
        assert done.returncode == 0, done.stderr


def test_what_a_model_wrote_cannot_touch_the_terminal(inside: Command, folder: Path) -> None:
    line = "fixed:\x1b]0;owned\x07 [bold red]Stop[/] \x1b[2J"
    assert inside("run", "mine.py:trio", "--quiet", "-m", line, "--store", "s.db").returncode == 0
    connection = sqlite3.connect(folder / "s.db")
    (trial,) = connection.execute("SELECT trial FROM trials").fetchone()
    connection.close()
    printed = inside("show", "s.db", trial)
    assert printed.returncode == 0, printed.stderr
    assert "\x1b" not in printed.stdout
    assert "\x07" not in printed.stdout
    assert r"\x1b]0;owned\x07 [bold red]Stop[/] \x1b[2J" in printed.stdout


def test_export_is_canonical(
    played: tuple[Path, str], inside: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(played[0])
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    done = inside("export", "runs/trio.db", "--format", "jsonl", "-o", one)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert inside("export", "runs/trio.db", "-o", "-").stdout == one.read_text()
    again = inside("run", "mine.py:trio", "-n", 2, "-m", "embedded:base", "-m", "embedded:rlhf",
                      "--quiet", "--store", tmp_path / "s.db", "--concurrency", 1)  # fmt: skip
    assert again.returncode == 0
    assert inside("export", tmp_path / "s.db", "-o", other).returncode == 0
    assert one.read_bytes() == other.read_bytes()


def test_nobody_reads_the_pipe_to_its_end(played: tuple[Path, str], process: Start) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    started = process(
        played[0], ["export", "runs/trio.db", "-o", "-"], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert started.communicate(timeout=30)[1] == b""


@pytest.mark.parametrize(
    ("toml", "env", "option", "seeds"),
    [
        ("", {}, [], list(range(20))),  # Free, so enough for an interval.
        ("[run]\ntrials = 2\nseed = 10\n", {}, [], [10, 11]),
        ("[run]\ntrials = 2\nseed = 10\n", {"ELSINORE_SEED": "20"}, [], [20, 21]),
        ("[run]\ntrials = 2\nseed = 10\n", {"ELSINORE_SEED": "20"}, ["--seed", "30"], [30, 31]),
    ],
)
def test_option_over_environment_over_file_over_default(
    inside: Command,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    toml: str,
    env: dict[str, str],
    option: list[str],
    seeds: list[int],
) -> None:
    if toml:
        (folder / "elsinore.toml").write_text(toml + 'model = "fixed:Yes.|No."\nquiet = true\n')
    model = [] if toml else ["-m", "fixed:Yes.|No.", "--quiet"]
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    done = inside("run", "mine.py:trio", *option, *model)
    assert done.returncode == 0, done.stderr
    connection = sqlite3.connect(folder / "runs/trio.db")
    trials = connection.execute("SELECT seed, model FROM trials ORDER BY seed").fetchall()
    connection.close()
    assert trials == [(seed, "fixed:Yes.|No.") for seed in seeds]


def test_the_same_command_plays_nothing_twice(inside: Command, folder: Path) -> None:
    stored: list[list[tuple[Any, ...]]] = []
    for _ in range(2):
        assert inside("run", "mine.py:trio", "-qn1", "-m", "fixed:Yes.|No.").returncode == 0
        connection = sqlite3.connect(folder / "runs/trio.db")
        stored.append(connection.execute("SELECT * FROM replies ORDER BY key").fetchall())
        connection.close()
    assert len(stored[0]) == 6 + 9
    assert stored[0] == stored[1]


def test_completion(played: tuple[Path, str], run_at: Command) -> None:
    folder = played[0]

    def complete(*words: str) -> list[str]:
        line = ["elsinore", *words]
        done = run_at(
            folder,
            _ELSINORE_COMPLETE="complete_bash",
            COMP_WORDS="\n".join(line),
            COMP_CWORD=str(len(line) - 1),
        )
        return done.stdout.split()

    assert "mousetrap" in complete("run", "mouse")
    assert complete("run", "min") == ["mine.py"]
    # Bash takes words apart at colons and equals signs, and replaces the last part alone.
    assert complete("run", "mousetrap", "-m", "embedded", ":", "rl") == ["rlhf"]
    assert "base" in complete("run", "mousetrap", "-m", "embedded", ":")
    assert "--trials" in complete("run", "mousetrap", "-P", "turns", "=", "8", "--tr")
    assert complete("run", "mousetrap", "-P", "tur") == ["turns=24"]
    assert complete("run", "mousetrap", "-P", "turns", "=") == ["24"]
    assert "runs/trio.db" in complete("show", "")
    trial: dict[str, Any] = json.loads(played[1])["trials"][0]
    assert complete("show", "runs/trio.db", trial["id"][:4]) == [trial["id"][:12]]
    assert tuple(f"embedded:{kind}" for kind in completion._KINDS) == known_models()


def test_a_completion_script_is_written(elsinore: Command) -> None:
    done = elsinore(_ELSINORE_COMPLETE="source_bash")
    assert done.returncode == 0
    assert "complete -o" in done.stdout


def test_keys_do_not_reach_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SPECIAL_TOKEN", "open-sesame-42")
    text = redact("sk-abcdefgh12345678 and Bearer abcdefgh1234 and open-sesame-42")
    for secret in ("sk-abc", "abcdefgh1234", "sesame"):
        assert secret not in text


def test_controls_become_visible() -> None:
    assert visible("a\x1b[1m\r\u202eb\n\té🙂") == "a\\x1b[1m\\r\\u202eb\n\té🙂"


def test_versions_of_a_scenario_are_told_apart(inside: Command, folder: Path) -> None:
    run = ("run", "mine.py:trio", "-n", 2, "--store", "a.db")
    assert "versions" not in inside(*run).stdout
    assert "version" not in inside("show", "a.db").stdout
    mine = folder / "mine.py"
    mine.write_text(mine.read_text().replace("lives by the well", "lives by the mill"))
    told = " ".join(inside(*run).stdout.split())
    assert "mine.py:trio has 2 versions here, which are measured apart; 2 differs from 1 in" in told
    assert "'Ada lives by the well.' → 'Ada lives by the mill.'" in told
    shown = inside("show", "a.db").stdout
    assert "version" in shown
    record = json.loads(inside("show", "a.db", "--json").stdout)
    assert [trial["version"] for trial in record["trials"]].count("2") == 2


def test_several_values_of_a_parameter_are_arms(inside: Command) -> None:
    """With the same seeds, each compared with the first, within each model."""
    run = ("run", "mine.py:trio", "-n", 3, "--store", "a.db", "-P", "rounds=1,2",
           "-m", "embedded:base", "-m", "embedded:rlhf")  # fmt: skip
    record = json.loads(inside(*run, "--json").stdout)
    labels = [f"embedded:{kind} rounds={n}" for n in (1, 2) for kind in ("base", "rlhf")]
    assert [arm["label"] for arm in record["arms"]] == labels
    assert [(arm["trials"], arm["parameters"]["rounds"]) for arm in record["arms"]] == [
        (3, 1), (3, 1), (3, 2), (3, 2),
    ]  # fmt: skip
    seeds = {trial["arm"]: [] for trial in record["trials"]}
    for trial in record["trials"]:
        seeds[trial["arm"]].append(trial["seed"])
    assert all(sorted(each) == [0, 1, 2] for each in seeds.values())
    told = [(each["a"], each["b"], each["of"], each["pairs"]) for each in record["comparisons"]]
    assert told == [
        ("embedded:rlhf", "embedded:base", "rounds=1", 3),
        ("embedded:rlhf", "embedded:base", "rounds=2", 3),
        ("rounds=2", "rounds=1", "embedded:base", 3),
        ("rounds=2", "rounds=1", "embedded:rlhf", 3),
    ]
    shown = inside(*run).stdout
    assert "rounds=2 − rounds=1 (embedded:base): C " in shown
    again = inside("run", "mine.py:trio", "-n", 3, "--store", "b.db", "-P", "rounds=1", "-P",
                   "rounds=2", "--json")  # fmt: skip
    assert len(json.loads(again.stdout)["arms"]) == 2
    alone = json.loads(inside("run", "mine.py:trio", "-n", 2, "--store", "c.db", "--json").stdout)
    assert [(arm["label"], arm["model"]) for arm in alone["arms"]] == [("embedded:base",) * 2]


@pytest.mark.parametrize("given", ["rounds=1,x", "rounds=1,", "rounds=,", "temper=0.5,nan"])
def test_a_value_among_several_that_is_none(inside: Command, folder: Path, given: str) -> None:
    done = inside("run", "mine.py:trio", "-P", given, "--store", "a.db")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (folder / "a.db").exists()
