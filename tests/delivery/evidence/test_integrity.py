"""A candidate may not choose what it is evaluated on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from delivery.evidence.evaluation import Evaluation
from delivery.evidence.integrity import conflicts
from serving.contract import Roles
from tests.delivery.bentos import write_splits
from tests.delivery.evidence.splits import frames
from tests.serving.tiny import ROLES

NO_TIME = ROLES.model_copy(update={"timestamp": None})


def against(
    tmp_path: Path,
    own: dict[str, pd.DataFrame],
    base: dict[str, pd.DataFrame],
    roles: Roles = ROLES,
) -> str:
    evaluation = Evaluation(
        write_splits(tmp_path / "own", own), write_splits(tmp_path / "base", base)
    )
    return "; ".join(conflicts(evaluation, roles))


def test_the_same_data_and_a_later_period_of_the_same_data_agree(tmp_path: Path) -> None:
    assert against(tmp_path / "same", frames(), frames()) == ""
    assert against(tmp_path / "later", frames(20), frames()) == ""


def test_no_base_is_no_conflict(tmp_path: Path) -> None:
    assert conflicts(Evaluation(tmp_path), ROLES) == ()


@pytest.mark.parametrize(("column", "value"), [("late", None), ("wind", 99.0), ("carrier", "ZZ")])
def test_an_edited_row_is_named_with_both_values(tmp_path: Path, column: str, value: Any) -> None:
    own = frames()
    value = not own["holdout"].loc[3, "late"] if value is None else value
    own["holdout"].loc[3, column] = value
    row = own["holdout"].loc[3, "id"]
    text = against(tmp_path, own, frames())
    assert f"column {column} of 1 rows that both data sets know differs: in row {row}" in text


def test_a_row_that_moved_to_another_split_is_still_compared(tmp_path: Path) -> None:
    own = frames(20)
    own["validation"].loc[0, "late"] = not own["validation"].loc[0, "late"]
    assert "column late of 1 rows" in against(tmp_path, own, frames())


def test_new_and_dropped_columns_and_a_gap_in_integers_are_no_conflict(tmp_path: Path) -> None:
    own, base = frames(), frames()
    for frame in own.values():
        frame["gust"] = 1.0
        frame["hour"] = frame["hour"].astype("float64")
        del frame["wind"]
    assert against(tmp_path, own, base) == ""


def test_a_row_that_went_from_the_holdout_is_missed(tmp_path: Path) -> None:
    own = frames()
    gone = own["holdout"].loc[5, "id"]
    own["holdout"] = own["holdout"].drop(index=5)
    text = against(tmp_path, own, frames())
    assert f"1 rows of its period are missing from the holdout, row {gone}" in text


def test_without_time_row_ids_tell_what_the_champion_saw_and_what_is_gone(tmp_path: Path) -> None:
    own, base = frames(20), frames()
    text = against(tmp_path / "later", base, own, NO_TIME)
    assert "the champion was trained on" in text
    shrunk = frames()
    shrunk["holdout"] = shrunk["holdout"].drop(index=5)
    assert "1 rows of the base's holdout" in against(tmp_path / "gone", shrunk, base, NO_TIME)


def test_rows_that_cannot_be_told_apart_are_a_conflict(tmp_path: Path) -> None:
    own = frames()
    own["holdout"].loc[1, "id"] = own["holdout"].loc[0, "id"]
    assert "several rows with the same id" in against(tmp_path, own, frames())
