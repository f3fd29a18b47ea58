"""How long a report on a large store takes, how large it is, and how soon a browser paints it.

    python -m benchmarks.reports [TRIALS]

plays TRIALS trials (10,000) of six turns on two embedded models, unless a store is there from the
last time, writes a report, and opens it in chromium if playwright and a chromium are installed.
Nothing is asserted: a machine may be slow.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from analysis.reports.document import report
from sim import run
from sim.store import open_store

PAINTED = """() => performance.getEntriesByType('paint')
    .filter(entry => entry.name === 'first-contentful-paint').map(entry => entry.startTime)[0]"""


def main(trials: int = 10_000) -> None:
    """Measure and print."""
    folder = Path(tempfile.gettempdir()) / "elsinore-reports"
    folder.mkdir(exist_ok=True)
    store = folder / f"trials-{trials}.db"
    if not store.exists():
        run(
            "cross_purposes", ["embedded:base", "embedded:rlhf"], trials=trials // 2, store=store,
            parameters={"turns": 6},
        )  # fmt: skip
    with open_store(store) as opened:
        count = len(opened.ids())
    begun, used = time.perf_counter(), time.process_time()
    page = report(store)
    took = time.perf_counter() - begun
    used = time.process_time() - used
    place = folder / f"trials-{trials}.html"
    place.write_text(page, encoding="utf-8")
    size = len(page.encode()) / 1e6
    print(f"{count:,} trials: {took:.1f} s ({used:.1f} s of a processor), {size:.1f} MB")
    painted(place)


def painted(place: Path) -> None:
    """Print after how long a browser shows the page, where there is one."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("first paint: not measured; playwright is not installed")
        return
    chromium = shutil.which("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, width in (("desk", 1280), ("phone", 390)):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(place.as_uri())
            at = page.wait_for_function(PAINTED).json_value()
            print(f"first paint, {name}: {at:.0f} ms")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trials", type=int, nargs="?", default=10_000)
    main(parser.parse_args().trials)
