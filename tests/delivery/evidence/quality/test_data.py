"""What is found in three splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.quality.data import gather, profile
from delivery.evidence.trial import Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.quality.data import Profile
from serving.contract import Task
from tests.delivery.bentos import splits, write_splits
from tests.serving.tiny import tiny_contract, tiny_frame, write_tiny_model

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def frames() -> Frames:
    return splits(tiny_frame(14_000, seed=11))


def look(folder: Path, frames: Frames, task: Task = "binary") -> Profile:
    return profile(write_splits(folder / "data", frames), tiny_contract(task))


def test_fair_data(frames: Frames, tmp_path: Path) -> None:
    found = look(tmp_path, frames)
    assert found.rows == {name: len(frame) for name, frame in frames.items()}
    assert (found.repeated, found.shared, found.ordered) == (0, 0, True)
    assert found.kinds["wind"] == found.kinds["hour"] == "number"
    assert (found.kinds["carrier"], found.kinds["weekend"]) == ("text", "truth")
    assert (found.kinds["when"], found.kinds["late"]) == ("time", "truth")
    assert found.missing["train"]["wind"] == pytest.approx(0.05, abs=0.02)
    assert found.labels["train"]["True"] == pytest.approx(frames["train"]["late"].mean())
    assert set(found.tells) == {"distance", "wind", "hour", "weekend", "carrier"}
    assert 0.5 < found.tells["weekend"] < found.tells["wind"] < 0.8


def test_rows_that_stand_twice(frames: Frames, tmp_path: Path) -> None:
    frames["train"] = pd.concat([frames["train"], frames["train"][:3], frames["holdout"][:5]])
    found = look(tmp_path, frames)
    assert (found.repeated, found.shared, found.ordered) == (3, 5, False)


def test_a_holdout_on_the_last_day_of_training_is_not_ordered(
    frames: Frames, tmp_path: Path
) -> None:
    frames["holdout"].iloc[0, frames["holdout"].columns.get_loc("when")] = frames["validation"][
        "when"
    ].max()
    assert look(tmp_path, frames).ordered is False


def test_an_empty_text_is_a_missing_one(frames: Frames, tmp_path: Path) -> None:
    frames["train"]["carrier"] = [""] * len(frames["train"])
    assert look(tmp_path, frames).missing["train"]["carrier"] == 1


@pytest.mark.parametrize("way", ["number", "backwards", "gap", "curve", "text"])
def test_the_label_in_disguise_is_told(frames: Frames, tmp_path: Path, way: str) -> None:
    for frame in frames.values():
        late = frame["late"].to_numpy(float)
        noise = np.random.default_rng(0).normal(0, 0.1, len(frame))
        frame["wind"] = {
            "number": late + noise,
            "backwards": -late + noise,
            "gap": np.where(late == 1, np.nan, 5.0),
            "curve": (late * 2 + 1) * np.where(noise < 0, -1, 1) + noise,
            "text": 0.0,
        }[way]
        if way == "text":
            frame["carrier"] = np.where(late == 1, "AA", "DL")
    assert max(look(tmp_path, frames).tells.values()) > 0.99


def test_several_classes_and_numbers_are_told_as_well(tmp_path: Path) -> None:
    for task in ("multiclass", "regression"):
        frames = splits(tiny_frame(14_000, seed=11, task=task))
        assert max(look(tmp_path / task, frames, task).tells.values()) < 0.9
        for frame in frames.values():
            frame["wind"] = pd.factorize(frame["late"], sort=True)[0] * 1.0
        assert look(tmp_path / task / "leak", frames, task).tells["wind"] > 0.98


def test_a_constant_column_tells_nothing(frames: Frames, tmp_path: Path) -> None:
    for frame in frames.values():
        frame["wind"], frame["carrier"] = np.nan, "AA"
    found = look(tmp_path, frames)
    assert found.tells["wind"] == found.tells["carrier"] == 0.5


def test_what_cannot_be_read_is_no_evidence(frames: Frames, tmp_path: Path) -> None:
    with pytest.raises(HeldError):
        profile(tmp_path, tiny_contract())
    bento = Bento("r-1", tmp_path / "bento")
    write_tiny_model(bento.model)
    found = gather(Trial(bento, None, Evaluation(tmp_path), GatesPolicy(), None))  # type: ignore[arg-type]
    assert found.own is None
    assert "cannot be read" in found.missing
