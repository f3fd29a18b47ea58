"""Compares the behaviour of two versions byte by byte, to check that a refactoring changed none.

    .tools/bin/uv run python -m benchmarks.behaviour --against COMMIT    # record both, compare
    .tools/bin/uv run python -m benchmarks.behaviour record FOLDER       # record this checkout
    .tools/bin/uv run python -m benchmarks.behaviour compare ONE OTHER   # two recordings

A recording uses the command line only, which both versions share. It runs every scenario and
tournament of the distribution on every embedded kind, with fixed seeds; forks, questions and a
scenario with code of its own; runs against a server with many faults; and stores of older versions.
It keeps the canonical exports and the output of ``--json``, without values that depend on time.

``benchmarks/renamed_keys.json`` lists keys that were renamed on purpose: older recordings are
compared as if they had been written with the new names.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from benchmarks.overhead import checkout_of

ROOT = Path(__file__).resolve().parent.parent
RENAMED = Path(__file__).with_name("renamed_keys.json")
KINDS = ("base", "sft", "sft_rlhf", "rlhf", "helpful_only", "bimodal")
CHAOS = {"429": 0.1, "500": 0.05, "cut": 0.05, "malformed": 0.03, "empty": 0.05, "refusal": 0.03}
PORT = 47613
"""The port of the stub, fixed because a stage's identity, and so a trial's id, contains it."""
CLOCK = frozenset({"seconds", "process", "started", "ended", "computed_tokens"})
"""Keys whose values depend on the time, on the process, or on the order of replies."""

OWN_SCENARIO = '''
"""A scenario with code of its own: a condition, a router, and a constant that it reads."""

from dataclasses import dataclass

from sim import Actor, Edge, Graph, Persona, Scene, after, ask_stance, interventions

LIMIT = 3


def heated(view):
    """The last line has an even number of letters."""
    return view.turns >= LIMIT and view.last is not None and len(view.last.text) % 2 == 0


@dataclass(frozen=True)
class Backwards:
    """The last of the cast first, then the one before."""

    step: int = 1

    def start(self, floor):
        return 0

    def heard(self, state, turn, seat):
        return state + self.step

    def next(self, state, view, seed):
        return ((-1 - state) % 3,)


def own(turns: int = 6) -> Scene:
    """Three people in an order of their own."""
    names = ("Ada", "Ben", "Cleo")
    return Scene(
        topic="The bridge should be closed.",
        cast=[Actor(Persona(name=name, stances={"bridge": 0.5 * place - 0.5}))
              for place, name in enumerate(names)],
        graph=Graph(names=names, first="Cleo", edges=tuple(
            Edge(source=one, target=other, when=heated if one == "Ada" and other == "Ben" else None)
            for one in names for other in names if one != other)),
        routing=Backwards(),
        probes=(ask_stance("bridge", every=2),),
        interventions=(interventions.say("Ben", "Nobody asked the ferry!", when=heated),),
        ends=after(turns=turns),
    )
'''

SMALL_CUP = """
name = "Small cup"
judges = ["embedded:base", {{ stage = "embedded:rlhf", name = "polite" }}]

[format]
kind = "{form}"

[debate]
rebuttals = 1
questions = 1

[[motions]]
topic = "The town should sell its spring."
issue = "spring"

[[motions]]
topic = "The library should open at night."

[[entrants]]
name = "Calm"
persona = {{ name = "Cato", brief = "Never raises his voice.", traits = ["calm"] }}

[[entrants]]
name = "Brief"
prompt = "Be brief."

[[entrants]]
name = "Tuned"
stage = "embedded:rlhf"

