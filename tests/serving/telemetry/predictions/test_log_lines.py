"""Requests of all sizes become lines in the order in which they came."""

from __future__ import annotations

import json

import numpy as np

from serving.rows.validate import Validator
from serving.telemetry.predictions.log_lines import LogLines
from serving.telemetry.predictions.short_lines import SIZE, Entry
from tests.serving.tiny import tiny_contract, tiny_frame, tiny_instances


def test_short_and_long_requests_keep_their_order() -> None:
    contract = tiny_contract()
    lines, validate = LogLines(contract, "r-1", b""), Validator(contract)
    sizes = [1, 1, 3, 1, *[1] * SIZE, 2, 2, 1]
    for number, size in enumerate(sizes):
        batch = validate(tiny_instances(tiny_frame(size, seed=number)))
        lines.add(Entry(str(number), 0.0, batch, np.zeros(size, np.float32)))
    found = [json.loads(line) for line in lines.take().splitlines()]
    assert [int(line["request_id"]) for line in found] == list(range(len(sizes)))
    assert [len(line["score"]) for line in found] == sizes
    assert lines.take() == b""
