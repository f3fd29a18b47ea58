"""The report in a browser: Debian's chromium, driven by playwright, on the file alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analysis.reports.document import report
from sim import Actor, Persona, Scene, after, ask_stance, ring, run
from sim.stage.fixed import FixedLines

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "sim" / "view" / "axe-core" / "axe.min.js"

if not CHROMIUM.exists():
    pytest.skip("there is no /usr/bin/chromium (apt-get install chromium)", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = (
    "<script>window.caught = 1</script><img src=x onerror='window.caught = 2'>",
    "</style><svg onload='window.caught = 3'> ![a](http://evil.example/a.png) \u202e\x1b[31m",
    "\"><a href='javascript:window.caught = 4'>here</a> You pathetic fool, shut up!",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two reports: of embedded models, with flips, and of lines that try to do something."""
    folder = tmp_path_factory.mktemp("browser")
    cast = [
        Actor(Persona(name=name, brief="Kind and patient.", opposite="Cruel and mocking.",
                      stances={"sell": stance}))
        for name, stance in (("Ada", -0.8), ("Ben", 0.8))
    ]  # fmt: skip
    scene = Scene(
        topic="Sell the spring?", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=6),
        probes=(ask_stance("sell", every=2),),
    )  # fmt: skip
    run("mousetrap", ["embedded:base", "embedded:rlhf"], trials=6, store=folder / "plain.db")
    run(scene, FixedLines(HOSTILE), trials=2, store=folder / "hostile.db")
    made = {}
    for name in ("plain", "hostile"):
        made[name] = folder / f"{name}.html"
        made[name].write_text(report(folder / f"{name}.db"), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def browser(pages: dict[str, Path]) -> Iterator[Browser]:
    """A browser, opened when the pages are made: its event loop runs as long as it is open."""
    # As root, in a container, chromium has no sandbox of its own.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield opened
        opened.close()


@contextmanager
def opened(browser: Browser, place: Path, **options: Any) -> Iterator[Page]:
    """A page that asks for nothing but its file, and complains of nothing."""
    context = browser.new_context(**options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url))
    page.goto(place.as_uri())
    yield page
    assert [each for each in complaints if each.partition("#")[0] != place.as_uri()] == []
    context.close()


def test_a_sentence_leads_to_its_turn(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["plain"], viewport={"width": 1280, "height": 800}) as page:
        link = page.locator(".answer .behind a", has_text="turn").first
        place = str(link.get_attribute("href"))
        link.click()
        turn = page.locator(place)
        assert turn.evaluate(
            "line => { const box = line.getBoundingClientRect();"
            " return box.top >= 0 && box.bottom <= innerHeight && line.matches(':target'); }"
        )
        assert "▲" in turn.inner_text() or turn.locator(".said").count() == 1


def test_a_link_to_a_trial_opens_it(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["plain"], viewport={"width": 1280, "height": 800}) as page:
        link = page.locator(".answer .behind a:not(:has-text('turn'))").first
        place = str(link.get_attribute("href"))
        assert not page.locator(f"{place} .line").first.is_visible()
        link.click()
        assert page.locator(f"{place} .line").first.is_visible()


def test_everything_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["plain"], viewport={"width": 1280, "height": 800}) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.locator("#stance summary").focus()
        page.keyboard.press("Enter")
        assert page.locator("#stance table").is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (360, "light")])
def test_it_fits_and_no_barrier_is_serious(
    browser: Browser, pages: dict[str, Path], width: int, scheme: str
) -> None:
    """axe-core finds nothing serious, contrast among it; nothing is wider than the page."""
    how: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    # The rules are put into the page, which its policy would refuse.
    with opened(browser, pages["plain"], bypass_csp=True, **how) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(AXE.read_text(encoding="utf-8"))
        told = page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [
            (each["id"], each["nodes"][0]["html"])
            for each in told["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_a_hostile_transcript_does_nothing(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["hostile"]) as page:
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.evaluate("window.caught") is None
        assert page.locator("img, script, iframe, .play svg").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
        assert "<script>window.caught = 1</script>" in page.locator(".said").first.inner_text()
        assert page.locator(".unseen", has_text="u202e").count() > 0
