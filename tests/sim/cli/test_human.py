"""A person at the terminal: real processes, with a pipe or a terminal for what is typed."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from select import select
from subprocess import CompletedProcess
from typing import Any

import pytest
from stub_server import StubServer

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]

MODEL = "fixed:Hm."


class Sitting:
    """A person with a process: hears what is on stderr up to a prompt, and types lines."""

    def __init__(self, child: subprocess.Popen[bytes], name: str, keyboard: int) -> None:
        assert child.stderr is not None
        self.child = child
        self.screen = child.stderr.fileno()
        self.prompt = f"{name}> ".encode()
        self.keyboard = keyboard

    def hears(self) -> str:
        """What is shown up to the next prompt."""
        shown = b""
        while not shown.endswith(self.prompt):
            assert select([self.screen], [], [], 60)[0], f"nothing after {shown!r}"
            data = os.read(self.screen, 65536)
            assert data, f"it ended after {shown!r}"
            shown += data
        return shown.decode()

    def types(self, text: str) -> None:
        os.write(self.keyboard, text.encode())

    def answers(self, **lines: Sequence[str]) -> list[str]:
        """Types lines for turns and for private questions until both are used up, and blank ones
        where one is; what was shown before each."""
        left = {what: list(some) for what, some in lines.items()}
        shown = []
        while any(left.values()):
            shown.append(self.hears())
            some = left.get("turns" if "it is your turn" in shown[-1] else "questions")
            self.types(some.pop(0) if some else "\n")
        return shown

    def leaves(self) -> tuple[int, str, str]:
        """The input ends; the exit code, and what is on stdout and on stderr till the end."""
        if self.child.stdin is not None:
            self.child.stdin.close()
            self.child.stdin = None
        out, err = self.child.communicate(timeout=60)
        return self.child.returncode, out.decode(), err.decode()


@pytest.fixture
def sit(process: Start, folder: Path) -> Iterator[Callable[..., Sitting]]:
    """``sit("Ada", "-m", MODEL)``: a run of ``mine.py:trio`` in which Ada is a person."""
    children: list[subprocess.Popen[bytes]] = []

    def start(name: str, *words: object, terminal: int | None = None) -> Sitting:
        line = ["run", "mine.py:trio", "--human", name, "-n", 1, "--store", "h.db", *words]
        child = process(
            folder, line, stdin=subprocess.PIPE if terminal is None else terminal,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        children.append(child)
        return Sitting(child, name, -1 if child.stdin is None else child.stdin.fileno())

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For runs in this process: an input with nothing in it."""
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def events(folder: Path, kind: str, name: str) -> list[tuple[Any, ...]]:
    """Turns as (index, text, source), probes as (turn, value, missing), of an actor."""
    fields = {"turn": ("text", "source"), "probe": ("value", "missing")}[kind]
    columns = ", ".join(f"json_extract(payload, '$.{field}')" for field in fields)
    connection = sqlite3.connect(folder / "h.db")
    rows = connection.execute(
        f"SELECT turn, {columns} FROM events WHERE kind = '{kind}' AND actor = ? ORDER BY 1",
        (name,),
    ).fetchall()
    connection.close()
    return rows


def test_what_is_typed_is_said(sit: Callable[..., Sitting], folder: Path) -> None:
    ada = sit("Ada", "-m", MODEL, "-P", "rounds=3")
    shown = ada.answers(
        turns=["I say no.\n", "  Perhaps, Ben — ☂.\n", "\n"],
        questions=["0.5\n", '{"stance": -1}\n', "much\n"],
    )
    # Of what is left (a question at the end) nothing is answered: there is no more input.
    code, out, err = ada.leaves()
    assert code == 0, err
    assert events(folder, "turn", "Ada") == [
        (1, "I say no.", "human"),
        (4, "Perhaps, Ben — ☂.", "human"),
        (7, "Hm.", None),
    ]
    assert events(folder, "probe", "Ada") == [
        (0, 0.5, None), (3, -1.0, None), (6, None, "no number"), (9, 0.0, None),
    ]  # fmt: skip
    connection = sqlite3.connect(folder / "h.db")
    late = connection.execute("SELECT text FROM replies WHERE retries LIKE '%late%' ORDER BY 1")
    assert late.fetchall() == [("Hm.",), ('{"stance": 0}',)]
    connection.close()
    # The dialogue is on stderr and the table on stdout.
    assert out.startswith(f"mine.py:trio on {MODEL}: 1 trial, 9 turns\n")
    assert "Ada>" not in out
    assert "convergence" not in "".join(shown) + err
    # She is told of what is new, and of nothing twice.
    turns = [one for one in shown if "it is your turn" in one]
    assert "You play Ada in a scene with Ben and Cleo." in turns[0]
    assert "(a blank line lets it pass)" in turns[0]
    assert "You play Ada" not in "".join(shown[1:])
    assert "I say no.\n\nBen: Hm.\n\nCleo: Hm.\n" in turns[1]
    assert "in private; nobody on stage hears the answer" in shown[1]
    assert '{"stance": number}' in shown[1]


