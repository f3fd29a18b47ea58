"""How soon the viewer's pages are seen, in Debian's chromium.

    python -m benchmarks.viewer [--trials 10000] [--turns 2000]

*First paint*: from asking for a page to the first contentful paint that the browser reports, of the
list of so many trials, a search in all their lines, a trial of so many turns at its beginning and
at its middle; the median of five. The bar is 1 s. *Server*: what making the page took of that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sim import Actor, Persona, Scene, after, plan, ring
from sim.runs.trials import run_trials
from sim.stage.fixed import FixedLines

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = "/usr/bin/chromium"
BAR = 1000.0
ROUNDS = 5
NAMES = ("Ada", "Ben", "Cleo")
LINES = (
    "The spring is ours to keep, and nobody will take it from us while I live.",
    "I hear you, and I disagree: water belongs to whoever is thirsty.",
    "Then let them come and ask for it.",
)

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
_SERVER = "performance.getEntriesByType('navigation')[0].responseEnd"


def tea(turns: int = 12) -> Scene:
    """A scene of short lines."""
    cast = tuple(Actor(Persona(name=name, brief=f"{name} lives there.")) for name in NAMES)
    return Scene(topic="The spring", cast=cast, graph=ring(*NAMES), ends=after(turns=turns))


def play(path: Path, trials: int, turns: int) -> list[str]:
    """Play trials of fixed lines; their ids."""
    stage = FixedLines(LINES)
    planned = plan(
        tea, models=[("fixed", stage.identity)], trials=trials, parameters={"turns": turns}
    )
    asyncio.run(run_trials(planned, {stage.identity: stage}, path))
    return [trial.id for trial in planned]


@contextmanager
def viewing(store: Path) -> Iterator[str]:
    """The address of a viewer that runs."""
    line = [sys.executable, "-P", "-m", "sim.cli", "view", str(store)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser; as root, in a container, it has no sandbox of its own."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def paints(browser: Browser, address: str, places: Sequence[tuple[str, str]]) -> None:
    """Print the first paint of pages, each with its name."""
    page = browser.new_page()
    page.goto(address)
    origin = address.partition("/?")[0]
    for name, place in places:
        seen: list[float] = []
        made: list[float] = []
        for _ in range(ROUNDS):
            page.goto("about:blank")
            page.goto(origin + place)
            page.locator("body[data-ready]").wait_for()
            page.wait_for_function(f"() => !Number.isNaN({_PAINT})")
            seen.append(float(page.evaluate(_PAINT)))
            made.append(float(page.evaluate(_SERVER)))
        told = statistics.median(seen)
        verdict = "pass" if told < BAR else "miss"
        print(f"{name:36} {told:6.0f} ms  (server {statistics.median(made):5.0f})  {verdict}")
    page.context.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print first paints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=2_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        play(work / "many.db", chosen.trials, 12)
        [long] = play(work / "long.db", 1, chosen.turns)
        with chromium() as browser:
            with viewing(work / "many.db") as address:
                paints(
                    browser, address,
                    [(f"the list of {chosen.trials:,} trials", "/"),
                     ("a search in all their lines", "/?words=thirsty")],
                )  # fmt: skip
            with viewing(work / "long.db") as address:
                middle = chosen.turns // 2
                paints(
                    browser, address,
                    [(f"a trial of {chosen.turns:,} turns", f"/trial/{long}"),
                     ("the same, at its middle", f"/trial/{long}#t-{middle}"),
                     ("the prompt of its last turn", f"/trial/{long}/prompt/{chosen.turns}")],
                )  # fmt: skip


if __name__ == "__main__":
    main()
