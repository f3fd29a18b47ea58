"""The pictures of README and docs: a report, a trial, the loom, a phone, figures of the tutorial.

    python scripts/pictures.py [FOLDER]
    python scripts/pictures.py --figures [FOLDER]     # those of the tutorial alone

Plays what is shown anew on the embedded stage, opens the report and the viewer in Debian's
chromium, and writes PNG files into ``docs/pictures``. Figures of the tutorial are what the commands
of its pages draw. The same version gives the same pictures, but for fonts.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
DOCS = Path(__file__).resolve().parents[1] / "docs"
PICTURES, TUTORIAL = DOCS / "pictures", DOCS / "tutorial"
COMMAND = (sys.executable, "-P", "-m", "sim.cli")
WIDE, PHONE = (1280, 860), (390, 844)


def elsinore(folder: Path, *arguments: object) -> str:
    """What a command prints. Raises ``CalledProcessError`` if it fails."""
    line = [*COMMAND, *map(str, arguments)]
    return subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True).stdout


@contextmanager
def viewer(folder: Path, store: str) -> Iterator[str]:
    """The address of a viewer of a store."""
    line = [*COMMAND, "view", store, "--coder", "kim"]
    process = subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(SIGINT)
        process.wait(30)


@contextmanager
def page(
    browser: Browser, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> Iterator[Page]:
    """A page of a size, in light or dark, with twice the pixels."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def flipped(folder: Path, store: str) -> tuple[str, int]:
    """A trial and a turn at which somebody flips, the surest of the store."""
    trials: list[dict[str, Any]] = json.loads(elsinore(folder, "show", store, "--json"))["trials"]
    found = [
        (outcome.get("flip_confidence") or 0.0, trial["id"], outcome["flip"])
        for trial in trials
        for outcome in trial["outcomes"].values()
        if outcome["flip"] is not None
    ]
    _, trial, turn = max(found)
    return str(trial), int(turn)


def at_the_mark(page: Page, first: str, trial: str) -> None:
    """Open the viewer, and a trial where it has its mark, which is there when it was measured."""
    page.goto(first)
    page.locator(".row .sign-flip").first.wait_for()
    page.goto(trial)
    page.locator("body[data-ready]").wait_for()
    page.locator(".mark-list a").first.wait_for(state="attached")


def taken(folder: Path, target: Path) -> None:
    """Play, open, and take the pictures."""
    from playwright.sync_api import sync_playwright

    models = [part for kind in ("base", "sft", "rlhf") for part in ("-m", f"embedded:{kind}")]
    elsinore(folder, "run", "cross_purposes", *models, "-n", 30, "--yoked", "-q", "--store", "h.db")
    elsinore(folder, "report", "h.db", "-o", "report.html")
    elsinore(folder, "run", "mousetrap", "-m", "embedded:base", "-n", 12, "-q", "--store", "m.db")
    trial, turn = flipped(folder, "m.db")
    elsinore(folder, "fork", "m.db", trial, "--at", turn, "-n", 24, "--drop", "--json")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright, viewer(folder, "m.db") as address:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        home = address.partition("?")[0]
        with page(browser, WIDE, "light") as report:
            report.goto((folder / "report.html").as_uri())
            report.screenshot(path=target / "report.png")
        with page(browser, WIDE, "light") as play:
            at_the_mark(play, address, f"{home}trial/{trial}#t-{turn}")
            play.screenshot(path=target / "trial.png")
        with page(browser, WIDE, "dark") as loom:
            loom.goto(address)
            loom.goto(f"{home}trial/{trial}/turn/{turn}")
            loom.locator("body[data-ready]").wait_for()
            loom.screenshot(path=target / "loom.png")
        with page(browser, PHONE, "dark") as phone:
            at_the_mark(phone, address, f"{home}trial/{trial}#t-{turn}")
            phone.screenshot(path=target / "phone.png")
        browser.close()


def drawn(target: Path) -> None:
    """Follow the pages of the tutorial that draw a figure, and keep what they draw."""
    for place in sorted(TUTORIAL.glob("*.md")):
        text = place.read_text(encoding="utf-8")
        if " -o " not in text or "elsinore plot" not in text:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file, content in re.findall(
                r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", text, re.M | re.S
            ):
                (folder / file).write_text(content, encoding="utf-8")
            shown = re.sub(r"<!-- skip: next -->\s*```sh.*?```", "", text, flags=re.S)
            for block in re.findall(r"^```sh\n(.*?)^```$", shown, re.M | re.S):
                for line in block.splitlines():
                    elsinore(folder, *shlex.split(line)[1:])
            for picture in folder.glob("*.png"):
                shutil.copy(picture, target / picture.name)


def main() -> int:
    """Write the pictures; the exit code."""
    arguments = [each for each in sys.argv[1:] if each != "--figures"]
    target = Path(arguments[0]) if arguments else PICTURES
    target.mkdir(parents=True, exist_ok=True)
    drawn(target)
    if "--figures" not in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            taken(Path(folder), target)
    for each in sorted(target.glob("*.png")):
        sys.stdout.write(f"{each.name}: {each.stat().st_size // 1000} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
