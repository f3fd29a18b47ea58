"""Preregistration: what a study fixes before its first trial, kept in the manifest of each run.

The facts are those that a reader needs to see that nothing was chosen by its outcome: arms, topics,
seeds, the primary contrasts, a hash of all trials in their order, and hashes of the files of the
measures. A store that was begun otherwise shows in what it deviates.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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

WORDS: Mapping[str, str] = {
    "question": "the question",
    "stages": "the models",
    "arms": "the arms",
    "topics": "the topics",
    "seeds": "the seeds",
    "primary": "the primary contrasts",
    "exploratory": "the exploratory contrasts",
    "measures": "the code of the measures",
    "scenes": "the scenes themselves",
    "trials": "how the scenes are worded",
    "transcripts": "what people said",
    "version": "the version of Elsinore",
}
"""What each fact is called where it deviates."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A fact that was another one when it was fixed."""

    what: str
    was: str
    now: str
    decides: bool
    """Whether it may change the answer: what is measured and compared, rather than how much."""

    def __str__(self) -> str:
        return f"{self.what}: {self.was} was fixed beforehand, and now it is {self.now}"


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
        if contrast.actor is None:
            continue
        for each in design.planned:
            # People are called as they are in their file.
            if not contrast.weights.get(each.arm) or each.trial.arm == IMPORTED:
                continue
            names = each.trial.scene.names
            if contrast.actor not in names:
                raise BadRequest(
                    f"study {design.study.name}, {contrast.name}: there is no actor "
                    f"{contrast.actor!r} in the arm {each.arm}{nearest(contrast.actor, names)}"
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


def deviations(first: Mapping[str, Any], now: Mapping[str, Any]) -> list[Deviation]:
    """In what a study differs from what was registered.

    Other seeds alone change the hash of the trials, too, and are told once.
    """
    return list(_deviations(first, now))


def _deviations(first: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Deviation]:
    other = ("seeds", "topics", "arms", "stages", "scenes")
    larger = any(first.get(name) != now.get(name) for name in other)
    for name, words in WORDS.items():
        if name not in first:
            continue  # It was registered by a version that did not fix this.
        if first[name] == now.get(name) or (name == "trials" and larger):
            continue
        decides = name in ("primary", "measures", "arms", "scenes", "trials", "transcripts")
        yield Deviation(words, _told(first.get(name)), _told(now.get(name)), decides)


def _told(value: object) -> str:
    if isinstance(value, Mapping) and set(value) == {"first", "count"}:
        return f"{value['count']} from {value['first']}"
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


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
