"""What instruments say of planted talks, each of them by itself: here, or on a cluster's workers.

Those of our own that read words alone need nothing but the talks, so a worker opens one by its name
and reads what it is sent, with the same scores as here. Instruments of others, those that read
embeddings, and those that a model reads for, stay where they were opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from analysis.calibration.instruments.base import Instrument, Scored
from analysis.calibration.instruments.ours import Own, own_named
from analysis.calibration.reliability import Twice, read_twice
from analysis.calibration.talks import Shown
from analysis.spreading import mapper_for

Reading = tuple[Sequence[Scored], Twice]
"""What an instrument says of all talks, and what its reliability is computed from."""


def read_all(
    instruments: Sequence[Instrument],
    shown: Sequence[Shown],
    told: Callable[[str], None] = lambda text: None,
) -> Iterator[Reading]:
    """What each instrument says of the talks that it is ``shown``, in their order.

    Within ``spread_over`` a mapper has those that travel read whole talks, and both halves of them;
    the others read here. ``told`` is told who reads. Raises what instruments raise.
    """
    trials = max((len(each.talks) for each in shown), default=0)
    mapper = mapper_for(trials)
    sent = [
        (each.name, part)
        for each, some in zip(instruments, shown, strict=True)
        if mapper is not None and travels(each)
        for part in (some, some.half(0), some.half(1))
    ]
    elsewhere = iter(() if mapper is None else mapper.map(read_by_name, sent))
    for instrument, some in zip(instruments, shown, strict=True):
        told(instrument.name)
        if mapper is not None and travels(instrument):
            whole, first, second = (next(elsewhere) for _ in range(3))
            yield whole, Twice(first, second, halves=True)
        else:
            scored = instrument.read(some)
            yield scored, read_twice(instrument, some, scored)


def travels(instrument: Instrument) -> bool:
    """Whether a worker can open the instrument by its name, and has the same scores to the last
    digit."""
    return isinstance(instrument, Own) and instrument.by_words


def read_by_name(task: tuple[str, Shown]) -> list[Scored]:
    """What one of our instruments says of some talks."""
    name, shown = task
    return own_named(name).read(shown)
