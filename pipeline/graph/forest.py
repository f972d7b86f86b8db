"""The trees of an exported graph: where each begins, how it splits, and what its leaves add.

Read from the operator TreeEnsembleClassifier or TreeEnsembleRegressor, so that every library
whose converter ends there is read the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

KINDS = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")
LEAF = "LEAF"
ORDERED = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"}


class UnfitError(ValueError):
    """The model is none that can be explained by its trees; the message says why."""


@dataclass(frozen=True)
class Forest:
    """Nodes by index. A node is a leaf where `yes` is -1; else a row goes to `yes` where its
    value of `column` is at most `limit`, or is missing and `missing` says so, and to `no`
    otherwise. `values` is [nodes, outputs], `base` [outputs]."""

    roots: np.ndarray
    column: np.ndarray
    limit: np.ndarray
    missing: np.ndarray
    yes: np.ndarray
    no: np.ndarray
    values: np.ndarray
    base: np.ndarray


def read_forest(node: onnx.NodeProto) -> Forest:
    """The trees of the operator `node`; UnfitError for splits that do not order."""
    given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    modes = np.array([mode.decode() for mode in given["nodes_modes"]])
    if odd := sorted(set(modes) - ORDERED - {LEAF}):
        raise UnfitError(f"its trees split by {odd[0]}")
    keys = list(zip(given["nodes_treeids"], given["nodes_nodeids"], strict=True))
    index = {key: at for at, key in enumerate(keys)}
    inner = modes != LEAF
    yes, no = (_children(given, name, keys, index, inner) for name in ("true", "false"))
    limits = np.array(given["nodes_values"], np.float32)
    below = np.nextafter(limits, np.float32(-np.inf))
    at_most = np.isin(modes, ("BRANCH_LEQ", "BRANCH_LT"))  # the others are their opposites
    missing = np.array(given.get("nodes_missing_value_tracks_true") or [0] * len(keys), bool)
    values = _values(given, index, len(keys))
    trees = len(set(given["nodes_treeids"]))
    if given.get("aggregate_function", b"SUM") == b"AVERAGE":
        values /= trees
    elif given.get("aggregate_function", b"SUM") != b"SUM":
        raise UnfitError("its trees are neither summed nor averaged")
    base = np.zeros(values.shape[1])
    if base_values := given.get("base_values"):
        base[:] = np.array(base_values, np.float64)[-len(base) :]
    return Forest(
        roots=np.setdiff1d(np.arange(len(keys)), np.concatenate([yes[inner], no[inner]])),
        column=np.array(given["nodes_featureids"]),
        limit=np.where(np.isin(modes, ("BRANCH_LT", "BRANCH_GTE")), below, limits),
        missing=np.where(at_most, missing, ~missing),
        yes=np.where(at_most, yes, no),
        no=np.where(at_most, no, yes),
        values=values,
        base=base,
    )


def _children(
    given: dict[str, Any], side: str, keys: list[Any], index: dict[Any, int], inner: np.ndarray
) -> np.ndarray:
    children = zip(keys, given[f"nodes_{side}nodeids"], inner, strict=True)
    return np.array([index[tree, to] if split else -1 for (tree, _), to, split in children])


def _values(given: dict[str, Any], index: dict[Any, int], nodes: int) -> np.ndarray:
    kind = "class" if "class_ids" in given else "target"
    outputs = np.array(given[f"{kind}_ids"])
    values = np.zeros((nodes, int(outputs.max()) + 1))
    trees, nodes_of = given[f"{kind}_treeids"], given[f"{kind}_nodeids"]
    weights = np.array(given[f"{kind}_weights"], np.float32).astype(np.float64)
    at = np.array([index[key] for key in zip(trees, nodes_of, strict=True)])
    np.add.at(values, (at, outputs), weights)
    return values
