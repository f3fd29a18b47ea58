"""Do they persuade, or does the stage pull? A first experiment on an instruct model.

    .tools/bin/uv run python -m benchmarks.real.persuasion --model gguf:FILE

Two neighbours talk for a few turns about a motion, one for it and one against. Crossed are the
layout (chat or script, on the same weights), the partner (real; yoked, whose lines are on another
topic; mute, who says nothing but "Hm."), and the motion (stated or negated). The focal actor is
asked off stage before and after, by log-probability: log p("for") - log p("against"), averaged over
both orders in which the two words are offered. Topics are the clusters.

*Primary.* The shared pull: the change toward the middle of actors whose partner was yoked, chat
less script. *Second.* Interaction: the change with a real partner less that with a yoked one.

Every transcript is kept in the file, and printed by ``--transcripts``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, product
from math import copysign
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from analysis.stats import mean_interval
from benchmarks.real.scoring import Rows, log_prob
from sim import Actor, Persona, Sampling, Scene, after, play, ring
from sim.calls.guard import open_stage
from sim.errors import ElsinoreError
from sim.events import Seat, Turn
from sim.layouts import render
from sim.layouts.prompt import Prompt
from sim.scene.prose import PROSE
from sim.seeds import derive
from sim.stage.base import LogProb, Reply, Request, Stage, close_stage

Layout = Literal["persona_first", "screenplay"]
Partner = Literal["real", "yoked", "mute"]

LAYOUTS: tuple[Layout, ...] = ("persona_first", "screenplay")
PARTNERS: tuple[Partner, ...] = ("real", "yoked", "mute")
NAMES = ("Robin", "Alex")

TOPICS = (
    ("The village should build a wind turbine.", "The village should not build a wind turbine."),
    ("Schools should forbid telephones.", "Schools should allow telephones."),
    ("The library should open on Sundays.", "The library should stay closed on Sundays."),
    ("The old oak should be felled.", "The old oak should be left standing."),
    ("Cars should be banned from the square.", "Cars should be allowed in the square."),
    ("The choir should sing modern songs.", "The choir should not sing modern songs."),
    ("The museum should be free.", "The museum should charge for its tickets."),
    ("The river should be opened to swimmers.", "The river should stay closed to swimmers."),
    ("The market should move to the station.", "The market should stay where it is."),
    ("Dogs should be kept on a lead in the park.", "Dogs should run free in the park."),
    ("The theatre should play in English.", "The theatre should not play in English."),
    ("The bridge should be painted red.", "The bridge should be left grey."),
)
"""Motions, each with its negation."""

YOKED = (
    "My sister wrote that the lake is frozen already.",
    "I have been looking for the blue pan all morning.",
    "They say that the new baker uses rye.",
    "The clock in the hall is four minutes slow.",
)
"""What a yoked partner says, whatever is said to it."""

_AT_ONCE = 4
"""Scenes that are played at once."""


@dataclass(frozen=True, slots=True)
class Case:
    """One scene: topic, motion (0 stated, 1 negated), layout, partner."""

    topic: int
    motion: int
    layout: Layout
    partner: Partner

    @property
    def key(self) -> str:
        """Its name in the file."""
        return f"{self.topic}:{self.motion}:{self.layout}:{self.partner}"

    @classmethod
    def read(cls, key: str) -> Case:
        """The case of a name."""
        topic, motion, layout, partner = key.split(":")
        return cls(int(topic), int(motion), cast("Layout", layout), cast("Partner", partner))

    @property
    def scene(self) -> Scene:
        """Robin is for the motion as it is said, Alex against it."""
        motion = TOPICS[self.topic][self.motion]
        robin = Persona(name="Robin", brief="A neighbour.", stances={"motion": 0.8})
        alex = Persona(name="Alex", brief="A neighbour.", stances={"motion": -0.8})
        return Scene(
            topic=motion,
            cast=(Actor(robin), Actor(alex)),
            graph=ring(*NAMES),
            layout=self.layout,
            words=40,
            ends=after(turns=8),
            wording=PROSE,
        )


class Scripted:
    """A partner that says fixed lines: yoked or mute."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.identity = f"fixed:{'|'.join(lines)}"
        self.lines = lines
        self.said = 0

    async def perform(self, request: Request) -> Reply:
        """The next line."""
        line = self.lines[self.said % len(self.lines)]
        self.said += 1
        return Reply(line)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """Unknown."""
        return None


