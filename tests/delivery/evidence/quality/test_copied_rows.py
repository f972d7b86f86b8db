"""Copies of the holdout under other names, and what only looks like them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from delivery.evidence.quality.copied_rows import backdated, twins
from delivery.gates.leaks import Twins
from tests.delivery.bentos import splits, write_splits
from tests.serving.tiny import tiny_contract, tiny_frame

Frames = dict[str, pd.DataFrame]
MAY, JUNE = pd.Timestamp("2013-05-10"), pd.Timestamp("2013-06-10")


@pytest.fixture
def frames() -> Frames:
    return splits(tiny_frame(14_000, seed=11))


def renamed(rows: pd.DataFrame, when: pd.Timestamp) -> pd.DataFrame:
    return rows.assign(id="copy of " + rows["id"].astype(str), when=when, day=str(when.date()))


def look(folder: Path, frames: Frames) -> Twins:
    found = twins(write_splits(folder, frames), tiny_contract())
    assert found is not None
    return found


def test_rows_of_their_own_have_no_twins(frames: Frames, tmp_path: Path) -> None:
    found = look(tmp_path, frames)
    assert found.distinct > 0.99
    assert found.placebo < 0.01
    assert set(found.holdout) == {"train", "validation"}
    assert max(found.holdout.values()) == 0


@pytest.mark.parametrize(("split", "when"), [("train", MAY), ("validation", JUNE)])
def test_copies_are_found_whatever_they_are_called(
    frames: Frames, tmp_path: Path, split: str, when: pd.Timestamp
) -> None:
    copies = renamed(frames["holdout"].sample(frac=0.5, random_state=0), when)
    found = look(tmp_path, frames | {split: pd.concat([frames[split], copies])})
    assert 0.4 < found.holdout[split] < 0.5, "a lower bound of a half"
    other = {"train": "validation", "validation": "train"}[split]
    assert found.holdout[other] == 0


def test_the_label_is_a_part_of_a_row(frames: Frames, tmp_path: Path) -> None:
    copies = renamed(frames["holdout"], MAY).assign(late=lambda rows: ~rows["late"])
    assert (
        look(tmp_path, frames | {"train": pd.concat([frames["train"], copies])}).holdout["train"]
        == 0
    )


def test_a_timetable_repeats_itself_in_every_split(frames: Frames, tmp_path: Path) -> None:
    """Few values, each many times: most rows have twins, and none of them counts."""
    coarse = {
        name: frame.assign(distance=500.0, wind=np.round(frame["wind"] / 20) * 20)
        for name, frame in frames.items()
    }
    found = look(tmp_path, coarse)
    assert found.distinct < 0.5
    assert not found.tell


def test_one_cluster_gives_no_bound(frames: Frames, tmp_path: Path) -> None:
    frames["holdout"]["day"] = "one"
    assert twins(write_splits(tmp_path, frames), tiny_contract()) is None


def shares(folder: Path, own: Frames, base: Frames) -> dict[str, float]:
    one, other = (
        write_splits(folder / name, part) for name, part in (("own", own), ("base", base))
    )
    found = backdated((one, tiny_contract()), (other, tiny_contract()))
    assert found is not None
    return {split: round(share, 3) for split, share in found.items()}


def a_month_later(frames: Frames) -> Frames:
    """What was the holdout is validation now, and what was validation is trained on."""
    train = pd.concat([frames["train"], frames["validation"]])
    august = renamed(frames["holdout"], pd.Timestamp("2013-08-05"))
    return {"train": train, "validation": frames["holdout"], "holdout": august}


def test_a_retrain_brings_no_new_rows_of_an_old_time(frames: Frames, tmp_path: Path) -> None:
    later = a_month_later(frames)
    assert shares(tmp_path, later, frames) == {"train": 0, "validation": 0}


def test_copies_among_old_rows_are_new(frames: Frames, tmp_path: Path) -> None:
    later = a_month_later(frames)
    late = later["train"]
    count = len(late) // 4
    later["train"] = pd.concat([late.iloc[count:], renamed(late.iloc[:count], MAY)])
    assert shares(tmp_path, later, frames) == {"train": 0.25, "validation": 0}


def test_what_a_gap_had_left_out_is_no_copy(frames: Frames, tmp_path: Path) -> None:
    later = a_month_later(frames)
    gap = frames["validation"]["when"] < pd.Timestamp("2013-06-04")
    base = frames | {"validation": frames["validation"][~gap]}
    assert gap.sum() > 300
    assert shares(tmp_path, later, base) == {"train": 0, "validation": 0}


def test_without_times_nothing_is_old(frames: Frames, tmp_path: Path) -> None:
    folder = write_splits(tmp_path, frames)
    timeless = tiny_contract().model_copy(
        update={"roles": tiny_contract().roles.model_copy(update={"timestamp": None})}
    )
    assert backdated((folder, timeless), (folder, tiny_contract())) is None
    assert backdated((folder, tiny_contract()), (folder, timeless)) is None
