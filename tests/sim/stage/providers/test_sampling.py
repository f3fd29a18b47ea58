"""Sampling: what may be set, what is refused, and what is part of a stage's identity."""

from __future__ import annotations

import tomllib

import pytest

from sim.errors import ModelError
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling

HERE = "http://localhost:1/v1"


def test_a_table_of_a_toml_file_is_read():
    table = tomllib.loads(
        """
        temperature = 0.7
        stop = ["END", "THE END"]
        base_url = "http://localhost:8000/v1/"
        extra_body = { min_p = 0.05 }
        """
    )
    sampling = Sampling.read(table, "elsinore.toml, [sampling]")
    assert sampling == Sampling(
        temperature=0.7,
        stop=("END", "THE END"),
        base_url="http://localhost:8000/v1",
        extra_body={"min_p": 0.05},
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", -1),
        ("temperature", float("nan")),
        ("temperature", "hot"),
        ("top_p", 0),
        ("top_p", 1.5),
        ("max_tokens", 0),
        ("max_tokens", 2.5),
        ("timeout", 0),
        ("stop", ["END", ""]),
        ("base_url", "localhost:8000"),
        ("base_url", "ftp://localhost/v1"),
        ("base_url", "http://localhost:eighty/v1"),
        ("extra_body", {"messages": []}),
        ("extra_body", {"when": object()}),
        ("temprature", 1),
        ("api_key", "sk-abcdef"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_place(field: str, value: object):
    with pytest.raises(ModelError) as caught:
        Sampling.read({field: value}, "elsinore.toml, [sampling]")
    message = str(caught.value)
    assert message.startswith("elsinore.toml, [sampling]: Sampling")
    assert field in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "table",
    [
        {"base_url": "https://user:hunter2@host/v1"},
        {"base_url": "https://host/v1?api_key=hunter2"},
        {"extra_body": {"api_key": "hunter2"}},
        {"extra_body": {"X-Authorization": "hunter2"}},
    ],
)
def test_keys_are_refused_and_not_shown(table: dict[str, object]):
    with pytest.raises(ModelError, match="environment") as caught:
        Sampling.read(table, "options")
    assert "hunter2" not in str(caught.value)


def test_the_identity_tells_what_changes_replies_and_nothing_else():
    plain = open_model("openai:stub", Sampling(base_url=HERE))
    assert plain.identity == f"openai:stub?base_url={HERE}"
    slow = open_model("openai:stub", Sampling(base_url=HERE, timeout=5))
    assert slow.identity == plain.identity
    others = [
        Sampling(base_url=HERE, temperature=0),
        Sampling(base_url=HERE, top_p=0.9),
        Sampling(base_url=HERE, max_tokens=9),
        Sampling(base_url=HERE, seed=False),
        Sampling(base_url=HERE, stop=("END",)),
        Sampling(base_url=HERE, extra_body={"min_p": 0.1}),
        Sampling(base_url=f"{HERE}/other"),
    ]
    identities = {open_model("openai:stub", sampling).identity for sampling in others}
    assert len(identities | {plain.identity}) == len(others) + 1


def test_a_default_that_is_spelled_out_is_the_same_identity():
    assert Sampling(seed=True, stop=(), extra_body={}).suffix() == Sampling().suffix() == ""


def test_the_address_in_the_environment_is_part_of_the_identity(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_BASE_URL", HERE)
    assert HERE in open_model("openai:stub").identity


def test_a_stage_that_is_no_language_model_takes_no_sampling():
    for model in ("embedded:base", "fixed:Yes."):
        with pytest.raises(ModelError, match="takes no sampling"):
            open_model(model, Sampling(temperature=1))
