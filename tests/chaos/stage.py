"""Bring a world up, and end all that was started in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.chaos.disk import disk
from tests.chaos.proposal import propose_release
from tests.chaos.world import ENV, World
from tests.delivery.bentos import Bench, tiny
from tests.delivery.released import make_release
from tests.delivery.running import eventually
from tests.origin import make_origin

NAMES = (("chaos-one", 1), ("chaos-two", 2))
POLICY = """\
environments:
  production: {target: {kind: local, port: 7102}}
gates:
  load: {users: 2, seconds: 1, requests_per_second: 20, minimum_requests: 10, throughput: 0.1,
    p95_ms: 5000, p99_ms: 5000}
"""


@contextmanager
def world(folder: Path, bench: Bench) -> Iterator[World]:
    """Two releases, the second verified with the first beside it, under supervision. All that
    was started is ended."""
    releases = [make_release(bench, bench.bento(name, tiny(seed=seed))) for name, seed in NAMES]
    with disk(folder / "disk") as place:
        made = World(folder, place, make_origin(place.folder), releases)
        try:
            _bring_up(made, bench)
            yield made
        finally:
            _end(made)


def _bring_up(made: World, bench: Bench) -> None:
    made.origin.push({"delivery.yaml": POLICY})
    for release in made.releases:
        release.publish(made.origin, release.signature())
    (made.workspace / "envs").symlink_to(bench.workspace / "envs")
    first = made.releases[0]
    pull = propose_release(made.context, ENV, first.id)
    made.context.forge.merge(pull.number)
    made.origin.happened(ENV, made.origin.attempt(ENV), "verified", first.id)
    made.promote_next()
    made.settle()


def _end(made: World) -> None:
    for process in made.processes():
        with suppress(psutil.Error):
            process.kill()
    if made.supervisor is not None:
        made.supervisor.wait()
    eventually(lambda: not made.processes())
