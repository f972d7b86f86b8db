"""The holdout is read by the roles, and must be the one that the base would set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from delivery.errors import HeldError
from delivery.evidence.evaluation import Exam, read_holdout
from delivery.evidence.integrity import conflicts
from serving.contract import Contract, Roles
from tests.serving.tiny import ROLES, Variation, tiny_contract, tiny_frame

NO_TIME = ROLES.model_copy(update={"timestamp": None})
SPANS = {"train": (-60, 0), "validation": (0, 20), "holdout": (20, 40)}


def frames(first: int = 0) -> dict[str, pd.DataFrame]:
    """One year of rows cut into three periods, `first` days later."""
    year = tiny_frame(4_000, seed=1)
    days = (year["when"] - year["when"].min()).dt.days - 60 - first
    return {
        name: year[(days >= low) & (days < high)].reset_index(drop=True)
        for name, (low, high) in SPANS.items()
    }


def write(folder: Path, splits: dict[str, pd.DataFrame]) -> Path:
    folder.mkdir(parents=True)
    for name, frame in splits.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def found(
    tmp_path: Path,
    own: dict[str, pd.DataFrame],
    base: dict[str, pd.DataFrame],
    roles: Roles = ROLES,
) -> str:
    exam = Exam(write(tmp_path / "own", own), write(tmp_path / "base", base))
    return "; ".join(conflicts(exam, roles))


def with_roles(**roles: Any) -> Contract:
    return tiny_contract("binary", Variation(contract={"roles": ROLES.model_copy(update=roles)}))


def test_labels_clusters_and_segments_come_from_the_roles(tmp_path: Path) -> None:
    splits = frames()
    exam = Exam(write(tmp_path / "data", splits))
    holdout = read_holdout(exam, tiny_contract(), None)
    frame = splits["holdout"]
    assert holdout.labels.tolist() == frame["late"].astype(int).tolist()
    assert len(holdout.cluster_names) == frame["day"].nunique()
    names = np.array(holdout.cluster_names)[holdout.clusters]
    assert names.tolist() == frame["day"].tolist()
    assert holdout.segments["carrier"].tolist() == frame["carrier"].tolist()
    assert holdout.first == frame["when"].min().isoformat()


def test_rows_are_their_own_clusters_where_no_cluster_is_named(tmp_path: Path) -> None:
    exam = Exam(write(tmp_path / "data", frames()))
    holdout = read_holdout(exam, with_roles(cluster=None, segments=()), None)
    assert len(np.unique(holdout.clusters)) == len(holdout)


def test_a_candidate_cannot_shed_the_clusters_and_slices_of_its_champion(tmp_path: Path) -> None:
    exam = Exam(write(tmp_path / "data", frames()))
    holdout = read_holdout(exam, with_roles(cluster=None, segments=()), tiny_contract())
    assert holdout.cluster_column == "day"
    assert "carrier" in holdout.segments


def test_what_cannot_be_read_holds(tmp_path: Path) -> None:
    splits = frames()
    with pytest.raises(HeldError, match=r"holdout\.parquet cannot be read"):
        read_holdout(Exam(tmp_path), tiny_contract(), None)
    splits["holdout"]["late"] = "perhaps"
    exam = Exam(write(tmp_path / "a", splits))
    with pytest.raises(HeldError, match="late is 'perhaps' in some rows"):
        read_holdout(exam, tiny_contract(), None)
    splits["holdout"]["late"] = [None, *[True] * (len(splits["holdout"]) - 1)]
    exam = Exam(write(tmp_path / "b", splits))
    with pytest.raises(HeldError, match=r"1 rows of holdout\.parquet have no label"):
        read_holdout(exam, tiny_contract(), None)
    exam = Exam(write(tmp_path / "c", {"holdout": splits["holdout"].drop(columns="late")}))
    with pytest.raises(HeldError, match="no column 'late'"):
        read_holdout(exam, tiny_contract(), None)


def test_the_same_data_and_a_later_period_of_the_same_data_agree(tmp_path: Path) -> None:
    assert found(tmp_path / "same", frames(), frames()) == ""
    assert found(tmp_path / "later", frames(20), frames()) == ""


def test_no_base_is_no_conflict(tmp_path: Path) -> None:
    assert conflicts(Exam(tmp_path), ROLES) == ()


@pytest.mark.parametrize(("column", "value"), [("late", None), ("wind", 99.0), ("carrier", "ZZ")])
def test_an_edited_row_is_named_with_both_values(tmp_path: Path, column: str, value: Any) -> None:
    own = frames()
    value = not own["holdout"].loc[3, "late"] if value is None else value
    own["holdout"].loc[3, column] = value
    row = own["holdout"].loc[3, "id"]
    text = found(tmp_path, own, frames())
    assert f"column {column} of 1 rows that both data sets know differs: in row {row}" in text


def test_a_row_that_moved_to_another_split_is_still_compared(tmp_path: Path) -> None:
    own = frames(20)
    own["validation"].loc[0, "late"] = not own["validation"].loc[0, "late"]
    assert "column late of 1 rows" in found(tmp_path, own, frames())


def test_new_and_dropped_columns_and_a_gap_in_integers_are_no_conflict(tmp_path: Path) -> None:
    own, base = frames(), frames()
    for frame in own.values():
        frame["gust"] = 1.0
        frame["hour"] = frame["hour"].astype("float64")
        del frame["wind"]
    assert found(tmp_path, own, base) == ""


def test_a_row_that_went_from_the_holdout_is_missed(tmp_path: Path) -> None:
    own = frames()
    gone = own["holdout"].loc[5, "id"]
    own["holdout"] = own["holdout"].drop(index=5)
    text = found(tmp_path, own, frames())
    assert f"1 rows of its period are missing from the holdout, row {gone}" in text


def test_without_time_row_ids_tell_what_the_champion_saw_and_what_is_gone(tmp_path: Path) -> None:
    own, base = frames(20), frames()
    text = found(tmp_path / "later", base, own, NO_TIME)
    assert "the champion was trained on" in text
    shrunk = frames()
    shrunk["holdout"] = shrunk["holdout"].drop(index=5)
    assert "1 rows of the base's holdout" in found(tmp_path / "gone", shrunk, base, NO_TIME)


def test_rows_that_cannot_be_told_apart_are_a_conflict(tmp_path: Path) -> None:
    own = frames()
    own["holdout"].loc[1, "id"] = own["holdout"].loc[0, "id"]
    assert "several rows with the same id" in found(tmp_path, own, frames())
