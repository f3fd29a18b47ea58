"""What two stages differ in, as far as somebody declared it: one family, or just two models.

A base model against an instruct model of another house differs in family, size, data and tuning at
once; then all that can be said is that these two models differ. The word *tuning* is for stages
that declare one family and differ in their tuning alone, at the same sampling. The embedded stages
are of one family of their own; of other models the user says it, in a TOML file:

    ["openai:olmo-2-7b"]
    family = "olmo-2-7b"
    tuning = "base"

    ["openai:olmo-2-7b-sft"]
    family = "olmo-2-7b"
    tuning = "sft"
    step = 1000
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sim.errors import BadRequest
from sim.input_files import read_toml
from sim.text.suggestions import nearest

TUNINGS = ("base", "sft", "dpo", "rl", "helpful_only", "unknown")

_FIELDS = ("family", "tuning", "step")
EMBEDDED = "embedded"
_EMBEDDED = {"base": "base", "sft": "sft", "rlhf": "rl", "helpful_only": "helpful_only"}
"""The kinds of the embedded stage that differ in what stands for tuning there."""


class Lineage(NamedTuple):
    """What a stage is declared to be: its family, one of ``TUNINGS``, a checkpoint's step."""

    family: str
    tuning: str
    step: int | None = None

    @property
    def told(self) -> str:
        """The tuning in words."""
        return self.tuning if self.step is None else f"{self.tuning}, step {self.step:,}"


def read_lineage(path: Path) -> dict[str, Lineage]:
    """What a TOML file declares, by model string. Raises ``BadRequest`` for anything else."""
    found = {}
    for model, fields in read_toml(path, "lineage").items():
        where = f"{path}: [{model}]"
        if not isinstance(fields, Mapping):
            raise BadRequest(f'{where}: write a table, as in ["{model}"] and family = "..."')
        for name in fields:
            if name not in _FIELDS:
                raise BadRequest(f"{where}: there is no {name!r}{nearest(name, _FIELDS)}")
        family, tuning, step = (fields.get(name) for name in _FIELDS)
        if not isinstance(family, str) or not family:
            raise BadRequest(f'{where}: family is missing; name it, as in family = "olmo-2-7b"')
        if tuning not in TUNINGS:
            raise BadRequest(f"{where}: tuning: {tuning!r}; write one of {', '.join(TUNINGS)}")
        if step is not None and (not isinstance(step, int) or step < 0):
            raise BadRequest(f"{where}: step: {step!r}; a checkpoint's step is a whole number")
        found[model] = Lineage(family, tuning, step)
    return found


def lineage_of(model: str, declared: Mapping[str, Lineage]) -> Lineage | None:
    """What is declared of a model string; None if nothing is.

    >>> lineage_of("embedded:rlhf", {}), lineage_of("openai:gpt-5-mini", {})
    (Lineage(family='embedded', tuning='rl', step=None), None)
    """
    if model in declared:
        return declared[model]
    provider, _, name = model.partition(":")
    kind = name.partition("?")[0]
    if provider == "embedded" and kind in _EMBEDDED:
        return Lineage(EMBEDDED, _EMBEDDED[kind])
    return None


def differ_in(
    models: tuple[str, str], identities: tuple[str, str], declared: Mapping[str, Lineage]
) -> str:
    """What may be said of two models' difference, in a sentence.

    ``models`` are model strings, ``identities`` those of their stages, which tell the sampling.

    >>> differ_in(("embedded:base", "embedded:rlhf"), ("embedded:base", "embedded:rlhf"), {})
    'embedded:base and embedded:rlhf differ in what stands for tuning there (base; rl), a toy.'
    >>> differ_in(("openai:a", "openai:b"), ("openai:a", "openai:b"), {})
    'openai:a and openai:b are two models: family, size, data and tuning may all differ.'
    """
    both = " and ".join(models)
    one, two = (lineage_of(model, declared) for model in models)
    if one is None or two is None or one.family != two.family:
        return f"{both} are two models: family, size, data and tuning may all differ."
    if "unknown" in (one.tuning, two.tuning):
        return f"{both} are of one family, but how they were tuned is unknown."
    options = {identity.partition("?")[2] for identity in identities}
    if len(options) > 1:
        return f"{both} are of one family, but are sampled otherwise, too: not tuning alone."
    if (one.tuning, one.step) == (two.tuning, two.step):
        return f"{both} are declared to be the same: one family, tuned alike."
    if one.family == EMBEDDED:
        return f"{both} differ in what stands for tuning there ({one.told}; {two.told}), a toy."
    return f"{both} are of one family and differ in tuning alone ({one.told}; {two.told})."
