"""The viewer in a browser: Debian's chromium, driven by playwright, on a real process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sim.store import open_store

CHROMIUM = Path("/usr/bin/chromium")

if not CHROMIUM.exists():
    pytest.skip("there is no /usr/bin/chromium (apt-get install chromium)", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def elsinore(*arguments: object, cwd: Path) -> None:
    """Run the command."""
    line = [sys.executable, "-P", "-m", "sim.cli", *map(str, arguments)]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


@contextmanager
def viewing(store: Path, *options: str) -> Iterator[str]:
    """The address of a viewer that runs; ended by Ctrl-C, which is no failure."""
    line = [sys.executable, "-P", "-m", "sim.cli", "view", str(store), "--coder", "kim", *options]
    process = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=store.parent
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.stderr
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def ready(page: Page) -> None:
    """Wait until a page hears keys."""
    page.locator("body[data-ready]").wait_for()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A viewer of trials that have flips."""
    folder = tmp_path_factory.mktemp("browser")
    elsinore(
        "run", "telling_room", "-m", "embedded:bimodal", "-n", "4", "--store", "play.db", "-q",
        cwd=folder,
    )  # fmt: skip
    with viewing(folder / "play.db") as there:
        yield there


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # As root, in a container, chromium has no sandbox of its own.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page on the list of trials. It has to ask nobody but the server, and to complain of
    nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    complaints: list[str] = []
    origin = address.partition("/?")[0]

    def told(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith(f"{origin}/"):
            complaints.append(f"asked {request.url}")

    opened.on("console", told)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", asked)
    opened.goto(address)
    ready(opened)
    yield opened
    context.close()
    assert complaints == []


def test_a_flip_is_followed_to_its_turn_and_to_what_was_seen_there(page: Page) -> None:
    assert "token" not in page.url
    page.locator(".row .sign-flip").first.wait_for()
    page.locator(".row:has(.sign-flip) a").first.click()
    mark = page.locator(".mark-list a").first
    turn = mark.get_attribute("href")
    mark.click()
    now = page.locator(".line.now")
    assert f"#{now.get_attribute('id')}" == turn
    assert "turns into the opposite" in now.inner_text()
    assert now.evaluate("line => { const box = line.getBoundingClientRect();"
                        " return box.top > 0 && box.bottom < innerHeight; }")  # fmt: skip
    assert page.url.endswith(str(turn))
    assert page.locator("#graph .speaks").count() == 1
    now.get_by_text("prompt").click()
    assert page.locator("ins").count() >= 1
    assert page.locator("h1").inner_text().startswith("What ")
    page.go_back()
    assert f"#{page.locator('.line.now').get_attribute('id')}" == turn


def test_everything_by_keyboard(page: Page) -> None:
    page.locator(".row .sign-flip").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("the house")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=the*")
    ready(page)
    page.locator(".row .words mark").first.wait_for()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.row').id") == "r-0"
    page.keyboard.press("Enter")
    page.wait_for_url("**/trial/**")
    ready(page)
    for key, turn in (("g", 1), ("j", 2), ("j", 3), ("k", 2), ("G", 18)):
        page.keyboard.press(key)
        assert page.locator(".line.now").get_attribute("id") == f"t-{turn}"
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.keyboard.type("She begins <b>softly</b>.")
    page.keyboard.press("Control+Enter")
    page.locator("#t-1 .note").wait_for()
    assert page.locator("#t-1 .note").inner_text() == "kim: She begins <b>softly</b>."
    page.keyboard.press("2")
    page.locator("#t-1 .label").wait_for()
    assert page.locator("#t-1 .label").inner_text() == "collapse"
    page.keyboard.press("2")
    page.locator("#t-1 .label").wait_for(state="detached")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.wait_for_url("**/prompt/1")
    ready(page)
    page.keyboard.press("u")
    page.wait_for_url("**#t-1")
    ready(page)
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#slider").get_attribute("aria-valuenow") == "2"


def test_a_fork_is_played_and_compared(page: Page) -> None:
    page.locator(".row a").first.click()
    page.wait_for_url("**/trial/**")
    ready(page)
    page.locator("#t-5").click()
    page.keyboard.press("f")
    page.wait_for_url("**/fork?at=5")
    page.get_by_label("the same speaker says other words").check()
    page.get_by_label("The words").fill("I was wrong about the house.")
    page.get_by_label("Branches in each arm").fill("2")
    page.get_by_label("Turns each").fill("3")
    page.get_by_role("button", name="What would it take?").click()
    page.locator(".estimated").wait_for()
    assert "free" in page.locator(".estimated").inner_text()
    page.get_by_role("button", name="Play it").click()
    page.locator("a.branch").first.wait_for(timeout=60_000)
    page.locator("a.branch").first.click()
    page.locator(".pair.first").wait_for()
    assert "part at turn 5" in page.locator("#summary").inner_text()
    assert page.locator(".pair.shared").count() == 4
    assert "I was wrong about the house." in page.locator(".pair.first .other").inner_text()
    ready(page)
    page.keyboard.press("u")
    page.wait_for_url("**#t-5")
    ready(page)
    page.keyboard.press("b")
    page.wait_for_url("**/tree")
    assert page.locator(".tree .leaf").count() == 5


def test_two_trials_are_chosen_and_compared_on_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, color_scheme="dark", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    ready(page)
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("c")
    page.wait_for_url("**/compare?**")
    for place in ("", "/?words=house"):
        page.goto(address.partition("/?")[0] + place if place else page.url)
        across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, page.url
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_barrier_stands_in_the_way(browser: Browser, address: str, theme: Any) -> None:
    """axe-core finds nothing serious, contrast among it, on the main pages."""
    rules = Path(__file__).with_name("axe-core") / "axe.min.js"
    context = browser.new_context(color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    trial, other = page.eval_on_selector_all(".row", "rows => rows.map(row => row.dataset.id)")[:2]
    origin = address.partition("/?")[0]
    found = []
    for place in ("/", f"/trial/{trial}#t-4", f"/compare?a={trial}&b={other}",
                  f"/trial/{trial}/fork?at=4", f"/trial/{trial}/prompt/7"):  # fmt: skip
        page.goto(origin + place)
        ready(page)
        page.evaluate(rules.read_text(encoding="utf-8"))
        told = page.evaluate("axe.run({resultTypes: ['violations']})")
        found += [
            (place, each["id"], each["nodes"][0]["html"])
            for each in told["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    context.close()
    assert found == []


class Clicks:
    """Clicks on a page, counted."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Any) -> None:
        target.click()
        self.count += 1


def test_which_arm_converged_more_and_how_sure_is_that(browser: Browser, tmp_path: Path) -> None:
    elsinore(
        "run", "telling_room", "-m", "embedded:bimodal", "-m", "embedded:base", "-n", "6",
        "--store", "two.db", "-q", cwd=tmp_path,
    )  # fmt: skip
    with viewing(tmp_path / "two.db") as there:
        page = browser.new_context().new_page()
        page.goto(there)
        told = page.locator(".contrasts li").first
        told.wait_for(timeout=20_000)
        words = told.inner_text()
        assert words.startswith("By model: embedded:bimodal ")
        assert re.search(r"\(6 pairs\): .*\[[-+]\d\.\d+, [-+]\d\.\d+\], p = ", words)
        assert page.locator(".arms td", has_text=re.compile(r"\[.*\]")).count() == 2
        page.context.close()


def test_where_she_flipped_and_what_was_said_just_before(page: Page) -> None:
    clicks = Clicks()
    page.locator(".row .sign-flip").first.wait_for()
    clicks.on(page.locator(".row:has(.sign-flip) a").first)
    clicks.on(page.locator(".mark-list a", has_text="opposite").first)
    now = page.locator(".line.now")
    assert "turns into the opposite" in now.inner_text()
    turn = int(str(now.get_attribute("id")).removeprefix("t-"))
    before = page.locator(f"#t-{turn - 1}")
    assert before.evaluate("line => line.getBoundingClientRect().bottom > 0")
    assert before.bounding_box()["y"] < now.bounding_box()["y"]  # type: ignore[index]
    assert clicks.count <= 3


def test_what_he_saw_when_he_said_this(page: Page) -> None:
    clicks = Clicks()
    clicks.on(page.locator(".row a").first)
    page.wait_for_url("**/trial/**")
    ready(page)
    said = page.locator("#t-3 .said").inner_text()
    clicks.on(page.locator("#t-4"))
    clicks.on(page.locator("#t-4 .to-prompt"))
    page.wait_for_url("**/prompt/4")
    assert page.locator("h1").inner_text().startswith("What ")
    assert said[:40] in page.locator("#prompt").inner_text()
    assert clicks.count <= 3


def test_what_would_have_happened_without_that_line(page: Page) -> None:
    clicks = Clicks()
    # A trial that no other test of this file looks at.
    clicks.on(page.locator(".row a").nth(3))
    page.wait_for_url("**/trial/**")
    ready(page)
    page.locator("#t-14").hover()
    clicks.on(page.locator("#t-14 .to-without"))
    page.locator(".estimated").wait_for()
    assert page.get_by_label("strike the turn").is_checked()
    clicks.on(page.get_by_role("button", name="Play it"))
    page.locator("a.branch").first.wait_for(timeout=60_000)
    assert page.locator("table tbody tr").count() >= 1
    assert clicks.count <= 3


def test_a_run_is_followed(page: Page, tmp_path: Path, browser: Browser) -> None:
    """Lines that are written while a page is open come onto it."""
    elsinore(
        "run", "cross_purposes", "-m", "embedded:base", "-n", "1", "--store", "live.db", "-q",
        cwd=tmp_path,
    )  # fmt: skip
    with viewing(tmp_path / "live.db") as there:
        page = browser.new_context().new_page()
        page.goto(there)
        assert page.locator(".row").count() == 1
        elsinore(
            "run", "cross_purposes", "-m", "embedded:base", "-n", "3", "--store", "live.db", "-q",
            cwd=tmp_path,
        )  # fmt: skip
        page.locator("#r-2").wait_for(timeout=30_000)
        # Whoever moves the store away meanwhile is told.
        page.route("**/live", lambda route: route.fulfill(status=400))
        page.reload()
        page.locator("#live", has_text="The store cannot be read any more").wait_for()
        page.context.close()


def test_a_trial_is_followed_while_a_run_writes_it(browser: Browser, tmp_path: Path) -> None:
    """Lines come onto the page of a trial as they are said; who reads or writes is left alone."""
    line = [
        sys.executable, "-P", "-m", "sim.cli", "run", "cross_purposes", "-q", "--store", "live.db",
        "-m", "fixed:The cliff is ours.|It is not.?latency=0.3", "-P", "turns=16", "-n", "1",
    ]  # fmt: skip
    run = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        there = tmp_path / "live.db"
        for _ in range(300):
            if there.exists() and lines_of(there) >= 3:  # Who is at the last line is taken along.
                break
            time.sleep(0.05)
        # A busy machine takes longer to open a page than the run takes to its end.
        run.send_signal(signal.SIGSTOP)
        with viewing(there) as address:
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(address)
            page.locator(".row a").first.click()
            page.wait_for_url("**/trial/**")
            ready(page)
            before = page.locator(".line").count()
            assert 3 <= before < 16
            page.locator("#t-2").click()
            run.send_signal(signal.SIGCONT)
            page.locator(f"#t-{before + 2}").wait_for(timeout=8_000)
            assert run.poll() is None
            assert page.locator("#live").inner_text() == "a run is writing"
            assert page.locator(".line.now").get_attribute("id") == "t-2"
            # A note that is being written is not taken away.
            page.keyboard.press("n")
            page.keyboard.type("She waits")
            shown = page.locator(".line").count()
            page.wait_for_timeout(2_500)
            assert page.locator("dialog[open] textarea").input_value() == "She waits"
            assert page.locator(".line").count() == shown
            page.keyboard.press("Escape")
            page.locator("#t-16").wait_for(timeout=20_000)
            page.locator("#head .status.done").wait_for(timeout=10_000)
            page.locator("#live:empty").wait_for(state="attached", timeout=15_000)
            assert page.locator(".line").count() == 16
            assert page.locator("#slider").get_attribute("aria-valuemax") == "16"
            assert page.locator(".line.now").get_attribute("id") == "t-2"
            assert complaints == []
            page.context.close()
        _, said = run.communicate(timeout=30)
        assert run.returncode == 0, said
    finally:
        if run.poll() is None:
            run.kill()
            run.communicate()


def lines_of(store: Path) -> int:
    """How many lines have been written."""
    with open_store(store) as opened:
        return sum(len(trial.transcript) for trial in opened.trials())