class Duet:
    """One stage for Robin, another for Alex."""

    def __init__(self, robin: Stage, alex: Stage) -> None:
        self.identity = robin.identity
        self.stages = dict(zip(NAMES, (robin, alex), strict=True))

    async def perform(self, request: Request) -> Reply:
        """The reply of whoever is asked."""
        return await self.stages[request.speaker].perform(request)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """Robin's."""
        return await self.stages["Robin"].log_prob(request, text)


async def stance(stage: Stage, scene: Scene, turns: Sequence[Turn]) -> float:
    """log p("for") - log p("against") of Robin after some turns, over both orders of the words."""
    prompt = render(scene, list(turns), "Robin")
    sums = []
    for one, other in (("for", "against"), ("against", "for")):
        asked = (
            f"(To Robin alone, whom nobody else hears: at this moment, are you {one} or {other} "
            f"this: {scene.topic} One word.)"
        )
        question = _asked(scene, turns, asked, prompt)
        favour, dislike = [
            await log_prob(stage, question, _as_reply(question, word), "Robin")
            for word in ("for", "against")
        ]
        sums.append(favour - dislike)
    return float(np.mean(sums))


def _asked(scene: Scene, turns: Sequence[Turn], asked: str, cued: Prompt) -> Prompt:
    """The prompt of a turn, with a question in place of the cue."""
    from sim.layouts import LAYOUTS as KNOWN

    layout = KNOWN[scene.layout]
    seat = Seat(0)
    prompt = layout.hear(layout.opening(scene, seat), scene, seat, list(turns))
    if cued.role == "text":
        return prompt.then("text", f"{asked}\n\nRobin: I am")
    return prompt.then("user", f"\n\n{asked}" if prompt.role == "user" else asked)


def _as_reply(prompt: Prompt, word: str) -> str:
    return f" {word}" if prompt.role == "text" else word


async def played(stage: Stage, case: Case, before: float) -> dict[str, Any]:
    """One case: what was said, and where Robin stood before and after."""
    scene = case.scene
    lines = {"yoked": YOKED, "mute": ("Hm.",)}.get(case.partner)
    duet: Stage = stage if lines is None else Duet(stage, Scripted(lines))
    # The same draws for Robin whoever the partner is and however the motion is said.
    transcript = await play(scene, duet, seed=derive(7, case.topic))
    after_ = await stance(stage, scene, transcript.turns)
    said = [[turn.speaker, turn.text] for turn in transcript.turns]
    return {"case": case.key, "before": before, "after": after_, "said": said}


async def collect(model: str, path: Path, topics: int) -> list[dict[str, Any]]:
    """All cases of the first topics, those in the file as they are; ``_AT_ONCE`` at a time."""
    rows = Rows(path, model)
    known = {row["case"]: row for row in rows}
    cases = [
        Case(topic, motion, layout, partner)
        for topic in range(topics)
        for motion, layout, partner in product((0, 1), LAYOUTS, PARTNERS)
    ]
    left = [case for case in cases if case.key not in known]
    stage = open_stage(model, Sampling(temperature=0.8, top_p=0.95, max_tokens=40))
    room = asyncio.Semaphore(_AT_ONCE)

    async def together(alike: list[Case]) -> None:
        """Cases that differ in the partner alone: where Robin stands before is asked once."""
        async with room:
            before = await stance(stage, alike[0].scene, [])
            for case in alike:
                known[case.key] = await played(stage, case, before)
                rows.append(known[case.key])
                print(f"{len(known)} of {len(cases)} scenes", file=sys.stderr)

    alike = [
        list(group)
        for _, group in groupby(left, key=lambda case: (case.topic, case.motion, case.layout))
    ]
    try:
        await asyncio.gather(*map(together, alike))
    finally:
        await close_stage(stage)
    return [known[case.key] for case in cases]


