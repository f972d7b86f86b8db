"""Servers for judging: one for each bento, only where it is asked for, all stopped at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from delivery.bento import temporary
from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.errors import TargetError

ONE, TWO = (Bento(f"r-{name}", Path(name)) for name in ("one", "two"))


class Started:
    """What was started and stopped, in place of `serving`."""

    def __init__(self) -> None:
        self.up: list[str] = []
        self.down: list[str] = []
        self.wait: threading.Barrier | None = None

    @contextmanager
    def serving(self, bento: Path, release: str, workspace: Path) -> Iterator[str]:
        if release == "r-broken":
            raise TargetError("it does not come up")
        if self.wait:
            self.wait.wait(5)
        self.up.append(release)
        try:
            yield f"http://{release}"
        finally:
            self.down.append(release)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    made = Started()
    monkeypatch.setattr(temporary, "serving", made.serving)
    return made


def test_one_that_nobody_asks_for_is_not_started(started: Started, tmp_path: Path) -> None:
    with Servers(tmp_path, print):
        pass
    assert started.up == []


def test_a_bento_is_started_once_and_lives_until_the_end(started: Started, tmp_path: Path) -> None:
    said: list[str] = []
    with Servers(tmp_path, said.append) as servers:
        assert [servers.url(ONE) for _ in range(2)] == ["http://r-one"] * 2
        assert servers.url(TWO) == "http://r-two"
        assert (started.up, started.down) == (["r-one", "r-two"], [])
    assert sorted(started.down) == ["r-one", "r-two"]
    assert said == ["starting r-one to judge it", "starting r-two to judge it"]


def test_many_threads_that_ask_for_one_get_one(started: Started, tmp_path: Path) -> None:
    with Servers(tmp_path, str) as servers, ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(lambda _: servers.url(ONE), range(16)))
    assert (urls, started.up) == ({"http://r-one"}, ["r-one"])


def test_two_bentos_start_side_by_side(started: Started, tmp_path: Path) -> None:
    started.wait = threading.Barrier(2)
    with Servers(tmp_path, str) as servers, ThreadPoolExecutor(2) as pool:
        urls = list(pool.map(servers.url, (ONE, TWO)))
    assert urls == ["http://r-one", "http://r-two"]


def test_one_that_does_not_come_up_leaves_the_others_to_be_stopped(
    started: Started, tmp_path: Path
) -> None:
    with Servers(tmp_path, str) as servers:
        servers.url(ONE)
        with pytest.raises(TargetError):
            servers.url(Bento("r-broken", Path("broken")))
        assert servers.url(ONE) == "http://r-one"
    assert started.down == ["r-one"]
