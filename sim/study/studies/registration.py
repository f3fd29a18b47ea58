"""Preregistration: what a study fixes before its first trial, kept in the manifest of each run.

The facts are those that a reader needs to see that nothing was chosen by its outcome: arms, topics,
seeds, the primary contrasts, a hash of all trials in their order, and hashes of the files of the
measures. A store that was begun otherwise shows in what it deviates.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.measures_by_name import named
from analysis.primary import numbers_in
from sim import __version__
from sim.errors import BadRequest
from sim.planning.canonical_form import canonical
from sim.planning.studies import Arm, Contrast
from sim.planning.trials import IMPORTED
from sim.redaction import redact_tree
from sim.store import Store, open_store
from sim.text.suggestions import nearest

if TYPE_CHECKING:
    from sim.study.studies.design import Design


_SUBJECT = "subject"
"""What measures of one actor among others (``conformity``) are told as: its name."""


def facts_of(design: Design) -> dict[str, Any]:
    """What is stored before the first trial."""
    study = design.study
    order = "".join(trial.id for trial in design.trials)
    seeds = sorted({each.seed for each in design.planned if each.trial.arm != IMPORTED})
    people = "".join(each.trial.id for each in design.planned if each.trial.arm == IMPORTED)
    facts: dict[str, Any] = {
        "study": study.name,
        "question": study.question,
        "models": dict(design.models),
        "stages": _stages(design),
        "arms": {name: _arm(arm) for name, arm in study.arms.items()},
        "topics": dict(study.topics),
        "seeds": {"first": seeds[0] if seeds else 0, "count": len(seeds)},
        "primary": [_contrast(each) for each in study.primary],
        "exploratory": [_contrast(each) for each in study.exploratory],
        "measures": {each.measure: _code(each.measure.partition(".")[0])
                     for each in study.contrasts},
        "version": __version__,
        "scenes": _scenes(design),
        "trials": blake2b(order.encode(), digest_size=16).hexdigest(),
    }  # fmt: skip
    if people:
        facts["transcripts"] = blake2b(people.encode(), digest_size=16).hexdigest()
    plain: dict[str, Any] = redact_tree(facts)
    return plain


def check_contrasts(design: Design) -> None:
    """Refuse what cannot be measured before anything of it is played.

    Raises ``BadRequest`` for a contrast of a measure or of a quantity that there is not, of a
    measure that has to be told more, or of an actor who does not play in one of its arms.
    """
    for contrast in design.study.contrasts:
        for quantity in contrast.columns.values():
            numbers_in(quantity, contrast.actor, contrast.settings)
        named = (contrast.actor, contrast.settings.get(_SUBJECT))
        for actor in (each for each in named if each is not None):
            _check_actor(actor, contrast, design)


def _check_actor(actor: Any, contrast: Contrast, design: Design) -> None:
    """Refuse an actor who does not play in one of the arms of a contrast."""
    for each in design.planned:
        # People are called as they are in their file.
        if not contrast.weights.get(each.arm) or each.trial.arm == IMPORTED:
            continue
        names = each.trial.scene.names
        if actor not in names:
            raise BadRequest(
                f"study {design.study.name}, {contrast.name}: there is no actor {actor!r} in the "
                f"arm {each.arm}{nearest(str(actor), names)}"
            )


def digest(facts: Mapping[str, Any]) -> str:
    """The hash by which a preregistration is cited: 16 hexadecimal letters."""
    text = repr(_sorted(facts))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def registered(store: Store, study: str) -> dict[str, Any] | None:
    """The facts with which a study was begun in a store; None if it was not."""
    for run in store.runs():
        facts = (run.manifest.get("options") or {}).get("study")
        if isinstance(facts, dict) and facts.get("study") == study:
            return facts
    return None


def first_facts(path: Path, study: str) -> dict[str, Any] | None:
    """The same of a file, which may not be there yet."""
    if not path.exists():
        return None
    with open_store(path) as store:
        return registered(store, study)


def _stages(design: Design) -> dict[str, str]:
    """The identities of the stages by role: what is fixed of a model, and not how it is run."""
    return {
        design.study.arms[each.arm].stage: each.trial.stage
        for each in design.planned
        if each.trial.focal is None and each.trial.arm != IMPORTED
    }


def _scenes(design: Design) -> str:
    """A hash of the scenes as they were authored: without the wording that a stage asks for."""
    authored = {
        (each.arm, each.topic): each.trial.scene.model_copy(update={"wording": None})
        for each in design.planned
        if each.trial.arm != IMPORTED
    }
    text = "".join(canonical(scene) for scene in authored.values())
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _arm(arm: Arm) -> dict[str, Any]:
    given = arm.model_dump(exclude_defaults=True, exclude={"scenario"})
    return {"scenario": arm.found().name, **given}


def _contrast(contrast: Contrast) -> dict[str, Any]:
    # What an audit needs to know of the measure decides nothing.
    given: dict[str, Any] = contrast.model_dump(mode="json", exclude={"negated"})
    # What the measure is told came later: without it, what was registered before is the same.
    return given if contrast.settings else {k: v for k, v in given.items() if k != "settings"}


@cache
def _code(measure: str) -> str:
    """A hash of the file of a measure."""
    source = inspect.getsourcefile(named(measure, f"--measure {measure}"))
    content = Path(source).read_bytes() if source is not None else b""
    return blake2b(content, digest_size=8).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [(key, _sorted(each)) for key, each in sorted(value.items())]
    return [_sorted(each) for each in value] if isinstance(value, list | tuple) else value
