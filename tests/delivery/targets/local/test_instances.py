"""Instances are what their files say, and alive only where a process is."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.server import DEFAULTS
from delivery.targets.local.instances import Instances


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    return Instances(tmp_path / "instances", DEFAULTS)


def test_nothing_was_started_yet(instances: Instances) -> None:
    assert list(instances.releases()) == []
    assert dict(instances.addresses()) == {}


def test_a_start_that_did_not_finish_is_not_alive(instances: Instances) -> None:
    (instances.folder / "r-one").mkdir(parents=True)
    assert list(instances.releases()) == ["r-one"]
    assert instances.read("r-one").detail == "its start did not finish"


def test_one_whose_process_is_gone_keeps_its_address_and_gets_no_traffic(
    instances: Instances,
) -> None:
    instances.write("r-one", "http://127.0.0.1:1")
    instance = instances.read("r-one")
    assert (instance.url, instance.alive) == ("http://127.0.0.1:1", False)
    assert instance.detail == "its process is gone"
    assert dict(instances.addresses()) == {}


def test_what_is_forgotten_did_not_finish(instances: Instances) -> None:
    instances.write("r-one", "http://127.0.0.1:1")
    for _ in range(2):
        instances.forget("r-one")
    assert instances.read("r-one").url == ""
