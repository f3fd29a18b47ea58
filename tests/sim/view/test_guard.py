"""Who reaches the viewer: this machine, with the token, from a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1:8642"
TOKEN = "a-token-of-the-tests"
PLACES = ("/", "/rows", "/live", "/notes", "/notes.csv", "/static/view.js", "/nowhere")

Client = Callable[..., TestClient]


@pytest.mark.parametrize("place", PLACES)
def test_without_the_token_nothing_is_shown(client: Client, place: str) -> None:
    answer = client(token=False).get(place)
    assert answer.status_code == 401
    assert "Ada" not in answer.text


def test_a_wrong_token_is_refused(client: Client) -> None:
    assert client(token=False).get("/?token=guessed").status_code == 401
    stranger = client(token=False)
    stranger.cookies.set("elsinore-8642", "guessed")
    assert stranger.get("/").status_code == 401


def test_the_token_goes_from_the_address_into_a_cookie(client: Client) -> None:
    visitor = client(token=False)
    entered = visitor.get(f"/trial/abc?at=3&token={TOKEN}")
    assert entered.status_code == 303
    assert entered.headers["location"] == "/trial/abc?at=3"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert visitor.get("/").status_code == 200


def test_the_token_leads_to_no_other_server(client: Client) -> None:
    entered = client(token=False).get(f"{ORIGIN}//evil.example/?token={TOKEN}")
    assert entered.headers["location"].startswith("/evil.example")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example:8642", "evil.example:8642", "", "127.0.0.1:9999",
     "localhost"],
)  # fmt: skip
def test_a_forged_host_is_refused(client: Client, host: str) -> None:
    assert client().get("/", headers={"host": host}).status_code == 403


def test_this_machine_by_another_name_is_served(client: Client) -> None:
    visitor = client(token=False)
    cookie = {"host": "localhost:8642", "cookie": f"elsinore-8642={TOKEN}"}
    assert visitor.get("/", headers=cookie).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8643", "https://127.0.0.1:8642"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_is_refused(client: Client, origin: str, method: str) -> None:
    answer = client().request(method, "/", headers={"origin": origin})
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_port_may_load_nothing(client: Client, site: str) -> None:
    """Browsers send the cookie to all ports of a host, but say where a request is from."""
    asked = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert client().get("/static/view.js", headers=asked).status_code == 403


def test_writing_needs_the_token_and_this_origin(
    client: Client, store: tuple[Path, list[str]], tmp_path: Path
) -> None:
    trial = store[1][0]
    form = {"turn": "2", "kind": "note", "text": "hm"}
    for headers in ({}, {"origin": "http://127.0.0.1:8643"}, {"origin": "null"}):
        answer = client().post(f"/trial/{trial}/notes", data=form, headers=headers)
        assert answer.status_code == 403
    without = client(token=False).post(
        f"/trial/{trial}/notes", data=form, headers={"origin": ORIGIN}
    )
    assert without.status_code == 401
    assert not store[0].with_name("tea.db.notes.jsonl").exists()


@pytest.mark.parametrize("place", ["/", "/static/view.css", "/nowhere", "/trial/zzzz"])
def test_every_answer_has_the_policy(client: Client, place: str) -> None:
    headers = client().get(place).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "place",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e%2f%2e%2e%2fpyproject.toml",
     "/static/app.py", "/static//etc/passwd", "/static/__init__.py", "/../../etc/passwd",
     "/trial/..%2f..%2fetc%2fpasswd", "/trial/%00", "/trial/x/prompt/-1", "/forks/99"],
)  # fmt: skip
def test_paths_outside_are_refused(client: Client, place: str) -> None:
    answer = client().get(place)
    assert answer.status_code in (400, 404)
    assert "import" not in answer.text
    assert "root:" not in answer.text


def test_a_form_that_is_too_large_is_refused(client: Client, store: tuple[Path, list[str]]) -> None:
    answer = client().post(
        f"/trial/{store[1][0]}/notes", data={"text": "x" * 200_000}, headers={"origin": ORIGIN}
    )
    assert answer.status_code == 400
