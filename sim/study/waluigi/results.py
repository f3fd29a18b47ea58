"""The file of results: what was asked, what was answered, and whose answers they are.

One file is one model. It has every log-probability, so that whoever gets it can estimate anew; the
estimates in it are for people, and are not read. Files can be compared if bank, wording, layout and
design are the same (``Results.design_key``). Its JSON schema is ``schema()``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite, isnan, nan
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis.stats.interval import Interval
from analysis.waluigi import Direction, Estimates, Outcome, estimates
from sim import __version__
from sim.errors import BadRequest
from sim.input_files import read_text
from sim.redaction import redact
from sim.scene.actor import LayoutName
from sim.stage.base import Stage, info_of
from sim.study.waluigi.asking import Scored
from sim.study.waluigi.bank import End, Kind
from sim.study.waluigi.design import CONTROLS, ENDS, WHOLE, Arm, Design, shown

FORMAT: Literal["elsinore waluigi"] = "elsinore waluigi"
VERSION: Literal[1] = 1

Nats = float | None


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelRecord(_Record):
    """The model: its identity with all settings that change its answers, and facts about it."""

    identity: str
    facts: dict[str, Any] = Field(default_factory=dict)


class BankRecord(_Record):
    """The bank of personas and lines, by name, version and hash."""

    name: str
    version: int
    sha256: str


class PairRecord(_Record):
    """A pair that was asked for."""

    name: str
    kind: Kind
    first: str
    second: str


class CellRecord(_Record):
    """A cell: log p of the held-out lines in nats (null: missing), and their tokens."""

    pair: str
    persona: End
    arm: Arm
    memory: str
    dose: int = Field(ge=0)
    repair: int = Field(ge=0)
    opposite: tuple[Nats, ...]
    own: tuple[Nats, ...]
    tokens: int = Field(ge=0, description="of all lines that were scored")


class Results(_Record):
    """Everything that one model was asked and answered."""

    format: Literal["elsinore waluigi"] = FORMAT
    version: Literal[1] = VERSION
    elsinore: str
    model: ModelRecord
    layout: LayoutName
    wording: str
    bank: BankRecord
    pairs: tuple[PairRecord, ...]
    earlier: int
    doses: tuple[int, ...]
    repairs: tuple[int, ...]
    memories: tuple[str, ...]
    cells: tuple[CellRecord, ...]
    estimates: dict[str, Any] = Field(
        default_factory=dict, description="for people; computed anew by whoever reads the file"
    )

    @property
    def design_key(self) -> str:
        """A short hash of everything but the model and its answers: comparable if the same."""
        told = self.model_dump(
            include={"layout", "wording", "bank", "pairs", "earlier", "doses", "repairs",
                     "memories"},
            mode="json",
        )  # fmt: skip
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    def outcomes(self) -> list[Outcome]:
        """The outcomes of all cells but ``nobody``, which is their zero."""
        kinds = {pair.name: pair.kind for pair in self.pairs}
        zeros = {cell.pair: _less(cell) for cell in self.cells if cell.arm == "nobody"}
        found = []
        for cell in self.cells:
            if cell.arm == "nobody":
                continue
            # Somebody of whom nothing is told was scored as if told to be the first.
            sign = 1 if cell.persona == "first" else -1
            values = tuple(
                value - sign * zero
                for value, zero in zip(_less(cell), zeros[cell.pair], strict=True)
            )
            found.append(
                Outcome(
                    cell.pair, kinds[cell.pair], cell.persona, cell.arm, cell.memory, cell.dose,
                    cell.repair, shown(cell.memory, cell.dose, cell.repair), values,
                )
            )  # fmt: skip
        return found

    def estimated(self) -> Estimates:
        """The estimates, from the answers."""
        return estimates(self.outcomes())


def _less(cell: CellRecord) -> tuple[float, ...]:
    """The opposite's less the own, line by line; NaN is missing."""
    return tuple(
        nan if one is None or other is None else one - other
        for one, other in zip(cell.opposite, cell.own, strict=True)
    )


def results_of(design: Design, stage: Stage, scored: Sequence[Scored]) -> Results:
    """The results of a design that was asked of a stage."""
    bank = design.bank
    facts = {k: v for k, v in info_of(stage).facts.items() if k in ("sha256", "server")}
    bare = Results(
        elsinore=__version__,
        model=ModelRecord(identity=redact(stage.identity), facts=facts),
        layout=design.layout,
        wording=design.wording.version,
        bank=BankRecord(name=bank.name, version=bank.version, sha256=bank.sha256),
        pairs=tuple(
            PairRecord(name=p.name, kind=p.kind, first=p.first.name, second=p.second.name)
            for p in design.pairs
        ),
        earlier=design.earlier,
        doses=tuple(design.doses),
        repairs=tuple(design.repairs),
        memories=tuple(design.memories),
        cells=tuple(_cell(each) for each in scored),
    )
    return bare.model_copy(update={"estimates": record_of(bare.estimated())})


