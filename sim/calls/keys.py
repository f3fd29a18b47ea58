"""The keys of calls: of a call in its trial, and of its request, which trials can share."""

from __future__ import annotations

import json
from hashlib import blake2b

from sim.stage.base import Request

TRIAL_LETTERS = 12
"""A call's key begins with so many letters of the trial's id; the key of the request follows."""


def request_key(identity: str, request: Request) -> str:
    """The key of a request to a stage, the same in every trial: 20 hexadecimal letters.

    It is a hash of everything that may change the reply: the stage and the whole request, its seed
    included.
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
    """The key of a call: 12 hexadecimal letters of its trial and 20 of its request.

    The calls of one trial sort next to each other.

    >>> from sim.layouts.prompt import Prompt
    >>> request = Request(Prompt.start("system", "You are Ada."), 7, "Ada")
    >>> call_key("0123456789abcdef", "toy", request)[:12]
    '0123456789ab'
    """
    return trial[:TRIAL_LETTERS] + request_key(identity, request)


def first_call_key(trial: str, request: Request) -> str:
    """The key of a call in stores of version 1, where the trial's id was part of the hash.

    With it, a run that such a store holds incomplete is resumed without repeating its calls.
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
