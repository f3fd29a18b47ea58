"""Whatever somebody wrote, a page shows it and does nothing with it."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.events import Answer, Ended, Failure, Intervened, Turn
from sim.html import Notes, Speakers, element, escaped, joined, page, transcript
from sim.html.markup import anchor, attribute

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><iframe src=//evil.example>",
    "![x](http://evil.example/a.png)",
    "[click](javascript:alert(1))",
    "<!--", "]]>", "&lt;script&gt;", "&#x3c;script&#x3e;",
    "\x1b[31mred\x1b[0m\x07", "a\u202egnp.exe", "\ud800 alone", "zero\u200bwidth", "\x00",
)  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def unseen(text: str) -> bool:
    """Whether a text has characters that steer or hide. Joiners are parts of words."""
    kinds = {unicodedata.category(each) for each in text if each not in "\n\t\u200c\u200d"}
    return bool(kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"})


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_a_text_stays_a_text(text: str) -> None:
    read = Page(str(element("p", text, title=text)))
    assert read.tags[0] == "p"
    assert set(read.tags[1:]) <= {"span"}
    assert not unseen(read.text)
    if not unseen(text):
        assert read.text == text


def test_nothing_hostile_becomes_an_element_or_an_attribute() -> None:
    speakers = Speakers(HOSTILE)
    events = [
        Intervened(1, "0:note", "note", actor=HOSTILE[0], text=HOSTILE[1]),
        *(
            Turn(
                place, text, text, audience=(text,), overheard=(text,), strangers=(text,), cut=text,
                finish=text, thought=text,
            )
            for place, text in enumerate(HOSTILE, 1)
        ),
        *(Answer(1, text, f"stance:{text}", text) for text in HOSTILE),
        Failure(3, HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3]),
        Ended(len(HOSTILE), HOSTILE[0]),
    ]  # fmt: skip
    notes = Notes(marks={1: HOSTILE}, lines={1: HOSTILE})
    html = page(HOSTILE[5], transcript(events, speakers, place=HOSTILE[3], notes=notes))
    read = Page(html)
    known = {"html", "head", "meta", "title", "style", "body", "ol", "li", "p", "a", "span", "bdi",
             "div", "details", "summary"}  # fmt: skip
    assert set(read.tags) <= known
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]
    links = [value or "" for name, value in read.attributes if name in ("href", "src")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not unseen(read.text)
    assert not unseen(html)
    html.encode("utf-8")  # Half a surrogate pair could not be written.


def test_what_is_hidden_is_marked_and_what_was_typed_is_not() -> None:
    assert escaped("a\u202eb") == 'a<span class="unseen">\\u202e</span>b'
    assert escaped("a\\u202eb") == "a\\u202eb"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://evil.example", "//evil.example",
                                  "data:text/html,x", " #a", "#a\njavascript:"])  # fmt: skip
def test_links_out_of_the_page_are_refused(link: str) -> None:
    with pytest.raises(ValueError, match="within itself"):
        attribute("href", link)


def test_handlers_and_styles_are_refused() -> None:
    for name in ("onclick", "style", "onLoad"):
        with pytest.raises(ValueError, match="neither handlers"):
            element("p", "x", **{name: "alert(1)"})


@given(st.text(max_size=30))
def test_an_anchor_is_a_word(text: str) -> None:
    assert anchor(text).replace("-", "").isalnum()
    assert anchor(text).isascii()


def test_a_line_of_a_megabyte_is_cut_and_says_so() -> None:
    said = Turn(1, "Ada", "word " * 200_000)
    html = transcript([said], Speakers(["Ada"]), most=20_000)
    assert len(html) < 25_000
    assert "980,000 letters are left out here" in html
    whole = transcript([said], Speakers(["Ada"]))
    assert whole.count("word") == 200_000


def test_parts_that_are_html_are_not_escaped_again() -> None:
    assert joined(element("b", "1 < 2")) == "<b>1 &lt; 2</b>"
