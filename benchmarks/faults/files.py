"""Readers of files and options that somebody gives: TOML, prices, sheets, scenarios, JSON."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from random import Random
from zlib import crc32

from benchmarks.faults.attempts import Reader
from benchmarks.faults.commands import command
from benchmarks.faults.lives import live
from benchmarks.faults.mutations import as_bytes, odd_bytes, odd_json, odd_text, odd_version
from sim.calls.prices import Prices
from sim.cli import settings
from sim.cli.options import LimitOptions, SamplingOptions
from sim.errors import ElsinoreError
from sim.input_files import read_text
from sim.planning.scenarios import build, find
from sim.stage.open import open_model
from sim.stage.providers.sampling import read_identity
from sim.store import encode, open_store
from sim.tournament.human_judging import Sheet, columns_of, from_csv, sheets_for
from sim.tournament.judging import unblinded
from sim.tournament.toml_file import read_tournament

_ROOT = Path(__file__).parents[2]

SETTINGS = """
[run]
model = ["fixed:Yes.", "fixed:No."]
trials = 3
seed = 7
concurrency = 4
temperature = 0.7
top_p = 0.5
stop = "END"
base_url = "http://localhost:8000/v1"
timeout = 30.5
layout = "screenplay"
budget_usd = 1.5
durable = "full"
yoked = false
log_level = "info"

[run.extra_body]
top_k = 40
nested = { a = [1, 2.5, "x"], b = true }

[tournament]
judges = ["embedded:base"]
format = "swiss"

[serve]
port = 8000
host = "127.0.0.1"
"""

CUP = """
name = "Cup"
stage = "embedded:base"
judges = ["embedded:base", { stage = "embedded:rlhf", name = "polite" }]
seed = 3

[format]
kind = "swiss"
rounds = 2

[debate]
rebuttals = 1
questions = 1

[stages]
small = "fixed:Yes."

[rubric]
criteria = { argument = "Whose reasons are better?", wit = "Who is funnier?" }

[[motions]]
topic = "The town should sell its spring."
issue = "spring"

[[motions]]
topic = "Tea or coffee?"
positions = ["Tea.", "Coffee."]

[[entrants]]
name = "Calm"
persona = { name = "Cato", brief = "Never raises his voice.", traits = ["calm"] }

[[entrants]]
name = "Brief"
prompt = "Be brief."
stage = "small"
"""

PRICES = """
date = "2026-01-01"
[models]
"openai:gpt-x" = { prompt = 0.15, cached = 0.075, completion = 0.6 }
"openai:gpt-y" = { prompt = 1, completion = 2 }
"""

SCENARIO = '''
"""Two people."""
from sim import Actor, Persona, Scene, after, ring


def tea(turns: int = 2, temper: float = 0.5, name: str = "Ada") -> Scene:
    """Two people talk about tea."""
    cast = [Actor(Persona(name=name)), Actor(Persona(name="Ben", traits=["calm"]))]
    return Scene(topic="Tea?", cast=cast, graph=ring(name, "Ben"), ends=after(turns=turns))
'''

BODY = {"top_k": 40, "nested": {"a": [1, 2.5, "x"], "b": True}, "min_p": 0.1, "stop": ["x"]}

_TOML_WORDS = ("[[entrants]]\n", "[run]\n", "[run.model]\n", " = ", '""', "'''", '"""',
               "1979-05-27", "1979-05-27T07:32:00Z", "inf", "nan", "0xff", "1e400", "[",
               "]", "{", "}", ".", "#",
               "a.b.c = 1\n", "true", "-", "\\u0000", '"\\ud800"', "[[motions]]\n", "9" * 5000,
               "seed = -1\n", "times = 3\n", "trials = 9223372036854775808\n")  # fmt: skip


def _toml(text: str, dice: Random) -> bytes:
    if dice.random() < 0.5:
        lines = text.splitlines(keepends=True)
        at = dice.randrange(len(lines))
        name, equals, _ = lines[at].partition("= ")
        value = dice.choice([*_TOML_WORDS, json.dumps(odd_text(dice)), odd_json(BODY, dice)])
        lines[at] = f"{name}{equals}{value}\n" if equals else f"{value}\n"
        text = "".join(lines)
    if dice.random() < 0.6:
        text = odd_version(text, dice, _TOML_WORDS)
    return as_bytes(text, dice)


def _saved(given: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(given)
    return path


def _read_settings(given: bytes, folder: Path) -> None:
    settings.read(_saved(given, folder, "elsinore.toml"))


def _read_cup(given: bytes, folder: Path) -> None:
    cup = read_tournament(_saved(given, folder, "cup.toml"))
    encode(cup.model_dump(mode="json")).encode()


def _read_prices(given: bytes, folder: Path) -> None:
    prices = Prices.load(_saved(given, folder, "prices.toml"))
    for name in ("openai:gpt-x", "openai:gpt-y-2024-01-01?base_url=x", "gguf:x"):
        prices.of(name)


def _read_body(given: bytes, folder: Path) -> None:
    os.environ.setdefault("OPENAI_API_KEY", "none")
    text = given.decode("utf-8", "surrogateescape")
    sampling = SamplingOptions(extra_body=text, base_url="http://localhost:1/v1").sampling()
    LimitOptions().models(sampling)
    stage = open_model("openai:x", sampling)
    if read_identity(stage.identity) is None:
        raise AssertionError(f"{stage.identity!r} is not read as an identity")
    stage.identity.encode()


def _read_scenario(given: bytes, folder: Path) -> None:
    path = _saved(given, folder, f"mine{crc32(given)}.py")
    name, _, rest = str(path), "", ""
    try:
        scenario = find(f"{name}:tea{rest}")
        build(scenario, {})
    finally:
        path.unlink()


def _read_name(given: bytes, folder: Path) -> None:
    text = given.decode("utf-8", "surrogateescape")
    find(text)


@lru_cache(maxsize=1)
def _made() -> tempfile.TemporaryDirectory[str]:
    """A folder that is there until this process ends."""
    return tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True)


