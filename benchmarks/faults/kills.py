"""Kills runs, tournaments, questions and forks at random moments, and counts what it breaks.

A process of the command gets SIGKILL at a random moment, and is started again by the same command,
until one of them ends by itself. A quarter of the moments are drawn over the time from the start to
the end of a process without a kill, the others over the time in which it plays, so that the start,
the middle and the end are all hit. Each of the four kinds is played on the embedded stage and
against the stub server on a socket. What is counted, and has to be 0:

- **lost**: events, replies, verdicts and ends of trials that another process saw committed before
  a kill, and that are not there after it;
- **asked again**: requests whose reply was committed before. The server's own count is compared
  with what the store says: no request without an intent or a reply, none twice unless it was in
  doubt;
- **different**: stories whose export is not, byte for byte, that of one that was never killed (on
  the server: whose replies were not asked for exactly once, apart from those in doubt);
- **unsound**: stores that ``elsinore verify`` finds unsound at the end, trials with an end but not
  its status, files that are left over, commands that fail.

    .tools/bin/uv run python -m benchmarks.faults.kills [--kills 1000] [--minutes 90] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.counting import CountingServer
from benchmarks.faults.lives import Life, Rows, live, read_dead
from benchmarks.faults.stories import SERVER, Story, stories
from sim.store import export_jsonl
from sim.store.soundness import verify

BROKEN = ("lost", "asked again", "different", "unsound")
"""The counts that have to be 0."""

_LATENCY = 0.02
_MOST = 30
"""Kills of one story at most; after them the command is left alone."""

_ARRIVED = 0.05
"""Seconds after which requests of a process that was killed have arrived at the server."""


@dataclass(slots=True)
class Tally:
    """What became of the stories of one kind. ``kept`` counts rows that were seen before a kill and
    found after it, ``early`` kills before the process had written anything."""

    counts: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def broken(self, what: str, many: int, where: str) -> None:
        """Count a broken promise, and keep where it was."""
        if many:
            self.counts[what] += many
            self.told.append(f"{where}: {many} {what}")


@dataclass(frozen=True, slots=True)
class Alone:
    """A story that was never killed: its seconds, those before its run began, and its export."""

    seconds: float
    started: float
    export: bytes


class Teller:
    """Tells stories, in folders of their own, and counts what is broken."""

    def __init__(self, folder: Path, server: CountingServer, dice: random.Random) -> None:
        self.folder = folder
        self.server = server
        self.dice = dice
        self.told = 0

    def alone(self, story: Story) -> Alone:
        """A story without a kill."""
        place = self._place()
        store = story.begin(place)
        before = read_dead(store) or Rows()
        life = live(story.words(store), self.folder, store, since=before.last_run)
        if life.code != 0:
            raise SystemExit(f"{story.name} failed without a kill: {life.error}")
        return Alone(life.seconds, life.started, _export(store))

    def tell(self, story: Story, alone: Alone, tally: Tally, most: int) -> int:
        """One story with kills, ``most`` of them at most; how many there were."""
        place = self._place()
        store = story.begin(place)
        first = len(self.server.requests)
        before = read_dead(store) or Rows()
        kills = 0
        where = f"{story.name}, story {self.told}"
        while True:
            start = len(self.server.requests)
            life = self._life(story, store, alone, before, kills == most)
            if story.stage == SERVER:
                time.sleep(_ARRIVED)
            after = read_dead(store) or Rows()
            self._check(story, tally, before, life, after, first, start, where)
            before = after
            if life.code is not None:
                break
            kills += 1
        tally.counts["kills"] += kills
        tally.counts["stories"] += 1
        if life.code != 0:
            tally.broken("unsound", 1, f"{where}: exit code {life.code}: {life.error[-300:]}")
            return kills
        self._check_end(story, tally, alone, store, after, where)
        return kills

    def _life(self, story: Story, store: Path, alone: Alone, before: Rows, last: bool) -> Life:
        """One life, with a kill unless it is the ``last`` that is wanted."""
        words = story.words(store)
        if last:
            return live(words, self.folder, store)
        if self.dice.random() < 0.25:
            return live(words, self.folder, store, self.dice.uniform(0.0, alone.seconds))
        playing = self.dice.uniform(0.0, alone.seconds - alone.started)
        return live(words, self.folder, store, playing, since=before.last_run)

    def _check(
        self, story: Story, tally: Tally, before: Rows, life: Life, after: Rows, first: int,
        start: int, where: str,
    ) -> None:  # fmt: skip
        """What one life has broken."""
        seen = before.facts if life.seen is None else before.facts | life.seen.facts
        tally.broken("lost", len(seen - after.facts), where)
        tally.broken("unsound", after.half_ended, f"{where}: an end without its status")
        tally.counts["kept"] += len(seen & after.facts)
        if life.code is None and after == before:
            tally.counts["early"] += 1
        if story.stage != SERVER:
            return
        doubted = {request for request, _ in before.intents}
        begun = {request for request, run in after.intents if run > before.last_run}
        mine = (after.paid - before.paid) | begun
        asked = self.server.requests[start:]
        repeated = len(asked) - len(set(asked) - set(self.server.requests[first:start]))
        again = max(
            len(begun & before.paid),
            len(asked) - len(mine),
            repeated - len(mine & doubted),
        )
        tally.broken("asked again", max(again, 0), where)
        tally.counts["requests"] += len(asked)
        tally.counts["repeated"] += repeated

    def _check_end(
        self, story: Story, tally: Tally, alone: Alone, store: Path, after: Rows, where: str
    ) -> None:
        """What a story that came to its end has broken."""
        tally.broken("different", int(_export(store) != alone.export), where)
        problems = verify(store).problems
        tally.broken("unsound", len(problems), f"{where}: {problems[:1]}")
        left = sorted(path.name for path in store.parent.iterdir())
        allowed = {"store.db", "store.db-wal", "store.db-shm", "store.jsonl"}
        tally.broken("unsound", len(set(left) - allowed), f"{where}: left over {left}")
        tally.broken("unsound", len(after.intents), f"{where}: intents at the end")

    def _place(self) -> Path:
        self.told += 1
        return self.folder / f"story-{self.told}"


def _export(store: Path) -> bytes:
    out = store.with_suffix(".jsonl")
    export_jsonl(store, out)
    return out.read_bytes()


def tell_all(kills: int, minutes: float, seed: int, wanted: Sequence[str] = ()) -> dict[str, Tally]:
    """Tell stories of all kinds in turn until so many kills are done, or so many minutes over.

    ``wanted`` is as for ``stories``.
    """
    dice = random.Random(seed)
    end = time.monotonic() + 60 * minutes
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as name,
        CountingServer(_LATENCY) as server,
    ):
        folder = Path(name)
        told = stories(folder, server.url, seed, wanted)
        teller = Teller(folder, server, dice)
        tallies = {story.name: Tally() for story in told}
        alone = {story.name: teller.alone(story) for story in told}
        for story in told:
            print(f"{story.name}: {alone[story.name].seconds:.1f} s without a kill", flush=True)
        done = 0
        while done < kills and time.monotonic() < end:
            for story in told:
                most = min(_MOST, kills - done)
                if most and time.monotonic() < end:
                    done += teller.tell(story, alone[story.name], tallies[story.name], most)
            print(f"{done} kills", flush=True)
        return tallies


def table(tallies: dict[str, Tally]) -> str:
    """The counts by kind, as a table in Markdown."""
    columns = ("kills", "early", "stories", "kept", "requests", "repeated", *BROKEN)
    lines = [f"| kind | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    total: Counter[str] = Counter()
    for name, tally in tallies.items():
        total += tally.counts
        cells = " | ".join(f"{tally.counts[column]:,}" for column in columns)
        lines.append(f"| {name} | {cells} |")
    cells = " | ".join(f"{total[column]:,}" for column in columns)
    return "\n".join([*lines, f"| together | {cells} |"])


def main() -> None:
    """The command. Exit code 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="KIND")
    options = parser.parse_args()
    begun = time.monotonic()
    tallies = tell_all(options.kills, options.minutes, options.seed, options.only)
    print(f"\n{table(tallies)}\n")
    for tally in tallies.values():
        print("\n".join(tally.told), end="\n" if tally.told else "")
    held = all(not tally.counts[what] for tally in tallies.values() for what in BROKEN)
    print(f"{'pass' if held else 'MISS'}, {time.monotonic() - begun:.0f} s")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
