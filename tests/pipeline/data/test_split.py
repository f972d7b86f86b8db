from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pipeline.data.split import split
from pipeline.errors import PipelineError
from pipeline.settings import Split
from serving.contract import Roles

ROLES = Roles(label="y", row_id="id", timestamp="at", cluster="group")


def frame(rows: int = 2000) -> pd.DataFrame:
    at = pd.date_range("2024-01-01", periods=rows, freq="1h")
    group = [f"g{n % 97}" for n in range(rows)]
    return pd.DataFrame({"id": [f"r{n}" for n in range(rows)], "at": at, "group": group, "y": 1})


def rule(**changes: Any) -> Split:
    return Split.model_validate({"kind": "temporal"} | changes)


def test_temporal_holds_out_the_last_period_and_validates_on_the_one_before() -> None:
    parts = split(frame(), ROLES, rule())
    assert parts["train"]["at"].max() < pd.Timestamp("2024-02-01")
    assert parts["validation"]["at"].dt.month.unique().tolist() == [2]
    assert parts["holdout"]["at"].min() == pd.Timestamp("2024-03-01")
    assert sum(map(len, parts.values())) == 2000


def test_a_gap_is_left_out_before_validation_and_before_the_holdout() -> None:
    parts = split(frame(), ROLES, rule(gap="7D"))
    assert parts["train"]["at"].max() == pd.Timestamp("2024-01-24 23:00")
    assert parts["validation"]["at"].min() == pd.Timestamp("2024-02-01")
    assert parts["validation"]["at"].max() == pd.Timestamp("2024-02-22 23:00")
    assert sum(map(len, parts.values())) == 2000 - 2 * 7 * 24


def test_fewer_than_three_periods_are_refused() -> None:
    with pytest.raises(PipelineError, match=r"three periods.*2024-01, 2024-02.*dvc repro"):
        split(frame(1000), ROLES, rule())


def test_random_goes_by_row_id_so_that_new_rows_move_no_old_one() -> None:
    before = split(frame(1000), ROLES, rule(kind="random"))
    after = split(frame(), ROLES, rule(kind="random"))
    for name, part in before.items():
        assert set(part["id"]) <= set(after[name]["id"])
    assert len(after["holdout"]) == pytest.approx(400, abs=60)
    assert len(after["validation"]) == pytest.approx(400, abs=60)


def test_each_part_has_its_own_share() -> None:
    parts = split(frame(), ROLES, rule(kind="random", holdout=0.1, validation=0.3))
    shares = {name: len(part) / 2000 for name, part in parts.items()}
    assert shares == pytest.approx({"train": 0.6, "validation": 0.3, "holdout": 0.1}, abs=0.03)


def test_the_rows_of_each_part_are_numbered_from_0_in_their_order() -> None:
    for part in split(frame(), ROLES, rule(kind="random")).values():
        assert part.index.tolist() == list(range(len(part)))
        assert part["at"].is_monotonic_increasing


def test_another_seed_splits_otherwise() -> None:
    one, two = (split(frame(), ROLES, rule(kind="random", seed=n)) for n in (1, 2))
    assert set(one["holdout"]["id"]) != set(two["holdout"]["id"])


def test_a_group_stays_together() -> None:
    parts = split(frame(), ROLES, rule(kind="group"))
    groups = [set(part["group"]) for part in parts.values()]
    assert not groups[0] & groups[1]
    assert not groups[1] & groups[2]
    assert not groups[0] & groups[2]


def test_a_column_of_the_data_can_say_it() -> None:
    rows = frame(3).assign(part=["holdout", "train", "validation"])
    parts = split(rows, ROLES, rule(kind="file", column="part"))
    assert parts["holdout"]["id"].tolist() == ["r0"]
    with pytest.raises(PipelineError, match=r"holds test; expected train, validation, holdout"):
        split(rows.assign(part="test"), ROLES, rule(kind="file", column="part"))


def test_an_empty_part_is_refused() -> None:
    rows = frame(3).assign(part="train")
    with pytest.raises(PipelineError, match="leaves no rows for validation"):
        split(rows, ROLES, rule(kind="file", column="part"))
