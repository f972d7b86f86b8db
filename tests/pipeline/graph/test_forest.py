"""The trees of an operator, whichever way it writes its splits."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from pipeline.graph.forest import Forest, UnfitError, read_forest

STUMP: dict[str, Any] = {
    "nodes_treeids": [0, 0, 0],
    "nodes_nodeids": [0, 1, 2],
    "nodes_featureids": [1, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
    "nodes_values": [5.0, 0.0, 0.0],
    "nodes_truenodeids": [1, 0, 0],
    "nodes_falsenodeids": [2, 0, 0],
    "target_treeids": [0, 0],
    "target_nodeids": [1, 2],
    "target_ids": [0, 0],
    "target_weights": [-1.0, 2.0],
}


def forest(**changes: Any) -> Forest:
    attributes = STUMP | changes
    return read_forest(onnx.helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], **attributes))


def answer(trees: Forest, value: float) -> float:
    """What the one stump adds for a row with `value` in its column."""
    [root] = trees.roots
    left = trees.missing[root] if np.isnan(value) else value <= trees.limit[root]
    leaf = trees.yes[root] if left else trees.no[root]
    return float(trees.values[leaf, 0] + trees.base[0])


@pytest.mark.parametrize(
    ("mode", "below", "at", "above"),
    [
        ("BRANCH_LEQ", -1.0, -1.0, 2.0),
        ("BRANCH_LT", -1.0, 2.0, 2.0),
        ("BRANCH_GTE", 2.0, -1.0, -1.0),
        ("BRANCH_GT", 2.0, 2.0, -1.0),
    ],
)
def test_a_row_goes_where_the_operator_sends_it(
    mode: str, below: float, at: float, above: float
) -> None:
    trees = forest(nodes_modes=[mode, "LEAF", "LEAF"])
    assert [answer(trees, value) for value in (4.999, 5.0, 5.001)] == [below, at, above]


@pytest.mark.parametrize(
    ("mode", "tracks", "expected"),
    [
        ("BRANCH_LEQ", 1, -1.0),
        ("BRANCH_LEQ", 0, 2.0),
        ("BRANCH_GT", 1, -1.0),
        ("BRANCH_GT", 0, 2.0),
    ],
)
def test_a_missing_value_goes_where_the_operator_sends_it(
    mode: str, tracks: int, expected: float
) -> None:
    trees = forest(
        nodes_modes=[mode, "LEAF", "LEAF"], nodes_missing_value_tracks_true=[tracks, 0, 0]
    )
    assert answer(trees, float("nan")) == expected


def test_base_values_are_added_and_averages_are_shared_out() -> None:
    trees = forest(base_values=[10.0], aggregate_function="AVERAGE")
    assert answer(trees, 0.0) == 9.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nodes_modes": ["BRANCH_EQ", "LEAF", "LEAF"]}, "split by BRANCH_EQ"),
        ({"aggregate_function": "MIN"}, "neither summed nor averaged"),
    ],
)
def test_trees_that_do_not_order_or_add_are_refused(changes: Any, reason: str) -> None:
    with pytest.raises(UnfitError, match=reason):
        forest(**changes)