[[entrants]]
name = "Plain"
"""


class Recording:
    """Runs commands of one checkout in a folder and keeps what they print."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout = checkout
        self.folder = folder
        self.printed: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SystemExit(f"{folder} holds something already; name an empty folder")

    def elsinore(self, *words: str, codes: Sequence[int] = (0,)) -> str:
        """Run a command and return its standard output."""
        code = "from sim.cli import main; main()"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("ELSINORE_") and name != "PYTHONDONTWRITEBYTECODE"
        } | {"PYTHONPATH": str(self.checkout), "COLUMNS": "100", "OPENAI_API_KEY": "sk-none"}
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=self.folder, env=environment, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        print(f"{time.perf_counter() - began:6.1f} s  {' '.join(words)}", file=sys.stderr)
        if done.returncode not in codes:
            what = f"{self.checkout}: {' '.join(words)}: {done.returncode}"
            raise SystemExit(f"{what}\n{done.stderr}")
        return done.stdout

    def json(self, *words: str, codes: Sequence[int] = (0,)) -> Any:
        """Run a command with ``--json``, keep its output without times, and return it parsed."""
        output = self.elsinore(*words, "--json", codes=codes)
        value = json.loads(output) if output.strip() else None
        self.printed[" ".join(words)] = without_clock(value)
        return value

    def text(self, *words: str, codes: Sequence[int] = (0,)) -> None:
        """Run a command and keep its output for people."""
        self.printed[" ".join(words)] = self.elsinore(*words, codes=codes)

    def export(self, store: str) -> None:
        """Keep the canonical export of a store."""
        self.elsinore("export", store, "-o", f"{Path(store).stem}.jsonl")

    def close(self) -> None:
        """Write ``printed.json`` and delete all files but it and the exports."""
        text = json.dumps(self.printed, indent=1, sort_keys=True, ensure_ascii=False)
        (self.folder / "printed.json").write_text(text + "\n", encoding="utf-8")
        for path in sorted(self.folder.iterdir()):
            if path.name != "printed.json" and path.suffix != ".jsonl" and path.is_file():
                path.unlink()


def without_clock(recorded: Any) -> Any:
    """A value without times and other values that differ between equal runs."""
    if isinstance(recorded, dict):
        return {
            name: None if name in CLOCK else without_clock(value)
            for name, value in recorded.items()
        }
    if isinstance(recorded, list):
        return [without_clock(value) for value in recorded]
    if isinstance(recorded, str):
        return re.sub(r"\b\d+(\.\d+)? m?s\b", "SOME TIME", recorded)
    return recorded


def record(checkout: Path, folder: Path, quick: bool = False) -> None:
    """Run all commands of one checkout in a folder and keep what they print and export."""
    recording = Recording(checkout, folder)
    scenarios = scenarios_that_ship(recording)
    models = [word for kind in KINDS for word in ("-m", f"embedded:{kind}")]
    for name in scenarios[:3] if quick else scenarios:
        store = f"{name}.db"
        recording.json("run", name, *models, "-n", "2", "--seed", "3", "--store", store)
        recording.json("show", store)
        recording.export(store)
    details(recording)
    if not quick:
        layouts(recording)
        tournaments(recording)
    own_code(recording)
    old_stores(recording)
    chaos(recording)
    recording.close()


def scenarios_that_ship(recording: Recording) -> list[str]:
    """The names of the scenarios that make one scene."""
    listed = recording.json("list")
    return [each["name"] for each in listed["scenarios"] if each["makes"] == "Scene"]


def trials_of(recording: Recording, store: str) -> list[dict[str, Any]]:
    """The trials of a store, as ``show`` lists them."""
    shown = recording.json("show", store)
    trials: list[dict[str, Any]] = shown["trials"]
    return trials


def details(recording: Recording) -> None:
    """All commands that work on one stored trial."""
    store = "detail.db"
    recording.json(
        "run", "cross_purposes", "-m", "embedded:base", "-m", "embedded:rlhf", "-n", "3",
        "--yoked", "--store", store,
    )  # fmt: skip
    recording.text("run", "cross_purposes", "-m", "embedded:base", "-n", "3", "--store", store)
    first = next(each for each in trials_of(recording, store) if each["arm"] == "live")["id"]
    recording.json("show", store, first)
    recording.text("show", store, first, "--probes")
    recording.json("show", store, first, "--prompt", "5")
    for kind in ("turn_taking", "replies", "hearing", "addressing", "agreement"):
        recording.json("graph", store, "--kind", kind)
    recording.json("graph", store, first)
    speaker = recording.json("show", store, first)["events"]
    name = next(event["speaker"] for event in speaker if event["kind"] == "turn")
    other = next(e["speaker"] for e in speaker if e["kind"] == "turn" and e["speaker"] != name)
    fork = ("fork", store, first, "--at", "5", "-n", "4")
    for change in (
        ("--drop",), ("--reroll",), ("--say", f"{name}: I was wrong."),
        ("--whisper", f"{name} > {other}: He lies."), ("--replace", "Never."),
        ("--note", "(A shot is heard.)"), ("--noise", "9"), ("--restage", f"{name}=embedded:sft"),
        ("--drop", "--turns", "3", "--within", "2", "--against", "kept"),
    ):  # fmt: skip
        recording.json(*fork, *change)
    recording.json(*fork, "--drop", "--dry-run")
    recording.json("ask", store, first, "Why, {name}?", "--at", "4", "-n", "2")
    recording.json("ask", store, "all", "Do you agree?", "--choices", "yes,no")
    recording.json("ask", store, first, "How sure are you?", "--scale=-1,1", "-a", name)
    recording.text("ask", store, first, "How sure are you?", "--scale=-1,1", "-a", name)
    recording.json("run", "mousetrap", "-m", "embedded:sft", "-n", "5", "--dry-run")
    recording.text("show", store)
    recording.export(store)


