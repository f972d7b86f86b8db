"""The holdout is read by the roles of the contracts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from delivery.bento.bento import MODEL
from delivery.errors import HeldError, InputError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import fetch_splits, read_holdout, read_labels
from delivery.storage.dvc_lock import SPLITS
from serving.contract import Contract
from tests.delivery.bentos import write_splits
from tests.delivery.evidence.splits import frames
from tests.delivery.place import World
from tests.origin import Origin
from tests.serving.tiny import ROLES, Variation, tiny_contract, tiny_frame


def with_roles(**roles: Any) -> Contract:
    return tiny_contract("binary", Variation(contract={"roles": ROLES.model_copy(update=roles)}))


def test_labels_clusters_and_segments_come_from_the_roles(tmp_path: Path) -> None:
    splits = frames()
    evaluation = Evaluation(write_splits(tmp_path / "data", splits))
    holdout = read_holdout(evaluation, tiny_contract(), None)
    frame = splits["holdout"]
    assert holdout.labels.tolist() == frame["late"].astype(int).tolist()
    assert len(holdout.cluster_names) == frame["day"].nunique()
    names = np.array(holdout.cluster_names)[holdout.clusters]
    assert names.tolist() == frame["day"].tolist()
    assert holdout.segments["carrier"].tolist() == frame["carrier"].tolist()
    assert holdout.first == frame["when"].min().isoformat()


def test_rows_are_their_own_clusters_where_no_cluster_is_named(tmp_path: Path) -> None:
    evaluation = Evaluation(write_splits(tmp_path / "data", frames()))
    holdout = read_holdout(evaluation, with_roles(cluster=None, segments=()), None)
    assert len(np.unique(holdout.clusters)) == len(holdout)


def test_a_candidate_cannot_shed_the_clusters_and_slices_of_its_champion(tmp_path: Path) -> None:
    evaluation = Evaluation(write_splits(tmp_path / "data", frames()))
    holdout = read_holdout(evaluation, with_roles(cluster=None, segments=()), tiny_contract())
    assert holdout.cluster_column == "day"
    assert "carrier" in holdout.segments


def test_what_cannot_be_read_holds(tmp_path: Path) -> None:
    splits = frames()
    with pytest.raises(HeldError, match=r"holdout\.parquet cannot be read"):
        read_holdout(Evaluation(tmp_path), tiny_contract(), None)
    splits["holdout"]["late"] = "perhaps"
    evaluation = Evaluation(write_splits(tmp_path / "a", splits))
    with pytest.raises(HeldError, match="late is 'perhaps' in some rows"):
        read_holdout(evaluation, tiny_contract(), None)
    splits["holdout"]["late"] = [None, *[True] * (len(splits["holdout"]) - 1)]
    evaluation = Evaluation(write_splits(tmp_path / "b", splits))
    with pytest.raises(HeldError, match=r"1 rows of holdout\.parquet have no label"):
        read_holdout(evaluation, tiny_contract(), None)
    evaluation = Evaluation(
        write_splits(tmp_path / "c", {"holdout": splits["holdout"].drop(columns="late")})
    )
    with pytest.raises(HeldError, match="no column 'late'"):
        read_holdout(evaluation, tiny_contract(), None)


def test_numbers_are_labels_of_a_regression_unless_one_is_infinite(tmp_path: Path) -> None:
    frame, contract = tiny_frame(50, task="regression"), tiny_contract("regression")
    evaluation = Evaluation(write_splits(tmp_path / "data", {"holdout": frame}))
    holdout = read_holdout(evaluation, contract, None)
    assert holdout.labels.tolist() == frame["late"].tolist()
    frame.loc[3, "late"] = np.inf
    with pytest.raises(HeldError, match="not every label late is a finite number"):
        read_labels(pa.Table.from_pandas(frame), contract, Path("holdout.parquet"))


def test_classes_are_numbered_in_the_order_of_the_contract() -> None:
    table = pa.table({"late": ["late", "early", "on time"]})
    labels = read_labels(table, tiny_contract("multiclass"), Path("holdout.parquet"))
    assert labels.tolist() == [2, 0, 1]


class Bytes:
    """A store that notes what is taken from it, and may fail at one path."""

    def __init__(self, broken: str = "") -> None:
        self.taken: list[tuple[str, str]] = []
        self.broken = broken

    def get(self, _: str, path: str, to: Path, *, held_by: str = "") -> None:
        if path == self.broken:
            raise HeldError(f"{path} is nowhere")
        self.taken.append((path, held_by))
        to.write_text(path)


@dataclass(frozen=True)
class Stored(World):
    """A checkout whose store is made up."""

    store: Any = field(default_factory=Bytes)


def locked(**hashes: str) -> str:
    """A dvc.lock; `hashes` gives the md5 of some splits."""
    names = {path: hashes.get(Path(path).stem, "0" * 32) for path in (MODEL, *SPLITS)}
    outs = "".join(f"    - path: {path}\n      md5: {md5}\n" for path, md5 in names.items())
    return f"stages:\n  train:\n    outs:\n{outs}"


def test_the_splits_of_a_commit_are_fetched_once_by_their_hashes(origin: Origin) -> None:
    checkout = Stored(origin.path, lambda _: None)
    first = origin.push({"dvc.lock": locked()})
    folder = fetch_splits(checkout, first, held_by="r-1")
    assert sorted(file.name for file in folder.iterdir()) == sorted(Path(p).name for p in SPLITS)
    assert checkout.store.taken == [(path, "r-1") for path in SPLITS]
    assert fetch_splits(checkout, origin.push({"more": "1"})) == folder
    assert len(checkout.store.taken) == len(SPLITS)
    other = origin.push({"dvc.lock": locked(holdout="1" * 32)})
    assert fetch_splits(checkout, other) != folder


def test_splits_that_came_in_part_are_not_taken_for_whole(origin: Origin) -> None:
    commit = origin.push({"dvc.lock": locked()})
    with pytest.raises(HeldError, match="is nowhere"):
        fetch_splits(Stored(origin.path, lambda _: None, store=Bytes(SPLITS[-1])), commit)
    whole = Stored(origin.path, lambda _: None)
    assert len(list(fetch_splits(whole, commit).iterdir())) == len(SPLITS)
    assert len(whole.store.taken) == len(SPLITS)


def test_a_commit_without_a_lock_names_no_data(origin: Origin) -> None:
    commit = origin.push({"x": "1"})
    with pytest.raises(InputError, match=r"no dvc\.lock"):
        fetch_splits(Stored(origin.path, lambda _: None), commit)
