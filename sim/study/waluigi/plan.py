"""From what was asked for to a design: the bank, layout and wording of a model; and its files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from sim.errors import BadRequest
from sim.output_files import check_output
from sim.scene.actor import LayoutName
from sim.scene.prose import wording_for, wording_named
from sim.stage.base import Stage, innermost
from sim.stage.local.header import read_header
from sim.study.waluigi.bank import Bank, Split, read_bank
from sim.study.waluigi.design import Design, check_doses, window_of
from sim.study.waluigi.grammar_lines import grammar_bank

if TYPE_CHECKING:
    from sim.stage.local.stage import GgufStage

FOLDER = Path("runs")
_TAKEN = ("persona_first", "screenplay")


def design_for(
    stage: Stage,
    model: str,
    *,
    personas: int,
    split: str,
    memories: str,
    doses: str,
    repairs: str,
    named: tuple[str | None, str | None] = (None, None),
) -> Design:
    """The design for a model; ``named`` are the layout and the wording, if they were given.

    Raises ``BadRequest`` with the option that does not fit.
    """
    bank = bank_for(stage)
    if split not in get_args(Split):
        raise BadRequest(f"--split {split}: is reported or tuning")
    layout, wording = named
    if layout is not None and layout not in _TAKEN:
        raise BadRequest(
            f"--layout {layout}: here an actor has a prompt of its own, in which its lines are its "
            f"own; use {' or '.join(_TAKEN)}"
        )
    some = tuple(part.strip() for part in memories.split(","))
    for memory in some:
        window_of(memory)
    if len(set(some)) != len(some):
        raise BadRequest(f"--memory {memories}: names one twice")
    design = Design(
        bank=bank,
        pairs=bank.chosen(personas, cast(Split, split)),
        layout=cast(LayoutName, layout) if layout is not None else layout_for(stage, model),
        wording=wording_for([stage.identity]) if wording is None else wording_named(wording),
        doses=_numbers("--doses", doses),
        repairs=_numbers("--repairs", repairs),
        memories=some,
    )
    check_doses(design.doses, design.repairs, bank)
    return design


def bank_for(stage: Stage) -> Bank:
    """The bank that ships; for the embedded stage, which says no other lines, its grammar's."""
    if stage.identity.startswith("embedded:"):
        return grammar_bank()
    return read_bank()


def layout_for(stage: Stage, model: str) -> LayoutName:
    """``screenplay`` for base models, so far as it is known that they are; else a chat."""
    if model.startswith("gguf:"):
        local = cast("GgufStage", innermost(stage))
        chat = read_header(local.model.weights().path).is_chat
        return "persona_first" if chat else "screenplay"
    return "screenplay" if model.startswith("completions:") else "persona_first"


def default_file(stage: Stage) -> Path:
    """Where results go unless a place is named. Makes the folder, or raises ``BadRequest``."""
    try:
        FOLDER.mkdir(exist_ok=True)
    except OSError as error:
        raise BadRequest(
            f"{FOLDER}: cannot be made ({error.strerror}); name another place with --out"
        ) from None
    return FOLDER / name_of(stage.identity)


def name_of(identity: str) -> str:
    """The name of a file for a model, without its settings.

    >>> name_of("gguf:some model.gguf?sha256=aa")
    'waluigi-gguf-some-model.gguf.json'
    """
    name = re.sub(r"[^\w.]+", "-", identity.partition("?")[0]).strip("-")
    return f"waluigi-{name}.json"


def kept_answers(place: Path) -> Path:
    """The file of answers beside a file of results. Raises ``BadRequest`` if it cannot be."""
    return check_output(
        place.with_name(f"{place.name.removesuffix('.json')}.answers.jsonl"), "--out"
    )


def _numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadRequest(f"{option} {text}: is no list of whole numbers, as in 0,2,4") from None
