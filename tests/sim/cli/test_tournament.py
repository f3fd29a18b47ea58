"""The commands of tournaments: held, foreseen, rated, judged by people, and refused."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backstage.terminal import ESCAPES, Terminal

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]

CUP = """
name = "Cup"
judges = ["embedded:base", { stage = "embedded:base?primacy=3", name = "hasty" }]
[format]
kind = "round-robin"
times = 2
[debate]
rebuttals = 0
questions = 0
closing = 40
[[motions]]
topic = "The town should sell its spring."
[[motions]]
topic = "The library should open at night."
[[entrants]]
name = "weak"
stage = "embedded:base?skill=-2"
[[entrants]]
name = "average"
[[entrants]]
name = "strong"
stage = "embedded:base?skill=2"
"""

PYTHON = '''
from sim import Actor, Persona, Scene, after, ring
from sim.tournament import Debate, Entrant, Tournament

def duel(words: int = 40) -> Tournament:
    """Two, once."""
    return Tournament(
        name="Duel", entrants=[Entrant(name="one"), Entrant(name="other", prompt="Be brief.")],
        motions=["Tea?"], judges=["embedded:base"],
        debate=Debate(opening=words, rebuttals=0, questions=0, closing=None))

def scene() -> Scene:
    """No tournament."""
    cast = [Actor(Persona(name="Ada")), Actor(Persona(name="Ben"))]
    return Scene(topic="Tea.", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=2))
'''


@pytest.fixture
def cup(folder: Path) -> Path:
    (folder / "cup.toml").write_text(CUP, encoding="utf-8")
    (folder / "cups.py").write_text(PYTHON, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory, run_at: Command) -> tuple[Path, dict[str, Any]]:
    """A folder in which the cup was held, and the JSON that came of it. It stays as it is."""
    folder = tmp_path_factory.mktemp("held")
    (folder / "cup.toml").write_text(CUP, encoding="utf-8")
    done = run_at(folder, "tournament", "cup.toml", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, json.loads(done.stdout)


@pytest.fixture
def in_held(
    held: tuple[Path, dict[str, Any]], inside: Command, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs the command, in this process, where the cup was held. Nothing may be changed there."""
    monkeypatch.chdir(held[0])
    return inside


# -- held ------------------------------------------------------------------------------------------


def test_it_is_held_and_says_who_is_strong(held: tuple[Path, dict[str, Any]]) -> None:
    _, record = held
    assert (record["name"], record["debates"], record["judged"]) == ("Cup", 12, 12)
    assert (record["verdicts"], record["missing_verdicts"], record["of_rounds"]) == (48, 0, 6)
    order = [each["entrant"] for each in record["standings"]]
    assert order[-1] == "weak"
    for each in record["standings"]:
        assert each["low"] < each["rating"] < each["high"]
        assert each["matches"] == 4
    assert abs(sum(each["rating"] for each in record["standings"])) < 1e-9
    assert {each["judge"] for each in record["judges"]["table"]} == {"embedded:base", "hasty"}


