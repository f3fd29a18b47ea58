"""The command on a terminal: the live line, Ctrl-C, widths."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from backstage.terminal import ESCAPES, Terminal

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]

SLOW = "fixed:Yes.|No.?latency=0.1"


def test_a_live_line_on_a_terminal(folder: Path, process: Start) -> None:
    terminal = Terminal(process, folder, "run", "mine.py:trio", "-n", 3, "-m", SLOW)
    seen = terminal.read_until(lambda output: "2 turns" in output or "turns/s" in output)
    assert "/3 trials" in seen
    assert "turns/s" in seen
    assert terminal.code() == 0
    shown = ESCAPES.sub("", terminal.output)
    assert "free" in shown
    assert "Read one: elsinore show runs/trio.db" in shown


def test_a_transcript_keeps_to_the_width(played: tuple[Path, str], process: Start) -> None:
    trial = json.loads(played[1])["trials"][0]["id"]
    terminal = Terminal(process, played[0], "show", "runs/trio.db", trial, columns=64)
    assert terminal.code() == 0
    lines = ESCAPES.sub("", terminal.output).replace("\r", "").split("\n")
    assert max(map(len, lines)) <= 64
    assert "\x1b[1;36m" in terminal.output  # the first speaker's colour


def test_ctrl_c_drains_and_says_how_to_go_on(folder: Path, process: Start, run_at: Command) -> None:
    arguments = ["run", "mine.py:trio", "-n", 4, "-P", "rounds=10", "-m"]
    terminal = Terminal(process, folder, *arguments, "fixed:Yes.|No.?latency=0.3")
    terminal.read_until(lambda output: re.search(r" [1-9]\d* turns", output) is not None)
    terminal.process.send_signal(signal.SIGINT)
    seen = terminal.read_until(lambda output: "press Ctrl-C again" in output)
    assert "finishing what is in flight; press Ctrl-C again to abort" in seen
    assert terminal.code() == 130
    last = ESCAPES.sub("", terminal.output).replace("\r", "")
    assert "elsinore: interrupted with 4 of 4 trials to go; to go on, run the same command" in last
    assert "Traceback" not in last
    # The same stage, but quick: latency is no part of what a stage is.
    quick = [*arguments, "fixed:Yes.|No.", "--quiet"]
    again = run_at(folder, *quick)
    assert (again.returncode, again.stderr) == (0, "")
    assert run_at(folder, *quick, "--store", "straight.db").returncode == 0
    resumed, straight = (
        run_at(folder, "export", store, "-o", "-").stdout.replace("?latency=0.3", "")
        for store in ("runs/trio.db", "straight.db")
    )
    assert resumed == straight


def test_a_person_who_presses_ctrl_c_is_told_what_becomes_of_it(
    folder: Path, process: Start
) -> None:
    terminal = Terminal(process, folder, "run", "mine.py:trio", "-m", SLOW, "--human", "Ada")
    terminal.read_until(lambda output: "Ada> " in ESCAPES.sub("", output))
    terminal.process.send_signal(signal.SIGINT)
    seen = terminal.read_until(lambda output: "press Ctrl-C again" in output)
    assert "\nfinishing what is in flight; press Ctrl-C again to abort" in seen.replace("\r", "")
    assert "turns/s" not in seen
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.code() == 130


def test_a_second_ctrl_c_aborts_and_counts_what_is_in_doubt(
    folder: Path, process: Start, run_at: Command
) -> None:
    terminal = Terminal(process, folder, "run", "mine.py:trio", "-m", "fixed:Yes.|No.?latency=20")
    terminal.read_until(lambda output: "turns/s" in output)
    time.sleep(0.5)
    terminal.process.send_signal(signal.SIGINT)
    terminal.read_until(lambda output: "press Ctrl-C again" in output)
    began = time.monotonic()
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.code() == 130
    assert time.monotonic() - began < 10
    assert "calls are in doubt" in ESCAPES.sub("", terminal.output)
