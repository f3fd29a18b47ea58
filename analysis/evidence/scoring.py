"""What a stage says of texts, asked once each: the cache of evidence L and J.

An answer is known by the stage's identity and by everything it was asked with, so that it is asked
for once, whatever transcript it comes from. With a file, answers outlive the process: a line of
JSON each, added when it is there, so that a measurement that was killed goes on where it was. A
torn last line is asked for again.
"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import wait
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TextIO, TypeVar

from sim.errors import BadRequest, ElsinoreError, ModelError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Request, Stage, close_stage, info_of

SPEAKER = "reader"

T = TypeVar("T")


class Wanted(NamedTuple):
    """A text whose log-probability after a prompt is wanted."""

    prompt: str
    text: str


class Asked:
    """Asks a stage, and remembers its answers. ``close``, or the end of a ``with``, closes the
    stage.

    All calls are made in one event loop in a thread of its own, since the connections of a stage
    belong to a loop: so it may be asked within a running one, too (in a notebook).

    ``cache`` is a file that is made if it is not there, ``at_once`` how many are asked for at once;
    ``told`` is called with how many are done, and how many there are.
    """

    def __init__(
        self,
        stage: Stage,
        cache: Path | str | None = None,
        at_once: int = 4,
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self.stage = stage
        self.at_once = at_once
        self.told = told
        # A factory of its own: else the loop would become that of the thread which makes it.
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = runner.get_loop()
        self._thread = Thread(target=_serve, args=(runner,), name="asked", daemon=True)
        self._thread.start()
        # The stage is the caller's; the loop and the thread end with this object at the latest.
        self._end = weakref.finalize(self, _end, self._loop)
        self._path = None if cache is None else Path(cache)
        self._known: dict[str, Any] = {}
        if self._path is not None and self._path.exists():
            self._known = _read(self._path)

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stage. May be called twice; nothing can be asked any more."""
        if self._end.alive:
            asyncio.run_coroutine_threadsafe(close_stage(self.stage), self._loop).result()
            self._end()
            self._thread.join()

    def log_probs(self, wanted: Sequence[Wanted]) -> list[LogProb]:
        """The log-probability of each text, in nats, and its number of tokens.

        Raises ``ModelError`` if the stage gives none, ``StageError`` if it does not answer.

        >>> from sim.stage.fixed import FixedLines
        >>> try:
        ...     Asked(FixedLines(["Well?"])).log_probs([Wanted("Ann: ", "Well?")])
        ... except ModelError as error:
        ...     str(error).partition(": ")[2]
        'it gives no log-probabilities; use another model'
        """

        async def score(each: Wanted) -> list[float]:
            request = Request(Prompt.start("text", each.prompt), 0, SPEAKER, "score")
            found = await self.stage.log_prob(request, each.text)
            if found is None:
                why = info_of(self.stage).why_no_log_prob or "it gives no log-probabilities"
                raise ModelError(f"{self.stage.identity}: {why}; use another model")
            return [found.value, found.tokens]

        return [LogProb(value, tokens) for value, tokens in self._all(wanted, score)]

    def log_probs_after(self, wanted: Sequence[tuple[Request, str]]) -> list[LogProb | None]:
        """The log-probability of each text after the prompt of its request, whatever its layout.

        None where the stage gives none; that is not kept, and is asked again another time. Raises
        ``StageError`` if the stage does not answer.
        """

        async def score(each: tuple[Request, str]) -> list[float] | None:
            request, text = each
            found = await self.stage.log_prob(request, text)
            return None if found is None else [found.value, found.tokens]

        def tell(each: tuple[Request, str]) -> object:
            request, text = each
            return [*_told(request), request.speaker, text]

        answers = self._all(wanted, score, tell)
        return [None if each is None else LogProb(each[0], int(each[1])) for each in answers]

    def replies(self, wanted: Sequence[Request]) -> list[str]:
        """The text of the reply to each request. Raises ``StageError`` if there is none."""

        async def reply(request: Request) -> str:
            return (await self.stage.perform(request)).text

        return list(self._all(wanted, reply, _told))

    def _all(
        self,
        wanted: Sequence[T],
        ask: Callable[[T], Awaitable[Any]],
        tell: Callable[[T], object] = lambda each: each,
    ) -> list[Any]:
        """The answer to each."""
        keys = [self._key(tell(each)) for each in wanted]
        known = self._known
        new = {key: each for key, each in zip(keys, wanted, strict=True) if key not in known}
        if new:
            self._run(self._ask(new, ask))
        return [known[key] for key in keys]

    def _run(self, asking: Coroutine[Any, Any, None]) -> None:
        """Run it in the thread of the loop, and end it there if Ctrl-C comes here."""
        loop = self._loop
        running = asyncio.run_coroutine_threadsafe(asking, loop)
        try:
            running.result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
            wait([running])
            raise

    async def _ask(self, new: Mapping[str, T], ask: Callable[[T], Awaitable[Any]]) -> None:
        """Ask for all that is new, ``at_once`` at a time, each in its own stretch of the order.

        Neighbours often begin alike, and a server that keeps prompts computed has each beginning
        to compute once only if they are asked one after the other.
        """
        every = list(new.items())
        done = 0
        file = self._opened()

        async def work(stretch: Sequence[tuple[str, T]]) -> None:
            nonlocal done
            for key, each in stretch:
                answer = await ask(each)
                self._known[key] = answer
                if file is not None and answer is not None:
                    file.write(json.dumps([key, answer]) + "\n")
                    file.flush()
                done += 1
                if self.told is not None:
                    self.told(done, len(new))

        workers = min(self.at_once, len(every))
        edges = [len(every) * number // workers for number in range(workers + 1)]
        try:
            async with asyncio.TaskGroup() as group:
                for start, end in pairwise(edges):
                    group.create_task(work(every[start:end]))
        except* ElsinoreError as errors:
            raise errors.exceptions[0] from None
        finally:
            if file is not None:
                file.close()

    def _opened(self) -> TextIO | None:
        if self._path is None:
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise BadRequest(f"scores {self._path}: {error.strerror}; use another path") from None
        if file.tell() and not self._path.read_bytes().endswith(b"\n"):
            file.write("\n")  # After a torn line.
        return file

    def _key(self, told: object) -> str:
        whole = json.dumps([self.stage.identity, told])
        return sha256(whole.encode()).hexdigest()[:40]


def _serve(runner: asyncio.Runner) -> None:
    """Run the loop in this thread until it is stopped, then end what is left in it."""
    with runner:
        runner.get_loop().run_forever()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Stop the loop, from any thread and from within a collection of garbage, which comes anywhere:
    nothing here may wait for a lock."""
    loop.call_soon_threadsafe(loop.stop)


def _told(request: Request) -> list[object]:
    """What a reply depends on."""
    return [request.prompt.digest.hex(), request.seed, request.purpose, request.schema]


def _read(path: Path) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        try:
            key, answer = json.loads(line)
        except (ValueError, TypeError):
            continue
        known[str(key)] = answer
    return known
