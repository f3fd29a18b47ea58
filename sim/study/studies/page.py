"""A study on a page: its verdict, its contrasts as a forest, its design and its registration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from analysis.reports.document import report
from analysis.reports.examples import Shelf, Spot
from analysis.reports.sections import Section
from sim.html import Figure, Html, Table, element
from sim.html.figures.forest import Forest, Row
from sim.html.numbers import counted, interval, number
from sim.html.tables import table
from sim.study.studies.conduct import Registered
from sim.study.studies.methods import methods
from sim.study.studies.verdicts import Verdict, in_words


def page_of(verdict: Verdict, registered: Registered, store: Path, *, most: int = 3_000) -> str:
    """The report on a study, as HTML: its verdict first, then what its store holds of it."""
    title = verdict.study.name.replace("_", " ").capitalize()
    return report(
        store,
        most=most,
        first=opening(verdict, registered),
        title=title,
        only=registered.design.ids,
    )


def opening(verdict: Verdict, registered: Registered) -> Callable[[Shelf], Section]:
    """What makes the first section of the report."""

    def made(shelf: Shelf) -> Section:
        return Section(
            "The verdict",
            verdict.study.question,
            (
                element("ol", list(_sentences(verdict, registered, shelf)), class_="answer"),
                forest(verdict).html(),
                _about(verdict),
                _registered(registered),
                element(
                    "details",
                    element("summary", "A paragraph on methods"),
                    element("p", methods(verdict, registered)),
                ),
            ),
        )

    return made


def _sentences(verdict: Verdict, registered: Registered, shelf: Shelf) -> Iterator[Html]:
    told = {each.sentence: each for each in verdict.primary}
    for place, sentence in enumerate(verdict.sentences):
        behind = None
        if sentence in told:
            arms = [arm for arm, weight in told[sentence].contrast.weights.items() if weight]
            first = [(arm, registered.design.trials_of(arm)[:1]) for arm in arms]
            behind = shelf.behind([Spot(trial, None, arm) for arm, some in first for trial in some])
        yield element(
            "li",
            element("p", sentence, class_="claim"),
            behind,
            class_="lead" if place == 0 else None,
        )


def forest(verdict: Verdict) -> Figure:
    """The contrasts of a study, each with its limits."""
    rows, cells = [], []
    for each in verdict.findings:
        what, result = each.contrast, each.result
        limits = result.interval
        kind = "primary" if each.primary else "exploratory"
        name = what.about or f"{what.name}: {in_words(what)}"
        told = (
            f"{number(limits.estimate, sign=True)} {interval(limits.low, limits.high, sign=True)}"
        )
        rows.append(
            Row(name, limits.estimate - what.null, limits.low - what.null,
                limits.high - what.null, told, kind, strong=each.primary)
        )  # fmt: skip
        cells.append(
            (what.name, kind, limits.estimate, limits.low, limits.high, what.null, result.p,
             result.units, result.unit, result.topics, each.found)
        )  # fmt: skip
    return Figure(
        "contrasts",
        "What the study contrasts",
        "Each mark is a contrast of arms, less its null; lines are 95% intervals. Full marks decide"
        " the study; rings are exploratory and decide nothing.",
        [Forest(rows, "contrast less its null", signed=True)],
        Table(
            ["measure", "rank", "estimate", "low", "high", "null", "p", "n", "unit", "topics",
             "found"],
            cells,
        ),
    )  # fmt: skip


def _about(verdict: Verdict) -> Html:
    study = verdict.study
    facts = {
        "Source": study.source,
        "Known": study.known,
        "Would refute it": study.refuted_by,
        "On the embedded stage": (study.planted.why if study.planted is not None else study.cannot),
    }
    return element(
        "dl",
        [(element("dt", name), element("dd", told)) for name, told in facts.items() if told],
        class_="facts-of",
    )


def _registered(registered: Registered) -> Html:
    """What was fixed before the first trial."""
    facts = registered.first
    arms = [
        (name, each["scenario"], each.get("stage", "stage"),
         ", ".join(f"{key}={value}" for key, value in each.items()
                   if key not in ("scenario", "stage")))
        for name, each in facts["arms"].items()
    ]  # fmt: skip
    return element(
        "details",
        element("summary", f"Registered before the first trial ({registered.hash})"),
        element(
            "p",
            f"{counted(facts['seeds']['count'], 'seed')} from {facts['seeds']['first']}, "
            f"{counted(max(len(facts['topics']), 1), 'topic')}, Elsinore {facts['version']}; "
            "models: " + ", ".join(f"{role}: {model}" for role, model in facts["models"].items()),
        ),
        table(Table(["arm", "scenario", "stage", "more"], arms)),
    )
