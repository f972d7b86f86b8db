"""A training of this machine becomes a pull request of the local forge, which says why.

tests/delivery/commands/test_retrain.py has the two jobs on GitHub.
"""

from __future__ import annotations

from pathlib import Path

from delivery.context import Context
from delivery.retraining.proposal import RetrainResult, pack_to, propose_from, train
from tests.origin import Origin


def proposed(origin: Origin, folder: Path, reason: str = "") -> RetrainResult:
    context = Context(origin.path, lambda _: None)
    train(context, ())
    pack_to(context, folder)
    result = propose_from(context, folder, reason=reason)
    origin.git("checkout", "--quiet", ".")
    return result


def test_the_body_begins_with_the_reason(pipeline: Origin, remote: Path, tmp_path: Path) -> None:
    pipeline.push({"raw.txt": "newer\n"}, "New data")
    pull = proposed(pipeline, tmp_path / "packed", "The scores moved.").pull
    assert pull is not None
    assert pull.body.startswith("The scores moved.\n\nTrained anew by `dvc repro`.")
    assert set(pull.labels) == {"retrain", "candidate"}


def test_without_a_reason_it_is_as_before(pipeline: Origin, remote: Path, tmp_path: Path) -> None:
    pipeline.push({"raw.txt": "newer\n"}, "New data")
    pull = proposed(pipeline, tmp_path / "packed").pull
    assert pull is not None
    assert pull.body.startswith("Trained anew")


def test_the_same_data_gives_no_pull_request(
    pipeline: Origin, remote: Path, tmp_path: Path
) -> None:
    assert proposed(pipeline, tmp_path / "packed").unchanged
