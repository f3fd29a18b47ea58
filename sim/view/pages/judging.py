"""A debate to be judged, blind: letters for names, and nothing of who debated or who judged it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sim.html import Html, element
from sim.html.numbers import counted
from sim.html.turns import long_text
from sim.tournament.human_judging import Sheet
from sim.tournament.rubric import TIE
from sim.view.pages.frame import frame, trail


def judging_page(
    store: Path, sheet: Sheet, left: int, by: str, fields: Mapping[str, str], wrong: str = ""
) -> str:
    """The page of a debate. ``fields`` is what was filled in already, ``wrong`` what is wrong."""
    paragraphs = [long_text(each, class_="said") for each in sheet.page.page.split("\n\n")]
    return frame(
        "Judge a debate",
        trail(("/", "Trials")),
        element("h1", "Judge this debate"),
        element(
            "p",
            f"{counted(left, 'debate')} left for {by}, in random order, with letters for names. "
            f"The verdict is stored as elsinore judge --name stores one, as human:{by}.",
            class_="muted small",
        ),
        element("section", paragraphs, class_="debate", aria_label="The debate"),
        element(
            "form",
            element("p", wrong, class_="warning", role="alert") if wrong else None,
            element("input", type="hidden", name="sheet", value=sheet.id),
            _winner(sheet, fields),
            element(
                "div",
                element(
                    "label",
                    element("span", "By how much (1: barely, 10: no contest; blank for a tie)"),
                    element(
                        "input", type="number", name="margin", value=fields.get("margin", ""),
                        min=1, max=10, step="any",
                    ),
                ),
                class_="fields",
            ),
            [
                _criterion(sheet, place, name, meant, fields)
                for place, (name, meant) in enumerate(sheet.rubric.criteria.items())
            ],
            element(
                "label",
                element("span", "Why (may be blank)"),
                element(
                    "textarea", fields.get("why", ""), name="why", rows="3", maxlength="20000"
                ),
                class_="of-words",
            ),
            element(
                "p",
                element("button", "Keep the verdict", name="do", value="give", class_="main"),
                " ",
                element("button", "Skip it", name="do", value="skip", class_="plain",
                        formnovalidate=True),
            ),
            method="post",
            action="/judge",
            class_="fork-form",
        ),
        store=store,
        page="judging",
    )  # fmt: skip


def _winner(sheet: Sheet, fields: Mapping[str, str]) -> Html:
    choices = [
        element(
            "label",
            element(
                "input", type="radio", name="winner", value=value, required=True,
                checked=fields.get("winner") == value,
            ),
            f" {words}",
        )
        for value, words in (
            *((letter, f"Speaker {letter}") for letter in sheet.letters), (TIE, "a tie"),
        )
    ]  # fmt: skip
    return element("fieldset", element("legend", "Who debated better?"), choices)


def _criterion(sheet: Sheet, place: int, name: str, meant: str, fields: Mapping[str, str]) -> Html:
    scores = []
    for letter in sheet.letters:
        field = f"score-{place}-{letter}"
        scores.append(
            element(
                "label",
                element("span", f"Speaker {letter}"),
                element(
                    "input", type="number", name=field, value=fields.get(field, ""),
                    min=0, max=10, step="any",
                ),
            )
        )  # fmt: skip
    return element(
        "fieldset",
        element("legend", f"{name}, 0 to 10 (may be blank)"),
        element("p", meant, class_="muted small"),
        scores,
    )


def judged_page(store: Path, by: str) -> str:
    """The page when nothing is left."""
    return frame(
        "Judge debates",
        trail(("/", "Trials")),
        element("h1", "Nothing is left to judge"),
        element("p", f"{by} has judged every debate that came to its end.", class_="lede"),
        store=store,
        page="judging",
    )
