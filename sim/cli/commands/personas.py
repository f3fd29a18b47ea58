"""``elsinore personas``: files of personas, populations to sample, who comes unasked, people."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli import completion
from sim.cli.groups import Subcommands
from sim.cli.option_groups import grouped
from sim.cli.options import ArmFacts, Json, Level, LogLevel, Store

app = typer.Typer(
    cls=Subcommands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Personas = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        autocompletion=completion.persona_files,
        help="A file of personas: JSON, YAML, TOML or CSV.",
    ),
]
Output = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE.json", help="Where the personas are written.")
]
Seed = Annotated[int, typer.Option(min=0, help="For what is drawn.")]


class Method(StrEnum):
    """Ways to sample."""

    independent = "independent"
    stratified = "stratified"
    sobol = "sobol"


@app.callback()
def personas() -> None:
    """Files of personas: check them, sample a population, compare it with people.

    See docs/populations.md.
    """


@app.command("check")
def check(file: Personas, as_json: Json = False, log_level: LogLevel = Level.warning) -> None:
    """Read a file of personas, and say what is in it, or which line is wrong."""
    from sim.cli.display.terminal import out
    from sim.scene.persona_files import read_personas

    found = read_personas(file)
    names: dict[str, int] = {}
    for each in found:
        for name in each.attributes:
            names[name] = names.get(name, 0) + 1
    lacking = [each.name for each in found if not each.opposite]
    record: dict[str, Any] = {
        "file": str(file),
        "personas": len(found),
        "names": [each.name for each in found],
        "attributes": names,
        "without_brief": [each.name for each in found if not each.brief],
        "without_opposite": lacking,
    }
    if as_json:
        out().out(json.dumps(record, ensure_ascii=False))
        return
    console = out()
    console.out(f"{len(found)} persona{'' if len(found) == 1 else 's'}: {_some(record['names'])}")
    if names:
        told = (f"{name} ({count})" if count < len(found) else name
                for name, count in names.items())  # fmt: skip
        console.out(f"attributes: {', '.join(told)}")
    if record["without_brief"]:
        console.out(f"without a brief: {_some(record['without_brief'])}")
    if lacking:
        console.out(
            f"without an opposite: {_some(lacking)} (elsinore personas opposites {file} -o ...)"
        )


@app.command("schema")
def schema(
    population: Annotated[
        bool, typer.Option("--population", help="Of populations to sample, instead of personas.")
    ] = False,
) -> None:
    """Print the JSON schema of files of personas, or of populations."""
    from sim.cli.display.terminal import out
    from sim.populations.specification import specification_schema
    from sim.scene.persona_files import personas_schema

    out().out(json.dumps(specification_schema() if population else personas_schema(), indent=2))


@app.command("sample")
def sample(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="POPULATION",
            autocompletion=completion.persona_files,
            help="A population: attributes, constraints, persona, as YAML, TOML or JSON.",
        ),
    ],
    output: Output,
    count: Annotated[int, typer.Option("-n", min=1, help="How many people.")] = 100,
    method: Annotated[
        Method,
        typer.Option(
            help="independent; stratified: each attribute spread as its distribution says; sobol: "
            "all attributes together spread evenly, best for 64, 128, 256 people."
        ),
    ] = Method.independent,
    seed: Seed = 0,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Sample personas from a population, and write them to a file."""
    from sim.cli.display.terminal import out
    from sim.output_files import check_output
    from sim.populations import read_specification, write_personas
    from sim.populations.sampling import sample as sampled

    check_output(output, "-o")
    people = sampled(read_specification(file), count, method=method.value, seed=seed)
    write_personas(people, output)
    if as_json:
        told = {"file": str(output), "personas": len(people), "method": method.value, "seed": seed}
        out().out(json.dumps(told))
        return
    out().out(f"{len(people)} personas in {output}, {method.value}, seed {seed}")
    for each in people[:3]:
        out().out(f"  {each.name}: {each.brief or ', '.join(each.traits) or '(no brief)'}")


