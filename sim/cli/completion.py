"""Shell completion: names of scenarios, models, parameters, stores and trials.

Nothing here may raise: a traceback would be printed over the line that is being typed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from pkgutil import iter_modules

import typer

from sim import extensions
from sim.errors import ElsinoreError

_KINDS = ("base", "sft", "sft_rlhf", "rlhf", "helpful_only", "bimodal")
_BREAKS = (":", "=")


@contextmanager
def for_bash() -> Iterator[None]:
    """Join the words that bash breaks, while typer completes one.

    Bash breaks words at ``:`` and ``=``: ``embedded:ba`` comes as three words, of which it replaces
    only the last. Typer is given the whole word, and the part that bash has already is removed from
    the completions that typer prints.
    """
    typed = _rejoin_words() if os.environ.get("_ELSINORE_COMPLETE") == "complete_bash" else ""
    if not typed:
        yield
        return
    captured = StringIO()
    try:
        with redirect_stdout(captured):
            yield
    finally:
        completions = captured.getvalue().splitlines()
        sys.stdout.write("".join(f"{line.removeprefix(typed)}\n" for line in completions))


def _rejoin_words() -> str:
    """Rewrite the line in the environment; the part of its current word that bash has already."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    try:
        here = int(os.environ.get("COMP_CWORD", ""))
    except ValueError:
        return ""
    whole: list[str] = []
    typed, place = "", 0
    for number, word in enumerate(words):
        # A break and the word after it belong to the word before it.
        if number > 1 and (word in _BREAKS or words[number - 1] in _BREAKS):
            if number == here:
                typed = whole[-1] + (word if word in _BREAKS else "")
            whole[-1] += word
        else:
            whole.append(word)
        if number <= here:
            place = len(whole) - 1
    os.environ["COMP_WORDS"] = "\n".join(whole)
    os.environ["COMP_CWORD"] = str(place)
    return typed


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _shipped(package: str) -> list[str]:
    """What ships in a package, by its files: to import them would take too long."""
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return sorted(
        entry.name
        for entry in iter_modules(places)
        if not entry.name.startswith("_") and not entry.ispkg
    )


def scenarios(incomplete: str) -> list[str]:
    """Scenarios that ship, those of other packages, and Python files here."""
    named = [*_shipped("scenarios"), *extensions.names("scenarios")]
    return _matching([*named, *_files(incomplete, (".py",))], incomplete)


def studies(incomplete: str) -> list[str]:
    """Studies that ship, those of other packages, and Python files here."""
    named = [*_shipped("scenarios.studies"), *extensions.names("studies")]
    return _matching([*named, *_files(incomplete, (".py",))], incomplete)


def models(incomplete: str) -> list[str]:
    """The embedded models, which need nothing else, and the schemes of other packages."""
    named = [f"embedded:{kind}" for kind in _KINDS]
    return _matching([*named, *(f"{one}:" for one in extensions.names("stages"))], incomplete)


def wordings(incomplete: str) -> list[str]:
    """The wordings that ship."""
    from sim.scene.prose import WORDINGS

    return _matching(list(WORDINGS), incomplete)


def parameters(incomplete: str) -> list[str]:
    """``name=default`` for each parameter of the scenario on the command line.

    With the default, since bash puts a blank after what it completes. Only for those that ship:
    a user's own file is not executed because somebody pressed a key.
    """
    from sim.planning.scenarios import find

    # Not from the context: typer stops reading at an option that has no value yet.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    shipped = _shipped("scenarios")
    name = next((word for word in line.split() if word in shipped), None)
    if name is None:
        return []
    try:
        scenario = find(name)
    except ElsinoreError:
        return []
    return _matching([f"{each.name}={each.default}" for each in scenario.parameters], incomplete)


def tournaments(incomplete: str) -> list[str]:
    """Scenarios that make a tournament by their name, and files here."""
    named = [name for name in _shipped("scenarios") if "tournament" in name]
    spec = find_spec("scenarios")
    for place in spec.submodule_search_locations or () if spec else ():
        named += [path.stem for path in sorted(Path(place).glob("*.toml"))]
    return _matching([*named, *_files(incomplete, (".toml", ".py"))], incomplete)


# Written out: to import them would take half a second at every press of the key.
DETECTORS = (
    "flips", "triggered_flips", "spoken_flips", "hostility", "collapse", "stance", "agreement"
)  # fmt: skip
PLANTS = (
    "sham", "contagion", "swap", "swap_half", "swap_weak", "third", "stance", "hostility",
    "agreement", "collapse", "grown",
)  # fmt: skip


