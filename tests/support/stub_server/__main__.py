"""``python -m stub_server --port 0 --set seed='"fresh"' --fault 429=0.1``: prints its port."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import threading
from typing import Any

from stub_server.behaviour import FAULTS, Behaviour
from stub_server.service import Service
from stub_server.wire import Connection


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=PROBABILITY")
    parser.add_argument("--fault-seed", type=int, default=0)
    parser.add_argument("--die-with-stdin", action="store_true")
    given = parser.parse_args()
    settings: dict[str, Any] = {"fault_seed": given.fault_seed}
    for pair in given.set:
        name, _, value = pair.partition("=")
        settings[name] = json.loads(value)
    faults = dict(pair.split("=") for pair in given.fault)
    if unknown := set(faults) - set(FAULTS):
        parser.error(f"no such fault: {unknown}; there are {', '.join(FAULTS)}")
    settings["faults"] = {name: float(value) for name, value in faults.items()}
    if given.die_with_stdin:
        threading.Thread(target=_die_with_stdin, daemon=True).start()
    asyncio.run(_serve(Service(Behaviour(**settings)), given.port))


def _die_with_stdin() -> None:
    """Leave when the parent is gone, however it went: a pipe ends with its last writer."""
    sys.stdin.buffer.read()
    os._exit(0)


async def _serve(service: Service, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(service.handle), "127.0.0.1", port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    main()
