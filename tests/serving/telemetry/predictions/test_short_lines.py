"""Lines of one row are, byte by byte, those that are made one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.contract import Contract, Input, Output
from serving.rows.validate import Validator
from serving.telemetry.predictions.log_lines import LogLines
from serving.telemetry.predictions.short_lines import SIZE, Entry, ShortLines, iso_time
from tests.serving.tiny import ROLES, tiny_contract, tiny_frame, tiny_instances

ODD = Contract(
    name="odd",
    task="regression",
    inputs=(
        Input(name="100%s", dtype="string", nullable=True),
        Input(name='"', dtype="float64", nullable=True),
        Input(name="hidden", dtype="int64", sensitive=True),
        Input(name="yes", dtype="bool"),
    ),
    outputs=(Output(name="score", dtype="float32"),),
    roles=ROLES,
)
TEXTS = ['a],[b"', "", "é,\n", "%b", "🙂"]


def entries(contract: Contract, rows: list[dict[str, object]], classes: int = 0) -> list[Entry]:
    validate = Validator(contract)
    return [
        Entry(
            f"id-{number}",
            1e9 + number / 7,
            validate([row]),
            np.full((1, classes) if classes else 1, 0.1 + number, np.float32),
            f"{number:032x}" if number % 3 else "",
        )
        for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize("count", [1, 2, SIZE])
@pytest.mark.parametrize("classes", [0, 3])
def test_lines_are_those_that_are_made_one_by_one(count: int, classes: int) -> None:
    contract = tiny_contract("multiclass" if classes else "binary")
    odd = [
        {"100%s": TEXTS[n % 5], '"': None if n % 2 else 1e300, "hidden": n, "yes": n % 3 == 0}
        for n in range(count)
    ]
    for model, rows in ((contract, tiny_instances(tiny_frame(count, seed=3))), (ODD, odd)):
        hidden = frozenset(spec.name for spec in model.inputs if spec.sensitive)
        short, plain = ShortLines(model, "r-%d", hidden), LogLines(model, "r-%d", b"")
        asked = entries(model, rows, classes)
        for _ in range(2):
            for entry in asked:
                assert not short.full
                short.add(entry)
            assert short.full is (count == SIZE)
            assert short.take() == b"".join(map(plain._line, asked))
        assert short.take() == b""


@given(st.integers(0, 2**41 * 1000).map(lambda micro: micro / 1e6))
def test_times_are_iso(time: float) -> None:
    expected = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
    assert iso_time(time) == expected
