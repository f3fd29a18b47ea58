"""How real models are asked: the options of ``run`` and ``check``, made into stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.calls.retry import Retry
from sim.calls.throttle import Limits, Throttle
from sim.errors import BadRequest
from sim.stage.base import Stage
from sim.stage.open import is_real, open_stage
from sim.stage.providers.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Asking:
    """Options for models that are not embedded. None: the provider's own default.

    ``limits`` are those of the accounts, by provider: whatever is asked like this shares them.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    send_seed: bool = True
    base_url: str | None = None
    extra_body: str | None = None
    timeout: float | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    provider_concurrency: int | None = None
    attempts: int = 6
    limits: dict[str, Limits] = field(default_factory=dict, compare=False, repr=False)

    def sampling(self) -> Sampling:
        """The ``Sampling``. Raises ``BadRequest`` for an extra body that is no JSON object."""
        given: dict[str, Any] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "base_url": self.base_url,
            "timeout": self.timeout,
        }
        fields = {name: value for name, value in given.items() if value is not None}
        if self.stop:
            fields["stop"] = self.stop
        if not self.send_seed:
            fields["seed"] = False
        if self.extra_body is not None:
            fields["extra_body"] = _object(self.extra_body)
        return Sampling.read(fields, "options")


def open_stages(
    models: Sequence[str], asking: Asking
) -> tuple[dict[str, Stage], list[tuple[str, str]]]:
    """The stages by identity, and the models with the identities of their stages.

    Real models get a throttle and a retry; models of one provider share its limits.
    """
    stages: dict[str, Stage] = {}
    named: list[tuple[str, str]] = []
    for model in dict.fromkeys(models):
        if is_real(model):
            stage = guarded(open_stage(model, asking.sampling()), model, asking)
        else:
            stage = open_stage(model)
        if stage.identity in stages:
            other = next(name for name, identity in named if identity == stage.identity)
            raise BadRequest(f"models {other} and {model} are one and the same; name one of them")
        stages[stage.identity] = stage
        named.append((model, stage.identity))
    if asking != Asking() and not any(is_real(model) for model in models):
        raise BadRequest(
            f"{', '.join(models)}: embedded stages take no sampling and no limits; "
            "leave those options out, or write embedded:base?kappa=0.8 for parameters"
        )
    return stages, named


def provider_of(model: str) -> str:
    """Whose limits hold for a model: the account's, however the model is reached.

    >>> provider_of("langchain:groq:llama"), provider_of("completions:davinci-002")
    ('groq', 'openai')
    """
    provider = model.removeprefix("langchain:").partition(":")[0].replace("-", "_")
    return "openai" if provider == "completions" else provider


def guarded(stage: Stage, model: str, asking: Asking) -> Stage:
    """A real model behind a retry and the throttle of its provider."""
    provider, limits = provider_of(model), asking.limits
    if provider not in limits:
        limits[provider] = Limits(
            asking.requests_per_minute, asking.tokens_per_minute, asking.provider_concurrency
        )
    return Retry(Throttle(stage, limits=limits[provider]), attempts=asking.attempts)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"--extra-body: is no JSON ({error}); write '{{\"top_k\": 40}}'") from None
    if not isinstance(found, dict):
        raise BadRequest("--extra-body: is no JSON object; write '{\"top_k\": 40}'")
    return found
