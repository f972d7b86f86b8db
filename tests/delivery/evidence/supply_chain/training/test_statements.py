"""What the stages said of themselves is held against what git and dvc.lock name."""

from __future__ import annotations

import pytest

from delivery.evidence.supply_chain.training.statements import doubts, statements_of
from tests.delivery.evidence.supply_chain.conftest import Said, Stated


def test_what_is_true_raises_no_doubt(stated: Stated, said: Said) -> None:
    """A file that git has not, such as an editor's, is no matter of a commit."""
    trial = stated(said)
    assert list(doubts(trial, statements_of(trial))) == []
    assert list(doubts(trial, {})) == []


@pytest.mark.parametrize(
    ("stage", "kind", "name"),
    [
        ("train", "read", "artifacts/data/train.parquet"),
        ("train", "read", "artifacts/data/validation.parquet"),
        ("train", "read", "model/fit.py"),
        ("export", "read", "model/fit.py"),
        ("export", "read", "artifacts/trained/model.pkl"),
        ("export", "wrote", "artifacts/model/model.onnx"),
    ],
)
def test_a_statement_about_other_bytes_is_named(
    stated: Stated, said: Said, stage: str, kind: str, name: str
) -> None:
    getattr(said, stage)[kind] = getattr(said, stage)[kind] | {name: "b" * 64}
    trial = stated(said)
    found = list(doubts(trial, statements_of(trial)))
    assert found == [f"the statement of {stage} is about another {name}"]
