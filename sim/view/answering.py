"""What the servers of this package share: forms that are read, and files of ours that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sim.errors import BadRequest
from sim.html import stylesheet

_BODY_BYTES = 100_000
_STATIC = Path(__file__).with_name("static")
_KINDS_OF_FILES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


async def static(request: Request) -> Response:
    """A file of ours: looked up by its name in a fixed list, never on a path that was given."""
    name = str(request.path_params["name"])
    if name == "style.css":
        return Response(stylesheet(), media_type="text/css")
    if name not in _files():
        raise HTTPException(404)
    kind = _KINDS_OF_FILES[Path(name).suffix]
    return Response((_STATIC / name).read_bytes(), media_type=kind)


def _files() -> list[str]:
    return [path.name for path in _STATIC.iterdir() if path.suffix in _KINDS_OF_FILES]


def whole_number(text: str) -> int:
    """A whole number from 0. Raises ``BadRequest``."""
    if not text.isascii() or not text.isdecimal():
        raise BadRequest(f"{text[:20]!r} is no number")
    return int(text[:9])


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form, bounded. Raises ``BadRequest``."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_BYTES:
                raise BadRequest(f"the form is larger than {_BODY_BYTES} bytes")
    except ClientDisconnect:
        raise BadRequest("the connection was closed before the form was complete") from None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=40)
    return {key: values[-1] for key, values in fields.items()}
