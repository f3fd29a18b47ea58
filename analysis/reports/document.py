"""The report: one page, one file, no network. The answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from analysis.reports.answer import Answer
from analysis.reports.examples import Claim, Shelf
from analysis.reports.figures.becoming import incidence, ribbons
from analysis.reports.figures.coming_together import coming_together
from analysis.reports.figures.instruments import instruments
from analysis.reports.figures.stances import stances
from analysis.reports.figures.standings import standings
from analysis.reports.figures.who_answers import conflict, who_answers
from analysis.reports.manifest import manifest
from analysis.reports.material import MOST_TURNS, Material
from analysis.reports.sections import Section
from analysis.reports.transcripts import transcripts
from sim.html import Figure, Html, Part, element, page, skip_link
from sim.html.numbers import counted
from sim.text.printing import command_line


def report(
    store: Path | str,
    *,
    most: int = MOST_TURNS,
    trials: int = 40,
    first: Callable[[Shelf], Section] | None = None,
    title: str = "",
    only: Iterable[str] | None = None,
) -> str:
    """A report on a store, as HTML.

    ``most`` bounds the turns whose words are read (0: no bound), ``trials`` how many transcripts
    the page holds. ``first`` makes a section that stands before the answer (a study's verdict);
    ``title`` is what the page is called, what was played unless it is given; ``only`` are the ids
    of the trials that it is about, all unless they are given. Raises ``BadRequest`` if no trial
    came to its end, and what ``analysis.load`` raises.
    """
    material = Material(Path(store), most, None if only is None else frozenset(only))
    answer = Answer(material)
    shelf = Shelf(material, trials)
    claims = _answered(answer, shelf)
    sections = [each for each in _sections(answer) if each.parts]
    before = [] if first is None else [first(shelf)]
    script = transcripts(material, shelf)
    origin = Section("Where this comes from", "", (manifest(material),))
    every = [*before, claims, *sections, script, origin]
    title = title or title_of(material)
    head = element(
        "header",
        element("p", "Elsinore · report", class_="kicker"),
        element("h1", title),
        _lede(material),
        _facts(material),
        element("nav", _contents(every), class_="contents", aria_label="Contents"),
        class_="masthead",
    )
    return page(
        f"{title}: report",
        skip_link(),
        head,
        element("main", [each.html() for each in every if each.parts], id="content"),
        element(
            "footer",
            *_made_by(material),
        ),
        about=f"A report on {material.path.name}: what was found, and the turns behind it.",
    )


def _made_by(material: Material) -> tuple[Part, ...]:
    name = material.path.name
    if material.only is not None:
        count = counted(len(material.only), "trial")
        return (f"Made from {count} of {name}: the same trials give the same page.",)
    command = element("code", command_line("report", name))
    return ("Made by ", command, " from what the store holds: the same store gives the same page.")


def title_of(material: Material) -> str:
    """What was played, as a title."""
    names = sorted({str(name) for name in material.whole.trials["scenario"]} - {""})
    told = [name.rpartition(":")[2].replace("_", " ") for name in names]
    if not told:
        return material.path.stem
    return told[0][:1].upper() + told[0][1:] if len(told) == 1 else f"{len(told)} scenarios"


def _lede(material: Material) -> Html | None:
    topics = sorted({str(each) for each in material.whole.trials["topic"].dropna()} - {""})
    if len(topics) != 1 or material.debates:
        return None
    return element("p", topics[0], class_="lede")


def _facts(material: Material) -> Html:
    whole = material.whole.trials
    surrogates = int(whole["focal"].notna().sum())
    numbers = {
        "trial": len(material.played.trials),
        "turn": len(material.played.turns),
        "arm": len(material.arms),
        "surrogate": surrogates,
    }
    items = [
        element("li", element("b", f"{count:,}"), element("span", f"{word}{'s' * (count != 1)}"))
        for word, count in numbers.items()
        if count
    ]
    return element("ul", items, class_="facts")


def _contents(sections: Iterable[Section]) -> Html:
    return element(
        "ol",
        [
            element("li", element("a", each.title, href=f"#{each.key}"))
            for each in sections
            if each.parts
        ],
    )


def _answered(answer: Answer, shelf: Shelf) -> Section:
    warnings = answer.warnings
    claims = [_claim(each, shelf) for each in answer.claims]
    told = element(
        "div",
        element("h3", "Before you rely on this"),
        element("ul", [element("li", each) for each in warnings]),
        class_="warnings",
    )
    parts = [element("ol", claims, class_="answer")] if claims else []
    return Section("The answer", "", (*parts, *([told] if warnings else [])))


def _claim(claim: Claim, shelf: Shelf) -> Html:
    return element(
        "li",
        element("p", claim.sentence, class_="claim"),
        element("p", claim.numbers, class_="figures-of") if claim.numbers else None,
        shelf.behind(claim.spots),
        class_="lead" if claim.lead else None,
    )


def _sections(answer: Answer) -> list[Section]:
    material = answer.material
    made: Mapping[str, tuple[str, list[Figure]]] = {
        "Standings": ("", list(standings(material))),
        "Where they stand": ("", list(stances(material))),
        "Coming together": ("", list(coming_together(material))),
        "What becomes of them": (
            "Each curve stands beside what its instrument reports where there is nothing to be "
            "found.",
            [*incidence(material), *ribbons(material)],
        ),
        "Who answers whom": ("", [*who_answers(material), *conflict(material)]),
        "Arms beside each other": ("", answer.effects),
        "The instruments": ("", list(instruments(material))),
    }
    return [
        Section(title, about, tuple(figure.html() for figure in figures))
        for title, (about, figures) in made.items()
    ]
