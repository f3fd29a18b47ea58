"""Counts the tokens that an ideal prefix cache computes for each token of a transcript, by layout.

    .tools/bin/uv run python -m benchmarks.prefix            # a few seconds; nothing is timed
    .tools/bin/uv run python -m benchmarks.prefix --json FILE

A ring of 2, 4 and 8 actors plays 30 rounds, 65 words a turn, without probes. An ideal prefix cache
forgets nothing: it computes a chunk of a prompt only if the same chunk has not stood after the same
beginning before. A token is a word or a sign of punctuation.

Two ratios, since a prompt holds more than the transcript:

``transcript``  tokens of the transcript that the cache computes, over tokens of the transcript.
                This part grows with the scene, and the design's bar is about it.
``everything``  all tokens that the cache computes (the scene, personas, cues, names before lines),
                over tokens of the transcript. The persona and cue of ``transcript_first`` come last
                and are computed at every turn: the layout saves tokens once a turn, times the
                number of other actors, is longer than persona and cue.

``author`` is left out: it has one context, whatever the cast, and computes everything once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import REPLY, TOPIC
from sim import Actor, Persona, Scene, after, play, ring
from sim.calls.prefix_cache import PrefixCache
from sim.events import Usage
from sim.layouts import LAYOUTS
from sim.layouts.prompt import Prompt
from sim.scene.actor import LayoutName
from sim.stage.base import LogProb, Reply, Request

ACTORS = (2, 4, 8)
ROUNDS = 30
NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hope")
BAR, LEAST = 1.15, 7.0
"""Bars with 8 actors: the most for ``transcript_first``, and the least for ``persona_first``."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_SAID = re.compile(r"\bTurn \d+: " + re.escape(REPLY))


def tokens(text: str) -> int:
    """Words and signs of punctuation.

    >>> tokens("Ada: Well, no!")
    6
    """
    return len(_TOKEN.findall(text))


@dataclass
class Counts:
    """Tokens of one layout in one scene. ``said`` counts the transcript alone."""

    layout: str
    actors: int
    said: int = 0
    sent: int = 0
    computed: int = 0
    computed_said: int = 0
    by_letters: float = 0.0

    @property
    def transcript(self) -> float:
        """Computed tokens of what was said, for each token of it."""
        return self.computed_said / self.said

    @property
    def everything(self) -> float:
        """All computed tokens, for each token of what was said."""
        return self.computed / self.said


class CountingStage:
    """A stage that says a numbered line, and counts what it is sent."""

    free = True
    identity = "counted"

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.lengths: dict[bytes, int] = {}
        self.prefix_cache = PrefixCache()
        self.turns = 0

    async def perform(self, request: Request) -> Reply:
        """Count the chunks that were never sent, and speak."""
        counts = self.counts
        new: list[Prompt] = []
        chunk: Prompt | None = request.prompt
        while chunk is not None and chunk.digest not in self.lengths:
            new.append(chunk)
            chunk = chunk.parent
        for chunk in reversed(new):
            count = tokens(chunk.text)
            before = 0 if chunk.parent is None else self.lengths[chunk.parent.digest]
            self.lengths[chunk.digest] = before + count
            counts.computed += count
            counts.computed_said += sum(tokens(line) for line in _SAID.findall(chunk.text))
        whole = self.lengths[request.prompt.digest]
        counts.sent += whole
        self.prefix_cache.sent(request.prompt, whole)
        counts.by_letters = self.prefix_cache.computed
        self.turns += 1
        line = f"Turn {self.turns}: {REPLY}"
        counts.said += tokens(line)
        return Reply(line, usage=Usage(whole, tokens(line), 0, 0.0))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """None."""
        return None


def scene_of(layout: LayoutName, actors: int) -> Scene:
    """A ring of actors with different personas."""
    names = NAMES[:actors]
    return Scene(
        topic=TOPIC,
        layout=layout,
        cast=tuple(
            Actor(
                Persona(
                    name=name,
                    brief=f"{name} has lived here for {10 + number} years and says so.",
                    stances={"sell": number / 10},
                )
            )
            for number, name in enumerate(names)
        ),
        graph=ring(*names),
        ends=after(turns=ROUNDS * actors),
    )


def measure(layout: LayoutName, actors: int) -> Counts:
    """Play one scene."""
    counts = Counts(layout, actors)
    transcript = asyncio.run(play(scene_of(layout, actors), CountingStage(counts), seed=1))
    assert len(transcript) == ROUNDS * actors, transcript.ended
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if the bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there")
    chosen = parser.parse_args(arguments)
    scenes = [measure(layout, actors) for actors in ACTORS for layout in LAYOUTS]
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("layout", no_wrap=True)
    for title in ("actors", "said", "sent", "computed", "transcript", "everything"):
        table.add_column(title, no_wrap=True, justify="right")
    for each in scenes:
        table.add_row(
            each.layout,
            str(each.actors),
            f"{each.said:,}",
            f"{each.sent:,}",
            f"{each.computed:,}",
            f"{each.transcript:.2f}",
            f"{each.everything:.2f}",
        )
    console.print(table)
    last = {each.layout: each for each in scenes if each.actors == ACTORS[-1]}
    shared, apart = last["transcript_first"], last["persona_first"]
    met = shared.transcript <= BAR and apart.transcript >= LEAST
    console.print(
        f"With {ACTORS[-1]} actors, for each token of the transcript: transcript_first computes "
        f"{shared.transcript:.2f} (bar {BAR}), persona_first {apart.transcript:.2f} (about 8): "
        f"{'pass' if met else 'miss'}"
    )
    console.print(
        f"A run's summary, which shares tokens out by letters, would say {shared.by_letters:,.0f} "
        f"of {shared.sent:,} and {apart.by_letters:,.0f} of {apart.sent:,} tokens computed."
    )
    if chosen.json:
        records = [
            asdict(each) | {"transcript": each.transcript, "everything": each.everything}
            for each in scenes
        ]
        chosen.json.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