def layouts(recording: Recording) -> None:
    """Every layout, with a context that is full."""
    for layout in ("transcript_first", "screenplay", "author"):
        store = f"layout_{layout}.db"
        recording.json("run", "water_sale", "--layout", layout, "-n", "2", "--store", store)
        recording.export(store)


def tournaments(recording: Recording) -> None:
    """Tournaments of each format, with their standings and verdicts."""
    for form in ("round-robin", "swiss", "knockout"):
        store = f"cup_{form}.db"
        (recording.folder / f"{form}.toml").write_text(
            SMALL_CUP.format(form=form), encoding="utf-8"
        )
        recording.json("tournament", f"{form}.toml", "--store", store)
        recording.json("standings", store)
        recording.text("standings", store, "--judges", "--matrix", "--concessions")
        recording.export(store)
    recording.json("tournament", "swiss.toml", "--dry-run", "--store", "none.db")
    store = "example.db"
    recording.json("tournament", "example_tournament", "--store", store)
    for options in (("--judges", "--concessions"), ("--ties", "davidson"), ("--margins",),
                    ("--adjusted",)):  # fmt: skip
        recording.json("standings", store, *options, codes=(0, 2))
    trial = trials_of(recording, store)[0]["id"]
    recording.json("show", store, trial)
    recording.text("show", store, trial)
    recording.elsinore("judge", store, "--name", "kim", "--to", "sheet.csv", "-n", "3")
    sheet = (recording.folder / "sheet.csv").read_text(encoding="utf-8")
    recording.printed["judge --to"] = sheet
    filled = re.sub(r'^([0-9a-f]{12}[+-],)(".*?")(,)(,)', r"\1\2\3A\g<4>4", sheet,
                    flags=re.M | re.S)  # fmt: skip
    (recording.folder / "filled.csv").write_text(filled, encoding="utf-8")
    recording.text("judge", store, "--name", "kim", "--from", "filled.csv", codes=(0, 2))
    recording.json("standings", store, "--judges")
    recording.export(store)
    store = "attractor.db"
    recording.json("tournament", "attractor_tournament", "-P", "times=1", "--store", store)
    recording.export(store)


def own_code(recording: Recording) -> None:
    """A scenario with conditions and a router of its own, and forks of it."""
    store = "own.db"
    (recording.folder / "own_scenario.py").write_text(OWN_SCENARIO, encoding="utf-8")
    recording.json("run", "own_scenario.py:own", "-n", "3", "--store", store)
    first = trials_of(recording, store)[0]["id"]
    recording.json("fork", store, first, "--at", "3", "-n", "3", "--drop")
    recording.export(store)


def old_stores(recording: Recording) -> None:
    """Stores of every older version: opened and exported."""
    for path in sorted((ROOT / "tests" / "stores").glob("*.db")):
        shutil.copy(path, recording.folder / path.name)
        recording.export(path.name)


def chaos(recording: Recording) -> None:
    """Runs against a server with faults, which depend on the requests and not on their order."""
    url = os.environ["ELSINORE_STUB_URL"]
    control(url, "reset", {"behaviour": True})
    how = ("-m", "openai:stub", "--base-url", url)
    recording.json("check", "openai:stub", "--base-url", url)
    control(url, "reset", {"behaviour": True})
    control(url, "behaviour", {"faults": CHAOS, "retry_after": "0"})
    for attempts, store in (("10", "chaos_patient.db"), ("2", "chaos_impatient.db")):
        run = ("run", "water_sale", *how, "-n", "6", "--attempts", attempts, "--store", store)
        recording.json(*run, codes=(0, 1))
        recording.json(*run, codes=(0, 1))  # every trial is stored or has failed permanently
        recording.json(*run, "--retry-failed", codes=(0, 1))
        recording.export(store)
    control(url, "behaviour", {"faults": {}})
    store = "chaos_patient.db"
    first = trials_of(recording, store)[0]["id"]
    recording.json("show", store, first)
    recording.json("fork", store, first, "--at", "3", "-n", "2", "--drop")
    recording.json("ask", store, first, "Why, {name}?")
    recording.json("run", "water_sale", "-m", f"recorded:{store}", "--store", "replayed.db",
              codes=(0, 1))  # fmt: skip
    base = ("-m", "completions:stub", "--base-url", url, "--layout", "screenplay")
    recording.json("run", "water_sale", *base, "-n", "2", "--store", "completions.db", codes=(0, 1))
    for name in (store, "replayed.db", "completions.db"):
        recording.export(name)


