"""A protocol by hand on uvloop and httptools: the least that HTTP costs in Python.

It answers every POST as if it were to /predict, and everything else with an empty answer.

python protocol.py MODEL PORT
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httptools
import orjson
import uvloop
from scoring import Scorer

score = Scorer(Path(sys.argv[1]))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class Protocol(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._parts: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        answer = b""
        if self._parser.get_method() == b"POST":
            rows = orjson.loads(b"".join(self._parts))["instances"]
            answer = orjson.dumps({"predictions": score(rows)}, option=orjson.OPT_SERIALIZE_NUMPY)
        self._parts = []
        self._transport.write(HEAD % len(answer) + answer)  # type: ignore[attr-defined]


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Protocol, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