@lru_cache(maxsize=1)
def judged_store() -> Path:
    """A store with a small tournament, played once for each run of the benchmark."""
    folder = Path(_made().name)
    (folder / "cup.toml").write_text(CUP.replace('stage = "small"\n', ""), encoding="utf-8")
    done = live(("tournament", "cup.toml", "--store", "cup.db", "-q"), folder)
    if done.code != 0:
        raise SystemExit(f"the tournament could not be played: {done.error}")
    return folder / "cup.db"


@lru_cache(maxsize=1)
def _sheets() -> tuple[Sheet, ...]:
    store = judged_store()
    with open_store(store) as opened:
        tournament = opened.tournament().id
    return tuple(sheets_for(store, tournament, "Ada"))


def _sheet(dice: Random) -> bytes:
    sheets = _sheets()
    columns = columns_of(sheets[0].rubric, sheets[0].letters)
    delimiter = dice.choice([",", ",", ";", "\t"])
    rows = [columns]
    for sheet in sheets:
        cells = dict.fromkeys(columns, "7")
        cells |= {"id": sheet.id, "debate": "...", "winner": "A", "margin": "3", "why": "Dry."}
        rows.append([cells[name] for name in columns])
    for _ in range(dice.randrange(3)):
        row = dice.choice(rows)
        row[dice.randrange(len(row))] = odd_text(dice)[:5000]
    text = "\n".join(delimiter.join(row) for row in rows) + "\n"
    if dice.random() < 0.6:
        text = odd_version(text, dice, ('"', ",", ";", "tie", "B", "3,5", "1e9", "nan", '""', "\r"))
    return as_bytes(text, dice)


def _read_sheet(given: bytes, folder: Path) -> None:
    path = _saved(given, folder, "sheet.csv")
    for sheet, verdict in from_csv(read_text(path, "--from"), _sheets(), str(path)):
        encode(unblinded(verdict, sheet.page.shown, (), "human")).encode()


def _read_by_command(given: bytes, folder: Path) -> None:
    """The whole command, with the file in a new folder."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        inside = Path(name)
        kind = 2 if b"winner" in given else int(b"entrants" in given)
        (inside / "mine.py").write_text(SCENARIO, encoding="utf-8")
        play = ("run", "mine.py:tea", "-m", "fixed:Yes.", "-n", "1", "--store", "a.db", "-q",
                "--concurrency", "2")  # fmt: skip
        if kind == 0:
            _saved(given, inside, "elsinore.toml")
            command(inside, *play)
        elif kind == 1:
            _saved(given, inside, "cup.toml")
            command(inside, "tournament", "cup.toml", "--dry-run")
        else:
            shutil.copy(judged_store(), inside / "cup.db")
            _saved(given, inside, "sheet.csv")
            command(inside, "judge", "cup.db", "--name", "Ada", "--from", "sheet.csv")


def _for_a_command(dice: Random) -> bytes:
    kind = dice.randrange(3)
    return _toml((SETTINGS, CUP)[kind], dice) if kind < 2 else _sheet(dice)


def _settings(dice: Random) -> bytes:
    return _toml(SETTINGS, dice)


def _cup(dice: Random) -> bytes:
    return _toml(CUP, dice)


def _prices(dice: Random) -> bytes:
    return _toml(PRICES, dice)


def _body(dice: Random) -> bytes:
    return as_bytes(odd_json(BODY, dice), dice)


def _scenario(dice: Random) -> bytes:
    content = SCENARIO.encode()
    return odd_bytes(content, dice) if dice.random() < 0.5 else _in_code(dice)


def _in_code(dice: Random) -> bytes:
    """The scenario with other words in it; nothing that a mistake might call is among them."""
    words = ("turns", "Ada", "Tea?", "0.5", "2", "Scene", "calm", "name", "tea", "int", "float")
    other = dice.choice(["None", "-1", "10**30", "''", "[]", "'\\ud83d'", "...", "str", "Any", "x"])
    return as_bytes(SCENARIO.replace(dice.choice(words), other, dice.choice([1, 2, -1])), dice)


def _name(dice: Random) -> bytes:
    names = ("mousetrap", "mine.py:tea", "absent.py", "water_sale:x", "a/b.py:c", "os", "__init__")
    return as_bytes(odd_version(dice.choice(names), dice, (".", "/", ":", ".py", "..")), dice)


CLEAN = (ElsinoreError,)

READERS = (
    Reader("settings", 50, _settings, _read_settings, CLEAN),
    Reader("tournaments", 50, _cup, _read_cup, CLEAN),
    Reader("prices", 30, _prices, _read_prices, CLEAN),
    Reader("extra body", 40, _body, _read_body, CLEAN),
    Reader("sheets", 40, _sheet, _read_sheet, CLEAN),
    Reader("scenario files", 10, _scenario, _read_scenario, CLEAN),
    Reader("scenario names", 10, _name, _read_name, CLEAN),
    Reader("files, by the command", 10, _for_a_command, _read_by_command, CLEAN),
)
