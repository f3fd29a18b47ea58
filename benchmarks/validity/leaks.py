"""Does a prompt ever contain what the actor did not hear? Random scenes with planted words.

Everything that is said, whispered, told, answered in private or kept secret holds a word that
stands nowhere else. Scenes are drawn at random: people, graphs, routers, rules of hearing,
entrances and exits, whispers, struck and replaced lines, people who become others, full contexts,
every layout. Who heard what is worked out a second time, from the scene and without the code that
decides it; then no prompt may hold a word that its actor did not hear, and every prompt has to hold
those that it did.

    .tools/bin/uv run python -m benchmarks.validity.leaks            # 10,000 scenes: four minutes
    .tools/bin/uv run python -m benchmarks.validity.leaks --scenes 500
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random

from benchmarks.validity.document import write_section
from benchmarks.validity.random_scenes import WORD, Planting, random_scene
from sim import Scene, play
from sim.events import Answer, Event, Intervened, Turn
from sim.scene.audience import Directed, Groups, Hearing, Overheard, Whispers
from sim.scene.interventions import Enter, Intervention, Leave, Noise, Note, Recast, Say, Whisper
from sim.transcript import Transcript


@dataclass
class Heard:
    """What each actor may know, and since when, worked out from the scene.

    Turn k is heard at time k, what comes before it is told at k - 1/2, and its speaker is cued at
    k - 1/4; a question off stage is asked as soon as a turn is over.
    """

    names: tuple[str, ...]
    on_stage: set[str]
    known: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def tell(self, who: Iterable[str], time: float, text: str) -> None:
        """Let some know of the words in a text."""
        for name in who:
            self.known.setdefault(name, []).extend((time, found) for found in WORD.findall(text))


def oracle(scene: Scene, transcript: Transcript) -> Heard:
    """Who heard what, by rules of its own. Prompts are not looked at, nor ``heard_by``."""
    heard = Heard(scene.names, {actor.name for actor in scene.cast if actor.on_stage})
    for actor in scene.cast:
        sheet = actor.persona
        heard.tell([actor.name], 0, f"{sheet.secret} {' '.join(sheet.goals)}")
    heard.tell(scene.names, 0, scene.topic)
    by_number = {str(number): each for number, each in enumerate(scene.interventions)}
    for event in in_order(transcript.events):
        if isinstance(event, Intervened):
            _intervened(scene, heard, event, by_number)
        else:
            hearers = _hearers(scene, heard, event, by_number, transcript)
            heard.tell(hearers, event.index, event.text)
    return heard


def in_order(events: Iterable[Event]) -> list[Turn | Intervened]:
    """Turns and interventions in the order in which they happened: as they were recorded."""
    return [event for event in events if isinstance(event, Turn | Intervened)]


def _intervened(
    scene: Scene, heard: Heard, event: Intervened, by_number: dict[str, Intervention]
) -> None:
    there, now = set(heard.on_stage), event.turn - 0.5
    if event.what == "phase":
        heard.tell(there, now, event.text)
        return
    each = by_number[event.key.partition(":")[0]]
    if isinstance(each, Enter):
        heard.on_stage.add(each.name)
    elif isinstance(each, Leave):
        heard.on_stage.discard(each.name)
    elif isinstance(each, Note):
        heard.tell(there if each.to is None else there & set(each.to), now, each.text)
    elif isinstance(each, Recast):
        persona = each.persona
        sheet = f"{persona.secret} {' '.join(persona.goals)}"
        heard.tell([persona.name], now, sheet)


def _hearers(
    scene: Scene, heard: Heard, turn: Turn, by_number: dict[str, Intervention], all_: Transcript
) -> set[str]:
    there = set(heard.on_stage)
    if not turn.text:
        return set()
    put = _put(turn, by_number, all_)
    rule = scene.hearing
    given = put.to if isinstance(put, Whisper | Noise) else None
    # A given line without an audience of its own is heard as any other.
    audience = _audience(rule, turn) if given is None else set(given)
    if audience is None:
        return there | {turn.speaker}
    ears: set[str] = set()
    if isinstance(rule, Overheard) and (rule.of is None or turn.speaker in rule.of):
        ears = set(rule.by)
    return ((audience | ears) & there) | {turn.speaker}


def _put(
    turn: Turn, by_number: dict[str, Intervention], transcript: Transcript
) -> Intervention | None:
    """The intervention that put these words into the speaker's mouth, if one did."""
    for event in transcript.events:
        if isinstance(event, Intervened) and event.turn == turn.index and not event.detail:
            each = by_number.get(event.key.partition(":")[0])
            spoken = isinstance(each, Say | Whisper | Noise) and each.speaker == turn.speaker
            if spoken and turn.source == "intervention" and not turn.prompt:
                return each
    return None


