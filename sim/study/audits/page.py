"""An audit on a page: its sentence, the specification curve, the factors, and what is aliased."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, sqrt
from typing import Any

from analysis.equivalent_worlds import Worlds
from analysis.reports.sections import Section
from analysis.stats.factorial import aliases
from sim.html import Figure, Html, Table, element, page, skip_link
from sim.html.figures.curve import Curve, Specification
from sim.html.figures.forest import Forest, Row
from sim.html.numbers import interval, number
from sim.html.tables import folded, table
from sim.planning.studies import Contrast
from sim.study.audits.verdicts import Audit
from sim.study.studies.registration import digest

WIDE = 1.96
"""How many standard errors the line of a world is long, on either side."""


def page_of(audit: Audit, facts: Mapping[str, Any]) -> str:
    """The report on an audit, as HTML."""
    title = f"{audit.study.name}: audit"
    sections = [
        Section(
            "The audit",
            audit.study.question,
            (element("ol", [_claim(each, place) for place, each in enumerate(audit.sentences)],
                     class_="answer"),),
        ),
        *(
            Section(_title(audit, what), "", (
                curve(what, found, place).html(), effects(found, place).html(),
                *_moderated(audit, what),
            ))
            for place, (what, found) in enumerate(audit.worlds)
        ),
        Section("The worlds", "", (_factors(audit), _aliased(audit), _registered(facts))),
    ]  # fmt: skip
    return page(
        title,
        skip_link(),
        element(
            "header",
            element("p", "Elsinore · audit", class_="kicker"),
            element("h1", audit.study.name.replace("_", " ").capitalize()),
            class_="masthead",
        ),
        element("main", [each.html() for each in sections], id="content"),
        about=audit.sentence,
    )


def _claim(sentence: str, place: int) -> Html:
    told = element("p", sentence, class_="claim")
    return element("li", told, class_="lead" if place == 0 else None)


def _title(audit: Audit, what: Contrast) -> str:
    return (
        "In each world" if len(audit.worlds) == 1 else f"In each world: {what.about or what.name}"
    )


def curve(what: Contrast, found: Worlds, place: int = 0) -> Figure:
    """The specification curve of a contrast: worlds by their estimates, and what they are."""
    specifications: list[Specification] = []
    cells: list[list[object]] = []
    for levels, estimate, variance in zip(
        found.design.levels, found.estimates, found.variances, strict=True
    ):
        half = WIDE * sqrt(variance) if not isnan(variance) else float("nan")
        marks = tuple(bool(level > 0) for level in levels)
        other = [name for name, mark in zip(found.factors, marks, strict=True) if mark]
        told = f"{number(estimate, sign=True)}: {', '.join(other) or 'as it was written'}"
        specifications.append(
            Specification(float(estimate), estimate - half, estimate + half, marks, told)
        )
        cells.append([float(estimate), estimate - half, estimate + half, *marks])
    new = found.new
    return Figure(
        f"worlds-{place}",
        "The effect in each world",
        f"Worlds from the lowest to the highest estimate of {what.about or what.name}; lines are "
        "95% intervals from the spread within worlds, the grey band is where a new equivalent "
        "world lies (95%). Below, marks show which factors are other than they were written.",
        [
            Curve(
                specifications, found.factors, found.null,
                None if isnan(new.low) else (new.low, new.high), found.main,
            )
        ],
        Table(["estimate", "low", "high", *found.factors], cells),
    )  # fmt: skip


def effects(found: Worlds, place: int = 0) -> Figure:
    """What each factor does, with the share of the true spread that it explains."""
    rows, cells = [], []
    for name, each in zip(found.factors, found.explained, strict=True):
        effect, share = each.effect, each.share
        told = (
            f"{number(effect.estimate, sign=True)} {interval(effect.low, effect.high, sign=True)}"
        )
        rows.append(
            Row(name, effect.estimate, effect.low, effect.high, told,
                strong=found.main is not None and found.factors[found.main] == name)
        )  # fmt: skip
        cells.append(
            [name, effect.estimate, effect.low, effect.high, share.estimate, share.low, share.high]
        )
    said = (
        "Worlds were shown to differ, so that shares of their spread can be read."
        if found.differing
        else "Worlds were not shown to differ: shares of a spread that may be nothing mean nothing."
    )
    return Figure(
        f"factors-{place}",
        "What each factor does",
        "Half the difference between the two levels of a factor, with 95% limits; a full mark is "
        f"the factor that explains most. {said}",
        [Forest(rows, "half the difference between levels", signed=True)],
        Table(["factor", "effect", "low", "high", "share of the spread", "share low", "share high"],
              cells),
    )  # fmt: skip


def _moderated(audit: Audit, what: Contrast) -> list[Html]:
    rows, cells = [], []
    for each in audit.moderated:
        if each.contrast == what and not isnan(each.result.interval.estimate):
            limits = each.result.interval
            told = (
                f"{number(limits.estimate, sign=True)} "
                f"{interval(limits.low, limits.high, sign=True)}"
            )
            rows.append(
                Row(f"{each.name}: {each.other}", limits.estimate - what.null,
                    limits.low - what.null, limits.high - what.null, told, strong=False)
            )  # fmt: skip
            cells.append([each.name, each.other, limits.estimate, limits.low, limits.high])
    if not rows:
        return []
    figure = Figure(
        f"moderators-{[each for each, _ in audit.worlds].index(what)}",
        "Moderators",
        "The contrast in worlds that are no equivalent ones: another layout, memory or temperature "
        "is another experiment, and decides nothing here.",
        [Forest(rows, "contrast less its null", signed=True)],
        Table(["moderator", "is", "estimate", "low", "high"], cells),
    )
    return [figure.html()]


def _factors(audit: Audit) -> Html:
    """The factors with their other level, and those that were left out."""
    rows = [(each.name, each.other, "") for each in audit.design.chosen.invariances]
    rows += [(name, "", why) for name, why in audit.design.chosen.left_out.items()]
    return table(Table(["factor", "other than it was written", "left out, because"], rows))


def _aliased(audit: Audit) -> Html:
    """What the design cannot tell apart."""
    found = aliases(audit.design.factorial, audit.design.factors)
    if not found:
        return element("p", "All combinations of the factors were played: nothing is aliased.")
    return element(
        "div",
        element("p", "What the design cannot tell apart, with the correlation of the effects:"),
        folded(Table(["effect", "aliased with", "correlation"], found), "aliases", "aliases"),
    )


def _registered(facts: Mapping[str, Any]) -> Html:
    seeds = facts["seeds"]
    return element(
        "p",
        f"Registered before the first trial ({digest(facts)}): {facts['worlds']} worlds of "
        f"{seeds['count']} seeds from {seeds['first']}, Elsinore {facts['version']}.",
        class_="muted",
    )
