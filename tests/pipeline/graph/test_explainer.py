"""Explanations of real models by their trees, through the export and the code of a service."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from pipeline.errors import PipelineError
from pipeline.export.contract import Seen, infer
from pipeline.export.stage import converted
from pipeline.graph import explainer
from pipeline.graph.explainer import Material, Wanted
from pipeline.trained.score import score
from serving.contract import Contract
from serving.explain.explainer import Explained, Explainer, load_explainer
from serving.explain.treeshap import LEAST, Paths, TreeShap, read_paths
from serving.model.graph import load_graph
from serving.settings.policy import Compute
from tests.pipeline.graph.test_onnx import FRAME, LABELS, NUMBERS, settings

ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
ONE_HOT = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
TREES: Any = {"n_estimators": 15, "random_state": 0}
SMALL = TREES | {"max_depth": 4}
QUIET = TREES | {"verbose": -1, "num_leaves": 12, "n_jobs": 1}


def piped(last: Any, encoder: Any = ORDINAL, numbers: Any = "passthrough") -> Pipeline:
    columns = make_column_transformer((numbers, NUMBERS), (encoder, ["text"]))
    return make_pipeline(columns.set_output(transform="default"), last)


class Subject:
    """A model fitted on FRAME, exported into `folder` and explained there."""

    def __init__(self, model: Any, task: str, folder: Path, wanted: Wanted = "auto") -> None:
        # How exactly exports agree is tested elsewhere; trees behind a PCA never do.
        self.model = model.fit(FRAME, LABELS[task])
        scores = score(self.model, FRAME, task)
        seen = Seen(self.model, FRAME, FRAME, scores, 0.5 if task == "binary" else None)
        self.contract: Contract = infer(seen, list(FRAME), settings(task))
        content = converted(self.model, self.contract, FRAME, 1.0).content
        (folder / "model.onnx").write_bytes(content)
        self.told = explainer.write(folder, Material(content, FRAME, self.contract), wanted)
        self.graph = load_graph(folder, self.contract)
        found = load_explainer(folder, self.contract, self.graph, Compute())
        assert found is not None
        self.explainer: Explainer = found
        self.folder = folder

    def explain(self, rows: slice = slice(0, 40)) -> Explained:
        columns = {
            spec.name: FRAME[spec.name].to_numpy(object if spec.dtype == "string" else spec.dtype)[
                rows
            ]
            for spec in self.contract.inputs
        }
        scores = self.graph(columns)
        return self.explainer(columns, scores if scores.ndim == 2 else scores.reshape(-1))

    def unpacked(self) -> TreeShap:
        assert isinstance(self.explainer.method, TreeShap)
        return self.explainer.method


def lightgbm_says(subject: Subject, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """LightGBM's own TreeSHAP: [rows, inputs, outputs] in the contract's order, and base."""
    encoded = subject.model[:-1].transform(FRAME.iloc[:rows])
    booster = subject.model[-1].booster_
    flat = np.asarray(booster.predict(encoded, pred_contrib=True))
    found = flat.reshape(rows, -1, len(NUMBERS) + 2).transpose(0, 2, 1)
    order = [*NUMBERS, "text"]
    parts = np.zeros((rows, len(FRAME.columns), found.shape[2]))
    for place, name in enumerate(FRAME.columns):
        if name in order:  # the others are not given to the trees
            parts[:, place] = found[:, order.index(name)]
    return parts, found[0, -1]


@pytest.mark.parametrize(
    ("last", "task"),
    [
        (LGBMClassifier(**QUIET), "binary"),
        (LGBMClassifier(**QUIET), "multiclass"),
        (LGBMRegressor(**QUIET), "regression"),
    ],
)
def test_contributions_are_those_of_lightgbm(last: Any, task: str, tmp_path: Path) -> None:
    subject = Subject(piped(last), task, tmp_path)
    assert subject.told == f"{15 * (3 if task == 'multiclass' else 1)} trees"
    parts, base = lightgbm_says(subject, 40)
    found = subject.explain().sums
    scale = max(1.0, np.abs(parts).max())
    np.testing.assert_allclose(found.parts / scale, parts / scale, atol=1e-6)
    np.testing.assert_allclose(found.base, base, rtol=1e-6)


@pytest.mark.parametrize(
    ("last", "task", "link"),
    [
        (RandomForestClassifier(**SMALL), "binary", "identity"),
        (RandomForestClassifier(**SMALL), "multiclass", "identity"),
        (RandomForestRegressor(**SMALL), "regression", "identity"),
        (GradientBoostingClassifier(**SMALL), "binary", "logistic"),
        (GradientBoostingClassifier(**SMALL), "multiclass", "softmax"),
        (HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=8), "binary", "logistic"),
    ],
)
def test_trees_behind_one_hot_columns_are_explained_by_input(
    last: Any, task: str, link: str, tmp_path: Path
) -> None:
    """The contributions are the Shapley values of the inputs, found by trying all coalitions."""
    subject = Subject(piped(last, ONE_HOT, SimpleImputer()), task, tmp_path)
    assert subject.explainer.how.method == "trees", subject.told
    assert subject.explainer.how.link == link
    found = subject.explain(slice(0, 3)).sums
    for row in range(3):
        expected = by_definition(subject, row)
        np.testing.assert_allclose(found.parts[row], expected, atol=1e-9)


def by_definition(subject: Subject, row: int) -> np.ndarray:
    """[inputs, outputs]: the average of what each input adds over all orders."""
    paths = read_paths(subject.folder / "explainer.npz", len(FRAME.columns))
    inputs = sorted(set(paths["player_input"].tolist()))
    columns = {
        name: FRAME[name].to_numpy(None if name == "text" else subject_dtype(subject, name))[
            row : row + 1
        ]
        for name in FRAME
    }
    method = subject.unpacked()
    satisfied = method._satisfied(method._encode(columns))[0]
    result = np.zeros((paths.inputs, paths["leaf_values"].shape[1]))
    orders = list(itertools.permutations(inputs))
    for order in orders:
        before = game(paths, satisfied, ())
        for place, player in enumerate(order):
            after = game(paths, satisfied, order[: place + 1])
            result[player] += (after - before) / len(orders)
            before = after
    return result


def subject_dtype(subject: Subject, name: str) -> str:
    return next(spec.dtype for spec in subject.contract.inputs if spec.name == name)


def game(paths: Paths, satisfied: np.ndarray, known: Sequence[int]) -> np.ndarray:
    """What the leaves add up to where the inputs `known` are."""
    total, at = np.zeros(paths["leaf_values"].shape[1]), 0
    for size, value in zip(paths["leaf_players"], paths["leaf_values"], strict=True):
        players = slice(at, at + size)
        given = np.isin(paths["player_input"][players], known)
        share = np.maximum(paths["player_share"][players], LEAST)
        total += np.where(given, satisfied[players], share).prod() * value
        at += size
    return total


def test_deep_leaves_are_explained_without_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Subject(piped(LGBMClassifier(**QUIET)), "binary", tmp_path)
    looked_up = subject.explain().sums
    monkeypatch.setattr("serving.explain.treeshap.TABLES", 0)
    computed = TreeShap(subject.unpacked()._encode, read_paths(tmp_path / "explainer.npz", 5))
    subject.explainer = Explainer(subject.explainer.how, computed)
    np.testing.assert_allclose(subject.explain().sums.parts, looked_up.parts, atol=1e-12)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (piped(LogisticRegression(), ONE_HOT, SimpleImputer()), "0 operators of trees"),
        (
            piped(
                RandomForestClassifier(**SMALL),
                ONE_HOT,
                make_pipeline(SimpleImputer(), PCA(n_components=2)),
            ),
            "makes one column of several inputs",
        ),
    ],
)
def test_what_trees_cannot_explain_is_sampled(model: Any, reason: str, tmp_path: Path) -> None:
    subject = Subject(model, "binary", tmp_path)
    assert subject.told.startswith("sampling")
    assert reason in subject.told
    assert not (tmp_path / "explainer.npz").exists()
    reference = json.loads((tmp_path / "explainer.json").read_text())["reference"]
    assert reference["text"] == FRAME["text"].mode()[0]
    assert reference["whole"] == FRAME["whole"].sort_values().iloc[len(FRAME) // 2]
    assert reference["flag"] is False
    subject.explain()
    with pytest.raises(PipelineError, match=r"export\.explain is trees"):
        Subject(model, "binary", tmp_path, "trees")


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Subject(piped(LGBMClassifier(**QUIET)), "binary", tmp_path / name)
        found.append({f.name: f.read_bytes() for f in (tmp_path / name).glob("explainer.*")})
    assert found[0].keys() == {"explainer.json", "explainer.npz", "explainer.onnx"}
    assert found[0] == found[1]
