"""Examples show what data seldom shows, and are written as a client would."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.data.io import MODEL
from pipeline.export.contract import UNSEEN
from pipeline.export.examples import choose, render
from tests.pipeline.conftest import Workspace
from tests.serving.tiny import Variation, tiny_contract, tiny_frame

Make = Callable[..., Workspace]


def test_examples_hold_what_data_seldom_shows(workspace: Make) -> None:
    workspace("regression").run()
    examples = [json.loads(line) for line in (MODEL / "examples.jsonl").read_text().splitlines()]
    rows = [example["instance"] for example in examples]
    assert any(row["bmi"] is None for row in rows)
    assert any(row["sex"] is None for row in rows)
    assert any(row["sex"] == "never seen in training" for row in rows)


CONTRACT = tiny_contract(variation=Variation(inputs={"carrier": {"nullable": True}}))


def rows(count: int) -> pd.DataFrame:
    frame = tiny_frame(count)[[spec.name for spec in CONTRACT.inputs]]
    return frame.astype({"wind": "float32"})


@pytest.mark.parametrize(("total", "count", "chosen"), [(10, 4, 4), (3, 4, 3), (5, 1, 1)])
def test_rows_are_spread_and_rare_cases_are_added(total: int, count: int, chosen: int) -> None:
    """wind and carrier are nullable, and carrier accepts unseen categories."""
    examples = choose(rows(total), CONTRACT, count)
    assert len(examples) == chosen + 3
    assert np.isnan(examples["wind"].iloc[chosen])
    assert examples["carrier"].iloc[chosen + 1 :].tolist() == ["", UNSEEN]
    assert examples.dtypes.equals(rows(total).dtypes)


def test_values_are_written_as_a_client_would_write_them() -> None:
    """The shortest digits that are this float32, and null for what is missing."""
    frame = rows(1).assign(distance=np.float32(0.1), wind=np.float32("nan"), carrier="")
    [line] = render(frame, np.array([0.25]), CONTRACT).splitlines()
    example = json.loads(line)
    assert example["prediction"] == 0.25
    assert example["instance"]["distance"] == 0.1
    assert example["instance"]["wind"] is example["instance"]["carrier"] is None
