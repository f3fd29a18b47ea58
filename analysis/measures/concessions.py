"""Who gives in? Points that debaters grant to each other, by speaker and by claim.

*Evidence*: T. Words (``analysis.evidence.concession``), the numbers of claims
(``sim.text.claims``), and typed answers in cross-examination, as they were heard ("Yes. ...").

*Definition.* A turn *concedes* if it grants a point of another debater's in words, takes back a
point of the speaker's own, or answers a question with "yes" (with "no" where the question asks
whether one stands by one's case). "In part" and "you are half right" concede *partly* and are
counted apart. A concession is made to whoever's claim is cited, else to the debater that the line
addresses, else to the one who spoke last; before anybody else has spoken there is none. The *rate*
is the share of a debater's turns that concede, of those after another debater has spoken. A claim
is *granted* if another debater concedes it by its number, in the sentence that concedes or, for all
of a turn, after its last full stop.

*Null.* As much is given as taken: in ``by_entrant`` the ``lead`` of what opponents concede over
what an entrant concedes to them is zero, with an interval by leaving out one match at a time.

*References.* Walton and Krabbe, "Commitment in Dialogue", 1995.

*Traps.* A polite model concedes in words and goes on as before: read concessions beside swing or
verdicts. Who says less can concede less; hence shares of turns. Silence concedes nothing here,
though it does where debates are judged by dropped points. Figures of speech are missed
(``docs/validity-details.md`` says how many).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import ESTIMATE, Estimate, Quantities, Quantity, cells
from analysis.results import ArmEstimate, Result
from analysis.stats import Interval, paired_difference, share_of
from analysis.tables import Data, frame
from analysis.tournaments.grants import FULL, Debate, Given, concessions_in, debates
from analysis.tournaments.tables import Contest

_CLAIMS = {
    "trial": "str", "claim": "str", "speaker": "str", "turn": "Int64", "text": "str",
    "cited": "Int64", "granted": "Int64", "granted_by": "object", "granted_at": "Int64",
    "partly": "Int64", "withdrawn": "boolean",
}  # fmt: skip


class Concessions(Result):
    """Who conceded what to whom, in debates.

    ``by_turn`` has one row for each claim that the words cite; ``claim`` is missing where they cite
    none. ``debaters`` are those who can concede and be conceded to (None: all of each trial's
    cast); their letters are theirs among these. Raises ``BadRequest`` if a debater is in no cast.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "Ada", "[A1] The spring falls."), Turn(2, "Ben", "I grant [A1], but why?")]
    >>> debate = tables_from([Record("t", [{"name": "Ada"}, {"name": "Ben"}], said)])
    >>> columns = ["turn", "actor", "to", "kind", "claim"]
    >>> Concessions(debate).by_turn[columns].to_numpy().tolist()
    [[2, 'Ben', 'Ada', 'grant', 'A1']]
    """

    measure = "concessions"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "to": Quantity("whose point is conceded", "text"),
        "kind": Quantity(
            "grant, withdrawal, answer (a whole concession), partly or partly answer", "text"
        ),
        "claim": Quantity("the claim that is cited", "text"),
        "text": Quantity("the sentence, or the question that was answered", "text"),
    }
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns in which it could concede", "count"),
        "conceding": Quantity("turns in which it did", "count"),
        "partly": Quantity("turns in which it did so by half only", "count"),
        "received": Quantity("turns of others that conceded to it", "count"),
        "withdrawn": Quantity("its turns that took something back", "count"),
        "claims": Quantity("claims of others that were there for it to grant", "count"),
        "granted": Quantity("those that it granted", "count"),
        "rate": Quantity("share of its turns that concede; missing without a turn", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        "turns": Quantity("turns in which somebody could concede", "count"),
        "conceding": Quantity("turns in which somebody did", "count"),
        "partly": Quantity("turns in which somebody did so by half only", "count"),
        "claims": Quantity("claims that were made", "count"),
        "granted": Quantity("claims that somebody granted", "count"),
        "rate": Quantity("share of the turns that concede", low=0, high=1),
    }
    arm: ClassVar[Quantities] = {
        "rate": Quantity("share of the turns that concede", low=0, high=1),
        "partly_rate": Quantity("share of the turns that do so by half only", low=0, high=1),
        "granted": Quantity("share of the claims that somebody granted", low=0, high=1),
    }

    def __init__(self, data: Data, debaters: Sequence[str] | None = None) -> None:
        super().__init__(data)
        self.debaters = debaters

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for debate in self._debates:
            for each in concessions_in(debate):
                for claim in each.claims or (None,):
                    yield (
                        debate.trial, each.turn, each.speaker, each.to, each.kind, claim, each.text,
                    )  # fmt: skip

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for debate in self._debates:
            given = concessions_in(debate)
            for name in debate.names:
                own = _counted(debate, given, name)
                rate = own.conceding / own.turns if own.turns else nan
                yield (
                    debate.trial, name, own.turns, own.conceding, own.partly, own.received,
                    own.withdrawn, own.claims, own.granted, rate,
                )  # fmt: skip

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        columns = ["turns", "conceding", "partly"]
        sums = self.by_actor.groupby("trial", sort=False)[columns].sum()
        granted = self.by_claim["granted"].gt(0).groupby(self.by_claim["trial"])
        claims = granted.size().reindex(sums.index, fill_value=0)
        taken = granted.sum().reindex(sums.index, fill_value=0)
        for trial, turns, conceding, partly in sums.itertuples():
            rate = conceding / turns if turns else nan
            yield (trial, turns, conceding, partly, claims[trial], taken[trial], rate)

    def _arms(self) -> Iterable[ArmEstimate]:
        parts = {
            "rate": ("conceding", "turns"),
            "partly_rate": ("partly", "turns"),
            "granted": ("granted", "claims"),
        }
        for arm, rows in self.rows_of_arms():
            for name, (part, whole) in parts.items():
                counts = rows[[part, whole]].to_numpy(dtype=np.float64)
                share = share_of(counts[:, 0], counts[:, 1])
                used = int((counts[:, 1] > 0).sum())
                yield ArmEstimate(arm, name, self.made(name, share, used))

    @cached_property
    def by_claim(self) -> pd.DataFrame:
        """One row for each numbered claim: how often others cited it, and who granted it when.

        ``granted`` counts the debaters that granted it, ``granted_by`` names them, ``granted_at``
        is the first turn (missing if none did); ``partly`` counts those who did so by half only.
        """
        rows: list[tuple[Any, ...]] = []
        for debate in self._debates:
            given = concessions_in(debate)
            for claim in debate.ledger.claims:
                others = [
                    each
                    for each in given
                    if claim.id in each.claims and each.speaker != claim.speaker
                ]
                whole = [each for each in others if each.kind in FULL]
                by = tuple(dict.fromkeys(each.speaker for each in whole))
                half = {each.speaker for each in others} - set(by)
                cited = sum(
                    each.id == claim.id and each.by != claim.speaker
                    for each in debate.ledger.citations
                )
                withdrawn = any(
                    each.kind == "withdrawal" and claim.id in each.claims for each in given
                )
                first = min((each.turn for each in whole), default=None)
                rows.append(
                    (debate.trial, claim.id, claim.speaker, claim.turn, claim.text, cited, len(by),
                     by, first, len(half), withdrawn)
                )  # fmt: skip
        return frame(rows, _CLAIMS)

    def by_entrant(self, contest: Contest) -> pd.DataFrame:
        """One row for each entrant of a tournament and quantity, with the columns of ``ESTIMATE``.

        ``rate`` is the share of its turns that concede, ``received`` the share of its opponents'
        turns that concede to it, ``lead`` the second less the first, by matches; ``granted`` the
        share of its own claims that were granted. ``turns`` and ``conceding`` are its own, summed.
        Intervals are 95%, over matches. Self-play is left out.
        """
        sides = contest.matches[contest.matches["trial"].notna()]
        alone = sides.groupby("trial")["entrant"].transform("nunique") == 1
        sides = sides[~alone].merge(self.by_actor, on=["trial", "actor"])
        total = sides.groupby("trial")["turns"].transform("sum")
        sides = sides.assign(others=total - sides["turns"])
        claims = self.by_claim.assign(taken=self.by_claim["granted"].gt(0).astype("int64"))
        by_speaker = claims.groupby(["trial", "speaker"])["taken"].agg(["size", "sum"])
        by_speaker = by_speaker.reset_index()
        by_speaker.columns = pd.Index(["trial", "actor", "made", "taken"])
        sides = sides.merge(by_speaker, on=["trial", "actor"], how="left")
        sides[["made", "taken"]] = sides[["made", "taken"]].fillna(0)
        rows: list[tuple[Any, ...]] = []
        for entrant, some in sides.groupby("entrant", sort=True):
            sums = some.groupby(["round", "match"])[
                ["turns", "conceding", "received", "others", "made", "taken"]
            ].sum()  # fmt: skip
            turns, conceding, received, others, made, taken = (
                sums[name].to_numpy(dtype=np.float64) for name in sums.columns
            )
            with np.errstate(divide="ignore", invalid="ignore"):
                # A match without a turn has no share, and is left out.
                lead = paired_difference(received / others, conceding / turns)
            shares: dict[str, Interval] = {
                "rate": share_of(conceding, turns),
                "received": share_of(received, others),
                "lead": lead,
                "granted": share_of(taken, made),
            }
            for name, interval in shares.items():
                estimate = Estimate.of(interval, len(sums), evidence=self.evidence)
                rows.append(
                    (entrant, int(turns.sum()), int(conceding.sum()), name, *cells(estimate))
                )
        columns = {"entrant": "str", "turns": "Int64", "conceding": "Int64", "quantity": "str"}
        return frame(rows, columns | dict(ESTIMATE))

    @cached_property
    def _debates(self) -> list[Debate]:
        return list(debates(self.tables, self.debaters))


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a debater did in one debate."""

    turns: int
    conceding: int
    partly: int
    received: int
    withdrawn: int
    claims: int
    granted: int


def _counted(debate: Debate, given: Sequence[Given], name: str) -> _Counts:
    own = [each for each in given if each.speaker == name]
    whole = {each.turn for each in own if each.kind in FULL}
    theirs = {claim.id for claim in debate.ledger.claims if claim.speaker != name}
    last = max((turn for turn in debate.turns_of(name)), default=0)
    heard = {claim.id for claim in debate.ledger.claims if claim.turn < last} & theirs
    return _Counts(
        turns=len(debate.turns_of(name)),
        conceding=len(whole),
        partly=len({each.turn for each in own} - whole),
        received=len({each.turn for each in given if each.to == name and each.kind in FULL}),
        withdrawn=len({each.turn for each in own if each.kind == "withdrawal"}),
        claims=len(heard),
        granted=len({claim for each in own if each.kind in FULL for claim in each.claims} & theirs),
    )
