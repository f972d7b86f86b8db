"""Records are copied as they come, and what is missing is known to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.targets.docker.routing.records import ContainerRequests, VolumeRecords
from delivery.targets.docker.state.volume import Volume
from delivery.targets.split import Split

SPLIT = Split("a" * 40, 1, "r-one", "r-two", 50)


@pytest.fixture
def log(home: Path) -> Path:
    file = home / "state" / "records" / "access.log"
    file.parent.mkdir()
    file.write_text("")
    return file


def line(number: int) -> str:
    record = {
        "StartUTC": f"2026-11-27T10:00:{number:02}Z", "Duration": 1_000_000,
        "DownstreamStatus": 200, "RequestMethod": "POST", "RequestPath": "/predict",
        "ServiceName": "r-two@file", "request_X-Delivery-Step": SPLIT.stamp,
        "request_X-Delivery-Slot": str(min(SPLIT.slots)),
        "request_X-Delivery-Entity": f"{number:016}",
    }  # fmt: skip
    return json.dumps(record) + "\n"


def test_what_is_added_is_read_on(volume: Volume, log: Path) -> None:
    requests = ContainerRequests(volume, SPLIT)
    assert len(requests.samples()) == 0
    for number in range(3):
        with log.open("a") as file:
            file.write(line(number))
        samples = requests.samples()
        assert (len(samples), samples.lost) == (number + 1, 0)


@pytest.mark.parametrize("fault", ["cut off", "moved away", "deleted"])
def test_what_is_gone_is_counted(volume: Volume, log: Path, fault: str) -> None:
    log.write_text(line(1) + line(2))
    requests = ContainerRequests(volume, SPLIT)
    requests.samples()
    if fault == "cut off":
        log.write_text("")
    else:
        log.rename(log.with_name("access.log.1"))
    if fault == "moved away":
        log.write_text(line(3))
    assert requests.samples().lost
    assert ContainerRequests(volume, SPLIT).samples().lost, "whoever reads on"


def test_another_attempt_begins_anew(volume: Volume, log: Path) -> None:
    log.write_text(line(1))
    records, told = VolumeRecords(Path(), volume), []
    records.miss()
    records.begin("a" * 40, lambda: told.append(log.exists()))
    records.begin("a" * 40, lambda: told.append(log.exists()))
    assert (told, records.lost) == ([False], False)
