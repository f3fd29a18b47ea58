"""What a call is known by: in its trial, and whoever makes it."""

from __future__ import annotations

import json
from hashlib import blake2b

from sim.stage.base import Request

TRIAL_LETTERS = 12
"""How many letters of its trial's id a key begins with; then comes the request, whoever asks."""


def request_key(identity: str, request: Request) -> str:
    """What a request is known by, whoever makes it: 20 hexadecimal letters.

    Everything that may change the reply is hashed: the stage and all of the request. Two trials
    with different seeds make different requests, since the seed is a part of each.
    """
    schema = request.schema
    what = (
        identity,
        request.prompt.digest,
        request.seed,
        request.purpose,
        request.speaker,
        request.stop,
        request.max_tokens,
        None if schema is None else json.dumps(schema, sort_keys=True),
    )
    # repr() quotes and escapes, so that no two different tuples give the same bytes.
    return blake2b(repr(what).encode("utf-8", "backslashreplace"), digest_size=10).hexdigest()


def call_key(trial: str, identity: str, request: Request) -> str:
    """What a call is known by: 32 hexadecimal letters, 12 of its trial and 20 of its request.

    Keys of one trial sort next to each other.

    >>> from sim.layouts.prompt import Prompt
    >>> request = Request(Prompt.start("system", "You are Ada."), 7, "Ada")
    >>> call_key("0123456789abcdef", "toy", request)[:12]
    '0123456789ab'
    """
    return trial[:TRIAL_LETTERS] + request_key(identity, request)


def first_call_key(trial: str, request: Request) -> str:
    """The key of a call in stores of version 1, where a request was known together with its trial.

    A run that such a store left in the middle goes on without asking again what is there.
    """
    schema = request.schema
    what = (
        trial,
        request.prompt.digest,
        request.seed,
        request.purpose,
        request.speaker,
        request.stop,
        request.max_tokens,
        None if schema is None else json.dumps(schema, sort_keys=True),
    )
    digest = blake2b(repr(what).encode("utf-8", "backslashreplace"), digest_size=10)
    return trial[:TRIAL_LETTERS] + digest.hexdigest()
