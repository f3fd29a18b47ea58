"""A line to be coded: what was said before, the line, and a button for each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.html import Html, element, name, skip_link
from sim.html.numbers import counted
from sim.html.turns import long_text
from sim.view.pages.frame import address, document


def line_page(
    *, asked: str, keys: Mapping[str, str], place: int, title: str, before: Sequence[str],
    line: tuple[str, str], answer: str | None,
    back: int | None = None,
) -> str:  # fmt: skip
    """The page of a line; ``line`` is who speaks and the words, ``back`` the line before."""
    speaker, words = line
    buttons = [
        element(
            "button", element("kbd", key), f" {value}" if value != key else "",
            name="label", value=value, data_key=key, class_="main" if value == answer else None,
        )
        for key, value in keys.items()
    ]  # fmt: skip
    return _page(
        element("p", title, class_="muted small"),
        element("ol", [element("li", each, dir="auto") for each in before], class_="before"),
        element("p", element("b", name(speaker)), class_="coded-speaker"),
        long_text(words, class_="said coded"),
        element("h1", asked),
        element("p", f"answered before: {answer}", class_="muted small") if answer else None,
        element(
            "form",
            element("input", type="hidden", name="at", value=place),
            buttons,
            element(
                "button", element("kbd", "s"), " skip", name="label", value="", data_key="s",
                class_="plain",
            ),
            element("a", element("kbd", "b"), " back", href=address(at=back), data_key="b")
            if back is not None
            else None,
            method="post", action="/", class_="answers",
        ),
    )  # fmt: skip


def coded_page(asked: str, done: int, count: int) -> str:
    """The page after the last line."""
    left = count - done
    told = f"{counted(done, 'line')} of {count:,} have a label."
    return _page(
        element("h1", "That was the last one"),
        element("p", told, class_="lede"),
        element("p", f"{left} were skipped, or need none; start again to see the skipped ones.")
        if left
        else None,
        element("p", asked, class_="muted"),
        element("p", "Ctrl-C in the terminal ends it; nothing is lost."),
    )


def _page(*parts: object) -> str:
    body: Html = element(
        "body",
        skip_link(),
        element("main", *parts, id="content", tabindex="-1"),
        class_="els view coding",
        data_page="coding",
    )
    return document("Coding", body, script="/static/coding.js")
