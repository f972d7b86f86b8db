"""Instances are what their files say, and alive only where a process is."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.server import DEFAULTS
from delivery.targets.local.instances import Instances
from tests.delivery.running import started


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    return Instances(tmp_path / "instances", DEFAULTS)


def test_nothing_was_started_yet(instances: Instances) -> None:
    assert list(instances.releases()) == []
    assert dict(instances.addresses()) == {}
    assert instances.current("r-one").folder.name == "r-one"


def test_a_start_that_did_not_finish_is_not_alive(instances: Instances) -> None:
    (instances.folder / "r-one").mkdir(parents=True)
    assert list(instances.releases()) == ["r-one"]
    assert instances.read("r-one").detail == "its start did not finish"


def test_one_that_is_gone_is_started_where_it_was(instances: Instances) -> None:
    instances.current("r-one").write("http://127.0.0.1:1")
    assert not instances.read("r-one").alive
    assert instances.spare("r-one") == instances.current("r-one")
    assert dict(instances.addresses()) == {}


def test_of_two_slots_the_living_one_counts(instances: Instances) -> None:
    first = instances.current("r-one")
    first.write("http://127.0.0.1:1")
    with started(first.server.process):
        second = instances.spare("r-one")
        assert second.folder.name == "r-one.2"
        second.write("http://127.0.0.1:2")
        assert instances.current("r-one") == first
        with started(second.server.process):
            assert instances.current("r-one") == second
            assert instances.spare("r-one") == first
            assert list(instances.outdated("r-one")) == [first]
            assert list(instances.releases()) == ["r-one"]
            assert dict(instances.addresses()) == {"r-one": "http://127.0.0.1:2"}


def test_a_folder_that_is_gone_comes_back_with_its_process(instances: Instances) -> None:
    slot = instances.current("r-one")
    with started(slot.server.process):
        slot.server.process.file.unlink()
        slot.server.process.file.with_suffix(".log").unlink()
        slot.folder.rmdir()
        assert list(instances.orphans()) == [slot]
        assert list(instances.ask()) == ["r-one"]
        assert not slot.folder.exists(), "who only looks writes nothing"
        instances.adopt_orphans()
        assert list(instances.slots()) == [slot]
