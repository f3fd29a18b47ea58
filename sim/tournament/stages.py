"""The stages of a tournament: its own, the entrants', the judges'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.calls.guard import ModelOptions
from sim.errors import BadRequest, ModelError
from sim.runs.stages import Cast
from sim.scene.actor import HUMAN
from sim.stage.base import Stage
from sim.stage.open import is_real, open_model
from sim.tournament.tournament import Tournament


def stages_named(tournament: Tournament) -> tuple[str, ...]:
    """The stages of a tournament by model string or name: its own, the entrants', the judges'."""
    judges = [judge.stage for judge in tournament.judges]
    return tuple(dict.fromkeys((tournament.stage, *tournament.model_strings, *judges)))


def open_stages(tournament: Tournament, options: ModelOptions) -> Cast:
    """Open the stages of a tournament, people left out.

    Raises ``BadRequest`` for options that no stage takes, and ``ModelError`` for an unknown model,
    which names the entrant or judge that has it.
    """
    cast = Cast()
    names = [name for name in stages_named(tournament) if name != HUMAN]
    plain = [name for name in names if name not in tournament.stages]
    for name in names:
        if name in tournament.stages:
            stage = _named(name, tournament.stages[name], options)
        elif is_real(name):
            stage = options.open(name)
        else:
            stage = _plain(name, tournament)
        cast.stages.setdefault(stage.identity, stage)
        cast.identities[name] = stage.identity
    if options != ModelOptions() and not any(is_real(name) for name in plain):
        raise BadRequest(
            "options for real models: all stages are embedded, or asked as [stages] says; "
            "leave those options out"
        )
    return cast


def _plain(name: str, tournament: Tournament) -> Stage:
    """A stage by its model string."""
    try:
        return open_model(name)
    except ModelError as error:
        entrants = [f"entrant {each.name!r}" for each in tournament.entrants if each.stage == name]
        judges = [f"judge {each.known_as!r}" for each in tournament.judges if each.stage == name]
        who = [*entrants, *judges, "the tournament"][0]
        known = ", ".join(tournament.stages)
        own = f", or one of its own [stages]: {known}" if known else ""
        raise ModelError(f"stage of {who}: {error}{own}") from None


def _named(name: str, table: Mapping[str, Any], options: ModelOptions) -> Stage:
    """A stage that the tournament gives a name: ``{"model": ..., "temperature": ...}``."""
    how = dict(table)
    model = how.pop("model", None)
    if not isinstance(model, str):
        raise BadRequest(f'stages.{name}: has no model; write model = "openai:..."')
    if not is_real(model):
        if how:
            raise BadRequest(
                f"stages.{name}: {model} takes no {next(iter(how))}; "
                "write embedded:base?kappa=0.8 for parameters"
            )
        return open_model(model)
    from sim.stage.providers.sampling import Sampling

    return options.open(model, Sampling.read(how, f"stages.{name}"))
