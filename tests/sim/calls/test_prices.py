"""Prices: the table that ships, one's own, and what is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.calls.prices import SHIPPED, Price, Prices
from sim.calls.usage import Account
from sim.errors import BadRequest
from sim.events import Usage
from sim.layouts.prompt import Prompt
from sim.stage.base import Reply, Request

REQUEST = Request(Prompt.start("system", "You are Ada."), 7, "Ada")


def test_the_table_that_ships_is_whole() -> None:
    prices = Prices.load()
    text = SHIPPED.read_text("utf-8")
    assert "check the provider's page" in text
    names = [line.split('"')[1] for line in text.splitlines() if line.startswith('"')]
    assert len(names) > 10
    for name in names:
        price = prices.of(name)
        assert price is not None
        assert 0 < price.cached <= price.prompt <= price.completion


def test_cached_tokens_are_a_part_of_the_prompt() -> None:
    price = Price(prompt=2.0, cached=0.5, completion=8.0)
    assert price.of(Usage(1_000_000, 0)) == 2.0
    assert price.of(Usage(1_000_000, 0, 1_000_000)) == 0.5
    # A server that counts more cached tokens than there were does not earn us anything.
    assert price.of(Usage(1_000_000, 0, 2_000_000)) == 0.5


def test_ones_own_prices_come_first_and_hold_at_any_address(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[models]\n"openai:gpt-4o" = { prompt = 1, completion = 3 }\n')
    prices = Prices.load(own)
    assert prices.of("openai:gpt-4o") == Price(1.0, 1.0, 3.0)
    assert prices.of("openai:gpt-4o?base_url=http://localhost/v1") == Price(1.0, 1.0, 3.0)
    assert prices.of("openai:gpt-4o-mini") == Prices.load().of("openai:gpt-4o-mini")
    assert prices.of("openai:gpt-4o-mini?base_url=http://localhost/v1") is None
    assert prices.of("openai:gpt-4o?temperature=1#yoked:Ada") == Price(1.0, 1.0, 3.0)
    assert prices.of("langchain:openai:gpt-4o-2024-08-06") == Price(1.0, 1.0, 3.0)
    assert prices.of("openai:gpt-4o-mini?base_url=https://api.openai.com/v1") is not None
    assert prices.of("openai:gpt-40") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[models", "is no TOML"),
        ("", "there are no prices in it"),
        ("[prices]\na = 1", "'prices' is unknown"),
        ('[models]\n"a" = 3', "a: 3 is no price"),
        ('[models]\n"a" = { prompt = 1 }', "completion is missing"),
        ('[models]\n"a" = { prompt = -1, completion = 2 }', "prompt = -1 is no price"),
        ('[models]\n"a" = { prompt = nan, completion = 2 }', "prompt = nan is no price"),
        ('[models]\n"a" = { prompt = 1, completion = 2, reply = 3 }', "'reply' is unknown"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(BadRequest, match=message):
        Prices.load(own)
    with pytest.raises(BadRequest, match="there is no such file"):
        Prices.load(tmp_path / "nowhere.toml")


def test_an_unknown_price_is_unknown_and_never_nothing() -> None:
    known, unknown, free = Account(price=Price(1.0, 1.0, 1.0)), Account(), Account(free=True)
    for account in (known, unknown, free):
        account.answered(REQUEST, Reply("Yes.", usage=Usage(10, 5)))
    assert known.usage.usd == 15 / 1e6
    assert unknown.usage.usd is None
    assert free.usage.usd == 0.0
    # One that the provider names itself goes before ours.
    assert known.answered(REQUEST, Reply("Yes.", usage=Usage(10, 5, 0, 0.5))).usage.usd == 0.5
