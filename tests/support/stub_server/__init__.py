"""A stub of the OpenAI protocol, as a process of its own on loopback.

``StubServer`` starts and steers it; ``python -m stub_server`` in ``tests/support`` is the process.
Its replies are functions of the request, its faults functions of a seed and the request, and it
keeps an exact count of what it was asked and what it charged.
"""

from stub_server.process import StubServer

__all__ = ["StubServer"]
