"""All inputs of a type, counted together as each would be by itself."""

from __future__ import annotations

import numpy as np

from serving.contract import Histogram, Input
from serving.rows.layout import Block
from serving.telemetry.drift.features import Features
from tests.serving.telemetry.counted import value

EDGES = Histogram(edges=(0.0, 1.0, 2.0), counts=(1, 1))


def test_inputs_with_and_without_bins_stand_side_by_side() -> None:
    specs = (
        Input(name="without", dtype="float32"),
        Input(name="first", dtype="float32", histogram=EDGES),
        Input(name="second", dtype="float32", histogram=EDGES),
    )
    features = Features(Block(0, 0, "float32", specs), "features")
    values = np.array([[7, 8], [0.5, 1.5], [np.nan, 9]], np.float32)
    far = np.zeros(2, np.bool_)
    numbers = features.count(values, far)
    features.counter.publish()
    np.testing.assert_array_equal(numbers, values.astype(np.float64))
    assert far.tolist() == [False, True]

    def counted(feature: str, name: str) -> float:
        labels = {"feature": feature, "bin": name, "release": "features"}
        return value("serving_input_bin_total", **labels)

    bins = ("0", "1", "(missing)")
    assert [counted("first", name) for name in bins] == [1, 1, 0]
    assert [counted("second", name) for name in bins] == [0, 1, 1]
    labels = {"feature": "second", "side": "above", "release": "features"}
    assert value("serving_input_outside_total", **labels) == 1


def test_categories_become_codes_and_other_texts_numbers_that_are_alike() -> None:
    specs = (
        Input(name="free", dtype="string"),
        Input(name="kind", dtype="string", histogram=Histogram(labels=("a", "b"), counts=(1, 1))),
    )
    features = Features(Block(0, 0, "string", specs), "features-text")
    values = np.array([["x", "y", "x"], ["b", "a", "zz"]], np.object_)
    numbers = features.count(values, np.zeros(3, np.bool_))
    assert numbers[0, 0] == numbers[0, 2] != numbers[0, 1]
    assert numbers[1].tolist() == [1, 0, 3], "the last is a category that training had not"
