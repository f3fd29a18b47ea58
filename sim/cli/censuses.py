"""Who appeared, as a record and in lines: for ``elsinore personas census``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isfinite
from typing import Any

from analysis.evidence.characters import KINDS
from analysis.measures.census import Census
from analysis.tables import ARM, Tables
from sim.errors import BadRequest
from sim.html.numbers import counted
from sim.text.suggestions import nearest

_MOST_PAIRS = 15


def censused(tables: Tables, by: str) -> dict[str, Any]:
    """Arms with who appeared in each, and pairs of arms that differ by ``by``."""
    measured = tables.measured()
    trials = measured.trials
    if by == "model":
        values = sorted(set(map(str, trials["model"])))
    else:
        known = sorted({name for each in trials["parameters"] for name in each})
        if by not in known:
            raise BadRequest(f"--by {by}: is no parameter of these trials{nearest(by, known)}")
        values = sorted({json.dumps(each.get(by), sort_keys=True) for each in trials["parameters"]})
    result = Census(measured)
    arms = []
    members = {arm: list(map(str, rows["trial"])) for arm, rows in result.trials_of_arms()}
    for arm, own in members.items():
        who = Counter(result.appeared[trial].character.who for trial in own)
        numbers = {
            each.quantity: {"value": each.estimate.value, "low": each.estimate.low,
                            "high": each.estimate.high, "note": each.estimate.note}
            for each in result.estimates if each.arm == arm
        }  # fmt: skip
        facts = dict(zip(ARM, arm, strict=True))
        arms.append({"arm": facts, "trials": len(own), "who": dict(who.most_common()),
                     "numbers": numbers})  # fmt: skip
    pairs = list(combinations(values, 2))[:_MOST_PAIRS]
    apart = [row for a, b in pairs for row in result.apart(a, b, by).to_dict("records")]
    return {"by": by, "arms": without_nan(arms), "apart": without_nan(apart)}


def told(record: Mapping[str, Any]) -> list[str]:
    """The lines of a record."""
    lines: list[str] = []
    for each in record["arms"]:
        facts = each["arm"]
        version = f"version {facts['version']}" if facts["version"] else ""
        named = [
            facts["scenario"], version, facts["parameters"], facts["model"], facts["layout"],
        ]  # fmt: skip
        lines.append(f"{' '.join(one for one in named if one not in ('', '{}'))}: "
                     f"{counted(each['trials'], 'trial')}")  # fmt: skip
        numbers = each["numbers"]
        shares = [f"{kind} {_percent(numbers[kind])}" for kind in KINDS if numbers[kind]["value"]]
        lines.append(f"  {', '.join(shares)}")
        who = [f"{name} {count}" if count > 1 else name for name, count in each["who"].items()]
        lines.append(f"  who: {', '.join(who[:12])}{', ...' if len(who) > 12 else ''}")
        lines.append(
            f"  people, seen or not: at least {_number(numbers['people'], 0)}; the next is new "
            f"with probability {_number(numbers['unseen'], 2)}; entropy over who "
            f"{_number(numbers['who_bits'], 1)} bits, over kinds {_number(numbers['bits'], 1)}"
        )
        note = numbers["people"]["note"]
        lines += [f"  {note}"] if note else []
    for row in record["apart"]:
        p = row["p"]
        lines.append(
            f"{row['a']} and {row['b']}: by {row['of']}, {row['divergence']:.2f} bits apart (Jensen"
            f" and Shannon); trials dealt anew {row['expected']:.2f}; p = {p:.4f}"
        )
    return lines


def without_nan(value: Any) -> Any:
    """A record in which missing numbers are None, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): without_nan(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_nan(each) for each in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str) else None


def _percent(number: Mapping[str, Any]) -> str:
    low, high = number["low"], number["high"]
    limits = "" if low is None or high is None else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * number['value']:.0f}%{limits}"


def _number(number: Mapping[str, Any], digits: int) -> str:
    value, low, high = (number[name] for name in ("value", "low", "high"))
    if value is None:
        return "missing"
    limits = "" if low is None or high is None else f" [{low:z.{digits}f}, {high:z.{digits}f}]"
    return f"{value:z.{digits}f}{limits}"
