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
(``docs/validity.md`` says how many).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats import Floats, Interval, clopper_pearson, jackknife_ratio, paired_difference
from analysis.tables import ARM, Tables, frame, with_arms
from analysis.tournaments.grants import FULL, Debate, Given, concessions_in, debates
from analysis.tournaments.tables import Contest

EVIDENCE = "T"

_FOUND = {
    "trial": "str", "turn": "Int64", "speaker": "str", "to": "str", "kind": "str", "claim": "str",
    "text": "str",
}  # fmt: skip
_ACTORS = {
    "trial": "str", "actor": "str", "turns": "Int64", "conceding": "Int64", "partly": "Int64",
    "received": "Int64", "withdrawn": "Int64", "claims": "Int64", "granted": "Int64",
    "rate": "float64",
}  # fmt: skip
_CLAIMS = {
    "trial": "str", "claim": "str", "speaker": "str", "turn": "Int64", "text": "str",
    "cited": "Int64", "granted": "Int64", "granted_by": "object", "granted_at": "Int64",
    "partly": "Int64", "withdrawn": "boolean",
}  # fmt: skip
_SHARES = {
    f"{what}{end}": "float64"
    for what in ("rate", "partly_rate", "granted")
    for end in ("", "_low", "_high")
}
_ARMS = dict.fromkeys(ARM, "str") | {"debates": "Int64", "turns": "Int64", "conceding": "Int64",
         "claims": "Int64"} | _SHARES  # fmt: skip
_ENTRANTS = {"entrant": "str", "matches": "Int64", "turns": "Int64", "conceding": "Int64"} | {
    f"{what}{end}": "float64"
    for what in ("rate", "received", "lead", "granted")
    for end in ("", "_low", "_high")
}


def found(tables: Tables, debaters: Sequence[str] | None = None) -> pd.DataFrame:
    """Every concession: who conceded what to whom at which turn.

    ``kind`` is ``grant``, ``withdrawal``, ``answer`` (a whole concession), ``partly`` or ``partly
    answer``. One row for each claim that the words cite; ``claim`` is missing where they cite none.
    ``text`` is the sentence, or the question that was answered. ``debaters`` are those who can
    concede and be conceded to (None: all of each trial's cast); their letters are theirs among
    these. Raises ``BadRequest`` if a debater is in no cast.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "Ada", "[A1] The spring falls."), Turn(2, "Ben", "I grant [A1], but why?")]
    >>> debate = tables_from([Record("t", [{"name": "Ada"}, {"name": "Ben"}], said)])
    >>> found(debate)[["turn", "speaker", "to", "kind", "claim"]].to_numpy().tolist()
    [[2, 'Ben', 'Ada', 'grant', 'A1']]
    """
    rows = [
        (debate.trial, one.turn, one.speaker, one.to, one.kind, claim, one.text)
        for debate in debates(tables, debaters)
        for one in concessions_in(debate)
        for claim in one.claims or (None,)
    ]
    return frame(rows, _FOUND)


