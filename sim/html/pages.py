"""A whole page: one file, no network, nothing that runs."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from sim.html.markup import Html, Part, element, escaped, joined
from sim.html.style import stylesheet


def page(title: str, *parts: Part, about: str = "", policy: str | None = None) -> str:
    """A page with its style in it.

    ``policy`` is the content security policy that the page states for itself; by default nothing
    may be loaded or run but the style, which is allowed by its hash. A server that sends a header
    of its own gives ``""``.

    >>> made = page("Mousetrap", element("main", "The play's the thing"))
    >>> "default-src 'none'" in made, "<script" in made
    (True, False)
    """
    style = stylesheet()
    stated = content_policy() if policy is None else policy
    head = joined(
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{stated}">') if stated else None,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="description", content=about) if about else None,
        element("title", title),
        Html(f"<style>{style}</style>"),
    )
    body = element("body", *parts, class_="els")
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n{body}\n</html>\n'


def content_policy() -> str:
    """A policy under which a page may use its style and nothing else."""
    digest = b64encode(sha256(stylesheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def fragment(*parts: Part) -> Html:
    """Parts for a notebook's cell: with the style, within an element of their own."""
    style = Html(f"<style>{stylesheet()}</style>")
    return element("div", style, *parts, class_="els")


def skip_link() -> Html:
    """A link past what stands before the main part, for who goes by keyboard."""
    return element("a", escaped("Skip to the content"), href="#content", class_="skip")