def test_a_line_is_said_when_time_is_up(sit: Callable[..., Sitting], folder: Path) -> None:
    ada = sit("Ada", "-m", MODEL, "--human-seconds", 0.05, "--human-otherwise", "I pass.")
    # She sits there with her hands in her lap.
    out, err = ada.child.stdout, ada.child.stderr
    assert out is not None
    assert err is not None
    shown = err.read().decode()
    assert out.read().decode().startswith(f"mine.py:trio on {MODEL}: 1 trial, 6 turns\n")
    assert ada.leaves()[0] == 0
    assert events(folder, "turn", "Ada") == [(1, "I pass.", None), (4, "I pass.", None)]
    assert events(folder, "turn", "Ben") == [(2, "Hm.", None), (5, "Hm.", None)]
    missing = "late: Ada gave no answer"
    assert events(folder, "probe", "Ada") == [(turn, None, missing) for turn in (0, 3, 6)]
    assert shown.count("it is your turn (a blank line lets it pass); 0.05 s") == 1


@pytest.mark.usefixtures("absent")
def test_nobody_at_the_keyboard_is_the_model_s_own_scene(inside: Command) -> None:
    words = ("run", "mine.py:trio", "-qn1", "--store")
    assert inside(*words, "h.db", "--human", "Ben").returncode == 0
    assert inside(*words, "own.db").returncode == 0
    told = []
    for store in ("h.db", "own.db"):
        [trial] = json.loads(inside("show", store, "--json").stdout)["trials"]
        shown = json.loads(inside("show", store, trial["id"], "--json").stdout)
        told.append([(e["speaker"], e["text"]) for e in shown["events"] if e["kind"] == "turn"])
    assert told[0] == told[1]


