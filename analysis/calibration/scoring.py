"""How good an instrument is, from what it said of planted talks and what was planted.

``areas`` say how well scores tell plants from shams, ``thresholds`` where alarms come from,
``alarms`` what they are worth, ``reliability`` whether it says the same again. Here they come
together.

*Sensitivity to planted swaps* is to an instructed, abrupt, whole change, and says little of a flip
that grows; no share that is found elsewhere is corrected by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np

from analysis.calibration.alarms import (
    alarmed,
    by_dose,
    delay_of,
    f1_of,
    false_alarm_rate,
    first_alarm,
    with_alarms,
)
from analysis.calibration.areas import Areas, share_of_areas
from analysis.calibration.instruments.base import Instrument, Scored
from analysis.calibration.reliability import Twice, reliability_of
from analysis.calibration.talks import (
    DOSES,
    GROWN,
    GROWN_AS,
    MAIN,
    SHAMS,
    Planted,
    matching,
)
from analysis.calibration.thresholds import TOO_FEW, alarms_of, threshold_of
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.stats.discrimination import area_under_curve, over_clusters, share_over_clusters

EXACTLY = "the stage's own probabilities"
"""By what it is known best whether a model followed."""


@dataclass(frozen=True)
class Grown:
    """How an instrument does on what the exact stage's characters became by themselves: no prompt
    changed. ``events`` of ``talks`` actors became what it looks for."""

    events: int
    talks: int
    area: Interval
    limit: Interval
    share_of_limit: Interval
    sensitivity: Interval
    false_alarms: Interval


@dataclass(frozen=True)
class Calibration:
    """What an instrument's numbers are worth on one model.

    ``plan`` says what was played. ``scenes`` is how many plants its alarms were tried on, ``shams``
    how many shams. All areas and shares are in [0, 1]; ``false_alarms`` are in 1,000 own turns;
    ``any_alarm`` is the share of shams with an alarm at any turn: of a threshold that was fitted,
    at most 0.1 is expected. ``delay`` is in own turns. NaN is missing: no exact stage, no
    threshold, nothing to find.
    ``doses`` is the sensitivity by how strong a swap was, ``others`` the share of other plants with
    an alarm. ``compliance`` is how many plants the model followed at all, as ``complied_by`` read.
    """

    instrument: str
    version: str
    detects: str
    model: str
    stage: str
    plan: Mapping[str, object]
    alarms_by: str
    threshold: float
    scenes: int
    shams: int
    turns: int
    missing: float
    area: Interval
    length_area: Interval
    limit: Interval
    share_of_limit: Interval
    f1: Interval
    delay: Interval
    sensitivity: Interval
    sham_alarms: Interval
    any_alarm: Interval
    false_alarms: Interval
    reliability: Interval
    reliability_by: str
    compliance: Interval = UNKNOWN
    complied_by: str = ""
    sensitivity_if_complied: Interval = UNKNOWN
    doses: Mapping[str, Interval] = field(default_factory=dict)
    others: Mapping[str, Interval] = field(default_factory=dict)
    grown: Grown | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by."""
        return self.instrument, self.version, self.stage


@dataclass(frozen=True)
class Trialled:
    """What was played on one model, and what is known of it besides the talks themselves.

    ``lengths`` are the words of each own turn by talk; ``limits`` the exact stage's P(planted by
    this turn), by plant, for its talks and their shams; ``grown_limits`` the same by kind, of what
    grew; ``complied`` says by trial whether the model followed the plant.
    """

    model: str
    stage: str
    plan: Mapping[str, object]
    planted: Sequence[Planted]
    lengths: Sequence[Scored]
    limits: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    grown_limits: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    complied: Mapping[str, bool] = field(default_factory=dict)
    complied_by: str = ""

    def only(self, places: Sequence[int]) -> Trialled:
        """The same of some of the talks."""
        planted = [self.planted[place] for place in places]
        return replace(self, planted=planted, lengths=[self.lengths[place] for place in places])


