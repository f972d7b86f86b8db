"""What a person does not say about an evaluation."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.evaluation import Evaluation


def test_by_default_only_data_changed() -> None:
    """Another default would let a change of the model through as a retrain, or hold all of them."""
    evaluation = Evaluation(Path("data"))
    assert evaluation == Evaluation(data=Path("data"), base_data=None, retrain=True, reason=None)
