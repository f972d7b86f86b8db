"""Figures of classes: counted against scikit-learn, and by laws."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from delivery.evidence.reported.classes import OTHERS, SHOWN, by_class

NAMES = ("cat", "dog", "eel")


def rows(count: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    labels = random.integers(0, classes, count)
    first, second = (random.dirichlet(np.ones(classes), count) for _ in range(2))
    return labels, first, second


@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_figures_are_those_of_scikit_learn(side: str) -> None:
    labels, candidate, reference = rows(500, 3)
    found = by_class(NAMES, labels, candidate, reference)
    predicted = {"candidate": candidate, "reference": reference}[side].argmax(axis=1)
    precision, recall, _, support = precision_recall_fscore_support(labels, predicted)
    assert [each["name"] for each in found["classes"]] == list(NAMES)
    assert [each["rows"] for each in found["classes"]] == support.tolist()
    assert [each[side]["precision"] for each in found["classes"]] == pytest.approx(precision)
    assert [each[side]["recall"] for each in found["classes"]] == pytest.approx(recall)
    assert found["confusion"]["rows"] == confusion_matrix(labels, candidate.argmax(axis=1)).tolist()


def test_a_class_that_is_never_true_or_never_predicted_has_no_share() -> None:
    scores = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1]])
    cat, dog, eel = by_class(NAMES, np.array([0, 1]), scores, scores)["classes"]
    assert cat["candidate"] == {"precision": 0.5, "recall": 1.0}
    assert dog["candidate"] == {"precision": None, "recall": 0.0}
    assert eel["candidate"] == {"precision": None, "recall": None}


@pytest.mark.parametrize("classes", [SHOWN, SHOWN + 1, 40])
def test_rare_classes_are_one_and_no_row_is_lost(classes: int) -> None:
    labels, candidate, reference = rows(2_000, classes)
    names = [str(label) for label in range(classes)]
    found = by_class(names, labels, candidate, reference)
    confusion = found["confusion"]
    counts = np.array(confusion["rows"])
    assert counts.shape == (len(confusion["names"]),) * 2
    assert counts.sum() == 2_000
    assert (OTHERS in confusion["names"]) == (classes > SHOWN)
    frequent = np.sort(np.bincount(labels))[::-1][:SHOWN]
    assert sorted((each["rows"] for each in found["classes"]), reverse=True) == frequent.tolist()
