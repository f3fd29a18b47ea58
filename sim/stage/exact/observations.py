"""The observed lines of a scene, parsed, and statistics that do not depend on the listener.

Lines form a tree (scenes with the same beginning share it). A node holds what follows from the
lines up to it, so that a line is parsed once for all listeners.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sim.stage.exact.acts import ACT_INDEX, GRID
from sim.stage.exact.claim_marks import Mark, bare, marked, marks_in
from sim.stage.exact.grammar import Parse, Used, parse
from sim.stage.exact.reader import HOSTILITY, read

REACH = 3
"""``repeat`` can repeat one of so many last lines of a speaker."""

_KEEP_USED = 12
"""``Used`` counts are kept at so many last nodes, and rebuilt for older ones if needed: keeping all
would cost memory quadratic in the length of a scene."""


class Heard:
    """The lines of a scene up to one of them: a node of the tree.

    ``text`` is the line without a typed answer before it and without marks. ``stances`` and
    ``recent`` are by speaker: the stance last expressed, the last lines. ``claims`` are the highest
    numbers of claims by speaker and letter. ``foreign`` counts lines outside the grammar.
    ``beliefs`` caches the filter's states by the facts of the speaker.
    """

    __slots__ = (
        "_used", "act", "beliefs", "claims", "depth", "foreign", "hostility", "parent", "parses",
        "point", "recent", "serial", "speaker", "stances", "text",
    )  # fmt: skip

    def __init__(self, parent: Heard | None, speaker: str, text: str, serial: int) -> None:
        self.parent = parent
        self.speaker = speaker
        self.text = line = bare(text)
        self.serial = serial
        self.beliefs: dict[Any, Any] = {}
        self.act: int | None = None
        self.point: str | None = None
        self.hostility = 0.0
        self.parses: tuple[Parse, ...] = ()
        self._used: Used | None = None
        if parent is None:
            self.depth = 0
            self.foreign = 0
            self.stances: dict[str, float] = {}
            self.recent: dict[str, tuple[str, ...]] = {}
            self.claims: dict[tuple[str, str], int] = {}
            self._used = Used()
            return
        self.depth = parent.depth + 1
        self.foreign = parent.foreign
        self.stances = parent.stances
        self.claims = parent.claims
        if line is not text and (marks := marks_in(text)):
            self.claims = dict(parent.claims)
            for letter, number in marks:
                key = (speaker, letter)
                self.claims[key] = max(number, self.claims.get(key, 0))
        self.parses = parses = parse(line)
        if parses:
            first = parses[0]
            self.act = ACT_INDEX[first.act]
            self.point = first.point
            self.hostility = HOSTILITY[first.act]
            if first.level is not None:
                self.stances = {**parent.stances, speaker: GRID[first.level]}
        else:
            self.foreign += 1
            self.hostility = read(line).hostility
        before = parent.recent.get(speaker, ())
        self.recent = {**parent.recent, speaker: (*before, line)[-REACH:]}

    def used(self) -> Used:
        """The counts of frames, sentences and lines up to here. Shared, so do not change them."""
        if self._used is None:
            assert self.parent is not None
            missing: list[Heard] = []
            node: Heard = self
            while node._used is None:
                missing.append(node)
                assert node.parent is not None
                node = node.parent
            used = node._used.copy()
            for later in reversed(missing):
                used.add(later.text, later.parses)
            self._used = used
            self._forget()
        return self._used

    def _forget(self) -> None:
        node = self.parent
        for _ in range(_KEEP_USED):
            if node is None:
                return
            node = node.parent
        # Usually one node at this distance has counts, since each computation drops the oldest.
        while node is not None and node.depth > 0 and node._used is not None:
            node._used = None
            node = node.parent

    def partner(self, own: str) -> str | None:
        """The last speaker other than ``own``; None if there is none."""
        node: Heard | None = self
        while node is not None and node.depth > 0:
            if node.speaker != own:
                return node.speaker
            node = node.parent
        return None

    def numbered(self, line: str, own: str, letters: Mapping[str, str]) -> str:
        """A line that ``own`` says next, with its marks if claims are numbered by ``letters``."""
        if not letters:
            return line
        parses = parse(line)
        letter, partner = letters.get(own), self.partner(own)
        next_own: Mark | None = None
        if letter is not None:
            next_own = (letter, self.claims.get((own, letter), 0) + 1)
        cited: Mark | None = None
        if partner is not None and partner in letters:
            last = self.claims.get((partner, letters[partner]), 0)
            cited = (letters[partner], last) if last else None
        return marked(line, parses[0].act if parses else "", next_own, cited)


class Lines:
    """The tree of lines with a bounded number of nodes; the least recently used are dropped."""

    def __init__(self, most: int = 50_000) -> None:
        self.root = Heard(None, "", "", 0)
        self._most = most
        self._serial = 0
        self._nodes: OrderedDict[tuple[int, str, str], Heard] = OrderedDict()

    def after(self, node: Heard, speaker: str, text: str) -> Heard:
        """The node of a line that follows ``node``."""
        key = (node.serial, speaker, text)
        nodes = self._nodes
        known = nodes.get(key)
        if known is not None:
            nodes.move_to_end(key)
            return known
        self._serial += 1
        nodes[key] = new = Heard(node, speaker, text, self._serial)
        if len(nodes) > self._most:
            nodes.popitem(last=False)
        return new