@app.command("opposites")
@grouped
def opposites(
    file: Personas,
    output: Output,
    count: Annotated[
        int, typer.Option("-n", min=1, max=5, help="How many opposites each gets, at most.")
    ] = 1,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            autocompletion=completion.models,
            help="The model that writes them. Without it: from traits, by a list of our own.",
        ),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Give an opposite to each persona that has none, and write all to a file.

    Who wrote an opposite is kept with it. Read them: nobody checks whether it is one.
    """
    from sim.cli.display.terminal import out
    from sim.output_files import check_output
    from sim.populations import read_personas, with_opposites, write_personas

    check_output(output, "-o")
    before = read_personas(file)
    after = with_opposites(before, count) if model is None else _asked(before, model, count, seed)
    write_personas(after, output)
    new = [one for one, old in zip(after, before, strict=True) if one.opposite and not old.opposite]
    lacking = [each.name for each in after if not each.opposite]
    if as_json:
        told = {
            "file": str(output),
            "personas": len(after),
            "new": {each.name: [each.opposite, *each.opposites] for each in new},
            "source": new[0].opposite_source if new else None,
            "without_opposite": lacking,
        }
        out().out(json.dumps(told, ensure_ascii=False))
        return
    out().out(f"{len(new)} of {len(after)} personas got an opposite, in {output}")
    for each in new[:5]:
        out().out(f"  {each.name}: {each.opposite}")
    if lacking:
        out().out(f"still without: {_some(lacking)}")


def _asked(personas: Any, model: str, count: int, seed: int) -> Any:
    """The personas with opposites that a model wrote."""
    import asyncio

    from sim import open_stage
    from sim.populations import with_opposites_of
    from sim.stage.base import close_stage

    async def ask() -> Any:
        stage = open_stage(model)
        try:
            return await with_opposites_of(personas, stage, count, seed=seed)
        finally:
            await close_stage(stage)

    return asyncio.run(ask())


@app.command("census")
def census(
    store: Store,
    by: Annotated[
        str, typer.Option(metavar="WHAT", help="Compare arms by model, or by a parameter.")
    ] = "model",
    arm: ArmFacts = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Say who appeared in the trials of a store, how many more there are, and how arms differ.

    Made for the scenario empty_stage, in which nobody is asked for.
    """
    from analysis.tables import load
    from sim.cli.arms import trials_of_an_arm
    from sim.cli.censuses import censused, told
    from sim.cli.display.terminal import command_line, out
    from sim.store import open_store

    with open_store(store) as opened:
        trials = trials_of_an_arm(
            opened, arm or (), command_line("personas census", store), pool=True
        )
    record = {"store": str(store)} | censused(load(store, trials=[t.id for t in trials]), by)
    if as_json:
        out().out(json.dumps(record, ensure_ascii=False, allow_nan=False))
        return
    for line in told(record):
        out().out(line)


@app.command("compare")
def compare(
    store: Store,
    humans: Annotated[
        Path,
        typer.Option(
            "--humans",
            metavar="FILE.csv",
            help="People, a row each: attributes, and answers to the items as numbers.",
        ),
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ATTRIBUTE", help="Groups to compare. All that both have; may be repeated."
        ),
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--item",
            metavar="NAME",
            help="Answers to compare. All that both have; may be repeated.",
        ),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Compare the simulated people of a store with people in a file: coverage and stereotypy.

    Each number stands beside what two random halves of the people give.
    """
    from analysis.people import compare_people, people_from_file
    from sim.cli.censuses import without_nan
    from sim.cli.display.terminal import out
    from sim.store import open_store

    people = people_from_file(humans)
    with open_store(store):
        pass  # What is no store is refused in the words of stores.
    found = compare_people(store, people, items=items or (), by=by or (), seed=seed)
    if as_json:
        record = {
            "store": str(store),
            "humans": str(humans),
            "items": list(found.items),
            "by": list(found.attributes),
            "rows": without_nan(found.table.to_dict("records")),
            "means": without_nan(found.means.to_dict("records")),
            "sentences": found.sentences(),
        }
        out().out(json.dumps(record, ensure_ascii=False, allow_nan=False))
        return
    out().out(f"items: {', '.join(found.items)}; by: {', '.join(found.attributes)}")
    for sentence in found.sentences():
        out().out(sentence)


def _some(names: list[str], most: int = 8) -> str:
    told = ", ".join(names[:most])
    return f"{told} and {len(names) - most} more" if len(names) > most else told
