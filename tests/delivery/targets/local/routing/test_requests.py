"""Records become samples; what is torn, cut off or gone is no success."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.targets.local.routing.records import Records
from delivery.targets.local.routing.requests import COLUMNS, Requests, unwatched
from delivery.targets.split import Split

ATTEMPT = "0123456789abcdef" + "0" * 24
SPLIT = Split(ATTEMPT, 2, "r-one", "r-two", 25)
OWN, OTHER = min(SPLIT.slots), min(set(range(20)) - SPLIT.slots)


def record(second: int = 0, *, candidate: bool = False, **more: Any) -> str:
    """As Traefik writes it."""
    line = {
        "StartUTC": f"2026-11-27T10:37:{second:02d}.5Z",
        "Duration": 250_000_000,
        "DownstreamStatus": 200,
        "RequestMethod": "POST",
        "RequestPath": "/predict",
        "ServiceName": "r-two@file" if candidate else "r-one@file",
        "request_X-Delivery-Step": SPLIT.stamp,
        "request_X-Delivery-Slot": str(OWN if candidate else OTHER),
        "request_X-Delivery-Entity": "425aadb738df0000",
        "level": "info",
    }
    return json.dumps({**line, **more}) + "\n"


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path)


def read(records: Records, *lines: str) -> Any:
    records.file.write_text("".join(lines))
    return Requests(records, SPLIT).samples()


def test_a_record_says_when_who_whom_and_how(records: Records) -> None:
    samples = read(records, record(1), record(2, candidate=True, DownstreamStatus=502))
    assert samples.candidate.tolist() == [False, True]
    assert samples.cause.tolist() == ["", "502"]
    assert samples.step.tolist() == [2, 2]
    assert samples.share.tolist() == [0.25, 0.25]
    assert samples.seconds.tolist() == [0.25, 0.25]
    assert np.diff(samples.at).tolist() == [1.0]
    assert samples.at[0] % 60 == 1.75
    assert set(samples.entity) == {"425aadb738df0000"}
    assert samples.lost == 0


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (200, ""),
        (404, ""),
        (401, ""),
        (429, ""),
        (499, ""),
        (422, "422"),
        (400, "400"),
        (503, "503"),
    ],
)
def test_what_the_client_is_to_blame_for_is_no_failure(
    records: Records, status: int, cause: str
) -> None:
    assert read(records, record(DownstreamStatus=status)).cause.tolist() == [cause]


@pytest.mark.parametrize(
    "more",
    [
        {"RequestMethod": "GET"},
        {"RequestPath": "/feedback"},
        {"request_X-Delivery-Step": "ffffffffffff.2.25"},
    ],
)
def test_what_is_no_prediction_of_the_attempt_is_left_out(records: Records, more: Any) -> None:
    samples = read(records, record(**more))
    assert (len(samples), samples.lost) == (0, 0)


def test_a_line_that_is_being_written_is_read_later(records: Records) -> None:
    whole = record(1) + record(2)
    requests = Requests(records, SPLIT)
    for end, expected in ((10, 0), (len(whole) - 1, 1), (len(whole), 2)):
        records.file.write_text(whole[:end])
        samples = requests.samples()
        assert (len(samples), samples.lost) == (expected, 0)


@pytest.mark.parametrize("torn", ["{\n", "nonsense\n", "[]\n", "{}\n", record(1)[40:]])
def test_a_torn_line_is_missed(records: Records, torn: str) -> None:
    samples = read(records, record(1), torn, record(2))
    assert (len(samples), samples.lost) == (2, 1)
    assert Requests(records, SPLIT).samples().lost == 1, "whoever reads on knows it too"


def test_a_log_that_is_gone_is_missed(records: Records) -> None:
    requests = Requests(records, SPLIT)
    records.file.write_text(record(1))
    assert requests.samples().lost == 0
    records.file.unlink()
    samples = requests.samples()
    assert (len(samples), samples.lost) == (1, 1)


def test_a_log_that_is_cut_off_is_missed(records: Records) -> None:
    requests = Requests(records, SPLIT)
    records.file.write_text(record(1) + record(2))
    requests.samples()
    records.file.write_text("")
    assert requests.samples().lost == 1


def test_a_log_that_rotates_is_read_whole(records: Records) -> None:
    """Traefik goes on with the old file until it is told."""
    requests = Requests(records, SPLIT)
    records.file.write_text(record(1))
    requests.samples()
    with records.file.open("a") as traefik:
        records.file.rename(records.folder / "access.log.1")
        traefik.write(record(2))
    records.file.write_text(record(3))
    assert [len(requests.samples()), len(Requests(records, SPLIT).samples())] == [3, 3]
    assert requests.samples().lost == 0


def test_where_nobody_answered_the_client_says_who_should_have(records: Records) -> None:
    gone = {"ServiceName": "canary@file", "DownstreamStatus": 503}
    samples = read(records, record(1, **gone), record(2, candidate=True, **gone))
    assert samples.candidate.tolist() == [False, True]


def test_what_nobody_watched_does_not_count(records: Records) -> None:
    """The lease ended at second 3 and began again at second 6."""

    def diverted(second: int) -> str:
        return record(second, candidate=True, ServiceName="r-one@file")

    samples = read(
        records,
        record(1, candidate=True), record(2), diverted(3), record(4, DownstreamStatus=502),
        diverted(5), record(6), record(7, candidate=True), record(8),
    )  # fmt: skip
    assert (samples.at % 60 // 1).tolist() == [1, 2, 6, 7, 8]


@pytest.mark.parametrize(
    ("owns", "candidate", "expected"),
    [
        ([0, 0], [0, 0], [0, 0]),
        ([], [], []),
        ([0, 1, 0], [0, 0, 0], [1, 1, 1]),
        ([0, 1, 0], [0, 1, 0], [0, 0, 0]),
        ([0, 1, 0, 1, 0, 1, 0], [0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1]),
        ([0, 0], [0, 1], [0, 0]),  # a router that leads the champion's clients astray
    ],
)
def test_which_were_watched(owns: list[int], candidate: list[int], expected: list[int]) -> None:
    table = np.zeros(len(owns), COLUMNS)
    table["owns"], table["candidate"] = owns, candidate
    assert unwatched(table).tolist() == expected