def test_standings_say_the_same_as_the_end_of_the_tournament(
    held: tuple[Path, dict[str, Any]], in_held: Command
) -> None:
    _, record = held
    done = in_held("standings", "runs/cup.db", "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["standings"] == record["standings"]
    assert again["judges"] == record["judges"]


def test_standings_without_the_biases_of_judges(
    held: tuple[Path, dict[str, Any]], in_held: Command
) -> None:
    _, record = held
    done = in_held("standings", "runs/cup.db", "--adjusted", "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    plain = {each["entrant"]: each for each in record["standings"]}
    moved = [each["rating"] - plain[each["entrant"]]["rating"] for each in again["standings"]]
    assert any(abs(each) > 1e-3 for each in moved)
    # Points are what was paired by, and stay.
    assert all(each["points"] == plain[each["entrant"]]["points"] for each in again["standings"])
    assert any("biases were taken out" in note for note in again["notes"])


def test_standings_say_who_gives_in(held: tuple[Path, dict[str, Any]], in_held: Command) -> None:
    done = in_held("standings", "runs/cup.db", "--concessions", "--json")
    assert done.returncode == 0, done.stderr
    rates = {each["entrant"]: each["rate"] for each in json.loads(done.stdout)["concessions"]}
    assert rates["weak"] > rates["strong"]
    told = in_held("standings", "runs/cup.db", "--concessions").stdout
    assert "is conceded to [95%]" in told


def test_standings_for_people_and_as_csv(
    held: tuple[Path, dict[str, Any]],
    in_held: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, record = held
    monkeypatch.setenv("COLUMNS", "80")
    done = in_held(
        "standings", "runs/cup.db", "--judges", "--matrix", "--csv", tmp_path / "cup.csv"
    )
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    for told in ("rating [95%]", "judges agree on the winner", "shown first", "expected score"):
        assert told in done.stdout
    with (tmp_path / "cup.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["entrant"] for row in rows] == [each["entrant"] for each in record["standings"]]
    assert [float(row["rating"]) for row in rows] == [
        each["rating"] for each in record["standings"]
    ]


def test_again_plays_and_asks_nothing(cup: Path, inside: Command) -> None:
    first = inside("tournament", "cup.toml", "--format", "swiss", "--rounds", 2, "--json")
    assert first.returncode == 0, first.stderr
    store = cup / "runs" / "cup.db"
    held = inside("export", store, "-o", "first.jsonl")
    assert held.returncode == 0
    again = inside("tournament", "cup.toml", "--format", "swiss", "--rounds", 2, "--json")
    assert json.loads(again.stdout)["standings"] == json.loads(first.stdout)["standings"]
    inside("export", store, "-o", "again.jsonl")
    assert (cup / "first.jsonl").read_bytes() == (cup / "again.jsonl").read_bytes()


def test_another_judge_asks_only_that_judge(cup: Path, inside: Command) -> None:
    one = inside("tournament", "cups.py:duel", "--json")
    assert one.returncode == 0, one.stderr
    more = inside("tournament", "cups.py:duel", "--judges", "embedded:base,embedded:rlhf",
                    "--json")  # fmt: skip
    assert more.returncode == 0, more.stderr
    record = json.loads(more.stdout)
    assert (record["debates"], record["verdicts"]) == (2, 8)
    known = inside("standings", "runs/duel.db", "-t", record["tournament"][:6])
    assert known.returncode == 0
    both = inside("standings", "runs/duel.db", "-t", "Duel")
    assert both.returncode == 2
    assert "is more than one; say which by its id" in both.stderr


def test_a_function_with_parameters(cup: Path, inside: Command) -> None:
    done = inside("tournament", "cups.py:duel", "-P", "words=30", "--seed", 4)
    assert done.returncode == 0, done.stderr
    assert "Duel: 2 entrants, 2 debates" in done.stdout
    listed = inside("list")
    assert "example_tournament" in listed.stdout


def test_a_dry_run_asks_and_writes_nothing(
    cup: Path, inside: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    done = inside("tournament", "cup.toml", "--judges", "openai:gpt-5-mini", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "3 entrants, 12 debates; 24 verdicts" in done.stdout
    assert "openai:gpt-5-mini (judge)" in done.stdout
    assert not (cup / "runs").exists()
    told = inside("tournament", "cup.toml", "--dry-run", "--json")
    record = json.loads(told.stdout)
    assert (record["dry_run"], record["debates"], record["verdicts"]) == (True, 12, 48)


def test_a_live_table_on_a_terminal(cup: Path, process: Start) -> None:
    terminal = Terminal(process, cup, "tournament", "cup.toml")
    seen = terminal.read_until(lambda output: "verdicts" in output and "points" in output)
    assert "debates" in seen
    assert "free" in seen
    assert terminal.code() == 0
    assert "judges agree on the winner" in terminal.output


def test_no_verdict_at_all_is_no_rating(cup: Path, inside: Command) -> None:
    (cup / "none.toml").write_text(
        CUP.replace('judges = ["embedded:base", { stage = "embedded:base?primacy=3", '
                    'name = "hasty" }]\n', ""),
        encoding="utf-8",
    )  # fmt: skip
    done = inside("tournament", "none.toml", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["judged"] == 0
    assert {each.get("rating") for each in record["standings"]} == {None}
    assert "No debate has a verdict, so nobody is rated." in record["notes"]


def test_a_debate_is_shown_with_its_verdicts(
    held: tuple[Path, dict[str, Any]], in_held: Command
) -> None:
    trials = json.loads(in_held("show", "runs/cup.db", "--json").stdout)["trials"]
    one = json.loads(in_held("show", "runs/cup.db", trials[0]["short"], "--json").stdout)
    assert len(one["verdicts"]) == 4
    told = in_held("show", "runs/cup.db", trials[0]["short"]).stdout
    assert told.count("▽") == len({(each["turn"], each["kind"]) for each in one["concessions"]})
    for actor, entrant in one["parameters"]["entrants"].items():
        assert f"{actor} is {entrant}" in told
        assert f"({actor} shown first): " in told
    for verdict in one["verdicts"]:
        for reason in verdict["reasons"]:
            assert reason["quote"] in told


def test_judges_who_never_give_a_verdict_are_an_error(cup: Path, inside: Command) -> None:
    (cup / "dull.toml").write_text(
        CUP.replace("embedded:base?primacy=3", "fixed:I cannot say.").replace(
            'judges = ["embedded:base", ', "judges = ["
        ),
        encoding="utf-8",
    )
    done = inside("tournament", "dull.toml")
    assert done.returncode == 1, done.stderr
    assert "none of 24 verdicts could be had" in done.stderr.replace("\n", " ")
    assert "24 of 24 verdicts are missing, mostly: " in done.stdout
    assert "Traceback" not in done.stderr


# -- people ----------------------------------------------------------------------------------------


def test_a_person_judges_on_a_sheet(cup: Path, inside: Command) -> None:
    assert inside("tournament", "cups.py:duel", "-q").returncode == 0
    made = inside("judge", "runs/duel.db", "--name", "kim", "--to", "sheet.csv")
    assert made.returncode == 0, made.stderr
    with (cup / "sheet.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert not any(
        "embedded" in cell or "Be brief" in cell for row in rows for cell in row.values()
    )
    rows[0] |= {"winner": "A", "margin": "3"}
    rows[1] |= {"winner": "tie"}
    with (cup / "sheet.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    kept = inside("judge", "runs/duel.db", "--name", "kim", "--from", "sheet.csv")
    assert kept.returncode == 0, kept.stderr
    assert "2 verdicts by human:kim" in kept.stdout
    record = json.loads(inside("standings", "runs/duel.db", "--json").stdout)
    by_judge = {each["judge"]: each for each in record["judges"]["table"]}
    assert by_judge["human:kim"]["verdicts"] == 2
    left = inside("judge", "runs/duel.db", "--name", "kim", "--to", "more.csv")
    assert "nothing is left to judge for kim" in left.stdout


@pytest.mark.parametrize(("delimiter", "comma"), [(";", ","), ("\t", "."), (",", ".")])
def test_a_sheet_that_a_spreadsheet_program_wrote_again_is_read(
    cup: Path, inside: Command, delimiter: str, comma: str
) -> None:
    assert inside("tournament", "cups.py:duel", "-q").returncode == 0
    inside("judge", "runs/duel.db", "--name", "kim", "--to", "sheet.csv")
    with (cup / "sheet.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # In columns of another order, with an empty row; and nothing limits how long a debate is.
    rows[0] |= {"winner": " a ", "margin": f"3{comma}5", "debate": "word " * 40_000}
    with (cup / "sheet.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0])[::-1], delimiter=delimiter)
        writer.writeheader()
        writer.writerow(rows[0])
        file.write("\r\n")
        writer.writerow(rows[1])
    kept = inside("judge", "runs/duel.db", "--name", "kim", "--from", "sheet.csv")
    assert kept.returncode == 0, kept.stderr
    assert "1 verdict by human:kim" in kept.stdout


def test_a_sheet_that_is_no_utf_8_is_refused(cup: Path, inside: Command) -> None:
    assert inside("tournament", "cups.py:duel", "-q").returncode == 0
    (cup / "sheet.csv").write_bytes("id,winner,margin,why\nx,A,3,größer\n".encode("latin-1"))
    refused = inside("judge", "runs/duel.db", "--name", "kim", "--from", "sheet.csv")
    assert refused.returncode == 2
    assert "sheet.csv: is no text in UTF-8 (byte 29); save it in UTF-8" in refused.stderr


def test_a_sheet_with_a_mistake_keeps_nothing(cup: Path, inside: Command) -> None:
    assert inside("tournament", "cups.py:duel", "-q").returncode == 0
    inside("judge", "runs/duel.db", "--name", "kim", "--to", "sheet.csv")
    with (cup / "sheet.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= {"winner": "A", "margin": "3"}
    rows[1] |= {"winner": "C", "margin": "3"}
    with (cup / "sheet.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    refused = inside("judge", "runs/duel.db", "--name", "kim", "--from", "sheet.csv")
    assert refused.returncode == 2
    assert "sheet.csv" in refused.stderr
    record = json.loads(inside("standings", "runs/duel.db", "--json").stdout)
    assert "human:kim" not in {each["judge"] for each in record["judges"]["table"]}


def test_a_person_judges_at_the_terminal(cup: Path, inside: Command, process: Start) -> None:
    assert inside("tournament", "cups.py:duel", "-q").returncode == 0
    terminal = Terminal(process, cup, "judge", "runs/duel.db", "--name", "kim")
    told = terminal.read_until(lambda output: "q: quit)?" in output)
    assert "Speaker A argues" in told
    assert "embedded" not in told
    os.write(terminal.ours, b"Z\n")
    terminal.read_until(lambda output: output.count("q: quit)?") == 2)
    os.write(terminal.ours, b"b\n")
    terminal.read_until(lambda output: "no contest)?" in output)
    os.write(terminal.ours, b"4\n\n\n\nIt was shorter.\nq\n")
    assert terminal.code() == 0
    assert "1 verdict by human:kim" in terminal.output


def test_a_person_debates_one_debate_after_the_other(cup: Path, process: Start) -> None:
    (cup / "me.toml").write_text(
        """
judges = ["embedded:base"]
[debate]
rebuttals = 0
questions = 1
closing = 20
[[motions]]
topic = "Tea?"
[[entrants]]
name = "machine"
[[entrants]]
name = "me"
stage = "human"
""",
        encoding="utf-8",
    )
    terminal = Terminal(process, cup, "tournament", "me.toml")
    # Of each debate an opening, an answer, a question, and a closing.
    for number in range(1, 9):
        terminal.read_until(lambda output, number=number: output.count("> ") >= number)  # type: ignore[misc]
        os.write(terminal.ours, b"No, because I prefer water.\n")
    assert terminal.code() == 0, terminal.output
    told = ESCAPES.sub("", terminal.output)
    assert "me: 2 entrants, 2 debates" in told
    assert told.index("rating [95%]") > told.rindex("it is your turn")
    names = re.findall(r"(\w+), (?:it is your turn|a question in private)", told)
    halves = names[:4], names[4:]
    assert [len(set(half)) for half in halves] == [1, 1]


# -- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tournament", "nosuch"], "there is no such tournament"),
        (["tournament", "nosuch.toml"], "there is no such file"),
        (["tournament", "bad.toml"], "is no TOML"),
        (["tournament", "cups.py:scene"], "a function is needed that returns a Tournament"),
        (["tournament", "cup.toml", "--format", "league"], "round-robin, swiss, knockout"),
        (["tournament", "cup.toml", "--format", "knockout", "--rounds", "3"], "leave it out"),
        (["tournament", "cup.toml", "--judges", "human"], "elsinore judge"),
        (["tournament", "cup.toml", "-P", "words=3"], "has no parameters"),
        (["tournament", "cup.toml", "--temperature", "1"], "options for real models"),
        (["tournament", "cup.toml", "--judges", "embedded:base,embedded:base"], "twice"),
        (["standings", "nosuch.db"], "does not exist"),
        (["judge", "nosuch.db", "--name", "kim"], "does not exist"),
    ],
)
def test_what_is_refused(cup: Path, inside: Command, arguments: list[str], told: str) -> None:
    (cup / "bad.toml").write_text("name = \n", encoding="utf-8")
    done = inside(*arguments)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert not (cup / "runs").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("entrants = 3", "is no list"),
        ('[[entrants]]\nname = "weak"', "is there twice"),
        ('[[entrants]]\nname = "x"\nlayout = "author"', "(x)"),
        ('[[motions]]\ntopic = ""', "motions, number 3"),
        ('[[entrants]]\nname = "x"\ncolour = "red"', "colour"),
        ('[[entrants]]\nname = "x"\nstage = "embedded:nosuch"', "nosuch"),
    ],
)
def test_a_mistake_in_the_file_is_named(cup: Path, inside: Command, line: str, told: str) -> None:
    text = CUP if line.startswith("[[") else CUP[: CUP.index("[[entrants]]")]
    top = "" if line.startswith("[[") else line + "\n"
    rest = line + "\n" if line.startswith("[[") else ""
    (cup / "cup.toml").write_text(top + text + rest, encoding="utf-8")
    done = inside("tournament", "cup.toml")
    assert done.returncode == 2, done.stderr
    assert told in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
