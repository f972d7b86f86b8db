from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.data.io import PARTS, RAW, REPORT, read_part, write_frame
from pipeline.errors import PipelineError
from pipeline.prepare import prepare
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]


def raw(workspace: Make, model: str = "temporal") -> tuple[Workspace, pd.DataFrame]:
    place = workspace(model)
    place.run("ingest")
    return place, pd.read_parquet(RAW)


def test_rows_that_break_a_rule_are_counted_by_reason(workspace: Make) -> None:
    place, frame = raw(workspace)
    frame["stock"] = frame["stock"].astype("float64")
    frame.loc[0, "stock"] = -1
    frame.loc[1, "stock"] = 1001
    frame.loc[2, "temperature"] = 61
    frame.loc[3, "temperature"] = np.inf
    frame.loc[4, "sale"] = frame.loc[5, "sale"]
    frame.loc[6, "sold_out"] = None
    frame.loc[7, "opened"] = pd.NaT
    write_frame(RAW, frame)
    prepare(place.settings())
    report = json.loads(REPORT.read_text())
    assert report["rejected"] == {
        "total": 7,
        "opened missing": 1,
        "sale repeated": 1,
        "sold_out missing": 1,
        "stock outside 0 to 1000 pieces": 2,
        "temperature infinite": 1,
        "temperature outside -40 to 60 °C": 1,
    }
    rows = report["rows"]
    assert rows["loaded"] - 7 == sum(rows[part] for part in PARTS) + rows["in_gap"]


def test_a_limit_itself_is_inside_and_a_missing_value_is_not_outside(workspace: Make) -> None:
    place, frame = raw(workspace)
    frame["temperature"] = np.where(frame.index % 3 == 0, -40.0, 60.0)
    frame.loc[::7, "temperature"] = np.nan
    write_frame(RAW, frame)
    prepare(place.settings())
    assert json.loads(REPORT.read_text())["rejected"] == {"total": 0}


def test_a_required_value_that_is_missing_is_rejected(workspace: Make) -> None:
    place, frame = raw(workspace)
    frame.loc[9, "temperature"] = np.nan
    write_frame(RAW, frame)
    prepare(place.settings(prepare__columns__temperature={"nullable": False}))
    assert json.loads(REPORT.read_text())["rejected"] == {"total": 1, "temperature missing": 1}


@pytest.mark.parametrize("empty", [np.nan, None, ""])
def test_a_column_without_a_training_value_is_named(workspace: Make, empty: object) -> None:
    place, frame = raw(workspace)
    column = pd.Series([empty] * len(frame))
    frame["gust"] = column
    newest = frame["opened"].idxmax()
    frame["gust"] = column.where(frame.index != newest, "x" if empty == "" else 1.0)
    write_frame(RAW, frame)
    with pytest.raises(
        PipelineError, match=r"column 'gust' has no value in any of the 1,\d+ train"
    ):
        prepare(place.settings())
    assert not REPORT.exists(), "nothing half-written"


@pytest.mark.parametrize(("bad", "stops"), [(20, False), (21, False), (22, True)])
def test_too_many_rejected_rows_stop_the_stage(workspace: Make, bad: int, stops: bool) -> None:
    """1% of 2,184 rows is 21.84."""
    place, frame = raw(workspace)
    frame.loc[: bad - 1, "stock"] = 5000
    write_frame(RAW, frame)
    if not stops:
        prepare(place.settings())
        return
    with pytest.raises(PipelineError, match=r"22 of 2,184.*max_rejected_share.*stock outside"):
        prepare(place.settings())
    assert not REPORT.exists(), "nothing half-written"


def test_features_are_all_columns_without_another_role(workspace: Make) -> None:
    workspace("temporal").run("prepare")
    assert set(read_part("train").columns) == {
        *("sale", "opened", "day", "sold_out"),
        *("shop", "stock", "temperature", "weekday", "holiday"),
    }


def test_no_timestamp_and_no_segments_are_needed(workspace: Make) -> None:
    workspace("minimal").run("prepare")
    assert sum(len(read_part(part)) for part in PARTS) == 569


def test_the_split_column_is_no_feature(workspace: Make) -> None:
    place, frame = raw(workspace, "minimal")
    frame["part"] = [PARTS[n % 3] for n in range(len(frame))]
    write_frame(RAW, frame)
    prepare(place.settings(prepare__split={"kind": "file", "column": "part"}))
    assert "part" not in read_part("train")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"prepare__columns__weight": {}}, "prepare.columns.weight: no such feature"),
        ({"prepare__columns__shop": {"range": [0, 1]}}, "column holds text"),
    ],
)
def test_a_rule_that_does_not_fit_is_named(workspace: Make, changes: dict, found: str) -> None:
    with pytest.raises(PipelineError, match=found):
        workspace("temporal").run("prepare", **changes)


def test_two_runs_give_the_same_bytes(workspace: Make) -> None:
    place = workspace("temporal")
    place.run("prepare")
    names = [f"artifacts/data/{part}.parquet" for part in PARTS]
    first = [(place.path / name).read_bytes() for name in names]
    place.run("prepare")
    assert first == [(place.path / name).read_bytes() for name in names]