def calibrated(
    instrument: Instrument, tried: Trialled, scored: Sequence[Scored], twice: Twice
) -> Calibration:
    """How good an instrument is. ``scored`` is what it said, in the order of ``tried.planted``;
    ``twice`` is what its reliability is computed from."""
    planted = tried.planted
    kind = instrument.detects
    main = MAIN[kind]
    plants = matching(planted, [main])
    able = {planted[place].scene for place in plants}
    shams = [place for place in matching(planted, SHAMS) if planted[place].scene in able]
    alarms_by, threshold, kept = threshold_of(instrument, planted, scored, shams)
    found = {
        place: alarms_of(each, threshold) for place, each in enumerate(scored)
    } if alarms_by != TOO_FEW else {}  # fmt: skip
    judged = [place for place in plants if planted[place].scene in kept and place in found]
    blank = [place for place in shams if planted[place].scene in kept and place in found]
    turns = int(sum((~np.isnan(scored[place].scores)).sum() for place in blank))
    every = [*plants, *shams]
    scores = [each.scores for each in scored]
    known = np.concatenate([scores[place] for place in every]) if every else np.array([])
    areas = Areas(planted, plants, shams)
    limits = tried.limits.get(main, {})
    limited = [limits.get(each.trial) for each in planted]
    by_limit = areas.of(limited) if limits else UNKNOWN
    complying = [place for place in judged if tried.complied.get(planted[place].trial)]
    return Calibration(
        instrument=instrument.name,
        version=instrument.version,
        detects=kind,
        model=tried.model,
        stage=tried.stage,
        plan=tried.plan,
        alarms_by=alarms_by,
        threshold=threshold,
        scenes=len(judged),
        shams=len(blank),
        turns=turns,
        missing=float(np.isnan(known).mean()) if len(known) else nan,
        area=areas.of(scores),
        length_area=areas.of([each.scores for each in tried.lengths]),
        limit=by_limit,
        share_of_limit=areas.share(scores, limited) if limits else UNKNOWN,
        f1=f1_of(planted, judged, blank, found),
        delay=delay_of(planted, judged, found),
        sensitivity=alarmed(planted, judged, found),
        sham_alarms=alarmed(planted, blank, found),
        any_alarm=share_over_clusters(
            [bool(found[place]) for place in blank], [planted[place].cluster for place in blank]
        ),
        false_alarms=false_alarm_rate(planted, blank, scored, found),
        reliability=reliability_of(planted, every, twice),
        reliability_by="odd and even turns" if twice.halves else "two askings",
        compliance=_complied(planted, plants, tried.complied),
        complied_by=tried.complied_by if tried.complied and main == "swap" else "",
        sensitivity_if_complied=alarmed(planted, complying, found),
        doses=by_dose(planted, kept, found) if kind == "flip" else {},
        others={
            plant: alarmed(planted, with_alarms(planted, [plant], kept, found), found)
            for plant in dict.fromkeys(each.plant for each in planted)
            if plant not in (main, GROWN, *SHAMS) and not (kind == "flip" and plant in DOSES)
        },
        grown=_grown(kind, tried, scored, found),
    )


def _complied(
    planted: Sequence[Planted], plants: Sequence[int], complied: Mapping[str, bool]
) -> Interval:
    known = [place for place in plants if planted[place].trial in complied]
    return share_over_clusters(
        [complied[planted[place].trial] for place in known],
        [planted[place].cluster for place in known],
    )


def _grown(
    kind: str, tried: Trialled, scored: Sequence[Scored], found: Mapping[int, tuple[int, ...]]
) -> Grown | None:
    planted = tried.planted
    some = [place for place in matching(planted, [GROWN]) if planted[place].characters]
    if kind not in GROWN_AS or not some:
        return None
    held = {place: planted[place].held(len(scored[place].scores), kind) for place in some}
    values = np.concatenate([scored[place].scores[: len(held[place])] for place in some])
    truth = np.concatenate([held[place] for place in some])
    clusters = [planted[place].cluster for place in some for _ in held[place]]
    limits = tried.grown_limits.get(kind, {})
    best = np.concatenate([limits[planted[place].trial] for place in some]) if limits else None

    def area(of: Floats) -> Interval:
        return over_clusters(
            lambda kept: area_under_curve(of[kept], truth[kept]), clusters, 0.0, 1.0
        )

    began = {place: int(each.argmax()) for place, each in held.items() if each.any()}
    judged = [place for place in began if place in found]
    calm = [place for place in some if place not in began and place in found]
    return Grown(
        events=len(began),
        talks=len(some),
        area=area(values),
        limit=UNKNOWN if best is None else area(best),
        share_of_limit=UNKNOWN if best is None else share_of_areas(values, best, truth, clusters),
        sensitivity=share_over_clusters(
            [first_alarm(found[place], began[place]) is not None for place in judged],
            [planted[place].cluster for place in judged],
        ),
        false_alarms=false_alarm_rate(planted, calm, scored, found),
    )
