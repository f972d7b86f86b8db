"""TreeSHAP against the definition of Shapley values; tests/pipeline has it against real trees."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from serving.explain.treeshap import read_paths, shapley
from serving.strict import DocumentError


def by_definition(satisfied: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The mean over all orders in which the players of one leaf become known."""
    values = np.zeros(len(share))
    orders = list(permutations(range(len(share))))
    for order in orders:
        known = share.copy()
        for player in order:
            before = known.prod()
            known[player] = float(satisfied[player])
            values[player] += known.prod() - before
    return values / len(orders)


@pytest.mark.parametrize("players", [1, 2, 3, 5])
def test_values_are_those_of_the_definition(players: int) -> None:
    random = np.random.default_rng(players)
    for _ in range(20):
        satisfied, share = random.random(players) < 0.5, random.uniform(0.1, 1.0, players)
        found = shapley(satisfied, share)
        np.testing.assert_allclose(found, by_definition(satisfied, share), atol=1e-12)


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_a_file_that_holds_no_paths_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "explainer.npz"
    file.write_bytes(content)
    with pytest.raises(DocumentError, match=r"explainer\.npz: not the paths of trees"):
        read_paths(file, 3)


def test_an_archive_that_lacks_an_array_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "explainer.npz", base=np.zeros(1))
    with pytest.raises(DocumentError, match="leaf_players"):
        read_paths(tmp_path / "explainer.npz", 3)
