"""``elsinore serve``: the exact stage behind the OpenAI protocol.

Any client of the protocol (OpenAI's own, LangChain, another framework) can talk to it, as to a
language model on a server; what it says is what the stage says in process, for the same seed.
``docs/serve.md`` is the reference.

``server`` listens, ``connections`` do not wait for their clients without end, ``app`` routes
requests and checks who sends them, and ``workers`` are the processes in which they are answered:
each is a ``worker``. There ``requests`` reads bodies, ``prompt_sizes`` and ``answer_sizes`` bound
them, ``prompts`` makes a prompt of what was sent, ``models`` opens stages, ``generation`` asks
them, ``tokens`` gives the probabilities of words, ``responses`` writes answers and ``errors``
refusals. ``bounds`` has what clients may hold. Starlette and uvicorn load with ``app``,
``connections`` and ``server`` alone.
"""
