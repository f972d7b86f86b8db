"""An S3 on this machine, in the environment of requirements/stores.lock:
`python -m tests.serving.batch.s3_server DELAY`.

It prints its port, and a line for each request on stderr: method, path and status. Puts are
answered one after the other, as if each were one step: S3's conditional put is, and moto's looks
first. DELAY is how many seconds each request waits.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


class Store:
    """moto's application, behind a lock for what is put."""

    def __init__(self, delay: float) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._delay = delay
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        time.sleep(self._delay)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]

        def begin(status: str, *rest: Any) -> Any:
            print(method, path, status.split()[0], file=sys.stderr, flush=True)
            return start(status, *rest)

        if method != "PUT":
            return self._moto(environ, begin)
        with self._lock:
            return list(self._moto(environ, begin))


class Quiet(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """The store prints its requests."""


def main() -> None:
    store = Store(float(sys.argv[1]))
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
