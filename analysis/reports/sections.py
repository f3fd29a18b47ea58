"""The parts of a report."""

from __future__ import annotations

from dataclasses import dataclass

from sim.html import Html, anchor, element


@dataclass(frozen=True)
class Section:
    """A part of the report with a title; it is left out where it has no parts."""

    title: str
    about: str
    parts: tuple[Html, ...]

    @property
    def key(self) -> str:
        """The id of its place on the page."""
        return anchor("part", self.title)

    def html(self) -> Html:
        """The section, with its title and what it is about."""
        return element(
            "section",
            element("h2", self.title, id=f"{self.key}-title"),
            element("p", self.about, class_="about") if self.about else None,
            self.parts,
            id=self.key,
            aria_labelledby=f"{self.key}-title",
        )
