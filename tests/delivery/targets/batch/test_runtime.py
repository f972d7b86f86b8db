"""What is ready to score files is what was started and not retired."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError, InputError
from delivery.settings.policy import parse_settings
from delivery.targets.batch import runtime as module
from delivery.targets.batch.target import batch_target
from delivery.targets.orders import Hold
from delivery.targets.protocol import Target
from tests.delivery.targets.batch.test_router import POLICY


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    def environment(bento: Path, envs: Path, lock: str) -> Path:
        python = envs / bento.name
        python.parent.mkdir(exist_ok=True)
        python.touch()
        return python

    monkeypatch.setattr(module, "environment", environment)
    return batch_target(parse_settings(POLICY).environment("nightly"), tmp_path)


def test_two_releases_are_ready_beside_each_other_until_one_is_retired(target: Target) -> None:
    runtime = target.runtime
    with runtime.lock():
        assert runtime.start(Bento("r-1", Path("one"))).alive
        runtime.start(Bento("r-2", Path("two")))
        runtime.start(Bento("r-2", Path("two")))
        target.router.set_weights({"r-2": 100})
        assert set(runtime.instances()) == {"r-1", "r-2"}
        runtime.retire({"r-1", "r-2"})
        assert runtime.settled() == {"r-1", "r-2"}
        runtime.retire({"r-2"})
    assert {name: each.problem for name, each in runtime.instances().items()} == {"r-2": ""}
    assert runtime.settled() == {"r-2"}
    runtime.stop()
    assert runtime.instances() == {}


def test_libraries_that_are_gone_are_a_problem(target: Target, tmp_path: Path) -> None:
    target.runtime.start(Bento("r-1", Path("one")))
    (tmp_path / "envs" / "one").unlink()
    instance = target.runtime.instances()["r-1"]
    assert not instance.alive
    assert "no libraries" in instance.problem
    target.runtime.start(Bento("r-1", Path("one")))
    assert target.runtime.instances()["r-1"].problem == ""


def test_a_hold_is_obeyed(target: Target) -> None:
    target.orders.write_hold(Hold("nightly", "me", "broken input", "2026-11-28"))
    with pytest.raises(HeldError, match="broken input"), target.runtime.lock():
        pass


def test_a_release_that_cannot_score_files_does_not_start(tmp_path: Path) -> None:
    runtime = batch_target(parse_settings(POLICY).environment("nightly"), tmp_path).runtime
    with pytest.raises(InputError, match=r"batch.lock"):
        runtime.start(Bento("r-1", tmp_path))
    assert runtime.instances() == {}


def test_there_is_no_prediction_log(target: Target) -> None:
    with pytest.raises(InputError, match="no prediction log"):
        _ = target.runtime.predictions