def _audience(rule: Hearing | None, turn: Turn) -> set[str] | None:
    if isinstance(rule, Overheard):
        return _audience(rule.rule, turn)
    if isinstance(rule, Whispers):
        return set(rule.to[turn.speaker]) if turn.speaker in rule.to else None
    if isinstance(rule, Groups):
        mine = [group for group in rule.groups if turn.speaker in group]
        return {name for group in mine for name in group} if mine else None
    if isinstance(rule, Directed):
        if turn.source == "intervention" and turn.prompt:
            return set(turn.audience) if turn.audience is not None else None
        if turn.text.startswith("(aside)"):
            return set()
        found = re.match(r"\(to ([^)]+)\)", turn.text)
        return None if found is None or found[1] == turn.speaker else {found[1]}
    return None


def check(seed: int) -> list[str]:
    """What is wrong with the prompts of one random scene: nothing, one hopes."""
    random = Random(seed)
    scene = random_scene(random)
    directs = isinstance(scene.hearing, Directed) or (
        isinstance(scene.hearing, Overheard) and isinstance(scene.hearing.rule, Directed)
    )
    stage = Planting(random, scene.names, directs)
    transcript = asyncio.run(play(scene, stage, seed=seed))
    heard = oracle(scene, transcript)
    recast = any(isinstance(each, Recast) for each in scene.interventions)
    bounded = any(actor.context for actor in scene.cast)
    wrong: list[str] = []
    when = cued_at(transcript)
    for request in stage.asked:
        told = set(WORD.findall(request.prompt.joined()))
        known = heard.known.get(request.speaker, [])
        # A second attempt shows the answer that could not be read, to whoever gave it.
        allowed = {found for _, found in known} | _own_answers(transcript, request.speaker)
        problems = [f"was told {found}, which it did not hear" for found in told - allowed]
        # Who is another person, or has forgotten, need not be told all that it heard.
        if request.prompt.digest.hex() in when and not bounded and not recast:
            now, latest = when[request.prompt.digest.hex()]
            must = {found for since, found in known if since <= now}
            later = {found for since, found in known if since > latest} - must
            problems += [f"heard {found} and was not told it" for found in must - told]
            problems += [f"was told {found} too early" for found in told & later]
        wrong += [f"seed {seed}: {request.speaker} {problem}" for problem in sorted(problems)]
    return wrong


def _own_answers(transcript: Transcript, name: str) -> set[str]:
    return {
        found
        for answer in transcript.answers
        if answer.actor == name and answer.gauge
        for found in WORD.findall(answer.raw)
    }


def cued_at(transcript: Transcript) -> dict[str, tuple[float, float]]:
    """By the hash of a prompt: the times between which it was made (see ``Heard``)."""
    found: dict[str, tuple[float, float]] = {}
    for event in transcript.events:
        if isinstance(event, Turn) and event.prompt:
            said = event.index - 1 if event.cued is None else event.cued
            found[event.prompt] = (said + 0.75, said + 0.75)
        elif isinstance(event, Answer):
            # A router asks when what comes before the turn has been told; what is asked at the end
            # is asked when the last intervention has been made, if the end was not foreseen.
            routing, last = event.key.startswith("floor:"), event.turn == len(transcript)
            time = event.turn + (0.75 if routing else 0.0)
            found.setdefault(event.prompt, (time, time + (0.5 if last else 0.0)))
    return found


def study(scenes: int, workers: int, first: int = 0) -> list[str]:
    """What is wrong in many random scenes."""
    seeds = range(first, first + scenes)
    if workers < 2:
        return [line for seed in seeds for line in check(seed)]
    with ProcessPoolExecutor(workers) as pool:
        return [line for found in pool.map(check, seeds, chunksize=50) for line in found]


def main() -> int:
    """The command; 1 if something leaked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    wrong = study(options.scenes, options.workers)
    for line in wrong[:20]:
        print(line)
    seconds = time.perf_counter() - started
    verdict = "pass" if not wrong else "MISS"
    told = f"{options.scenes:,} random scenes, {len(wrong)} leaks: {verdict}"
    print(f"{told} [{seconds:.0f} s]")
    if options.write:
        how = (
            f"`python -m benchmarks.validity.leaks --scenes {options.scenes} --write`: every "
            "message has a token of its own, and no prompt holds one that its actor did not hear, "
            "nor lacks one that it did; any graph, layout, audience, entrance, intervention, probe."
        )
        write_section("benchmarks.validity.leaks", "Who hears what", [how, told + "."])
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