def _cell(scored: Scored) -> CellRecord:
    cell = scored.cell
    answers = (*scored.opposite, *scored.own)
    return CellRecord(
        pair=cell.pair, persona=cell.persona, arm=cell.arm, memory=cell.memory, dose=cell.dose,
        repair=cell.repair,
        opposite=tuple(None if each is None else round(each.value, 6) for each in scored.opposite),
        own=tuple(None if each is None else round(each.value, 6) for each in scored.own),
        tokens=sum(each.tokens for each in answers if each is not None),
    )  # fmt: skip


def written(results: Results) -> str:
    """The file, one cell a line."""
    whole = results.model_dump(mode="json")
    cells = whole.pop("cells")
    head = json.dumps(whole, ensure_ascii=False, indent=1)
    lines = ",\n".join(f"  {json.dumps(cell, ensure_ascii=False)}" for cell in cells)
    return f'{head[:-2]},\n "cells": [\n{lines}\n ]\n}}\n'


def read_results(path: Path | str) -> Results:
    """A file of results. Raises ``BadRequest`` if it is none, or of another version."""
    text = read_text(path, "--read")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest(
            f"--read {path}: is no JSON; name a file that bench waluigi wrote"
        ) from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BadRequest(f"--read {path}: is no file of bench waluigi")
    if told.get("version") != VERSION:
        raise BadRequest(
            f"--read {path}: is of version {told.get('version')}, and this Elsinore reads "
            f"{VERSION}; install the Elsinore that wrote it"
        )
    try:
        results = Results.model_validate(told)
        _check(results)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadRequest(f"--read {path}: {where}: {first['msg']}") from None
    except ValueError as error:
        raise BadRequest(f"--read {path}: {error}") from None
    return results


def _check(results: Results) -> None:
    """What a schema cannot say: every cell of the design is there, once, and as many lines."""
    if results.doses[:1] != (0,) or results.repairs[:1] != (0,) or len(results.doses) < 2:
        raise ValueError("doses and repairs begin with 0, and there are two doses at least")
    wanted, controls = set(), set()
    for pair in results.pairs:
        wanted.add((pair.name, "first", "nobody", WHOLE, 0, 0))
        for end in ENDS:
            wanted |= {
                (pair.name, end, "lines", memory, dose, repair)
                for memory in results.memories
                for dose in results.doses
                for repair in results.repairs
            }
            if WHOLE in results.memories:
                controls |= {
                    (pair.name, end, arm, WHOLE, dose, 0)
                    for arm in CONTROLS
                    for dose in results.doses[1:]
                }
    seen = set()
    counts: dict[str, int] = {}
    for cell in results.cells:
        key = (cell.pair, cell.persona, cell.arm, cell.memory, cell.dose, cell.repair)
        if key in seen or key not in wanted | controls:
            raise ValueError(f"a cell of {cell.pair!r} is there twice, or is none of the design")
        seen.add(key)
        count = counts.setdefault(cell.pair, len(cell.own))
        if len(cell.opposite) != count or len(cell.own) != count or not count:
            raise ValueError(f"a cell of {cell.pair!r} has unequal numbers of lines")
    if not wanted <= seen:
        raise ValueError("cells of the design are not there")


def schema() -> dict[str, Any]:
    """The JSON schema of the file."""
    return Results.model_json_schema()


def record_of(found: Estimates) -> dict[str, Any]:
    """Estimates as JSON values; null where nothing is known, and what lies beyond in words."""
    return {
        "unit": "nats a line, less nobody's",
        "missing": found.missing,
        "numbers": [
            {
                "memory": each.memory,
                "number": _interval(each.number),
                "for_new_pairs": _interval(each.new_pairs),
                "p": _plain(each.p),
                "least_p": _plain(each.least),
                "asymmetries": dict(each.asymmetries),
                "unfit": list(each.unfit),
                "sentence": each.sentence,
            }
            for each in found.numbers
        ],
        "directions": [_direction(each) for each in found.directions],
        "personas": [_direction(each) for each in found.personas],
        "controls": [{"arm": c.arm, "slope": _interval(c.slope)} for c in found.controls],
        "phases": [
            {"memory": memory, "group": group, "repair": repair, "dose": dose,
             "opposite": _plain(value)}
            for (memory, group, repair, dose), value in found.phases.items()
        ],
    }  # fmt: skip


def _direction(found: Direction) -> dict[str, Any]:
    intervals: Mapping[str, Interval] = {
        "slope": found.slope, "turning_dose": found.turning, "hazard_at_rest": found.rest,
        "return_rate": found.back, "repair_dose": found.repair, "mending": found.mending,
        "hysteresis_area": found.area,
    }  # fmt: skip
    return {
        "memory": found.memory,
        "group": found.group,
        "personas": found.personas,
        "curve": [
            {"dose": dose, "outcome": _interval(each)}
            for dose, each in zip(found.doses, found.curve, strict=True)
        ],
        **{name: _interval(each) for name, each in intervals.items()},
    }


def _interval(found: Interval) -> list[float | str | None]:
    return [_plain(value) for value in (found.estimate, found.low, found.high)]


def _plain(value: float) -> float | str | None:
    """A number for JSON: null if it is unknown, "beyond" if it lies beyond all that was tried."""
    if isnan(value):
        return None
    return round(value, 6) if isfinite(value) else "beyond"
