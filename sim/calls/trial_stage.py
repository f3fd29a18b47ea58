"""The stage of one trial: what a call goes through, from the outside in.

What the store holds for the trial (``Recalled``); the cache, which all trials share (``Cached``);
calls in doubt (``Doubted``); the budget (``Budgeted``); a place among the calls in flight
(``Limited``); the journal (``Journaled``), so that in doubt is only what may have been asked; the
account of the stage (``Accounted``); then the stage, with its own retry and throttle. What there is
no use for is left out: a call to a free stage passes three of these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sim.calls.budget import Budget, Budgeted
from sim.calls.cache import Cache, Cached
from sim.calls.journal import Doubted, Journal, Journaled, Recalled, hush
from sim.calls.keys import TRIAL_LETTERS, request_key
from sim.calls.limiter import Limited, Limiter, Stopped
from sim.calls.scores import Scorer, read_score
from sim.calls.usage import Account, Accounted
from sim.errors import StoreFailed
from sim.events import Event
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, info_of


@dataclass(frozen=True, slots=True)
class Player:
    """A stage that plays in a trial, with its account and what may be looked up and kept.

    ``account`` and ``budget`` are shared with the other trials of the stage and the run; so is
    ``cache``, and where it is None nothing is looked up. ``keep`` keeps the prompts, by which
    others find the replies and a replay shows what is different.
    """

    stage: Stage
    account: Account = field(default_factory=Account)
    cache: Cache | None = None
    budget: Budget | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier runs left of a trial: its replies, and the keys of its calls in doubt.

    With ``refuse_doubted`` the latter are not made again but fail with the reason ``in-doubt``.
    ``of_version_1`` says that keys of stores of version 1 are among the replies'.
    """

    replies: Mapping[str, Reply] = field(default_factory=dict)
    of_version_1: bool = False
    doubted: Collection[str] = ()
    refuse_doubted: bool = False


NOTHING = Before()
"""Of a trial that is new."""


class TrialStage:
    """A stage for one trial whose calls go through all of the above. It observes the trial, too.

    ``cast`` are the other stages that play in the trial, by the names that the scene has for them.
    """

    def __init__(
        self,
        own: Player,
        journal: Journal,
        limiter: Limiter,
        *,
        before: Before = NOTHING,
        cast: Mapping[str, Player] | None = None,
    ) -> None:
        self.journal = journal
        self.identity = own.stage.identity
        self._limiter = limiter
        self._before = before
        self._focal = info_of(own.stage).focal
        self._beginning = journal.trial[:TRIAL_LETTERS]
        self._players = {"": own, **(cast or {})}
        self._chains = {
            name: self._around(player.stage, player) for name, player in self._players.items()
        }
        self._identities = {name: player.stage.identity for name, player in self._players.items()}

    @property
    def info(self) -> StageInfo:
        """The own stage's, with the names of the others."""
        own = info_of(self._players[""].stage)
        return replace(own, cast=tuple(name for name in self._players if name))

    def _around(self, stage: Stage, player: Player) -> Stage:
        """A stage within everything that a call to this player goes through."""
        account, journal, before = player.account, self.journal, self._before
        chain: Stage = Accounted(stage, account)
        chain = Journaled(chain, journal, keep=player.keep, cached=account.recorded)
        chain = Limited(chain, self._limiter)
        if player.budget is not None:
            chain = Budgeted(chain, player.budget, account, self._limiter, self._focal)
        if before.doubted:
            chain = Doubted(chain, journal, before.doubted, refuse=before.refuse_doubted)
        if player.cache is not None:
            chain = Cached(chain, player.cache, account, journal, keep=player.keep)
        if before.replies:
            chain = Recalled(chain, journal.trial, before.replies, of_version_1=before.of_version_1)
        return chain

    def saw(self, event: Event) -> None:
        """Queue an event. Raises ``StoreFailed`` if the store cannot be written any more."""
        self.journal.saw(event)

    async def perform(self, request: Request) -> Reply:
        """The stored reply, or the stage's, with its intent committed before.

        Raises ``StageError`` if there is no answer, ``StoreFailed`` if the intent could not be
        committed, ``Stopped`` if the run is stopping.
        """
        name = request.stage
        return await self._through(self._chains[name], self._identities[name], request)

    async def _through(self, chain: Stage, identity: str, request: Request) -> Reply:
        call = Request(
            request.prompt,
            request.seed,
            request.speaker,
            request.purpose,
            request.stop,
            request.max_tokens,
            request.schema,
            request.stage,
            self._beginning + request_key(identity, request),
        )
        try:
            return await chain.perform(call)
        except (Stopped, StoreFailed):
            hush()
            raise

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The stage's. Kept like a reply: what a server has scored is not scored again."""
        player = self._players[request.stage]
        asked = replace(request, purpose="score", schema={"const": text})
        chain = self._around(Scorer(player.stage, request, text), player)
        return read_score(await self._through(chain, player.stage.identity, asked))