def detectors(incomplete: str) -> list[str]:
    """What ``elsinore calibrate`` may calibrate: ours, and files that may be an instrument."""
    named = [*DETECTORS, *extensions.names("instruments", DETECTORS), "regex:", "petri:"]
    named += _files(incomplete, (".toml", ".py"))
    return _matching(named, incomplete)


def plants(incomplete: str) -> list[str]:
    """What ``elsinore calibrate`` plants."""
    return _matching(PLANTS, incomplete)


GRAPHS = ("turn_taking", "replies", "hearing", "addressing", "agreement")
"""Kinds of graphs."""


FIGURES = ("stance", "distance", "half-life", "c", "flips", "posterior", "graph", "conflict",
           "effects", "standings", "meetings", "judges", "instruments")  # fmt: skip
"""Figures of a report."""


def figures(incomplete: str) -> list[str]:
    """Figures of a report."""
    return _matching(FIGURES, incomplete)


def formats(incomplete: str) -> list[str]:
    """Formats of tournaments."""
    return _matching(("round-robin", "swiss", "knockout"), incomplete)


def graphs(incomplete: str) -> list[str]:
    """Kinds of graphs."""
    return _matching(GRAPHS, incomplete)


def measures(incomplete: str) -> list[str]:
    """Measures."""
    from analysis.measure_names import names

    return _matching(names(), incomplete)


def transcript_formats(incomplete: str) -> list[str]:
    """Formats of other people's transcripts."""
    from sim.formats.registry import FORMATS

    return _matching((*FORMATS, *extensions.names("formats", FORMATS)), incomplete)


INSTRUMENTS = ("acts.agrees", "acts.disagrees", "acts.hostile", "blandness.platitude",
               "conflict.hostility", "flips.posterior", "fourth_wall.families=*",
               "refusals.who=declined", "spoken_flips.chance", "strangers.names=*",
               "triggered_flips.posterior")  # fmt: skip


def instruments(incomplete: str) -> list[str]:
    """Measures of turns that a judge may be, and tables here."""
    return _matching([*INSTRUMENTS, *_files(incomplete, (".csv",))], incomplete)


def terms(incomplete: str) -> list[str]:
    """What ``elsinore explain`` explains."""
    from sim.cli.glossary import known

    return _matching(known(), incomplete)


def schemas(incomplete: str) -> list[str]:
    """Commands that print JSON."""
    from sim.cli.schemas import commands

    return _matching(commands(), incomplete)


def stores(incomplete: str) -> list[str]:
    """Store files here and below ``runs/``."""
    below = [] if incomplete else [str(path) for path in sorted(Path("runs").glob("*.db"))]
    return _matching([*_files(incomplete, (".db",)), *below], incomplete)


def persona_files(incomplete: str) -> list[str]:
    """Files that may hold personas, or a population."""
    return _files(incomplete, (".json", ".yaml", ".yml", ".toml", ".csv"))


def arms(context: typer.Context, incomplete: str) -> list[str]:
    """What tells the arms of the store on the command line apart, as NAME=VALUE."""
    from sim.cli.arms import differing, facts_of
    from sim.store import open_store

    store = context.params.get("store")
    if not store:
        return []
    try:
        with open_store(store) as opened:
            known = opened.trials()
            facts = [facts_of(trial) for trial in known]
            names = differing(known, {})
    except ElsinoreError:
        return []
    told = (f"{name}={each[name]}" for each in facts for name in names if name in each)
    return _matching(dict.fromkeys(told), incomplete)


def line_outcomes(incomplete: str) -> list[str]:
    """What ``elsinore why`` can read off a turn."""
    names = ("flip", "agreement", "disagreement", "hostility", "assistant", "stance:", "says:")
    return _matching(names, incomplete)


def trials(context: typer.Context, incomplete: str) -> list[str]:
    """Trials of the store on the command line."""
    from sim.store import open_store

    store = context.params.get("store")
    if not store:
        return []
    try:
        with open_store(store) as opened:
            ids = [trial[:12] for trial in opened.ids()]
    except ElsinoreError:
        return []
    return _matching(ids, incomplete)


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    folder = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        f"{entry}/" if entry.is_dir() else str(entry)
        for entry in entries
        if entry.name.endswith(endings) or (entry.is_dir() and not entry.name.startswith("."))
    ]
