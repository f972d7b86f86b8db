"""Rows made a little wrong stay rows that every model accepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from delivery.evidence.quality.perturbation import HITS, UNSEEN, common_inputs, disturbed
from tests.serving.tiny import Variation, tiny_contract, tiny_frame

FILE = Path("holdout.parquet")
FRAME = tiny_frame(2_000)
TABLE = pa.Table.from_pandas(FRAME)
INPUTS = common_inputs((tiny_contract(),))


def after(kind: str, strength: float = 0.1) -> tuple[pd.DataFrame, tuple[str, ...]]:
    made = disturbed(TABLE, INPUTS, kind, strength, FILE)
    return made.table.to_pandas(), made.inputs


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("noise", ("distance", "wind", "hour")),
        ("outliers", ("distance", "wind", "hour")),
        ("missing", ("wind",)),
        ("unseen", ("carrier",)),
    ],
)
def test_only_the_inputs_that_it_concerns_change(kind: str, names: tuple[str, ...]) -> None:
    frame, touched = after(kind)
    assert touched == names
    changed = [
        n
        for n in FRAME.columns
        if list(frame[n].dropna().astype(str)) != list(FRAME[n].dropna().astype(str))
    ]
    assert set(changed) <= set(names)
    assert len(frame) == len(FRAME)


@pytest.mark.parametrize("kind", HITS)
def test_the_same_rows_are_disturbed_the_same_way(kind: str) -> None:
    pd.testing.assert_frame_equal(after(kind)[0], after(kind)[0])


@pytest.mark.parametrize("kind", HITS)
def test_no_strength_touches_nothing(kind: str) -> None:
    assert after(kind, 0.0)[1] == ()


def test_noise_is_a_share_of_the_spread_within_the_range_and_whole_for_whole_numbers() -> None:
    frame, _ = after("noise", 0.1)
    moved = frame["distance"] - FRAME["distance"]
    assert moved.std() == pytest.approx(0.1 * FRAME["distance"].std(), rel=0.1)
    frame, _ = after("noise", 1.0)
    assert frame["hour"].between(0, 23).all()
    assert (frame["hour"] % 1 == 0).all()
    assert frame["wind"].isna().equals(FRAME["wind"].isna())


def test_outliers_lie_at_the_edges_of_the_range_or_of_the_data() -> None:
    frame, _ = after("outliers")
    hit = frame["distance"] != FRAME["distance"]
    assert hit.mean() == pytest.approx(0.1, abs=0.03)
    assert set(frame["distance"][hit]) == {0.0, 10_000.0}
    assert frame["wind"].max() == FRAME["wind"].max()


def test_missing_and_unseen_hit_their_share_of_rows() -> None:
    assert after("missing")[0]["wind"].isna().mean() == pytest.approx(0.15, abs=0.03)
    assert (after("unseen")[0]["carrier"] == UNSEEN).mean() == pytest.approx(0.1, abs=0.03)


def test_an_input_is_disturbed_only_as_far_as_all_models_accept() -> None:
    strict = {
        "wind": {"nullable": False},
        "carrier": {"unseen": "reject"},
        "hour": {"range": (5, 30)},
    }
    both = (tiny_contract(), tiny_contract(variation=Variation(inputs=strict)))
    found = {spec.name: spec for spec in common_inputs(both)}
    assert (found["wind"].nullable, found["carrier"].unseen) == (False, "reject")
    assert found["hour"].range == (5, 23)
    assert found["distance"].range == (0, 10_000)
    assert disturbed(TABLE, tuple(found.values()), "missing", 0.5, FILE).inputs == ()
    assert disturbed(TABLE, tuple(found.values()), "unseen", 0.5, FILE).inputs == ()


def test_a_column_of_nothing_stays_nothing() -> None:
    empty = pa.Table.from_pandas(FRAME.assign(wind=np.nan))
    made = disturbed(empty, INPUTS, "noise", 0.5, FILE).table.to_pandas()
    assert made["wind"].isna().all()
    assert disturbed(empty, INPUTS, "outliers", 0.5, FILE).inputs
