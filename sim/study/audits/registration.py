"""What an audit fixes beforehand, and how the study's verdict gets its sentence.

An audit is played into a store of its own beside the study's (``x.db`` and ``x-audit.db``): a
report on the study is none on its worlds. The facts stand in the manifest of each of its runs. When
it has been measured, one more run, which plays nothing, keeps the sentence with them. A study that
is carried out on ``x.db`` reads it there, as long as it is still the study that was audited.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sim import __version__
from sim.errors import BadRequest
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.store import open_store
from sim.study.audits.design import AuditDesign
from sim.study.studies.registration import digest, facts_of

OF = ("arms", "topics", "primary", "measures", "stages", "scenes")
"""What has to be the same for an audit to be of a study: not its size, nor what is exploratory."""

WORDS = {
    "of": "the study", "worlds": "the number of worlds", "factors": "the factors",
    "seeds": "the seeds", "moderators": "the moderators", "version": "the version of Elsinore",
    "trials": "the scenes themselves",
}  # fmt: skip


def audit_store(study: Path) -> Path:
    """Where the audit of the study of a store is kept.

    >>> audit_store(Path("runs/bland_agreement.db")).as_posix()
    'runs/bland_agreement-audit.db'
    """
    return study.with_name(f"{study.stem}-audit{study.suffix}")


def essence(facts: Mapping[str, Any]) -> str:
    """The hash of what an audit is of, from the facts of a study."""
    return digest({name: facts.get(name) for name in OF})


def facts_of_audit(design: AuditDesign) -> dict[str, Any]:
    """What is stored before the first trial of an audit."""
    written = facts_of(design.worlds[0])
    order = "".join(trial.id for trial in design.trials)
    return {
        "audit": design.study.name,
        "of": essence(written),
        "primary": written["primary"],
        "measures": written["measures"],
        "models": written["models"],
        "worlds": design.factorial.worlds,
        "factors": {each.name: each.other for each in design.chosen.invariances},
        "moderators": {name: other for name, (other, _) in design.moderators.items()},
        "left_out": dict(design.chosen.left_out),
        "seeds": {"first": written["seeds"]["first"], "count": design.seeds},
        "version": __version__,
        "trials": blake2b(order.encode(), digest_size=16).hexdigest(),
    }


def kept(path: Path, study: str) -> list[dict[str, Any]]:
    """The facts of the runs of the audits of a study in a store, from the first on."""
    if not path.exists():
        return []
    with open_store(path) as store:
        every = [(run.manifest.get("options") or {}).get("study") for run in store.runs()]
    return [each for each in every if isinstance(each, dict) and each.get("audit") == study]


def register(design: AuditDesign, path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The facts of an audit, and in what they differ from those with which the store was begun.

    Raises ``BadRequest`` if the store holds trials of the audit that none registered.
    """
    facts = facts_of_audit(design)
    known = kept(path, design.study.name)
    if not known:
        _refuse_seen(design, path)
        return facts, ()
    first = known[0]
    larger = first.get("worlds") != facts["worlds"] or first.get("seeds") != facts["seeds"]
    changed = [
        words
        for name, words in WORDS.items()
        if first.get(name) != facts.get(name) and not (name == "trials" and larger)
    ]
    return facts, tuple(f"{words} changed after the first trial" for words in changed)


def _refuse_seen(design: AuditDesign, path: Path) -> None:
    if not path.exists():
        return
    with open_store(path) as store:
        ids = [trial.id for trial in design.trials]
        seen = [each for each in store.trials(ids) if each.status != "planned" or each.turns]
    if seen:
        raise BadRequest(
            f"{path}: {len(seen)} of these trials were played before the audit was registered, "
            "and what was seen before is no test; use another --store, or another --seed"
        )


async def keep(facts: Mapping[str, Any], sentence: str, outcome: str, path: Path) -> None:
    """Keep the sentence of an audit in its store, unless it is there."""
    known = kept(path, str(facts["audit"]))
    said = {**facts, "outcome": outcome, "sentence": sentence}
    last = next((each for each in reversed(known) if "sentence" in each), None)
    if last is None or digest(last) != digest(said):
        await run_trials([], {}, path, RunOptions(study=said))


def sentence_for(facts: Mapping[str, Any], study_store: Path) -> str:
    """The sentence of the audit that stands beside the store of a study, blank if there is none;
    ``facts`` are those of the study as it is now."""
    told = [each for each in kept(audit_store(study_store), str(facts["study"]))
            if "sentence" in each]  # fmt: skip
    if not told:
        return ""
    last = told[-1]
    if last["of"] != essence(facts):
        return (
            "Not audited as it is now: the audit beside this store was of other arms, scenes, "
            "measures or models."
        )
    return str(last["sentence"])
