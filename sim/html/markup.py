"""HTML whose parts are escaped: the one way in which text comes into a page.

Transcripts are written by anybody. So a plain string is never markup: ``element`` and ``joined``
escape it, and only what they have made passes as it is. Characters that nobody sees (controls,
directions of writing, halves of surrogate pairs) show as escapes, marked, so that they neither hide
nor reorder what stands around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from sim.text.printing import one_line, visible

Part = object
"""What can stand in an element: text, HTML, a number, a list of these, or None for nothing."""

_EMPTY = frozenset({"br", "hr", "meta", "link", "input", "col"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")
_LINKS = re.compile(
    r"#[\w.:-]*|data:text/csv;base64,[A-Za-z0-9+/=]*|/(?!/)[\w./?=&%#-]*|\?[\w./=&%#-]*"
)
"""Where links may lead: within the page, to a table in it, or on the same server."""

_ESCAPES = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|r)")


class Html(str):
    """Text that is HTML already. Made by this package alone, never from what somebody wrote.

    Notebooks show it as it is.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __html__(self) -> str:
        return str(self)


def escaped(text: object) -> Html:
    """A text as HTML: nothing in it is markup, and what nobody would see is shown.

    >>> escaped("<script>alert(1)</script>")
    '&lt;script&gt;alert(1)&lt;/script&gt;'
    >>> escaped("to the \\u202etfel")
    'to the <span class="unseen">\\\\u202e</span>tfel'
    >>> escaped("a\\\\u202e is what she wrote")
    'a\\\\u202e is what she wrote'
    """
    raw = str(text)
    shown = visible(raw)
    if shown == raw:
        return Html(escape(raw))
    parts: list[str] = []
    # Letter by letter only where something is hidden: an escape that somebody typed is plain text.
    for piece in _pieces(raw):
        made = visible(piece)
        parts.append(
            escape(piece) if made == piece else f'<span class="unseen">{escape(made)}</span>'
        )
    return Html("".join(parts))


def _pieces(text: str) -> Iterable[str]:
    """Stretches of a text that are printable ASCII, or not."""
    return (found.group() for found in re.finditer(r"[ -~\n\t]+|[^ -~\n\t]", text))


def joined(*parts: Part) -> Html:
    """Parts one after the other; what is no HTML is escaped, and None is nothing.

    >>> joined("a < b", None, element("b", "!"), [1, 2])
    'a &lt; b<b>!</b>12'
    """
    return Html("".join(_part(each) for each in parts))


def _part(part: Part) -> str:
    if part is None or part is False:
        return ""
    if isinstance(part, Html):
        return part
    if isinstance(part, str):
        return escaped(part)
    if isinstance(part, Iterable):
        return "".join(_part(each) for each in part)
    return escaped(part)


def element(tag: str, *parts: Part, **attributes: object) -> Html:
    """An element. Attributes are named as in HTML, ``_`` for ``-``, with ``_`` after a word that
    Python has (``class_``). None and False leave an attribute out, True gives it no value.

    Raises ``ValueError`` for handlers (``onclick``) and styles, which no page of ours has, and for
    links that lead out of the page.

    >>> element("p", "5 < 6", class_="said", hidden=True)
    '<p class="said" hidden>5 &lt; 6</p>'
    >>> element("a", "more", href="javascript:alert(1)")
    Traceback (most recent call last):
    ...
    ValueError: a link to 'javascript:alert(1)': a page links within itself alone
    """
    told = "".join(
        attribute(name, value) for name, value in attributes.items() if value is not None
    )
    if tag in _EMPTY:
        return Html(f"<{tag}{told}>")
    return Html(f"<{tag}{told}>{joined(*parts)}</{tag}>")


def attribute(name: str, value: object) -> str:
    """An attribute with a blank before it, or nothing if it is None or False."""
    if value is None or value is False:
        return ""
    known = name.strip("_").replace("_", "-")
    if not _NAME.fullmatch(known) or known.lower().startswith("on") or known.lower() == "style":
        raise ValueError(f"an attribute {known!r}: pages have neither handlers nor styles in place")
    if value is True:
        return f" {known}"
    text = str(value)
    if known.lower() in ("href", "src", "action", "xlink:href") and not _LINKS.fullmatch(text):
        raise ValueError(f"a link to {text!r:.60}: a page links within itself alone")
    return f' {known}="{escape(visible(text))}"'


def anchor(*words: object) -> str:
    """An id for a place on a page, of letters, digits and dashes.

    >>> anchor("t", "3f2a", 7), anchor("Dr. <b>")
    ('t-3f2a-7', 'dr-b')
    """
    told = "-".join(one_line(str(word)) for word in words).lower()
    return re.sub(r"[^a-z0-9]+", "-", told).strip("-") or "here"


def name(text: object) -> Html:
    """A name on one line, with everything hidden shown, and its direction of writing its own."""
    return element("bdi", one_line(str(text)))