def results(rows: Sequence[dict[str, Any]], topics: int) -> dict[str, list[float]]:
    """Shared pull and interaction, with 95% intervals over topics (Student's t)."""
    toward = {
        row["case"]: copysign(1, row["before"]) * (row["before"] - row["after"]) for row in rows
    }

    def mean(topic: int, layout: Layout, partner: Partner) -> float:
        cases = [toward[Case(topic, motion, layout, partner).key] for motion in (0, 1)]
        return float(np.mean(cases))

    def over_topics(value: Any) -> list[float]:
        mean = mean_interval(np.array([value(topic) for topic in range(topics)]))
        return [mean.estimate, mean.low, mean.high]

    table = {
        "shared pull, chat less script": over_topics(
            lambda topic: mean(topic, "persona_first", "yoked") - mean(topic, "screenplay", "yoked")
        )
    }
    for layout in LAYOUTS:
        for partner in PARTNERS:
            table[f"toward the middle, {layout}, {partner}"] = over_topics(
                lambda topic, a=layout, b=partner: mean(topic, a, b)
            )
        table[f"interaction, {layout}"] = over_topics(
            lambda topic, a=layout: mean(topic, a, "real") - mean(topic, a, "yoked")
        )
    return table


def blind_sample(rows: Sequence[dict[str, Any]], count: int) -> list[list[str]]:
    """Lines of Robin's with the motion, in an order that tells nothing of layout and partner.

    Each has a key (which line of which case) that is kept out of a labeller's sight.
    """
    lines = []
    for row in rows:
        case = Case.read(row["case"])
        motion = TOPICS[case.topic][case.motion]
        said = [(number, text) for number, (who, text) in enumerate(row["said"]) if who == "Robin"]
        lines += [[f"{case.key}:{number}", motion, text] for number, text in said]
    return sorted(lines, key=lambda line: derive(11, line[0]))[:count]


def labelled(rows: Sequence[dict[str, Any]], path: Path) -> dict[str, tuple[int, float]]:
    """The number of labelled lines and their mean (for: 1, against: -1, neither: 0), by layout and
    partner. The file has a line for each line of the sample: for, against or neither."""
    labels = path.read_text(encoding="utf-8").split()
    sample = blind_sample(rows, len(labels))
    worth = {"for": 1.0, "against": -1.0, "neither": 0.0}
    groups: dict[str, list[float]] = {}
    for (key, _, _), label in zip(sample, labels, strict=True):
        case = Case.read(key.rpartition(":")[0])
        groups.setdefault(f"{case.layout}, {case.partner}", []).append(worth[label])
    return {name: (len(values), float(np.mean(values))) for name, values in sorted(groups.items())}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, estimate, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real.persuasion", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--topics", type=int, default=len(TOPICS))
    parser.add_argument("--file", type=Path, default=Path("runs/persuasion.jsonl"))
    parser.add_argument("--transcripts", action="store_true", help="print what was said, too")
    parser.add_argument("--sample", type=int, help="print so many lines to be labelled, blind")
    parser.add_argument("--labels", type=Path, help="a label for each line of the sample")
    options = parser.parse_args(arguments)
    if not 2 <= options.topics <= len(TOPICS):
        parser.error(f"--topics: use a number from 2 to {len(TOPICS)}")
    try:
        rows = asyncio.run(collect(options.model, options.file, options.topics))
    except ElsinoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.sample:
        for number, (_, motion, text) in enumerate(blind_sample(rows, options.sample), start=1):
            print(f"{number}. [{motion}] {text}")
        return 0
    if options.labels:
        for name, (count, mean) in labelled(rows, options.labels).items():
            print(f"{name:30} {mean:+.2f} of {count} lines")
    if options.transcripts:
        for row in rows:
            print(f"\n{row['case']}: {row['before']:+.2f} → {row['after']:+.2f}")
            print("\n".join(f"  {name}: {text}" for name, text in row["said"]))
    for name, (value, low, high) in results(rows, options.topics).items():
        print(f"{name:44} {value:+.3f} [{low:+.3f}, {high:+.3f}]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
