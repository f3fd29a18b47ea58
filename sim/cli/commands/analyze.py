"""``elsinore analyze``: who flipped, whether they come together, who fights whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import ArmFacts, Json, Level, LogLevel, PlaceOptions, Store


@dataclass(frozen=True)
class EvidenceOptions:
    """What is read, and of whom."""

    meaning: Annotated[
        bool,
        typer.Option(
            help="Also read what lines mean, by sentence embeddings (best with the extra "
            "embeddings): flips of whoever has an opposite, changes of how anybody speaks, and "
            "whether they come to speak alike.",
        ),
    ] = True
    personas: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help='Who is who, by speaker or pattern: ["Dr*"] with brief and opposite, or with '
            "lines and opposite_lines that each could have said.",
        ),
    ] = None
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Also read lines by the log-probabilities of a model, gguf:gemma3-270m say. "
            "Scores are kept beside the store.",
        ),
    ] = None


@dataclass(frozen=True)
class ContrastOptions:
    """What is measured, and which arms stand beside each other in it."""

    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Compare arms: stage, scenario, layout, wording, version, arm, or a parameter.",
        ),
    ] = None
    measures: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            metavar="NAME",
            autocompletion=completion.measures,
            help="What to measure, as in conflict or convergence.c, of any measure, also of other "
            "packages. With --by: what to compare; the first is primary. May be repeated.",
        ),
    ] = None
    against: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="With --by: what all others are compared with."),
    ] = None
    margins: Annotated[
        list[str] | None,
        typer.Option(
            "--margin",
            metavar="NAME=SIZE",
            help="With --by: how small a difference is none, as in convergence.c=0.1.",
        ),
    ] = None
    lineage: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="With --by stage: of which family models are, and how they were tuned; only then "
            "may a difference be called one of tuning.",
        ),
    ] = None


@grouped
def analyze(
    store: Store,
    evidence: EvidenceOptions,
    contrast: ContrastOptions,
    place: PlaceOptions,
    arm: ArmFacts = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Say who flipped, whether they come together, and who fights whom, arm by arm.

    The evidence is named. Trials that came to their end count; branches and surrogates only if
    --arm names them.
    """
    from sim.planning.scenarios import own

    own("analysis")
    from sim.study.measuring import measuring_on

    with measuring_on(place.where()):
        _analyze(store, evidence, contrast, arm or (), as_json=as_json)


def _analyze(
    store: Path,
    evidence: EvidenceOptions,
    contrast: ContrastOptions,
    arm: Sequence[str],
    *,
    as_json: bool,
) -> None:
    from sim.cli.arms import arm_labels, trials_of_an_arm
    from sim.cli.display.terminal import command_line, err, out
    from sim.errors import BadRequest
    from sim.store import open_store

    if contrast.by is None:
        if any((contrast.against, contrast.margins, contrast.lineage)):
            raise BadRequest("--against, --margin, --lineage: say of what, as in --by stage")
        if contrast.measures:
            from sim.cli.measured import measured_alone

            measured_alone(store, contrast.measures, arm, as_json=as_json)
            return
    else:
        from sim.cli.contrasts import Contrast, contrasted

        wanted = Contrast(
            contrast.by,
            contrast.measures or (),
            contrast.against,
            contrast.margins or (),
            contrast.lineage,
        )
        contrasted(store, wanted, arm, as_json=as_json)
        return
    with open_store(store) as opened:
        trials = trials_of_an_arm(opened, arm, command_line("analyze", store), pool=True)
        labels = arm_labels(opened, trials)
        chosen = {trial.id for trial in trials}
        alone = [
            each.id for each in opened.trials() if each.focal is not None and each.of in chosen
        ]
    by_arm: dict[str, list[str]] = {}
    for trial in trials:
        by_arm.setdefault(labels[trial.id] or trial.title, []).append(trial.id)
    from analysis.tables import load
    from sim.cli.analyzing import analysed, reading
    from sim.cli.display.analyses import show

    console = err()
    with (
        console.status("measuring") as status,
        reading(
            evidence.meaning,
            evidence.personas,
            evidence.reader,
            store,
            lambda text: status.update(text),
        ) as how,
    ):
        records = analysed(load(store, trials=[*chosen, *alone]), list(by_arm.items()), how)
    if as_json:
        out().out(json.dumps({"store": str(store), "arms": records}, allow_nan=False))
        return
    show(records, store, trials[0].id, out())
