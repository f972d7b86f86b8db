"""The route of an environment without clients is a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.settings.policy import parse_settings
from delivery.targets.batch.target import batch_target

POLICY = "environments: {nightly: {target: {kind: batch, sample: recent/}}}"


def test_the_note_is_kept_until_it_is_stopped(tmp_path: Path) -> None:
    environment = parse_settings(POLICY).environment("nightly")
    router = batch_target(environment, tmp_path).router
    assert router.weights() == {}
    with batch_target(environment, tmp_path).runtime.lock():
        router.set_weights({"r-1": 100})
    assert batch_target(environment, tmp_path).router.weights() == {"r-1": 100}
    assert (router.url, router.problem(), router.split(), router.mirror()) == ("", "", None, None)
    assert not router.refresh()
    assert not router.is_watched()
    router.stop()
    assert router.weights() == {}


def test_nothing_divides_clients_that_are_not_there(tmp_path: Path) -> None:
    router = batch_target(parse_settings(POLICY).environment("nightly"), tmp_path).router
    with pytest.raises(TargetError, match="nightly has no clients"):
        router.watched()
