"""The stage of one trial: the chain of wrappers that a call passes, from the outside in.

The replies stored for the trial (``Recalled``); the cache, which all trials share (``Cached``);
calls in doubt (``Doubted``); the budget (``Budgeted``); the limit on calls in flight (``Limited``);
the journal (``Journaled``), inside the limit, so that only calls that may have been made are ever
in doubt; the account of the stage (``Accounted``); then the stage, with its own retry and throttle.
Wrappers with nothing to do are left out: a call to a free stage passes three.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sim.calls.budget import Budgeted, Purse
from sim.calls.cache import Cached, Replies
from sim.calls.journal import Doubted, Journal, Journaled, Recalled, discard_exception
from sim.calls.keys import TRIAL_LETTERS, request_key
from sim.calls.limiter import Limited, Limiter
from sim.calls.scores import Scorer, read_score
from sim.calls.stopping import Stopped
from sim.calls.usage import Account, Accounted
from sim.errors import StoreFailed
from sim.events import Event
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, info_of


@dataclass(frozen=True, slots=True)
class Player:
    """A stage that plays in a trial, with its account, cache and budget.

    ``account`` is shared by all trials of the stage, ``budget`` and ``cache`` by all trials of the
    run. Without a ``cache`` no replies are looked up. ``keep`` stores the prompts, too, so that a
    replay can show how a prompt differs.
    """

    stage: Stage
    account: Account = field(default_factory=Account)
    cache: Replies | None = None
    budget: Purse | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier runs stored of a trial: its replies, and the keys of its calls in doubt.

    With ``refuse_doubted`` calls in doubt fail with the reason ``in-doubt`` instead of being made
    again. ``of_version_1`` says that ``replies`` contains keys of stores of version 1.
    """

    replies: Mapping[str, Reply] = field(default_factory=dict)
    of_version_1: bool = False
    doubted: Collection[str] = ()
    refuse_doubted: bool = False


NOTHING = Before()
"""The value for a new trial."""


class TrialStage:
    """The stage of one trial: every call passes the chain above. It also observes the trial.

    ``cast`` are the other stages that play in the trial, by the names that the scene gives them.
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
        """The info of the trial's own stage, with the names of the others as ``cast``."""
        own = info_of(self._players[""].stage)
        return replace(own, cast=tuple(name for name in self._players if name))

    def _around(self, stage: Stage, player: Player) -> Stage:
        """A stage within the chain of wrappers that calls to this player pass."""
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
            discard_exception()
            raise

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The stage's. Kept like a reply: what a server has scored is not scored again."""
        player = self._players[request.stage]
        asked = replace(request, purpose="score", schema={"const": text})
        chain = self._around(Scorer(player.stage, request, text), player)
        return read_score(await self._through(chain, player.stage.identity, asked))
