"""What all pages have: head, the bar at the top, the keys, and addresses within the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from sim.html import Html, element, joined, name, skip_link
from sim.html.markup import Part

KEYS: Sequence[tuple[str, str]] = (
    ("j k", "the next, the one before (line, trial)"),
    ("[ ]", "the mark before, the next mark"),
    ("Enter", "open"),
    ("/", "search"),
    ("space", "play, or pause"),
    ("p", "the prompt of the line"),
    ("f", "fork at the line"),
    ("b", "the tree of branches"),
    ("n", "write a note on the line"),
    ("1 … 9", "label the line; again to take the label off"),
    ("x", "choose a trial to be compared"),
    ("c", "compare the chosen, or a branch with its parent"),
    ("u", "up: to the trial, to the list"),
    ("?", "these keys"),
)


def address(*path: object, fragment: str = "", **asked: object) -> str:
    """An address on this server, quoted, blank questions left out.

    >>> address("trial", "3f2a", "prompt", 7), address(sort="turns", words="a b", mark="")
    ('/trial/3f2a/prompt/7', '/?sort=turns&words=a%20b')
    """
    told = "/" + "/".join(_quoted(str(each)) for each in path)
    kept = {key: value for key, value in asked.items() if value not in ("", None, False)}
    query = urlencode(kept, quote_via=quote, safe="", errors="replace").replace("~", "%7E")
    return told + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace").replace("~", "%7E")


def frame(
    title: str,
    *parts: Part,
    store: Path,
    page: str,
    up: str = "/",
    facts: Mapping[str, object] | None = None,
) -> str:
    """A whole page. ``page`` is its kind and ``facts`` its data, both for the script; ``up`` is
    the address of what it is a part of."""
    data = {f"data_{key}": value for key, value in (facts or {}).items()}
    body = element(
        "body",
        skip_link(),
        element(
            "header",
            element("a", "Elsinore", href="/", class_="brand"),
            element("span", name(store.name), class_="store", title=str(store)),
            element("span", class_="live", id="live", role="status"),
            element("a", "Notes", href="/notes", class_="notes-link"),
            element("button", "Keys", type="button", class_="plain", id="keys-button"),
            class_="bar",
        ),
        element("main", *parts, id="content", tabindex="-1"),
        _keys(),
        class_=f"els view {page}",
        data_page=page,
        data_up=up,
        **data,
    )
    return document(title, body)


def document(title: str, body: Html, script: str = "/static/view.js") -> str:
    """A body with its head: our style and our script."""
    head = joined(
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} · Elsinore"),
        element("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href="/static/style.css"),
        element("link", rel="stylesheet", href="/static/view.css"),
        element("script", type="module", src=script),
    )
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n{body}\n</html>\n'


def _keys() -> Html:
    rows = [
        element(
            "div",
            element("dt", [joined(element("kbd", key), " ") for key in keys.split(" ")]),
            element("dd", told),
        )
        for keys, told in KEYS
    ]
    return element(
        "dialog",
        element("h2", "Keys"),
        element("dl", rows),
        element("form", element("button", "Close"), method="dialog"),
        id="keys",
        aria_label="Keys",
    )


def trail(*steps: tuple[str, str]) -> Html:
    """Where a page stands: addresses with words, from the top."""
    return element(
        "nav",
        element("ol", [element("li", element("a", words, href=to)) for to, words in steps]),
        class_="trail",
        aria_label="Where this is",
    )


def told(title: str, why: str, store: Path) -> str:
    """A page that says what is wrong."""
    return frame(
        title,
        element("h1", title),
        element("p", why, class_="lede"),
        element("p", element("a", "All trials", href="/")),
        store=store,
        page="told",
    )


SIGNS = {"flip": "▲", "collapse": "■", "loop": "↻", "concession": "◆", "stranger": "✚"}
"""What stands for each kind of mark."""


def sign(kind: str) -> Html:
    """The sign of a kind of mark, with its name for who does not see it."""
    return element(
        "span",
        element("span", SIGNS.get(kind, "•"), aria_hidden="true"),
        element("span", f" {kind}", class_="unseen-label"),
        class_=f"sign sign-{kind}",
        title=kind,
    )