def control(url: str, what: str, body: Mapping[str, Any]) -> None:
    """Send a control request to the stub."""
    request = Request(url.removesuffix("/v1") + f"/control/{what}", json.dumps(body).encode())
    build_opener(ProxyHandler({})).open(request, timeout=10).close()


@contextmanager
def stub() -> Iterator[None]:
    """The stub server of the tests, at the same address for all recordings."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    with import_module("stub_server").StubServer("--port", str(PORT)) as server:
        os.environ["ELSINORE_STUB_URL"] = server.url
        yield


# -- comparing -------------------------------------------------------------------------------------


def renamed(recorded: Any, names: Mapping[str, str]) -> Any:
    """A value with its keys replaced by their new names."""
    if isinstance(recorded, dict):
        return {names.get(name, name): renamed(value, names) for name, value in recorded.items()}
    return [renamed(value, names) for value in recorded] if isinstance(recorded, list) else recorded


def differences(one: Path, other: Path) -> list[str]:
    """Where two recordings differ: one line for each export and each command."""
    names: dict[str, str] = json.loads(RENAMED.read_text("utf-8")) if RENAMED.exists() else {}
    lines: list[str] = []
    exports = sorted({path.name for folder in (one, other) for path in folder.glob("*.jsonl")})
    for name in exports:
        before, after = (folder / name for folder in (one, other))
        if not (before.exists() and after.exists()):
            lines.append(f"{name}: only in {(one if before.exists() else other).name}")
        elif before.read_bytes() != after.read_bytes():
            lines.append(f"{name}: {first_difference(before.read_text(), after.read_text())}")
    printed = [
        without_clock(json.loads((folder / "printed.json").read_text("utf-8")))
        for folder in (one, other)
    ]
    printed[0] = {command: renamed(value, names) for command, value in printed[0].items()}
    for command in sorted({*printed[0], *printed[1]}):
        before, after = (each.get(command) for each in printed)
        if before != after:
            texts = (json.dumps(each, indent=1, sort_keys=True) for each in (before, after))
            lines.append(f"{command}: {first_difference(*texts)}")
    return lines


def first_difference(before: str, after: str) -> str:
    """The first line at which two texts differ, shortened."""
    for number, (old, new) in enumerate(
        zip(before.splitlines(), after.splitlines(), strict=False), 1
    ):
        if old != new:
            start = next((k for k in range(min(len(old), len(new))) if old[k] != new[k]), 0)
            start = max(0, start - 40)
            return f"line {number}: …{old[start : start + 120]}… → …{new[start : start + 120]}…"
    return f"{len(before.splitlines())} lines → {len(after.splitlines())}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, compare, or both; the exit code is 1 if something differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--against", metavar="COMMIT", help="the version to compare with")
    parser.add_argument("--quick", action="store_true", help="a small part of it")
    parts = parser.add_subparsers(dest="part")
    recording = parts.add_parser("record")
    recording.add_argument("folder", type=Path)
    recording.add_argument("--checkout", type=Path, default=ROOT)
    comparing = parts.add_parser("compare")
    comparing.add_argument("one", type=Path)
    comparing.add_argument("other", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.part == "record":
        with stub():
            record(chosen.checkout.resolve(), chosen.folder, chosen.quick)
        return 0
    if chosen.part == "compare":
        return report(chosen.one, chosen.other)
    if chosen.against is None:
        parser.error("say what to compare with: --against COMMIT")
    with tempfile.TemporaryDirectory() as place, stub():
        with checkout_of(chosen.against) as before:
            record(before, Path(place) / "before", chosen.quick)
        record(ROOT, Path(place) / "after", chosen.quick)
        return report(Path(place) / "before", Path(place) / "after")


def report(one: Path, other: Path) -> int:
    """Print where two recordings differ."""
    lines = differences(one, other)
    exports = len(list(other.glob("*.jsonl")))
    printed = len(json.loads((other / "printed.json").read_text("utf-8")))
    for line in lines:
        print(line)
    print(f"{exports} exports and {printed} commands: {len(lines)} differ")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
