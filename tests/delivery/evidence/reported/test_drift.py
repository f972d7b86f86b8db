"""How far training data has moved, as a number per input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from delivery.evidence.reported.drift import drift
from tests.delivery.bentos import write_splits
from tests.serving.tiny import Variation, tiny_contract, tiny_frame

CONTRACT = tiny_contract()


def moved(folder: Path, now: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    for name, frame in (("now", now), ("before", before)):
        write_splits(folder / name, {"train": frame})
    found = drift((folder / "now", CONTRACT), (folder / "before", CONTRACT))
    json.dumps(found, allow_nan=False)
    assert found["rows"] == {"candidate": len(now), "champion": len(before)}
    values = [one["psi"] for one in found["inputs"]]
    assert values == sorted(values, reverse=True)
    return {one["input"]: one["psi"] for one in found["inputs"]}


def test_the_same_distribution_has_hardly_moved(tmp_path: Path) -> None:
    found = moved(tmp_path, tiny_frame(5_000, seed=1), tiny_frame(5_000, seed=2))
    assert set(found) == {"distance", "wind", "hour", "weekend", "carrier"}
    assert max(found.values()) < 0.02


def test_what_moved_stands_first(tmp_path: Path) -> None:
    now = tiny_frame(5_000, seed=1)
    now["wind"] += 5  # a standard deviation
    now.loc[now["carrier"] == "AA", "carrier"] = "ZZ"
    found = moved(tmp_path, now, tiny_frame(5_000, seed=2))
    assert list(found)[:2] == ["carrier", "wind"]
    assert found["wind"] > 0.5
    assert found["hour"] < 0.02


def test_missing_values_are_a_bin_of_their_own(tmp_path: Path) -> None:
    now = tiny_frame(5_000, seed=1)
    now.loc[::2, "wind"] = np.nan
    assert moved(tmp_path, now, tiny_frame(5_000, seed=2))["wind"] > 0.5
    now["wind"] = np.nan
    assert np.isfinite(moved(tmp_path, now, tiny_frame(5_000, seed=2))["wind"])
    assert np.isfinite(moved(tmp_path, tiny_frame(50), now)["wind"])


def test_the_index_is_that_of_the_formula(tmp_path: Path) -> None:
    """Two categories, 60:40 before and 40:60 now, and so many rows that a half is nothing."""
    frame = tiny_frame(20_000)
    before = frame.assign(carrier=np.where(np.arange(20_000) % 10 < 6, "AA", "DL"))
    now = frame.assign(carrier=np.where(np.arange(20_000) % 10 < 4, "AA", "DL"))
    expected = 2 * 0.2 * np.log(0.6 / 0.4)
    assert moved(tmp_path, now, before)["carrier"] == pytest.approx(expected, rel=1e-3)


def test_a_file_or_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    write_splits(tmp_path, {"train": tiny_frame(50).drop(columns="wind")})
    assert "wind" in drift((tmp_path, CONTRACT), (tmp_path, CONTRACT))["missing"]
    assert "cannot be read" in drift((tmp_path / "x", CONTRACT), (tmp_path, CONTRACT))["missing"]
    strange = tiny_contract(variation=Variation(contract={"inputs": CONTRACT.inputs[:1]}))
    known = drift((tmp_path, strange), (tmp_path, CONTRACT))
    assert [one["input"] for one in known["inputs"]] == ["distance"]
