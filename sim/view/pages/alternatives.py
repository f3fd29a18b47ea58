"""The alternatives of a turn, as one bar: who appears, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.html import Html, Speakers, element, joined, name
from sim.html.numbers import counted, share
from sim.html.turns import long_text
from sim.view.library import Library
from sim.view.pages.frame import address, frame, trail

WHO: Mapping[str, str] = {
    "self": "agree",
    "opposite": "against",
    "assistant": "s6",
    "partner": "s4",
    "loop": "s7",
    "stranger": "accent",
    "nobody": "axis",
    "": "grid",
}
"""Who may appear in a line, with the colour of each; blank where nothing reads it."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One line that might have been said: in a branch, and how that went on."""

    trial: str
    short: str
    arm: str
    speaker: str
    text: str
    who: str
    turns: int
    status: str
    reason: str
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What else might have been said at a turn, in the branches that generate it again."""

    turn: int
    said: Sequence[Alternative]

    @property
    def count(self) -> int:
        return len(self.said)


def bar(others: Alternatives) -> Html:
    """One bar: a part for each that appears, as wide as it is frequent."""
    counts = Counter(each.who for each in others.said)
    total = max(sum(counts.values()), 1)
    parts, at = [], 0.0
    for who, colour in WHO.items():
        if counts[who]:
            width = 100 * counts[who] / total
            parts.append(
                element(
                    "rect",
                    Html(f"<title>{_told(who)}: {counts[who]}</title>"),
                    x=f"{at:.2f}%",
                    width=f"{width:.2f}%",
                    y="0",
                    height="100%",
                    class_=f"a c-{colour}",
                )
            )
            at += width
    told = ", ".join(f"{_told(who)} {share(counts[who] / total)}" for who in WHO if counts[who])
    drawn = f'<svg class="bar-of" role="img" aria-label="{told}">{"".join(parts)}</svg>'
    return Html(drawn)


def _told(who: str) -> str:
    return who or "not read"


def alternatives_page(
    library: Library,
    trial: tuple[str, str],
    turn: tuple[int, str, str],
    others: Alternatives,
    names: Sequence[str],
) -> str:
    """All alternatives of a turn. ``trial`` is its id and its short one, ``turn`` its number, who
    spoke, and what was said in the end."""
    identity, short = trial
    index, speaker, text = turn
    speakers = Speakers(names)
    counts = Counter(each.who for each in others.said)
    key = [
        element(
            "li",
            element("span", class_=f"swatch c-{colour}"),
            f"{_told(who)} ",
            element("b", f"{counts[who]}"),
            f" ({share(counts[who] / max(others.count, 1))})",
        )
        for who, colour in WHO.items()
        if counts[who]
    ]
    # Lines that are word for word alike are one.
    same: dict[tuple[str, str], list[Alternative]] = {}
    for each in others.said:
        same.setdefault((each.who, each.text), []).append(each)
    groups = sorted(same.values(), key=lambda group: -len(group))
    items = [_group(group, identity, others.count, speakers) for group in groups]
    return frame(
        f"Turn {index} again",
        trail(("/", "Trials"), (address("trial", identity, fragment=f"t-{index}"), short)),
        element("h1", f"Turn {index}, {counted(others.count, 'time')} again"),
        element("div", bar(others), class_="big-bar"),
        element("ul", key, class_="key"),
        element("h2", "As it was"),
        element(
            "p",
            element("b", name(speaker), class_=speakers[speaker].classes),
            ": ",
            text[:4_000],
            class_="said",
            dir="auto",
        ),
        element("h2", counted(len(groups), "line")),
        element("ol", items, class_="alternatives"),
        store=library.path,
        page="alternatives",
        up=address("trial", identity, fragment=f"t-{index}"),
    )


def _group(group: Sequence[Alternative], parent: str, total: int, speakers: Speakers) -> Html:
    first = group[0]
    branches = [
        joined(
            " ",
            element("a", each.short, href=address("trial", each.trial), title=each.arm),
            element("span", f" {', '.join(each.marks)}", class_="mark-word")
            if each.marks
            else None,
        )
        for each in group[:40]
    ]
    beside = address("compare", a=parent, b=first.trial)
    return element(
        "li",
        element(
            "p",
            element(
                "span", class_=f"swatch c-{WHO.get(first.who, 'grid')}", title=_told(first.who)
            ),
            f"{share(len(group) / max(total, 1))} ",
            element("span", _told(first.who), class_="muted"),
        ),
        long_text(first.text or "(nothing was heard)", most=20_000, class_="said"),
        element(
            "p",
            element("b", name(first.speaker), class_=speakers[first.speaker].classes),
            " · ",
            element("a", "beside what was", href=beside),
            " · in",
            branches,
            class_="also",
        ),
    )
