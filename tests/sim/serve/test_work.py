"""The work of a request is bounded, and nobody else waits for it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

SHORT = {"model": "base", "prompt": "Ada:", "seed": 1}
# Read by a regular expression, in a time that grows as the cube of its length.
ENDLESS = 'Subject: x\nStance of a on "b"' + ', from -1 : on "b"' * 3500
HARD = {"model": "base", "prompt": ENDLESS}


def ask(port: int, body: dict[str, Any], path: str = "/v1/completions") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", path, json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def send(port: int, body: dict[str, Any]) -> socket.socket:
    """A request whose answer is not waited for."""
    raw = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(raw)}\r\n\r\n"
    connection.sendall(head.encode() + raw)
    return connection


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/health")
    status = connection.getresponse().status
    connection.close()
    return status == 200


def echo(prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": "base", "prompt": prompt, "echo": True, "logprobs": 0, "max_tokens": 0, **more}


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(child) for child in listed.split()]


def test_others_are_answered_while_one_is_worked_on(bounded: Any) -> None:
    port = bounded(long_seconds=2, short_seconds=0.1).port
    with ThreadPoolExecutor(4) as pool:
        hard = [pool.submit(ask, port, HARD) for _ in range(2)]
        time.sleep(0.2)
        waits = []
        while not hard[0].done():
            begun = time.monotonic()
            assert healthy(port)
            assert ask(port, SHORT)[0] == 200
            waits.append(time.monotonic() - begun)
        assert len(waits) > 2
        assert sorted(waits)[len(waits) // 2] < 1.5
        for one in hard:
            status, answer = one.result()
            assert (status, answer["error"]["code"]) == (400, "too_costly")
            assert answer["error"]["param"] == "prompt"
            assert answer["error"]["message"].startswith(
                "prompt: the answer takes more than 2 seconds of a processor."
            )


def test_work_ends_when_its_client_goes_away(bounded: Any) -> None:
    port = bounded(processes=1, long_at_once=1).port
    gone = send(port, {**HARD, "user": "x" * 70_000})
    time.sleep(0.3)
    status, answer = ask(port, echo("x" * 70_000))
    assert (status, answer["error"]["code"]) == (503, "overloaded")
    assert ask(port, SHORT)[0] == 200, "short requests have places of their own"
    gone.close()
    time.sleep(0.5)
    assert ask(port, echo("x" * 70_000))[0] == 200


def test_a_signal_ends_a_server_at_work(bounded: Any) -> None:
    server = bounded(drain_seconds=1)
    half = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    with (
        send(server.port, HARD) as working,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as sending,
    ):
        sending.sendall(half)
        time.sleep(0.3)
        begun = time.monotonic()
        code, printed = server.end(signal.SIGTERM)
        assert code == 0
        assert time.monotonic() - begun < 5
        assert "Traceback" not in printed
        for connection in (working, sending):
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b'"stopped"' in answer


def test_prompts_of_too_many_paragraphs_are_refused(served: Any) -> None:
    cues = "Ada:\n\n" * 433_000
    begun = time.monotonic()
    status, answer = ask(served.port, echo(cues))
    assert time.monotonic() - begun < 3
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    assert answer["error"]["message"] == (
        "prompt: 433,001 paragraphs (a blank line ends one); at most 10,000 are read. "
        "Send only the last turns of the scene."
    )
    message = {"role": "user", "content": "Ben: No."}
    chat = {"model": "base", "messages": [message] * 10_001}
    status, answer = ask(served.port, chat, "/v1/chat/completions")
    assert (status, answer["error"]["param"]) == (400, "messages")


def test_echoes_of_too_many_words_are_refused(served: Any) -> None:
    for body in (echo("a " * 2000, n=51), echo("a " * 2000, n=51, echo=False, prompt_logprobs=1)):
        status, answer = ask(served.port, body)
        assert (status, answer["error"]["param"]) == (400, "echo")
        assert "102,000 words would come back in 51 x 1 choices" in answer["error"]["message"]
    assert ask(served.port, {**echo("a " * 2000, n=51), "echo": False})[0] == 200


def test_newlines_are_read_in_linear_time(served: Any) -> None:
    # 10,000 blank lines took seconds, and as a square of their number.
    begun = time.monotonic()
    assert ask(served.port, echo("\n" * 19_990))[0] == 200
    assert time.monotonic() - begun < 0.8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_memory_is_bounded(bounded: Any) -> None:
    port = bounded(memory_bytes=400 << 20, short_seconds=5).port
    # Who spoke last is remembered for every line, so that many speakers take memory as a square.
    speakers = "".join(f"A{place}: W?\n\n" for place in range(9000))
    status, answer = ask(port, {"model": "base", "prompt": f"{speakers}Ada:"})
    assert (status, answer["error"]["code"]) == (400, "too_costly")
    assert "more than 400 MiB of memory" in answer["error"]["message"]
    assert ask(port, SHORT)[0] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the children of a process")
def test_workers_are_replaced_and_end_with_their_server(start: Any, tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit")
    server = start(cwd=tmp_path)
    before = ask(server.port, SHORT)[1]["choices"]
    (worker,) = children(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    assert ask(server.port, SHORT)[1]["choices"] == before
    (another,) = children(server.process.pid)
    assert another != worker
    server.process.kill()
    server.process.wait()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{another}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
