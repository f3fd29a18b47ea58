"""The bank: pairs of persona and opposite, and the lines that each of the two would say.

Both ends of a pair are *poles*, and each is the opposite of the other. A pole's line k answers the
partner's line k, so that any of its lines can be replaced by the other pole's. Its held-out lines,
of which no prompt holds any, all answer the partner's last line.
"""

from __future__ import annotations

import json
import tomllib
from hashlib import sha256
from importlib.resources import files
from typing import Literal

from pydantic import Field, model_validator

from sim.errors import BadRequest, SceneError
from sim.scene.base_model import AuthoredModel
from sim.scene.persona import Persona

Kind = Literal["moral", "neutral"]
Split = Literal["tuning", "reported"]
End = Literal["first", "second"]

FILE = "bank.toml"


class Pole(AuthoredModel):
    """One end of a pair: who it is, what it says in a scene, and lines that are held out.

    ``brief`` goes on after the role that all poles share. ``stances`` are for the embedded stage,
    which knows a persona by little else.
    """

    name: str
    brief: str
    lines: tuple[str, ...]
    held_out: tuple[str, ...]
    stances: dict[str, float] = Field(default_factory=dict)


class Pair(AuthoredModel):
    """A persona and its opposite.

    ``kind`` says whether one of them is the good one, which is then ``first``. ``split`` says
    whether the pair may be reported on, or is for looking at prompts and choosing settings.
    """

    name: str
    kind: Kind
    split: Split = "reported"
    first: Pole
    second: Pole

    def pole(self, end: End) -> Pole:
        """One of the two."""
        return self.first if end == "first" else self.second

    def opposite(self, end: End) -> Pole:
        """The other one."""
        return self.second if end == "first" else self.first

    @model_validator(mode="after")
    def _matched(self) -> Pair:
        for what in ("lines", "held_out"):
            counts = [len(getattr(pole, what)) for pole in (self.first, self.second)]
            if counts[0] != counts[1] or not counts[0]:
                raise SceneError(
                    f"Pair {self.name!r}: its poles have {counts[0]} and {counts[1]} {what}; give "
                    "both equally many"
                )
        if self.kind == "neutral" and self.first.name > self.second.name:
            raise SceneError(
                f"Pair {self.name!r}: the poles of a neutral pair stand in the order of the "
                "alphabet, so that which is first says nothing; swap them"
            )
        return self


class Setting(AuthoredModel):
    """The scene that all pairs share: its people, and the partner's lines, which never change.

    ``points`` are what the actor brings up, whoever it is; the embedded stage needs them.
    """

    topic: str
    setting: str = ""
    actor: str
    role: str = ""
    points: tuple[str, ...] = ()
    partner: str
    partner_brief: str = ""
    partner_lines: tuple[str, ...]
    last: str


class Bank(AuthoredModel):
    """Pairs, and the scene in which they speak. Raises ``SceneError`` if lines are missing.

    >>> bank = read_bank()
    >>> [pair.name for pair in bank.chosen(2)]
    ['kind-cruel', 'terse-wordy']
    """

    name: str
    version: int
    scene: Setting
    pairs: tuple[Pair, ...]

    @model_validator(mode="after")
    def _whole(self) -> Bank:
        names = [pair.name for pair in self.pairs]
        if len(set(names)) != len(names):
            raise SceneError("Bank.pairs: two have the same name; rename one")
        for pair in self.pairs:
            lines, wanted = len(pair.first.lines), len(self.scene.partner_lines)
            if lines != wanted:
                raise SceneError(
                    f"Bank.pairs: {pair.name} answers {lines} lines, and the partner has {wanted}"
                )
        return self

    @property
    def sha256(self) -> str:
        """A hash of everything in it: results are comparable if theirs are the same."""
        whole = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return sha256(whole.encode()).hexdigest()

    def pair(self, name: str) -> Pair:
        """A pair by its name."""
        return next(pair for pair in self.pairs if pair.name == name)

    def chosen(self, count: int, split: Split = "reported") -> tuple[Pair, ...]:
        """So many pairs of a split, half moral and half neutral, in the order of the bank.

        Raises ``BadRequest`` if the count is odd or there are not so many.
        """
        some = [pair for pair in self.pairs if pair.split == split]
        moral = [pair for pair in some if pair.kind == "moral"]
        neutral = [pair for pair in some if pair.kind == "neutral"]
        most = 2 * min(len(moral), len(neutral))
        if count % 2 or not 2 <= count <= most:
            raise BadRequest(
                f"--personas {count}: half of the pairs are moral and half neutral; choose an even "
                f"number from 2 to {most}"
            )
        each = count // 2
        kept = {pair.name for pair in (*moral[:each], *neutral[:each])}
        return tuple(pair for pair in some if pair.name in kept)

    def persona(self, pair: Pair, end: End) -> Persona:
        """The actor's persona at one end of a pair."""
        pole = pair.pole(end)
        brief = ", ".join(filter(None, (self.scene.role, pole.brief)))
        return self._actor(brief, pole.stances)

    @property
    def nobody(self) -> Persona:
        """The actor of whom nothing is told but its role."""
        return self._actor(self.scene.role, {})

    def _actor(self, brief: str, stances: dict[str, float]) -> Persona:
        scene = self.scene
        return Persona(name=scene.actor, brief=brief, stances=stances, points=scene.points)

    @property
    def partner(self) -> Persona:
        """Whoever speaks with the actor."""
        return Persona(name=self.scene.partner, brief=self.scene.partner_brief)


def read_bank() -> Bank:
    """The bank that ships, for language models."""
    table = tomllib.loads(files(__package__).joinpath(FILE).read_text("utf-8"))
    pairs = table.pop("pair")
    return Bank(
        name=table["name"],
        version=table["version"],
        scene=Setting(**table["scene"]),
        pairs=tuple(
            Pair(**{**pair, "first": Pole(**pair["first"]), "second": Pole(**pair["second"])})
            for pair in pairs
        ),
    )
