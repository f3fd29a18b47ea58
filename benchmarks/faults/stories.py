"""What is killed: commands that play, judge, ask and fork, on the embedded stage and on a server.

A story begins with a store (or none), runs one command again and again, and ends when the command
has ended by itself. Everything that it needs is made in a folder of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.lives import live
from sim.store import open_store

KINDS = ("run", "tournament", "ask", "fork")
EMBEDDED, SERVER = "embedded", "server"

_SCENARIO = '''
from sim import Actor, Persona, Scene, after, ask_stance, ring

STANCES = {"Ada": 0.9, "Ben": -0.9, "Cleo": 0.1}


def trio(rounds: int = 2) -> Scene:
    """Three neighbours share a well."""
    cast = [Actor(Persona(name=name, brief=f"{name} lives by the well.", stances={"share": stance}))
            for name, stance in STANCES.items()]
    return Scene(topic="The village should share its well.", cast=cast, graph=ring(*STANCES),
                 probes=(ask_stance("share", every=3),), ends=after(turns=3 * rounds))
'''

_CUP = """
name = "Killed"
stage = "{model}"
judges = ["{model}"]
[format]
kind = "swiss"
rounds = 3
[debate]
rebuttals = 0
questions = 0
[[motions]]
topic = "The town should sell its spring."
[[motions]]
topic = "The library should open at night."
"""

_CONCURRENCY = ("--concurrency", "8", "--quiet")

# How much is played: on the embedded stage, and on the server, whose answers take their time.
_TRIALS = {EMBEDDED: 130, SERVER: 13}
_ENTRANTS = {EMBEDDED: 48, SERVER: 8}
_SAMPLES = {EMBEDDED: 200, SERVER: 18}
_BRANCHES = {EMBEDDED: 140, SERVER: 18}


@dataclass(frozen=True, slots=True)
class Story:
    """A kind of command on a kind of stage: the words of the command for a store, and the store
    with which it begins (None: none)."""

    kind: str
    stage: str
    words: Callable[[Path], Sequence[str]]
    base: Path | None = None

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.kind}, {self.stage}"

    def begin(self, folder: Path) -> Path:
        """A new folder's store, as it is before the first start."""
        folder.mkdir()
        store = folder / "store.db"
        if self.base is not None:
            shutil.copy(self.base, store)
        return store


def stories(folder: Path, url: str, seed: int, wanted: Sequence[str] = ()) -> list[Story]:
    """All stories, with their files in a folder; ``url`` is the server's. Plays what is forked.

    ``wanted`` are kinds (``ask``) and names (``ask, server``) of stories; empty: all of them.
    """
    (folder / "mine.py").write_text(_SCENARIO, encoding="utf-8")
    made: list[Story] = []
    for stage in (EMBEDDED, SERVER):
        kinds = [each for each in KINDS if not wanted or {each, f"{each}, {stage}"} & {*wanted}]
        model = "embedded:base" if stage == EMBEDDED else "openai:stub"
        address = () if stage == EMBEDDED else ("--base-url", url)
        cup = folder / f"{stage}.toml"
        cup.write_text(_CUP.format(model=model) + _entrants(stage), encoding="utf-8")
        base = folder / f"base-{stage}.db"
        play = ("run", "mine.py:trio", "-m", model, *address, "--seed", str(seed), *_CONCURRENCY)
        trial = ""
        if "ask" in kinds or "fork" in kinds:
            trial = _played((*play, "-n", "4", "--store", str(base)), folder, base)
        each_kind = {
            "run": Story("run", stage, _run(play, _TRIALS[stage])),
            "tournament": Story("tournament", stage, _tournament(cup, address, seed)),
            "ask": Story("ask", stage, _ask(_SAMPLES[stage]), base),
            "fork": Story("fork", stage, _fork(trial, _BRANCHES[stage]), base),
        }
        made += [each_kind[kind] for kind in kinds]
    return made


def _played(words: Sequence[str], folder: Path, store: Path) -> str:
    """Play what is asked and forked; the id of one of its trials."""
    played = live(words, folder)
    if played.code != 0:
        raise SystemExit(f"what is asked and forked could not be played: {played.error}")
    with open_store(store) as opened:
        return opened.ids()[0]


def _entrants(stage: str) -> str:
    text = ""
    for number in range(_ENTRANTS[stage]):
        text += f'[[entrants]]\nname = "entrant {number}"\n'
        if stage == EMBEDDED:  # They differ in skill, so that who meets whom hangs on results.
            text += f'stage = "embedded:base?skill={4 * number / _ENTRANTS[stage] - 2:.2f}"\n'
    return text


def _run(play: Sequence[str], trials: int) -> Callable[[Path], Sequence[str]]:
    return lambda store: (*play, "-P", "rounds=4", "-n", str(trials), "--store", str(store))


def _tournament(cup: Path, address: Sequence[str], seed: int) -> Callable[[Path], Sequence[str]]:
    words = ("tournament", str(cup), *address, "--seed", str(seed), *_CONCURRENCY)
    return lambda store: (*words, "--store", str(store))


def _ask(samples: int) -> Callable[[Path], Sequence[str]]:
    words = ("Whom do you trust, {name}?", "-n", str(samples), *_CONCURRENCY)
    return lambda store: ("ask", str(store), "all", *words)


def _fork(trial: str, branches: int) -> Callable[[Path], Sequence[str]]:
    words = ("--at", "2", "--say", "Ben: I was wrong.", "-n", str(branches), *_CONCURRENCY)
    return lambda store: ("fork", str(store), trial, *words)
