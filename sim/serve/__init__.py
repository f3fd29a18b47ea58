"""``elsinore serve``: the exact stage behind the OpenAI protocol.

Any client of the protocol (OpenAI's own, LangChain, another framework) can talk to it, as to a
language model on a server; what it says is what the stage says in process, for the same seed.
``docs/serve.md`` is the reference.

``app`` routes requests and checks who sends them; ``requests`` reads bodies, ``answer_sizes``
bounds typed answers, ``prompts`` makes a prompt of what was sent, ``models`` opens stages,
``generation`` asks them, ``tokens`` gives the probabilities of words, ``responses`` writes answers,
``errors`` refusals, and ``server`` listens. Starlette and uvicorn load with ``app`` and ``server``
alone.
"""
