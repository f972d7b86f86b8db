"""One column against the label: what it is learned from is not what it is judged on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from delivery.evidence.quality.single_columns import Rows, power_of, powers, skill
from serving.contract import Contract, Input, Output, Roles, Task

ROWS = 4_000


def contract(task: Task, dtype: str = "float32") -> Contract:
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": None}[task]
    return Contract(
        name="one", task=task, classes=classes, roles=Roles(label="y", row_id="id"),
        inputs=(Input.model_validate({"name": "x", "dtype": dtype}),),
        outputs=(Output(name="score", dtype="float32"),),
    )  # fmt: skip


def halves(values: object, labels: np.ndarray) -> tuple[Rows, Rows]:
    rows = Rows(pa.table({"x": values}), labels)
    return rows.part(0, ROWS // 2), rows.part(ROWS // 2, ROWS)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_nothing_is_told_by_noise_and_all_by_the_label(task: Task) -> None:
    random = np.random.default_rng(0)
    labels = random.normal(0, 1, ROWS) if task == "regression" else random.integers(0, 3, ROWS)
    labels = np.minimum(labels, 1) if task == "binary" else labels
    one = contract(task)
    noise = powers(*halves(random.normal(0, 1, ROWS), labels), one)["x"]
    label = powers(*halves(labels.astype(float), labels), one)["x"]
    assert abs(skill(noise, one)) < 0.06
    assert skill(label, one) > 0.98


def test_label_plus_noise_has_the_share_of_variance_that_it_shares() -> None:
    random = np.random.default_rng(1)
    labels = random.normal(0, 1, ROWS)
    known, asked = halves(labels + random.normal(0, 0.25, ROWS), labels)
    assert powers(known, asked, contract("regression"))["x"] == pytest.approx(0.94, abs=0.02)


def test_a_name_for_each_row_tells_nothing_of_other_rows() -> None:
    """Learned by heart: all of the rows it is learned from, none of those it is asked about."""
    labels = np.random.default_rng(2).integers(0, 2, ROWS)
    known, asked = halves([f"row {n}" for n in range(ROWS)], labels)
    assert powers(known, asked, contract("binary", "string"))["x"] == 0.5


def test_categories_and_missing_values_are_parts_of_their_own() -> None:
    labels = np.arange(ROWS) % 2
    text = np.where(labels == 1, "late", "early")
    gap = np.where(labels == 1, np.nan, 1.0)
    for values, dtype in (
        (text, "string"),
        (pa.array(text).dictionary_encode(), "string"),
        (gap, "float32"),
    ):
        assert powers(*halves(values, labels), contract("binary", dtype))["x"] == 1.0


def test_a_model_is_measured_on_the_same_scale() -> None:
    labels = np.array([0, 0, 1, 1])
    assert power_of(np.array([0.1, 0.2, 0.3, 0.4]), labels, contract("binary")) == 1.0
    assert power_of(np.array([0.1, 0.3, 0.2, 0.4]), labels, contract("binary")) == 0.75
    assert skill(0.75, contract("binary")) == 0.5
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert power_of(values, values, contract("regression")) == 1.0
    assert power_of(np.full(4, 2.5), values, contract("regression")) == 0.0
    assert power_of(-values, values, contract("regression")) == 0.0, (
        "worse than the mean is no skill"
    )
    scores = np.eye(3)[[0, 1, 2, 0]]
    assert power_of(scores, np.array([0, 1, 2, 0]), contract("multiclass")) == 1.0
