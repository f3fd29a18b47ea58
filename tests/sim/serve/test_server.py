"""The server as a process: who may ask, how much, and how it ends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from openai import OpenAI

from sim.errors import BadRequest
from sim.serve.bounds import BOUNDS
from sim.serve.server import listening

BODY = {"model": "base", "messages": [{"role": "user", "content": "Ben: Well?"}], "seed": 1}


def ask(port: int, path: str = "/v1/models", **given: Any) -> tuple[int, Any]:
    """One request, as a program without manners would make it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        method = "POST" if "body" in given else "GET"
        connection.request(method, path, given.get("body"), given.get("headers", {}))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "sim.cli", "serve", *arguments],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def test_a_token_is_asked_for(start: Any) -> None:
    server = start(ELSINORE_SERVE_TOKEN="open-sesame")
    with OpenAI(base_url=server.url, api_key="open-sesame", max_retries=0) as client:
        assert len(list(client.models.list())) == 6
    for key in ("open-sesam", "open-sesame2", "ö"):
        status, answer = ask(server.port, headers={"Authorization": f"Bearer {key}"})
        assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
    assert ask(server.port)[0] == 401
    assert "open-sesame" not in "".join(map(str, server.end(signal.SIGTERM)))


def test_only_the_models_named_are_served(start: Any) -> None:
    server = start("--model", "embedded:rlhf?kappa=0.2", "--model", "base")
    with OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
        names = [model.id for model in client.models.list()]
        assert names == ["embedded:rlhf?kappa=0.2", "embedded:base"]
        assert client.models.retrieve("rlhf?kappa=0.2")
        with pytest.raises(openai.NotFoundError, match="not served here"):
            client.completions.create(model="sft", prompt="Ada:")


def test_other_machines_are_refused() -> None:
    done = command("--host", "0.0.0.0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("elsinore: --host 0.0.0.0: only this machine")
    assert done.stderr.count("\n") == 1
    for host in ("::", "192.168.1.1", "example.org", ""):
        with pytest.raises(BadRequest, match="only this machine"):
            listening(host, 0)


def test_a_page_in_a_browser_cannot_rebind_its_name_to_us(served: Any) -> None:
    status, answer = ask(served.port, headers={"Host": "evil.example:80"})
    assert (status, answer["error"]["code"]) == (403, "wrong_host")
    for host in ("localhost", "localhost:99", "[::1]:8765", "127.0.0.1"):
        assert ask(served.port, headers={"Host": host})[0] == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_a_page_of_another_site_is_refused_whatever_it_sends(served: Any, kind: str) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example:80"):
        status, answer = ask(served.port, headers={"Origin": origin, "Content-Type": kind})
        assert (status, answer["error"]["code"]) == (403, "wrong_origin")
    for origin in ("http://localhost:3000", "http://127.0.0.1", "https://[::1]:9"):
        assert ask(served.port, headers={"Origin": origin})[0] == 200


def test_a_port_in_use_is_one_clear_line(served: Any) -> None:
    done = command("--port", str(served.port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"elsinore: --port {served.port}: is in use by another program; choose another one, "
        "or 0 for any that is free\n"
    )


def test_answers_do_not_wait_for_acknowledgements() -> None:
    # asyncio turns Nagle's algorithm off only on sockets that say that they are TCP.
    with listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("options", [("--model", "gpt"), ("--token", ""), ("--port", "70000")])
def test_bad_options(options: tuple[str, str]) -> None:
    done = command("--port", "0", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/chat/completions", b"{", 400),
        ("/v1/chat/completions", b"[" * 100_000, 400),
        ("/v1/chat/completions", b"\xff\xfe", 400),
        ("/v1/chat/completions", b'{"model": "base", "messages": [{"role": "king"}]}', 400),
        ("/v1/chat/completions", b" " * (BOUNDS.body_bytes + 1), 413),
        ("/v1/nothing", b"{}", 404),
        ("/v1/models", b"{}", 405),
    ],
    ids=range(7),
)
def test_every_refusal_is_an_error_of_the_protocols(
    served: Any, path: str, body: bytes, status: int
) -> None:
    try:
        answer_status, answer = ask(served.port, path, body=body)
    except (BrokenPipeError, ConnectionResetError):
        # It does not read what it will not take.
        assert status == 413
        return
    assert answer_status == status
    assert set(answer["error"]) == {"message", "type", "param", "code"}


def test_a_body_without_a_length_is_bounded_too(served: Any) -> None:
    def endless() -> Any:
        for _ in range(BOUNDS.body_bytes // 65536 + 2):
            yield b" " * 65536

    try:
        status, answer = ask(served.port, "/v1/completions", body=endless())
    except (BrokenPipeError, ConnectionResetError):
        return
    assert (status, answer["error"]["code"]) == (413, "too_large")


def test_texts_of_all_kinds_come_through(served: Any) -> None:
    for text in (
        "Ada: 🍑 \x00\u202e",
        "",
        "\n\n",
        "Ben:",
        "[Off stage",
        "x" * 200_000,
        "\n\n" * 9000,
    ):
        for path, more in (("chat/completions", "messages"), ("completions", "prompt")):
            said = [{"role": "user", "content": text}] if more == "messages" else text
            body = json.dumps({"model": "base", more: said, "echo": True, "logprobs": 0, "n": 2})
            if more == "messages":
                body = json.dumps({"model": "base", more: said, "logprobs": True})
            status, answer = ask(served.port, f"/v1/{path}", body=body)
            assert status == 200, answer
            if more == "prompt":
                assert answer["choices"][0]["text"].startswith(text)


def test_many_at_once_get_each_their_own(served: Any) -> None:
    def one(seed: int) -> str:
        with OpenAI(base_url=served.url, api_key="none", max_retries=0) as client:
            completion = client.chat.completions.create(
                model="base", messages=[{"role": "user", "content": "Ben: Well?"}], seed=seed
            )
        return str(completion.choices[0].message.content)

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(one, [seed % 8 for seed in range(48)]))
    assert together == [one(seed) for seed in range(8)] * 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_what_is_under_way_finish(start: Any, number: int) -> None:
    server = start()
    body = json.dumps(BODY).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head + body[:10])
        time.sleep(0.3)  # so that the request has begun when the signal comes
        ended: list[tuple[int, str]] = []
        ending = threading.Thread(target=lambda: ended.append(server.end(number)))
        ending.start()
        time.sleep(0.3)
        connection.sendall(body[10:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        ending.join(20)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert ended[0][0] == 0
    assert "Traceback" not in ended[0][1]


def test_two_signals_end_it_at_once(start: Any) -> None:
    server = start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n")
        connection.sendall(b"Content-Length: 100\r\n\r\n")
        time.sleep(0.3)
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        begun = time.monotonic()
        server.end(signal.SIGINT)
        assert time.monotonic() - begun < 4
