"""From stored answers to panels: which waves there are, who was asked, who heard whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.opinions.panel import Panel
from analysis.tables import Tables
from sim.errors import BadRequest
from sim.events import Turn
from sim.planning.trials import SURROGATES
from sim.scene.audience import heard_by
from sim.text.suggestions import nearest

STANCE = "stance:"


class Reading(NamedTuple):
    """The stances of an arm; ``note`` says what a reader has to know of them."""

    panel: Panel
    note: str


def issue_of(tables: Tables, issue: str | None = None) -> str | None:
    """The issue: the given one, or the only one that actors were asked about.

    None if nobody was asked about any. Raises ``BadRequest`` for one of which nobody was asked, and
    if there are several and none is given.
    """
    keys = tables.answers["key"]
    known = sorted({str(key).removeprefix(STANCE) for key in keys if str(key).startswith(STANCE)})
    if issue is None and len(known) > 1:
        raise BadRequest(f"opinions: name the issue; there are {', '.join(known)}")
    if issue is not None and issue not in known:
        raise BadRequest(f"opinions: nobody was asked about {issue!r}{nearest(issue, known)}")
    return issue or next(iter(known), None)


def stances(tables: Tables, issue: str) -> pd.DataFrame:
    """The answers to an issue: trial, turn, actor, value (the mean of samples).

    Probes are read; gauges only in trials that have no probes. Surrogates are left out.
    """
    live = tables.trials.loc[~tables.trials["arm"].isin(SURROGATES), "trial"]
    answers = tables.answers
    answers = answers[(answers["key"] == STANCE + issue) & answers["trial"].isin(live)]
    probed = set(answers.loc[~answers["gauge"], "trial"])
    answers = answers[~answers["gauge"] | ~answers["trial"].isin(probed)]
    answers = answers.assign(value=pd.to_numeric(answers["value"]).astype("float64"))
    means = answers.groupby(["trial", "turn", "actor"])["value"].mean()
    return means.reset_index()


def read(
    tables: Tables, answers: pd.DataFrame, trials: list[str], negated: Mapping[str, bool]
) -> Reading | None:
    """The panel of an arm's trials, from its ``stances``; None if nobody was asked twice.

    Waves are the turns t_0, t_0 + step, t_0 + 2 step ... at which all who are ever asked were
    asked, with the first two turns asked in most scenes as t_0 and t_0 + step; other turns (the
    last of a scene, say) are left out. A scene counts up to the first wave with a missing answer.
    Scenes with one wave are left out.
    """
    own = answers[answers["trial"].isin(trials)]
    cast = tables.cast[tables.cast["trial"].isin(trials)].sort_values(["seat", "trial"])
    asked = set(own["actor"])
    names = tuple(name for name in dict.fromkeys(map(str, cast["actor"])) if name in asked)
    wide = own.pivot(index=["trial", "turn"], columns="actor", values="value")
    turns: dict[str, list[int]] = {}
    for trial, turn in wide.index:
        turns.setdefault(str(trial), []).append(int(turn))
    begins = [tuple(sorted(asked_at)[:2]) for asked_at in turns.values() if len(asked_at) > 1]
    if not begins or len(names) < 2:
        return None
    first, second = max(sorted(set(begins)), key=begins.count)
    step = second - first
    last = max(max(asked_at) for asked_at in turns.values())
    grid = list(range(first, last + 1, step))
    order = sorted(turns)
    values = (
        wide.reindex(pd.MultiIndex.from_product([order, grid]))[list(names)]
        .to_numpy(dtype=np.float64)
        .reshape(len(order), len(grid), len(names))
    )
    sign = np.array([-1.0 if negated.get(trial) else 1.0 for trial in order])
    heard = _heard(tables, set(order), names)
    panel = Panel(names, tuple(order), values * sign[:, None, None], heard, sign, step)
    kept = panel.least(2)
    if not len(kept.scenes):
        return None
    notes = []
    if first != 0:
        notes.append("nobody was asked before the scene: the first answers stand for x_0")
    waves = wide[wide.index.get_level_values("turn").isin(grid)]
    broken = waves[waves.isna().any(axis=1)].index.get_level_values("trial").nunique()
    if broken:
        notes.append(f"{broken} scenes end at a missing answer")
    if len(kept.scenes) < len(trials):
        notes.append(f"{len(trials) - len(kept.scenes)} scenes left out: asked less than twice")
    return Reading(kept, "; ".join(notes))


def _heard(tables: Tables, trials: set[str], names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Who heard whom at least once, listeners by speakers; everybody where no turns are stored."""
    turns = tables.turns[tables.turns["trial"].isin(trials)]
    place = {name: number for number, name in enumerate(names)}
    heard = np.eye(len(names), dtype=bool)
    if turns.empty:
        return np.ones_like(heard)
    # Scenes of an arm have few kinds of audience: each is looked at once.
    seen: set[tuple[object, ...]] = set()
    columns = zip(
        turns["speaker"], turns["audience"], turns["overheard"], turns["absent"],
        turns["text"].astype(bool), strict=True,
    )  # fmt: skip
    for speaker, audience, overheard, absent, said in columns:
        kind = (speaker, audience, overheard, absent, said)
        if kind in seen or speaker not in place or not said:
            continue
        seen.add(kind)
        turn = Turn(
            1, speaker, "said", audience=audience, overheard=overheard or (), absent=absent or ()
        )
        for name, listener in place.items():
            heard[listener, place[speaker]] |= heard_by(name, turn)
    return heard
