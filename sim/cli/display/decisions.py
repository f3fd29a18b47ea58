"""What a stopping rule decided, in words and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any, NamedTuple

from analysis.stopping import Decision, StoppingRule
from sim.events import Usage


def limits_told(estimate: float, low: float, high: float) -> str:
    """A difference with its interval."""
    return f"{estimate:+.2f} [{low:+.2f}, {high:+.2f}]"


class Outcome(NamedTuple):
    """A decision with what has to be said beside it. ``saved`` is what the
    blocks that were not played would have used (None: nothing was saved), and ``early`` says that
    the run was stopped otherwise (Ctrl-C, a budget)."""

    quantity: str
    a: str
    b: str
    rule: StoppingRule
    decision: Decision
    missing: int
    topics: Sequence[str]
    saved: Usage | None
    free: bool
    early: bool = False


def sentences(found: Outcome) -> list[str]:
    """What was decided, in words; then what weakens it."""
    decision, rule = found.decision, found.rule
    interval = limits_told(
        decision.difference.estimate, decision.difference.low, decision.difference.high
    )
    count = f"after {decision.blocks} of {rule.blocks} blocks"
    how = "by betting" if rule.method == "betting" else "by group-sequential bounds"
    less = f"{found.quantity}: {found.a} less {found.b}"
    if isnan(decision.difference.estimate):
        why = f"{found.quantity} is missing in all of them" if decision.blocks else "none is whole"
        return [f"Not decided {count}: {why}."]
    elif decision.outcome == "differs":
        word = "more" if decision.difference.estimate > 0 else "less"
        said = [f"Decided {count}: {less}: {word}, {interval}{_saved(found)}."]
    elif decision.outcome == "alike":
        said = [f"Decided {count}: {less}: alike, within ±{rule.margin:g}: "
                f"{interval}{_saved(found)}."]  # fmt: skip
    else:
        said = [f"Not decided{' yet,' if found.early else ''} {count}: {less}: {interval}."]
    inflated = "; the estimate at stopping is inflated" if decision.decided else ""
    said.append(
        f"The interval ({1 - rule.alpha:.0%}, {how}) holds at all looks together{inflated}."
    )
    if decision.decided:
        said.append(
            "The tables above take the number of trials as fixed: their intervals and p are too "
            "optimistic here."
        )
    elif rule.margin is None:
        said.append("Without a --margin, that there is no difference is never decided.")
    if found.missing:
        worst = decision.worst
        said.append(
            f"Left out: {found.missing} blocks, in which the number is missing in an arm. Were all "
            f"of them at the extremes, the interval would lie in [{worst.low:+.2f}, "
            f"{worst.high:+.2f}]; if more are missing in one arm, that is an effect, too."
        )
    if rule.method == "group-sequential":
        said.append(
            "Group-sequential bounds lean on normal theory: where a rare event decides, or blocks "
            "are few, use --method betting."
        )
    topics = len(found.topics)
    said.append("For this topic only." if topics == 1 else f"For these {topics} topics only.")
    return said


def _saved(found: Outcome) -> str:
    left = found.rule.blocks - found.decision.blocks
    if found.saved is None or not left:
        return ""
    if found.free:
        return f"; up to {left} blocks saved (free)"
    if not found.saved.usd:
        return f"; {found.saved.prompt_tokens + found.saved.completion_tokens:,} tokens saved"
    return f"; ${found.saved.usd:,.2f} saved"


def record(found: Outcome) -> dict[str, Any]:
    """The outcome as plain values; what is missing is None."""
    decision = found.decision
    numbers = decision.difference

    def known(value: float) -> float | None:
        return None if isnan(value) else value

    return {
        **found.rule.facts(),
        "measure": found.quantity,
        "a": found.a,
        "b": found.b,
        "topics": list(found.topics),
        "outcome": decision.outcome,
        "after": decision.blocks,
        "known": decision.known,
        "missing": found.missing,
        "difference": known(numbers.estimate),
        "difference_low": known(numbers.low),
        "difference_high": known(numbers.high),
        "worst_low": known(decision.worst.low),
        "worst_high": known(decision.worst.high),
        "saved_tokens": None
        if found.saved is None
        else found.saved.prompt_tokens + found.saved.completion_tokens,
        "saved_usd": None if found.saved is None or found.free else found.saved.usd,
        "sentences": sentences(found),
    }
