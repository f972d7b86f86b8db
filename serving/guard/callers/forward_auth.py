"""Answers a proxy before environments of this machine whether a request may pass:
`python -m serving.guard.callers.forward_auth --port 7190`.

The proxy sends the headers of each request first, and its path as `X-Forwarded-Uri`: Traefik's
forwardAuth and Caddy's forward_auth do. Callers are known as an instance knows them that is not
local, by SERVING_API_KEYS and the `auth` of SERVING_SETTINGS.
"""

from __future__ import annotations

import argparse
import os
import posixpath
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import Denied
from serving.guard.callers.auth import Doorman, make_doorman
from serving.protocols.native import error
from serving.settings.service import read_start
from serving.strict import DocumentError

TARGET = b"x-forwarded-uri"


class ForwardAuth:
    """204 for a request that `doorman` lets in, and otherwise the refusal for its client."""

    def __init__(self, doorman: Doorman) -> None:
        self._doorman = doorman

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        try:
            await self._doorman.admit(_path(headers), headers)
        except Denied as denied:
            reply = error(denied.status, str(denied), ())
            named = {"content-type": reply.kind, **denied.headers}
            await _answer(send, denied.status, named, reply.body)
        else:
            await _answer(send, 204, {}, b"")


def _path(headers: Mapping[bytes, bytes]) -> str:
    """The path that the service will see. One that could be read in two ways is refused, so that
    nobody is let in to one path and answered by another."""
    raw = headers.get(TARGET, b"").decode("latin-1").partition("?")[0]
    path = unquote(raw)
    plain = posixpath.normpath(path) == path and not path.startswith("//")
    if not path.startswith("/") or not plain or "%2f" in raw.lower() or set(path) & set("\\;#"):
        raise Denied(400, "the path is not a plain one, such as /predict")
    return path


async def _answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def make_app(environ: Mapping[str, str]) -> ASGIApp:
    """The application by these variables. SystemExit with one line if everybody would get in."""
    try:
        doorman = make_doorman(read_start(environ))
    except DocumentError as problem:
        raise SystemExit(f"error: {problem}") from None
    if doorman is None:
        raise SystemExit('error: auth is none. Set SERVING_SETTINGS=\'{"auth": "keys"}\'')
    return ForwardAuth(doorman)


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer on 127.0.0.1 until the process is told to end."""
    import uvicorn

    parser = argparse.ArgumentParser(
        prog="python -m serving.guard.callers.forward_auth", description="Say who may pass."
    )
    parser.add_argument("--port", type=int, default=7190, help="on 127.0.0.1 (7190)")
    port = parser.parse_args(arguments).port
    app = make_app(os.environ)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", proxy_headers=False)


if __name__ == "__main__":
    main()