def test_a_terminal(sit: Callable[..., Sitting], folder: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        ben = sit("Ben", "-m", MODEL, terminal=theirs)
        ben.keyboard = ours
        shown = ben.answers(turns=["I say so.\n"], questions=["-0.25\n"])
        assert any("Ada: Hm." in one for one in shown)
        ben.hears()
        ben.types("\x04")  # the end of the input, on a terminal
        code, out, err = ben.leaves()
    finally:
        os.close(ours)
        os.close(theirs)
    assert code == 0, err
    assert events(folder, "turn", "Ben") == [(2, "I say so.", "human"), (5, "Hm.", None)]
    assert (0, -0.25, None) in events(folder, "probe", "Ben")
    assert out.startswith("mine.py:trio on fixed:")
    assert "\x1b" not in out + err


def test_ctrl_c_ends_it_and_the_same_command_goes_on(
    sit: Callable[..., Sitting], folder: Path
) -> None:
    ada = sit("Ada", "-m", MODEL, "-P", "rounds=5")
    ada.answers(turns=["One.\n"], questions=["0.1\n"])
    ada.hears()
    ada.child.send_signal(signal.SIGINT)
    # The first lets the call in flight finish, and whoever gets up has finished.
    code, out, err = ada.leaves()
    assert (code, out) == (130, "")
    assert "to go on, run the same command: elsinore run mine.py:trio --human Ada" in err
    assert "Traceback" not in err
    before = events(folder, "turn", "Ada")
    assert before[0] == (1, "One.", "human")
    assert len(before) < 5
    again = sit("Ada", "-m", MODEL, "-P", "rounds=5")
    shown = again.answers(turns=["Two.\n"])
    assert "One." in shown[0], "all of the past is told again"
    code, out, err = again.leaves()
    assert code == 0, err
    after = events(folder, "turn", "Ada")
    assert after[: len(before)] == before
    assert after[len(before)][1:] == ("Two.", "human")
    assert len(after) == 5
    assert out.startswith(f"mine.py:trio on {MODEL}: 1 trial, 15 turns\n")


SECRETS = """
from sim import Actor, Persona, Scene, after, ask_stance, complete
from sim.scene.audience import whispers
from sim.scene.interventions import note

def secrets(layout: str = "persona_first") -> Scene:
    cast = (
        Actor(Persona(name="Ada", secret="THE WELL IS DRY.")),
        Actor(Persona(name="Ben", opposite="VILLAIN.", secret="HE SOLD IT."), stage="fixed:PSST."),
        Actor(Persona(name="Cleo", secret="SHE OWNS IT."), stage="fixed:Good evening."),
    )
    return Scene(topic="Sell?", cast=cast, graph=complete("Ada", "Ben", "Cleo"), layout=layout,
                 hearing=whispers({"Ben": "Cleo"}), probes=(ask_stance("sell", every=4),),
                 interventions=(note("(A KNOCK.)", to=("Cleo",), at=2), note("(Thunder.)", at=3)),
                 ends=after(turns=12))
"""


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay"])
def test_nothing_is_shown_but_what_the_actor_can_see(
    inside: Command, folder: Path, layout: str
) -> None:
    (folder / "secret.py").write_text(SECRETS)
    done = inside("run", "secret.py:secrets", "-P", f"layout={layout}", "--human", "Ada",
                  "-m", "fixed:Well.", "-n1", "--store", "h.db")  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in ("THE WELL IS DRY.", "Cleo: Good evening.", "(Thunder.)"):
        assert words in done.stderr
    said = {text for _, text, _ in events(folder, "turn", "Ben")}
    assert said == {"PSST."}
    for words in ("PSST", "A KNOCK", "HE SOLD", "SHE OWNS", "VILLAIN"):
        assert words not in done.stderr
        assert words not in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--human", "Dan"], "--human: 'Dan' is not in the cast; use one of Ada, Ben, Cleo"),
        (["--human", "Ada", "--layout", "author"], "use another layout"),
        (["--human", "Ada", "-m", MODEL, "-m", "fixed:No."], "a person plays with one model"),
        (["--human", "Ada", "--yoked"], "yoked: this scene names stages of its own"),
        (["--human", "Ada", "--human-seconds", "0"], "--human-seconds 0: is no time to speak in"),
        (["--human", "Ada", "--human-seconds", "nan"], "--human-seconds nan: is no time"),
        (["--human", "Ada", "--human-otherwise", " "], "--human-otherwise: the line is blank"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("absent")
def test_bad_requests(inside: Command, folder: Path, words: list[str], says: str) -> None:
    done = inside("run", "mine.py:trio", "-n1", "--store", "h.db", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.startswith("elsinore: ")
    assert done.stderr.count("\n") == 1
    assert not (folder / "h.db").exists()


@pytest.mark.usefixtures("absent")
def test_a_person_plays_one_trial_unless_told_otherwise(inside: Command) -> None:
    done = inside("run", "mine.py:trio", "--human", "Ada", "-m", MODEL, "--dry-run", "--json")
    if done.returncode == 0:
        assert json.loads(done.stdout)["estimates"][0]["trials"] == 1
    done = inside("run", "mine.py:trio", "--human", "Ada", "-m", MODEL, "--json")
    assert len(json.loads(done.stdout)["trials"]) == 1


@pytest.mark.usefixtures("absent")
def test_a_model_that_speaks_for_a_person_costs_what_it_costs(
    inside: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)
    (folder / "prices.toml").write_text(
        'date = "2026-01"\n[models]\n"openai:stub" = { prompt = 1000.0, completion = 1000.0 }\n'
    )
    spent = []
    with StubServer() as stub:
        words = ["run", "mine.py:trio", "-m", "openai:stub", "--base-url", stub.url, "-n1",
                 "--prices", "prices.toml", "--json"]  # fmt: skip
        for people in ([], ["--human", "Ada", "--human", "Ben", "--human", "Cleo"]):
            done = inside(*words, *people, "--store", f"{len(people)}.db")
            assert done.returncode == 0, done.stderr
            spent.append(json.loads(done.stdout)["usage"]["usd"])
    assert spent[0] > 0
    assert spent[1] == pytest.approx(spent[0])
