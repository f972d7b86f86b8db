"""The bins of training's histogram, as numpy counted them."""

from __future__ import annotations

import numpy as np
import pytest

from serving.contract import Histogram, Input
from serving.telemetry.drift.bins import MISSING, OTHER, UNSEEN, LabelBins, NumberBins, bins_of

NUMBERS = Histogram(edges=(0.0, 5.0, 10.0, 40.0), counts=(300, 400, 250), missing=50)


def test_a_tensor_and_an_input_without_a_histogram_have_no_bins() -> None:
    number = Input(name="x", dtype="float32", histogram=NUMBERS)
    assert isinstance(bins_of(number), NumberBins)
    assert bins_of(number.model_copy(update={"shape": (2,)})) is None
    assert bins_of(number.model_copy(update={"histogram": None})) is None


class TestNumberBins:
    @pytest.mark.parametrize(
        ("number", "code"),
        [(-1e9, 0), (-0.1, 0), (0, 0), (4.9, 0), (5, 1), (9.9, 1), (10, 2), (40, 2), (1e9, 2)],
    )
    def test_a_bin_has_its_lower_edge_and_the_outer_ones_have_the_rest(
        self, number: float, code: int
    ) -> None:
        assert NumberBins(NUMBERS).codes(np.array([number])).tolist() == [code]

    def test_bins_are_those_of_the_reference(self) -> None:
        """As numpy counted them in training, the last one closed."""
        values = np.random.default_rng(0).normal(15, 8, 5000).clip(0, 40)
        counts, _ = np.histogram(values, np.array(NUMBERS.edges))
        codes = NumberBins(NUMBERS).codes(values)
        assert np.bincount(codes, minlength=4).tolist() == [*counts.tolist(), 0]

    def test_nan_is_missing(self) -> None:
        bins = NumberBins(NUMBERS)
        assert [bins.names[i] for i in bins.codes(np.array([np.nan, 1]))] == [MISSING, "0"]

    def test_what_training_never_saw_is_outside(self) -> None:
        """Below, at and above both ends; a missing value is on no side."""
        values = np.array([-0.1, 0, 40, 40.1, 41, np.nan])
        assert NumberBins(NUMBERS).outside(values) == (1, 2)


class TestLabelBins:
    def test_labels_other_unseen_and_missing_are_apart(self) -> None:
        bins = LabelBins(Histogram(labels=("AA", "UA"), counts=(5, 5)), ("AA", "B6", "UA"))
        codes = bins.codes(np.array(["UA", "AA", "B6", "XX", ""], np.object_))
        assert [bins.names[i] for i in codes] == ["UA", "AA", OTHER, UNSEEN, MISSING]

    def test_an_empty_text_that_is_a_label_is_not_missing(self) -> None:
        bins = LabelBins(Histogram(labels=("AA", ""), counts=(5, 5)), ("AA", ""))
        codes = bins.codes(np.array(["", "AA"], np.object_))
        assert [bins.names[i] for i in codes] == ["", "AA"]

    def test_an_empty_text_that_is_a_rare_category_is_not_missing(self) -> None:
        bins = LabelBins(Histogram(labels=("AA",), counts=(5,)), ("AA", ""))
        assert [bins.names[i] for i in bins.codes(np.array([""], np.object_))] == [OTHER]

    def test_booleans_have_the_labels_of_their_histogram(self) -> None:
        bins = LabelBins(Histogram(labels=("false", "true"), counts=(5, 5)), ())
        assert [bins.names[i] for i in bins.codes(np.array([True, False]))] == ["true", "false"]
