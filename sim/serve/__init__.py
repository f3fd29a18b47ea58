"""``elsinore serve``: the exact stage behind the OpenAI protocol.

Any client of the protocol (OpenAI's own, LangChain, another framework) can talk to it, as to a
language model on a server; what it says is what the stage says in process, for the same seed.
``docs/serve.md`` is the reference.

``app`` routes and guards, ``bodies`` reads requests, ``models`` opens stages, ``prompts`` turns
what was sent into a prompt, ``performing`` asks the stage, ``words`` are its tokens, ``wire``
writes answers, ``schemas`` bounds typed ones, ``server`` listens. Starlette and uvicorn load with
``app`` and ``server`` alone.
"""
