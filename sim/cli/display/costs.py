"""Calls, tokens and money of a run, printed: what it took, or an estimate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, out, print_block
from sim.events import Usage
from sim.runs.estimate import PLAYED_ON, Estimate
from sim.runs.report import RunReport


def summary(report: RunReport, free: bool) -> Text | None:
    """One line for the end of a run; None if it asked for nothing."""
    if not report.calls + report.hits + report.failed_calls:
        return None
    facts = [_count(report.calls, "call")]
    if report.hits:
        facts.append(f"{report.hits:,} answered by the store")
    if report.retries:
        facts.append(f"{_count(report.retries, 'attempt')} failed")
    usage = report.usage
    if usage.prompt_tokens:
        facts.append(tokens(usage))
        assert report.computed_tokens is not None
        share = report.computed_tokens / usage.prompt_tokens
        facts.append(
            f"an ideal prefix cache would compute {report.computed_tokens:,} ({share:.0%}) of the "
            "prompts"
        )
    if free or report.calls:  # without an answered call the cost is unknown
        facts.append("free" if free else money(usage))
    return Text(" · ".join(facts), style="dim")


def tokens(usage: Usage) -> str:
    """Tokens of prompts and replies."""
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
    return f"{usage.prompt_tokens:,}{cached} + {usage.completion_tokens:,} tokens"


def money(usage: Usage) -> str:
    """The price, or that it is unknown."""
    return "price unknown (see --prices)" if usage.usd is None else _usd(usage.usd)


def _usd(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 10 else f"${usd:.4f}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def show_estimates(estimates: Sequence[Estimate], prices_of: str, as_json: bool) -> None:
    """Print what a run would take."""
    console = out()
    if as_json:
        records = [asdict(each) for each in estimates]
        record = {"dry_run": True, "played_on": PLAYED_ON, "prices_of": prices_of}
        console.out(json.dumps({**record, "estimates": records}, allow_nan=False))
        return
    rows = table(
        "model", "trials", "calls", "prompt tokens", "reply tokens", "USD",
        right=("trials", "calls", "prompt tokens", "reply tokens"),
    )  # fmt: skip
    for each in estimates:
        rows.add_row(
            Text(one_line(each.model)),
            Text(f"{each.trials - each.there:,}"),
            Text(f"{each.calls:,}"),
            Text(f"{each.usage.prompt_tokens:,}"),
            Text(f"{each.usage.completion_tokens:,}"),
            _range(each),
        )
    print_block(console, rows)
    there = sum(each.there for each in estimates)
    if there:
        console.print(Text(f"{_count(there, 'trial')} in the store already, and not counted."))
    some = any(each.trials > each.there for each in estimates)
    played = f"one trial of each kind was played on {PLAYED_ON}" if some else "nothing was played"
    console.print(
        Text(
            f"An estimate: {played}, and nothing was asked or stored. Prices of {prices_of}; the "
            "lower one if the provider caches every prefix.",
            style="dim",
        )
    )


def cost_in_words(estimates: Sequence[Estimate]) -> str:
    """What a run would take, in a line.

    >>> cost_in_words([Estimate("embedded:base", 12, 2, 80)])
    '10 trials to play, 80 calls, free'
    """
    trials = sum(each.trials - each.there for each in estimates)
    calls = sum(each.calls for each in estimates)
    known = [each for each in estimates if each.usage.usd is not None]
    most = sum(each.usage.usd or 0.0 for each in known)
    least = sum(each.usd_cached or 0.0 for each in known)
    if len(known) < len(estimates):
        told = "at a price that is unknown (see --prices)"
    else:
        told = f"about {_usd(least)} to {_usd(most)}" if most else "free"
    return f"{_count(trials, 'trial')} to play, {_count(calls, 'call')}, {told}"


def show_forecast(estimates: Sequence[Estimate], prices_of: str) -> None:
    """Print what a tournament would take, stage by stage."""
    console = out()
    rows = table(
        "stage", "debates", "calls", "prompt tokens", "reply tokens", "USD",
        right=("debates", "calls", "prompt tokens", "reply tokens"),
    )  # fmt: skip
    for each in estimates:
        rows.add_row(
            Text(one_line(each.model)),
            Text(f"{each.trials:,}"),
            Text(f"{each.calls:,}"),
            Text(f"{each.usage.prompt_tokens:,}"),
            Text(f"{each.usage.completion_tokens:,}"),
            _range(each),
        )
    print_block(console, rows)
    console.print(
        Text(
            f"An estimate: a few debates of each stage were played on {PLAYED_ON}, and nothing was "
            f"asked or stored. Prices of {prices_of}; the lower one if the provider caches every "
            "prefix.",
            style="dim",
        )
    )


def _range(estimate: Estimate) -> Text:
    usd, cached = estimate.usage.usd, estimate.usd_cached
    if usd is None or cached is None:
        return Text(f"{NONE} unknown", style="yellow")
    if not usd:
        return Text("free", style="dim")
    return Text(f"{_usd(cached)} to {_usd(usd)}")
