"""The accounts of a run's stages: what may be looked up, what may be spent, what was used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.calls.cache import Cache
from sim.calls.prices import Prices
from sim.calls.trial_stage import Player
from sim.calls.usage import Account, Totals
from sim.errors import BadRequest
from sim.events import Usage
from sim.runs.options import RunOptions
from sim.stage.base import Stage, info_of
from sim.store import usage_to_json


@dataclass(frozen=True, slots=True)
class Figures:
    """What all stages of a run were asked and used together; see ``RunReport``."""

    calls: int
    hits: int
    failed_calls: int
    retries: int
    usage: Usage
    computed_tokens: int | None


@dataclass(slots=True)
class Accounts:
    """The accounts of the stages that a run asks, by identity."""

    options: RunOptions
    prices: Prices | None = None
    by_stage: dict[str, Account] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def open(
        self,
        identities: Iterable[str],
        stages: Mapping[str, Stage],
        paid: Callable[[Usage], None] | None,
    ) -> None:
        """Open the accounts of stages; ``paid`` is told what each call used.

        Raises ``BadRequest`` if money is limited and the price of a stage is unknown.
        """
        budget = self.options.budget
        self.prices = self.options.prices
        for identity in dict.fromkeys(identities):
            info = info_of(stages[identity])
            account = Account(
                free=info.free, recorded=info.recorded, limit=info.token_limit, paid=paid
            )
            if not account.free and not account.recorded:
                self.prices = self.prices or Prices.load()
                account.price = self.prices.of(info.priced_as or identity)
                if account.price is None and budget is not None and budget.usd is not None:
                    raise BadRequest(
                        f"budget_usd: the price of {identity} is unknown, so money cannot be "
                        "limited; give its price (--prices FILE), or limit tokens or minutes"
                    )
            self.by_stage[identity] = account
            self.stages[identity] = stages[identity]

    def player(self, identity: str, stage: Stage, cache: Cache) -> Player:
        """A stage with its account, and with the cache and the budget if they apply to it."""
        account, chosen = self.by_stage[identity], self.options.cache
        # The cache looks replies up by their prompts, which free stages do not keep by default.
        keep = not account.recorded and (chosen is True or not account.free)
        return Player(
            stage,
            account,
            cache if keep and chosen is not False else None,
            None if account.recorded else self.options.budget,
            keep,
        )

    def manifest(self) -> dict[str, Any]:
        """What the manifest of a run says of caching, budget and prices."""
        budget = self.options.budget
        return {
            "cache": self.options.cache,
            "budget": None
            if budget is None
            else {"usd": budget.usd, "tokens": budget.tokens, "minutes": budget.minutes},
            "prices": {
                identity: [account.price.prompt, account.price.cached, account.price.completion]
                for identity, account in self.by_stage.items()
                if account.price is not None
            },
            "prices_of": None if self.prices is None else self.prices.date,
        }

    def used_elsewhere(self, identity: str, more: Totals, facts: Mapping[str, Any]) -> None:
        """Add what a stage was asked in another process, where it has these facts."""
        self.by_stage[identity].add(more)
        self.facts[identity] = dict(facts)

    def figures(self) -> Figures:
        """The sums over all stages."""
        every = self.by_stage.values()
        usage = sum((account.usage for account in every), Usage(usd=0.0))
        computed = sum(account.prefix_cache.computed for account in every)
        return Figures(
            calls=sum(account.calls for account in every),
            hits=sum(account.hits for account in every),
            failed_calls=sum(account.failed_calls for account in every),
            retries=sum(account.retries for account in every),
            usage=usage,
            computed_tokens=round(computed) if usage.prompt_tokens else None,
        )

    def _facts(self, identity: str) -> dict[str, Any]:
        facts = self.facts.get(identity) or dict(info_of(self.stages[identity]).facts)
        return {"facts": facts} if facts else {}

    def summary(self, stopped: str | None) -> dict[str, Any]:
        """What is stored with the run, stage by stage."""
        return {
            "stopped": stopped,
            "stages": {
                identity: {
                    "calls": account.calls,
                    "hits": account.hits,
                    "failed_calls": account.failed_calls,
                    "retries": account.retries,
                    "usage": usage_to_json(account.usage),
                    "computed_tokens": round(account.prefix_cache.computed)
                    if account.prompt_tokens
                    else None,
                    **self._facts(identity),
                }
                for identity, account in self.by_stage.items()
            },
        }
