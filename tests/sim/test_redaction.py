"""Keys: the ways in which one can come in, and the places where none may come out."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_server import StubServer

import sim
from sim import Actor, Persona, Scene, after, ring
from sim.calls.guard import ModelOptions
from sim.errors import ModelError, SceneError
from sim.planning import canonical
from sim.redaction import BLOT, redact, redact_tree, without_secrets
from sim.runs.options import RunOptions
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling
from sim.store import export_jsonl

KEY = "sk-proj-abcdefgh12345678"
SECRET = 'open sesame "42" ü'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "env-key-87654321")
    monkeypatch.setenv("MY_GATEWAY_TOKEN", SECRET)


@pytest.mark.parametrize(
    "body",
    [
        {"api_key": "x"},
        {"provider": {"auth": {"X-Api-Key": "x"}}},
        {"headers": {"Authorization": "x"}},
        {"list": [{"deep": {"client_secret": "x"}}]},
        {"note": KEY},
        {"note": ["a", {"b": f"Bearer {KEY}"}]},
        {KEY: 1},
        {"note": f"say {SECRET}"},
        {"note": "https://me:hunter2@host/"},
    ],
)
def test_no_body_with_a_credential_is_taken(body: dict[str, object]) -> None:
    with pytest.raises(ModelError) as caught:
        Sampling(extra_body=body)
    for secret in (KEY, SECRET, "hunter2"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        f"http://host/{KEY}/v1",
        "http://host/env-key-87654321/v1",
        f"http://host/v1?key={KEY}",
        f"http://{KEY}@host/v1",
        "http://host/a\x1b[31mb",
        "http://host/a b",
    ],
)
def test_no_address_with_a_credential_or_a_control_is_taken(address: str) -> None:
    with pytest.raises(ModelError) as caught:
        Sampling(base_url=address)
    for secret in (KEY, "env-key-87654321", "\x1b"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("model", [f"openai:{KEY}", "completions:env-key-87654321"])
def test_no_model_string_with_a_key_is_taken(model: str) -> None:
    with pytest.raises(ModelError, match="looks like a key") as caught:
        open_model(model)
    assert model.partition(":")[2] not in str(caught.value)


def test_no_scene_tells_a_secret() -> None:
    for told in (SECRET, "env-key-87654321"):
        scene = Scene(
            topic="Tea?",
            cast=[Actor(Persona(name="Ada", brief=f"She says {told}.")), Persona(name="Ben")],
            graph=ring("Ada", "Ben"),
            ends=after(turns=1),
        )
        with pytest.raises(SceneError, match="key or token") as caught:
            canonical(scene)
        assert told not in str(caught.value)


def test_prose_is_cut_nowhere_else() -> None:
    said = "The password: melon. My key: gold, and /etc/passwd: is a file."
    assert without_secrets(said) == said
    assert redact("/etc/passwd: cannot be read") == "/etc/passwd: cannot be read"
    assert redact_tree({"max_tokens": "12", "a": {"b": [f"x {SECRET}"]}, KEY: 1}) == {
        "max_tokens": "12",
        "a": {"b": [f"x {BLOT}"]},
        BLOT: 1,
    }


@given(st.text(), st.text())
def test_a_known_secret_never_comes_out(before: str, behind: str) -> None:
    for hidden in (redact, without_secrets):
        assert SECRET not in hidden(f"{before}{SECRET}{behind}")


@pytest.mark.parametrize(
    "unit", ["-", "A", "a-", "eyJ-", "api_key", "key provided:x", "a.b://", "Bearer ", "é", "sk-",
             "password \n", "http://a"],
)  # fmt: skip
def test_time_is_in_proportion_to_the_text(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    began = time.perf_counter()
    redact(text)
    assert time.perf_counter() - began < 3


def test_a_reply_that_echoes_the_key_is_stored_without_it(
    tmp_path: Path,
) -> None:
    """On no path out: the store's bytes, the transcript, the export."""
    message = {"content": "My key is env-key-87654321.", "reasoning_content": "env-key-87654321!"}
    scene = Scene(
        topic="Tea?",
        cast=[Persona(name="Ada"), Persona(name="Ben")],
        graph=ring("Ada", "Ben"),
        ends=after(turns=2),
    )
    store = tmp_path / "a.db"
    with StubServer() as stub:
        stub.behave(message=message)
        options = RunOptions(asking=ModelOptions(sampling=Sampling(base_url=stub.url)))
        results = sim.run(scene, "openai:stub", trials=1, store=store, options=options)
    assert f"My key is {BLOT}." in str(results.transcripts[0])
    export_jsonl(store, tmp_path / "a.jsonl")
    for path in tmp_path.iterdir():
        assert b"env-key-87654321" not in path.read_bytes(), path
    assert json.dumps(BLOT)[1:-1] in (tmp_path / "a.jsonl").read_text()