def by_actor(tables: Tables, debaters: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each debater of each trial.

    ``turns`` are those in which it could concede, ``conceding`` those in which it did, ``partly``
    those in which it did so by half only; ``received`` the turns of others that conceded to it;
    ``withdrawn`` its turns that took something back. ``claims`` of others that were there for it to
    grant, and ``granted``. The ``rate`` is missing where there was no turn.
    """
    rows: list[tuple[Any, ...]] = []
    for debate in debates(tables, debaters):
        given = concessions_in(debate)
        for name in debate.names:
            own = _counted(debate, given, name)
            rate = own.conceding / own.turns if own.turns else nan
            rows.append(
                (debate.trial, name, own.turns, own.conceding, own.partly, own.received,
                 own.withdrawn, own.claims, own.granted, rate)
            )  # fmt: skip
    return frame(rows, _ACTORS)


def by_claim(tables: Tables, debaters: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each numbered claim: how often others cited it, and who granted it when.

    ``granted`` counts the debaters that granted it, ``granted_by`` names them, ``granted_at`` is
    the first turn (missing if none did); ``partly`` counts those who did so by half only.
    """
    rows: list[tuple[Any, ...]] = []
    for debate in debates(tables, debaters):
        given = concessions_in(debate)
        for claim in debate.ledger.claims:
            others = [
                one for one in given if claim.id in one.claims and one.speaker != claim.speaker
            ]
            whole = [one for one in others if one.kind in FULL]
            by = tuple(dict.fromkeys(one.speaker for one in whole))
            half = {one.speaker for one in others} - set(by)
            cited = [
                one
                for one in debate.ledger.citations
                if one.id == claim.id and one.by != claim.speaker
            ]
            taken = any(one.kind == "withdrawal" and claim.id in one.claims for one in given
                        if one.speaker == claim.speaker)  # fmt: skip
            rows.append(
                (debate.trial, claim.id, claim.speaker, claim.turn, claim.text, len(cited),
                 len(by), by, min((one.turn for one in whole), default=None), len(half), taken)
            )  # fmt: skip
    return frame(rows, _CLAIMS)


def by_arm(tables: Tables, debaters: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each arm: rates of conceding with 95% intervals over debates.

    ``rate`` is the share of turns that concede, ``partly_rate`` of those that do so by half only,
    ``granted`` the share of claims that somebody granted by their number.
    """
    trials = with_arms(tables.trials)
    counted = by_actor(tables, debaters).groupby("trial", sort=False)[
        ["turns", "conceding", "partly"]
    ].sum()  # fmt: skip
    numbered = by_claim(tables, debaters)
    made = numbered.assign(taken=numbered["granted"] > 0).groupby("trial")["taken"]
    counted["claims"] = made.size().reindex(counted.index, fill_value=0)
    counted["granted"] = made.sum().reindex(counted.index, fill_value=0)
    merged = trials[["trial", *ARM]].merge(counted.reset_index(), on="trial")
    rows: list[tuple[Any, ...]] = []
    for arm, some in merged.groupby(list(ARM), sort=True, dropna=False):
        numbers = {
            name: some[name].to_numpy(dtype=np.float64)
            for name in ("turns", "conceding", "partly", "claims", "granted")
        }
        cells: list[float] = []
        for above, below in (("conceding", "turns"), ("partly", "turns"), ("granted", "claims")):
            share = share_of(numbers[above], numbers[below])
            cells += [share.estimate, share.low, share.high]
        sums = (int(numbers[name].sum()) for name in ("turns", "conceding", "claims"))
        rows.append((*arm, len(some), *sums, *cells))
    return frame(rows, _ARMS)


def by_entrant(contest: Contest, tables: Tables) -> pd.DataFrame:
    """One row for each entrant of a tournament: how often it concedes, and is conceded to.

    ``rate`` is the share of its turns that concede, ``received`` the share of its opponents' turns
    that concede to it, ``lead`` the second less the first, by matches; ``granted`` the share of its
    own claims that were granted. Intervals are 95%, over matches. Self-play is left out.
    """
    own = by_actor(tables)
    sides = contest.matches[contest.matches["trial"].notna()]
    alone = sides.groupby("trial")["entrant"].transform("nunique") == 1
    sides = sides[~alone].merge(own, on=["trial", "actor"])
    total = sides.groupby("trial")["turns"].transform("sum")
    sides = sides.assign(others=total - sides["turns"])
    made = by_claim(tables)
    made = made.assign(taken=(made["granted"] > 0).astype("int64"))
    by_speaker = made.groupby(["trial", "speaker"])["taken"].agg(["size", "sum"]).reset_index()
    by_speaker.columns = pd.Index(["trial", "actor", "made", "taken"])
    sides = sides.merge(by_speaker, on=["trial", "actor"], how="left")
    sides[["made", "taken"]] = sides[["made", "taken"]].fillna(0)
    rows: list[tuple[Any, ...]] = []
    for entrant, some in sides.groupby("entrant", sort=True):
        sums = some.groupby(["round", "match"])[
            ["turns", "conceding", "received", "others", "made", "taken"]
        ].sum()  # fmt: skip
        turns, conceding, received, others, claims_made, taken = (
            sums[name].to_numpy(dtype=np.float64) for name in sums.columns
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            # A match without a turn has no share, and is left out.
            lead = paired_difference(received / others, conceding / turns)
        cells: list[float] = []
        for share in (share_of(conceding, turns), share_of(received, others), lead,
                      share_of(taken, claims_made)):  # fmt: skip
            cells += [share.estimate, share.low, share.high]
        rows.append((entrant, len(sums), int(turns.sum()), int(conceding.sum()), *cells))
    return frame(rows, _ENTRANTS)


def share_of(part: Floats, whole: Floats) -> Interval:
    """A share of counts over debates, with a 95% interval in [0, 1].

    By leaving out one debate at a time. Where there is none or nothing but, that has no width, and
    it is Clopper and Pearson's interval over debates. Missing if nothing was counted.

    >>> share_of(np.array([0.0, 0.0]), np.array([5.0, 5.0])).low
    0.0
    """
    kept = whole > 0
    some, number = part[kept], int(kept.sum())
    if number and some.sum() in (0, whole[kept].sum()):
        return clopper_pearson(number if some.sum() else 0, number)
    made = jackknife_ratio(some, whole[kept])
    if isnan(made.low):
        return made
    return Interval(made.estimate, max(0.0, made.low), min(1.0, made.high))


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
    own = [one for one in given if one.speaker == name]
    whole = {one.turn for one in own if one.kind in FULL}
    theirs = {claim.id for claim in debate.ledger.claims if claim.speaker != name}
    last = max((turn for turn in debate.turns_of(name)), default=0)
    heard = {claim.id for claim in debate.ledger.claims if claim.turn < last} & theirs
    return _Counts(
        turns=len(debate.turns_of(name)),
        conceding=len(whole),
        partly=len({one.turn for one in own} - whole),
        received=len({one.turn for one in given if one.to == name and one.kind in FULL}),
        withdrawn=len({one.turn for one in own if one.kind == "withdrawal"}),
        claims=len(heard),
        granted=len({claim for one in own if one.kind in FULL for claim in one.claims} & theirs),
    )
