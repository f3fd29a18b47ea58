"""The terms of a run: what may be looked up, what may be spent, and the books of its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.calls.budget import Budget
from sim.calls.cache import Cache
from sim.calls.journal import Player
from sim.calls.prices import Prices
from sim.calls.usage import Account, is_recorded, payee, token_limit
from sim.errors import BadRequest
from sim.events import Usage
from sim.planning import Trial
from sim.runs.report import add
from sim.stage.base import Stage
from sim.store import usage_to_json


@dataclass(slots=True)
class Terms:
    """``cache`` is None for the stages that are not free, True for all, False for none."""

    cache: bool | None = None
    budget: Budget | None = None
    prices: Prices | None = None
    accounts: dict[str, Account] = field(default_factory=dict)

    def open(
        self,
        trials: Iterable[Trial],
        stages: Mapping[str, Stage],
        paid: Callable[[Usage], None] | None,
        also: Iterable[str] = (),
    ) -> None:
        """Open the books of the stages that are asked for: by the trials, and ``also``.

        Raises ``BadRequest`` if money is limited and nobody knows what a stage costs.
        """
        asked = (name for trial in trials for name in (trial.stage, *trial.stages.values()))
        self.open_books(dict.fromkeys((*asked, *also)), stages, paid)

    def open_books(
        self,
        identities: Iterable[str],
        stages: Mapping[str, Stage],
        paid: Callable[[Usage], None] | None,
    ) -> None:
        """The same for stages that are named by their identities."""
        for identity in identities:
            stage = stages[identity]
            paid_for = payee(stage)
            account = Account(
                free=bool(getattr(paid_for, "free", False)),
                recorded=is_recorded(stage),
                limit=token_limit(paid_for),
                paid=paid,
            )
            if not account.free and not account.recorded:
                self.prices = self.prices or Prices.load()
                account.price = self.prices.of(identity if paid_for is stage else paid_for.identity)
                if (
                    account.price is None
                    and self.budget is not None
                    and self.budget.usd is not None
                ):
                    raise BadRequest(
                        f"budget_usd: the price of {identity} is unknown, so money cannot be "
                        "limited; give its price (--prices FILE), or limit tokens or minutes"
                    )
            self.accounts[identity] = account

    def keeps(self, account: Account) -> bool:
        """Whether the prompts of a stage are kept, by which its replies are found."""
        return not account.recorded and (self.cache is True or not account.free)

    def looks_up(self, account: Account) -> bool:
        """Whether a stage's replies are looked up before it is asked."""
        return self.cache is not False and self.keeps(account)

    def player(self, identity: str, stage: Stage, cache: Cache) -> Player:
        """A stage with its books, as a journal wants it."""
        account = self.accounts[identity]
        return Player(
            stage,
            account,
            cache if self.looks_up(account) else None,
            None if account.recorded else self.budget,
            self.keeps(account),
        )

    def options(self) -> dict[str, Any]:
        """For the manifest."""
        budget = self.budget
        return {
            "cache": self.cache,
            "budget": None
            if budget is None
            else {"usd": budget.usd, "tokens": budget.tokens, "minutes": budget.minutes},
            "prices": {
                identity: [account.price.prompt, account.price.cached, account.price.completion]
                for identity, account in self.accounts.items()
                if account.price is not None
            },
            "prices_of": None if self.prices is None else self.prices.date,
        }

    def figures(self) -> dict[str, Any]:
        """The sums over all stages, as fields of a ``RunReport``."""
        books = self.accounts.values()
        usage = Usage(usd=0.0)
        for account in books:
            usage = add(usage, account.usage)
        computed = sum(account.economy.computed for account in books)
        return {
            "calls": sum(account.calls for account in books),
            "hits": sum(account.hits for account in books),
            "failed_calls": sum(account.failed_calls for account in books),
            "retries": sum(account.retries for account in books),
            "usage": usage,
            "computed_tokens": round(computed) if usage.prompt_tokens else None,
        }

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
                    "computed_tokens": round(account.economy.computed)
                    if account.prompt_tokens
                    else None,
                }
                for identity, account in self.accounts.items()
            },
        }
