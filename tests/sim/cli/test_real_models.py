"""Real models from the command line: how they are asked, what they can do, and in which layout."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from stub_server import StubServer

from sim.calls.guard import ModelOptions, open_models
from sim.stage.providers.sampling import Sampling

Command = Callable[..., "CompletedProcess[str]"]


def test_a_run_asks_as_it_was_told(inside: Command, folder: Path, stub: StubServer) -> None:
    done = inside(
        "run", "mine.py:trio", "-m", "openai:stub", "--base-url", stub.url, "--temperature", "0.5",
        "--top-p", "0.9", "--max-tokens", "50", "--extra-body", '{"top_k": 3}', "-q",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    body = stub.last()
    assert (body["temperature"], body["top_p"], body["top_k"]) == (0.5, 0.9, 3)
    assert 50 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    connection = sqlite3.connect(folder / "runs/trio.db")
    stages = connection.execute("SELECT DISTINCT stage FROM trials").fetchall()
    connection.close()
    assert len(stages) == 1, "one trial where it may cost money"
    assert "temperature=0.5" in stages[0][0]


def test_the_file_says_how_to_ask(inside: Command, folder: Path, stub: StubServer) -> None:
    (folder / "elsinore.toml").write_text(
        f'''
        [run]
        model = "openai:stub"
        base_url = "{stub.url}"
        temperature = 0.5
        stop = "END"
        extra_body = {{ top_k = 3 }}
        '''
    )
    done = inside("run", "mine.py:trio", "-q")
    assert done.returncode == 0, done.stderr
    body = stub.last()
    assert (body["temperature"], body["top_k"]) == (0.5, 3)
    done = inside("run", "mine.py:trio", "-q", "--stop", "Enough.", "--stop", "Basta.")
    assert done.returncode == 0, done.stderr
    connection = sqlite3.connect(folder / "runs/trio.db")
    stages = [row[0] for row in connection.execute("SELECT stage FROM trials ORDER BY run")]
    connection.close()
    assert ['stop=["END"]' in stage for stage in stages] == [True, False]
    assert 'stop=["Enough.", "Basta."]' in stages[1], "an option comes before the file"


def test_a_table_that_is_no_json_is_refused(inside: Command, folder: Path) -> None:
    (folder / "elsinore.toml").write_text("[run]\nextra_body = { since = 2026-01-01 }\n")
    done = inside("run", "mine.py:trio")
    assert done.returncode == 2
    assert "run.extra_body" in done.stderr
    assert "a table, or JSON in a text" in done.stderr


def test_one_account_has_one_limit_however_it_is_reached() -> None:
    options = ModelOptions(Sampling(base_url="http://127.0.0.1:1/v1"), requests_per_minute=60)
    models = ["openai:a", "completions:b", "langchain:openai:c"]
    stages = open_models(models, options).stages
    limits: list[Any] = [stage.stage.limits for stage in stages.values()]  # type: ignore[attr-defined]
    assert limits == limits[:1] * 3
    assert limits[0].requests_per_minute == 60


def test_a_base_model_plays_a_screenplay(inside: Command, folder: Path, stub: StubServer) -> None:
    done = inside(
        "run", "mine.py:trio", "-m", "completions:stub", "--base-url", stub.url,
        "--layout", "screenplay", "-q",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert stub.counts()["by_path"].keys() == {"/v1/completions"}
    connection = sqlite3.connect(folder / "runs/trio.db")
    scene = json.loads(connection.execute("SELECT scene FROM trials").fetchone()[0])
    connection.close()
    assert scene["layout"] == "screenplay"


def test_a_wrong_key_ends_the_run_at_once(inside: Command, stub: StubServer) -> None:
    stub.behave(key="right")
    done = inside(
        "run", "mine.py:trio", "-m", "openai:stub", "--base-url", stub.url, "--trials", "50",
        "--concurrency", "4",
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert stub.counts()["calls"] <= 4


SECRET = "sk-test-abcdefghijklmnopqrstuvwxyz123456"


def test_a_key_that_is_refused_is_nowhere(
    inside: Command, folder: Path, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stub repeats the key in its message, as OpenAI does in part."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    stub.behave(key="right")
    words = ("run", "mine.py:trio", "--base-url", stub.url, "--log-level", "debug")
    told = ""
    for model in ("openai:stub", "completions:stub", "langchain:openai:stub"):
        done = inside(*words, "-m", model)
        assert done.returncode == 1
        assert "[redacted]" in done.stderr
        told += done.stdout + done.stderr
    assert SECRET[8:] not in told
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"]
    assert files
    assert not any(SECRET[8:].encode() in path.read_bytes() for path in files)


def test_check_says_what_a_server_can_do(inside: Command, stub: StubServer) -> None:
    done = inside("check", "openai:stub", "--base-url", stub.url)
    assert done.returncode == 0, done.stderr
    rows = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert " yes " in rows["chat"]
    assert " ms " in rows["chat"]
    stub.behave(echo="no", prompt_logprobs=False)
    told = json.loads(inside("check", "completions:stub", "--base-url", stub.url, "--json").stdout)
    verdicts = {capability["name"]: capability["verdict"] for capability in told["capabilities"]}
    assert verdicts["log-probabilities of the prompt (echo)"] == "no"
    stub.behave(key="right")
    refused = inside("check", "openai:stub", "--base-url", stub.url)
    assert refused.returncode == 1
    assert "check the key in the environment" in refused.stdout
    assert "the server did none of this" in refused.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "embedded:base"], "there is no server to ask"),
        (["run", "mine.py:trio", "--temperature", "1"], "embedded stages take no sampling"),
        (["run", "mine.py:trio", "-m", "openai:x"], "set the environment variable OPENAI_API_KEY"),
        (
            ["run", "mine.py:trio", "-m", "openai:x", "--base-url", "here"],
            "options: Sampling.base_url: is no address",
        ),
        (
            ["run", "mine.py:trio", "-m", "openai:x", "--extra-body", "[1]"],
            "--extra-body: is no JSON object",
        ),
        (
            ["run", "mine.py:trio", "-m", "openai:x", "--base-url", "http://127.0.0.1:1/v1",
             "--requests-per-minute", "0"],
            "lets nothing through",
        ),
    ],
)  # fmt: skip
def test_bad_requests(inside: Command, stub: StubServer, words: list[str], message: str) -> None:
    done = inside(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_provider_has_a_bound_of_its_own(inside: Command, stub: StubServer) -> None:
    stub.behave(latency=0.02)
    done = inside(
        "run", "mine.py:trio", "-m", "openai:stub", "--base-url", stub.url, "-qn6",
        "--concurrency", "6", "--provider-concurrency", "2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert stub.counts()["most_inside"] == 2
