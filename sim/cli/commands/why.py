"""``elsinore why``: how much each mechanism contributes to what somebody said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import (
    ArmFacts,
    Level,
    LimitOptions,
    LogLevel,
    MaybeTrial,
    OutputOptions,
    Pool,
    ResumeOptions,
    SamplingOptions,
    SpendOptions,
    StandIn,
    Store,
    Timeout,
    run_options,
)


@dataclass(frozen=True)
class TurnOptions:
    """Which turns are spoken again."""

    store: Store
    trial: MaybeTrial = None
    arm: ArmFacts = None
    pool: Pool = False
    outcome: Annotated[
        str,
        typer.Option(
            "--outcome",
            metavar="WHAT",
            autocompletion=completion.line_outcomes,
            help="flip, agreement, disagreement, hostility, assistant, stance:ISSUE (asked in "
            "private after the turn) or says:PHRASE.",
        ),
    ] = "flip"
    at: Annotated[
        int | None,
        typer.Option(
            "--at",
            min=1,
            metavar="TURN",
            help="This turn, whatever was said in it.",
            show_default="the first turn in which the outcome is read",
        ),
    ] = None
    actor: Annotated[str | None, typer.Option(metavar="NAME", help="Only turns of this actor.")] = (
        None
    )
    scenes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many scenes of an arm.")
    ] = None
    matched: Annotated[
        bool,
        typer.Option(
            "--matched/--no-matched",
            help="Beside turns that were chosen for their outcome, also roll matched turns of the "
            "same actor in which it was not read.",
        ),
    ] = True


@dataclass(frozen=True)
class DesignOptions:
    """How the turns are spoken again."""

    branches: Annotated[
        int, typer.Option("--branches", "-n", min=2, help="Branches of a turn in each condition.")
    ] = 20
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            "--leave-out",
            metavar="WHAT",
            help="Fewer conditions: without persona, own lines, off-topic, positions or empty "
            "reasons. May be given several times.",
        ),
    ] = None
    rewriter: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            autocompletion=completion.models,
            help="The model that takes the reasons out of lines, once a line; its answers are kept "
            "beside the store.",
            show_default="by rule; for the embedded stage by its grammar",
        ),
    ] = None
    model: StandIn = None


@grouped
def why(
    which: TurnOptions,
    how: DesignOptions,
    spend: SpendOptions,
    resume: ResumeOptions,
    limits: LimitOptions,
    output: OutputOptions,
    timeout: Timeout = None,
    log_level: LogLevel = Level.warning,
) -> None:
    """Say how much each mechanism contributes to a flip, an agreement or a stance.

    Turns are spoken again, many times, in 20 conditions: with the actor's persona or a neutral one,
    with its own earlier lines or none, and of what it heard nothing, off-topic talk, positions,
    positions with empty reasons, or everything. Branches are kept in the store.
    """
    from sim.cli.display.costs import summary
    from sim.cli.display.terminal import out
    from sim.cli.execution import carry_out, is_free, leave
    from sim.planning.scenarios import own

    # Loads the study's own modules, and so SciPy.
    own("analysis")
    from sim.cli.mechanism_results import measured
    from sim.cli.mechanisms import planned

    options = run_options(spend, resume)
    models = limits.models(SamplingOptions(timeout=timeout).sampling())
    plan = planned(which, how, models, ask=not output.dry_run)
    if output.dry_run:
        from sim.cli.execution import show_estimate

        # The last condition, in which everything was heard, stands for all: rather too much.
        trials = plan.trials[::-1]
        show_estimate(trials, plan.stages, which.store, options, output.as_json)
        if how.rewriter is not None and not output.as_json:
            out().print(f"And {plan.rewritten:,} short calls to {how.rewriter}, one a line.")
        return
    report = carry_out(
        f"why: {plan.title}", plan.trials, plan.stages, which.store, options, quiet=output.quiet
    )
    early = report.interrupted or report.stopped is not None
    if not early and (not output.quiet or output.as_json):
        record = measured(plan, which)
        if output.as_json:
            out().out(json.dumps(record, allow_nan=False))
        else:
            from sim.cli.display.mechanisms import show

            show(record, out())
            spent = summary(report, is_free(plan.stages))
            if spent is not None:
                out().print(spent)
    leave(report, which.store, options.in_doubt)
