"""What a person does not say about an evaluation."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.evaluation import EarlierReleases, Evaluation


def test_by_default_only_data_changed_and_there_is_nothing_to_compare_with() -> None:
    """Another default would let a change of the model through as a retrain, or hold all of them."""
    evaluation = Evaluation(Path("data"))
    assert evaluation == Evaluation(
        data=Path("data"), base_data=None, retrain=True, reason=None, earlier=EarlierReleases()
    )
    assert (evaluation.earlier.bentos, evaluation.earlier.missing) == ((), "")
