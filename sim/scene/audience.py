"""Who hears a turn: the rules that an author can give, and ``heard_by``, which applies them.

A turn is public, for some (a whisper), or for nobody (an aside). Actors off stage do not hear it,
and eavesdroppers hear turns that are not for them. The audience is stored with the turn, and
prompts, tables and graphs all use ``heard_by`` to read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.events import Intervened, Turn
from sim.scene.base_model import AuthoredModel

_DIRECTION = re.compile(
    r"\(\s*(?:(?P<aside>aside)|(?:(?:whisper(?:s|ing)?|aside|speak(?:s|ing)?)\s+)?to\s+(?P<names>[^()]+))\s*\)",
    re.I,
)


def heard_by(name: str, event: Turn | Intervened) -> bool:
    """Whether an actor heard (or spoke) a turn, or was told of an intervention.

    >>> whisper = Turn(1, "Ada", "He lies.", audience=("Ben",), overheard=("Eve",))
    >>> [name for name in ("Ada", "Ben", "Cleo", "Eve") if heard_by(name, whisper)]
    ['Ada', 'Ben', 'Eve']
    """
    if not event.text or name in event.absent:
        return False
    audience = event.audience
    if audience is None or name in audience:
        return True
    return isinstance(event, Turn) and (name == event.speaker or name in event.overheard)


class Hearing(AuthoredModel):
    """The base class of hearing rules: whom a turn is for, and who overhears it."""

    def audience(self, speaker: str, text: str) -> tuple[str, ...] | None:
        """The names that a speaker's line is for, or None for everybody on stage."""
        raise NotImplementedError

    def overheard(self, speaker: str, audience: tuple[str, ...]) -> tuple[str, ...]:
        """Who overhears a turn that is not for everybody."""
        return ()

    def names(self) -> tuple[str, ...]:
        """The names of actors in the rule."""
        return ()

    @property
    def by_direction(self) -> bool:
        """Whether actors choose their audience by a stage direction, which they have to be told."""
        return False


class Whispers(Hearing):
    """Fixed audiences: each speaker in ``to`` speaks to these names alone. None of them: an aside.

    >>> Whispers(to={"Ada": ("Ben",), "Eve": ()}).audience("Ada", "He lies.")
    ('Ben',)
    """

    to: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _to_others(self) -> Whispers:
        for speaker, hearers in self.to.items():
            if speaker in hearers:
                raise SceneError(
                    f"Whispers.to: {speaker!r} whispers to itself; "
                    "name others, or nobody for an aside"
                )
        return self

    def audience(self, speaker: str, text: str) -> tuple[str, ...] | None:
        return self.to.get(speaker)

    def names(self) -> tuple[str, ...]:
        hearers = (name for some in self.to.values() for name in some)
        return tuple(dict.fromkeys([*self.to, *hearers]))


class Groups(Hearing):
    """Actors at tables: a speaker is heard by its groups, and by everybody if it is in none.

    >>> Groups(groups=(("Ada", "Ben"), ("Cleo", "Dan"))).audience("Ada", "He lies.")
    ('Ben',)
    """

    groups: tuple[tuple[str, ...], ...]

    def audience(self, speaker: str, text: str) -> tuple[str, ...] | None:
        own = [group for group in self.groups if speaker in group]
        if not own:
            return None
        return tuple(dict.fromkeys(name for group in own for name in group if name != speaker))

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for group in self.groups for name in group))


class Directed(Hearing):
    """Actors choose: a line that begins with ``(to Ben)`` or ``(aside)`` is not for everybody.

    Prompts tell them so (``Wording.whispers``). A direction without a name of the ``cast`` is
    ignored, and the line is public.

    >>> Directed(cast=("Ada", "Ben", "Cleo")).audience("Ada", "(to Ben and Cleo) He lies.")
    ('Ben', 'Cleo')
    >>> Directed(cast=("Ada", "Ben")).audience("Ada", "(aside) He lies.")
    ()
    """

    cast: tuple[str, ...]

    def audience(self, speaker: str, text: str) -> tuple[str, ...] | None:
        direction = _DIRECTION.match(text)
        if direction is None:
            return None
        if direction["aside"]:
            return ()
        wanted = direction["names"].casefold()
        meant = tuple(
            name
            for name in self.cast
            if name != speaker and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", wanted)
        )
        return meant or None

    def names(self) -> tuple[str, ...]:
        return self.cast

    @property
    def by_direction(self) -> bool:
        return True


class Overheard(Hearing):
    """A rule with eavesdroppers ``by``, who hear what is not for them (from the speakers ``of``).

    >>> rule = Overheard(rule=Whispers(to={"Ada": ("Ben",)}), by=("Eve",))
    >>> rule.audience("Ada", "He lies."), rule.overheard("Ada", ("Ben",))
    (('Ben',), ('Eve',))
    """

    rule: Hearing
    by: tuple[str, ...] = Field(min_length=1)
    of: tuple[str, ...] | None = None

    def audience(self, speaker: str, text: str) -> tuple[str, ...] | None:
        return self.rule.audience(speaker, text)

    def overheard(self, speaker: str, audience: tuple[str, ...]) -> tuple[str, ...]:
        before = self.rule.overheard(speaker, audience)
        if self.of is not None and speaker not in self.of:
            return before
        more = (name for name in self.by if name != speaker and name not in audience)
        return tuple(dict.fromkeys([*before, *more]))

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.rule.names(), *self.by, *(self.of or ())]))

    @property
    def by_direction(self) -> bool:
        return self.rule.by_direction


def whispers(to: Mapping[str, str | tuple[str, ...]]) -> Whispers:
    """Fixed audiences: ``whispers({"Ada": "Ben"})``. Speakers that are not named speak aloud."""
    return Whispers(
        to={
            speaker: (hearers,) if isinstance(hearers, str) else tuple(hearers)
            for speaker, hearers in to.items()
        }
    )


def groups(*some: tuple[str, ...]) -> Groups:
    """Tables: ``groups(("Ada", "Ben"), ("Cleo", "Dan"))``. Each hears only its own members."""
    return Groups(groups=some)


def directed(*cast: str) -> Directed:
    """Actors choose their audience by a stage direction: ``(to Ben)``, ``(aside)``."""
    return Directed(cast=cast)


def overheard(rule: Hearing, *by: str, of: tuple[str, ...] | None = None) -> Overheard:
    """The same rule with eavesdroppers: ``overheard(whispers(...), "Polonius")``."""
    return Overheard(rule=rule, by=by, of=of)
