"""The exact stage by ancestral sampling: the same program, told from its hidden side.

Every speaker keeps one hidden path, drawn forward; nothing is ever inferred. The laws are derived
here anew from ``docs/exact-stage.md``. What is shared with the stage is the parameter tables
(``tables``, ``parameters``), the words (``Grammar``, ``parse``, and the talking points it fills
frames with), and nothing else: not the laws, not the decoding, not the filter.

``posterior`` is a second, slow filter by brute force over whole hidden paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import comb, exp
from random import Random

from sim.seeds import Stream
from sim.stage.exact.acts import ACTS, GRID, STANCED
from sim.stage.exact.grammar import Grammar, Slots, Used, parse
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.tables import CHARACTERS, GENTLE_SHADOW, KINDS, MERIT, TRAITS, Kind

SELF, SHADOW, ASSISTANT, PARTNER, LOOP = CHARACTERS
Dist = dict[str, float]

HOSTILE = {"insult": 1.0, "reveal": 0.5, "rebut": 0.25}


@dataclass(frozen=True)
class Player:
    """A speaker, as its persona was authored. ``temperament`` are names in ``TRAITS``."""

    name: str
    stance: float
    temperament: tuple[str, ...] = ()
    insistent: bool = False
    points: tuple[str, ...] = ("the mill",)


@dataclass(frozen=True)
class Said:
    """A turn with everything hidden about it. ``switch`` is K(z' | z) as it was then."""

    speaker: str
    text: str
    character: str
    concealed: bool
    stance: float
    switch: Mapping[str, Dist] = field(repr=False)
    mean: float


@dataclass(frozen=True)
class Moment:
    """Everything that the next turn of a speaker depends on."""

    player: Player
    turn: int
    provocation: float
    stances: Mapping[str, float]
    partner: str | None
    own_lines: tuple[str, ...]
    partner_lines: tuple[str, ...]
    slots: Slots


@dataclass(frozen=True)
class Turned:
    """What a kind makes of a moment: acts by character (the open shadow's), kappa, switching."""

    acts: Mapping[str, Dist]
    kappa: float
    switch: Mapping[str, Dist]


def plain(text: str) -> str:
    """A line without the answer before it, and without the marks at its ends."""
    for answer in ("Yes. ", "No. ", "In part. ", "No answer. "):
        text = text.removeprefix(answer)
    text = re.sub(r"^(\[[A-Z]\d+\] )+", "", text)
    return re.sub(r"( \[[A-Z]\d+\])+$", "", text)


class World:
    """The laws of the document for one set of parameters. ``kind`` replaces the kind's tables;
    ``letters`` are those of each speaker's claims, where claims are numbered."""

    def __init__(
        self,
        parameters: Parameters,
        kind: Kind | None = None,
        letters: Mapping[str, str] | None = None,
    ) -> None:
        self.parameters = parameters
        self.letters = letters or {}
        self.kind = kind or KINDS[parameters.kind]
        self.grammar = Grammar(parameters.half)  # type: ignore[arg-type]
        self._known: dict[tuple[object, ...], Turned] = {}

    # --- What was heard ------------------------------------------------------------------------

    def moment(
        self,
        player: Player,
        company: Sequence[Player],
        lines: Sequence[tuple[str, str]],
        topic: str,
    ) -> Moment:
        provocation, turn = 0.0, 1
        stances: dict[str, float] = {}
        lines = [(name, plain(text)) for name, text in lines]
        for name, text in lines:
            parses = parse(text)
            if name == player.name:
                provocation, turn = 0.0, turn + 1
            else:
                provocation = max(provocation, HOSTILE.get(parses[0].act, 0.0))
            if parses[0].level is not None:
                stances[name] = -1 + parses[0].level / 4
        others = [name for name, _ in lines if name != player.name]
        partner = others[-1] if others else None
        heard = None
        if lines and lines[-1][0] != player.name:
            heard = parse(lines[-1][1])[0].point
        addressed = partner or next((p.name for p in company if p.name != player.name), "friend")
        return Moment(
            player,
            turn,
            provocation,
            stances,
            partner,
            tuple(text for name, text in lines if name == player.name)[-3:],
            tuple(text for name, text in lines if name == partner)[-3:],
            Slots(player.name, addressed, player.points, heard, topic),
        )

    def numbered(self, name: str, line: str, lines: Sequence[tuple[str, str]]) -> str:
        """A line with the marks that it has after these."""

        def marks(speaker: str) -> list[int]:
            mark = rf"\[{self.letters[speaker]}(\d+)\]"
            return [int(n) for who, text in lines if who == speaker for n in re.findall(mark, text)]

        act, others = parse(line)[0].act, [who for who, _ in lines if who != name]
        if name in self.letters and act in ("assert", "rebut"):
            line = f"[{self.letters[name]}{max(marks(name), default=0) + 1}] {line}"
        other = others[-1] if others else ""
        if other in self.letters and act in ("rebut", "concede", "agree") and marks(other):
            line += f" [{self.letters[other]}{max(marks(other))}]"
        return line

    # --- What follows --------------------------------------------------------------------------

    def turned(self, moment: Moment) -> Turned:
        """Acts, concealment and switching; a kind that follows another is a mixture of the two."""
        key = (
            moment.player.temperament,
            moment.player.insistent,
            moment.provocation,
            moment.partner is None,
            bool(moment.own_lines),
            self._opens(moment.turn),
        )
        if key not in self._known:
            mine = self._of(self.kind, moment)
            if self.kind.follows is not None:
                name, share = self.kind.follows
                theirs = self._of(KINDS[name], moment)
                mine = Turned(
                    {z: _mix(mine.acts[z], theirs.acts[z], share) for z in CHARACTERS},
                    (1 - share) * mine.kappa + share * theirs.kappa,
                    {z: _mix(mine.switch[z], theirs.switch[z], share) for z in CHARACTERS},
                )
            self._known[key] = mine
        return self._known[key]

    def _opens(self, turn: int) -> bool:
        window = self.parameters.window
        return turn == 1 or (self.parameters.mechanism == "M3" and turn % window == 1 % window)

    def _of(self, kind: Kind, moment: Moment) -> Turned:
        acts = {z: self._acts(kind, z, moment) for z in CHARACTERS}
        kappa = self.parameters.kappa
        switch = self._switch(kind, moment)
        if kind.reward is not None:
            factor = {a: round(exp(kind.reward[a] / self.parameters.tau), 6) for a in ACTS}
            norm = {z: sum(acts[z][a] * factor[a] for a in ACTS) for z in CHARACTERS}
            acts = {z: {a: acts[z][a] * factor[a] / norm[z] for a in ACTS} for z in CHARACTERS}
            whole = kappa * norm[SELF] + (1 - kappa) * norm[SHADOW]
            kappa = kappa * norm[SELF] / whole
            norm[SHADOW] = whole
            switch = {z: _normal({y: p * norm[y] for y, p in switch[z].items()}) for z in switch}
        return Turned(acts, kappa, switch)

    def _acts(self, kind: Kind, character: str, moment: Moment) -> Dist:
        traits = moment.player.temperament
        manner = kind.manners[CHARACTERS.index(character)]
        if character == SHADOW and "harsh" in traits:
            manner = GENTLE_SHADOW
        p = moment.provocation
        law = {
            a: (1 - p) * calm + p * hot
            for a, calm, hot in zip(ACTS, manner.calm, manner.heated, strict=True)
        }
        if character in (SELF, LOOP):
            for trait in traits:
                law = {a: q * TRAITS[trait].get(a, 1.0) for a, q in law.items()}
            skill = self.parameters.skill
            law = {a: q * round(exp(skill * MERIT[a]), 6) for a, q in law.items()}
            law = _normal(law)
        impossible = [] if moment.partner is not None else ["rebut", "concede", "agree"]
        to_repeat = {LOOP: moment.own_lines, PARTNER: moment.partner_lines}.get(character, ())
        if not to_repeat:
            impossible.append("repeat")
        for a in impossible:
            law["assert"] += law[a]
            law[a] = 0.0
        return law

    def _switch(self, kind: Kind, moment: Moment) -> Mapping[str, Dist]:
        q = self.parameters
        static = q.mechanism in ("M1", "M3")
        if self._opens(moment.turn):
            prior = dict(zip(CHARACTERS, kind.prior, strict=True))
            if static:
                prior = {z: (1 - q.pi) * p + q.pi * (z == SHADOW) for z, p in prior.items()}
            return dict.fromkeys(CHARACTERS, prior)
        h = q.hazard + q.provocation * moment.provocation + q.insistence * moment.player.insistent
        h = 0.0 if static else min(0.9, h)
        back = h if q.mechanism == "M0" else 0.0
        leave = dict(zip((ASSISTANT, PARTNER, LOOP), kind.leave, strict=True))
        returns = dict(zip((ASSISTANT, PARTNER, LOOP), kind.come_back, strict=True))
        stay = 1 - h - sum(leave.values())
        switch = {SELF: {SELF: stay, SHADOW: h, **leave}, SHADOW: {SELF: back, SHADOW: 1 - back}}
        switch |= {z: {SELF: r, z: 1 - r} for z, r in returns.items()}
        return {z: {y: switch[z].get(y, 0.0) for y in CHARACTERS} for z in CHARACTERS}

    def mean(self, character: str, moment: Moment) -> float:
        """m: where a character stands, on average."""
        q, player, stances = self.parameters, moment.player, moment.stances
        said = stances.get(player.name)
        centre = player.stance if said is None else said
        near = [
            y
            for name, y in stances.items()
            if name != player.name and abs(y - centre) <= q.confidence
        ]
        theirs = None if moment.partner is None else stances.get(moment.partner)
        own = {SHADOW: -player.stance, ASSISTANT: 0.0}.get(character, player.stance)
        if character == PARTNER and theirs is not None:
            own = theirs
        if near and said is not None:
            pulled = q.own_weight * said + (1 - q.own_weight) * sum(near) / len(near)
        elif near:
            pulled = sum(near) / len(near)
        else:
            pulled = own if said is None else said
        m = (1 - q.alpha - q.beta) * pulled + q.alpha * own + q.beta * q.bias
        return min(1.0, max(-1.0, m))

    def shown(self, act: str, stance: float, moment: Moment) -> str:
        """The act that comes out, when act and stance are brought into line."""
        y = None if moment.partner is None else moment.stances.get(moment.partner)
        if y is not None and act == "agree" and abs(stance - y) >= 1:
            return "concede"
        if y is not None and act == "rebut" and abs(stance - y) <= 0.25:
            return "assert"
        return act

    # --- Forward -------------------------------------------------------------------------------

    def play(
        self, cast: Sequence[Player], turns: int, random: Random, topic: str = "the mill"
    ) -> list[Said]:
        """A scene on a ring, the first of the cast first."""
        state: dict[str, str] = {}
        said: list[Said] = []
        lines: list[tuple[str, str]] = []
        used = Used()
        for index in range(turns):
            player = cast[index % len(cast)]
            moment = self.moment(player, cast, lines, topic)
            turned = self.turned(moment)
            # Before the first turn there is no state, and all rows are the prior.
            character = _draw(turned.switch[state.get(player.name, SELF)], random)
            state[player.name] = character
            concealed = character == SHADOW and random.random() < turned.kappa
            plays = SELF if concealed else character
            mean = self.mean(plays, moment)
            level = sum(random.random() < (1 + mean) / 2 for _ in range(8))
            stance = -1 + level / 4
            act = self.shown(_draw(turned.acts[plays], random), stance, moment)
            if act == "repeat":
                options = moment.own_lines if character == LOOP else moment.partner_lines
                text = random.choice(options)
            else:
                stream = Stream(random.getrandbits(64))
                stated = level if act in STANCED else None
                text = self.grammar.draw(stream, act, stated, moment.slots, used)
            used.add(text, parse(text))
            text = self.numbered(player.name, text, lines)
            said.append(Said(player.name, text, character, concealed, stance, turned.switch, mean))
            lines.append((player.name, text))
        return said

    # --- By brute force ------------------------------------------------------------------------

    def hearings(
        self, name: str, cast: Sequence[Player], lines: Sequence[tuple[str, str]], topic: str
    ) -> Iterator[tuple[Moment, Turned, str, Used]]:
        """The own turns of a speaker: what it knew, what follows, what it said, what was used."""
        player = next(p for p in cast if p.name == name)
        used = Used()
        for index, (speaker, text) in enumerate(lines):
            line = plain(text)
            if speaker == name:
                moment = self.moment(player, cast, lines[:index], topic)
                yield moment, self.turned(moment), line, used.copy()
            used.add(line, parse(line))

    def says(self, moment: Moment, turned: Turned, text: str, used: Used) -> Dist:
        """P(text | character), over every act and every level there is."""
        law: Dist = {}
        for z in CHARACTERS:
            mean = self.mean(z, moment)
            total = 0.0
            for level, stance in enumerate(GRID):
                px = comb(8, level) * ((1 + mean) / 2) ** level * ((1 - mean) / 2) ** (8 - level)
                for meant in ACTS:
                    pa = turned.acts[z][meant]
                    if not pa or not px:
                        continue
                    if meant == "repeat":
                        options = moment.own_lines if z == LOOP else moment.partner_lines
                        total += px * pa * options.count(text) / len(options)
                        continue
                    act = self.shown(meant, stance, moment)
                    stated = level if act in STANCED else None
                    words = self.grammar.probability(text, act, stated, moment.slots, used)
                    total += px * pa * words
            law[z] = total
        law[SHADOW] = turned.kappa * law[SELF] + (1 - turned.kappa) * law[SHADOW]
        return law

    def posterior(
        self, name: str, cast: Sequence[Player], lines: Sequence[tuple[str, str]], topic: str
    ) -> tuple[list[Dist], list[Dist], list[float]]:
        """By summing over all 5^K hidden paths: P(z_k | texts up to own turn k), the same given
        all texts, and P(text k | texts before)."""
        steps = list(self.hearings(name, cast, lines, topic))
        laws = [self.says(moment, turned, text, used) for moment, turned, text, used in steps]
        weights: list[dict[tuple[str, ...], float]] = []
        for count in range(1, len(steps) + 1):
            weight: dict[tuple[str, ...], float] = {}
            for path in product(CHARACTERS, repeat=count):
                p, before = 1.0, SELF
                for k, z in enumerate(path):
                    p *= steps[k][1].switch[before][z] * laws[k][z]
                    before = z
                weight[path] = p
            weights.append(weight)
        totals = [sum(weight.values()) for weight in weights]
        filtered = [
            {z: sum(p for path, p in w.items() if path[-1] == z) / total for z in CHARACTERS}
            for w, total in zip(weights, totals, strict=True)
        ]
        smoothed = [
            {
                z: sum(p for path, p in weights[-1].items() if path[k] == z) / totals[-1]
                for z in CHARACTERS
            }
            for k in range(len(steps))
        ]
        each = [b / a for a, b in zip([1.0, *totals[:-1]], totals, strict=True)]
        return filtered, smoothed, each


def _normal(law: Dist) -> Dist:
    total = sum(law.values())
    return {key: p / total for key, p in law.items()}


def _mix(mine: Dist, theirs: Dist, share: float) -> Dist:
    return {key: (1 - share) * mine[key] + share * theirs[key] for key in mine}


def _draw(law: Dist, random: Random) -> str:
    return random.choices(list(law), list(law.values()))[0]
