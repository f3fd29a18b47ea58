"""Opens models for use: behind a retry and the limits of their provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.calls.retry import Retry
from sim.calls.throttle import Limits, Throttle
from sim.errors import BadRequest, ModelError
from sim.stage.base import Stage
from sim.stage.open import is_real, open_model

if TYPE_CHECKING:
    from sim.stage.providers.sampling import Sampling

ATTEMPTS = 6
"""The most attempts of a call that fails with a transient error."""


def open_stage(
    model: str,
    sampling: Sampling | None = None,
    *,
    limits: Limits | None = None,
    attempts: int = ATTEMPTS,
    naked: bool = False,
) -> Stage:
    """The stage that a model string names, with a retry and a throttle around a language model.

    ========================================  =====================================================
    ``embedded:KIND?parameter=value&...``     the exact stage
    ``fixed:ONE|TWO``                         says its lines in turn, for tests
                                              (``?latency=SECONDS`` makes it slow)
    ``openai:NAME``                           a chat model of OpenAI's, or of a server of one's own
                                              with ``Sampling(base_url=...)``
    ``completions:NAME``                      a base model on a completions endpoint
    ``gguf:NAME``, ``gguf:FILE``              a model on this machine, run by llama.cpp
                                              (``?threads=2&context=4096&slots=4``)
    ``PROVIDER:NAME``                         a chat model through LangChain (``PROVIDERS``)
    ``langchain:PROVIDER:NAME``               the same for any provider, ``openai`` too
    ``SCHEME:NAME``                           a stage of another package (``sim.extensions``)
    ========================================  =====================================================

    ``sampling`` and ``limits`` are for language models. ``limits`` are those of an account
    (requests and tokens a minute, calls at once); stages that are given the same object share them.
    A call with a transient error (a 429, a 500, a broken connection) is made up to ``attempts``
    times. ``naked`` leaves out retry and throttle.

    Raises ``ModelError`` with the names that come closest, the package that has to be installed, or
    the environment variable of a key that is missing.

    >>> open_stage("fixed:Yes.|No.").identity.startswith("fixed:")
    True
    """
    stage = open_model(model, sampling)
    if not is_real(model):
        if limits is not None:
            raise ModelError(f"model {model!r} takes no limits: only language models have them")
        return stage
    return stage if naked else guarded(stage, limits or Limits(), attempts)


def guarded(stage: Stage, limits: Limits, attempts: int = ATTEMPTS) -> Stage:
    """A stage behind a retry and a throttle. Every attempt passes the throttle."""
    return Retry(Throttle(stage, limits=limits), attempts=attempts)


def provider_of(model: str) -> str:
    """The provider whose account limits hold for a model, by whatever route it is reached.

    >>> provider_of("langchain:groq:llama"), provider_of("completions:davinci-002")
    ('groq', 'openai')
    """
    provider = model.removeprefix("langchain:").partition(":")[0].replace("-", "_")
    return "openai" if provider == "completions" else provider


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How language models are called: the sampling, the limits of an account, the attempts.

    None stands for the provider's default. Models of one provider that are opened with the same
    options share its limits.
    """

    sampling: Sampling | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    attempts: int = ATTEMPTS
    _limits: dict[str, Limits] = field(default_factory=dict, compare=False, repr=False)

    def limits(self, model: str) -> Limits:
        """The limits of a model's provider, shared by all its models."""
        provider = provider_of(model)
        if provider not in self._limits:
            self._limits[provider] = Limits(
                self.requests_per_minute, self.tokens_per_minute, self.concurrency
            )
        return self._limits[provider]

    def open(self, model: str, sampling: Sampling | None = None) -> Stage:
        """The stage of a model string. ``sampling`` replaces the one in the options."""
        if not is_real(model):
            return open_model(model)
        chosen = self.sampling if sampling is None else sampling
        return open_stage(model, chosen, limits=self.limits(model), attempts=self.attempts)


@dataclass(frozen=True, slots=True)
class OpenedModels:
    """Stages by identity, and pairs of a model string and its stage's identity."""

    stages: dict[str, Stage]
    named: list[tuple[str, str]]


def open_models(models: Sequence[str], options: ModelOptions) -> OpenedModels:
    """Open several models, each once.

    Raises ``BadRequest`` if two of them are the same stage, or if options are given that none of
    them takes; else what ``open_stage`` raises.
    """
    opened = OpenedModels({}, [])
    for model in dict.fromkeys(models):
        stage = options.open(model)
        if stage.identity in opened.stages:
            other = next(name for name, identity in opened.named if identity == stage.identity)
            raise BadRequest(f"models {other} and {model} are the same stage; name one of them")
        opened.stages[stage.identity] = stage
        opened.named.append((model, stage.identity))
    if options != ModelOptions() and not any(is_real(model) for model in models):
        raise BadRequest(
            f"{', '.join(models)}: embedded stages take no sampling and no limits; "
            "leave those options out, or write embedded:base?kappa=0.8 for parameters"
        )
    return opened
