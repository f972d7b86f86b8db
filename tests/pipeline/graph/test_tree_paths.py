"""The conditions on the way to each leaf, with the shares of training's rows."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.graph import tree_paths
from pipeline.graph.forest import Forest, UnfitError
from pipeline.graph.tree_paths import arrays

# Column 0 at 1, then again at 3 on the right: three leaves.
FOREST = Forest(
    roots=np.array([0]),
    column=np.array([0, 0, 0, 0, 0]),
    limit=np.array([1.0, 0.0, 3.0, 0.0, 0.0], np.float32),
    missing=np.array([False] * 5),
    yes=np.array([1, -1, 3, -1, -1]),
    no=np.array([2, -1, 4, -1, -1]),
    values=np.array([[0.0], [10.0], [0.0], [20.0], [30.0]]),
    base=np.array([5.0]),
)
MATRIX = np.array([[0.0], [1.0], [2.0], [9.0]], np.float32)


def test_conditions_on_one_input_are_one_player() -> None:
    found = arrays(FOREST, np.array([0]), MATRIX)
    assert found["leaf_players"].tolist() == [1, 1, 1]
    leaves = {
        value: (share, low, high)
        for value, share, low, high in zip(
            found["leaf_values"][:, 0].tolist(),
            found["player_share"].tolist(),
            found["low"].tolist(),
            found["high"].tolist(),
            strict=True,
        )
    }
    assert leaves == {
        10.0: (0.5, -np.inf, 1.0),
        20.0: (0.25, 1.0, 3.0),
        30.0: (0.25, 3.0, np.inf),
    }
    assert found["base"].tolist() == [5.0]


def test_where_no_row_has_come_by_both_ways_are_as_likely() -> None:
    found = arrays(FOREST, np.array([0]), np.zeros((2, 1), np.float32))
    shares = dict(
        zip(found["leaf_values"][:, 0].tolist(), found["player_share"].tolist(), strict=True)
    )
    assert shares == {10.0: 1.0, 20.0: 0.0, 30.0: 0.0}


def test_too_many_players_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_paths, "MOST", 2)
    with pytest.raises(UnfitError, match="3 conditions, more than 2"):
        arrays(FOREST, np.array([0]), MATRIX)
