"""A router is asked for itself, and through it what it leads to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.readiness import local_client
from delivery.targets.local.routing import probe as probing
from delivery.targets.local.routing.probe import Probe
from delivery.targets.protocol import Target
from tests.delivery.running import free_port


@pytest.fixture
def routed(target: Target, bento: Path) -> Target:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    return target


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    """It takes connections and answers nothing."""
    monkeypatch.setattr(probing, "ASK", 0.2)
    monkeypatch.setattr(probing, "PATIENT", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield Probe(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_one_that_keeps_to_its_file_has_no_fault(routed: Target) -> None:
    probe, version = Probe(routed.router.url), routed.router.file.version()
    assert probe.disobedience(version) == ""
    assert probe.disobedience("") == ""
    assert probe.release() == "r-one"
    assert not probe.hangs()
    with local_client() as client:
        answer = probe.through(client)
    assert Probe.fits(answer, version, {"r-one", "r-two"})
    assert not Probe.fits(answer, version, {"r-two"})
    assert not Probe.fits(answer, "another", {"r-one"})


def test_one_that_keeps_to_another_route_is_told_apart(
    routed: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "ASK", 0.2)
    assert "another route" in Probe(routed.router.url).disobedience("another")


def test_it_answers_for_itself_where_its_release_does_not(routed: Target) -> None:
    routed.runtime.files.current("r-one").server.stop()
    assert Probe(routed.router.url).disobedience(routed.router.file.version()) == ""
    assert Probe(routed.router.url).release() == ""


def test_one_that_is_silent_hangs(silent: Probe) -> None:
    assert silent.hangs()
    assert "does not answer" in silent.disobedience("any")
    assert silent.release() == ""


def test_one_that_is_not_there_does_not_hang() -> None:
    nobody = Probe(f"http://127.0.0.1:{free_port()}")
    assert not nobody.hangs()
    assert "does not answer" in nobody.disobedience("any")
