"""`python -m serving.segments FOLDER ADDRESS`: ship what a service writes down, beside it.

    python -m serving.segments /var/log/model s3://bucket/production

It ships until SIGTERM, then once more. requirements/shipper.lock has its libraries. The exit code
is 0 if the store has everything at the end, and 5 if it does not: run it again, then.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import start_http_server

from serving.segments.folder import Folder
from serving.segments.shipper import Shipper
from serving.segments.store import Store, StoreError

INTERVAL = 300.0  # s
KEEP = 24.0  # h
FAREWELL = 15.0  # s from SIGTERM on, however silent the store is
RETRY = 5.0  # s until a store that did not answer is asked again; twice as long each time
BAD_INPUT, LEFT = 2, 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Ship until told to end; the exit code."""
    given = _read(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        store = Store(given.address)
        _require_apart(given.folder, given.address)
    except (StoreError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    if given.metrics_port:
        start_http_server(given.metrics_port, addr=given.metrics_host)
    shipper = Shipper(Folder(given.folder), store, given.interval, given.keep_hours * 3600)
    if given.once:
        return 0 if shipper.go(last=True) else LEFT
    return _run(shipper, given.farewell)


def _run(shipper: Shipper, farewell: float) -> int:
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        last = threading.Timer(farewell, os._exit, (LEFT,))  # safe at any moment, as a kill is
        last.daemon = True
        last.start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    pause, retry = 0.0, RETRY
    while not stop.wait(pause):
        done = shipper.go()
        pause = shipper.interval if done else min(retry, shipper.interval)
        retry = RETRY if done else 2 * retry
    while not shipper.go(last=True):  # the service has ended, so what it wrote last is there
        time.sleep(1)
    return 0


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m serving.segments", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=Path, help="what SERVING_LOG_FOLDER names")
    parser.add_argument("address", help="a folder, or an address that fsspec knows: s3://bucket/…")
    parser.add_argument("--interval", type=_positive, default=INTERVAL, help="s: 300")
    parser.add_argument("--keep-hours", type=_positive, default=KEEP,
                        help="how long shipped segments stay in the folder: 24")  # fmt: skip
    parser.add_argument("--farewell", type=_positive, default=FAREWELL,
                        help="s from SIGTERM to the end, whatever the store does: 15")  # fmt: skip
    parser.add_argument("--once", action="store_true", help="one round, and end")
    parser.add_argument("--metrics-port", type=int, default=0, help="where /metrics answers")
    parser.add_argument("--metrics-host", default="127.0.0.1")
    return parser.parse_args(arguments)


def _positive(text: str) -> float:
    if not (number := float(text)) >= 0:
        raise argparse.ArgumentTypeError(f"{text}: expected 0 or more")
    return number


def _require_apart(folder: Path, address: str) -> None:
    """Readers would find everything twice."""
    if "://" not in address and Path(address).resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{address} lies in {folder}, which is shipped: name another place")


if __name__ == "__main__":
    sys.exit(main())
