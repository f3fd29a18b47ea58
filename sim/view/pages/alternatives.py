"""The alternatives of a turn, as one bar: who appears, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sim.html import Html, Speakers, element, joined, name
from sim.html.numbers import counted, share
from sim.html.turns import long_text
from sim.view.library import Library
from sim.view.pages.frame import address, frame, trail
from sim.view.probabilities import Probabilities

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
    prompt: str = ""
    """The hash of the prompt that the line answered."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What else might have been said at a turn, in the branches that generate it again, and how
    probable these lines are at its prompt."""

    turn: int
    said: Sequence[Alternative]
    probable: Probabilities = field(default_factory=Probabilities)

    @property
    def count(self) -> int:
        return len(self.said)


def bar(others: Alternatives, weights: Mapping[str, float] | None = None) -> Html:
    """One bar: a part for each that appears, as wide as it is frequent.

    With ``weights``, the probabilities of lines, as wide as the distinct lines are probable.
    """
    if weights is None:
        wide: Mapping[str, float] = Counter(each.who for each in others.said)
    else:
        lines = {each.text: each.who for each in others.said if each.text in weights}
        wide = dict.fromkeys(lines.values(), 0.0)
        for text, who in lines.items():
            wide[who] += weights[text]
    total = sum(wide.values()) or 1.0
    parts, at = [], 0.0
    for who, colour in WHO.items():
        if wide.get(who):
            width = 100 * wide[who] / total
            amount = f"{wide[who]}" if weights is None else share(wide[who] / total)
            parts.append(
                element(
                    "rect",
                    Html(f"<title>{_told(who)}: {amount}</title>"),
                    x=f"{at:.2f}%",
                    width=f"{width:.2f}%",
                    y="0",
                    height="100%",
                    class_=f"a c-{colour}",
                )
            )
            at += width
    told = ", ".join(f"{_told(who)} {share(wide[who] / total)}" for who in WHO if wide.get(who))
    drawn = f'<svg class="bar-of" role="img" aria-label="{told}">{"".join(parts)}</svg>'
    return Html(drawn)


def both_bars(others: Alternatives) -> Html:
    """The bar by frequency; and below it that by probability, where any line has one."""
    scored = {each.text for each in others.said} & others.probable.of.keys()
    if not scored:
        return bar(others)
    covered = _covered(scored, others.probable)
    return element(
        "span",
        element("span", bar(others), element("small", "by frequency")),
        element(
            "span",
            bar(others, others.probable.of),
            element("small", "by probability"),
            title=f"{counted(len(scored), 'distinct line')} with {covered} of the probability",
        ),
        class_="bars",
    )


def _covered(lines: Iterable[str], probable: Probabilities) -> str:
    """How much of the probability lines have together, as a percentage."""
    return share(min(sum(probable.of[line] for line in lines), 1.0))


def _told(who: str) -> str:
    return who or "not read"


def alternatives_page(
    library: Library,
    trial: tuple[str, str],
    turn: tuple[int, str, str],
    others: Alternatives,
    names: Sequence[str],
    *,
    by_probability: bool = False,
) -> str:
    """All alternatives of a turn. ``trial`` is its id and its short one, ``turn`` its number, who
    spoke, and what was said in the end. The bar is as wide as lines are probable if
    ``by_probability``."""
    identity, short = trial
    probable = others.probable
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
    by_probability = by_probability and bool(probable.of)
    if by_probability:
        groups.sort(key=lambda group: -probable.of.get(group[0].text, 0.0))
    items = [_group(group, identity, others.count, speakers, probable) for group in groups]
    here = address("trial", identity, "turn", index)
    return frame(
        f"Turn {index} again",
        trail(("/", "Trials"), (address("trial", identity, fragment=f"t-{index}"), short)),
        element("h1", f"Turn {index}, {counted(others.count, 'time')} again"),
        _switch(here, others, by_probability) if others.said else None,
        element("div", bar(others, probable.of if by_probability else None), class_="big-bar"),
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
        _probability(text, probable),
        element("h2", counted(len(groups), "line")),
        element("ol", items, class_="alternatives"),
        store=library.path,
        page="alternatives",
        up=address("trial", identity, fragment=f"t-{index}"),
    )


def _switch(here: str, others: Alternatives, by_probability: bool) -> Html:
    """Links that choose by what the bar is wide, and what that is."""
    probable = others.probable
    if not probable.of:
        why = f"As wide as they are frequent. No probabilities: {probable.why_not}."
        return element("p", why, class_="muted small", id="by")
    words = ("by frequency", "by probability")
    links = [
        element("a", word, href=to, aria_current="true" if chosen else None)
        for word, to, chosen in (
            (words[0], here, not by_probability),
            (words[1], f"{here}?by=probability", by_probability),
        )
    ]
    parts: list[Html | str] = ["As wide as they are: ", links[0], " · ", links[1], "."]
    if by_probability:
        lines = {each.text for each in others.said}
        scored = lines & probable.of.keys()
        parts.append(
            f" The {counted(len(scored), 'distinct line')} below have"
            f" {_covered(scored, probable)} of the probability at this prompt together; the bar"
            " divides that."
        )
        left = len(lines) - len(scored)
        if left:
            parts.append(
                f" {counted(left, 'line')} more without a probability, since the stage cannot score"
                " it or it answered another prompt, is not in the bar."
                if left == 1
                else f" {left} lines more without a probability, since the stage cannot score them"
                " or they answered another prompt, are not in the bar."
            )
    return element("p", *parts, class_="muted small", id="by")


def _probability(text: str, probable: Probabilities) -> Html | None:
    if text not in probable.of:
        return None
    return element("p", f"probability {probable.of[text]:.3g}", class_="muted small")


def _group(
    group: Sequence[Alternative],
    parent: str,
    total: int,
    speakers: Speakers,
    probable: Probabilities,
) -> Html:
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
            element("span", f" · probability {probable.of[first.text]:.3g}", class_="muted")
            if first.text in probable.of
            else None,
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
